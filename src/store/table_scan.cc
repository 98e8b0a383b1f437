// The scan of a ColumnTable: which row groups it reads, in what order, and morsels of hot and cold ones alike.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/column_table.h"
#include "store/index_range.h"
#include "store/scan_bound.h"
#include "store/table_scan_cursor.h"

namespace llkv {

namespace {

constexpr uint32_t kMorselRows = 32768;
constexpr uint32_t kMinMorselRows = 4096;

/// Small tables have small morsels: threads that share some dozens of them end at about the same time.
uint32_t MorselRows(uint64_t num_rows) {
  constexpr uint64_t kMorsels = 64;
  uint32_t rows = kMorselRows;
  while (rows > kMinMorselRows && rows * kMorsels > num_rows) rows /= 2;
  return rows;
}

void CountSkipped(ScanPlan& plan, const ScanUnit& unit) {
  const RowGroupDescriptor& descriptor = *unit.entry.cold->descriptor();
  plan.counters.row_groups_skipped.fetch_add(1, std::memory_order_relaxed);
  for (const uint32_t ordinal : plan.columns) {
    const size_t index = unit.entry.cold->ColumnIndex(ordinal);
    if (index == ColdRowGroup::kNoColumn) continue;
    plan.counters.bytes_skipped.fetch_add(descriptor.columns[index].size_bytes, std::memory_order_relaxed);
  }
}

/// Whether all rows of a row group lie beyond a bound, as it is by now.
bool IsBeyondBound(const ScanPlan& plan, const ScanUnit& unit) {
  for (size_t i = 0; i < plan.request.bounds.size(); ++i) {
    const BoundedColumn& bounded = plan.request.bounds[i];
    if (bounded.bound->version() == 0 || !IsBoundUsable(plan, i, unit.entry)) continue;
    const auto bound = bounded.bound->Get(bounded.column);
    if (bound.has_value() && OutcomeFor(bound->first, unit.entry) == PredicateOutcome::kNone) return true;
  }
  return false;
}

/// Whether a runtime filter or bound, as far as it is known by now, needs none of a row group's rows.
bool IsFilteredOut(const ScanPlan& plan, const ScanUnit& unit) {
  if (unit.entry.cold == nullptr) return false;
  if (IsBeyondBound(plan, unit)) return true;
  for (size_t i = 0; i < plan.request.runtime_filters.size(); ++i) {
    const RuntimeFilter& filter = plan.request.runtime_filters[i];
    const size_t index = unit.entry.cold->ColumnIndex(filter.column);
    if (index == ColdRowGroup::kNoColumn) continue;
    const ChunkDescriptor& chunk = unit.entry.cold->descriptor()->columns[index];
    const ChunkStatistics& statistics = chunk.statistics;
    // A chunk may be of a type that the column had before.
    if (chunk.type != plan.types[plan.filter_places[i]] || statistics.min.is_null() || statistics.max.is_null())
      continue;
    if (!filter.filter->MayPass(statistics.min, statistics.max)) return true;
  }
  return false;
}

class ColumnScan : public TableScan {
 public:
  ColumnScan(std::unique_ptr<ScanPlan> plan, arrow::MemoryPool* default_pool)
      : plan_(std::move(plan)), default_pool_(default_pool) {}

  arrow::Result<std::unique_ptr<ScanCursor>> MakeCursor(arrow::MemoryPool* pool) override {
    return MakeMorselCursor(plan_.get(), pool != nullptr ? pool : default_pool_);
  }

  arrow::Result<bool> NextMorsel(ScanCursor& cursor) override {
    while (true) {
      const size_t index = next_morsel_.fetch_add(1, std::memory_order_relaxed);
      if (index >= plan_->morsels.size()) return false;
      const Morsel& morsel = plan_->morsels[index];
      const bool is_first = morsel.first == 0;
      if (IsFilteredOut(*plan_, *morsel.unit)) {
        if (is_first) CountSkipped(*plan_, *morsel.unit);
        continue;
      }
      if (is_first) CountUnit(*morsel.unit);
      ARROW_RETURN_NOT_OK(static_cast<MorselCursor&>(cursor).Start(morsel));
      return true;
    }
  }

  uint64_t num_rows_estimate() const override { return plan_->num_rows; }
  uint64_t num_morsels_estimate() const override { return plan_->morsels.size(); }
  bool uses_index() const override { return plan_->uses_index; }
  const ScanCounters& counters() const override { return plan_->counters; }

