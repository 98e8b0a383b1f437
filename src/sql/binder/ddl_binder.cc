// CREATE TABLE, CREATE TABLE … AS, CREATE VIEW, DROP: checked descriptions for the engine.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/expr_binder.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"
#include "sql/binder/typing.h"
#include "sql/parser/printer.h"

namespace llkv {
namespace {

/// One CREATE TABLE on its way to a schema.
class TableBinder {
 public:
  TableBinder(BindState& state, const AstCreateTable& create) : state_(state), create_(create) {}

  arrow::Result<BoundCreateTable> Bind();

 private:
  arrow::Status CheckOptions() const;
  arrow::Status AddColumn(const AstColumnDefinition& definition);
  arrow::Status AddColumnConstraint(const AstConstraint& constraint, ColumnSchema& column);
  arrow::Status AddTableConstraint(const AstConstraint& constraint);
  arrow::Status SetPrimaryKey(const AstConstraint& constraint, std::vector<uint32_t> ordinals);
  arrow::Status BindQuerySource();
  arrow::Status CheckName(const std::string& name, int64_t position) const;
  arrow::Status BindChecks();
  arrow::Status BindUniques();
  std::string FreeCheckName(const std::string& base) const;

  /// A CHECK, and the column that it stands at.
  struct PendingCheck {
    const AstConstraint* ast;
    std::string column;
  };

