// SortKeyEncoder: big-endian, order-preserving bytes, then swapped into words.
#include "vector/sort_key.h"

#include <algorithm>
#include <limits>

#include "vector/row_layout_types.h"

namespace llkv {
namespace {

constexpr uint32_t kMaxStringBytes = 15;
constexpr uint32_t kMinStringBytes = 7;

bool IsStringKey(const SortKeyColumn& column) { return column.type.physical() == PhysicalType::kString; }

/// Unsigned images whose order is the values' order.
template <typename T>
auto OrderedBits(T value) {
  if constexpr (std::is_same_v<T, Interval>) {
    return static_cast<uint128_t>(IntervalLength(value)) ^ (static_cast<uint128_t>(1) << 127);
  } else if constexpr (std::is_same_v<T, int128_t>) {
    return static_cast<uint128_t>(value) ^ (static_cast<uint128_t>(1) << 127);
  } else if constexpr (std::is_floating_point_v<T>) {
    using Bits = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;
    constexpr Bits kSign = Bits{1} << (sizeof(T) * 8 - 1);
    if (std::isnan(value)) return static_cast<Bits>(~Bits{0});
    value += T{0};  // -0.0 becomes 0.0
    Bits bits;
    std::memcpy(&bits, &value, sizeof(bits));
    return (bits & kSign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
  } else if constexpr (std::is_signed_v<T>) {
    using Bits = std::make_unsigned_t<T>;
    return static_cast<Bits>(static_cast<Bits>(value) ^ (Bits{1} << (sizeof(T) * 8 - 1)));
  } else {
    return value;
  }
}

template <typename Bits>
void StoreBigEndian(uint8_t* out, Bits bits) {
  if constexpr (sizeof(Bits) == 16) {
    StoreBigEndian(out, static_cast<uint64_t>(bits >> 64));
    StoreBigEndian(out + 8, static_cast<uint64_t>(bits));
  } else {
    if constexpr (sizeof(Bits) == 8) bits = __builtin_bswap64(bits);
    if constexpr (sizeof(Bits) == 4) bits = __builtin_bswap32(bits);
    if constexpr (sizeof(Bits) == 2) bits = __builtin_bswap16(bits);
    std::memcpy(out, &bits, sizeof(bits));
  }
}

struct Target {
  uint8_t* bytes;
  uint32_t stride;  // in bytes
  bool descending;
};

template <typename T>
void EncodeTyped(const Vector& vector, const Selection& selection, uint32_t width, const Target& target) {
  const T* values = vector.values<T>();
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (!vector.IsValid(row)) continue;
    uint8_t* out = target.bytes + static_cast<size_t>(i) * target.stride;
    if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, AnyRef>) {
      if constexpr (std::is_same_v<T, AnyRef>) {
        WriteAnyPrefix(values[row].view(), out, width);
      } else {
        std::memcpy(out, values[row].data, std::min(values[row].size, width));
      }
      if (target.descending) {
        for (uint32_t k = 0; k < width; ++k) out[k] = static_cast<uint8_t>(~out[k]);
      }
    } else {
      const auto bits = OrderedBits(values[row]);
      StoreBigEndian(out, target.descending ? static_cast<decltype(bits)>(~bits) : bits);
    }
  }
}

template <typename T>
int CompareTyped(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, AnyRef>) {
    return a.Compare(b);
  } else {
    const auto x = OrderedBits(a);
    const auto y = OrderedBits(b);
    return x < y ? -1 : (x > y ? 1 : 0);
  }
}

}  // namespace

SortKeyEncoder::SortKeyEncoder(std::vector<SortKeyColumn> columns, bool nulls_apart) : columns_(std::move(columns)) {
  uint32_t next = 0;
  first_tie_column_ = columns_.size();
  for (size_t i = 0; i < columns_.size(); ++i) {
    Slot slot;
    slot.null_byte = i == 0 && nulls_apart ? kNoNullByte : next;
    slot.offset = next + (slot.null_byte == kNoNullByte ? 0 : 1);
    const bool is_string = IsStringKey(columns_[i]);
    slot.width = static_cast<uint32_t>(PhysicalWidth(columns_[i].type.physical()));
    if (is_string) {
      slot.width = (slot.offset + kMinStringBytes + 7) / 8 * 8 - slot.offset;
      if (i == 0) slot.width = std::max(slot.width, kMaxStringBytes + slot.offset == 16 ? kMaxStringBytes : 16U);
    }
    if (slot.offset + slot.width > kMaxWords * 8) {
      first_tie_column_ = i;
      break;
    }
    slots_.push_back(slot);
    next = slot.offset + slot.width;
    if (is_string) {
      first_tie_column_ = i;
      break;
    }
  }
  num_words_ = std::max(1U, (next + 7) / 8);
}

bool SortKeyEncoder::ShorterWithNullsApart(const std::vector<SortKeyColumn>& columns) {
  const SortKeyEncoder with(columns, true);
  const SortKeyEncoder without(columns, false);
  return with.num_words() < without.num_words() && with.slots_.size() == without.slots_.size();
}

void SortKeyEncoder::Encode(std::span<const Vector> columns, const Selection& selection, uint32_t stride,
                            uint64_t* words) const {
  for (uint32_t i = 0; i < selection.count; ++i) {
    for (uint32_t k = 0; k < num_words_; ++k) words[static_cast<size_t>(i) * stride + k] = 0;
  }
  auto* bytes = reinterpret_cast<uint8_t*>(words);
  const uint32_t stride_bytes = stride * 8;
  for (size_t c = 0; c < slots_.size(); ++c) {
    const Slot& slot = slots_[c];
    const Vector& vector = columns[c];
    if (slot.null_byte != kNoNullByte) {
      const uint8_t null_mark = columns_[c].nulls_first ? 0 : 2;
      for (uint32_t i = 0; i < selection.count; ++i) {
        bytes[static_cast<size_t>(i) * stride_bytes + slot.null_byte] = vector.IsValid(selection[i]) ? 1 : null_mark;
      }
    }
    const Target target{bytes + slot.offset, stride_bytes, columns_[c].descending};
    VisitRowType(vector.type, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      EncodeTyped<T>(vector, selection, slot.width, target);
    });
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    for (uint32_t k = 0; k < num_words_; ++k) {
      uint64_t& word = words[static_cast<size_t>(i) * stride + k];
      word = __builtin_bswap64(word);
    }
  }
}

int CompareStoredColumn(const RowLayout& layout, size_t column, const SortKeyColumn& order, const uint8_t* a,
                        const uint8_t* b) {
  const bool valid_a = layout.IsValid(a, column);
  const bool valid_b = layout.IsValid(b, column);
  if (!valid_a || !valid_b) {
    if (valid_a == valid_b) return 0;
    return valid_a == order.nulls_first ? 1 : -1;
  }
  const uint32_t offset = layout.offset(column);
  const int result = VisitRowType(layout.types()[column], [&](auto tag) {
    using T = typename decltype(tag)::Type;
    return CompareTyped(LoadFromRow<T>(a + offset), LoadFromRow<T>(b + offset));
  });
  return order.descending ? -result : result;
}

}  // namespace llkv
