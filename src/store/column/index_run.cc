#include "store/column/index_run.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "pager/pager.h"
#include "store/column/index_chunk.h"
#include "store/column/index_filter.h"

namespace llkv {
namespace {

constexpr uint32_t kDescriptorVersion = 1;
/// A chunk also ends here, so that long keys do not make it large to read.
constexpr uint64_t kMaxChunkKeyBytes = uint64_t{1} << 18;

void AppendNumber(std::string* out, uint64_t number, size_t width) {
  out->append(reinterpret_cast<const char*>(&number), width);
}

/// Takes numbers and texts off the front of bytes; false where there are too few.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}
  bool Number(uint64_t* number, size_t width) {
    if (bytes_.size() < width) return false;
    *number = 0;
    std::memcpy(number, bytes_.data(), width);
    bytes_.remove_prefix(width);
    return true;
  }
  bool Text(std::string* text) {
    uint64_t size = 0;
    if (!Number(&size, 4) || bytes_.size() < size) return false;
    text->assign(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return true;
  }
  bool is_empty() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

std::string SerializeIndexRun(const IndexRunDescriptor& run) {
  std::string bytes;
  AppendNumber(&bytes, kDescriptorVersion, 4);
  AppendNumber(&bytes, run.root.value, 8);
  AppendNumber(&bytes, run.num_entries, 8);
  AppendNumber(&bytes, run.size_bytes, 8);
  for (const std::string* key : {&run.min_key, &run.max_key}) {
    AppendNumber(&bytes, key->size(), 4);
    bytes += *key;
  }
  return bytes;
}

arrow::Result<IndexRunDescriptor> ParseIndexRun(std::string_view bytes) {
  IndexRunDescriptor run;
  ByteReader reader(bytes);
  uint64_t version = 0;
  if (!reader.Number(&version, 4) || version != kDescriptorVersion || !reader.Number(&run.root.value, 8) ||
      !reader.Number(&run.num_entries, 8) || !reader.Number(&run.size_bytes, 8) || !reader.Text(&run.min_key) ||
      !reader.Text(&run.max_key) || !reader.is_empty() || run.max_key < run.min_key) {
    return Corrupted("an index run's descriptor is malformed");
  }
  return run;
}

struct IndexRunWriter::State {
  Pager* pager;
  arrow::MemoryPool* pool;
  IndexBlobBuilder chunk;
  IndexBlobBuilder root;
  IndexFilterBuilder filter;
  std::vector<uint64_t> filters;
  std::string first_key;
  std::vector<StagedBlob> staged;
  IndexRunDescriptor run;

  arrow::Result<PhysicalKey> Stage(std::shared_ptr<arrow::Buffer> blob) {
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, pager->Allocate(1));
    ARROW_ASSIGN_OR_RAISE(StagedBlob written, pager->Stage(key, std::span(&blob, 1)));
    run.size_bytes += static_cast<uint64_t>(blob->size());
    staged.push_back(std::move(written));
    return key;
  }

  arrow::Status EndChunk() {
    run.max_key = chunk.last_key();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> blob, chunk.Finish(false, pool));
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, Stage(std::move(blob)));
    root.Add(first_key, key.value);
    filter.EndChunk();
    return filter.num_chunks() == kIndexChunksPerFilter ? EndFilter() : arrow::Status::OK();
  }

  arrow::Status EndFilter() {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> blob, filter.Finish(pool));
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, Stage(std::move(blob)));
    filters.push_back(key.value);
    return arrow::Status::OK();
  }
};

IndexRunWriter::IndexRunWriter(Pager* pager, arrow::MemoryPool* pool) : state_(std::make_unique<State>()) {
  state_->pager = pager;
  state_->pool = pool;
}

IndexRunWriter::~IndexRunWriter() = default;

arrow::Status IndexRunWriter::Add(std::string_view key, RowId row) {
  IndexBlobBuilder& chunk = state_->chunk;
  if (chunk.num_entries() != 0) {
    const int order = chunk.last_key().compare(key);
    if (order > 0 || (order == 0 && chunk.last_number() >= row.value)) {
      return SqlError(sqlstate::kInvalidParameter, "keys of an index run do not ascend");
    }
    if (chunk.num_entries() == kMaxIndexChunkEntries || chunk.key_bytes() + key.size() > kMaxChunkKeyBytes) {
      ARROW_RETURN_NOT_OK(state_->EndChunk());
    }
  }
  if (chunk.num_entries() == 0) {
    if (num_entries_ == 0) state_->run.min_key = key;
    state_->first_key = key;
  }
  chunk.Add(key, row.value);
  state_->filter.Add(key);
  ++num_entries_;
  return arrow::Status::OK();
}

