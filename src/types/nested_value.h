// Nested values as bytes: the form in which LIST, ARRAY, STRUCT, MAP and UNION pass through Vectors, rows, hash tables,
// sorts, index keys and the log. The bytes are canonical and memcomparable: two values are equal where their bytes are,
// and their order is that of their bytes. So all that works on BLOB works on them. Docs: formats/values.md.
//
// A part is a mark (01 value, 02 NULL, so that NULL is greatest) and, after 01, a body:
//   LIST    its elements' parts, then 00
//   ARRAY   its elements' parts
//   STRUCT  its fields' parts
//   MAP     key part, value part of each entry in the order given, then 00
//   UNION   u8 number of the member, then the member's body: where the member is NULL, the UNION is
//   others  numbers big-endian, the sign bit turned where signed; floats as in index keys (-0 is 0, one NaN); text and
//           bytes with each 00 as 00 FF, then 00 00; INTERVAL its length in nanoseconds (16 bytes), months, days
// A whole value is the body alone: whether it is NULL stands beside it.
#pragma once

#include <arrow/result.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "types/logical_type.h"
#include "types/time_zone.h"
#include "types/value.h"

namespace llkv {

/// What begins a part, or ends a LIST or MAP.
enum class NestedMark : uint8_t { kEnd = 0, kValue = 1, kNull = 2 };

inline void AppendNestedMark(NestedMark mark, std::string* out) { out->push_back(static_cast<char>(mark)); }

/// The body of a number of a physical type.
template <typename T>
void AppendNestedNumber(T value, std::string* out);
/// The same into sizeof(T) bytes.
template <typename T>
void StoreNestedNumber(T value, char* bytes);
/// The body of text or bytes.
void AppendNestedText(std::string_view text, std::string* out);
void AppendNestedInterval(const Interval& value, std::string* out);

/// The part of a value of any type, NULL or not.
void AppendNestedPart(LogicalType type, const Value& value, std::string* out);

/// Walks the bytes of a value from its front. After bytes that make no sense ok() is false, marks are kEnd and numbers
/// 0: a caller may look once at the end, but loops end by themselves.
class NestedReader {
 public:
  explicit NestedReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  NestedMark Mark() {
    if (rest_.empty()) {
      Fail();
      return NestedMark::kEnd;
    }
    const auto byte = static_cast<uint8_t>(rest_[0]);
    if (byte > static_cast<uint8_t>(NestedMark::kNull)) {
      Fail();
      return NestedMark::kEnd;
    }
    rest_.remove_prefix(1);
    return static_cast<NestedMark>(byte);
  }
  /// A mark that is not kEnd: whether a value follows.
  bool IsValue();
  template <typename T>
  T Number();
  /// The parts of at most `max_count` numbers that follow each other and are not NULL: how many there were.
  template <typename T>
  uint32_t Numbers(uint32_t max_count, T* out);
  /// The same of texts with no byte 00, in place: calls store(i, text) for the i-th one.
  template <typename F>
  uint32_t Texts(uint32_t max_count, F&& store);
  Interval ReadInterval();
  /// In place where no byte is 00, else in `scratch`.
  std::string_view Text(std::string* scratch);
  /// Text with no byte 00, in place; else false, and nothing is read.
  bool TextInPlace(std::string_view* text);
  /// A body of `type`, as a Value (nested ones as their bytes).
  Value Body(LogicalType type);
  /// Passes over a body of `type`, and gives its bytes.
  std::string_view SkipBody(LogicalType type);
  void Fail() {
    ok_ = false;
    rest_ = {};
  }

