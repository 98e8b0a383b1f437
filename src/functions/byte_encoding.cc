// Bytes as text: hex, base64, escape.
#include "functions/byte_encoding.h"

#include <fmt/format.h>

#include "base/error.h"

namespace llkv {

namespace {

constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kLineSize = 76;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

arrow::Status Bad(std::string message) { return SqlError(sqlstate::kInvalidParameter, std::move(message)); }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

arrow::Status DecodeHex(std::string_view text, std::string* out) {
  int high = -1;
  for (const char c : text) {
    if (IsBlank(c) && high < 0) continue;
    const int digit = HexValue(c);
    if (digit < 0) return Bad(fmt::format("\"{}\" is no hexadecimal digit", c));
    if (high >= 0) out->push_back(static_cast<char>(high * 16 + digit));
    high = high >= 0 ? -1 : digit;
  }
  return high < 0 ? arrow::Status::OK() : Bad("hexadecimal data has an odd number of digits");
}

void EncodeBase64(std::string_view bytes, std::string* out) {
  const size_t begin = out->size();
  size_t line = begin;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    if (out->size() - line >= kLineSize) {
      out->push_back('\n');
      line = out->size();
    }
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (size_t j = 0; j < 4; ++j) {
      out->push_back(j > count ? '=' : kBase64Digits[(group >> (18 - 6 * j)) & 63]);
    }
  }
}

arrow::Status DecodeBase64(std::string_view text, std::string* out) {
  uint32_t group = 0;
  size_t digits = 0;
  size_t padding = 0;
  for (const char c : text) {
    if (IsBlank(c)) continue;
    const size_t value = kBase64Digits.find(c);
    if (c == '=' && digits % 4 >= 2 && digits % 4 + padding < 4) {
      ++padding;
      continue;
    }
    if (value == std::string_view::npos || padding > 0) {
      return Bad(fmt::format("\"{}\" is out of place in base64", c));
    }
    group = group << 6 | static_cast<uint32_t>(value);
    if (++digits % 4 != 0) continue;
    for (const int shift : {16, 8, 0}) out->push_back(static_cast<char>(group >> shift));
    group = 0;
  }
  const size_t rest = digits % 4;
  if (rest + padding != (rest == 0 ? 0 : 4)) return Bad("base64 ends within a group of four characters");
  if (rest >= 2) out->push_back(static_cast<char>(group >> (rest == 2 ? 4 : 10)));
  if (rest == 3) out->push_back(static_cast<char>(group >> 2));
  return arrow::Status::OK();
}

void EncodeEscape(std::string_view bytes, std::string* out) {
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0 || byte >= 0x80) {
      *out += fmt::format("\\{:03o}", byte);
    } else {
      if (c == '\\') out->push_back(c);
      out->push_back(c);
    }
  }
}

arrow::Status DecodeEscape(std::string_view text, std::string* out) {
  const auto octal = [&](size_t at, char most) { return at < text.size() && text[at] >= '0' && text[at] <= most; };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out->push_back(text[i]);
    } else if (i + 1 < text.size() && text[i + 1] == '\\') {
      out->push_back(text[++i]);
    } else if (octal(i + 1, '3') && octal(i + 2, '7') && octal(i + 3, '7')) {
      out->push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
      i += 3;
    } else {
      return SqlError(sqlstate::kInvalidTextRepresentation, "a backslash begins no escape of bytes");
    }
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<ByteEncoding> ByteEncodingFromName(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower == "hex") return ByteEncoding::kHex;
  if (lower == "base64") return ByteEncoding::kBase64;
  if (lower == "escape") return ByteEncoding::kEscape;
  return Bad(fmt::format("\"{}\" is no encoding: hex, base64 or escape", name));
}

void AppendHex(std::string_view bytes, bool upper, std::string* out) {
  const char* digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  for (const char c : bytes) {
    out->push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out->push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
}

void EncodeBytes(ByteEncoding encoding, std::string_view bytes, std::string* out) {
  switch (encoding) {
    case ByteEncoding::kHex:
      return AppendHex(bytes, false, out);
    case ByteEncoding::kBase64:
      return EncodeBase64(bytes, out);
    case ByteEncoding::kEscape:
      return EncodeEscape(bytes, out);
  }
}

arrow::Status DecodeBytes(ByteEncoding encoding, std::string_view text, std::string* out) {
  switch (encoding) {
    case ByteEncoding::kHex:
      return DecodeHex(text, out);
    case ByteEncoding::kBase64:
      return DecodeBase64(text, out);
    case ByteEncoding::kEscape:
      return DecodeEscape(text, out);
  }
  return arrow::Status::OK();
}

}  // namespace llkv
