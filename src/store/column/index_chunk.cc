#include "store/column/index_chunk.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "store/column/chunk_ipc.h"

namespace llkv {
namespace {

constexpr char kChunkMagic[8] = {'L', 'L', 'K', 'V', 'I', 'D', 'X', 'C'};
constexpr char kRootMagic[8] = {'L', 'L', 'K', 'V', 'I', 'D', 'X', 'R'};
constexpr uint32_t kVersion = 1;

struct IndexHeader {
  char magic[8];
  uint32_t version;
  uint32_t num_entries;
  /// Bytes of every key, or 0 where the keys have offsets.
  uint32_t key_width;
  /// Bytes of a stored number: 1, 2, 4 or 8.
  uint32_t number_width;
  uint64_t number_base;
  uint64_t key_bytes;
  /// Of a root: how many filters' blobs there are.
  uint32_t num_filters;
  uint8_t reserved[20];
};
static_assert(sizeof(IndexHeader) == 64);

uint64_t RoundUp(uint64_t size) { return (size + 63) / 64 * 64; }

/// Where the parts of a blob begin; each on a 64-byte boundary.
struct Layout {
  uint64_t offsets;
  uint64_t keys;
  uint64_t numbers;
  uint64_t filters;
  uint64_t total;
};

Layout LayoutOf(const IndexHeader& header) {
  Layout layout;
  layout.offsets = sizeof(IndexHeader);
  layout.keys = layout.offsets + (header.key_width != 0 ? 0 : RoundUp((uint64_t{header.num_entries} + 1) * 4));
  layout.numbers = layout.keys + RoundUp(header.key_bytes);
  layout.filters = layout.numbers + RoundUp(uint64_t{header.num_entries} * header.number_width);
  layout.total = layout.filters + RoundUp(uint64_t{header.num_filters} * 8);
  return layout;
}

uint32_t WidthFor(uint64_t range) {
  if (range <= 0xFF) return 1;
  if (range <= 0xFFFF) return 2;
  return range <= 0xFFFFFFFF ? 4 : 8;
}

arrow::Status Malformed(const char* what) { return Corrupted(std::string("an index blob is malformed: ") + what); }

}  // namespace

void IndexBlobBuilder::Add(std::string_view key, uint64_t number) {
  keys_.append(key);
  ends_.push_back(static_cast<uint32_t>(keys_.size()));
  numbers_.push_back(number);
}

std::string_view IndexBlobBuilder::last_key() const {
  const size_t n = ends_.size();
  const uint32_t start = n < 2 ? 0 : ends_[n - 2];
  return std::string_view(keys_).substr(start, ends_.back() - start);
}

arrow::Result<std::shared_ptr<arrow::Buffer>> IndexBlobBuilder::Finish(bool is_root, arrow::MemoryPool* pool,
                                                                       const std::vector<uint64_t>& filters) {
  IndexHeader header{};
  std::memcpy(header.magic, is_root ? kRootMagic : kChunkMagic, sizeof(header.magic));
  header.version = kVersion;
  header.num_entries = num_entries();
  header.key_bytes = keys_.size();
  header.num_filters = static_cast<uint32_t>(filters.size());
  const uint32_t width = ends_[0];
  bool is_fixed = width != 0;
  for (size_t i = 1; i < ends_.size() && is_fixed; ++i) is_fixed = ends_[i] - ends_[i - 1] == width;
  header.key_width = is_fixed ? width : 0;
  const auto [low, high] = std::minmax_element(numbers_.begin(), numbers_.end());
  header.number_base = *low;
  header.number_width = WidthFor(*high - *low);
  const Layout layout = LayoutOf(header);
  ARROW_ASSIGN_OR_RAISE(auto blob, AllocatePadded(layout.total, pool));
  uint8_t* out = blob->mutable_data();
  std::memset(out, 0, layout.total);
  std::memcpy(out, &header, sizeof(header));
  if (!is_fixed) std::memcpy(out + layout.offsets + 4, ends_.data(), ends_.size() * 4);
  std::memcpy(out + layout.keys, keys_.data(), keys_.size());
  for (size_t i = 0; i < numbers_.size(); ++i) {
    const uint64_t number = numbers_[i] - header.number_base;
    std::memcpy(out + layout.numbers + i * header.number_width, &number, header.number_width);
  }
  if (!filters.empty()) std::memcpy(out + layout.filters, filters.data(), filters.size() * 8);
  keys_.clear();
  ends_.clear();
  numbers_.clear();
  return blob;
}

arrow::Result<std::unique_ptr<const IndexBlob>> IndexBlob::Open(std::shared_ptr<arrow::Buffer> bytes, bool is_root) {
  if (bytes == nullptr || static_cast<uint64_t>(bytes->size()) < sizeof(IndexHeader)) return Malformed("too short");
  IndexHeader header;
  std::memcpy(&header, bytes->data(), sizeof(header));
  if (std::memcmp(header.magic, is_root ? kRootMagic : kChunkMagic, sizeof(header.magic)) != 0) {
    return Malformed("not an index blob");
  }
  if (header.version != kVersion) return Corrupted("an index blob is of an unknown version");
  const bool is_width =
      header.number_width == 1 || header.number_width == 2 || header.number_width == 4 || header.number_width == 8;
  const auto size = static_cast<uint64_t>(bytes->size());
  if (!is_width || header.num_entries == 0 || (!is_root && header.num_filters != 0) || header.key_bytes > size ||
      LayoutOf(header).total != size) {
    return Malformed("size");
  }
  const Layout layout = LayoutOf(header);
  std::unique_ptr<IndexBlob> blob(new IndexBlob());
  blob->num_entries_ = header.num_entries;
  blob->key_width_ = header.key_width;
  blob->number_width_ = header.number_width;
  blob->number_base_ = header.number_base;
  blob->keys_ = reinterpret_cast<const char*>(bytes->data()) + layout.keys;
  blob->numbers_ = bytes->data() + layout.numbers;
  blob->num_filters_ = header.num_filters;
  blob->filters_ = reinterpret_cast<const uint64_t*>(bytes->data() + layout.filters);
  if (header.key_width == 0) {
    const auto* offsets = reinterpret_cast<const uint32_t*>(bytes->data() + layout.offsets);
    blob->offsets_ = offsets;
    bool ascends = offsets[0] == 0 && offsets[header.num_entries] == header.key_bytes;
    for (uint32_t i = 0; i < header.num_entries; ++i) ascends &= offsets[i] <= offsets[i + 1];
    if (!ascends) return Malformed("offsets");
  } else if (uint64_t{header.num_entries} * header.key_width != header.key_bytes) {
    return Malformed("key width");
  }
  blob->bytes_ = std::move(bytes);
  const bool ascends = blob->key_width_ == 9 ? blob->LearnNumbers() : blob->KeysAscend();
  if (!ascends) return Malformed("order");
  blob->has_dense_numbers_ = blob->HasDenseNumbers();
  return blob;
}

bool IndexBlob::LearnNumbers() {
  marker_ = keys_[0];
  bool is_marked = true;
  bool ascends = true;
  bool is_dense = true;
  first_ = NumberOfKey(0);
  uint64_t before = first_;
  for (uint32_t i = 0; i < num_entries_; ++i) {
    const uint64_t number = NumberOfKey(i);
    is_marked &= keys_[size_t{i} * 9] == marker_;
    ascends &= before <= number;
    is_dense &= number == first_ + i;
    before = number;
  }
  if (!is_marked) return KeysAscend();
  has_numbers_ = true;
  last_ = before;
  has_dense_keys_ = is_dense && ascends;
  return ascends;
}

bool IndexBlob::HasDenseNumbers() const {
  for (uint32_t i = 0; i < num_entries_; ++i) {
    if (StoredNumber(i) != i) return false;
  }
  return true;
}

bool IndexBlob::KeysAscend() const {
  for (uint32_t i = 1; i < num_entries_; ++i) {
    if (key(i) < key(i - 1)) return false;
  }
  return true;
}

uint32_t IndexBlob::LowerBoundOfNumber(uint64_t sought) const {
  const auto at = [this](uint32_t i) { return NumberOfKey(i); };
  if (sought <= first_) return 0;
  if (sought > last_) return num_entries_;
  if (has_dense_keys_) return static_cast<uint32_t>(sought - first_);
  // From a near guess steps that double find its place.
  const uint32_t guess = GuessNumber(sought);
  __builtin_prefetch(numbers_ + size_t{guess} * number_width_);
  // Those before `low` are less, the one at `high` is not.
  uint32_t low = 1;
  uint32_t high = num_entries_ - 1;
  if (at(guess) < sought) {
    low = guess + 1;
    for (uint32_t step = 1; low + step < high; step *= 2) {
      if (at(low + step - 1) >= sought) {
        high = low + step - 1;
        break;
      }
      low += step;
    }
  } else {
    high = guess;
    for (uint32_t step = 1; low + step < high; step *= 2) {
      if (at(high - step) < sought) {
        low = high - step + 1;
        break;
      }
      high -= step;
    }
  }
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    const bool is_less = at(middle) < sought;
    low = is_less ? middle + 1 : low;
    high = is_less ? high : middle;
  }
  return low;
}

uint32_t IndexBlob::LowerBound(std::string_view key_sought) const {
  if (HasNumberOf(key_sought)) return LowerBoundOfNumber(NumberIn(key_sought));
  uint32_t low = 0;
  uint32_t count = num_entries_;
  while (count > 0) {
    const uint32_t half = count / 2;
    const bool is_less = key(low + half) < key_sought;
    low = is_less ? low + half + 1 : low;
    count = is_less ? count - half - 1 : half;
  }
  return low;
}

}  // namespace llkv
