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

class IndexBlob;
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
  /// Whether `key` is between the least and the greatest key.
  bool IsInRange(std::string_view key) const { return descriptor_.min_key <= key && key <= descriptor_.max_key; }

  /// Appends the row ids of a key to `rows`, ascending; none where the run does not have it. XX001 for damaged blobs.
  arrow::Status Lookup(std::string_view key, std::vector<RowId>* rows, const PagerSnapshot* snapshot = nullptr);

  using Visitor = bool (*)(void* context, std::string_view key, RowId row);
  /// Calls visit(key, row) for each row of a key, ascending, until it returns false. `use_filters`: asks the chunk's
  /// filter first, which pays where the run may well not have the key. Allocates nothing once the chunk was read.
  arrow::Status LookupEach(std::string_view key, bool use_filters, Visitor visit, void* context,
                           const PagerSnapshot* snapshot = nullptr);

  /// Calls visit(key, row) for each pair whose key is in [first, end), in order, until it returns false. An empty
  /// optional is no bound. For merging runs and for range scans.
  arrow::Status Scan(std::optional<std::string_view> first, std::optional<std::string_view> end, Visitor visit,
                     void* context, const PagerSnapshot* snapshot = nullptr);
  /// About how many pairs have keys in [first, end): exact where they are in two chunks at most.
  arrow::Result<uint64_t> EstimateRange(std::optional<std::string_view> first, std::optional<std::string_view> end,
                                        const PagerSnapshot* snapshot = nullptr);
  /// The first key of the chunk behind this share (0 to 1) of the chunks.
  arrow::Result<std::string> KeyAt(double share);
  /// Chunks that were read so far.
  uint32_t num_chunks_read() const { return num_chunks_read_.load(std::memory_order_relaxed); }

  /// XX001 where a filter denies a key that its chunk has, or cannot be read. Reads all.
  arrow::Status CheckFilters();

  /// The keys of all blobs of the run, for frees.
  arrow::Result<std::vector<PhysicalKey>> BlobKeys(const PagerSnapshot* snapshot = nullptr);

  // For those who take all pairs, as IndexRunCursor does:

  arrow::Result<uint32_t> NumChunks();
  /// Chunk number `i`, or null behind the last one; kept.
  arrow::Result<const IndexBlob*> Chunk(uint32_t i);
  arrow::Result<uint32_t> FirstChunk(std::string_view key);

 private:
  class Root;
  arrow::Result<Root*> LoadRoot(const PagerSnapshot* snapshot);

  IndexRunDescriptor descriptor_;
  Pager* pager_;
  std::atomic<Root*> root_{nullptr};
  std::atomic<uint32_t> num_chunks_read_{0};
  Mutex mutex_;
  std::unique_ptr<Root> owned_root_ LLKV_GUARDED_BY(mutex_);
};

/// Takes the pairs of a run one after the other, for merging. One thread; not used after its reader.
class IndexRunCursor {
 public:
  explicit IndexRunCursor(IndexRunReader* reader) : reader_(reader) {}
  /// Goes to the first pair whose key is not less than `first`, or to the first of all.
  arrow::Status Start(std::optional<std::string_view> first = std::nullopt);
  bool at_end() const { return chunk_ == nullptr; }
  std::string_view key() const { return key_; }
  RowId row() const { return row_; }
  arrow::Status Next();

 private:
  arrow::Status Settle();

  IndexRunReader* reader_;
  uint32_t chunk_index_ = 0;
  uint32_t entry_ = 0;
  const IndexBlob* chunk_ = nullptr;
  std::string_view key_;
  RowId row_;
};

}  // namespace llkv
