// Statements without a plan of their own: SET, SHOW, PRAGMA, transactions, CHECKPOINT; and DESCRIBE and SHOW TABLES, as
// rows of constants.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"

namespace llkv {
namespace {

using Row = std::vector<Value>;

BoundQuery RowsOf(BindState& state, const std::vector<std::string>& names, const std::vector<Row>& rows) {
  auto node = std::make_unique<LogicalValues>();
  for (const std::string& name : names) node->output.push_back({state.NewColumn(), TypeId::kVarchar, name});
  for (const Row& row : rows) {
    std::vector<BoundExprPtr>& exprs = node->rows.emplace_back();
    for (const Value& value : row) exprs.push_back(BoundExpr::Constant(value));
  }
  BoundQuery query;
  query.plan = FinishPlan(state, std::move(node));
  query.used = std::move(state.used);
  query.cacheable = false;
  return query;
}

Row DescribeColumn(const std::string& name, LogicalType type, bool not_null, const char* key,
                   const std::string* default_sql) {
  const Value null = Value::Null(TypeId::kVarchar);
  return {Value::Varchar(name), Value::Varchar(type.ToString()), Value::Varchar(not_null ? "NO" : "YES"),
          key != nullptr ? Value::Varchar(key) : null, default_sql == nullptr ? null : Value::Varchar(*default_sql)};
}

const std::vector<std::string>& DescribeNames() {
  static const std::vector<std::string> names{"column_name", "column_type", "null", "key", "default"};
  return names;
}

BoundQuery DescribePlan(BindState& state, const LogicalPlan& plan) {
  std::vector<Row> rows;
  for (const OutputColumn& column : plan.output) {
    rows.push_back(DescribeColumn(column.name, column.type, false, nullptr, nullptr));
  }
  return RowsOf(state, DescribeNames(), rows);
}

/// What DESCRIBE says of a column's keys: PRI, UNI where it alone is unique, MUL where an index begins with it.
const char* KeyOf(const TableSchema& table, uint32_t ordinal) {
  const auto& key = table.primary_key;
  if (std::find(key.begin(), key.end(), ordinal) != key.end()) return "PRI";
  const char* kind = nullptr;
  for (const IndexSchema& index : table.indexes) {
    if (index.columns[0].ordinal != ordinal) continue;
    if (index.is_unique && index.columns.size() == 1) return "UNI";
    kind = "MUL";
  }
  return kind;
}

arrow::Result<BoundQuery> DescribeTable(BindState& state, const AstQualifiedName& qualified) {
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(qualified));
  const TableSchemaPtr table = state.catalog.FindTable(name->text);
  if (table == nullptr) {
    AstTableRef ref;
    ref.name = qualified;
    ref.range = qualified.range;
    ARROW_ASSIGN_OR_RAISE(const BoundFrom from, BindFromItem(state, ref, {}));
    return DescribePlan(state, *from.plan);
  }
  state.Use(table->id, false);
  std::vector<Row> rows;
  for (uint32_t i = 0; i < table->columns.size(); ++i) {
    const ColumnSchema& column = table->columns[i];
    rows.push_back(DescribeColumn(column.name, column.type, column.not_null, KeyOf(*table, i),
                                  column.default_sql.has_value() ? &*column.default_sql : nullptr));
  }
  return RowsOf(state, DescribeNames(), rows);
}

arrow::Result<BoundStatement> BindSet(const BindState& state, const AstSet& set) {
  if (set.scope != AstSetScope::kDefault && set.scope != AstSetScope::kSession) {
    return Refuse("SET LOCAL, SET GLOBAL and SET VARIABLE", set.range.position);
  }
  BoundSet result;
  result.name = set.name;
  result.name_position = set.name_range.position;
  result.reset = set.reset;
  if (set.reset) return result;
  if (set.values.size() != 1) return Refuse("a setting of several values", set.name_range.position);
  result.value_position = set.values[0]->position;
  ARROW_ASSIGN_OR_RAISE(result.value, OptionValue(state, *set.values[0]));
  return result;
}

arrow::Result<BoundStatement> BindPragma(const BindState& state, const AstPragma& pragma) {
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(pragma.name));
  std::string lower = LowerName(name->text);
  if (pragma.has_assignment && pragma.values.size() == 1) {
    BoundSet set;
    set.name = std::move(lower);
    set.name_position = name->range.position;
    set.value_position = pragma.values[0]->position;
    ARROW_ASSIGN_OR_RAISE(set.value, OptionValue(state, *pragma.values[0]));
    return set;
  }
  BoundPragma result;
  result.name = std::move(lower);
  result.position = name->range.position;
  for (const AstExprPtr& value : pragma.values) {
    ARROW_ASSIGN_OR_RAISE(result.values.emplace_back(), OptionValue(state, *value));
  }
  return result;
}

