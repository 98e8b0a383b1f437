// See index_build.h.
#include "store/index_build.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "pager/pager.h"
#include "runtime/stop_token.h"
#include "store/column_table.h"
#include "store/index_keys.h"
#include "store/index_merge.h"
#include "store/key_encoding.h"
#include "store/table_changes.h"

namespace llkv {

namespace {

/// Rows whose keys one part sorts in memory.
constexpr uint64_t kRowsPerPart = uint64_t{1} << 18;

/// A run and the blobs that it stands in.
struct StagedRun {
  std::vector<StagedBlob> blobs;
  std::optional<IndexRunDescriptor> descriptor;
  std::unique_ptr<IndexRunReader> reader;
};

class ColumnIndexBuild : public IndexBuild {
 public:
  ColumnIndexBuild(std::shared_ptr<ColumnTable> table, TableChanges* changes, const Snapshot& snapshot,
                   VersionStamp stamp, IndexLayout layout, uint32_t num_lanes, const StopToken* stop)
      : table_(std::move(table)),
        changes_(changes),
        snapshot_(snapshot),
        stamp_(stamp),
        layout_(std::make_shared<const IndexLayout>(std::move(layout))),
        types_(PartTypes(*layout_, table_->types())),
        state_(table_->state()),
        num_lanes_(std::max(1u, num_lanes)),
        stop_(stop) {
    AddSources(state_->groups, false);
    AddSources(state_->retired_groups, true);
    sorted_.resize(sources_.size());
  }

  uint32_t num_phases() const override { return 2; }

  uint32_t num_parts(uint32_t phase) const override {
    if (phase == 0) return static_cast<uint32_t>(sources_.size());
    if (sources_.empty()) return 0;
    return sources_.size() == 1 ? 1 : num_lanes_;
  }

  arrow::Status RunPart(uint32_t phase, uint32_t part) override {
    if (phase == 0) return SortPart(part);
    // All parts see the same splits: they are chosen by the first that comes, from runs that are whole by then.
    {
      MutexLock lock(mutex_);
      if (merged_.empty()) ARROW_RETURN_NOT_OK(ChooseSplits());
    }
    return MergePart(part);
  }

  arrow::Status Finish() override {
    std::vector<IndexRunDescriptor> runs;
    std::vector<StagedBlob> blobs;
    for (StagedRun& run : merged_) {
      if (!run.descriptor) continue;
      runs.push_back(*run.descriptor);
      for (StagedBlob& blob : run.blobs) blobs.push_back(std::move(blob));
    }
    table_->AddIndex(layout_, runs, stamp_);
    changes_->AddCreatedIndex(layout_, std::move(runs), std::move(blobs));
    sorted_.clear();
    return arrow::Status::OK();
  }

 private:
  arrow::Status CheckStop() const { return stop_ == nullptr ? arrow::Status::OK() : stop_->Check(); }

  /// Hot rows too: a checkpoint may be making them cold meanwhile, and the log needs to tell of no row again.
  void AddSources(const std::vector<GroupEntry>& groups, bool only_seen) {
    uint64_t num_rows = kRowsPerPart;
    for (const GroupEntry& entry : groups) {
      if (only_seen && !entry.validity.Contains(snapshot_.ts)) continue;
      if (num_rows >= kRowsPerPart) {
        sources_.emplace_back();
        num_rows = 0;
      }
      sources_.back().push_back(entry);
      num_rows += entry.cold != nullptr ? entry.cold->num_rows() : entry.hot->num_rows();
    }
  }

  void AddHotRows(const GroupEntry& entry, SortedKeys* keys) const {
    std::string key;
    for (uint32_t slot = 0; slot < entry.hot->num_rows(); ++slot) {
      if (entry.hot->created_by(slot).load(std::memory_order_acquire) == kAbortedStamp) continue;
      EncodeHotKey(*layout_, *entry.hot, slot, &key);
      keys->Add(key, RowId(entry.first_row + slot));
    }
  }

  /// A run of one part's keys.
  arrow::Status SortPart(uint32_t part) {
    SortedKeys keys;
    for (const GroupEntry& entry : sources_[part]) {
      ARROW_RETURN_NOT_OK(CheckStop());
      if (entry.hot != nullptr) {
        AddHotRows(entry, &keys);
        continue;
      }
      ARROW_RETURN_NOT_OK(entry.cold->Load());
      RowBitmap deleted;
      const std::shared_ptr<DeleteSet> deletes = entry.cold->deletes();
      if (!deletes->empty()) deletes->GetDeleted(snapshot_, &deleted);
      ARROW_RETURN_NOT_OK(CollectKeys(*layout_, table_->types(), *entry.cold, deleted, table_->context().pool, &keys));
    }
    keys.Sort();
    IndexMerge merge;
    merge.AddKeys(&keys);
    return Write(merge, {}, &sorted_[part]);
  }