arrow::Result<std::optional<IndexRunDescriptor>> IndexRunWriter::Finish(std::vector<StagedBlob>* staged) {
  if (num_entries_ == 0) return std::nullopt;
  ARROW_RETURN_NOT_OK(state_->EndChunk());
  if (state_->filter.num_chunks() > 0) ARROW_RETURN_NOT_OK(state_->EndFilter());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> root, state_->root.Finish(true, state_->pool, state_->filters));
  ARROW_ASSIGN_OR_RAISE(state_->run.root, state_->Stage(std::move(root)));
  state_->run.num_entries = num_entries_;
  for (StagedBlob& blob : state_->staged) staged->push_back(std::move(blob));
  state_->staged.clear();
  return std::optional<IndexRunDescriptor>(std::move(state_->run));
}

/// The list of chunks, and those that were read.
class IndexRunReader::Root {
 public:
  Root(std::unique_ptr<const IndexBlob> blob, Pager* pager)
      : blob_(std::move(blob)),
        pager_(pager),
        open_(blob_->num_entries()),
        open_filters_(blob_->num_filters()),
        owned_(blob_->num_entries()),
        owned_filters_(blob_->num_filters()) {}

  const IndexBlob& fences() const { return *blob_; }

  /// The first chunk that can have a key that is not less than `key`.
  uint32_t FirstChunk(std::string_view key) const {
    // Loaded beside the fence keys.
    __builtin_prefetch(&open_[blob_->GuessLowerBound(key)]);
    const uint32_t chunk = blob_->LowerBound(key);
    return chunk == 0 ? 0 : chunk - 1;
  }

  /// The only row of a key, where that follows from dense chunks that are open, with one cache line read: nothing where
  /// it does not.
  std::optional<RowId> FindDense(std::string_view key) const {
    if (!blob_->HasNumberOf(key)) return std::nullopt;
    const OpenChunk& chunk = open_[blob_->GuessLowerBound(key)];
    if (chunk.blob.load(std::memory_order_acquire) == nullptr) return std::nullopt;
    // The first and the last key may be in a neighbour too.
    const uint64_t place = IndexBlob::NumberIn(key) - chunk.dense.first_key;
    if (place == 0 || place + 1 >= chunk.dense.num_entries) return std::nullopt;
    return RowId(chunk.dense.first_number + place);
  }

  arrow::Result<const IndexBlob*> Chunk(uint32_t i, const PagerSnapshot* snapshot, std::atomic<uint32_t>& num_read) {
    const IndexBlob* chunk = open_[i].blob.load(std::memory_order_acquire);
    if (chunk != nullptr) return chunk;
    ARROW_ASSIGN_OR_RAISE(auto bytes, pager_->Get(PhysicalKey(blob_->number(i)), snapshot));
    ARROW_ASSIGN_OR_RAISE(auto opened, IndexBlob::Open(std::move(bytes), false));
    if (opened->key(0) != blob_->key(i)) return Corrupted("an index chunk does not begin with its fence key");
    MutexLock lock(mutex_);
    if (owned_[i] == nullptr) {
      owned_[i] = std::move(opened);
      num_read.fetch_add(1, std::memory_order_relaxed);
      open_[i].dense = owned_[i]->dense_pairs().value_or(DensePairs());
      open_[i].blob.store(owned_[i].get(), std::memory_order_release);
    }
    return owned_[i].get();
  }

  /// False where chunk number `i` surely does not have a key with this hash.
  arrow::Result<bool> MayContain(uint32_t i, uint64_t hash, const PagerSnapshot* snapshot) {
    const uint32_t number = i / kIndexChunksPerFilter;
    const IndexFilter* filter = open_filters_[number].load(std::memory_order_acquire);
    if (filter == nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto bytes, pager_->Get(PhysicalKey(blob_->filter(number)), snapshot));
      ARROW_ASSIGN_OR_RAISE(auto opened, IndexFilter::Open(std::move(bytes)));
      const uint32_t num_chunks =
          std::min(kIndexChunksPerFilter, blob_->num_entries() - number * kIndexChunksPerFilter);
      if (opened->num_chunks() != num_chunks) return Corrupted("an index's filter is of other chunks");
      MutexLock lock(mutex_);
      if (owned_filters_[number] == nullptr) {
        owned_filters_[number] = std::move(opened);
        open_filters_[number].store(owned_filters_[number].get(), std::memory_order_release);
      }
      filter = owned_filters_[number].get();
    }
    return filter->MayContain(i % kIndexChunksPerFilter, hash);
  }

 private:
  /// A chunk that was read, or null, and what is dense in it; written once, before `blob`.
  struct alignas(32) OpenChunk {
    std::atomic<const IndexBlob*> blob{nullptr};
    DensePairs dense;
  };

  std::unique_ptr<const IndexBlob> blob_;
  Pager* pager_;
  std::vector<OpenChunk> open_;
  std::vector<std::atomic<const IndexFilter*>> open_filters_;
  Mutex mutex_;
  std::vector<std::unique_ptr<const IndexBlob>> owned_ LLKV_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<const IndexFilter>> owned_filters_ LLKV_GUARDED_BY(mutex_);
};