arrow::Result<BoundStatement> BindTransaction(const AstTransaction& transaction) {
  BoundTransaction result;
  result.position = transaction.range.position;
  switch (transaction.action) {
    case AstTransactionAction::kBegin:
      result.action = BoundTransaction::Action::kBegin;
      break;
    case AstTransactionAction::kCommit:
      result.action = BoundTransaction::Action::kCommit;
      break;
    case AstTransactionAction::kRollback:
      result.action = BoundTransaction::Action::kRollback;
      break;
    default:
      return Refuse("savepoints", transaction.range.position);
  }
  if (!transaction.mode.empty() && transaction.mode != "deferred") {
    return Refuse(fmt::format("BEGIN {}", transaction.mode), transaction.mode_position);
  }
  const std::string& isolation = transaction.isolation;
  if (!isolation.empty() && isolation != "snapshot" && isolation != "repeatable read") {
    return Refuse(fmt::format("isolation level {}: transactions are snapshot isolated", isolation),
                  transaction.mode_position);
  }
  result.read_only = transaction.read_only.value_or(false);
  return result;
}

arrow::Status Unsupported(const AstStatement& statement) {
  const int64_t position = statement.range.position;
  switch (statement.kind) {
    case AstStatementKind::kAlterTable:
      return Refuse("ALTER TABLE", position);
    case AstStatementKind::kVacuum:
      return Refuse(statement.As<AstVacuum>().vacuum ? "VACUUM" : "ANALYZE", position);
    case AstStatementKind::kPrepare:
      return Refuse("PREPARE", position);
    case AstStatementKind::kExecute:
      return Refuse("EXECUTE", position);
    case AstStatementKind::kDeallocate:
      return Refuse("DEALLOCATE", position);
    case AstStatementKind::kUnsupported:
      return Refuse(statement.As<AstUnsupported>().what, position);
    default:
      return Refuse("this statement", position);
  }
}

}  // namespace

arrow::Result<Value> OptionValue(const BindState& state, const AstExpr& expr) {
  if (const auto* literal = expr.TryAs<AstLiteral>()) return LiteralValue(state, *literal, false);
  if (const auto* unary = expr.TryAs<AstUnary>()) {
    const auto* literal = unary->operand->TryAs<AstLiteral>();
    if (literal != nullptr && unary->op == AstUnaryOp::kMinus) return LiteralValue(state, *literal, true);
  }
  if (const auto* word = expr.TryAs<AstColumnRef>(); word != nullptr && word->parts.size() == 1) {
    return Value::Varchar(word->parts[0].key);
  }
  return Refuse("a value that is neither literal nor word", expr.position);
}

arrow::Result<BoundStatement> BindShow(BindState& state, const AstShow& show) {
  switch (show.show) {
    case AstShowKind::kObjects: {
      if (show.name != "tables") return Refuse(fmt::format("SHOW {}", show.name), show.range.position);
      std::vector<Row> rows;
      for (std::string& name : state.catalog.ListNames()) rows.push_back({Value::Varchar(std::move(name))});
      return RowsOf(state, {"name"}, rows);
    }
    case AstShowKind::kSetting: {
      if (!show.table.parts.empty() && state.catalog.FindTable(show.table.name().text) != nullptr) {
        ARROW_ASSIGN_OR_RAISE(BoundQuery query, DescribeTable(state, show.table));
        return query;
      }
      return BoundShowSetting{show.name, show.name_range.position};
    }
    case AstShowKind::kDescribeTable: {
      ARROW_ASSIGN_OR_RAISE(BoundQuery query, DescribeTable(state, show.table));
      return query;
    }
    case AstShowKind::kDescribeQuery: {
      ARROW_ASSIGN_OR_RAISE(const LogicalPlanPtr plan, BindQuery(state, *show.query, {}));
      return DescribePlan(state, *plan);
    }
    case AstShowKind::kSummarize:
      return Refuse("SUMMARIZE", show.range.position);
  }
  return InternalError("unknown SHOW");
}

arrow::Result<BoundStatement> BindUtility(BindState& state, const AstStatement& statement) {
  switch (statement.kind) {
    case AstStatementKind::kSet:
      return BindSet(state, statement.As<AstSet>());
    case AstStatementKind::kPragma:
      return BindPragma(state, statement.As<AstPragma>());
    case AstStatementKind::kTransaction:
      return BindTransaction(statement.As<AstTransaction>());
    case AstStatementKind::kCheckpoint: {
      const auto& checkpoint = statement.As<AstCheckpoint>();
      if (checkpoint.force) return Refuse("FORCE CHECKPOINT", statement.range.position);
      if (!checkpoint.database.empty() && !SameName(checkpoint.database.key, "main")) {
        return Refuse("CHECKPOINT of another database", checkpoint.database.range.position);
      }
      return BoundCheckpoint{statement.range.position};
    }
    case AstStatementKind::kVacuum: {
      const auto& vacuum = statement.As<AstVacuum>();
      if (vacuum.analyze || !vacuum.vacuum) return Refuse("ANALYZE", statement.range.position);
      if (!vacuum.table.parts.empty()) return Refuse("VACUUM of one table", statement.range.position);
      if (vacuum.into != nullptr) return Refuse("VACUUM INTO", statement.range.position);
      return BoundVacuum{statement.range.position};
    }
    default:
      return Unsupported(statement);
  }
}

}  // namespace llkv
