// Index runs: sorted (key, row id) pairs in immutable chunks with fence keys, for indexes over cold rows. Opening an
// index reads no run; a lookup reads a run's fences once and one chunk. Keys are memcomparable bytes: order and
// equality are memcmp's, and what they mean is the table's business.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"

namespace llkv {

class Pager;
class PagerSnapshot;
class StagedBlob;

inline constexpr uint32_t kMaxIndexChunkEntries = 4096;

/// Names a run; a few dozen bytes plus two keys, kept with the table's metadata. Its other blobs are named by `root`.
struct IndexRunDescriptor {
  PhysicalKey root;
  uint64_t num_entries = 0;
  uint64_t size_bytes = 0;
  std::string min_key;
  std::string max_key;
};

/// Bytes of a run's descriptor, to be stored inside others; parsing any bytes gives a descriptor or XX001.
std::string SerializeIndexRun(const IndexRunDescriptor& run);
arrow::Result<IndexRunDescriptor> ParseIndexRun(std::string_view bytes);

/// Writes one run from ascending keys; chunks have at most kMaxIndexChunkEntries pairs. One thread.
class IndexRunWriter {
 public:
  /// Blobs are staged in `pager` as they fill; the commit must name all that Finish returns.
  IndexRunWriter(Pager* pager, arrow::MemoryPool* pool);
  ~IndexRunWriter();

  /// Adds a pair. Keys ascend (equal ones too, then with ascending row ids): 22023 else.
  arrow::Status Add(std::string_view key, RowId row);
  uint64_t num_entries() const { return num_entries_; }

  /// Ends the run; nothing where it is empty. Adds its blobs to `staged`.
  arrow::Result<std::optional<IndexRunDescriptor>> Finish(std::vector<StagedBlob>* staged);

 private:
  struct State;
  std::unique_ptr<State> state_;
  uint64_t num_entries_ = 0;
};

/// Reads one run. Any thread; chunks once read are kept, and checked when read.
class IndexRunReader {
 public:
  /// Reads nothing. `pager` must outlive the reader.
  IndexRunReader(IndexRunDescriptor descriptor, Pager* pager);
  ~IndexRunReader();

  const IndexRunDescriptor& descriptor() const { return descriptor_; }

  /// Appends the row ids of a key to `rows`, ascending; none where the run does not have it. XX001 for damaged blobs.
  arrow::Status Lookup(std::string_view key, std::vector<RowId>* rows, const PagerSnapshot* snapshot = nullptr);

  /// Calls visit(key, row) for each pair whose key is in [first, last], in order, until it returns false. An empty
  /// optional is no bound. For merging runs and for range scans.
  using Visitor = bool (*)(void* context, std::string_view key, RowId row);
  arrow::Status Scan(std::optional<std::string_view> first, std::optional<std::string_view> last, Visitor visit,
                     void* context, const PagerSnapshot* snapshot = nullptr);

  /// The keys of all blobs of the run, for frees.
  arrow::Result<std::vector<PhysicalKey>> BlobKeys(const PagerSnapshot* snapshot = nullptr);

 private:
  class Root;
  arrow::Result<Root*> LoadRoot(const PagerSnapshot* snapshot);

  IndexRunDescriptor descriptor_;
  Pager* pager_;
  std::atomic<Root*> root_{nullptr};
  Mutex mutex_;
  std::unique_ptr<Root> owned_root_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
