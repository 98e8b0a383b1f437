// See own_runs.h.
#include "store/own_runs.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "store/column_table.h"
#include "store/index_checkpoint.h"
#include "store/index_merge.h"

namespace llkv {

namespace {
/// Runs of one index, wherever their keys are: each costs a comparison of every lookup.
constexpr size_t kMaxOwnRuns = 16;

uint32_t CommandOf(VersionStamp stamp) { return static_cast<uint32_t>(stamp); }
}  // namespace

OwnRuns::Run OwnRuns::Make(IndexId index, const IndexRunDescriptor& run, std::vector<StagedBlob> blobs,
                           VersionStamp stamp) const {
  return {index, std::make_shared<IndexRunReader>(run, table_->context().pager), std::move(blobs), CommandOf(stamp)};
}

void OwnRuns::AddTo(TableState& state, const Run& run, VersionStamp stamp) {
  TableIndex* index = state.FindIndex(run.index);
  if (index != nullptr) index->runs.push_back({Validity{}, run.reader, stamp});
}

void OwnRuns::Add(IndexId index, const IndexRunDescriptor& run, std::vector<StagedBlob> blobs, VersionStamp stamp) {
  Keep(Make(index, run, std::move(blobs), stamp));
  table_->UpdateState([&](TableState& state) { AddTo(state, runs_.back(), stamp); });
}

/// The newest runs of an index, by their places, the newest first: where too many may have one key, as many as are not
/// larger than those before them together, and so many that few are left.
std::vector<size_t> OwnRuns::ChooseRuns(IndexId index, uint32_t settled) const {
  std::vector<size_t> left;
  for (size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].index == index && runs_[i].command < settled) left.push_back(i);
  }
  std::vector<size_t> chosen;
  if (left.empty()) return chosen;
  std::string least = runs_[left.back()].reader->descriptor().min_key;
  std::string greatest = runs_[left.back()].reader->descriptor().max_key;
  uint64_t num_entries = 0;
  while (!left.empty()) {
    const auto num_overlapping = std::count_if(left.begin(), left.end(), [&](size_t i) {
      const IndexRunDescriptor& run = runs_[i].reader->descriptor();
      return run.min_key <= greatest && run.max_key >= least;
    });
    const size_t merged = chosen.empty() ? 0 : 1;
    const bool is_needed = static_cast<size_t>(num_overlapping) + merged > kMaxOverlappingRuns ||
                           left.size() + merged > kMaxOwnRuns || chosen.size() == 1;
    const IndexRunDescriptor& next = runs_[left.back()].reader->descriptor();
    if (!is_needed && (chosen.empty() || next.num_entries > num_entries)) break;
    num_entries += next.num_entries;
    least = std::min(least, next.min_key);
    greatest = std::max(greatest, next.max_key);
    chosen.push_back(left.back());
    left.pop_back();
  }
  if (chosen.size() < 2) chosen.clear();
  return chosen;
}

arrow::Status OwnRuns::MergeIndex(IndexId index, uint32_t settled, VersionStamp stamp) {
  const std::vector<size_t> chosen = ChooseRuns(index, settled);
  if (chosen.empty()) return arrow::Status::OK();
  const TableContext& context = table_->context();
  // Readers of their own: what they keep of the runs goes with them.
  std::vector<std::unique_ptr<IndexRunReader>> readers;
  IndexMerge merge;
  uint32_t command = 0;
  for (const size_t i : chosen) {
    readers.push_back(std::make_unique<IndexRunReader>(runs_[i].reader->descriptor(), context.pager));
    ARROW_RETURN_NOT_OK(merge.AddRun(readers.back().get()));
    command = std::max(command, runs_[i].command);
  }
  std::vector<StagedBlob> blobs;
  ARROW_ASSIGN_OR_RAISE(const std::optional<IndexRunDescriptor> merged,
                        merge.WriteRun(context.pager, context.pool, &blobs));
  const VersionStamp merged_stamp = InFlightStamp(static_cast<uint32_t>(stamp >> 32), command);
  Run run = Make(index, *merged, std::move(blobs), merged_stamp);
  table_->UpdateState([&](TableState& state) {
    TableIndex* target = state.FindIndex(index);
    if (target == nullptr) return;
    std::erase_if(target->runs, [&](const IndexRunEntry& entry) {
      return std::any_of(chosen.begin(), chosen.end(), [&](size_t i) { return runs_[i].reader == entry.reader; });
    });
    AddTo(state, run, merged_stamp);
  });
  for (const size_t i : chosen) replaced_.push_back({std::move(runs_[i].blobs), CommandOf(stamp)});
  // Places descend.
  for (const size_t i : chosen) runs_.erase(runs_.begin() + static_cast<std::ptrdiff_t>(i));
  Keep(std::move(run));
  return arrow::Status::OK();
}

arrow::Status OwnRuns::Merge(uint32_t settled, VersionStamp stamp) {
  std::erase_if(replaced_, [settled](const Replaced& replaced) { return replaced.command < settled; });
  std::set<IndexId> indexes;
  for (const Run& run : runs_) indexes.insert(run.index);
  for (const IndexId index : indexes) ARROW_RETURN_NOT_OK(MergeIndex(index, settled, stamp));
  return arrow::Status::OK();
}

void OwnRuns::Undo(uint32_t from_command) {
  const auto is_undone = [from_command](const Run& run) { return run.command >= from_command; };
  if (!std::any_of(runs_.begin(), runs_.end(), is_undone)) return;
  table_->UpdateState([&](TableState& state) {
    for (const Run& run : runs_) {
      TableIndex* index = is_undone(run) ? state.FindIndex(run.index) : nullptr;
      if (index != nullptr) std::erase_if(index->runs, [&](const auto& entry) { return entry.reader == run.reader; });
    }
  });
  std::erase_if(runs_, is_undone);
}

void OwnRuns::PutBlobs(WriteBatch& batch) {
  for (Run& run : runs_) {
    for (StagedBlob& blob : run.blobs) batch.PutStaged(std::move(blob));
    run.blobs.clear();
  }
}

void OwnRuns::Publish(CommitTs ts) {
  if (runs_.empty()) return;
  // Older snapshots see none of their rows.
  table_->UpdateState([this, ts](TableState& state) {
    for (const Run& run : runs_) {
      TableIndex* index = state.FindIndex(run.index);
      if (index == nullptr) continue;
      for (IndexRunEntry& entry : index->runs) {
        if (entry.reader != run.reader) continue;
        entry.validity.from = ts.value;
        entry.created_by = 0;
      }
    }
  });
}

}  // namespace llkv
