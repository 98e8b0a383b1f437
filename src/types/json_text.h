// JSON as text: whether a text is one JSON value by RFC 8259, and parts of it, as slices of the text. No tree is built
// and nothing is allocated but unescaped strings; nesting costs no stack.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace llkv {

/// How deeply values may nest.
inline constexpr uint32_t kMaxJsonDepth = 1024;

/// Whether `text` is one JSON value, white space around it allowed. `error_at`: the byte where it stops being one.
bool IsJson(std::string_view text, size_t* error_at);

enum class JsonKind : uint8_t { kNull, kBoolean, kUnsigned, kNegative, kReal, kString, kArray, kObject };

// What follows takes a text that IsJson holds of, and never reads beyond any text.

JsonKind JsonKindOf(std::string_view json);

/// The value of a member, as a slice without white space around it; of the last one where the key is repeated.
std::optional<std::string_view> JsonMember(std::string_view object, std::string_view key);

/// The element at an index; negative ones count from the end.
std::optional<std::string_view> JsonElement(std::string_view array, int64_t index);

/// Elements of an array; 0 for anything else.
int64_t JsonArrayLength(std::string_view json);

/// The keys of an object, unescaped, in order; none for anything else.
std::vector<std::string> JsonKeys(std::string_view json);

/// One step of a path.
struct JsonStep {
  std::string key;
  int64_t index = 0;
  bool is_index = false;
  bool may_be_index = false;  // a pointer's step of digits
};

/// A path as text: "$.a.b[0]", "$[#-1]", "$.\"a b\"" or "/a/b/0" (a JSON pointer; a step of digits is also a key); any
/// other text is a key. False where it starts like a path and is none.
bool ParseJsonPath(std::string_view text, std::vector<JsonStep>* steps);

std::optional<std::string_view> JsonAtPath(std::string_view json, const std::vector<JsonStep>& steps);

/// The text of a JSON string, escapes resolved (a lone surrogate becomes U+FFFD).
std::string JsonUnescape(std::string_view json_string);

/// A JSON string of any text, quotes included.
std::string JsonQuote(std::string_view text);

}  // namespace llkv
