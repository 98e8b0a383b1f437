// The scan of a ColumnTable: morsels of hot and cold row groups alike, visibility, predicates on encoded values.
#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/column/chunk_predicate.h"
#include "store/column/predicate_kernels.h"
#include "store/column_reader.h"
#include "store/column_table.h"

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

/// What statistics say about a predicate on a row group.
PredicateOutcome OutcomeFor(const ScanPredicate& predicate, const GroupEntry& entry) {
  if (entry.cold == nullptr) return PredicateOutcome::kSome;
  const size_t index = entry.cold->ColumnIndex(predicate.column);
  if (index == ColdRowGroup::kNoColumn) return PredicateOutcome::kSome;
  return PruneByStatistics(predicate, entry.cold->descriptor()->columns[index]);
}

class ColumnScanCursor : public ScanCursor {
 public:
  ColumnScanCursor(ScanPlan* plan, arrow::MemoryPool* pool) : plan_(*plan) {
    for (size_t i = 0; i < plan->columns.size(); ++i) columns_.emplace_back(pool);
    output_.resize(plan_.output_places.size() + (plan_.request.with_row_ids ? 1 : 0));
    row_ids_.resize(kMaxBatchRows);
    mask_.resize(kMaxBatchRows / 64);
    rows_.resize(kMaxBatchRows + kRowsSlack);
  }

