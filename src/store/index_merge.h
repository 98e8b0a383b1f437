// Merging of index runs: pairs of several sources as one ascending sequence. Knows no tables: who merges judges pairs.
#pragma once

#include <arrow/status.h>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "store/column/index_run.h"
#include "store/sorted_keys.h"

namespace llkv {

/// The pairs of runs and of sorted keys, by key and row id; a pair that several sources have comes once. One thread;
/// the sources outlive it.
class IndexMerge {
 public:
  IndexMerge();
  ~IndexMerge();

  /// Adds a source, from the first key that is not less than `first` (empty: from the begin). Before the first Next.
  arrow::Status AddRun(IndexRunReader* run, std::string_view first = {});
  void AddKeys(const SortedKeys* keys);

  /// Goes to the next pair, at first to the first one; false behind the last.
  arrow::Result<bool> Next();
  std::string_view key() const { return key_; }
  RowId row() const { return row_; }

  /// Writes all pairs that are left as a run; nothing where there are none. Adds its blobs to `blobs`.
  arrow::Result<std::optional<IndexRunDescriptor>> WriteRun(Pager* pager, arrow::MemoryPool* pool,
                                                            std::vector<StagedBlob>* blobs);

 private:
  struct Source {
    std::optional<IndexRunCursor> cursor;
    const SortedKeys* keys = nullptr;
    size_t next = 0;

    bool at_end() const { return cursor ? cursor->at_end() : next == keys->size(); }
    std::string_view key() const { return cursor ? cursor->key() : keys->key(next); }
    RowId row() const { return cursor ? cursor->row() : keys->row(next); }
    arrow::Status Advance() {
      if (cursor) return cursor->Next();
      ++next;
      return arrow::Status::OK();
    }
  };
  static bool IsLater(const Source* a, const Source* b);

  std::vector<std::unique_ptr<Source>> sources_;
  /// A heap: the source with the least pair first.
  std::vector<Source*> heads_;
  bool is_started_ = false;
  std::string_view key_;
  RowId row_;
};

}  // namespace llkv
