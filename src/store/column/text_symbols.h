// Text compressed by a table of symbols: each code of one byte stands for up to eight bytes of text, so that any string
// of a chunk is decoded alone, at the speed of a copy. Here are learning a table from a sample, encoding and decoding.
// Knows no chunks.
// Source: Boncz, Neumann, Leis, "FSST: Fast Random Access String Compression" (VLDB 2020).
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace llkv {

/// A code that is followed by one byte of text, which stands for itself.
inline constexpr uint8_t kTextEscape = 255;
/// Codes 0 to 254 at most.
inline constexpr uint32_t kMaxTextSymbols = 255;
inline constexpr uint32_t kMaxSymbolBytes = 8;

/// Up to 8 bytes, the first in the lowest ones; those beyond `size` are 0.
struct TextSymbol {
  uint64_t bytes = 0;
  uint32_t size = 0;
  bool operator==(const TextSymbol&) const = default;
};

/// The first eight bytes of a text as a big-endian number, with zero bytes behind a shorter one: texts are not in the
/// opposite order of their prefixes.
inline uint64_t TextPrefix(std::string_view text) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data(), text.size() < 8 ? text.size() : 8);
  return __builtin_bswap64(bytes);
}

/// Learns up to 255 symbols that make text like the sample short. Deterministic. An empty sample gives none. Strings
/// are readable 8 bytes beyond their end.
std::vector<TextSymbol> LearnSymbols(std::span<const std::string_view> sample);

/// A table as bytes: the number of symbols, their sizes, a byte each, then the bytes of each.
std::string SerializeSymbols(std::span<const TextSymbol> symbols);

/// Text to codes. Greedy: the longest symbol that the text goes on with. All text is readable 8 bytes beyond its end.
/// Immutable; any thread.
class TextEncoder {
 public:
  explicit TextEncoder(std::span<const TextSymbol> symbols);

  /// The longest symbol that `text` begins with, which is not empty: its index, or nothing (kTextEscape).
  uint8_t Match(const char* text, const char* end) const {
    const auto left = static_cast<uint64_t>(end - text);
    const uint64_t word = Load(text, left);
    if (left >= 3) {
      const Bucket bucket = buckets_[BucketOf(word)];
      for (uint32_t i = bucket.first; i < bucket.end; ++i) {
        const Long& symbol = longs_[i];
        if ((word & symbol.mask) == symbol.bytes && symbol.size <= left) return symbol.code;
      }
    }
    if (left >= 2) return pairs_[word & 0xFFFF];
    return singles_[word & 0xFF];
  }
  uint32_t size_of(uint8_t code) const { return sizes_[code]; }

  /// Writes the codes of `text` and gives their end. `out` has room for twice the text and one byte more.
  uint8_t* Encode(std::string_view text, uint8_t* out) const {
    const char* next = text.data();
    const char* end = next + text.size();
    while (next < end) {
      const uint8_t code = Match(next, end);
      out[0] = code;
      // Overwritten by the next code where this is no escape.
      out[1] = static_cast<uint8_t>(*next);
      out += code == kTextEscape ? 2 : 1;
      next += sizes_[code];
    }
    return out;
  }

 private:
  static constexpr uint32_t kBucketBits = 12;
  /// A symbol of three bytes or more.
  struct Long {
    uint64_t bytes;
    uint64_t mask;
    uint8_t size;
    uint8_t code;
  };
  struct Bucket {
    uint8_t first = 0;
    uint8_t end = 0;
  };

  static uint32_t BucketOf(uint64_t word) {
    return static_cast<uint32_t>((word & 0xFFFFFF) * 0x9E3779B1U & 0xFFFFFFFF) >> (32 - kBucketBits);
  }
  static uint64_t Load(const char* text, uint64_t left) {
    uint64_t word;
    std::memcpy(&word, text, 8);
    return left >= 8 ? word : word & ((uint64_t{1} << (left * 8)) - 1);
  }

  std::array<uint8_t, 256> sizes_{};
  std::array<uint8_t, 256> singles_{};
  /// By the first two bytes: the best symbol of at most two bytes.
  std::vector<uint8_t> pairs_;
  std::vector<Bucket> buckets_;
  /// By bucket, then the longest first.
  std::vector<Long> longs_;
};

/// Codes to text. Immutable; any thread. Any codes are decoded to something: what no symbol stands for is no text.
class TextDecoder {
 public:
  /// False where the bytes are no table of symbols.
  bool Parse(std::string_view bytes);

  /// Appends what the codes stand for and gives the end. `out` has room for 8 bytes a code and 8 more.
  char* Decode(const uint8_t* codes, const uint8_t* end, char* out) const {
    while (true) {
      // Four at a time where none of them is an escape.
      while (end - codes >= 4 && !HasEscape(codes)) {
        for (int i = 0; i < 4; ++i) {
          std::memcpy(out, &symbols_[codes[i]], 8);
          out += sizes_[codes[i]];
        }
        codes += 4;
      }
      if (codes >= end) return out;
      const uint8_t code = *codes++;
      if (code != kTextEscape) {
        std::memcpy(out, &symbols_[code], 8);
        out += sizes_[code];
      } else if (codes < end) {
        *out++ = static_cast<char>(*codes++);
      }
    }
  }
  /// The first eight bytes of what the codes stand for as a big-endian number, with zero bytes behind a shorter text:
  /// TextPrefix of it.
  uint64_t Prefix(const uint8_t* codes, const uint8_t* end) const {
    uint64_t bytes = 0;
    uint32_t size = 0;
    while (size < 8 && codes < end) {
      const uint8_t code = *codes++;
      if (code != kTextEscape) {
        bytes |= symbols_[code] << (size * 8);
        size += sizes_[code];
      } else if (codes < end) {
        bytes |= uint64_t{*codes++} << (size * 8);
        ++size;
      }
    }
    return __builtin_bswap64(bytes);
  }
  /// Begins to load the symbols' sizes.
  void Prefetch() const {
    for (size_t i = 0; i < sizeof(sizes_); i += 64) __builtin_prefetch(&sizes_[i]);
  }
  /// The size of the text that codes stand for.
  uint64_t DecodedSize(const uint8_t* codes, const uint8_t* end) const;

 private:
  /// Whether one of four codes is 255.
  static bool HasEscape(const uint8_t* codes) {
    uint32_t four;
    std::memcpy(&four, codes, sizeof(four));
    return ((~four - 0x01010101U) & four & 0x80808080U) != 0;
  }

  std::array<uint64_t, 256> symbols_{};
  std::array<uint8_t, 256> sizes_{};
};

}  // namespace llkv