  arrow::Status Start(const Morsel& morsel) {
    const bool is_new = morsel.unit != morsel_.unit;
    morsel_ = morsel;
    next_ = morsel.first;
    return is_new ? StartUnit() : arrow::Status::OK();
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
      ARROW_RETURN_NOT_OK(FillOutput(first, count, selection));
      batch->columns = output_;
      batch->num_rows = count;
      batch->selection = selection;
      return true;
    }
    return false;
  }

 private:
  struct Column {
    explicit Column(arrow::MemoryPool* pool) : scratch(pool) {}
    Vector vector;
    ColumnScratch scratch;
    /// The window that `vector` is of.
    uint64_t window = 0;
  };

  /// A predicate as it applies to the current row group: to hot rows, or to a chunk.
  struct Prepared {
    VectorPredicate on_rows;
    std::optional<ChunkPredicate> on_chunk;
    size_t place;

    uint32_t cost() const { return on_chunk ? on_chunk->cost() : on_rows.cost(); }
    PredicateOutcome outcome() const { return on_chunk ? on_chunk->outcome() : on_rows.outcome(); }
  };

  arrow::Status StartUnit() {
    const GroupEntry& entry = morsel_.unit->entry;
    deleted_.clear();
    if (entry.cold != nullptr) {
      const std::shared_ptr<DeleteSet> deletes = entry.cold->deletes();
      if (!deletes->empty()) deletes->GetDeleted(plan_.request.snapshot, &deleted_);
    }
    predicates_.clear();
    rejects_all_ = false;
    ++window_;
    for (size_t i = 0; i < plan_.request.predicates.size(); ++i) {
      const ScanPredicate& predicate = plan_.request.predicates[i];
      if (OutcomeFor(predicate, entry) == PredicateOutcome::kAll) continue;
      ARROW_ASSIGN_OR_RAISE(Prepared prepared, Prepare(predicate, plan_.predicate_places[i]));
      rejects_all_ |= prepared.outcome() == PredicateOutcome::kNone;
      if (prepared.outcome() == PredicateOutcome::kSome) predicates_.push_back(std::move(prepared));
    }
    std::stable_sort(predicates_.begin(), predicates_.end(),
                     [](const Prepared& a, const Prepared& b) { return a.cost() < b.cost(); });
    return arrow::Status::OK();
  }

  arrow::Result<Prepared> Prepare(const ScanPredicate& predicate, size_t place) {
    Prepared prepared;
    prepared.place = place;
    const GroupEntry& entry = morsel_.unit->entry;
    const size_t index = entry.cold == nullptr ? ColdRowGroup::kNoColumn : entry.cold->ColumnIndex(predicate.column);
    if (index != ColdRowGroup::kNoColumn) {
      ARROW_ASSIGN_OR_RAISE(const ColumnChunk* chunk, entry.cold->reader().Column(index));
      ARROW_ASSIGN_OR_RAISE(prepared.on_chunk, ChunkPredicate::Prepare(predicate, *chunk));
      return prepared;
    }
    ARROW_ASSIGN_OR_RAISE(const Vector* shape, Load(place, morsel_.first, 1, Selection::All(1)));
    ARROW_ASSIGN_OR_RAISE(prepared.on_rows, VectorPredicate::Prepare(predicate, *shape));
    return prepared;
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

  /// Rows of a window, once: what selects them later takes no more of them.
  arrow::Result<const Vector*> Load(size_t place, uint32_t first, uint32_t count, const Selection& selection) {
    Column& column = columns_[place];
    if (column.window != window_) {
      ARROW_ASSIGN_OR_RAISE(column.vector, GetColumn(morsel_.unit->entry, plan_.columns[place], plan_.types[place],
                                                     first, count, selection, column.scratch));
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
    FillMask(count);
    const uint32_t shift = first % 64;
    for (uint32_t word = 0; word < (count + 63) / 64; ++word) {
      const size_t source = first / 64 + word;
      uint64_t deleted = deleted_[source] >> shift;
      if (shift != 0 && source + 1 < deleted_.size()) deleted |= deleted_[source + 1] << (64 - shift);
      mask_[word] &= ~deleted;
    }
    return true;
  }

  void FillMask(uint32_t count) {
    for (uint32_t start = 0; start < count; start += 64) {
      mask_[start / 64] = count - start >= 64 ? ~uint64_t{0} : (uint64_t{1} << (count - start)) - 1;
    }
  }

  bool IsMaskEmpty(uint32_t count) const {
    return std::all_of(mask_.data(), mask_.data() + (count + 63) / 64, [](uint64_t word) { return word == 0; });
  }

  arrow::Result<Selection> Select(uint32_t first, uint32_t count) {
    ++window_;
    const Selection none{rows_.data(), 0};
    if (rejects_all_) return none;
    bool has_mask = MaskVisible(first, count);
    if (!has_mask && predicates_.empty() && plan_.request.runtime_filters.empty()) return Selection::All(count);
    if (!has_mask) FillMask(count);
    for (const Prepared& prepared : predicates_) {
      if (IsMaskEmpty(count)) return none;
      ARROW_RETURN_NOT_OK(Evaluate(prepared, first, count));
    }
    for (size_t i = 0; i < plan_.request.runtime_filters.size(); ++i) {
      if (IsMaskEmpty(count)) return none;
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, LoadMasked(plan_.filter_places[i], first, count));
      plan_.request.runtime_filters[i].filter->Apply(*vector, count, mask_.data());
    }
    const uint32_t num_selected = MaskToRows(mask_.data(), count, rows_.data());
    return num_selected == count ? Selection::All(count) : Selection{rows_.data(), num_selected};
  }

  arrow::Status Evaluate(const Prepared& prepared, uint32_t first, uint32_t count) {
    if (prepared.on_chunk && prepared.on_chunk->is_on_runs()) {
      prepared.on_chunk->Evaluate(first, Vector(), count, mask_.data());
      return arrow::Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const Vector* vector, LoadMasked(prepared.place, first, count));
    if (prepared.on_chunk) {
      prepared.on_chunk->Evaluate(first, *vector, count, mask_.data());
    } else {
      prepared.on_rows.Evaluate(*vector, count, mask_.data());
    }
    return arrow::Status::OK();
  }

  /// Rows that are in the mask.
  arrow::Result<const Vector*> LoadMasked(size_t place, uint32_t first, uint32_t count) {
    const GroupEntry& entry = morsel_.unit->entry;
    const size_t index =
        entry.cold == nullptr ? ColdRowGroup::kNoColumn : entry.cold->ColumnIndex(plan_.columns[place]);
    const bool is_decoded = index != ColdRowGroup::kNoColumn && entry.cold->descriptor()->columns[index].is_decoded();
    if (!is_decoded) return Load(place, first, count, Selection::All(count));
    const uint32_t num_selected = MaskToRows(mask_.data(), count, rows_.data());
    const Selection selection = num_selected == count ? Selection::All(count) : Selection{rows_.data(), num_selected};
    return Load(place, first, count, selection);
  }

  arrow::Status FillOutput(uint32_t first, uint32_t count, const Selection& selection) {
    for (size_t i = 0; i < plan_.output_places.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, Load(plan_.output_places[i], first, count, selection));
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
  std::vector<Prepared> predicates_;
  bool rejects_all_ = false;
  std::vector<Vector> output_;
  std::vector<RowId> row_ids_;
  std::vector<uint64_t> mask_;
  std::vector<uint16_t> rows_;
};

class ColumnScan : public TableScan {
 public:
  ColumnScan(std::unique_ptr<ScanPlan> plan, arrow::MemoryPool* default_pool)
      : plan_(std::move(plan)), default_pool_(default_pool) {}

  arrow::Result<std::unique_ptr<ScanCursor>> MakeCursor(arrow::MemoryPool* pool) override {
    return std::make_unique<ColumnScanCursor>(plan_.get(), pool != nullptr ? pool : default_pool_);
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
  const bool is_skipped = std::any_of(
      plan.request.predicates.begin(), plan.request.predicates.end(),
      [&unit](const ScanPredicate& predicate) { return OutcomeFor(predicate, unit.entry) == PredicateOutcome::kNone; });
  if (!is_skipped) return false;
  plan.counters.row_groups_skipped.fetch_add(1, std::memory_order_relaxed);
  for (const uint32_t ordinal : plan.columns) {
    const size_t index = unit.entry.cold->ColumnIndex(ordinal);
    if (index == ColdRowGroup::kNoColumn) continue;
    plan.counters.bytes_skipped.fetch_add(descriptor.columns[index].size_bytes, std::memory_order_relaxed);
  }
  return true;
}

arrow::Status AddUnits(ScanPlan& plan) {
  const CommitTs ts = plan.request.snapshot.ts;
  for (const std::vector<GroupEntry>* entries : {&plan.state->groups, &plan.state->retired_groups}) {
    for (const GroupEntry& entry : *entries) {
      if (!entry.validity.Contains(ts)) continue;
      if (entry.cold != nullptr && !plan.request.snapshot.Sees(entry.cold->created_by().load())) continue;
      if (entry.cold != nullptr) ARROW_RETURN_NOT_OK(entry.cold->Load());
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
  return arrow::Status::OK();
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
    ARROW_RETURN_NOT_OK(AddUnits(*plan));
    return std::make_unique<ColumnScan>(std::move(plan), context_.pool);
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
  return std::make_unique<ColumnScan>(std::move(plan), context_.pool);
}

}  // namespace llkv
