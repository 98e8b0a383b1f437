// COPY: a file's rows into a table, a table's or a query's rows into a file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "sql/binder/file_options.h"
#include "sql/binder/query_binder.h"
#include "sql/binder/statement_binders.h"
#include "sql/binder/typing.h"
#include "types/type_info.h"

namespace llkv {
namespace {

bool EndsWith(const std::string& text, std::string_view ending) {
  return text.size() >= ending.size() && SameName(std::string_view(text).substr(text.size() - ending.size()), ending);
}

arrow::Result<std::string> FilePath(const AstCopy& copy) {
  if (copy.file == nullptr) {
    return Refuse(copy.is_from ? "COPY … FROM STDIN" : "COPY … TO STDOUT", copy.range.position);
  }
  const auto* literal = copy.file->TryAs<AstLiteral>();
  if (literal == nullptr || literal->literal != AstLiteralKind::kString) {
    return Refuse("a file name that is no literal", copy.file->position);
  }
  return literal->text;
}

/// Types whose values files hold as something else: they are read as what is there and cast, and written as text.
bool NeedsCast(LogicalType type) {
  switch (type.id()) {
    case TypeId::kUHugeInt:
    case TypeId::kTimestampTz:
    case TypeId::kTimeTz:
    case TypeId::kUuid:
    case TypeId::kJson:
    case TypeId::kBit:
    case TypeId::kAny:
      return true;
    default:
      // Text of instants goes by the session's time zone.
      return type.IsNested() && ContainsType(type, TypeId::kTimestampTz);
  }
}

/// Whether values that a file shows as `found` are read as `wanted` as they are, at any depth: Arrow's type need not
/// tell the difference.
bool IsHeldAs(LogicalType found, LogicalType wanted) {
  if (found == wanted) return true;
  if (wanted.IsEnum()) return found.id() == TypeId::kVarchar;
  if (!wanted.IsNested()) {
    const arrow::Result<LogicalType> held = FromArrowType(*ToArrowType(wanted));
    return held.ok() && *held == found;
  }
  if (found.id() != wanted.id() || found.info().size != wanted.info().size) return false;
  return std::equal(
      found.info().fields.begin(), found.info().fields.end(), wanted.info().fields.begin(), wanted.info().fields.end(),
      [](const TypeField& a, const TypeField& b) { return a.name == b.name && IsHeldAs(a.type, b.type); });
}

arrow::Result<LogicalPlanPtr> CopyFromPlan(BindState& state, const AstCopy& copy, const TableSchema& table) {
  FileSchemaRequest request;
  ARROW_ASSIGN_OR_RAISE(request.path, FilePath(copy));
  ARROW_ASSIGN_OR_RAISE(request.options, BindFileOptions(state, copy.options, request.path, &request.format));
  ARROW_ASSIGN_OR_RAISE(const std::vector<uint32_t> ordinals, TargetColumns(table, copy.columns));
  const std::string path = request.path;
  const bool is_csv = request.format == LogicalFileScan::Format::kCsv;
  ARROW_ASSIGN_OR_RAISE(LogicalPlanPtr scan, MakeFileScan(state, std::move(request), copy.file->position));
  if (scan->output.size() != ordinals.size()) {
    return SqlError(sqlstate::kBadCopyFormat,
                    fmt::format("\"{}\" has {} column{}, but {} are to be filled", path, scan->output.size(),
                                scan->output.size() == 1 ? "" : "s", ordinals.size()),
                    copy.file->position);
  }
  std::vector<ColumnId> source_of(table.columns.size());
  std::vector<LogicalType> type_of(table.columns.size());
  bool in_order = ordinals.size() == table.columns.size();
  for (size_t i = 0; i < ordinals.size(); ++i) {
    const ColumnSchema& column = table.columns[ordinals[i]];
    if (!NeedsCast(column.type) || (!is_csv && column.type.IsNested() && IsHeldAs(scan->output[i].type, column.type))) {
      scan->output[i].type = column.type;
    } else if (is_csv) {
      scan->output[i].type = TypeId::kVarchar;
    }
    scan->output[i].name = column.name;
    source_of[ordinals[i]] = scan->output[i].id;
    type_of[ordinals[i]] = scan->output[i].type;
    in_order = in_order && ordinals[i] == i && scan->output[i].type == column.type;
  }
  if (in_order) return scan;
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const ColumnSchema& column = table.columns[i];
    names.push_back(column.name);
    if (source_of[i].value != 0) {
      BoundExprPtr source = BoundExpr::Column(source_of[i], type_of[i], column.name, copy.file->position);
      ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), CastTo(state, std::move(source), column.type));
    } else {
      ARROW_ASSIGN_OR_RAISE(exprs.emplace_back(), BindDefaultOf(state, column));
    }
  }
  return MakeProject(state, std::move(scan), std::move(exprs), std::move(names));
}

arrow::Result<LogicalPlanPtr> TablePlan(BindState& state, const AstCopy& copy) {
  AstTableRef ref;
  ref.name = copy.table;
  ref.range = copy.table.range;
  ARROW_ASSIGN_OR_RAISE(BoundFrom from, BindFromItem(state, ref, {}));
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  const auto add = [&](const ScopeColumn& column) {
    exprs.push_back(BoundExpr::Column(column.id, column.type, column.name));
    names.push_back(column.name);
  };
  for (const AstName& name : copy.columns) {
    AstColumnRef column;
    column.parts.push_back(name);
    column.position = name.range.position;
    ARROW_ASSIGN_OR_RAISE(const ResolvedColumn found, ResolveColumn(&from.scope, column));
    add(*found.column);
  }
  if (copy.columns.empty()) {
    for (const ScopeColumn& column : from.scope.columns) add(column);
  }
  return MakeProject(state, std::move(from.plan), std::move(exprs), std::move(names));
}

