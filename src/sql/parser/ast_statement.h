// Statements of the syntax tree. Here so that the parser, the binder and the engine share one plain-data form. Must not
// know tables or types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/parser/ast_query.h"

namespace llkv {

enum class AstStatementKind : uint8_t {
  kQuery,
  kInsert,
  kUpdate,
  kDelete,
  kTruncate,
  kCreateTable,
  kCreateView,
  kCreateType,
  kCreateIndex,
  kCreateTrigger,
  kDrop,
  kAlterTable,
  kCopy,
  kExplain,
  kSet,
  kShow,
  kPragma,
  kTransaction,
  kCheckpoint,
  kVacuum,
  kPrepare,
  kExecute,
  kDeallocate,
  kReindex,
  kUnsupported,
};

/// The base of all statements.
struct AstStatement {
  explicit AstStatement(AstStatementKind node_kind) : kind(node_kind) {}
  virtual ~AstStatement() = default;
  AstStatement(const AstStatement&) = delete;
  AstStatement& operator=(const AstStatement&) = delete;

  template <typename T>
  bool Is() const {
    return kind == T::kKind;
  }
  /// The node as a T; its kind must be T's.
  template <typename T>
  const T& As() const {
    assert(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <typename T>
  T& As() {
    assert(kind == T::kKind);
    return static_cast<T&>(*this);
  }

  const AstStatementKind kind;
  /// The statement's text in the script, without its semicolon.
  AstRange range;
  /// The largest parameter index used.
  int32_t num_parameters = 0;
  /// By index - 1; empty string where a parameter has no name. As long as num_parameters.
  std::vector<std::string> parameter_names;
};
using AstStatementPtr = std::unique_ptr<AstStatement>;

template <AstStatementKind K>
struct AstStatementBase : AstStatement {
  static constexpr AstStatementKind kKind = K;
  AstStatementBase() : AstStatement(K) {}
};

/// SELECT, VALUES, WITH … SELECT, FROM …, TABLE ….
struct AstQueryStatement : AstStatementBase<AstStatementKind::kQuery> {
  AstQueryPtr query;
};

/// column = value, or (a, b) = (x, y) / (SELECT …) where there are several columns.
struct AstAssignment {
  std::vector<AstName> columns;
  AstExprPtr value;
  AstRange range;
};

enum class AstConflictAction : uint8_t { kNone, kAbort, kFail, kIgnore, kReplace, kRollback };

/// ON CONFLICT [(columns) [WHERE …] | ON CONSTRAINT name] DO NOTHING | DO UPDATE SET … [WHERE …].
struct AstOnConflict {
  std::vector<AstOrderItem> target;
  AstExprPtr target_where;
  AstName constraint;
  bool do_nothing = false;
  std::vector<AstAssignment> assignments;
  AstExprPtr where;
  AstRange range;
};

struct AstInsert : AstStatementBase<AstStatementKind::kInsert> {
  bool recursive = false;
  std::vector<AstCommonTable> with;
  AstQualifiedName table;
  AstName alias;
  /// Empty: all columns, in order.
  std::vector<AstName> columns;
  /// INSERT … BY NAME.
  bool by_name = false;
  /// Null for DEFAULT VALUES. VALUES lists come as a query whose body is an AstValues (with AstDefault among the
  /// values).
  AstQueryPtr source;
  /// INSERT OR REPLACE and its kin, and REPLACE INTO.
  AstConflictAction or_action = AstConflictAction::kNone;
  /// Where OR or REPLACE stands, else -1.
  int64_t or_action_position = -1;
  std::vector<AstOnConflict> on_conflict;
  std::vector<AstSelectItem> returning;
};

struct AstUpdate : AstStatementBase<AstStatementKind::kUpdate> {
  bool recursive = false;
  std::vector<AstCommonTable> with;
  /// An AstTableRef, with alias and index hints.
  AstFromItemPtr table;
  std::vector<AstAssignment> assignments;
  std::vector<AstFromItemPtr> from;
  AstExprPtr where;
  AstConflictAction or_action = AstConflictAction::kNone;
  int64_t or_action_position = -1;
  std::vector<AstSelectItem> returning;
};

struct AstDelete : AstStatementBase<AstStatementKind::kDelete> {
  bool recursive = false;
  std::vector<AstCommonTable> with;
  /// An AstTableRef, with alias and index hints.
  AstFromItemPtr table;
  std::vector<AstFromItemPtr> using_items;
  AstExprPtr where;
  std::vector<AstSelectItem> returning;
};

struct AstTruncate : AstStatementBase<AstStatementKind::kTruncate> {
  AstQualifiedName table;
};

enum class AstConstraintKind : uint8_t {
  kPrimaryKey,
  kUnique,
  kNotNull,
  kNull,
  kCheck,
  kDefault,
  kForeignKey,
  kCollate,
  kGenerated,
};

/// A constraint of a column or of a table.
struct AstConstraint {
  AstConstraintKind kind = AstConstraintKind::kNotNull;
  /// CONSTRAINT name; empty without one.
  AstName name;
  /// PRIMARY KEY, UNIQUE and FOREIGN KEY of a table; empty at a column. An expr is an AstColumnRef or an AstCollate of
  /// it.
  std::vector<AstOrderItem> columns;
  /// CHECK, DEFAULT, GENERATED. Its text is script[expr->range].
  AstExprPtr expr;
  AstQualifiedName foreign_table;
  std::vector<AstName> foreign_columns;
  /// ON DELETE, ON UPDATE: "cascade", "set null", "set default", "restrict", "no action"; empty without one.
  std::string on_delete;
  std::string on_update;
  bool deferrable = false;
  bool initially_deferred = false;
  AstQualifiedName collation;
  /// GENERATED: STORED, not VIRTUAL; or an identity column.
  bool stored = false;
  bool identity = false;
  bool autoincrement = false;
  bool descending = false;
  /// ON CONFLICT action of SQLite.
  AstConflictAction on_conflict = AstConflictAction::kNone;
  AstRange range;
};

struct AstColumnDefinition {
  AstName name;
  /// Absent where SQLite's form without a type is used.
  std::optional<AstTypeName> type;
  std::vector<AstConstraint> constraints;
  AstRange range;
};

/// WITH (name = value) and COPY options; a flag has no values, (a, b) has several.
struct AstOption {
  /// Lower case.
  std::string name;
  /// Literals, column references (bare words), AstStar, or function calls; the binder reads them.
  std::vector<AstExprPtr> values;
  AstRange range;
};

struct AstCreateTable : AstStatementBase<AstStatementKind::kCreateTable> {
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  AstQualifiedName name;
  std::vector<AstColumnDefinition> columns;
  std::vector<AstConstraint> constraints;
  /// USING name: lower case; empty without it.
  std::string storage;
  AstRange storage_range;
  std::vector<AstOption> options;
  /// Null unless CREATE TABLE … AS.
  AstQueryPtr query;
  /// Column names of CREATE TABLE t(a, b) AS …; then `columns` is empty.
  std::vector<AstName> column_names;
  bool with_no_data = false;
  /// SQLite's WITHOUT ROWID and STRICT.
  bool without_rowid = false;
  bool strict = false;
  int64_t table_options_position = -1;
};

struct AstCreateView : AstStatementBase<AstStatementKind::kCreateView> {
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  bool recursive = false;
  bool materialized = false;
  AstQualifiedName name;
  std::vector<AstName> columns;
  AstQueryPtr query;
};

/// CREATE TYPE name AS type, ENUM (…) among them.
struct AstCreateType : AstStatementBase<AstStatementKind::kCreateType> {
  bool or_replace = false;
  bool if_not_exists = false;
  AstQualifiedName name;
  AstTypeName type;
};

struct AstCreateIndex : AstStatementBase<AstStatementKind::kCreateIndex> {
  bool unique = false;
  /// Where CONCURRENTLY stands, else -1; where USING's method does.
  int64_t concurrently_position = -1;
  int64_t method_position = -1;
  bool if_not_exists = false;
  /// Empty where the system names it.
  AstQualifiedName name;
  AstQualifiedName table;
  std::string method;
  std::vector<AstOrderItem> columns;
  std::vector<AstOption> options;
  AstExprPtr where;
};

enum class AstTriggerEvent : uint8_t { kInsert, kUpdate, kDelete };

/// CREATE TRIGGER name [BEFORE | AFTER] event ON table [FOR EACH ROW] [WHEN condition] BEGIN statements END. The body
/// was parsed and is kept as text only.
struct AstCreateTrigger : AstStatementBase<AstStatementKind::kCreateTrigger> {
  bool temporary = false;
  bool if_not_exists = false;
  AstQualifiedName name;
  /// Where INSTEAD OF stands, else -1.
  int64_t instead_of_position = -1;
  AstTriggerEvent event = AstTriggerEvent::kInsert;
  /// UPDATE OF; empty: any column.
  std::vector<AstName> columns;
  AstQualifiedName table;
  /// The whole statement as written, without its semicolon.
  std::string text;
};

enum class AstObjectKind : uint8_t {
  kTable,
  kView,
  kIndex,
  kSchema,
  kSequence,
  kType,
  kMacro,
  kTrigger,
  kDatabase,
  kOther
};

struct AstDrop : AstStatementBase<AstStatementKind::kDrop> {
  AstObjectKind object = AstObjectKind::kTable;
  /// Where the object's kind stands.
  int64_t object_position = 0;
  bool if_exists = false;
  std::vector<AstQualifiedName> names;
  /// DROP TRIGGER name ON table; empty without it.
  AstQualifiedName trigger_table;
  bool cascade = false;
};

enum class AstAlterAction : uint8_t {
  kAddColumn,
  kDropColumn,
  kRenameColumn,
  kRenameTable,
  /// ALTER COLUMN …, ADD CONSTRAINT …, SET …: understood as a whole only.
  kOther,
};

struct AstAlterTable : AstStatementBase<AstStatementKind::kAlterTable> {
  bool if_exists = false;
  /// ALTER VIEW v RENAME TO w.
  bool is_view = false;
  AstQualifiedName table;
  AstAlterAction action = AstAlterAction::kOther;
  /// Where the action stands.
  int64_t action_position = 0;
  /// kAddColumn.
  AstColumnDefinition column;
  bool if_column_not_exists = false;
  /// kDropColumn, kRenameColumn.
  AstName column_name;
  bool if_column_exists = false;
  bool cascade = false;
  /// kRenameColumn, kRenameTable.
  AstName new_name;
};

struct AstCopy : AstStatementBase<AstStatementKind::kCopy> {
  /// COPY … FROM reads a file, COPY … TO writes one.
  bool is_from = false;
  /// Either a table (with columns, all where empty) or a query.
  AstQualifiedName table;
  std::vector<AstName> columns;
  AstQueryPtr query;
  /// A string literal or a parameter; null for STDIN and STDOUT.
  AstExprPtr file;
  std::vector<AstOption> options;
};

enum class AstExplainFormat : uint8_t { kText, kJson, kOther };

struct AstExplain : AstStatementBase<AstStatementKind::kExplain> {
  bool analyze = false;
  /// SQLite's EXPLAIN QUERY PLAN.
  bool query_plan = false;
  AstExplainFormat format = AstExplainFormat::kText;
  std::vector<AstOption> options;
  AstStatementPtr statement;
};

enum class AstSetScope : uint8_t { kDefault, kSession, kLocal, kGlobal, kVariable };

/// SET x = v, SET x TO v, RESET x.
struct AstSet : AstStatementBase<AstStatementKind::kSet> {
  AstSetScope scope = AstSetScope::kDefault;
  /// RESET, or SET x TO DEFAULT.
  bool reset = false;
  /// Lower case; "all" for RESET ALL; "time zone" for SET TIME ZONE.
  std::string name;
  AstRange name_range;
  /// Bare words come as AstColumnRef.
  std::vector<AstExprPtr> values;
};

enum class AstShowKind : uint8_t {
  /// SHOW TABLES, SHOW ALL TABLES, SHOW DATABASES, SHOW SCHEMAS: `name` has the words.
  kObjects,
  /// SHOW x: a setting (or a table, where there is no such setting).
  kSetting,
  /// DESCRIBE t.
  kDescribeTable,
  /// DESCRIBE SELECT ….
  kDescribeQuery,
  /// SUMMARIZE ….
  kSummarize,
};

struct AstShow : AstStatementBase<AstStatementKind::kShow> {
  AstShowKind show = AstShowKind::kObjects;
  /// Lower case.
  std::string name;
  AstRange name_range;
  /// kDescribeTable, kSummarize of a table; kSetting too.
  AstQualifiedName table;
  AstQueryPtr query;
};

/// PRAGMA name, PRAGMA name = value, PRAGMA name(value, …).
struct AstPragma : AstStatementBase<AstStatementKind::kPragma> {
  AstQualifiedName name;
  bool has_assignment = false;
  /// Bare words come as AstColumnRef.
  std::vector<AstExprPtr> values;
};

enum class AstTransactionAction : uint8_t { kBegin, kCommit, kRollback, kSavepoint, kRelease, kRollbackTo };

struct AstTransaction : AstStatementBase<AstStatementKind::kTransaction> {
  AstTransactionAction action = AstTransactionAction::kBegin;
  /// Set by READ ONLY (true) and READ WRITE (false).
  std::optional<bool> read_only;
  /// "deferred", "immediate", "exclusive", "concurrent", or empty.
  std::string mode;
  /// "serializable", "repeatable read", "read committed", "read uncommitted", "snapshot", or empty.
  std::string isolation;
  /// Where the mode or isolation stands, else -1.
  int64_t mode_position = -1;
  /// kSavepoint, kRelease, kRollbackTo.
  AstName savepoint;
};

/// [FORCE] CHECKPOINT [database].
struct AstCheckpoint : AstStatementBase<AstStatementKind::kCheckpoint> {
  bool force = false;
  AstName database;
};

/// VACUUM [options] [table] [INTO file], ANALYZE [table].
struct AstVacuum : AstStatementBase<AstStatementKind::kVacuum> {
  bool vacuum = false;
  bool analyze = false;
  bool full = false;
  /// Without parts where no table is named.
  AstQualifiedName table;
  std::vector<AstName> columns;
  AstExprPtr into;
};

struct AstPrepare : AstStatementBase<AstStatementKind::kPrepare> {
  AstName name;
  std::vector<AstTypeName> types;
  AstStatementPtr statement;
};

struct AstExecute : AstStatementBase<AstStatementKind::kExecute> {
  AstName name;
  std::vector<AstExprPtr> arguments;
  /// Empty, or one entry an argument.
  std::vector<AstName> argument_names;
};

struct AstDeallocate : AstStatementBase<AstStatementKind::kDeallocate> {
  /// Empty for DEALLOCATE ALL.
  AstName name;
};

enum class AstReindexKind : uint8_t { kAll, kTable, kIndex, kTableOrIndex };

/// REINDEX [[TABLE | INDEX] name].
struct AstReindex : AstStatementBase<AstStatementKind::kReindex> {
  AstReindexKind what = AstReindexKind::kAll;
  AstQualifiedName name;
};

/// What is known as a statement and not represented: CREATE SEQUENCE, ATTACH, MERGE, …. Its text is skipped up to the
/// semicolon; the binder refuses it with 0A000 at `range.position`.
struct AstUnsupported : AstStatementBase<AstStatementKind::kUnsupported> {
  /// Upper case, as an error names it: "CREATE SEQUENCE".
  std::string what;
};

}  // namespace llkv
