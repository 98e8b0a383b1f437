// See join_filter.h.
#include "exec/operators/join_filter.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/cpu_dispatch.h"
#include "base/hash.h"
#include "vector/bitmap.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

/// A bitmap takes at most so many bits a key, or so many a row that will be tested, and so many in all.
constexpr uint64_t kMaxBitsPerKey = 256;
constexpr uint64_t kMaxBitsPerRow = 2;
constexpr uint64_t kMinBitmapBits = uint64_t{1} << 16;
constexpr uint64_t kMaxBitmapBits = uint64_t{1} << 27;
/// After so many rows a filter that let nine of ten pass is given up.
constexpr uint64_t kMinTested = 50000;

}  // namespace

bool JoinFilter::Supports(LogicalType type) {
  switch (type.physical()) {
    case PhysicalType::kInt8:
    case PhysicalType::kInt16:
    case PhysicalType::kInt32:
    case PhysicalType::kInt64:
    case PhysicalType::kUInt8:
    case PhysicalType::kUInt16:
    case PhysicalType::kUInt32:
      return true;
    default:
      return false;
  }
}

arrow::Status JoinFilterKeys::Add(const Vector& column, const Selection& selection) {
  if (selection.count == 0 || values_.size() > JoinFilter::kMaxKeys) return arrow::Status::OK();
  const int64_t first = values_.size();
  ARROW_RETURN_NOT_OK(values_.Resize(first + selection.count));
  int64_t* out = values_.data() + first;
  int64_t min = first == 0 ? std::numeric_limits<int64_t>::max() : min_;
  int64_t max = first == 0 ? std::numeric_limits<int64_t>::min() : max_;
  VisitIntegerType(column.type.physical(), [&](auto tag) {
    using T = typename decltype(tag)::Type;
    const T* values = column.values<T>();
    ForEachRow(selection, [&](uint32_t row) {
      const auto value = static_cast<int64_t>(values[row]);
      min = std::min(min, value);
      max = std::max(max, value);
      *out++ = value;
    });
  });
  min_ = min;
  max_ = max;
  return arrow::Status::OK();
}

void JoinFilter::Reset() {
  kind_ = Kind::kNone;
  memory_.reset();
  words_ = nullptr;
  num_tested_.store(0, std::memory_order_relaxed);
  num_passed_.store(0, std::memory_order_relaxed);
}

uint64_t JoinFilter::HashOf(int64_t value) { return HashInt64(static_cast<uint64_t>(value)); }

arrow::Status JoinFilter::Build(std::span<const JoinFilterKeys* const> lanes, arrow::MemoryPool* pool) {
  int64_t num_keys = 0;
  int64_t max = std::numeric_limits<int64_t>::min();
  min_ = std::numeric_limits<int64_t>::max();
  for (const JoinFilterKeys* lane : lanes) {
    if (lane->values_.size() == 0) continue;
    num_keys += lane->values_.size();
    min_ = std::min(min_, lane->min_);
    max = std::max(max, lane->max_);
  }
  if (num_keys > kMaxKeys) return arrow::Status::OK();
  if (num_keys == 0) {
    kind_ = Kind::kEmpty;
    return arrow::Status::OK();
  }
  span_ = static_cast<uint64_t>(max) - static_cast<uint64_t>(min_);
  const uint64_t most_bits = std::min(
      kMaxBitmapBits,
      std::max({kMinBitmapBits, static_cast<uint64_t>(num_keys) * kMaxBitsPerKey, num_expected_ * kMaxBitsPerRow}));
  const bool is_bitmap = span_ < most_bits;
  // At least two blocks, so that a shift by 64 is never asked for.
  const uint64_t num_blocks = std::bit_ceil(std::max<uint64_t>(2, static_cast<uint64_t>(num_keys) / kKeysPerBlock));
  const uint64_t num_words = is_bitmap ? span_ / 64 + 1 : num_blocks;
  shift_ = 64 - static_cast<uint32_t>(std::bit_width(num_blocks) - 1);
  memory_ = std::make_unique<PoolArray<uint64_t>>(pool);
  ARROW_RETURN_NOT_OK(memory_->Resize(static_cast<int64_t>(num_words)));
  uint64_t* words = memory_->data();
  std::fill(words, words + num_words, uint64_t{0});
  for (const JoinFilterKeys* lane : lanes) {
    for (const int64_t value : lane->values_) {
      if (is_bitmap) {
        const uint64_t place = static_cast<uint64_t>(value) - static_cast<uint64_t>(min_);
        words[place / 64] |= uint64_t{1} << (place % 64);
      } else {
        const uint64_t hash = HashOf(value);
        words[hash >> shift_] |= BitsOf(hash);
      }
    }
  }
  words_ = words;
  kind_ = is_bitmap ? Kind::kBitmap : Kind::kBloom;
  return arrow::Status::OK();
}

namespace {

/// One byte a row: is the bit of value + added set? `added` makes a place of it, where it is at most `span`.
template <typename T>
struct BitmapLoop {
  static LLKV_INLINE uint32_t Run(const T* values, uint64_t added, uint64_t span, const uint32_t* words, uint8_t* bytes,
                                  uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      const uint64_t offset = static_cast<uint64_t>(static_cast<int64_t>(values[i])) + added;
      const auto place = static_cast<uint32_t>(offset <= span ? offset : 0);
      const uint32_t bit = (words[place / 32] >> (place % 32)) & 1;
      bytes[i] = static_cast<uint8_t>(offset <= span ? bit : 0);
    }
    return count;
  }
};

}  // namespace