/// Columns that CSV has no form of their own for, as text.
arrow::Result<LogicalPlanPtr> AsText(BindState& state, LogicalPlanPtr child) {
  std::vector<BoundExprPtr> exprs;
  std::vector<std::string> names;
  bool any = false;
  for (const OutputColumn& column : child->output) {
    BoundExprPtr expr = BoundExpr::Column(column.id, column.type, column.name);
    if (NeedsCast(column.type)) {
      any = true;
      ARROW_ASSIGN_OR_RAISE(expr, CastTo(state, std::move(expr), TypeId::kVarchar));
    }
    exprs.push_back(std::move(expr));
    names.push_back(column.name);
  }
  return any ? MakeProject(state, std::move(child), std::move(exprs), std::move(names)) : std::move(child);
}

arrow::Result<LogicalPlanPtr> CopyToPlan(BindState& state, const AstCopy& copy) {
  auto node = std::make_unique<LogicalCopyTo>();
  ARROW_ASSIGN_OR_RAISE(node->path, FilePath(copy));
  ARROW_ASSIGN_OR_RAISE(node->options, BindFileOptions(state, copy.options, node->path, &node->format));
  LogicalPlanPtr child;
  if (copy.query != nullptr) {
    ARROW_ASSIGN_OR_RAISE(child, BindQuery(state, *copy.query, {}));
  } else {
    ARROW_ASSIGN_OR_RAISE(child, TablePlan(state, copy));
  }
  if (node->format == LogicalFileScan::Format::kCsv) {
    ARROW_ASSIGN_OR_RAISE(child, AsText(state, std::move(child)));
  }
  for (const OutputColumn& column : child->output) {
    if (node->format != LogicalFileScan::Format::kParquet) continue;
    for (const TypeId absent : {TypeId::kInterval, TypeId::kUnion}) {
      if (!ContainsType(column.type, absent)) continue;
      return Refuse(fmt::format("column \"{}\": {} in Parquet", column.name, column.type.ToString()),
                    copy.range.position);
    }
  }
  node->output.push_back({state.NewColumn(), TypeId::kBigInt, "count"});
  node->children.push_back(std::move(child));
  return node;
}

}  // namespace

arrow::Result<LogicalFileScan::Format> FormatOfPath(const std::string& path, int64_t position) {
  if (EndsWith(path, ".parquet")) return LogicalFileScan::Format::kParquet;
  if (EndsWith(path, ".csv")) return LogicalFileScan::Format::kCsv;
  return Refuse(fmt::format("reading \"{}\": the name ends neither in .csv nor in .parquet", path), position);
}

arrow::Result<std::vector<std::pair<std::string, Value>>> BindFileOptions(const BindState& state,
                                                                          const std::vector<AstOption>& options,
                                                                          const std::string& path,
                                                                          LogicalFileScan::Format* format) {
  *format = EndsWith(path, ".parquet") ? LogicalFileScan::Format::kParquet : LogicalFileScan::Format::kCsv;
  std::vector<std::pair<std::string, Value>> result;
  for (const AstOption& option : options) {
    if (option.values.size() > 1) {
      return Refuse(fmt::format("several values for {}", option.name), option.range.position);
    }
    Value value = Value::Boolean(true);
    if (!option.values.empty()) {
      ARROW_ASSIGN_OR_RAISE(value, OptionValue(state, *option.values[0]));
    }
    if (option.name != "format") {
      result.emplace_back(option.name, std::move(value));
      continue;
    }
    const std::string name = value.type().id() == TypeId::kVarchar ? value.bytes() : value.ToString();
    if (SameName(name, "parquet")) {
      *format = LogicalFileScan::Format::kParquet;
    } else if (SameName(name, "csv")) {
      *format = LogicalFileScan::Format::kCsv;
    } else {
      return Refuse(fmt::format("format \"{}\": csv and parquet are there", name), option.range.position);
    }
  }
  return result;
}

arrow::Result<LogicalPlanPtr> MakeFileScan(BindState& state, FileSchemaRequest request, int64_t position) {
  if (state.options.files == nullptr) return Refuse("reading files", position);
  auto columns = state.options.files->FileColumns(request);
  if (!columns.ok()) return WithPosition(columns.status(), position);
  auto scan = std::make_unique<LogicalFileScan>();
  scan->format = request.format;
  scan->path = std::move(request.path);
  scan->options = std::move(request.options);
  for (uint32_t i = 0; i < columns->size(); ++i) {
    scan->column_indexes.push_back(i);
    scan->output.push_back({state.NewColumn(), (*columns)[i].type, (*columns)[i].name});
  }
  return scan;
}

arrow::Result<BoundQuery> BindCopy(BindState& state, const AstCopy& copy) {
  BoundQuery query;
  query.effect = copy.is_from ? QueryEffect::kCopyFrom : QueryEffect::kCopyTo;
  query.cacheable = !copy.is_from;
  LogicalPlanPtr root;
  if (copy.is_from) {
    ARROW_ASSIGN_OR_RAISE(const TableSchemaPtr table, TargetTable(state, copy.table));
    ARROW_ASSIGN_OR_RAISE(root, CopyFromPlan(state, copy, *table));
    ARROW_RETURN_NOT_OK(RefuseTriggers(*table, TriggerSchema::Event::kInsert, {}, copy.table.range.position));
    ARROW_ASSIGN_OR_RAISE(root, MakeInsert(state, *table, std::move(root), true));
    query.target = table->id;
  } else {
    ARROW_ASSIGN_OR_RAISE(root, CopyToPlan(state, copy));
  }
  query.plan = FinishPlan(state, std::move(root));
  query.used = std::move(state.used);
  return query;
}

}  // namespace llkv
