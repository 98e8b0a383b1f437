// Bytes as text, as encode and decode have it.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>

namespace llkv {

enum class ByteEncoding : uint8_t { kHex, kBase64, kEscape };

/// Without regard to case. Error 22023.
arrow::Result<ByteEncoding> ByteEncodingFromName(std::string_view name);

void AppendHex(std::string_view bytes, bool upper, std::string* out);

/// Appends the text of `bytes`: base64 in lines of 76 characters (RFC 2045); escape has zeros, bytes from 128 and
/// backslashes as \nnn and \\.
void EncodeBytes(ByteEncoding encoding, std::string_view bytes, std::string* out);

/// Appends the bytes of `text`. Errors: 22023, for escape 22P02.
arrow::Status DecodeBytes(ByteEncoding encoding, std::string_view text, std::string* out);

}  // namespace llkv
