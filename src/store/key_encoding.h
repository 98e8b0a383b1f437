// Memcomparable keys: the bytes under which an index knows a row. memcmp orders them as the values are ordered, equal
// values have equal bytes, and no key is a proper prefix of another with the same columns. Version 1: they reach disk
// in index runs.
//
// Each column: a marker (0x01 NULL, 0x02 a value), then the value. Integers, decimals, dates and times: big-endian with
// the sign bit turned; UHUGEINT, UUID and TIMETZ as they are held, an ENUM the number of its label. Floating: IEEE bits
// ordered, one zero, one NaN above all. Text, bytes, and nested values as theirs (types/nested_value.h): each 0x00 as
// 0x00 0xFF, then 0x00 0x00. INTERVAL: its length with 30-day months and 24-hour days, in nanoseconds, as a 128-bit
// integer.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "store/index_layout.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// Appends a value as it lies in a flat Vector (strings: a StringRef). For ANY, whose equal values may have different
/// bytes, see the others.
void AppendKeyPart(PhysicalType type, const void* value, std::string* key);
/// Appends the NULL of any type.
void AppendNullKeyPart(std::string* key);
/// Appends a value of type `type` (values of another type are a caller's error).
void AppendKeyPart(LogicalType type, const Value& value, std::string* key);

/// The same for a part of an index's key: `value` is null for NULL. Descending parts have all bits of the value turned,
/// and NULLs stand where the part says.
void AppendIndexPart(const IndexPart& part, LogicalType type, const void* value, std::string* key);
/// What the keys of all values of a part that are not NULL begin with, and what those of NULLs do.
void AppendValueMarker(std::string* key);
void AppendNullMarker(const IndexPart& part, std::string* key);

/// The least string that is greater than every string with this prefix (not empty, not all FF: keys have markers).
std::string PrefixEnd(std::string_view prefix);

/// Whether a part of a key is NULL: such a key is no duplicate of any. `types` are those of the parts.
bool KeyHasNull(std::span<const LogicalType> types, std::span<const IndexPart> parts, std::string_view key);

/// The values of an encoded key, for messages: "1, abc". `types` are those of the parts.
std::string KeyToString(std::span<const LogicalType> types, std::span<const IndexPart> parts, std::string_view key);

}  // namespace llkv
