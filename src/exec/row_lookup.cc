// See row_lookup.h.
#include "exec/row_lookup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "exec/value_writer.h"

namespace llkv {

namespace {

bool IsPlain(const BoundExprPtr& expr) { return IsPlainValue(*expr); }

/// The scan below, where the plan is nothing but the lookup of a key and a choice of columns.
const LogicalScan* FindLookup(const LogicalPlan& plan) {
  const LogicalPlan* node = &plan;
  if (node->kind == PlanKind::kProject) {
    const auto& exprs = node->As<LogicalProject>().exprs;
    const bool is_choice = std::all_of(exprs.begin(), exprs.end(),
                                       [](const BoundExprPtr& expr) { return expr->kind == ExprKind::kColumn; });
    if (!is_choice) return nullptr;
    node = node->children[0].get();
  }
  if (node->kind != PlanKind::kScan) return nullptr;
  const auto& scan = node->As<LogicalScan>();
  // Where there are no more predicates than parts of the key, the key implies them all.
  const bool is_lookup = !scan.key_lookup.empty() && scan.predicates.size() == scan.key_lookup.size() &&
                         !scan.with_row_id && std::all_of(scan.key_lookup.begin(), scan.key_lookup.end(), IsPlain);
  return is_lookup ? &scan : nullptr;
}

}  // namespace

RowLookup::RowLookup(std::shared_ptr<const LogicalPlan> plan, const LogicalScan& scan)
    : plan_(std::move(plan)), scan_(scan), key_(scan.key_lookup.size()) {}

std::unique_ptr<RowLookup> RowLookup::Make(std::shared_ptr<const LogicalPlan> plan) {
  const LogicalScan* scan = FindLookup(*plan);
  if (scan == nullptr) return nullptr;
  std::unique_ptr<RowLookup> made(new RowLookup(std::move(plan), *scan));
  for (size_t i = 0; i < made->plan_->output.size(); ++i) {
    size_t source = i;
    if (made->plan_->kind == PlanKind::kProject) {
      const ColumnId wanted = made->plan_->As<LogicalProject>().exprs[i]->column;
      source = 0;
      while (source < scan->output.size() && scan->output[source].id != wanted) ++source;
      if (source == scan->output.size()) return nullptr;
    }
    made->sources_.push_back(source);
  }
  made->columns_.resize(made->sources_.size());
  return made;
}

arrow::Result<Batch> RowLookup::Read(StoreResolver& stores, const Snapshot& snapshot, std::span<const Value> parameters,
                                     arrow::MemoryPool* pool) {
  for (size_t i = 0; i < key_.size(); ++i) {
    key_[i] = PlainValue(*scan_.key_lookup[i], parameters);
  }
  if (store_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(store_, stores.FindStore(scan_.table));
  }
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, store_->LookupKey(snapshot, key_, scan_.index));
  if (!row) return Batch();
  if (buffer_ == nullptr) {
    ARROW_ASSIGN_OR_RAISE(buffer_, store_->MakeGatherBuffer(scan_.column_ordinals, pool));
  }
  ARROW_RETURN_NOT_OK(store_->Gather(snapshot, std::span<const RowId>(&*row, 1), *buffer_));
  const Batch& found = buffer_->batch();
  for (size_t i = 0; i < sources_.size(); ++i) columns_[i] = found.columns[sources_[i]];
  return Batch{columns_, found.num_rows, found.selection};
}

}  // namespace llkv
