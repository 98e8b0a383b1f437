// SortKeyEncoder: values as unsigned numbers of the same order, put together into words bit by bit.
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

/// Where a column's bytes lie in the keys of rows: words are big-endian bytes, so that they compare as numbers.
struct Target {
  uint64_t* words;
  uint32_t stride;
  uint32_t offset;  // in bytes
  bool descending;
};

/// Adds the low `kBytes` bytes of each row's `bits_of(i)` at target.offset; those bytes are 0 before.
template <uint32_t kBytes, typename BitsOf>
void AddBits(uint32_t count, const Target& target, const BitsOf& bits_of) {
  uint64_t* words = target.words + target.offset / 8;
  const uint32_t end = target.offset % 8 + kBytes;
  if (end <= 8) {
    const uint32_t shift = (8 - end) * 8;
    for (uint32_t i = 0; i < count; ++i) words[static_cast<size_t>(i) * target.stride] |= bits_of(i) << shift;
    return;
  }
  const uint32_t shift = (end - 8) * 8;
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t bits = bits_of(i);
    uint64_t* key = words + static_cast<size_t>(i) * target.stride;
    key[0] |= bits >> shift;
    key[1] |= bits << (64 - shift);
  }
}

/// Calls add(bits_of), where bits_of(i) gives the i-th selected row's value; 0 for NULL.
template <typename T, typename Add>
void WithBits(const Vector& vector, const Selection& selection, bool descending, const Add& add) {
  const T* values = vector.values<T>();
  using Bits = decltype(OrderedBits(T{}));
  const Bits flip = descending ? static_cast<Bits>(~Bits{0}) : Bits{0};
  const auto bits = [values, flip](uint32_t row) { return static_cast<Bits>(OrderedBits(values[row]) ^ flip); };
  if (vector.validity != nullptr) {
    add([&](uint32_t i) { return vector.IsValid(selection[i]) ? bits(selection[i]) : Bits{0}; });
  } else if (selection.IsDense()) {
    add(bits);
  } else {
    add([&](uint32_t i) { return bits(selection.rows[i]); });
  }
}

template <typename T>
void EncodeNumbers(const Vector& vector, const Selection& selection, const Target& target) {
  WithBits<T>(vector, selection, target.descending, [&](const auto& bits_of) {
    if constexpr (sizeof(T) == 16) {
      Target low = target;
      low.offset += 8;
      AddBits<8>(selection.count, target, [&](uint32_t i) { return static_cast<uint64_t>(bits_of(i) >> 64); });
      AddBits<8>(selection.count, low, [&](uint32_t i) { return static_cast<uint64_t>(bits_of(i)); });
    } else {
      AddBits<sizeof(T)>(selection.count, target, [&](uint32_t i) { return static_cast<uint64_t>(bits_of(i)); });
    }
  });
}

/// The first `width` bytes of texts. They end where a word ends.
template <typename T>
void EncodeTexts(const Vector& vector, const Selection& selection, uint32_t width, const Target& target) {
  const T* values = vector.values<T>();
  const uint32_t first = target.offset % 8;
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection[i];
    if (!vector.IsValid(row)) continue;
    uint8_t bytes[SortKeyEncoder::kMaxWords * 8] = {};
    if constexpr (std::is_same_v<T, AnyRef>) {
      WriteAnyPrefix(values[row].view(), bytes + first, width);
    } else {
      std::memcpy(bytes + first, values[row].data, std::min(values[row].size, width));
    }
    if (target.descending) {
      for (uint32_t k = 0; k < width; ++k) bytes[first + k] = static_cast<uint8_t>(~bytes[first + k]);
    }
    uint64_t* key = target.words + target.offset / 8 + static_cast<size_t>(i) * target.stride;
    for (uint32_t k = 0; k < first + width; k += 8) {
      uint64_t word;
      std::memcpy(&word, bytes + k, sizeof(word));
      key[k / 8] |= __builtin_bswap64(word);
    }
  }
}

/// The value whose image OrderedBits gave.
template <typename T>
Value ValueOfBits(LogicalType type, decltype(OrderedBits(T{})) bits) {
  using Bits = decltype(bits);
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (sizeof(T) * 8 - 1));
  if constexpr (std::is_floating_point_v<T>) {
    if (bits == static_cast<Bits>(~Bits{0})) return Value::Floating(type, std::numeric_limits<double>::quiet_NaN());
    bits = (bits & kSign) != 0 ? static_cast<Bits>(bits ^ kSign) : static_cast<Bits>(~bits);
    T value;
    std::memcpy(&value, &bits, sizeof(value));
    return Value::Floating(type, value);
  } else if constexpr (std::is_same_v<T, int128_t> || std::is_signed_v<T>) {
    return Value::Integer(type, static_cast<int128_t>(static_cast<T>(bits ^ kSign)));
  } else {
    return Value::Integer(type, static_cast<int128_t>(bits));
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
  if (stride == num_words_) {
    std::memset(words, 0, static_cast<size_t>(selection.count) * num_words_ * sizeof(uint64_t));
  } else {
    for (uint32_t i = 0; i < selection.count; ++i) std::fill_n(words + static_cast<size_t>(i) * stride, num_words_, 0);
  }
  for (size_t c = 0; c < slots_.size(); ++c) {
    const Slot& slot = slots_[c];
    const Vector& vector = columns[c];
    if (slot.null_byte != kNoNullByte) {
      const uint64_t null_mark = columns_[c].nulls_first ? 0 : 2;
      AddBits<1>(selection.count, {words, stride, slot.null_byte, false},
                 [&](uint32_t i) { return vector.IsValid(selection[i]) ? 1 : null_mark; });
    }
    const Target target{words, stride, slot.offset, columns_[c].descending};
    VisitRowType(vector.type, [&](auto tag) {
      using T = typename decltype(tag)::Type;
      if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, AnyRef>) {
        EncodeTexts<T>(vector, selection, slot.width, target);
      } else {
        EncodeNumbers<T>(vector, selection, target);
      }
    });
  }
}

bool SortKeyEncoder::CanDecodeFirst() const {
  const PhysicalType physical = columns_[0].type.physical();
  return physical != PhysicalType::kString && physical != PhysicalType::kInterval;
}

Value SortKeyEncoder::DecodeFirst(const uint64_t* words) const {
  const LogicalType type = columns_[0].type;
  if (!CanDecodeFirst()) return Value(type);
  uint8_t bytes[kMaxWords * 8];
  for (uint32_t k = 0; k < num_words_; ++k) {
    const uint64_t word = __builtin_bswap64(words[k]);
    std::memcpy(bytes + static_cast<size_t>(k) * 8, &word, sizeof(word));
  }
  const Slot& slot = slots_[0];
  if (slot.null_byte != kNoNullByte && bytes[slot.null_byte] != 1) return Value(type);
  uint8_t* value = bytes + slot.offset;
  if (columns_[0].descending) {
    for (uint32_t k = 0; k < slot.width; ++k) value[k] = static_cast<uint8_t>(~value[k]);
  }
  return VisitRowType(type, [&](auto tag) {
    using T = typename decltype(tag)::Type;
    if constexpr (std::is_same_v<T, StringRef> || std::is_same_v<T, AnyRef> || std::is_same_v<T, Interval>) {
      return Value(type);
    } else {
      decltype(OrderedBits(T{})) bits = 0;
      for (uint32_t k = 0; k < slot.width; ++k) bits = static_cast<decltype(bits)>(bits << 8 | value[k]);
      return ValueOfBits<T>(type, bits);
    }
  });
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