 private:
  std::string_view Take(size_t size) {
    if (size > rest_.size()) {
      Fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// Are two of the encoded keys of a MAP equal? Reorders them.
bool HaveEqualKeys(std::vector<std::string_view>& keys);

/// Ends the body of a MAP whose keys' parts lie at these places (begin, size) of `out`: 22023 where one is NULL, or two
/// are equal.
arrow::Status FinishNestedMap(std::span<const std::pair<size_t, size_t>> key_places, std::string* out);

/// Are any bytes a value of a nested type, whole, with all numbers in their types' ranges and no map key NULL?
bool IsNestedValue(LogicalType type, std::string_view bytes);

/// As a cast to VARCHAR renders it: "[1, NULL]", "{'a': 1, 'b': x}", "{k=v}", "(1, x)"; TIMESTAMPTZ by `zone`.
std::string NestedToText(LogicalType type, std::string_view bytes, const TimeZone& zone = TimeZone());
/// As an expression: "[1, NULL]", "{'a': 1}", "MAP {'k': 'v'}", "ROW(1, 'x')"; its type may be another.
std::string NestedToSql(LogicalType type, std::string_view bytes);

/// Reads what NestedToText writes, and what looks like it. Errors: 22P02, and those of the elements; 0A000 for UNION.
/// TIMESTAMPTZ without a zone is in `zone`. With `nulls_for_bad` elements that are none of their type are NULL.
arrow::Result<std::string> NestedFromText(LogicalType type, std::string_view text, const TimeZone& zone = TimeZone(),
                                          bool nulls_for_bad = false);

// ---- inline ----

namespace nested_internal {

template <typename T>
struct BitsOf {
  using Type = std::conditional_t<
      sizeof(T) == 1, uint8_t,
      std::conditional_t<
          sizeof(T) == 2, uint16_t,
          std::conditional_t<sizeof(T) == 4, uint32_t, std::conditional_t<sizeof(T) == 8, uint64_t, uint128_t>>>>;
};

template <typename T>
inline constexpr bool kIsSigned = std::is_same_v<T, int128_t> || (std::is_integral_v<T> && std::is_signed_v<T>);

template <typename Bits>
Bits LoadBigEndian(const char* bytes) {
  if constexpr (sizeof(Bits) == 16) {
    return (static_cast<Bits>(LoadBigEndian<uint64_t>(bytes)) << 64) | LoadBigEndian<uint64_t>(bytes + 8);
  } else {
    Bits bits;
    std::memcpy(&bits, bytes, sizeof(Bits));
    if constexpr (sizeof(Bits) == 2) bits = __builtin_bswap16(bits);
    if constexpr (sizeof(Bits) == 4) bits = __builtin_bswap32(bits);
    if constexpr (sizeof(Bits) == 8) bits = __builtin_bswap64(bits);
    return bits;
  }
}

/// Where the first byte 00 is; the size where there is none.
inline size_t FindZero(std::string_view bytes) {
  size_t at = 0;
  // Most texts are a few words long: a call of memchr would take longer.
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    const uint64_t zeros = (word - 0x0101010101010101) & ~word & 0x8080808080808080;
    if (zeros != 0) return at + static_cast<size_t>(std::countr_zero(zeros)) / 8;
  }
  while (at < bytes.size() && bytes[at] != '\0') ++at;
  return at;
}

}  // namespace nested_internal

template <typename T>
void StoreNestedNumber(T value, char* bytes) {
  using Bits = typename nested_internal::BitsOf<T>::Type;
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1));
  Bits bits;
  if constexpr (std::is_floating_point_v<T>) {
    if (value == 0) value = 0;  // -0 is 0.
    bits = std::bit_cast<Bits>(value);
    bits = (bits & kSign) != 0 ? static_cast<Bits>(~bits) : static_cast<Bits>(bits | kSign);
    if (std::isnan(value)) bits = static_cast<Bits>(~Bits{0});
  } else {
    bits = static_cast<Bits>(value);
    if constexpr (nested_internal::kIsSigned<T>) bits = static_cast<Bits>(bits ^ kSign);
  }
  for (size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(bits >> (8 * (sizeof(T) - 1 - i)));
}

template <typename T>
void AppendNestedNumber(T value, std::string* out) {
  char bytes[sizeof(T)];
  StoreNestedNumber(value, bytes);
  out->append(bytes, sizeof(T));
}

/// Reads what StoreNestedNumber writes.
template <typename T>
T LoadNestedNumber(const char* bytes) {
  using Bits = typename nested_internal::BitsOf<T>::Type;
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(T) - 1));
  Bits bits = nested_internal::LoadBigEndian<Bits>(bytes);
  if constexpr (std::is_floating_point_v<T>) {
    bits = (bits & kSign) != 0 ? static_cast<Bits>(bits & static_cast<Bits>(~kSign)) : static_cast<Bits>(~bits);
    return std::bit_cast<T>(bits);
  } else {
    if constexpr (nested_internal::kIsSigned<T>) bits = static_cast<Bits>(bits ^ kSign);
    return static_cast<T>(bits);
  }
}

template <typename T>
T NestedReader::Number() {
  const std::string_view bytes = Take(sizeof(T));
  constexpr char kZeros[sizeof(T)] = {};
  return LoadNestedNumber<T>(bytes.empty() ? kZeros : bytes.data());
}

template <typename T>
uint32_t NestedReader::Numbers(uint32_t max_count, T* out) {
  constexpr size_t kPart = 1 + sizeof(T);
  const char* next = rest_.data();
  const char* const end = next + rest_.size() / kPart * kPart;
  uint32_t count = 0;
  for (; count < max_count && next != end && *next == static_cast<char>(NestedMark::kValue); next += kPart) {
    out[count++] = LoadNestedNumber<T>(next + 1);
  }
  rest_.remove_prefix(size_t{count} * kPart);
  return count;
}

template <typename F>
uint32_t NestedReader::Texts(uint32_t max_count, F&& store) {
  std::string_view rest = rest_;
  uint32_t count = 0;
  while (count < max_count && !rest.empty() && rest[0] == static_cast<char>(NestedMark::kValue)) {
    const std::string_view body = rest.substr(1);
    const size_t zero = nested_internal::FindZero(body);
    if (zero + 1 >= body.size() || body[zero + 1] != '\0') break;
    store(count++, body.substr(0, zero));
    rest = body.substr(zero + 2);
  }
  rest_ = rest;
  return count;
}

inline bool NestedReader::TextInPlace(std::string_view* text) {
  const size_t zero = nested_internal::FindZero(rest_);
  // The second zero ends it; FF would stand for a zero of the text's.
  if (zero + 1 >= rest_.size() || rest_[zero + 1] != '\0') return false;
  *text = rest_.substr(0, zero);
  rest_.remove_prefix(zero + 2);
  return true;
}

/// Calls f(T{}) with the C++ type of a physical type that is a number (BOOLEAN: uint8_t); not for strings and
/// intervals.
template <typename F>
decltype(auto) VisitNestedNumber(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kInt8:
      return f(int8_t{});
    case PhysicalType::kInt16:
      return f(int16_t{});
    case PhysicalType::kInt32:
      return f(int32_t{});
    case PhysicalType::kInt64:
      return f(int64_t{});
    case PhysicalType::kInt128:
      return f(int128_t{});
    case PhysicalType::kUInt16:
      return f(uint16_t{});
    case PhysicalType::kUInt32:
      return f(uint32_t{});
    case PhysicalType::kUInt64:
      return f(uint64_t{});
    case PhysicalType::kFloat:
      return f(float{});
    case PhysicalType::kDouble:
      return f(double{});
    default:
      return f(uint8_t{});
  }
}

}  // namespace llkv
