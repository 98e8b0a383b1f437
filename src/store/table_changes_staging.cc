// The part of TableChanges that bounds what a transaction of many small statements keeps in memory: when its own hot
// row groups are staged as cold ones, and what becomes of their records.
#include <algorithm>
#include <iterator>
#include <utility>

#include "store/column_table.h"
#include "store/table_changes.h"

namespace llkv {

namespace {
/// So often, while the bound fills, it is looked at closely.
constexpr uint64_t kLooks = 16;
}  // namespace

void TableChanges::AddOwnGroup(std::shared_ptr<HotRowGroup> group) {
  if (table_->context().stage_hot_bytes == 0) return;
  if (own_groups_.empty()) {
    closed_bytes_ = 0;
    index_bytes_before_ = 0;
    index_bytes_before_ = HotBytes();
    LookAgain();
  } else {
    closed_bytes_ += own_groups_.back().hot->size_bytes();
  }
  own_groups_.push_back({std::move(group), txn_->command()});
}

void TableChanges::LimitShared(const HotRowGroup& group) {
  const uint64_t bytes = table_->context().stage_hot_bytes;
  shared_end_bytes_ = bytes == 0 ? ~uint64_t{0} : group.size_bytes() + bytes / kLooks;
}

void TableChanges::LookAgain() {
  const uint64_t bytes = closed_bytes_ + (own_groups_.empty() ? 0 : own_groups_.back().hot->size_bytes());
  look_at_bytes_ = bytes + std::max<uint64_t>(table_->context().stage_hot_bytes / kLooks, 1);
}

/// Of the own hot rows, and of the indexes since the first of them.
uint64_t TableChanges::HotBytes() const {
  uint64_t bytes = closed_bytes_;
  if (!own_groups_.empty()) bytes += own_groups_.back().hot->size_bytes();
  const TableStatePtr state = table_->state();
  uint64_t index_bytes = 0;
  for (const TableIndex& index : state->indexes) index_bytes += static_cast<uint64_t>(index.active().size_bytes());
  return bytes + index_bytes - std::min(index_bytes, index_bytes_before_);
}

/// Those that are full. One that is not leaves a small row group and an unused page of row ids behind: it is taken
/// where its rows are wide.
std::vector<HotStaging::Source> TableChanges::ChooseOwnGroups(uint32_t settled) const {
  std::vector<HotStaging::Source> chosen;
  for (const HotStaging::Source& own : own_groups_) {
    const bool is_worth_it =
        own.hot->num_rows() == HotRowGroup::kCapacity || own.hot->size_bytes() >= table_->context().stage_hot_bytes / 2;
    if (is_worth_it && own.command < settled) chosen.push_back(own);
  }
  return chosen;
}

arrow::Result<bool> TableChanges::StageHotRows() {
  if (own_groups_.empty()) return true;
  LookAgain();
  if (HotBytes() < table_->context().stage_hot_bytes) return false;
  const uint32_t settled = txn_->settled_command();
  std::vector<HotStaging::Source> sources = ChooseOwnGroups(settled);
  if (sources.empty()) return false;
  const bool has_last = sources.back().hot == own_groups_.back().hot;
  const VersionStamp stamp = txn_->stamp();
  MutexLock lock(bulk_mutex_);
  HotStaging staging(*table_, std::move(sources), settled, static_cast<uint32_t>(stamp >> 32));
  ARROW_RETURN_NOT_OK(staging.Write());
  ARROW_RETURN_NOT_OK(own_runs_.Merge(settled, stamp));
  TakeStaged(staging, settled);
  return has_last;
}

/// Deletes of rows that are gone need no record, and others are of a cold row now.
void TableChanges::CarryDeletes(HotStaging& staging, uint32_t settled) {
  std::erase_if(deletes_, [&staging, settled](const Deleted& deleted) {
    return deleted.is_own && deleted.command < settled && staging.Find(deleted.row) != nullptr;
  });
  for (Deleted& deleted : deletes_) {
    const HotStaging::Group* group = deleted.is_own ? staging.Find(deleted.row) : nullptr;
    if (group == nullptr) continue;
    std::atomic<VersionStamp>* stamp = group->cold->FindOrAddDelete(group->PlaceOf(deleted.row));
    stamp->store(deleted.stamp->load(std::memory_order_relaxed), std::memory_order_release);
    deleted.stamp = stamp;
    deleted.is_own = false;
  }
}

/// What was staged becomes what a bulk load of the same commands would have left.
void TableChanges::TakeStaged(HotStaging& staging, uint32_t settled) {
  const uint32_t own_tag = static_cast<uint32_t>(txn_->stamp() >> 32);
  uint32_t newest = 0;
  for (const HotStaging::Group& group : staging.groups()) newest = std::max(newest, group.source.command);
  std::vector<OwnRuns::Run> runs;
  for (HotStaging::Run& run : staging.runs()) {
    if (!run.descriptor) continue;
    runs.push_back(
        own_runs_.Make(run.layout->id, *run.descriptor, std::move(run.blobs), InFlightStamp(own_tag, newest)));
  }
  CarryDeletes(staging, settled);
  table_->UpdateState([&](TableState& state) {
    staging.Apply(state);
    for (const OwnRuns::Run& run : runs) OwnRuns::AddTo(state, run, InFlightStamp(own_tag, newest));
  });
  for (OwnRuns::Run& run : runs) own_runs_.Keep(std::move(run));
  const auto is_staged = [&staging](const std::shared_ptr<HotRowGroup>& hot) {
    return staging.Find(hot->first_row()) != nullptr;
  };
  std::erase_if(inserts_, [&](const Insert& insert) { return is_staged(insert.group); });
  std::erase_if(own_groups_, [&](const HotStaging::Source& own) { return is_staged(own.hot); });
  for (HotStaging::Group& group : staging.groups()) {
    if (group.cold != nullptr) bulk_groups_.push_back({group.cold, group.source.command});
    bulk_blobs_.push_back({std::move(group.blobs), group.source.command});
  }
  closed_bytes_ = 0;
  for (size_t i = 0; i + 1 < own_groups_.size(); ++i) closed_bytes_ += own_groups_[i].hot->size_bytes();
  index_bytes_before_ = 0;
  const uint64_t rows_bytes = closed_bytes_ + (own_groups_.empty() ? 0 : own_groups_.back().hot->size_bytes());
  index_bytes_before_ = HotBytes() - rows_bytes;
  LookAgain();
}

}  // namespace llkv