IndexRunReader::IndexRunReader(IndexRunDescriptor descriptor, Pager* pager)
    : descriptor_(std::move(descriptor)), pager_(pager) {}

IndexRunReader::~IndexRunReader() = default;

arrow::Result<IndexRunReader::Root*> IndexRunReader::LoadRoot(const PagerSnapshot* snapshot) {
  Root* root = root_.load(std::memory_order_acquire);
  if (root != nullptr) return root;
  ARROW_ASSIGN_OR_RAISE(auto bytes, pager_->Get(descriptor_.root, snapshot));
  ARROW_ASSIGN_OR_RAISE(auto blob, IndexBlob::Open(std::move(bytes), true));
  if (blob->num_filters() != (blob->num_entries() + kIndexChunksPerFilter - 1) / kIndexChunksPerFilter) {
    return Corrupted("an index run has another number of filters than chunks");
  }
  MutexLock lock(mutex_);
  if (owned_root_ == nullptr) {
    owned_root_ = std::make_unique<Root>(std::move(blob), pager_);
    root_.store(owned_root_.get(), std::memory_order_release);
  }
  return owned_root_.get();
}

arrow::Status IndexRunReader::Lookup(std::string_view key, std::vector<RowId>* rows, const PagerSnapshot* snapshot) {
  const auto visit = [](void* context, std::string_view, RowId row) {
    static_cast<std::vector<RowId>*>(context)->push_back(row);
    return true;
  };
  return LookupEach(key, false, visit, rows, snapshot);
}

arrow::Status IndexRunReader::LookupEach(std::string_view key, bool use_filters, Visitor visit, void* context,
                                         const PagerSnapshot* snapshot) {
  if (const Root* open = root_.load(std::memory_order_acquire); open != nullptr) {
    if (const std::optional<RowId> row = open->FindDense(key)) {
      visit(context, key, *row);
      return arrow::Status::OK();
    }
  }
  if (!IsInRange(key)) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(snapshot));
  const uint64_t hash = use_filters ? IndexKeyHash(key) : 0;
  // Equal keys may go on in the next chunks.
  const uint32_t num_chunks = root->fences().num_entries();
  const uint32_t first = root->FirstChunk(key);
  for (uint32_t i = first; i < num_chunks && (i == first || root->fences().key(i) <= key); ++i) {
    if (use_filters) {
      ARROW_ASSIGN_OR_RAISE(const bool may_contain, root->MayContain(i, hash, snapshot));
      if (!may_contain) continue;
    }
    ARROW_ASSIGN_OR_RAISE(const IndexBlob* chunk, root->Chunk(i, snapshot, num_chunks_read_));
    uint32_t entry = chunk->LowerBound(key);
    for (; entry < chunk->num_entries() && chunk->HasKey(entry, key); ++entry) {
      if (!visit(context, key, RowId(chunk->number(entry)))) return arrow::Status::OK();
    }
    if (entry < chunk->num_entries()) break;
  }
  return arrow::Status::OK();
}

arrow::Status IndexRunReader::Scan(std::optional<std::string_view> first, std::optional<std::string_view> end,
                                   Visitor visit, void* context, const PagerSnapshot* snapshot) {
  if (first && *first > descriptor_.max_key) return arrow::Status::OK();
  if (end && *end <= descriptor_.min_key) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(snapshot));
  for (uint32_t i = first ? root->FirstChunk(*first) : 0; i < root->fences().num_entries(); ++i) {
    if (end && root->fences().key(i) >= *end) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const IndexBlob* chunk, root->Chunk(i, snapshot, num_chunks_read_));
    const uint32_t end_entry = end ? chunk->LowerBound(*end) : chunk->num_entries();
    for (uint32_t entry = first ? chunk->LowerBound(*first) : 0; entry < end_entry; ++entry) {
      if (!visit(context, chunk->key(entry), RowId(chunk->number(entry)))) return arrow::Status::OK();
    }
  }
  return arrow::Status::OK();
}

