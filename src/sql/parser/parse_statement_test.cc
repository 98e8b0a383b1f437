// Statements: what their nodes hold.
#include <string>

#include "sql/parser/parser_test_support.h"

namespace llkv {
namespace {

TEST(ParseStatement, Insert) {
  auto insert = ParseAs<AstInsert>("INSERT INTO s.t (a, b) VALUES (1, DEFAULT), (2, 3) RETURNING a");
  ASSERT_NE(insert, nullptr);
  EXPECT_EQ(insert->table.parts.size(), 2U);
  EXPECT_EQ(insert->columns.size(), 2U);
  const auto& values = insert->source->body->As<AstValues>();
  ASSERT_EQ(values.rows.size(), 2U);
  EXPECT_TRUE(values.rows[0][1]->Is<AstDefault>());
  EXPECT_EQ(insert->returning.size(), 1U);

  EXPECT_EQ(ParseAs<AstInsert>("INSERT INTO t DEFAULT VALUES")->source, nullptr);
  EXPECT_EQ(ParseAs<AstInsert>("REPLACE INTO t VALUES (1)")->or_action, AstConflictAction::kReplace);
  EXPECT_EQ(ParseAs<AstInsert>("INSERT OR IGNORE INTO t SELECT 1")->or_action, AstConflictAction::kIgnore);
  EXPECT_EQ(ParseAs<AstInsert>("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x")->with.size(), 1U);
  EXPECT_NE(ParseAs<AstInsert>("INSERT INTO t (SELECT 1)")->source, nullptr);
  auto upsert = ParseAs<AstInsert>("INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE c");
  ASSERT_EQ(upsert->on_conflict.size(), 1U);
  EXPECT_EQ(upsert->on_conflict[0].assignments.size(), 1U);
  EXPECT_TRUE(ParseAs<AstInsert>("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING")->on_conflict[0].do_nothing);
}

TEST(ParseStatement, UpdateAndDelete) {
  auto update = ParseAs<AstUpdate>("UPDATE t u SET a = 1, (b, c) = (SELECT 1, 2) FROM v WHERE u.x = v.x RETURNING *");
  ASSERT_NE(update, nullptr);
  EXPECT_EQ(update->table->alias.text, "u");
  ASSERT_EQ(update->assignments.size(), 2U);
  EXPECT_EQ(update->assignments[1].columns.size(), 2U);
  EXPECT_EQ(update->from.size(), 1U);
  EXPECT_NE(update->where, nullptr);
  auto remove = ParseAs<AstDelete>("DELETE FROM t USING u WHERE t.a = u.a");
  EXPECT_EQ(remove->using_items.size(), 1U);
  EXPECT_EQ(ParseAs<AstTruncate>("TRUNCATE TABLE t")->table.name().text, "t");
}

TEST(ParseStatement, CreateTable) {
  auto create = ParseAs<AstCreateTable>(
      "CREATE TABLE IF NOT EXISTS s.t (a INTEGER PRIMARY KEY, b DECIMAL(12, 2) NOT NULL DEFAULT 1 + 2, "
      "c TEXT COLLATE nocase CHECK (c <> ''), d INT REFERENCES u (x) ON DELETE SET NULL, "
      "e INT GENERATED ALWAYS AS (a + 1) STORED, CONSTRAINT k UNIQUE (a, b), CHECK (a > 0), "
      "FOREIGN KEY (a) REFERENCES v) USING parquet WITH (x = 1)");
  ASSERT_NE(create, nullptr);
  EXPECT_TRUE(create->if_not_exists);
  ASSERT_EQ(create->columns.size(), 5U);
  EXPECT_EQ(create->columns[0].constraints[0].kind, AstConstraintKind::kPrimaryKey);
  EXPECT_EQ(create->columns[1].type->arguments, (std::vector<int64_t>{12, 2}));
  ASSERT_EQ(create->columns[1].constraints.size(), 2U);
  EXPECT_EQ(ToSql(*create->columns[1].constraints[1].expr), "1 + 2");
  EXPECT_EQ(create->columns[3].constraints[0].on_delete, "set null");
  EXPECT_TRUE(create->columns[4].constraints[0].stored);
  ASSERT_EQ(create->constraints.size(), 3U);
  EXPECT_EQ(create->constraints[0].name.text, "k");
  EXPECT_EQ(create->constraints[0].columns.size(), 2U);
  EXPECT_EQ(create->storage, "parquet");
  EXPECT_EQ(create->options[0].name, "x");

  auto select = ParseAs<AstCreateTable>("CREATE OR REPLACE TEMP TABLE t (a, b) AS SELECT 1, 2");
  EXPECT_TRUE(select->or_replace && select->temporary);
  EXPECT_EQ(select->column_names.size(), 2U);
  EXPECT_NE(select->query, nullptr);
  EXPECT_FALSE(ParseAs<AstCreateTable>("CREATE TABLE t (a, b)", SqliteOptions())->columns[0].type.has_value());
  EXPECT_EQ(*ParseAs<AstCreateTable>("CREATE TABLE t (a VARCHAR(30) DEFAULT NULL)")->columns[0].type->arguments.data(),
            30);
}

TEST(ParseStatement, OtherObjects) {
  auto view = ParseAs<AstCreateView>("CREATE OR REPLACE VIEW v (a, b) AS SELECT 1, 2");
  EXPECT_EQ(view->columns.size(), 2U);
  EXPECT_EQ(ToSql(*view->query), "SELECT 1, 2");
  auto index = ParseAs<AstCreateIndex>("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (a DESC, lower(b)) WHERE c");
  EXPECT_TRUE(index->unique && index->if_not_exists);
  EXPECT_EQ(index->columns.size(), 2U);
  auto drop = ParseAs<AstDrop>("DROP TABLE IF EXISTS a, b CASCADE");
  EXPECT_TRUE(drop->if_exists && drop->cascade);
  EXPECT_EQ(drop->names.size(), 2U);
  EXPECT_EQ(ParseAs<AstDrop>("DROP VIEW v")->object, AstObjectKind::kView);
  EXPECT_EQ(ParseAs<AstUnsupported>("CREATE SEQUENCE s START 1")->what, "CREATE SEQUENCE");
  EXPECT_EQ(ParseAs<AstUnsupported>("ATTACH 'x' AS y")->what, "ATTACH");
  auto add = ParseAs<AstAlterTable>("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INT DEFAULT 1");
  EXPECT_EQ(add->action, AstAlterAction::kAddColumn);
  EXPECT_EQ(add->column.constraints.size(), 1U);
  EXPECT_EQ(ParseAs<AstAlterTable>("ALTER TABLE t DROP a")->action, AstAlterAction::kDropColumn);
  EXPECT_EQ(ParseAs<AstAlterTable>("ALTER TABLE t RENAME a TO b")->new_name.text, "b");
  EXPECT_EQ(ParseAs<AstAlterTable>("ALTER TABLE t RENAME TO u")->action, AstAlterAction::kRenameTable);
  EXPECT_EQ(ParseAs<AstAlterTable>("ALTER TABLE t ALTER a TYPE INT")->action, AstAlterAction::kOther);
}

TEST(ParseStatement, Triggers) {
  auto plain = ParseAs<AstCreateTrigger>("CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END");
  EXPECT_EQ(plain->event, AstTriggerEvent::kInsert);
  EXPECT_EQ(plain->text, "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; SELECT 2; END");
  auto update = ParseAs<AstCreateTrigger>(
      "CREATE TRIGGER IF NOT EXISTS t UPDATE OF b, c ON a FOR EACH ROW WHEN new.b > 1 BEGIN "
      "UPDATE d SET e = 1 WHERE f = old.b; INSERT INTO d VALUES (1); DELETE FROM d; END");
  EXPECT_EQ(update->columns.size(), 2U);
  EXPECT_TRUE(update->if_not_exists);
  EXPECT_EQ(ParseAs<AstCreateTrigger>("CREATE TRIGGER t BEFORE DELETE ON a BEGIN SELECT 1; END")->event,
            AstTriggerEvent::kDelete);
  EXPECT_GE(
      ParseAs<AstCreateTrigger>("CREATE TRIGGER t INSTEAD OF DELETE ON a BEGIN SELECT 1; END")->instead_of_position, 0);
  for (const char* bad : {"CREATE TRIGGER t AFTER INSERT ON a BEGIN END", "CREATE TRIGGER t ON a BEGIN SELECT 1; END",
                          "CREATE TRIGGER t INSERT ON a BEGIN SELECT 1 END", "CREATE TRIGGER t INSERT ON a SELECT 1",
                          "CREATE TRIGGER t INSERT ON a BEGIN CREATE TABLE x(a INT); END",
                          "CREATE TRIGGER t INSERT ON a FOR EACH BEGIN SELECT 1; END"}) {
    EXPECT_FALSE(ParseStatement(bad).ok()) << bad;
  }
  EXPECT_EQ(ParseAs<AstDrop>("DROP TRIGGER t ON a")->trigger_table.name().text, "a");
}

TEST(ParseStatement, Copy) {
  auto from = ParseAs<AstCopy>("COPY t (a, b) FROM 'x.csv' (FORMAT csv, HEADER, DELIMITER '|', NULLSTR 'x')");
  EXPECT_TRUE(from->is_from);
  EXPECT_EQ(from->columns.size(), 2U);
  ASSERT_EQ(from->options.size(), 4U);
  EXPECT_EQ(from->options[0].name, "format");
  EXPECT_EQ(from->options[0].values[0]->As<AstColumnRef>().parts[0].key, "csv");
  EXPECT_TRUE(from->options[1].values.empty());
  EXPECT_EQ(from->options[2].values[0]->As<AstLiteral>().text, "|");
  auto to = ParseAs<AstCopy>("COPY (SELECT 1) TO 'x.parquet' WITH (FORMAT parquet)");
  EXPECT_FALSE(to->is_from);
  EXPECT_NE(to->query, nullptr);
  auto old = ParseAs<AstCopy>("COPY t FROM 'x' WITH CSV HEADER DELIMITER AS '|'");
  ASSERT_EQ(old->options.size(), 3U);
  EXPECT_EQ(old->options[0].name, "format");
  EXPECT_EQ(ParseAs<AstCopy>("COPY t FROM STDIN")->file, nullptr);
}

TEST(ParseStatement, Session) {
  auto explain = ParseAs<AstExplain>("EXPLAIN (ANALYZE, FORMAT JSON) SELECT 1");
  EXPECT_TRUE(explain->analyze);
  EXPECT_EQ(explain->format, AstExplainFormat::kJson);
  EXPECT_TRUE(ParseAs<AstExplain>("EXPLAIN ANALYZE SELECT 1")->analyze);
  auto set = ParseAs<AstSet>("SET SESSION memory_limit = '1GB'");
  EXPECT_EQ(set->name, "memory_limit");
  EXPECT_EQ(set->scope, AstSetScope::kSession);
  EXPECT_EQ(ParseAs<AstSet>("SET synchronous TO off")->values[0]->As<AstColumnRef>().parts[0].key, "off");
  EXPECT_EQ(ParseAs<AstSet>("SET synchronous = on")->values[0]->As<AstColumnRef>().parts[0].key, "on");
  EXPECT_TRUE(ParseAs<AstSet>("RESET threads")->reset);
  EXPECT_EQ(ParseAs<AstShow>("SHOW TABLES")->name, "tables");
  EXPECT_EQ(ParseAs<AstShow>("SHOW threads")->show, AstShowKind::kSetting);
  EXPECT_EQ(ParseAs<AstShow>("DESCRIBE t")->show, AstShowKind::kDescribeTable);
  EXPECT_EQ(ParseAs<AstShow>("DESCRIBE SELECT 1")->show, AstShowKind::kDescribeQuery);
  EXPECT_EQ(ParseAs<AstPragma>("PRAGMA table_info('t')")->values.size(), 1U);
  EXPECT_TRUE(ParseAs<AstPragma>("PRAGMA threads = 4")->has_assignment);
  EXPECT_TRUE(ParseAs<AstCheckpoint>("FORCE CHECKPOINT")->force);
  EXPECT_TRUE(ParseAs<AstVacuum>("VACUUM ANALYZE t")->analyze);
  auto prepare = ParseAs<AstPrepare>("PREPARE p (INT) AS SELECT $1");
  EXPECT_EQ(prepare->statement->num_parameters, 1);
  EXPECT_EQ(ParseAs<AstExecute>("EXECUTE p (1, x := 2)")->argument_names[1].text, "x");
  EXPECT_TRUE(ParseAs<AstDeallocate>("DEALLOCATE ALL")->name.empty());
}

TEST(ParseStatement, Transactions) {
  using Action = AstTransactionAction;
  EXPECT_EQ(ParseAs<AstTransaction>("BEGIN")->action, Action::kBegin);
  EXPECT_EQ(ParseAs<AstTransaction>("BEGIN IMMEDIATE TRANSACTION")->mode, "immediate");
  auto start = ParseAs<AstTransaction>("START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");
  EXPECT_EQ(start->isolation, "repeatable read");
  EXPECT_EQ(start->read_only, true);
  EXPECT_EQ(ParseAs<AstTransaction>("END TRANSACTION")->action, Action::kCommit);
  EXPECT_EQ(ParseAs<AstTransaction>("ABORT")->action, Action::kRollback);
  EXPECT_EQ(ParseAs<AstTransaction>("ROLLBACK TO SAVEPOINT s")->action, Action::kRollbackTo);
  EXPECT_EQ(ParseAs<AstTransaction>("RELEASE s")->savepoint.text, "s");
}

}  // namespace
}  // namespace llkv
