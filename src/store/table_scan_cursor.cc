// See table_scan_cursor.h.
#include "store/table_scan_cursor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/column/predicate_kernels.h"
#include "store/column_reader.h"
#include "store/scan_bound.h"

namespace llkv {

PredicateOutcome OutcomeFor(const ScanPredicate& predicate, const GroupEntry& entry) {
  if (entry.cold == nullptr) return PredicateOutcome::kSome;
  const size_t index = entry.cold->ColumnIndex(predicate.column);
  if (index == ColdRowGroup::kNoColumn) return PredicateOutcome::kSome;
  return PruneByStatistics(predicate, entry.cold->descriptor()->columns[index]);
}

bool IsBoundUsable(const ScanPlan& plan, size_t bound, const GroupEntry& entry) {
  const BoundedColumn& bounded = plan.request.bounds[bound];
  if (entry.cold == nullptr) return true;
  const size_t index = entry.cold->ColumnIndex(bounded.column);
  if (index == ColdRowGroup::kNoColumn) return false;
  const ChunkDescriptor& chunk = entry.cold->descriptor()->columns[index];
  // A chunk may be of a type that the column had before.
  return chunk.type == plan.types[plan.bound_places[bound]] && !(bounded.bound->passes_nulls() && chunk.has_nulls());
}

namespace {

class ColumnScanCursor : public MorselCursor {
 public:
  ColumnScanCursor(ScanPlan* plan, arrow::MemoryPool* pool) : plan_(*plan), bounds_(plan->request.bounds.size()) {
    for (size_t i = 0; i < plan->columns.size(); ++i) columns_.emplace_back(pool);
    output_.resize(plan_.output_places.size() + (plan_.request.with_row_ids ? 1 : 0));
    row_ids_.resize(kMaxBatchRows);
    mask_.resize(kMaxBatchRows / 64);
    rows_.resize(kMaxBatchRows + kRowsSlack);
  }

  arrow::Status Start(const Morsel& morsel) override {
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

}  // namespace

std::unique_ptr<MorselCursor> MakeMorselCursor(ScanPlan* plan, arrow::MemoryPool* pool) {
  return std::make_unique<ColumnScanCursor>(plan, pool);
}

}  // namespace llkv