  /// Keys that part the sorted runs in about equal ranges.
  arrow::Status ChooseSplits() LLKV_REQUIRES(mutex_) {
    merged_.resize(num_parts(1));
    IndexRunReader* largest = nullptr;
    for (const StagedRun& run : sorted_) {
      if (run.reader == nullptr) continue;
      if (largest == nullptr || run.descriptor->num_entries > largest->descriptor().num_entries) {
        largest = run.reader.get();
      }
    }
    splits_.assign(merged_.size(), {});
    for (size_t i = 1; i < splits_.size() && largest != nullptr; ++i) {
      ARROW_ASSIGN_OR_RAISE(splits_[i], largest->KeyAt(static_cast<double>(i) / static_cast<double>(splits_.size())));
    }
    return arrow::Status::OK();
  }

  arrow::Status MergePart(uint32_t part) {
    if (sorted_.size() == 1) {
      merged_[0] = std::move(sorted_[0]);
      return arrow::Status::OK();
    }
    const std::string& first = splits_[part];
    const bool is_last = part + 1 == splits_.size();
    if (!is_last && splits_[part + 1] <= first) return arrow::Status::OK();
    IndexMerge merge;
    for (const StagedRun& run : sorted_) {
      if (run.reader != nullptr) ARROW_RETURN_NOT_OK(merge.AddRun(run.reader.get(), first));
    }
    return Write(merge, is_last ? std::string() : splits_[part + 1], &merged_[part]);
  }

  /// Writes the pairs below `end` (empty: all) and looks for duplicates.
  arrow::Status Write(IndexMerge& merge, const std::string& end, StagedRun* run) {
    const TableContext& context = table_->context();
    IndexRunWriter writer(context.pager, context.pool);
    std::string last;
    std::vector<RowId> alike;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_pair, merge.Next());
      if (!has_pair || (!end.empty() && merge.key() >= end)) break;
      if (writer.num_entries() % kMaxIndexChunkEntries == 0) ARROW_RETURN_NOT_OK(CheckStop());
      ARROW_RETURN_NOT_OK(writer.Add(merge.key(), merge.row()));
      if (!layout_->is_unique) continue;
      if (merge.key() != last) {
        if (alike.size() > 1) ARROW_RETURN_NOT_OK(Judge(last, alike));
        last = merge.key();
        alike.clear();
      }
      alike.push_back(merge.row());
    }
    if (alike.size() > 1) ARROW_RETURN_NOT_OK(Judge(last, alike));
    ARROW_ASSIGN_OR_RAISE(run->descriptor, writer.Finish(&run->blobs));
    if (run->descriptor) run->reader = std::make_unique<IndexRunReader>(*run->descriptor, context.pager);
    return arrow::Status::OK();
  }

  /// 23505 where two of the rows of a key are alive, 40001 where the transaction itself still sees two.
  arrow::Status Judge(std::string_view key, const std::vector<RowId>& rows) const {
    if (KeyHasNull(types_, layout_->parts, key)) return arrow::Status::OK();
    uint32_t num_alive = 0;
    uint32_t num_seen = 0;
    for (const RowId row : rows) {
      ARROW_ASSIGN_OR_RAISE(const auto fate, ColumnTable::FateOf(*state_, row));
      ARROW_ASSIGN_OR_RAISE(const auto place, table_->FindVisible(*state_, snapshot_, row));
      num_alive += fate == ColumnTable::RowFate::kAlive ? 1 : 0;
      num_seen += place.entry != nullptr ? 1 : 0;
    }
    if (num_alive > 1) return table_->DuplicateKey(*layout_, key);
    if (num_seen <= 1) return arrow::Status::OK();
    return SqlError(sqlstate::kSerializationFailure,
                    "rows of one key were changed by a transaction that this one does not see",
                    SqlErrorDetail::kNoPosition, "Roll back and try the transaction again.");
  }

  const std::shared_ptr<ColumnTable> table_;
  TableChanges* const changes_;
  const Snapshot snapshot_;
  const VersionStamp stamp_;
  const IndexLayoutPtr layout_;
  const std::vector<LogicalType> types_;
  const TableStatePtr state_;
  const uint32_t num_lanes_;
  const StopToken* const stop_;
  std::vector<std::vector<GroupEntry>> sources_;
  /// One a source; written by its part, read once all are there.
  std::vector<StagedRun> sorted_;
  Mutex mutex_;
  /// Where the merging parts begin. Fixed before the first of them goes on, like the size of merged_.
  std::vector<std::string> splits_;
  std::vector<StagedRun> merged_;
};

}  // namespace

arrow::Result<std::unique_ptr<IndexBuild>> MakeIndexBuild(std::shared_ptr<ColumnTable> table, TableChanges* changes,
                                                          const Snapshot& snapshot, VersionStamp stamp,
                                                          IndexLayout layout, uint32_t num_lanes,
                                                          const StopToken* stop) {
  return std::make_unique<ColumnIndexBuild>(std::move(table), changes, snapshot, stamp, std::move(layout), num_lanes,
                                            stop);
}

}  // namespace llkv
