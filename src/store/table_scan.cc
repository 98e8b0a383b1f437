// The scan of a ColumnTable: morsels of hot and cold row groups alike, visibility, predicates on encoded values.
#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/column_reader.h"
#include "store/column_table.h"
#include "store/predicate.h"

namespace llkv {

namespace {

constexpr uint32_t kMorselRows = 32768;

/// A row group that a scan reads, with the rows that it had when the scan began.
struct ScanUnit {
  GroupEntry entry;
  uint32_t num_rows = 0;
};

struct Morsel {
  const ScanUnit* unit = nullptr;
  uint32_t first = 0;
  uint32_t end = 0;
};

/// What all cursors of a scan share.
struct ScanPlan {
  ScanRequest request;
  /// Keeps the row groups alive.
  TableStatePtr state;
  std::vector<CompiledPredicate> predicates;
  /// Each column that is needed, once; the places in it of predicates', filters' and output columns.
  std::vector<uint32_t> columns;
  std::vector<LogicalType> types;
  std::vector<size_t> predicate_places;
  std::vector<size_t> filter_places;
  std::vector<size_t> output_places;
  std::vector<ScanUnit> units;
  std::vector<Morsel> morsels;
  uint64_t num_rows = 0;
  bool uses_index = false;
  ScanCounters counters;
};

class ColumnScanCursor : public ScanCursor {
 public:
  explicit ColumnScanCursor(ScanPlan* plan) : plan_(*plan), columns_(plan->columns.size()) {
    memos_.resize(plan_.predicates.size());
    output_.resize(plan_.output_places.size() + (plan_.request.with_row_ids ? 1 : 0));
    row_ids_.resize(kMaxBatchRows + 8);
    mask_.resize(kMaxBatchRows + 64);
    rows_.resize(kMaxBatchRows + 64);
  }

  arrow::Status Start(const Morsel& morsel) {
    if (morsel.unit != morsel_.unit) ARROW_RETURN_NOT_OK(StartUnit(*morsel.unit));
    morsel_ = morsel;
    next_ = morsel.first;
    return arrow::Status::OK();
  }

  arrow::Result<bool> Next(Batch* batch) override {
    while (next_ < morsel_.end) {
      const uint32_t first = next_;
      const uint32_t count = std::min(WindowEnd(), first + plan_.request.batch_rows) - first;
      next_ = first + count;
      ARROW_ASSIGN_OR_RAISE(const Selection selection, Select(first, count));
      plan_.counters.rows_scanned.fetch_add(count, std::memory_order_relaxed);
      if (selection.count == 0) continue;
      plan_.counters.rows_passed.fetch_add(selection.count, std::memory_order_relaxed);
      ARROW_RETURN_NOT_OK(FillOutput(first, count));
      batch->columns = output_;
      batch->num_rows = count;
      batch->selection = selection;
      return true;
    }
    return false;
  }

 private:
  struct Column {
    Vector vector;
    ValidityScratch validity;
    /// The window that `vector` is of.
    uint64_t window = 0;
  };

  arrow::Status StartUnit(const ScanUnit& unit) {
    deleted_.clear();
    if (unit.entry.cold == nullptr) return arrow::Status::OK();
    const std::shared_ptr<DeleteSet> deletes = unit.entry.cold->deletes();
    if (!deletes->empty()) deletes->GetDeleted(plan_.request.snapshot, &deleted_);
    return arrow::Status::OK();
  }

  /// Windows end where blocks do, so that a Vector is one piece of memory and bitmaps of cold rows need no shift.
  uint32_t WindowEnd() const {
    uint32_t end = 0;
    if (morsel_.unit->entry.hot != nullptr) {
      end = HotRowGroup::BlockStart(HotRowGroup::BlockOf(next_) + 1);
    } else {
      end = (next_ / kMaxBatchRows + 1) * kMaxBatchRows;
    }
    return std::min(end, morsel_.end);
  }

  arrow::Result<const Vector*> Load(size_t place, uint32_t first, uint32_t count) {
    Column& column = columns_[place];
    if (column.window != window_) {
      ARROW_ASSIGN_OR_RAISE(column.vector, GetColumn(morsel_.unit->entry, plan_.columns[place], plan_.types[place],
                                                     first, count, column.validity));
      column.window = window_;
    }
    return &column.vector;
  }