 private:
  void CountUnit(const ScanUnit& unit) {
    plan_->counters.row_groups_scanned.fetch_add(1, std::memory_order_relaxed);
    if (unit.entry.cold == nullptr) return;
    for (const uint32_t ordinal : plan_->columns) {
      const size_t index = unit.entry.cold->ColumnIndex(ordinal);
      if (index == ColdRowGroup::kNoColumn) continue;
      plan_->counters.chunks_opened.fetch_add(1, std::memory_order_relaxed);
      plan_->counters.bytes_read.fetch_add(unit.entry.cold->descriptor()->columns[index].size_bytes,
                                           std::memory_order_relaxed);
    }
  }

  std::unique_ptr<ScanPlan> plan_;
  arrow::MemoryPool* default_pool_;
  std::atomic<size_t> next_morsel_{0};
};

size_t AddColumn(ScanPlan& plan, const TableLayout& layout, uint32_t ordinal) {
  const auto found = std::find(plan.columns.begin(), plan.columns.end(), ordinal);
  if (found != plan.columns.end()) return static_cast<size_t>(found - plan.columns.begin());
  plan.columns.push_back(ordinal);
  plan.types.push_back(layout.columns[ordinal].type);
  return plan.columns.size() - 1;
}

arrow::Status AddColumns(ScanPlan& plan, const TableLayout& layout) {
  const auto check = [&layout](uint32_t ordinal) {
    return ordinal < layout.columns.size() ? arrow::Status::OK()
                                           : InternalError("a scan of a column that is not there");
  };
  for (const ScanPredicate& predicate : plan.request.predicates) {
    ARROW_RETURN_NOT_OK(check(predicate.column));
    plan.predicate_places.push_back(AddColumn(plan, layout, predicate.column));
  }
  for (const RuntimeFilter& filter : plan.request.runtime_filters) {
    ARROW_RETURN_NOT_OK(check(filter.column));
    plan.filter_places.push_back(AddColumn(plan, layout, filter.column));
  }
  for (const BoundedColumn& bounded : plan.request.bounds) {
    ARROW_RETURN_NOT_OK(check(bounded.column));
    plan.bound_places.push_back(AddColumn(plan, layout, bounded.column));
  }
  for (const uint32_t ordinal : plan.request.columns) {
    ARROW_RETURN_NOT_OK(check(ordinal));
    plan.output_places.push_back(AddColumn(plan, layout, ordinal));
  }
  return arrow::Status::OK();
}

/// Whether equality predicates fix all parts of a unique key.
bool IsKeyFixed(const ScanRequest& request, const IndexLayout& index) {
  return std::all_of(index.parts.begin(), index.parts.end(), [&request](const IndexPart& part) {
    return std::any_of(request.predicates.begin(), request.predicates.end(), [&part](const ScanPredicate& predicate) {
      return predicate.column == part.column && predicate.op == PredicateOp::kEqual;
    });
  });
}

bool IsSkipped(ScanPlan& plan, const ScanUnit& unit) {
  if (unit.entry.cold == nullptr) return false;
  const bool is_skipped = std::any_of(
      plan.request.predicates.begin(), plan.request.predicates.end(),
      [&unit](const ScanPredicate& predicate) { return OutcomeFor(predicate, unit.entry) == PredicateOutcome::kNone; });
  if (is_skipped) CountSkipped(plan, unit);
  return is_skipped;
}

/// Rows up to which a scan by index pays, for a table of so many: each costs what some dozens cost in a full scan.
size_t MaxIndexRows(int64_t num_rows) { return 256 + static_cast<size_t>(std::max<int64_t>(num_rows, 0)) / 32; }

/// Looks rows up by an index; false where the predicates do not bound it, or leave too many keys.
arrow::Result<bool> AddIndexUnits(ScanPlan& plan, const ColumnTable& table, const TableIndex& index) {
  const auto ranges = MakeKeyRanges(*index.layout, table.types(), plan.request.predicates);
  if (!ranges) return false;
  const Snapshot& snapshot = plan.request.snapshot;
  std::vector<RowId> rows;
  ARROW_ASSIGN_OR_RAISE(const bool is_few,
                        table.CollectIndexRows(index, snapshot, *ranges, MaxIndexRows(table.live_rows()), &rows));
  if (!is_few) return false;
  for (const RowId row : rows) {
    ARROW_ASSIGN_OR_RAISE(const ColumnTable::RowPlace place, table.FindVisible(*plan.state, snapshot, row));
    if (place.entry == nullptr) continue;
    const auto is_same = [&place](const GroupEntry& entry) {
      return entry.hot == place.entry->hot && entry.cold == place.entry->cold;
    };
    if (plan.units.empty() || !is_same(plan.units.back().entry)) plan.units.push_back({*place.entry, 0, {}});
    plan.units.back().slots.push_back(place.slot);
    plan.units.back().num_rows = place.slot + 1;
    ++plan.num_rows;
  }
  for (const ScanUnit& unit : plan.units) {
    const auto num_slots = static_cast<uint32_t>(unit.slots.size());
    for (uint32_t first = 0; first < num_slots; first += kMorselRows) {
      plan.morsels.push_back({&unit, first, std::min(num_slots, first + kMorselRows)});
    }
  }
  return true;
}

/// The best value in a row group by an order; nothing where it may be better than any that is known.
std::optional<Value> BestValue(const ScanOrder& order, LogicalType type, const GroupEntry& entry) {
  if (entry.cold == nullptr) return std::nullopt;
  const size_t index = entry.cold->ColumnIndex(order.column);
  if (index == ColdRowGroup::kNoColumn) return std::nullopt;
  const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
  const Value& best = order.descending ? chunk.statistics.max : chunk.statistics.min;
  if (chunk.type != type || best.is_null() || (order.nulls_first && chunk.has_nulls())) return std::nullopt;
  return best;
}

/// Puts the row groups that may have the best values first.
void OrderUnits(ScanPlan& plan, LogicalType type) {
  const ScanOrder& order = *plan.request.order;
  std::vector<std::pair<std::optional<Value>, ScanUnit>> units;
  for (ScanUnit& unit : plan.units) units.emplace_back(BestValue(order, type, unit.entry), std::move(unit));
  std::stable_sort(units.begin(), units.end(), [&order](const auto& a, const auto& b) {
    if (!a.first.has_value() || !b.first.has_value()) return !a.first.has_value() && b.first.has_value();
    const int compared = CompareValues(*a.first, *b.first);
    return order.descending ? compared > 0 : compared < 0;
  });
  plan.units.clear();
  for (auto& unit : units) plan.units.push_back(std::move(unit.second));
}

arrow::Status AddUnits(ScanPlan& plan, const TableLayout& layout) {
  const CommitTs ts = plan.request.snapshot.ts;
  for (const std::vector<GroupEntry>* entries : {&plan.state->groups, &plan.state->retired_groups}) {
    for (const GroupEntry& entry : *entries) {
      if (!entry.validity.Contains(ts)) continue;
      if (entry.cold != nullptr && !plan.request.snapshot.Sees(entry.cold->created_by().load())) continue;
      if (entry.cold != nullptr) ARROW_RETURN_NOT_OK(entry.cold->Load());
      ScanUnit unit{entry, entry.hot != nullptr ? entry.hot->num_rows() : entry.cold->num_rows(), {}};
      if (unit.num_rows > 0 && !IsSkipped(plan, unit)) plan.units.push_back(std::move(unit));
    }
  }
  std::sort(plan.units.begin(), plan.units.end(),
            [](const ScanUnit& a, const ScanUnit& b) { return a.entry.first_row < b.entry.first_row; });
  if (plan.request.order.has_value()) OrderUnits(plan, layout.columns[plan.request.order->column].type);
  for (const ScanUnit& unit : plan.units) plan.num_rows += unit.num_rows;
  const uint32_t morsel_rows = MorselRows(plan.num_rows);
  for (const ScanUnit& unit : plan.units) {
    for (uint32_t first = 0; first < unit.num_rows; first += morsel_rows) {
      plan.morsels.push_back({&unit, first, std::min(unit.num_rows, first + morsel_rows)});
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::unique_ptr<TableScan>> ColumnTable::OpenScan(ScanRequest request) {
  auto plan = std::make_unique<ScanPlan>();
  plan->request = std::move(request);
  plan->request.batch_rows = std::clamp(plan->request.batch_rows, 1u, kMaxBatchRows);
  plan->state = state();
  ARROW_RETURN_NOT_OK(AddColumns(*plan, layout_));
  const TableIndex* index =
      plan->request.index.value != 0 ? plan->state->FindIndex(plan->request.index, plan->request.snapshot) : nullptr;
  if (index == nullptr) {
    index = plan->state->FindIndex(IndexId(), plan->request.snapshot);
    if (index != nullptr && !IsKeyFixed(plan->request, *index->layout)) index = nullptr;
  }
  if (index != nullptr) {
    ARROW_ASSIGN_OR_RAISE(plan->uses_index, AddIndexUnits(*plan, *this, *index));
  }
  if (!plan->uses_index) ARROW_RETURN_NOT_OK(AddUnits(*plan, layout_));
  return std::make_unique<ColumnScan>(std::move(plan), context_.pool);
}

}  // namespace llkv
