// See index_filter.h.
#include "store/column/index_filter.h"

#include <arrow/buffer.h>

#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "store/column/chunk_ipc.h"

namespace llkv {

namespace {

constexpr char kMagic[8] = {'L', 'L', 'K', 'V', 'I', 'D', 'X', 'F'};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kWordsPerBlock = 8;
constexpr uint64_t kBitsPerKey = 12;
constexpr uint64_t kBlockBits = 32 * kWordsPerBlock;

struct FilterHeader {
  char magic[8];
  uint32_t version;
  uint32_t num_chunks;
  uint8_t reserved[48];
};
static_assert(sizeof(FilterHeader) == 64);

uint64_t RoundUp(uint64_t size) { return (size + 63) / 64 * 64; }

/// The bit of each of a block's words that a hash sets.
constexpr uint32_t kSalts[kWordsPerBlock] = {0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU,
                                             0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U};

uint32_t BitOf(uint64_t hash, uint32_t word) {
  return uint32_t{1} << ((static_cast<uint32_t>(hash) * kSalts[word]) >> 27);
}

uint32_t BlockOf(uint64_t hash, uint32_t num_blocks) {
  return static_cast<uint32_t>(((hash >> 32) * num_blocks) >> 32);
}

}  // namespace

uint64_t IndexKeyHash(std::string_view key) { return HashBytes(key.data(), key.size()); }

void IndexFilterBuilder::Add(std::string_view key) {
  const uint64_t hash = IndexKeyHash(key);
  if (hashes_.empty() || hashes_.back() != hash) hashes_.push_back(hash);
}

void IndexFilterBuilder::EndChunk() {
  const auto num_blocks = static_cast<uint32_t>((hashes_.size() * kBitsPerKey + kBlockBits - 1) / kBlockBits);
  const size_t first = words_.size();
  words_.resize(first + size_t{num_blocks} * kWordsPerBlock, 0);
  for (const uint64_t hash : hashes_) {
    uint32_t* block = words_.data() + first + size_t{BlockOf(hash, num_blocks)} * kWordsPerBlock;
    for (uint32_t word = 0; word < kWordsPerBlock; ++word) block[word] |= BitOf(hash, word);
  }
  ends_.push_back(static_cast<uint32_t>(words_.size() / kWordsPerBlock));
  hashes_.clear();
}

arrow::Result<std::shared_ptr<arrow::Buffer>> IndexFilterBuilder::Finish(arrow::MemoryPool* pool) {
  FilterHeader header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.num_chunks = num_chunks();
  const uint64_t words = sizeof(header) + RoundUp(ends_.size() * 4);
  ARROW_ASSIGN_OR_RAISE(auto blob, AllocatePadded(words + RoundUp(words_.size() * 4), pool));
  uint8_t* out = blob->mutable_data();
  std::memset(out, 0, static_cast<size_t>(blob->size()));
  std::memcpy(out, &header, sizeof(header));
  std::memcpy(out + sizeof(header), ends_.data(), ends_.size() * 4);
  std::memcpy(out + words, words_.data(), words_.size() * 4);
  ends_.clear();
  words_.clear();
  return blob;
}

arrow::Result<std::unique_ptr<const IndexFilter>> IndexFilter::Open(std::shared_ptr<arrow::Buffer> bytes) {
  const auto malformed = [] { return Corrupted("an index's filter is malformed"); };
  if (bytes == nullptr || static_cast<uint64_t>(bytes->size()) < sizeof(FilterHeader)) return malformed();
  FilterHeader header;
  std::memcpy(&header, bytes->data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 || header.version != kVersion) return malformed();
  if (header.num_chunks == 0 || header.num_chunks > kIndexChunksPerFilter) return malformed();
  const uint64_t words = sizeof(header) + RoundUp(uint64_t{header.num_chunks} * 4);
  if (static_cast<uint64_t>(bytes->size()) < words) return malformed();
  std::unique_ptr<IndexFilter> filter(new IndexFilter());
  filter->num_chunks_ = header.num_chunks;
  filter->ends_ = reinterpret_cast<const uint32_t*>(bytes->data() + sizeof(header));
  filter->words_ = reinterpret_cast<const uint32_t*>(bytes->data() + words);
  uint32_t last = 0;
  for (uint32_t i = 0; i < header.num_chunks; ++i) {
    if (filter->ends_[i] <= last) return malformed();
    last = filter->ends_[i];
  }
  if (words + RoundUp(uint64_t{last} * kWordsPerBlock * 4) != static_cast<uint64_t>(bytes->size())) return malformed();
  filter->bytes_ = std::move(bytes);
  return filter;
}

bool IndexFilter::MayContain(uint32_t chunk, uint64_t hash) const {
  const uint32_t first = chunk == 0 ? 0 : ends_[chunk - 1];
  const uint32_t* block = words_ + size_t{first + BlockOf(hash, ends_[chunk] - first)} * kWordsPerBlock;
  bool has_all = true;
  for (uint32_t word = 0; word < kWordsPerBlock; ++word) has_all &= (block[word] & BitOf(hash, word)) != 0;
  return has_all;
}

}  // namespace llkv
