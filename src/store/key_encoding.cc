// See key_encoding.h.
#include "store/key_encoding.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>

#include "store/flat_value.h"
#include "types/any_value.h"
#include "types/nested_value.h"
#include "types/time_tz.h"
#include "vector/string_ref.h"

namespace llkv {

namespace {

constexpr char kNullMarker = 0x01;
constexpr char kValueMarker = 0x02;
constexpr char kNullLastMarker = 0x03;

template <typename T>
T Load(const void* value) {
  T loaded;
  std::memcpy(&loaded, value, sizeof(T));
  return loaded;
}

template <typename U>
void AppendBigEndian(U value, std::string* key) {
  char bytes[sizeof(U)];
  for (size_t i = 0; i < sizeof(U); ++i) bytes[i] = static_cast<char>(value >> (8 * (sizeof(U) - 1 - i)));
  key->append(bytes, sizeof(U));
}

template <typename U>
void AppendSigned(const void* value, std::string* key) {
  const auto bits = Load<U>(value);
  AppendBigEndian<U>(static_cast<U>(bits ^ static_cast<U>(U{1} << (8 * sizeof(U) - 1))), key);
}

template <typename F, typename U>
void AppendFloating(const void* value, std::string* key) {
  F number = Load<F>(value);
  if (std::isnan(number)) {
    AppendBigEndian<U>(static_cast<U>(~U{0}), key);
    return;
  }
  if (number == 0) number = 0;  // -0 is 0.
  const U bits = std::bit_cast<U>(number);
  constexpr U kSign = U{1} << (8 * sizeof(U) - 1);
  AppendBigEndian<U>((bits & kSign) != 0 ? static_cast<U>(~bits) : static_cast<U>(bits | kSign), key);
}

void AppendString(StringRef text, std::string* key) {
  const char* next = text.data;
  const char* end = text.data + text.size;
  while (next != end) {
    const auto* zero = static_cast<const char*>(std::memchr(next, 0, static_cast<size_t>(end - next)));
    if (zero == nullptr) break;
    key->append(next, zero);
    key->append("\0\xFF", 2);
    next = zero + 1;
  }
  key->append(next, end);
  key->append("\0\0", 2);
}

static_assert(sizeof(Interval) == sizeof(int128_t));

void AppendInterval(const void* value, std::string* key) {
  constexpr int128_t kNanosPerDay = int128_t{86400} * 1000000000;
  const auto interval = Load<Interval>(value);
  const int128_t length = (int128_t{interval.months} * 30 + interval.days) * kNanosPerDay + interval.nanos;
  AppendSigned<uint128_t>(&length, key);
}

}  // namespace

void AppendNullKeyPart(std::string* key) { key->push_back(kNullMarker); }

void AppendKeyPart(PhysicalType type, const void* value, std::string* key) {
  key->push_back(kValueMarker);
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return AppendBigEndian(Load<uint8_t>(value), key);
    case PhysicalType::kUInt16:
      return AppendBigEndian(Load<uint16_t>(value), key);
    case PhysicalType::kUInt32:
      return AppendBigEndian(Load<uint32_t>(value), key);
    case PhysicalType::kUInt64:
      return AppendBigEndian(Load<uint64_t>(value), key);
    case PhysicalType::kInt8:
      return AppendSigned<uint8_t>(value, key);
    case PhysicalType::kInt16:
      return AppendSigned<uint16_t>(value, key);
    case PhysicalType::kInt32:
      return AppendSigned<uint32_t>(value, key);
    case PhysicalType::kInt64:
      return AppendSigned<uint64_t>(value, key);
    case PhysicalType::kInt128:
      return AppendSigned<uint128_t>(value, key);
    case PhysicalType::kFloat:
      return AppendFloating<float, uint32_t>(value, key);
    case PhysicalType::kDouble:
      return AppendFloating<double, uint64_t>(value, key);
    case PhysicalType::kString:
      return AppendString(Load<StringRef>(value), key);
    case PhysicalType::kInterval:
      return AppendInterval(value, key);
  }
}

void AppendValueMarker(std::string* key) { key->push_back(kValueMarker); }

void AppendNullMarker(const IndexPart& part, std::string* key) {
  key->push_back(part.nulls_first ? kNullMarker : kNullLastMarker);
}

void AppendIndexPart(const IndexPart& part, LogicalType type, const void* value, std::string* key) {
  if (value == nullptr) return AppendNullMarker(part, key);
  const size_t begin = key->size();
  if (type.IsAny()) {
    const std::string image = AnyKeyImage(Load<StringRef>(value).view());
    const StringRef text{std::string_view(image)};
    AppendKeyPart(PhysicalType::kString, &text, key);
  } else {
    AppendKeyPart(type.physical(), value, key);
  }
  if (!part.descending) return;
  for (size_t i = begin + 1; i < key->size(); ++i) (*key)[i] = static_cast<char>(~(*key)[i]);
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xFF') end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<uint8_t>(end.back()) + 1);
  return end;
}

