// Unicode's tables, which are utf8proc's.
#include "functions/unicode.h"

#include <utf8proc.h>

#include "functions/utf8.h"

namespace llkv {

namespace {

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return all < 0x80;
}

}  // namespace

uint32_t UpperCode(uint32_t code) {
  if (code < 0x80) return code >= 'a' && code <= 'z' ? code - 32 : code;
  if (code == 0xDF) return code;
  return static_cast<uint32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(code)));
}

uint32_t LowerCode(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  return static_cast<uint32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(code)));
}

uint32_t TitleCode(uint32_t code) {
  if (code < 0x80 || code == 0xDF) return UpperCode(code);
  return static_cast<uint32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(code)));
}

bool IsAlphanumeric(uint32_t code) {
  const utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool IsAssigned(uint32_t code) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code)) != UTF8PROC_CATEGORY_CN;
}

template <uint32_t (*convert)(uint32_t)>
void AppendConverted(std::string_view text, std::string* out) {
  const size_t begin = out->size();
  out->append(text);
  size_t at = 0;
  for (; at < text.size() && static_cast<unsigned char>(text[at]) < 0x80; ++at) {
    (*out)[begin + at] = static_cast<char>(convert(static_cast<unsigned char>(text[at])));
  }
  if (at == text.size()) return;
  out->resize(begin + at);
  while (at < text.size()) {
    const uint32_t size = CharacterBytes(text, at);
    // Malformed bytes stay as they are.
    const bool malformed = size > 4 || (size == 1 && static_cast<unsigned char>(text[at]) >= 0x80);
    if (malformed) {
      out->append(text.substr(at, size));
    } else {
      char encoded[4];
      out->append(encoded, EncodeCharacter(convert(DecodeCharacter(text, at)), encoded));
    }
    at += size;
  }
}

template void AppendConverted<UpperCode>(std::string_view text, std::string* out);
template void AppendConverted<LowerCode>(std::string_view text, std::string* out);

void TextNormalizer::Append(int options, std::string_view text, std::string* out) {
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  const auto wanted = static_cast<utf8proc_option_t>(options);
  utf8proc_ssize_t count =
      utf8proc_decompose(bytes, size, codes_.data(), static_cast<utf8proc_ssize_t>(codes_.size()), wanted);
  if (count > static_cast<utf8proc_ssize_t>(codes_.size())) {
    codes_.resize(static_cast<size_t>(count) + 1);
    count = utf8proc_decompose(bytes, size, codes_.data(), count, wanted);
  }
  if (count >= 0) count = utf8proc_normalize_utf32(codes_.data(), count, wanted);
  if (count < 0) {
    out->append(text);
    return;
  }
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    char encoded[4];
    out->append(encoded, EncodeCharacter(static_cast<uint32_t>(codes_[static_cast<size_t>(i)]), encoded));
  }
}

void TextNormalizer::Normalize(NormalForm form, std::string_view text, std::string* out) {
  if (IsAscii(text)) {
    out->append(text);
    return;
  }
  int options = UTF8PROC_STABLE;
  options |= form == NormalForm::kNfc || form == NormalForm::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::kNfkc || form == NormalForm::kNfkd) options |= UTF8PROC_COMPAT;
  Append(options, text, out);
}

void TextNormalizer::FoldCase(std::string_view text, std::string* out) {
  if (IsAscii(text)) {
    AppendConverted<LowerCode>(text, out);
  } else {
    Append(UTF8PROC_CASEFOLD, text, out);
  }
}

}  // namespace llkv
