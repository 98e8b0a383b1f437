// Late materialization: where ORDER BY … LIMIT or OFFSET leaves few of many rows, columns that are only given with
// those that are left are not carried up to there. The rows' ids are, and the columns are fetched by them.
#include <algorithm>
#include <utility>
#include <vector>

#include "optimizer/rules.h"
#include "plan/plan_visitor.h"

namespace llkv {
namespace {

/// Fetching a row costs what some hundreds cost in a scan.
constexpr double kMaxFetchedRows = 10'000;
constexpr double kMinRowsPerFetched = 100;
constexpr double kMinRows = 20'000;
/// One number is carried as cheaply as a row's id.
constexpr size_t kMinColumns = 2;

/// The node that keeps few rows, and those that it keeps.
struct Cut {
  double num_rows = 0;       // that it gives
  double num_read_rows = 0;  // that it looks at
};

bool ReadCount(const BoundExprPtr& expr, double absent, double* count) {
  if (expr == nullptr) {
    *count = absent;
    return true;
  }
  if (!expr->IsConstant() || expr->value.is_null()) return false;
  *count = static_cast<double>(expr->value.integer());
  return *count >= 0;
}

bool FindCut(const LogicalPlan& node, Cut* cut) {
  double limit = 0;
  double offset = 0;
  if (node.kind == PlanKind::kSort) {
    const auto& sort = node.As<LogicalSort>();
    if (sort.limit == nullptr || !ReadCount(sort.limit, 0, &limit) || !ReadCount(sort.offset, 0, &offset)) return false;
    *cut = {limit, node.children[0]->estimated_rows};
  } else if (node.kind == PlanKind::kLimit && node.children.size() == 1) {
    const auto& bounds = node.As<LogicalLimit>();
    if (!ReadCount(bounds.limit, kMaxFetchedRows, &limit) || !ReadCount(bounds.offset, 0, &offset)) return false;
    if (bounds.limit == nullptr) limit = std::max(0.0, node.children[0]->estimated_rows - offset);
    // It reads no more than it needs.
    *cut = {limit, std::min(limit + offset, node.children[0]->estimated_rows)};
  } else {
    return false;
  }
  return cut->num_rows > 0 && cut->num_rows <= kMaxFetchedRows && cut->num_read_rows >= kMinRows &&
         cut->num_read_rows >= cut->num_rows * kMinRowsPerFetched;
}

/// A column of the cut's input that is a scan's, unread on the way.
struct Source {
  LogicalScan* scan = nullptr;
  uint32_t ordinal = 0;
  /// From the cut's child to the scan.
  std::vector<LogicalPlan*> path;
};

bool Gives(const LogicalPlan& plan, ColumnId column) {
  return std::any_of(plan.output.begin(), plan.output.end(),
                     [column](const OutputColumn& output) { return output.id == column; });
}

/// How often `node` itself reads a column.
size_t CountReads(const LogicalPlan& node, ColumnId column) {
  size_t count = 0;
  ForEachExpr(node, [&](const BoundExpr& expr) {
    VisitExpr(expr, [&](const BoundExpr& part) { count += part.IsColumn() && part.column == column ? 1U : 0U; });
  });
  return count;
}

/// The child that a column comes from unchanged, with its id there; null where it is made or read here.
LogicalPlan* Below(LogicalPlan& node, ColumnId* column) {
  switch (node.kind) {
    case PlanKind::kProject: {
      const auto& exprs = node.As<LogicalProject>().exprs;
      for (size_t i = 0; i < exprs.size(); ++i) {
        if (node.output[i].id != *column) continue;
        if (!exprs[i]->IsColumn() || CountReads(node, exprs[i]->column) != 1) return nullptr;
        *column = exprs[i]->column;
        return node.children[0].get();
      }
      return nullptr;
    }
    case PlanKind::kFilter:
    case PlanKind::kWindow:
    case PlanKind::kJoin:
      if (CountReads(node, *column) != 0) return nullptr;
      for (const LogicalPlanPtr& child : node.children) {
        if (Gives(*child, *column)) return child.get();
      }
      return nullptr;
    default:
      return nullptr;
  }
}

bool FindSource(LogicalPlan& input, ColumnId column, Source* source) {
  LogicalPlan* at = &input;
  while (at->kind != PlanKind::kScan) {
    source->path.push_back(at);
    at = Below(*at, &column);
    if (at == nullptr) return false;
  }
  auto& scan = at->As<LogicalScan>();
  if (!scan.key_lookup.empty()) return false;
  for (size_t i = 0; i < scan.column_ordinals.size(); ++i) {
    if (scan.output[i].id != column) continue;
    source->scan = &scan;
    source->ordinal = scan.column_ordinals[i];
    return true;
  }
  return false;
}

/// The columns of one scan to fetch.
struct Fetched {
  LogicalScan* scan = nullptr;
  std::vector<LogicalPlan*> path;
  std::vector<OutputColumn> columns;
  std::vector<uint32_t> ordinals;
};

bool IsWorthwhile(const Fetched& fetched) {
  const bool has_wide = std::any_of(fetched.columns.begin(), fetched.columns.end(), [](const OutputColumn& column) {
    return column.type.physical() == PhysicalType::kString;
  });
  return has_wide || fetched.columns.size() >= kMinColumns;
}

std::vector<Fetched> FindFetched(LogicalPlan& cut) {
  std::vector<Fetched> found;
  for (const OutputColumn& column : cut.output) {
    if (CountReads(cut, column.id) != 0) continue;
    Source source;
    if (!FindSource(*cut.children[0], column.id, &source)) continue;
    const auto same = std::find_if(found.begin(), found.end(),
                                   [&source](const Fetched& fetched) { return fetched.scan == source.scan; });
    Fetched& fetched = same == found.end() ? found.emplace_back() : *same;
    fetched.scan = source.scan;
    fetched.path = std::move(source.path);
    fetched.columns.push_back(column);
    fetched.ordinals.push_back(source.ordinal);
  }
  std::erase_if(found, [](const Fetched& fetched) { return !IsWorthwhile(fetched); });
  return found;
}

/// Makes the scan's row id a column of every node of the path.
OutputColumn CarryRowId(const Fetched& fetched, RuleContext& context) {
  LogicalScan& scan = *fetched.scan;
  if (!scan.with_row_id) {
    scan.with_row_id = true;
    scan.output.push_back({ColumnId((*context.next_column_id)++), TypeId::kUBigInt, scan.table_name + ".row_id"});
  }
  OutputColumn row_id = scan.output.back();
  for (auto node = fetched.path.rbegin(); node != fetched.path.rend(); ++node) {
    if ((*node)->kind != PlanKind::kProject) {
      RefreshOutput(**node);
    } else if (!Gives(**node, row_id.id)) {
      (*node)->As<LogicalProject>().exprs.push_back(BoundExpr::Column(row_id.id, row_id.type, row_id.name));
      (*node)->output.push_back(row_id);
    }
  }
  return row_id;
}

LogicalPlanPtr FetchAbove(LogicalPlanPtr cut, RuleContext& context, bool* changed) {
  const std::vector<Fetched> all = FindFetched(*cut);
  if (all.empty()) return cut;
  *changed = true;
  std::vector<OutputColumn> row_ids;
  for (const Fetched& fetched : all) row_ids.push_back(CarryRowId(fetched, context));
  RefreshOutput(*cut);
  LogicalPlanPtr top = std::move(cut);
  for (size_t i = 0; i < all.size(); ++i) {
    auto fetch = std::make_unique<LogicalFetch>();
    fetch->table = all[i].scan->table;
    fetch->table_name = all[i].scan->table_name;
    fetch->row_id = BoundExpr::Column(row_ids[i].id, row_ids[i].type, row_ids[i].name);
    fetch->column_ordinals = all[i].ordinals;
    fetch->estimated_rows = top->estimated_rows;
    const std::vector<OutputColumn>& columns = all[i].columns;
    for (const OutputColumn& column : top->output) {
      const bool is_fetched = std::any_of(columns.begin(), columns.end(),
                                          [&column](const OutputColumn& other) { return other.id == column.id; });
      if (!is_fetched) fetch->output.push_back(column);
    }
    fetch->output.insert(fetch->output.end(), columns.begin(), columns.end());
    fetch->children.push_back(std::move(top));
    top = std::move(fetch);
  }
  return top;
}

LogicalPlanPtr Rewrite(LogicalPlanPtr plan, RuleContext& context, bool* changed) {
  for (size_t i = 0; i < plan->children.size(); ++i) {
    const std::vector<OutputColumn> wanted = plan->children[i]->output;
    plan->children[i] = Rewrite(std::move(plan->children[i]), context, changed);
    if (ReadsByPlace(*plan, i)) plan->children[i] = WithOutput(std::move(plan->children[i]), wanted);
  }
  Cut cut;
  return FindCut(*plan, &cut) ? FetchAbove(std::move(plan), context, changed) : std::move(plan);
}

}  // namespace

LogicalPlanPtr MaterializeLate(LogicalPlanPtr root, RuleContext& context) {
  bool changed = false;
  const std::vector<OutputColumn> wanted = root->output;
  root = WithOutput(Rewrite(std::move(root), context, &changed), wanted);
  // What is fetched need not be read before.
  if (changed) PruneColumns(*root);
  return root;
}

}  // namespace llkv
