// ANY: SQLite's dynamic value, where the value has the type and not the column or expression. Here are its bytes, its
// order, and SQLite's rules for numbers as text; the dialect's operators are in functions/.
//
// A value that is not NULL is a tag byte and a payload: eight bytes, little-endian, of an integer or a real, or the
// bytes of text or of a blob. Flat Vectors hold it as they hold a BLOB. Two values may be equal though their bytes
// differ (1 and 1.0), so what compares or hashes goes through the functions here. Docs: formats/values.md.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace llkv {

enum class AnyTag : uint8_t { kInteger = 1, kReal = 2, kText = 3, kBlob = 4 };

/// Bytes of an integer or a real.
inline constexpr uint32_t kAnyNumberBytes = 9;

// Of bytes that are no value they make something of, and read nothing beyond them.

inline AnyTag AnyTagOf(std::string_view value) {
  return value.empty() ? AnyTag::kBlob : static_cast<AnyTag>(value.front());
}
inline bool IsAnyNumber(std::string_view value) { return AnyTagOf(value) <= AnyTag::kReal; }
inline int64_t AnyInteger(std::string_view value) {
  int64_t integer = 0;
  if (value.size() == kAnyNumberBytes) std::memcpy(&integer, value.data() + 1, sizeof(integer));
  return integer;
}
inline double AnyReal(std::string_view value) {
  double real = 0;
  if (value.size() == kAnyNumberBytes) std::memcpy(&real, value.data() + 1, sizeof(real));
  return real;
}
/// Of text or a blob.
inline std::string_view AnyBytes(std::string_view value) { return value.substr(value.empty() ? 0 : 1); }

/// Write kAnyNumberBytes.
void WriteAnyInteger(int64_t value, char* out);
void WriteAnyReal(double value, char* out);
std::string AnyOfInteger(int64_t value);
std::string AnyOfReal(double value);
std::string AnyOfBytes(AnyTag tag, std::string_view bytes);

/// Are any bytes a value: a known tag, a payload of its size, text that is UTF-8 (not checked here)?
bool IsAnyValue(std::string_view bytes);

/// SQLite's order: numbers, text, blobs; numbers exactly by value whatever their types, the others by bytes. Negative,
/// 0, positive. NaN is greater than other numbers and equal to itself.
int CompareAny(std::string_view a, std::string_view b);
/// Equal values have equal hashes.
uint64_t HashAny(std::string_view value);

/// The first `size` bytes of a memcomparable image of the value, padded with 00: where two images differ, their order
/// is the values'.
void WriteAnyPrefix(std::string_view value, uint8_t* out, uint32_t size);

/// Memcomparable bytes whose order and equality are the values', for index keys: a byte for the kind (1, 3, 4), then
/// ten bytes of a number, or the bytes of text or of a blob.
std::string AnyKeyImage(std::string_view value);
/// A value with that image, of any bytes: NULL-like bytes give the integer 0.
std::string AnyOfKeyImage(std::string_view image);

/// A number of one of SQLite's two types.
struct AnyNumber {
  bool is_integer = true;
  int64_t integer = 0;
  double real = 0;

  double AsReal() const { return is_integer ? static_cast<double>(integer) : real; }
  /// As CAST to INTEGER: cut towards zero, at the ends of the range beyond it.
  int64_t AsInteger() const;
};

/// The longest prefix of text that is a number, after white space; 0 where there is none.
AnyNumber NumberFromPrefix(std::string_view text);
/// What the whole text is, white space around it aside, as a column of numeric affinity takes it (1.0 and 1e2 are
/// integers there); nothing where it is no number.
std::optional<AnyNumber> NumberFromText(std::string_view text);
/// What arithmetic makes of a value.
AnyNumber AnyToNumber(std::string_view value);
/// Is a value TRUE as a condition: a number that is not 0?
bool AnyIsTrue(std::string_view value);

/// As SQLite writes a real: 15 digits, with a point or an exponent. At most 32 bytes; gives their number.
uint32_t FormatAnyReal(double value, char* out);
/// As CAST to TEXT; a blob's bytes are taken as text.
std::string AnyToText(std::string_view value);
/// "integer", "real", "text", "blob".
std::string_view AnyTypeName(std::string_view value);

}  // namespace llkv