  /// Puts visibility into the mask; false where every row is visible and the mask was left alone.
  bool MaskVisible(uint32_t first, uint32_t count) {
    const GroupEntry& entry = morsel_.unit->entry;
    if (entry.hot != nullptr) {
      const uint32_t index = HotRowGroup::BlockOf(first);
      const HotBlock& block = entry.hot->block(index);
      if (block.AllVisible(plan_.request.snapshot)) return false;
      block.GetVisibility(plan_.request.snapshot, first - HotRowGroup::BlockStart(index), count, mask_.data());
      return true;
    }
    if (deleted_.empty()) return false;
    for (uint32_t i = 0; i < count; ++i) {
      const uint32_t row = first + i;
      mask_[i] = static_cast<uint8_t>(((deleted_[row / 64] >> (row % 64)) & 1) ^ 1);
    }
    return true;
  }

  arrow::Result<Selection> Select(uint32_t first, uint32_t count) {
    ++window_;
    bool has_mask = MaskVisible(first, count);
    const auto need_mask = [&] {
      if (!has_mask) std::fill_n(mask_.data(), count, uint8_t{1});
      has_mask = true;
    };
    const auto is_empty = [&] { return std::find(mask_.data(), mask_.data() + count, 1) == mask_.data() + count; };
    for (size_t i = 0; i < plan_.predicates.size(); ++i) {
      need_mask();
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, Load(plan_.predicate_places[i], first, count));
      plan_.predicates[i].Apply(*vector, count, mask_.data(), &memos_[i]);
      if (is_empty()) return Selection{rows_.data(), 0};
    }
    for (size_t i = 0; i < plan_.request.runtime_filters.size(); ++i) {
      need_mask();
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, Load(plan_.filter_places[i], first, count));
      plan_.request.runtime_filters[i].filter->Apply(*vector, count, mask_.data());
    }
    if (!has_mask) return Selection::All(count);
    const uint32_t num_selected = MaskToSelection(mask_.data(), count, rows_.data());
    return num_selected == count ? Selection::All(count) : Selection{rows_.data(), num_selected};
  }

  arrow::Status FillOutput(uint32_t first, uint32_t count) {
    for (size_t i = 0; i < plan_.output_places.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, Load(plan_.output_places[i], first, count));
      output_[i] = *vector;
    }
    if (!plan_.request.with_row_ids) return arrow::Status::OK();
    const GroupEntry& entry = morsel_.unit->entry;
    if (entry.hot != nullptr) {
      for (uint32_t i = 0; i < count; ++i) row_ids_[i] = RowId(entry.first_row + first + i);
    } else {
      ARROW_RETURN_NOT_OK(entry.cold->reader().GetRowIds(first, {row_ids_.data(), count}));
    }
    static_assert(sizeof(RowId) == sizeof(uint64_t));
    Vector& vector = output_.back();
    vector.type = TypeId::kUBigInt;
    vector.storage = PhysicalType::kUInt64;
    vector.data = row_ids_.data();
    return arrow::Status::OK();
  }

  ScanPlan& plan_;
  Morsel morsel_;
  uint32_t next_ = 0;
  uint64_t window_ = 0;
  /// Of the current cold row group; empty: none.
  RowBitmap deleted_;
  std::vector<Column> columns_;
  std::vector<DictionaryMemo> memos_;
  std::vector<Vector> output_;
  std::vector<RowId> row_ids_;
  std::vector<uint8_t> mask_;
  std::vector<uint16_t> rows_;
};

class ColumnScan : public TableScan {
 public:
  explicit ColumnScan(std::unique_ptr<ScanPlan> plan) : plan_(std::move(plan)) {}

  arrow::Result<std::unique_ptr<ScanCursor>> MakeCursor(arrow::MemoryPool*) override {
    return std::make_unique<ColumnScanCursor>(plan_.get());
  }

  arrow::Result<bool> NextMorsel(ScanCursor& cursor) override {
    const size_t index = next_morsel_.fetch_add(1, std::memory_order_relaxed);
    if (index >= plan_->morsels.size()) return false;
    const Morsel& morsel = plan_->morsels[index];
    if (morsel.first == 0 || plan_->uses_index) CountUnit(*morsel.unit);
    ARROW_RETURN_NOT_OK(static_cast<ColumnScanCursor&>(cursor).Start(morsel));
    return true;
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
    plan.predicates.emplace_back(predicate, layout.columns[predicate.column].type);
    plan.predicate_places.push_back(AddColumn(plan, layout, predicate.column));
  }
  for (const RuntimeFilter& filter : plan.request.runtime_filters) {
    ARROW_RETURN_NOT_OK(check(filter.column));
    plan.filter_places.push_back(AddColumn(plan, layout, filter.column));
  }
  for (const uint32_t ordinal : plan.request.columns) {
    ARROW_RETURN_NOT_OK(check(ordinal));
    plan.output_places.push_back(AddColumn(plan, layout, ordinal));
  }
  return arrow::Status::OK();
}

