// Bit strings: packing, text, order.
#include "types/bit_string.h"

namespace llkv {

void BitStringBuilder::Append(bool bit) {
  if (used_ == 7) {
    if (!out_->empty()) out_->back() = static_cast<char>(out_->back() | 1);
    out_->push_back(0);
    used_ = 0;
  }
  if (bit) out_->back() = static_cast<char>(static_cast<uint8_t>(out_->back()) | (1U << (7 - used_)));
  ++used_;
}

void BitStringBuilder::Finish() {
  if (!out_->empty()) out_->push_back(static_cast<char>(used_));
}

uint64_t BitStringView::CountOnes() const {
  uint64_t count = 0;
  for (size_t i = 0; i + 1 < bytes_.size(); ++i) {
    count += static_cast<uint64_t>(__builtin_popcount(static_cast<uint8_t>(bytes_[i]) & 0xFEU));
  }
  return count;
}

bool IsBitString(std::string_view bytes) {
  if (bytes.empty()) return true;
  const auto used = static_cast<uint8_t>(bytes.back());
  if (bytes.size() < 2 || used < 1 || used > 7) return false;
  for (size_t i = 0; i + 2 < bytes.size(); ++i) {
    if ((bytes[i] & 1) == 0) return false;
  }
  // Nothing behind the last bit, and no further group.
  return (static_cast<uint8_t>(bytes[bytes.size() - 2]) & (0xFFU >> used)) == 0;
}

bool BitStringFromText(std::string_view text, std::string* bytes) {
  BitStringBuilder builder(bytes);
  for (const char c : text) {
    if (c != '0' && c != '1') return false;
    builder.Append(c == '1');
  }
  builder.Finish();
  return true;
}

std::string BitStringToText(std::string_view bytes) {
  const BitStringView bits(bytes);
  std::string text(bits.size(), '0');
  for (uint64_t i = 0; i < bits.size(); ++i) text[i] = bits[i] ? '1' : '0';
  return text;
}

bool BitStringFromPacked(std::string_view packed, std::string* bytes) {
  if (packed.empty()) return false;
  const auto unused = static_cast<uint8_t>(packed.front());
  if (unused > 7 || (packed.size() == 1 && unused != 0)) return false;
  if ((static_cast<uint8_t>(packed.back()) & ((1U << unused) - 1)) != 0) return false;
  BitStringBuilder builder(bytes);
  const uint64_t size = (packed.size() - 1) * 8 - unused;
  for (uint64_t i = 0; i < size; ++i) {
    builder.Append(((static_cast<uint8_t>(packed[1 + i / 8]) >> (7 - i % 8)) & 1) != 0);
  }
  builder.Finish();
  return true;
}

std::string BitStringToPacked(std::string_view bytes) {
  const BitStringView bits(bytes);
  const uint64_t size = bits.size();
  std::string packed(1 + (size + 7) / 8, '\0');
  packed[0] = static_cast<char>((8 - size % 8) % 8);
  for (uint64_t i = 0; i < size; ++i) {
    if (bits[i]) packed[1 + i / 8] = static_cast<char>(static_cast<uint8_t>(packed[1 + i / 8]) | (1U << (7 - i % 8)));
  }
  return packed;
}

}  // namespace llkv
