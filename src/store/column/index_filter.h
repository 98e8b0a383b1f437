// The Bloom filters of an index run's chunks: whether a chunk may have a key, without reading it. One blob has the
// filters of up to kIndexChunksPerFilter neighbouring chunks. Layout in docs/formats/chunks.md.
// Source: split block Bloom filters, as in Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters"
// (2007) and the Parquet format.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace llkv {

inline constexpr uint32_t kIndexChunksPerFilter = 64;

/// What filters know of a key.
uint64_t IndexKeyHash(std::string_view key);

/// Filters that are being collected for one blob. One thread.
class IndexFilterBuilder {
 public:
  /// Adds a key of the current chunk. Equal keys that follow each other count once.
  void Add(std::string_view key);
  void EndChunk();
  uint32_t num_chunks() const { return static_cast<uint32_t>(ends_.size()); }
  /// The blob; the builder is empty afterwards.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Finish(arrow::MemoryPool* pool);

 private:
  std::vector<uint64_t> hashes_;
  /// Of each chunk, in blocks.
  std::vector<uint32_t> ends_;
  std::vector<uint32_t> words_;
};

/// A checked blob, read in place. Immutable.
class IndexFilter {
 public:
  /// XX001 where the bytes are not such a blob.
  static arrow::Result<std::unique_ptr<const IndexFilter>> Open(std::shared_ptr<arrow::Buffer> bytes);

  uint32_t num_chunks() const { return num_chunks_; }
  /// False where the blob's chunk number `chunk` surely has no key with this hash.
  bool MayContain(uint32_t chunk, uint64_t hash) const;

 private:
  IndexFilter() = default;
  std::shared_ptr<arrow::Buffer> bytes_;
  uint32_t num_chunks_ = 0;
  const uint32_t* ends_ = nullptr;
  const uint32_t* words_ = nullptr;
};

}  // namespace llkv
