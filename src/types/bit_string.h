// BIT: strings of bits. Inside, bytes that memcmp orders as the bits are ordered (lexicographically, a prefix first):
// groups of seven bits, the first bit highest, each in the high bits of a byte whose low bit says that another group
// follows; then one byte with the number of bits in the last group (1 to 7). No bits are no bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llkv {

/// Builds a bit string from its first bit on.
class BitStringBuilder {
 public:
  explicit BitStringBuilder(std::string* out) : out_(out) { out_->clear(); }
  void Append(bool bit);
  /// Call once, at the end.
  void Finish();

 private:
  std::string* out_;
  uint32_t used_ = 7;  // bits in the last group; 7 where the next bit starts a group
};

/// Reads a bit string; of bytes that are none (IsBitString) it reads some bits, never beyond them.
class BitStringView {
 public:
  explicit BitStringView(std::string_view bytes) : bytes_(bytes) {}

  uint64_t size() const {
    if (bytes_.size() < 2) return 0;
    const auto used = static_cast<uint8_t>(bytes_.back());
    return (bytes_.size() - 2) * 7 + (used < 7 ? used : 7);
  }
  bool operator[](uint64_t index) const {
    return ((static_cast<uint8_t>(bytes_[index / 7]) >> (7 - index % 7)) & 1) != 0;
  }
  uint64_t CountOnes() const;

 private:
  std::string_view bytes_;
};

/// Whether bytes are a bit string as it is held.
bool IsBitString(std::string_view bytes);

/// From the characters 0 and 1; false where there are others.
bool BitStringFromText(std::string_view text, std::string* bytes);
std::string BitStringToText(std::string_view bytes);

/// What crosses the boundary, as ASN.1 has it (X.690, 8.6): one byte with the number of unused bits in the last byte (0
/// to 7), then the bits, the first one highest, unused ones 0. False where the bytes are no such thing.
bool BitStringFromPacked(std::string_view packed, std::string* bytes);
std::string BitStringToPacked(std::string_view bytes);

}  // namespace llkv