/// The key that equality predicates fix, or nothing.
std::vector<Value> FixedKey(const ScanRequest& request, const TableLayout& layout) {
  std::vector<Value> key;
  for (const uint32_t ordinal : layout.primary_key) {
    const auto found =
        std::find_if(request.predicates.begin(), request.predicates.end(), [ordinal](const ScanPredicate& predicate) {
          return predicate.column == ordinal && predicate.op == PredicateOp::kEqual && predicate.values.size() == 1;
        });
    if (found == request.predicates.end()) return {};
    key.push_back(found->values[0]);
  }
  return key;
}

bool IsSkipped(ScanPlan& plan, const ScanUnit& unit) {
  if (unit.entry.cold == nullptr) return false;
  const RowGroupDescriptor& descriptor = *unit.entry.cold->descriptor();
  const bool is_skipped =
      std::any_of(plan.predicates.begin(), plan.predicates.end(), [&](const CompiledPredicate& predicate) {
        const size_t index = unit.entry.cold->ColumnIndex(predicate.column());
        return index != ColdRowGroup::kNoColumn && predicate.RejectsAll(descriptor.columns[index]);
      });
  if (!is_skipped) return false;
  plan.counters.row_groups_skipped.fetch_add(1, std::memory_order_relaxed);
  for (const uint32_t ordinal : plan.columns) {
    const size_t index = unit.entry.cold->ColumnIndex(ordinal);
    if (index == ColdRowGroup::kNoColumn) continue;
    plan.counters.bytes_skipped.fetch_add(descriptor.columns[index].size_bytes, std::memory_order_relaxed);
  }
  return true;
}

void AddUnits(ScanPlan& plan) {
  const CommitTs ts = plan.request.snapshot.ts;
  for (const std::vector<GroupEntry>* entries : {&plan.state->groups, &plan.state->retired_groups}) {
    for (const GroupEntry& entry : *entries) {
      if (!entry.validity.Contains(ts)) continue;
      if (entry.cold != nullptr && !plan.request.snapshot.Sees(entry.cold->created_by().load())) continue;
      ScanUnit unit{entry, entry.hot != nullptr ? entry.hot->num_rows() : entry.cold->num_rows()};
      if (unit.num_rows > 0 && !IsSkipped(plan, unit)) plan.units.push_back(std::move(unit));
    }
  }
  std::sort(plan.units.begin(), plan.units.end(),
            [](const ScanUnit& a, const ScanUnit& b) { return a.entry.first_row < b.entry.first_row; });
  for (const ScanUnit& unit : plan.units) {
    plan.num_rows += unit.num_rows;
    for (uint32_t first = 0; first < unit.num_rows; first += kMorselRows) {
      plan.morsels.push_back({&unit, first, std::min(unit.num_rows, first + kMorselRows)});
    }
  }
}

}  // namespace

arrow::Result<std::unique_ptr<TableScan>> ColumnTable::OpenScan(ScanRequest request) {
  auto plan = std::make_unique<ScanPlan>();
  plan->request = std::move(request);
  plan->request.batch_rows = std::clamp(plan->request.batch_rows, 1u, kMaxBatchRows);
  plan->state = state();
  ARROW_RETURN_NOT_OK(AddColumns(*plan, layout_));
  const std::vector<Value> key = FixedKey(plan->request, layout_);
  if (key.empty()) {
    AddUnits(*plan);
    return std::make_unique<ColumnScan>(std::move(plan));
  }
  plan->uses_index = true;
  ARROW_ASSIGN_OR_RAISE(const std::optional<RowId> row, LookupKey(plan->request.snapshot, key));
  if (row) {
    ARROW_ASSIGN_OR_RAISE(const RowPlace place, FindVisible(*plan->state, plan->request.snapshot, *row));
    if (place.entry != nullptr) {
      plan->num_rows = 1;
      plan->units.push_back({*place.entry, place.slot + 1});
      plan->morsels.push_back({&plan->units.back(), place.slot, place.slot + 1});
    }
  }
  return std::make_unique<ColumnScan>(std::move(plan));
}

}  // namespace llkv