  BindState& state_;
  const AstCreateTable& create_;
  BoundCreateTable result_;
  TableSchema& schema_ = result_.schema;
  std::vector<PendingCheck> checks_;
  /// A UNIQUE constraint, and the column that it stands at.
  struct PendingUnique {
    const AstConstraint* ast;
    std::optional<uint32_t> column;
  };
  std::vector<PendingUnique> uniques_;
};

arrow::Status Unsupported(const AstConstraint& constraint) {
  const int64_t position = constraint.range.position;
  switch (constraint.kind) {
    case AstConstraintKind::kForeignKey:
      return Refuse("foreign keys", position);
    case AstConstraintKind::kCollate:
      return Refuse("COLLATE", position);
    case AstConstraintKind::kGenerated:
      return Refuse("generated columns", position);
    default:
      break;
  }
  if (constraint.autoincrement) return Refuse("AUTOINCREMENT", position);
  if (constraint.on_conflict != AstConflictAction::kNone) return Refuse("ON CONFLICT at a constraint", position);
  if (constraint.deferrable) return Refuse("DEFERRABLE", position);
  if (constraint.descending) return Refuse("a descending primary key", position);
  return arrow::Status::OK();
}

arrow::Status TableBinder::CheckOptions() const {
  const int64_t position = create_.range.position;
  if (create_.temporary) return Refuse("temporary tables", position);
  if (create_.storage == "parquet") return Refuse("USING parquet", create_.storage_range.position);
  if (!create_.storage.empty() && create_.storage != "column") {
    return SqlError(sqlstate::kInvalidParameter, fmt::format("there is no storage \"{}\"", create_.storage),
                    create_.storage_range.position, "storages are column and parquet");
  }
  if (!create_.options.empty()) return Refuse("WITH options of a table", create_.options[0].range.position);
  if (create_.without_rowid) return Refuse("WITHOUT ROWID", create_.table_options_position);
  if (create_.strict) return Refuse("STRICT", create_.table_options_position);
  return arrow::Status::OK();
}

arrow::Status TableBinder::CheckName(const std::string& name, int64_t position) const {
  for (const ColumnSchema& column : schema_.columns) {
    if (SameName(column.name, name)) {
      return SqlError(sqlstate::kDuplicateColumn, fmt::format("column \"{}\" is defined twice", name), position);
    }
  }
  return arrow::Status::OK();
}

arrow::Status TableBinder::SetPrimaryKey(const AstConstraint& constraint, std::vector<uint32_t> ordinals) {
  if (!schema_.primary_key.empty()) {
    return SqlError(sqlstate::kInvalidTableDefinition, fmt::format("table \"{}\" has two primary keys", schema_.name),
                    constraint.range.position);
  }
  schema_.primary_key = std::move(ordinals);
  schema_.primary_key_name = constraint.name.empty() ? schema_.name + "_pkey" : constraint.name.text;
  return arrow::Status::OK();
}

arrow::Status TableBinder::AddColumnConstraint(const AstConstraint& constraint, ColumnSchema& column) {
  ARROW_RETURN_NOT_OK(Unsupported(constraint));
  switch (constraint.kind) {
    case AstConstraintKind::kNotNull:
      column.not_null = true;
      return arrow::Status::OK();
    case AstConstraintKind::kPrimaryKey:
      column.not_null = true;
      return SetPrimaryKey(constraint, {static_cast<uint32_t>(schema_.columns.size())});
    case AstConstraintKind::kDefault: {
      if (column.default_sql.has_value()) {
        return SqlError(sqlstate::kSyntaxError, fmt::format("column \"{}\" has two defaults", column.name),
                        constraint.range.position);
      }
      ARROW_RETURN_NOT_OK(BindDefaultExpr(state_, *constraint.expr, column.type, column.name).status());
      column.default_sql = ToSql(*constraint.expr);
      return arrow::Status::OK();
    }
    case AstConstraintKind::kCheck:
      checks_.push_back({&constraint, column.name});
      return arrow::Status::OK();
    case AstConstraintKind::kUnique:
      uniques_.push_back({&constraint, static_cast<uint32_t>(schema_.columns.size())});
      return arrow::Status::OK();
    default:
      return arrow::Status::OK();
  }
}

arrow::Status TableBinder::AddColumn(const AstColumnDefinition& definition) {
  ARROW_RETURN_NOT_OK(CheckName(definition.name.text, definition.name.range.position));
  if (!definition.type.has_value() && !state_.sqlite()) {
    return Refuse(fmt::format("column \"{}\" without a type", definition.name.text), definition.name.range.position);
  }
  ColumnSchema column;
  column.name = definition.name.text;
  if (definition.type.has_value()) {
    ARROW_ASSIGN_OR_RAISE(column.type, ResolveType(state_, *definition.type));
  } else {
    column.type = TypeId::kAny;
  }
  bool null = false;
  for (const AstConstraint& constraint : definition.constraints) {
    null = null || constraint.kind == AstConstraintKind::kNull;
    ARROW_RETURN_NOT_OK(AddColumnConstraint(constraint, column));
  }
  if (null && column.not_null) {
    return SqlError(sqlstate::kSyntaxError, fmt::format("column \"{}\" is both NULL and NOT NULL", column.name),
                    definition.range.position);
  }
  schema_.columns.push_back(std::move(column));
  return arrow::Status::OK();
}

arrow::Status TableBinder::AddTableConstraint(const AstConstraint& constraint) {
  ARROW_RETURN_NOT_OK(Unsupported(constraint));
  if (constraint.kind == AstConstraintKind::kCheck) {
    checks_.push_back({&constraint, {}});
    return arrow::Status::OK();
  }
  if (constraint.kind == AstConstraintKind::kUnique) {
    uniques_.push_back({&constraint, std::nullopt});
    return arrow::Status::OK();
  }
  if (constraint.kind != AstConstraintKind::kPrimaryKey) {
    return Refuse("this constraint of a table", constraint.range.position);
  }
  std::vector<AstName> names;
  for (const AstOrderItem& item : constraint.columns) {
    const auto* ref = item.expr->TryAs<AstColumnRef>();
    if (ref == nullptr || ref->parts.size() != 1) {
      return Refuse("a primary key of anything but columns", item.expr->position);
    }
    if (item.descending || item.nulls != AstNullsOrder::kDefault) {
      return Refuse("a descending primary key", item.expr->position);
    }
    names.push_back(ref->parts[0]);
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<uint32_t> ordinals, TargetColumns(schema_, names));
  for (uint32_t ordinal : ordinals) schema_.columns[ordinal].not_null = true;
  return SetPrimaryKey(constraint, std::move(ordinals));
}

std::string TableBinder::FreeCheckName(const std::string& base) const {
  std::string name = base;
  for (int number = 1;; ++number) {
    const bool taken = std::any_of(schema_.checks.begin(), schema_.checks.end(),
                                   [&](const CheckConstraint& check) { return SameName(check.name, name); });
    if (!taken) return name;
    name = fmt::format("{}{}", base, number);
  }
}

arrow::Status TableBinder::BindUniques() {
  for (const PendingUnique& unique : uniques_) {
    IndexSchema index;
    index.is_unique = true;
    index.is_constraint = true;
    if (unique.column) {
      index.columns.push_back({*unique.column, false, false});
    } else {
      ARROW_ASSIGN_OR_RAISE(index.columns,
                            BindIndexColumns(state_, schema_, unique.ast->columns, "a UNIQUE constraint"));
    }
    index.name =
        unique.ast->name.empty() ? FreeIndexName(state_, schema_, index.columns, "key") : unique.ast->name.text;
    const auto is_taken = [&index](const std::string& name) { return SameName(name, index.name); };
    const bool is_again = std::any_of(schema_.indexes.begin(), schema_.indexes.end(),
                                      [&](const IndexSchema& other) { return is_taken(other.name); });
    if (is_again || (!schema_.primary_key.empty() && is_taken(schema_.primary_key_name))) {
      return SqlError(sqlstate::kDuplicateObject, fmt::format("constraint \"{}\" is defined twice", index.name),
                      unique.ast->name.range.position);
    }
    schema_.indexes.push_back(std::move(index));
  }
  return arrow::Status::OK();
}

arrow::Status TableBinder::BindChecks() {
  std::vector<OutputColumn> row;
  for (const ColumnSchema& column : schema_.columns) row.push_back({state_.NewColumn(), column.type, column.name});
  for (const PendingCheck& check : checks_) {
    ARROW_RETURN_NOT_OK(BindCheck(state_, *check.ast->expr, schema_.name, row).status());
    const std::string base =
        check.column.empty() ? schema_.name + "_check" : schema_.name + "_" + check.column + "_check";
    std::string name = check.ast->name.empty() ? FreeCheckName(base) : check.ast->name.text;
    for (const CheckConstraint& other : schema_.checks) {
      if (SameName(other.name, name)) {
        return SqlError(sqlstate::kDuplicateObject, fmt::format("constraint \"{}\" is defined twice", name),
                        check.ast->name.range.position);
      }
    }
    schema_.checks.push_back({std::move(name), ToSql(*check.ast->expr)});
  }
  return arrow::Status::OK();
}

arrow::Status TableBinder::BindQuerySource() {
  const char* no_parameters = std::exchange(state_.no_parameters, "CREATE TABLE … AS");
  auto bound = BindQuery(state_, *create_.query, {});
  state_.no_parameters = no_parameters;
  ARROW_RETURN_NOT_OK(bound.status());
  LogicalPlanPtr plan = std::move(bound).ValueUnsafe();
  if (!create_.column_names.empty() && create_.column_names.size() != plan->output.size()) {
    return SqlError(sqlstate::kSyntaxError,
                    fmt::format("the query gives {} columns, but {} names are given", plan->output.size(),
                                create_.column_names.size()),
                    create_.column_names[0].range.position);
  }
  std::vector<LogicalType> types;
  for (size_t i = 0; i < plan->output.size(); ++i) {
    ColumnSchema column;
    const bool named = !create_.column_names.empty();
    column.name = named ? create_.column_names[i].text : plan->output[i].name;
    ARROW_RETURN_NOT_OK(
        CheckName(column.name, named ? create_.column_names[i].range.position : create_.query->range.position));
    column.type = plan->output[i].type.id() == TypeId::kNull ? LogicalType(TypeId::kVarchar) : plan->output[i].type;
    types.push_back(column.type);
    schema_.columns.push_back(std::move(column));
  }
  if (create_.with_no_data) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(plan, CastColumns(state_, std::move(plan), types));
  result_.source = FinishPlan(state_, std::move(plan));
  return arrow::Status::OK();
}

arrow::Result<BoundCreateTable> TableBinder::Bind() {
  ARROW_RETURN_NOT_OK(CheckOptions());
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(create_.name));
  schema_.name = name->text;
  result_.name_position = name->range.position;
  result_.if_not_exists = create_.if_not_exists;
  result_.or_replace = create_.or_replace;
  state_.no_parameters = "CREATE TABLE";
  if (create_.query != nullptr) {
    ARROW_RETURN_NOT_OK(BindQuerySource());
  } else {
    for (const AstColumnDefinition& column : create_.columns) ARROW_RETURN_NOT_OK(AddColumn(column));
    if (schema_.columns.empty()) {
      return SqlError(sqlstate::kInvalidTableDefinition, "a table needs at least one column", create_.range.position);
    }
    for (const AstConstraint& constraint : create_.constraints) ARROW_RETURN_NOT_OK(AddTableConstraint(constraint));
    ARROW_RETURN_NOT_OK(BindUniques());
    ARROW_RETURN_NOT_OK(BindChecks());
  }
  result_.used = std::move(state_.used);
  return std::move(result_);
}

}  // namespace

