// The binder's test harness.
#include "sql/binder/testing/fake_catalog.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <algorithm>

#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "plan/plan_visitor.h"
#include "sql/binder/bind_state.h"
#include "sql/parser/parser.h"

namespace llkv {

TableSchemaPtr FakeCatalog::FindTable(std::string_view name) const {
  const auto it = tables_.find(LowerName(name));
  return it == tables_.end() ? nullptr : it->second;
}

ViewSchemaPtr FakeCatalog::FindView(std::string_view name) const {
  const auto it = views_.find(LowerName(name));
  return it == views_.end() ? nullptr : it->second;
}

TableSchemaPtr FakeCatalog::FindTableOfIndex(std::string_view name) const {
  for (const auto& [key, table] : tables_) {
    if (!table->primary_key.empty() && SameName(table->primary_key_name, name)) return table;
    for (const IndexSchema& index : table->indexes) {
      if (SameName(index.name, name)) return table;
    }
  }
  return nullptr;
}

std::vector<std::string> FakeCatalog::ListNames() const {
  std::vector<std::string> names;
  for (const auto& [key, table] : tables_) names.push_back(table->name);
  for (const auto& [key, view] : views_) names.push_back(view->name);
  return names;
}

void FakeCatalog::Add(TableSchema table) {
  table.id = TableId(next_id_++);
  const std::string key = LowerName(table.name);
  tables_[key] = std::make_shared<const TableSchema>(std::move(table));
}

void FakeCatalog::Add(ViewSchema view) {
  view.id = TableId(next_id_++);
  const std::string key = LowerName(view.name);
  views_[key] = std::make_shared<const ViewSchema>(std::move(view));
}

arrow::Result<std::vector<FileColumn>> FakeFiles::FileColumns(const FileSchemaRequest& request) const {
  if (request.path.starts_with("missing")) {
    return SqlError(sqlstate::kUndefinedFile, fmt::format("there is no file \"{}\"", request.path));
  }
  return std::vector<FileColumn>{{"a", TypeId::kInteger}, {"b", TypeId::kVarchar}};
}

BinderHarness::BinderHarness() : functions_(FunctionRegistry::MakeDefault()) { options.files = &files_; }

void BinderHarness::Create(std::string_view script) {
  auto statements = ParseScript(script);
  ASSERT_TRUE(statements.ok()) << statements.status().ToString();
  for (const AstStatementPtr& statement : *statements) {
    auto bound = Binder(catalog, *functions_, options).Bind(*statement);
    ASSERT_TRUE(bound.ok()) << bound.status().ToString();
    if (auto* table = std::get_if<BoundCreateTable>(&*bound)) catalog.Add(std::move(table->schema));
    if (auto* view = std::get_if<BoundCreateView>(&*bound)) catalog.Add(std::move(view->schema));
  }
}

arrow::Result<BoundStatement> BinderHarness::Bind(std::string_view sql) {
  ParserOptions parser;
  if (options.dialect == Dialect::kSqlite) parser.dialect = SqlDialect::kSqlite;
  ARROW_ASSIGN_OR_RAISE(const AstStatementPtr statement, ParseStatement(sql, parser));
  return Binder(catalog, *functions_, options).Bind(*statement);
}

std::string BinderHarness::Plan(std::string_view sql) {
  auto bound = Bind(sql);
  if (!bound.ok()) {
    const SqlErrorDetail* detail = GetSqlError(bound.status());
    if (detail == nullptr) return bound.status().ToString();
    std::string text = fmt::format("{}@{}: {}", detail->sqlstate(), detail->position(), bound.status().message());
    if (!detail->hint().empty()) text += fmt::format(" ({})", detail->hint());
    return text;
  }
  if (const auto* query = std::get_if<BoundQuery>(&*bound)) {
    const std::string wrong = CheckPlan(*query->plan.root);
    if (!wrong.empty()) return "WRONG: " + wrong + "\n" + PlanToString(*query->plan.root);
    return PlanToString(*query->plan.root);
  }
  return "no plan";
}

LogicalPlanPtr BinderHarness::Root(std::string_view sql) {
  auto bound = Bind(sql);
  if (!bound.ok()) return nullptr;
  auto* query = std::get_if<BoundQuery>(&*bound);
  return query == nullptr ? nullptr : std::move(query->plan.root);
}

namespace {

using Ids = std::vector<ColumnId>;

Ids IdsOf(const LogicalPlan& plan) {
  Ids ids;
  for (const OutputColumn& column : plan.output) ids.push_back(column.id);
  return ids;
}

bool MakesColumns(const LogicalPlan& node) {
  switch (node.kind) {
    case PlanKind::kFilter:
    case PlanKind::kSort:
    case PlanKind::kLimit:
    case PlanKind::kJoin:
    case PlanKind::kMaterialize:
    case PlanKind::kWindow:
      return false;
    default:
      return true;
  }
}

/// What the output must be, for nodes that pass columns on.
Ids Passed(const LogicalPlan& node) {
  if (node.kind == PlanKind::kMaterialize) return IdsOf(*node.children[1]);
  Ids ids = IdsOf(*node.children[0]);
  if (node.kind == PlanKind::kWindow) {
    const Ids own = IdsOf(node);
    const size_t num_calls = node.As<LogicalWindow>().calls.size();
    for (size_t i = own.size() - std::min(own.size(), num_calls); i < own.size(); ++i) ids.push_back(own[i]);
    return ids;
  }
  if (node.kind != PlanKind::kJoin) return ids;
  const JoinType type = node.As<LogicalJoin>().type;
  if (type == JoinType::kSemi || type == JoinType::kAnti) return ids;
  if (type == JoinType::kMark) {
    ids.push_back(node.output.empty() ? ColumnId() : node.output.back().id);
    return ids;
  }
  for (ColumnId id : IdsOf(*node.children[1])) ids.push_back(id);
  return ids;
}

size_t NumExpressions(const LogicalPlan& node) {
  if (node.kind == PlanKind::kProject) return node.As<LogicalProject>().exprs.size();
  if (node.kind == PlanKind::kAggregate) {
    return node.As<LogicalAggregate>().groups.size() + node.As<LogicalAggregate>().aggregates.size();
  }
  return node.output.size();
}

std::string CheckNode(const LogicalPlan& node, std::unordered_set<ColumnId>& made) {
  const std::string title = PlanNodeTitle(node);
  for (const LogicalPlanPtr& child : node.children) {
    if (child == nullptr) return title + " has no child";
  }
  if (!MakesColumns(node)) {
    if (IdsOf(node) != Passed(node)) return title + " does not pass its children's columns on";
    if (node.kind == PlanKind::kJoin && node.As<LogicalJoin>().type == JoinType::kMark) {
      if (!made.insert(node.output.back().id).second) return title + " makes a column again";
    }
  } else {
    if (NumExpressions(node) != node.output.size()) return title + " has another number of expressions than columns";
    for (const OutputColumn& column : node.output) {
      if (!made.insert(column.id).second) return fmt::format("{} makes {} again", title, column.name);
    }
  }
  std::unordered_set<ColumnId> given;
  for (const LogicalPlanPtr& child : node.children) {
    for (ColumnId id : IdsOf(*child)) given.insert(id);
  }
  std::string wrong;
  ForEachExpr(node, [&](const BoundExpr& expr) {
    VisitExpr(expr, [&](const BoundExpr& part) {
      if (part.kind == ExprKind::kColumn && !given.contains(part.column)) {
        wrong = fmt::format("{} reads {} (#{}), which no child gives", title, part.name, part.column.value);
      }
    });
  });
  return wrong;
}

}  // namespace

std::string CheckPlan(const LogicalPlan& plan) {
  std::unordered_set<ColumnId> made;
  std::string wrong;
  VisitPlan(plan, [&](const LogicalPlan& node) {
    if (wrong.empty()) wrong = CheckNode(node, made);
  });
  return wrong;
}

}  // namespace llkv
