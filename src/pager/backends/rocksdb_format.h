// The pairs that RocksdbPager keeps in RocksDB, keys and fixed values (docs/formats/rocksdb.md), and RocksDB's options
// for them.
//
// Keys are one letter and a big-endian number, all in one column family:
//   k KEY  what is known of a blob (length, checksum); a blob exists where this does
//   b KEY  the blob's bytes
//   s KEY  the blob is staged: bytes without a "k", which opening removes
//   l LSN  a log record
//   m      counters as of the last commit
//   r      the root blob
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "base/hash.h"

namespace llkv::rocksdb_format {

inline constexpr uint64_t kFormatVersion = 1;

/// RocksDB's whole memory: the block cache, and the write buffers that are charged to it.
inline constexpr size_t kCacheBytes = size_t{64} << 20;
inline constexpr size_t kWriteBufferBytes = size_t{16} << 20;
/// Larger blobs go to blob files, which compactions do not copy.
inline constexpr uint64_t kBlobFileBytes = 4096;

using Bytes = std::span<const uint8_t>;

inline rocksdb::Slice SliceOf(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes BytesOf(const rocksdb::Slice& slice) {
  return {reinterpret_cast<const uint8_t*>(slice.data()), slice.size()};
}

/// A letter and a number that sorts by value.
class Key {
 public:
  explicit Key(char kind, uint64_t number = 0) : bytes_{kind} {
    for (int i = 0; i < 8; ++i) bytes_[static_cast<size_t>(8 - i)] = static_cast<char>(number >> (8 * i));
  }
  rocksdb::Slice slice() const { return {bytes_.data(), bytes_.size()}; }
  /// The number in a stored key of `kind`; nothing where it is none.
  static std::optional<uint64_t> NumberOf(const rocksdb::Slice& key, char kind) {
    if (key.size() != 9 || key[0] != kind) return std::nullopt;
    uint64_t number = 0;
    for (size_t i = 1; i < 9; ++i) number = number << 8 | static_cast<uint8_t>(key[i]);
    return number;
  }

 private:
  std::array<char, 9> bytes_;
};

/// What "k KEY" holds, little-endian.
struct BlobRecord {
  uint64_t length = 0;
  uint64_t checksum = 0;
};

/// What "m" holds, little-endian; the checksum covers all before it and the root.
struct Counters {
  uint64_t version = kFormatVersion;
  uint64_t lsn = 0;
  uint64_t next_key = 1;
  uint64_t root_version = 0;
  uint64_t truncated_lsn = 0;
  uint64_t num_keys = 0;
  uint64_t live_bytes = 0;
  uint64_t log_bytes = 0;
  uint64_t has_root = 0;
  uint64_t checksum = 0;
};
static_assert(std::endian::native == std::endian::little);

template <typename T>
Bytes RawBytes(const T& value) {
  return {reinterpret_cast<const uint8_t*>(&value), sizeof(T)};
}

inline uint64_t ChecksumOf(const Counters& counters, Bytes root) {
  const Bytes pieces[] = {RawBytes(counters).first(sizeof(Counters) - sizeof(uint64_t)), root};
  return HashPieces(pieces);
}

inline rocksdb::Options MakeOptions(bool read_only) {
  rocksdb::Options options;
  options.create_if_missing = !read_only;
  options.info_log_level = rocksdb::FATAL_LEVEL;
  options.keep_log_file_num = 1;
  options.max_background_jobs = 2;
  options.compression = rocksdb::kNoCompression;  // Chunks are encoded by us.
  options.write_buffer_size = kWriteBufferBytes;
  options.enable_blob_files = true;
  options.min_blob_size = kBlobFileBytes;
  options.enable_blob_garbage_collection = true;
  options.atomic_flush = false;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(kCacheBytes);
  table.cache_index_and_filter_blocks = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(kCacheBytes / 2, table.block_cache);
  return options;
}

}  // namespace llkv::rocksdb_format