arrow::Result<BoundCreateTable> BindCreateTable(BindState& state, const AstCreateTable& create) {
  return TableBinder(state, create).Bind();
}

arrow::Result<BoundCreateView> BindCreateView(BindState& state, const AstCreateView& create) {
  const int64_t position = create.range.position;
  if (create.temporary) return Refuse("temporary views", position);
  if (create.recursive) return Refuse("recursive views", position);
  if (create.materialized) return Refuse("materialized views", position);
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(create.name));
  state.no_parameters = "a view";
  ARROW_ASSIGN_OR_RAISE(const LogicalPlanPtr plan, BindQuery(state, *create.query, {}));
  BoundCreateView view;
  view.schema.name = name->text;
  view.name_position = name->range.position;
  view.if_not_exists = create.if_not_exists;
  view.or_replace = create.or_replace;
  view.schema.sql = ToSql(*create.query);
  if (create.columns.size() > plan->output.size()) {
    return SqlError(
        sqlstate::kSyntaxError,
        fmt::format("the query gives {} columns, but {} names are given", plan->output.size(), create.columns.size()),
        create.columns[plan->output.size()].range.position);
  }
  for (size_t i = 0; i < plan->output.size(); ++i) {
    std::string column = i < create.columns.size() ? create.columns[i].text : plan->output[i].name;
    for (const std::string& other : view.schema.column_names) {
      if (SameName(other, column)) {
        return SqlError(sqlstate::kDuplicateColumn, fmt::format("the view has two columns \"{}\"", column),
                        i < create.columns.size() ? create.columns[i].range.position : create.query->range.position);
      }
    }
    view.schema.column_names.push_back(std::move(column));
  }
  view.used = std::move(state.used);
  return view;
}