arrow::Result<uint64_t> IndexRunReader::EstimateRange(std::optional<std::string_view> first,
                                                      std::optional<std::string_view> end,
                                                      const PagerSnapshot* snapshot) {
  if (first && *first > descriptor_.max_key) return 0;
  if (end && *end <= descriptor_.min_key) return 0;
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(snapshot));
  const uint32_t num_chunks = root->fences().num_entries();
  const uint32_t first_chunk = first ? root->FirstChunk(*first) : 0;
  const uint32_t last_chunk = end ? root->FirstChunk(*end) : num_chunks - 1;
  if (last_chunk < first_chunk) return 0;
  ARROW_ASSIGN_OR_RAISE(const IndexBlob* low, root->Chunk(first_chunk, snapshot, num_chunks_read_));
  ARROW_ASSIGN_OR_RAISE(const IndexBlob* high, root->Chunk(last_chunk, snapshot, num_chunks_read_));
  const uint64_t before = first ? low->LowerBound(*first) : 0;
  const uint64_t in_last = end ? high->LowerBound(*end) : high->num_entries();
  if (first_chunk == last_chunk) return in_last > before ? in_last - before : 0;
  const uint64_t between = uint64_t{last_chunk - first_chunk - 1} * (descriptor_.num_entries / num_chunks);
  return low->num_entries() - before + between + in_last;
}

arrow::Status IndexRunReader::CheckFilters() {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(nullptr));
  for (uint32_t i = 0; i < root->fences().num_entries(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const IndexBlob* chunk, root->Chunk(i, nullptr, num_chunks_read_));
    for (uint32_t entry = 0; entry < chunk->num_entries(); ++entry) {
      ARROW_ASSIGN_OR_RAISE(const bool may_contain, root->MayContain(i, IndexKeyHash(chunk->key(entry)), nullptr));
      if (!may_contain) return Corrupted("an index's filter denies a key");
    }
  }
  return arrow::Status::OK();
}

arrow::Result<std::vector<PhysicalKey>> IndexRunReader::BlobKeys(const PagerSnapshot* snapshot) {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(snapshot));
  std::vector<PhysicalKey> keys = {descriptor_.root};
  for (uint32_t i = 0; i < root->fences().num_entries(); ++i) keys.push_back(PhysicalKey(root->fences().number(i)));
  for (uint32_t i = 0; i < root->fences().num_filters(); ++i) keys.push_back(PhysicalKey(root->fences().filter(i)));
  return keys;
}

arrow::Result<uint32_t> IndexRunReader::NumChunks() {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(nullptr));
  return root->fences().num_entries();
}

arrow::Result<const IndexBlob*> IndexRunReader::Chunk(uint32_t i) {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(nullptr));
  if (i >= root->fences().num_entries()) return nullptr;
  return root->Chunk(i, nullptr, num_chunks_read_);
}

arrow::Result<std::string> IndexRunReader::KeyAt(double share) {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(nullptr));
  const uint32_t num_chunks = root->fences().num_entries();
  const auto chunk = static_cast<uint32_t>(share * static_cast<double>(num_chunks));
  return std::string(root->fences().key(std::min(chunk, num_chunks - 1)));
}

arrow::Result<uint32_t> IndexRunReader::FirstChunk(std::string_view key) {
  ARROW_ASSIGN_OR_RAISE(Root * root, LoadRoot(nullptr));
  return root->FirstChunk(key);
}

arrow::Status IndexRunCursor::Start(std::optional<std::string_view> first) {
  chunk_index_ = 0;
  entry_ = 0;
  if (first) {
    ARROW_ASSIGN_OR_RAISE(chunk_index_, reader_->FirstChunk(*first));
    ARROW_ASSIGN_OR_RAISE(chunk_, reader_->Chunk(chunk_index_));
    entry_ = chunk_->LowerBound(*first);
  } else {
    ARROW_ASSIGN_OR_RAISE(chunk_, reader_->Chunk(0));
  }
  return Settle();
}

arrow::Status IndexRunCursor::Settle() {
  while (chunk_ != nullptr && entry_ >= chunk_->num_entries()) {
    ARROW_ASSIGN_OR_RAISE(chunk_, reader_->Chunk(++chunk_index_));
    entry_ = 0;
  }
  if (chunk_ == nullptr) return arrow::Status::OK();
  key_ = chunk_->key(entry_);
  row_ = RowId(chunk_->number(entry_));
  return arrow::Status::OK();
}

arrow::Status IndexRunCursor::Next() {
  ++entry_;
  return Settle();
}

}  // namespace llkv
