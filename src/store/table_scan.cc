// The scan of a ColumnTable: morsels of hot and cold row groups alike, visibility, predicates on encoded values.
#include <algorithm>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "store/column/chunk_predicate.h"
#include "store/column/predicate_kernels.h"
#include "store/column_reader.h"
#include "store/column_table.h"
#include "store/index_range.h"
#include "store/scan_bound.h"

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

/// A row group that a scan reads, with the rows that it had when the scan began.
struct ScanUnit {
  GroupEntry entry;
  uint32_t num_rows = 0;
  /// Of a scan by index: the places of the rows to look at, ascending.
  std::vector<uint32_t> slots;
};

/// Rows [first, end) of a unit; in a scan by index, of its slots.
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
  std::vector<size_t> bound_places;
  std::vector<size_t> output_places;
  std::deque<ScanUnit> units;
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

/// Whether the rows of a row group can be held against a bound: NULLs that pass it are not looked for.
bool IsBoundUsable(const ScanPlan& plan, size_t bound, const GroupEntry& entry) {
  const BoundedColumn& bounded = plan.request.bounds[bound];
  if (entry.cold == nullptr) return true;
  const size_t index = entry.cold->ColumnIndex(bounded.column);
  if (index == ColdRowGroup::kNoColumn) return false;
  const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
  // A chunk may be of a type that the column had before.
  return chunk.type == plan.types[plan.bound_places[bound]] && !(bounded.bound->passes_nulls() && chunk.has_nulls());
}

class ColumnScanCursor : public ScanCursor {
 public:
  ColumnScanCursor(ScanPlan* plan, arrow::MemoryPool* pool) : plan_(*plan), bounds_(plan->request.bounds.size()) {
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
      const uint32_t first = plan_.uses_index ? morsel_.unit->slots[next_] : next_;
      const uint32_t end = std::min(WindowEnd(first), first + plan_.request.batch_rows);
      const uint32_t count = plan_.uses_index ? TakeSlots(first, end) : end - first;
      if (!plan_.uses_index) next_ = end;
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

  /// A bound as it applies to the current row group, in its latest version that this cursor knows.
  struct PreparedBound {
    uint64_t version = 0;
    bool is_usable = false;
    std::optional<Prepared> predicate;
  };

  arrow::Status StartUnit() {
    const GroupEntry& entry = morsel_.unit->entry;
    for (size_t i = 0; i < bounds_.size(); ++i) bounds_[i] = {0, IsBoundUsable(plan_, i, entry), {}};
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
    const uint32_t first = plan_.uses_index ? morsel_.unit->slots[morsel_.first] : morsel_.first;
    ARROW_ASSIGN_OR_RAISE(const Vector* shape, Load(place, first, 1, Selection::All(1)));
    ARROW_ASSIGN_OR_RAISE(prepared.on_rows, VectorPredicate::Prepare(predicate, *shape));
    return prepared;
  }

  /// Takes over bounds that moved. Leaves the window at hand without columns.
  arrow::Status UpdateBounds() {
    for (size_t i = 0; i < bounds_.size(); ++i) {
      PreparedBound& prepared = bounds_[i];
      const BoundedColumn& bounded = plan_.request.bounds[i];
      if (!prepared.is_usable || prepared.version == bounded.bound->version()) continue;
      const auto bound = bounded.bound->Get(bounded.column);
      if (!bound.has_value()) continue;
      prepared.version = bound->second;
      ++window_;
      ARROW_ASSIGN_OR_RAISE(prepared.predicate, Prepare(bound->first, plan_.bound_places[i]));
    }
    return arrow::Status::OK();
  }

  arrow::Status ApplyBounds(uint32_t first, uint32_t count) {
    for (size_t i = 0; i < bounds_.size(); ++i) {
      const auto& predicate = bounds_[i].predicate;
      if (!predicate.has_value() || predicate->outcome() == PredicateOutcome::kAll) continue;
      if (IsMaskEmpty(count)) break;
      if (!predicate->on_chunk && plan_.request.bounds[i].bound->passes_nulls()) {
        // Hot rows may have NULLs, which a predicate rejects.
        ARROW_ASSIGN_OR_RAISE(const Vector* vector, LoadMasked(predicate->place, first, count));
        if (vector->validity != nullptr || vector->IsConstantNull()) continue;
      }
      ARROW_RETURN_NOT_OK(Evaluate(*predicate, first, count));
    }
    return arrow::Status::OK();
  }

  /// Windows end where blocks do, so that a Vector is one piece of memory and bitmaps of cold rows need no shift.
  uint32_t WindowEnd(uint32_t first) const {
    uint32_t end = 0;
    if (morsel_.unit->entry.hot != nullptr) {
      end = HotRowGroup::BlockStart(HotRowGroup::BlockOf(first) + 1);
    } else {
      end = (first / kMaxBatchRows + 1) * kMaxBatchRows;
    }
    return std::min(end, plan_.uses_index ? morsel_.unit->num_rows : morsel_.end);
  }

  /// Takes the slots in [first, end), the first of which is `first`, and puts them into wanted_. Gives the size of the
  /// window that has them.
  uint32_t TakeSlots(uint32_t first, uint32_t end) {
    const std::vector<uint32_t>& slots = morsel_.unit->slots;
    wanted_.assign(kMaxBatchRows / 64, 0);
    uint32_t last = first;
    for (; next_ < morsel_.end && slots[next_] < end; ++next_) {
      last = slots[next_];
      wanted_[(last - first) / 64] |= uint64_t{1} << ((last - first) % 64);
    }
    return last + 1 - first;
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
    const Selection none{rows_.data(), 0};
    if (rejects_all_) return none;
    ARROW_RETURN_NOT_OK(UpdateBounds());
    ++window_;
    bool has_mask = MaskVisible(first, count);
    if (plan_.uses_index && count > 1) {
      if (!has_mask) FillMask(count);
      has_mask = true;
      for (uint32_t word = 0; word < (count + 63) / 64; ++word) mask_[word] &= wanted_[word];
    }
    const bool is_bounded = std::any_of(bounds_.begin(), bounds_.end(),
                                        [](const PreparedBound& bound) { return bound.predicate.has_value(); });
    if (!has_mask && predicates_.empty() && plan_.request.runtime_filters.empty() && !is_bounded) {
      return Selection::All(count);
    }
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
    if (is_bounded) ARROW_RETURN_NOT_OK(ApplyBounds(first, count));
    const uint32_t num_selected = MaskToRows(mask_.data(), count, rows_.data());
    return num_selected == count ? Selection::All(count) : Selection{rows_.data(), num_selected};
  }

  arrow::Status Evaluate(const Prepared& prepared, uint32_t first, uint32_t count) {
    if (prepared.on_chunk && prepared.on_chunk->is_on_runs()) {
      prepared.on_chunk->Evaluate(first, Vector(), count, mask_.data());
      return arrow::Status::OK();
    }
    if (prepared.on_chunk && first % 64 == 0) {
      prepared.on_chunk->Prefilter(first, count, mask_.data());
      if (IsMaskEmpty(count)) return arrow::Status::OK();
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
  std::vector<PreparedBound> bounds_;
  bool rejects_all_ = false;
  std::vector<Vector> output_;
  std::vector<RowId> row_ids_;
  std::vector<uint64_t> mask_;
  std::vector<uint64_t> wanted_;
  std::vector<uint16_t> rows_;
};

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
    return std::make_unique<ColumnScanCursor>(plan_.get(), pool != nullptr ? pool : default_pool_);
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
      ARROW_RETURN_NOT_OK(static_cast<ColumnScanCursor&>(cursor).Start(morsel));
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
