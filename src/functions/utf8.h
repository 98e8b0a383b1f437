// UTF-8 text by characters (code points). Malformed bytes count as a character each.
#pragma once

#include <cstdint>
#include <string_view>

namespace llkv {

inline bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// Bytes of the character that begins at text[at].
inline uint32_t CharacterBytes(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && IsContinuation(text[end])) ++end;
  return static_cast<uint32_t>(end - at);
}

inline int64_t CountCharacters(std::string_view text) {
  int64_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

/// Byte offset of character number `index` (from 0); the size where there are not as many.
inline size_t CharacterOffset(std::string_view text, int64_t index) {
  if (index <= 0) return 0;
  size_t at = 0;
  for (; at < text.size() && index > 0; --index) at += CharacterBytes(text, at);
  return at;
}

/// Writes a code point to `out` (room for 4 bytes) and returns the length.
inline uint32_t EncodeCharacter(uint32_t code, char* out) {
  if (code < 0x80) {
    out[0] = static_cast<char>(code);
    return 1;
  }
  if (code < 0x800) {
    out[0] = static_cast<char>(0xC0 | (code >> 6));
    out[1] = static_cast<char>(0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    out[0] = static_cast<char>(0xE0 | (code >> 12));
    out[1] = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out[2] = static_cast<char>(0x80 | (code & 0x3F));
    return 3;
  }
  out[0] = static_cast<char>(0xF0 | (code >> 18));
  out[1] = static_cast<char>(0x80 | ((code >> 12) & 0x3F));
  out[2] = static_cast<char>(0x80 | ((code >> 6) & 0x3F));
  out[3] = static_cast<char>(0x80 | (code & 0x3F));
  return 4;
}

/// The code point of the character at text[at], whose bytes are complete.
inline uint32_t DecodeCharacter(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const uint32_t size = CharacterBytes(text, at);
  if (size == 2) return ((byte(0) & 0x1FU) << 6) | (byte(1) & 0x3FU);
  if (size == 3) return ((byte(0) & 0x0FU) << 12) | ((byte(1) & 0x3FU) << 6) | (byte(2) & 0x3FU);
  if (size == 4) {
    return ((byte(0) & 0x07U) << 18) | ((byte(1) & 0x3FU) << 12) | ((byte(2) & 0x3FU) << 6) | (byte(3) & 0x3FU);
  }
  return byte(0);
}

}  // namespace llkv