template <typename T>
void JoinFilter::TestInBitmap(const T* values, uint64_t added, uint32_t num_rows, uint64_t* mask) const {
  alignas(64) uint8_t bytes[kMaxBatchRows];
  alignas(64) uint64_t bits[kMaxBatchRows / 64];
  // Words of 32 bits are the halves of those of 64: this is for little-endian machines, as all of LLKV.
  const auto* words = reinterpret_cast<const uint32_t*>(words_);
  for (uint32_t first = 0; first < num_rows; first += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, num_rows - first);
    Dispatch<BitmapLoop<T>>(values + first, added - static_cast<uint64_t>(min_), span_, words, bytes, count);
    PackBytes(bytes, count, reinterpret_cast<uint8_t*>(bits));
    for (uint32_t word = 0; word < (count + 63) / 64; ++word) mask[first / 64 + word] &= bits[word];
  }
}

template <typename ValueAt>
void JoinFilter::Test(uint32_t num_rows, uint64_t* mask, const ValueAt& value_at) const {
  for (uint32_t first = 0; first < num_rows; first += 64) {
    uint64_t left = mask[first / 64];
    uint64_t passed = 0;
    while (left != 0) {
      const auto bit = static_cast<uint32_t>(std::countr_zero(left));
      left &= left - 1;
      passed |= static_cast<uint64_t>(Contains(value_at(first + bit))) << bit;
    }
    mask[first / 64] = passed;
  }
}

void JoinFilter::TestColumn(const Vector& column, uint32_t num_rows, uint64_t num_open, uint64_t* mask) const {
  const auto base = static_cast<uint64_t>(column.base);
  switch (column.form) {
    case VectorForm::kFlat:
    case VectorForm::kNarrow: {
      const bool is_narrow = column.form == VectorForm::kNarrow;
      VisitIntegerType(is_narrow ? column.storage : column.type.physical(), [&](auto tag) {
        using T = typename decltype(tag)::Type;
        const T* values = column.values<T>();
        const uint64_t added = is_narrow ? base : 0;
        if constexpr (sizeof(T) <= 8) {
          // Where few rows are left, testing those is cheaper than testing all at once.
          if (kind_ == Kind::kBitmap && num_open * 8 > num_rows) return TestInBitmap(values, added, num_rows, mask);
        }
        Test(num_rows, mask, [&](uint32_t row) {
          return static_cast<int64_t>(added + static_cast<uint64_t>(static_cast<int64_t>(values[row])));
        });
      });
      return;
    }
    case VectorForm::kDictionary:
      VisitIntegerType(column.type.physical(), [&](auto tag) {
        using T = typename decltype(tag)::Type;
        const T* entries = static_cast<const T*>(column.dictionary);
        VisitIntegerType(column.storage, [&](auto code) {
          using Code = typename decltype(code)::Type;
          const Code* codes = column.values<Code>();
          Test(num_rows, mask,
               [&](uint32_t row) { return static_cast<int64_t>(entries[static_cast<uint64_t>(codes[row])]); });
        });
      });
      return;
    case VectorForm::kConstant:
      VisitIntegerType(column.type.physical(), [&](auto tag) {
        using T = typename decltype(tag)::Type;
        if (!Contains(static_cast<int64_t>(column.values<T>()[0])))
          std::fill(mask, mask + (num_rows + 63) / 64, uint64_t{0});
      });
      return;
    default:
      return;
  }
}

void JoinFilter::Apply(const Vector& column, uint32_t num_rows, uint64_t* mask) const {
  const uint32_t num_words = (num_rows + 63) / 64;
  const uint64_t tested = num_tested_.load(std::memory_order_relaxed);
  const bool rejects_little = tested >= kMinTested && num_passed_.load(std::memory_order_relaxed) * 10 >= tested * 9;
  if (kind_ == Kind::kNone || rejects_little) return;
  if (kind_ == Kind::kEmpty || column.IsConstantNull()) {
    std::fill(mask, mask + num_words, uint64_t{0});
    return;
  }
  uint64_t before = 0;
  for (uint32_t word = 0; word < num_words; ++word) before += static_cast<uint64_t>(std::popcount(mask[word]));
  if (column.form != VectorForm::kConstant && column.validity != nullptr) {
    for (uint32_t row = 0; row < num_rows; ++row) {
      if (!column.IsValid(row)) mask[row / 64] &= ~(uint64_t{1} << (row % 64));
    }
  }
  TestColumn(column, num_rows, before, mask);
  uint64_t after = 0;
  for (uint32_t word = 0; word < num_words; ++word) after += static_cast<uint64_t>(std::popcount(mask[word]));
  num_tested_.fetch_add(before, std::memory_order_relaxed);
  num_passed_.fetch_add(after, std::memory_order_relaxed);
}

bool JoinFilter::MayPass(const Value& min, const Value& max) const {
  if (kind_ == Kind::kNone) return true;
  if (kind_ == Kind::kEmpty) return false;
  const auto span = static_cast<int128_t>(span_);
  const int128_t first = std::max<int128_t>(min.integer() - min_, 0);
  const int128_t last = std::min<int128_t>(max.integer() - min_, span);
  if (first > last) return false;
  if (kind_ != Kind::kBitmap) return true;
  const auto first_word = static_cast<uint64_t>(first / 64);
  const auto last_word = static_cast<uint64_t>(last / 64);
  for (uint64_t word = first_word; word <= last_word; ++word) {
    uint64_t bits = words_[word];
    if (word == first_word) bits &= ~uint64_t{0} << static_cast<uint64_t>(first % 64);
    if (word == last_word) bits &= ~uint64_t{0} >> (63 - static_cast<uint64_t>(last % 64));
    if (bits != 0) return true;
  }
  return false;
}

}  // namespace llkv