void AppendKeyPart(LogicalType type, const Value& value, std::string* key) {
  if (value.is_null()) return AppendNullKeyPart(key);
  const FlatValue flat(type, value);
  AppendIndexPart(IndexPart(), type, flat.data(), key);
}

namespace {

/// Reads the parts of a key one after the other, each with the turned bits of its direction. Any bytes may be given: a
/// short key reads as zeros, and what is no value of its type as a number or bytes.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) {}

  Value Next(LogicalType type, bool is_descending) {
    turned_ = 0;
    if (Unsigned(1) != static_cast<uint8_t>(kValueMarker)) return Value::Null(type);
    turned_ = is_descending ? 0xFF : 0;
    switch (type.physical()) {
      case PhysicalType::kBool:
        return Value::Boolean(Unsigned(1) != 0);
      case PhysicalType::kString:
        return OfBytes(type, Text());
      case PhysicalType::kFloat:
        return Value::Floating(type, std::bit_cast<float>(static_cast<uint32_t>(FloatingBits(4))));
      case PhysicalType::kDouble:
        return Value::Floating(type, std::bit_cast<double>(FloatingBits(8)));
      case PhysicalType::kInterval:
        return Value::OfInterval({0, 0, static_cast<int64_t>(Signed(16))});
      case PhysicalType::kUInt8:
      case PhysicalType::kUInt16:
      case PhysicalType::kUInt32:
      case PhysicalType::kUInt64:
        return OfInteger(type, static_cast<int128_t>(Unsigned(static_cast<size_t>(PhysicalWidth(type.physical())))));
      default:
        return OfInteger(type, Signed(static_cast<size_t>(PhysicalWidth(type.physical()))));
    }
  }

 private:
  static Value OfBytes(LogicalType type, std::string bytes) {
    if (type.IsAny()) return Value::OfBytes(type, AnyOfKeyImage(bytes));
    const bool fits = !type.IsNested() || IsNestedValue(type, bytes);
    return fits ? Value::OfBytes(type, std::move(bytes)) : Value::Blob(std::move(bytes));
  }
  static Value OfInteger(LogicalType type, int128_t number) {
    const ValueLimits limits = IntegerLimits(type);
    const bool fits = number >= limits.min && number <= limits.max &&
                      (type.id() != TypeId::kTimeTz || IsTimeTz(static_cast<int64_t>(number)));
    return Value::Integer(fits ? type : LogicalType(TypeId::kHugeInt), number);
  }
  std::string_view Take(size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(taken.size());
    return taken;
  }
  uint128_t Unsigned(size_t size) {
    uint128_t value = 0;
    for (const char byte : Take(size))
      value = (value << 8) | static_cast<uint8_t>(static_cast<uint8_t>(byte) ^ turned_);
    return value;
  }
  int128_t Signed(size_t size) {
    const uint128_t half = uint128_t{1} << (8 * size - 1);
    return static_cast<int128_t>(Unsigned(size) - half);
  }
  uint64_t FloatingBits(size_t size) {
    const auto bits = static_cast<uint64_t>(Unsigned(size));
    const uint64_t sign = uint64_t{1} << (8 * size - 1);
    const uint64_t all = sign | (sign - 1);
    return (bits & sign) != 0 ? bits & ~sign : ~bits & all;
  }
  std::string Text() {
    std::string text;
    while (!rest_.empty()) {
      const auto byte = static_cast<char>(Unsigned(1));
      if (byte == 0 && Unsigned(1) == 0) break;
      text.push_back(byte);
    }
    return text;
  }

  std::string_view rest_;
  uint8_t turned_ = 0;
};

}  // namespace

bool KeyHasNull(std::span<const LogicalType> types, std::span<const IndexPart> parts, std::string_view key) {
  size_t at = 0;
  for (size_t i = 0; i < types.size() && at < key.size(); ++i) {
    if (key[at++] != kValueMarker) return true;
    const PhysicalType type = types[i].physical();
    if (type != PhysicalType::kString) {
      // An INTERVAL's key is as wide as its value.
      at += static_cast<size_t>(PhysicalWidth(type));
      continue;
    }
    const char zero = parts[i].descending ? '\xFF' : '\0';
    while (at + 1 < key.size() && (key[at] != zero || key[at + 1] != zero)) at += key[at] == zero ? 2 : 1;
    at += 2;
  }
  return false;
}

std::string KeyToString(std::span<const LogicalType> types, std::span<const IndexPart> parts, std::string_view key) {
  KeyReader reader(key);
  std::string text;
  for (size_t i = 0; i < types.size(); ++i) {
    text += (text.empty() ? "" : ", ") + reader.Next(types[i], parts[i].descending).ToString();
  }
  return text;
}

}  // namespace llkv