arrow::Result<BoundCreateType> BindCreateType(BindState& state, const AstCreateType& create) {
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(create.name));
  BoundCreateType type;
  type.schema.name = name->text;
  type.name_position = name->range.position;
  type.if_not_exists = create.if_not_exists;
  type.or_replace = create.or_replace;
  if (TypeFromName(name->key, {}, name->range.position).ok()) {
    return SqlError(sqlstate::kDuplicateObject, fmt::format("type \"{}\" already exists", name->text),
                    name->range.position);
  }
  ARROW_ASSIGN_OR_RAISE(type.schema.type, ResolveType(state, create.type));
  return type;
}

arrow::Result<BoundDrop> BindDrop(const AstDrop& drop) {
  BoundDrop result;
  switch (drop.object) {
    case AstObjectKind::kTable:
      result.kind = BoundDrop::Kind::kTable;
      break;
    case AstObjectKind::kView:
      result.kind = BoundDrop::Kind::kView;
      break;
    case AstObjectKind::kIndex:
      result.kind = BoundDrop::Kind::kIndex;
      break;
    case AstObjectKind::kType:
      result.kind = BoundDrop::Kind::kType;
      break;
    case AstObjectKind::kTrigger:
      result.kind = BoundDrop::Kind::kTrigger;
      break;
    default:
      return Refuse("DROP of anything but tables, views, indexes, types and triggers", drop.object_position);
  }
  if (drop.cascade) return Refuse("CASCADE", drop.range.position);
  result.if_exists = drop.if_exists;
  if (!drop.trigger_table.parts.empty()) {
    ARROW_ASSIGN_OR_RAISE(const AstName* table, PlainName(drop.trigger_table));
    result.trigger_table = table->text;
  }
  for (const AstQualifiedName& qualified : drop.names) {
    ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(qualified));
    result.items.push_back({name->text, name->range.position});
  }
  return result;
}

}  // namespace llkv
