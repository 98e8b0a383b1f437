// See index_checkpoint.h.
#include "store/index_checkpoint.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "pager/pager.h"
#include "store/index_keys.h"
#include "store/index_merge.h"

namespace llkv {

IndexCheckpoint::IndexCheckpoint(const ColumnTable& table, const TableState& sealed, CommitTs at, WriteBatch* batch)
    : table_(table), sealed_(sealed), at_(at), batch_(batch) {
  for (const TableIndex& index : sealed_.indexes) parts_.push_back({&index, {}, index.runs, {}});
}

void IndexCheckpoint::AddRow(const HotRowGroup& group, uint32_t slot, RowId row) {
  for (Part& part : parts_) {
    if (part.old->is_dropped()) continue;
    EncodeHotKey(*part.old->layout, group, slot, &key_);
    part.keys.Add(key_, row);
  }
}

arrow::Status IndexCheckpoint::Retire(const IndexRunEntry& run) {
  ARROW_ASSIGN_OR_RAISE(std::vector<PhysicalKey> blobs, run.reader->BlobKeys());
  retired_blobs_.push_back({run.validity.from, std::move(blobs)});
  return arrow::Status::OK();
}

arrow::Status IndexCheckpoint::Write() {
  for (Part& part : parts_) {
    if (!part.old->is_dropped()) {
      ARROW_RETURN_NOT_OK(WritePart(part));
    } else if (!part.old->is_unlisted) {
      for (const IndexRunEntry& run : part.runs) ARROW_RETURN_NOT_OK(Retire(run));
    }
  }
  return arrow::Status::OK();
}

namespace {

/// How many of the runs may have one key, at most: runs that are side by side in key order count as one.
size_t NumOverlapping(const std::vector<IndexRunEntry>& runs, const SortedKeys& keys) {
  const auto count = [&runs](std::string_view least, std::string_view greatest) {
    size_t number = 0;
    for (const IndexRunEntry& run : runs) {
      const IndexRunDescriptor& other = run.reader->descriptor();
      number += other.min_key <= greatest && other.max_key >= least ? 1 : 0;
    }
    return number;
  };
  // The most are at the least key of some run.
  size_t most = 0;
  for (const IndexRunEntry& run : runs) {
    const std::string& key = run.reader->descriptor().min_key;
    const bool has_new = keys.size() > 0 && keys.key(0) <= key && keys.key(keys.size() - 1) >= key;
    most = std::max(most, count(key, key) + (has_new ? 1 : 0));
  }
  if (keys.size() > 0) most = std::max(most, count(keys.key(0), keys.key(0)) + 1);
  return most;
}

}  // namespace

/// The new keys' run takes in older runs of like size, newest first, and more where too many would overlap: so pairs
/// are written anew a few times, and a lookup asks few runs.
arrow::Status IndexCheckpoint::WritePart(Part& part) {
  part.keys.Sort();
  // Each run costs a comparison of every lookup, wherever its keys are.
  constexpr size_t kMaxRuns = 16;
  uint64_t num_entries = part.keys.size();
  std::vector<IndexRunEntry> merged;
  while (!part.runs.empty()) {
    const uint64_t next_entries = part.runs.back().reader->descriptor().num_entries;
    const bool is_alike = num_entries > 0 && next_entries <= 2 * num_entries;
    const bool is_needed = part.runs.size() >= kMaxRuns || NumOverlapping(part.runs, part.keys) > kMaxOverlappingRuns;
    if (!is_alike && !is_needed) break;
    num_entries += next_entries;
    merged.push_back(std::move(part.runs.back()));
    part.runs.pop_back();
    // Alone it would only be copied.
    if (!is_alike && part.keys.size() == 0 && merged.size() == 1 && !part.runs.empty()) {
      num_entries += part.runs.back().reader->descriptor().num_entries;
      merged.push_back(std::move(part.runs.back()));
      part.runs.pop_back();
    }
  }
  if (part.keys.size() == 0 && merged.empty()) return arrow::Status::OK();
  IndexMerge merge;
  merge.AddKeys(&part.keys);
  for (const IndexRunEntry& run : merged) {
    ARROW_RETURN_NOT_OK(merge.AddRun(run.reader.get()));
    ARROW_RETURN_NOT_OK(Retire(run));
    part.replaced.push_back(run);
  }
  const TableContext& context = table_.context();
  IndexRunWriter writer(context.pager, context.pool);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_pair, merge.Next());
    if (!has_pair) break;
    if (!merged.empty()) {
      ARROW_ASSIGN_OR_RAISE(const bool is_alive, ColumnTable::IsRowAlive(sealed_, merge.row(), at_));
      if (!is_alive) continue;
    }
    ARROW_RETURN_NOT_OK(writer.Add(merge.key(), merge.row()));
  }
  std::vector<StagedBlob> staged;
  ARROW_ASSIGN_OR_RAISE(std::optional<IndexRunDescriptor> run, writer.Finish(&staged));
  for (StagedBlob& blob : staged) batch_->PutStaged(std::move(blob));
  // Older snapshots have what this was made of.
  Validity validity;
  validity.from = at_.value;
  if (run) part.runs.push_back({validity, std::make_shared<IndexRunReader>(*run, context.pager)});
  return arrow::Status::OK();
}

void IndexCheckpoint::FillMetadata(TableMetadata* metadata) const {
  metadata->layout.indexes.clear();
  for (const Part& part : parts_) {
    if (part.old->is_dropped()) continue;
    metadata->layout.indexes.push_back(*part.old->layout);
    std::vector<IndexRunDescriptor>& runs = metadata->runs.emplace_back();
    for (const IndexRunEntry& run : part.runs) runs.push_back(run.reader->descriptor());
  }
}

void IndexCheckpoint::Apply(TableState& state) const {
  const auto is_among = [](const std::vector<IndexRunEntry>& entries, const IndexRunEntry& run) {
    return std::any_of(entries.begin(), entries.end(),
                       [&run](const IndexRunEntry& entry) { return entry.reader == run.reader; });
  };
  for (const Part& part : parts_) {
    const auto index = std::find_if(state.indexes.begin(), state.indexes.end(),
                                    [&part](const TableIndex& entry) { return entry.layout == part.old->layout; });
    if (index == state.indexes.end()) continue;
    if (part.old->is_dropped()) {
      index->is_unlisted = true;
      continue;
    }
    // In the order of their making: those that were added since come last.
    std::vector<IndexRunEntry> runs = part.runs;
    for (const IndexRunEntry& run : index->runs) {
      if (!is_among(part.old->runs, run)) runs.push_back(run);
    }
    index->runs = std::move(runs);
    for (IndexRunEntry run : part.replaced) {
      run.validity.to = at_.value;
      index->retired_runs.push_back(std::move(run));
    }
    // The last of the old ones is what rows go to since.
    for (size_t i = 0; i + 1 < part.old->hot.size(); ++i) {
      for (HotIndexEntry& entry : index->hot) {
        if (entry.index == part.old->hot[i].index && entry.validity.IsActive()) entry.validity.to = at_.value;
      }
    }
  }
}

}  // namespace llkv
