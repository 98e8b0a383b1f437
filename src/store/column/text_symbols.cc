#include "store/column/text_symbols.h"

#include <algorithm>
#include <unordered_map>

namespace llkv {
namespace {

/// Rounds of encoding the sample with the table so far and making a better one. The last counts single symbols only, so
/// that each symbol kept is one that is used.
constexpr int kRounds = 5;

uint64_t MaskOf(uint32_t size) { return size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (size * 8)) - 1; }

/// Counts of numbered things, and of pairs of them, in a sample: 0 to 255 are bytes, 256 and more are symbols.
class SampleCounts {
 public:
  SampleCounts() : singles_(512), slots_(kSlots) {}

  void Add(uint32_t item) { ++singles_[item]; }
  /// Pairs beyond the table's room are left out.
  void AddPair(uint32_t first, uint32_t second) {
    const uint32_t key = (first << 16 | second) + 1;
    uint32_t slot = (key * 0x9E3779B1U) >> (32 - kSlotBits);
    for (uint32_t tries = 0; tries < 16; ++tries, slot = (slot + 1) & (kSlots - 1)) {
      if (slots_[slot].key == key) {
        ++slots_[slot].count;
        return;
      }
      if (slots_[slot].key == 0) {
        slots_[slot] = {key, 1};
        return;
      }
    }
  }

  template <typename F>
  void ForEachSingle(F&& f) const {
    for (uint32_t item = 0; item < singles_.size(); ++item) {
      if (singles_[item] != 0) f(item, singles_[item]);
    }
  }
  template <typename F>
  void ForEachPair(F&& f) const {
    for (const Slot& slot : slots_) {
      if (slot.count > 1) f((slot.key - 1) >> 16, (slot.key - 1) & 0xFFFF, slot.count);
    }
  }

 private:
  static constexpr uint32_t kSlotBits = 14;
  static constexpr uint32_t kSlots = 1U << kSlotBits;
  struct Slot {
    uint32_t key = 0;
    uint32_t count = 0;
  };
  std::vector<uint32_t> singles_;
  std::vector<Slot> slots_;
};

void CountSample(std::span<const std::string_view> sample, std::span<const TextSymbol> symbols, bool with_pairs,
                 SampleCounts* counts) {
  const TextEncoder encoder(symbols);
  for (const std::string_view text : sample) {
    const char* next = text.data();
    const char* end = next + text.size();
    uint32_t previous = 0;
    bool has_previous = false;
    while (next < end) {
      const auto byte = static_cast<uint8_t>(*next);
      const uint8_t code = encoder.Match(next, end);
      const uint32_t item = code == kTextEscape ? byte : 256U + code;
      const uint32_t size = encoder.size_of(code);
      counts->Add(item);
      // A symbol may be worth less than its parts: they stay in the running.
      if (size > 1) counts->Add(byte);
      if (with_pairs && has_previous) {
        counts->AddPair(previous, item);
        if (size > 1) counts->AddPair(previous, byte);
      }
      previous = item;
      has_previous = true;
      next += size;
    }
  }
}

struct SymbolHash {
  size_t operator()(const TextSymbol& symbol) const {
    return static_cast<size_t>((symbol.bytes ^ (symbol.bytes >> 32)) * 0x9E3779B97F4A7C15ULL + symbol.size);
  }
};

/// The symbols that save the most, most saving first.
std::vector<TextSymbol> BestSymbols(const SampleCounts& counts, std::span<const TextSymbol> symbols) {
  const auto symbol_of = [&](uint32_t item) { return item < 256 ? TextSymbol{item, 1} : symbols[item - 256]; };
  std::unordered_map<TextSymbol, uint64_t, SymbolHash> gains;
  counts.ForEachSingle([&](uint32_t item, uint32_t count) {
    const TextSymbol symbol = symbol_of(item);
    // A byte without a code costs two, so single bytes count for more than what they save elsewhere.
    gains[symbol] += uint64_t{count} * (symbol.size == 1 ? 8 : symbol.size);
  });
  counts.ForEachPair([&](uint32_t first, uint32_t second, uint32_t count) {
    const TextSymbol a = symbol_of(first);
    const TextSymbol b = symbol_of(second);
    if (a.size == kMaxSymbolBytes) return;
    TextSymbol joined;
    joined.size = std::min(a.size + b.size, kMaxSymbolBytes);
    joined.bytes = (a.bytes | b.bytes << (a.size * 8)) & MaskOf(joined.size);
    gains[joined] += uint64_t{count} * joined.size;
  });
  std::vector<std::pair<uint64_t, TextSymbol>> ranked;
  ranked.reserve(gains.size());
  for (const auto& [symbol, gain] : gains) ranked.emplace_back(gain, symbol);
  const size_t kept = std::min<size_t>(ranked.size(), kMaxTextSymbols);
  // Ties are broken by content: the table must not depend on the map's order.
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<ptrdiff_t>(kept), ranked.end(),
                    [](const auto& a, const auto& b) {
                      if (a.first != b.first) return a.first > b.first;
                      if (a.second.size != b.second.size) return a.second.size > b.second.size;
                      return a.second.bytes < b.second.bytes;
                    });
  std::vector<TextSymbol> best;
  for (size_t i = 0; i < kept; ++i) best.push_back(ranked[i].second);
  return best;
}

}  // namespace

std::vector<TextSymbol> LearnSymbols(std::span<const std::string_view> sample) {
  std::vector<TextSymbol> symbols;
  for (int round = 0; round < kRounds; ++round) {
    SampleCounts counts;
    CountSample(sample, symbols, round + 1 < kRounds, &counts);
    symbols = BestSymbols(counts, symbols);
  }
  return symbols;
}

std::string SerializeSymbols(std::span<const TextSymbol> symbols) {
  std::string bytes(1, static_cast<char>(symbols.size()));
  for (const TextSymbol& symbol : symbols) bytes.push_back(static_cast<char>(symbol.size));
  for (const TextSymbol& symbol : symbols) {
    for (uint32_t i = 0; i < symbol.size; ++i) bytes.push_back(static_cast<char>(symbol.bytes >> (i * 8)));
  }
  return bytes;
}

TextEncoder::TextEncoder(std::span<const TextSymbol> symbols)
    : pairs_(size_t{1} << 16, kTextEscape), buckets_(size_t{1} << kBucketBits) {
  sizes_[kTextEscape] = 1;
  singles_.fill(kTextEscape);
  std::vector<std::pair<uint32_t, Long>> longs;
  for (uint32_t code = 0; code < symbols.size(); ++code) {
    const TextSymbol& symbol = symbols[code];
    sizes_[code] = static_cast<uint8_t>(symbol.size);
    if (symbol.size == 1) {
      singles_[symbol.bytes] = static_cast<uint8_t>(code);
    } else if (symbol.size > 2) {
      longs.push_back(
          {BucketOf(symbol.bytes),
           {symbol.bytes, MaskOf(symbol.size), static_cast<uint8_t>(symbol.size), static_cast<uint8_t>(code)}});
    }
  }
  for (uint32_t pair = 0; pair < pairs_.size(); ++pair) pairs_[pair] = singles_[pair & 0xFF];
  for (uint32_t code = 0; code < symbols.size(); ++code) {
    if (symbols[code].size == 2) pairs_[symbols[code].bytes] = static_cast<uint8_t>(code);
  }
  std::sort(longs.begin(), longs.end(), [](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first < b.first;
    return a.second.size != b.second.size ? a.second.size > b.second.size : a.second.code < b.second.code;
  });
  for (const auto& [bucket, symbol] : longs) {
    Bucket& range = buckets_[bucket];
    if (range.end == 0) range.first = static_cast<uint8_t>(longs_.size());
    longs_.push_back(symbol);
    range.end = static_cast<uint8_t>(longs_.size());
  }
}

bool TextDecoder::Parse(std::string_view bytes) {
  if (bytes.empty()) return false;
  const size_t count = static_cast<uint8_t>(bytes[0]);
  if (count > kMaxTextSymbols || bytes.size() < 1 + count) return false;
  size_t position = 1 + count;
  for (size_t code = 0; code < count; ++code) {
    const size_t size = static_cast<uint8_t>(bytes[1 + code]);
    if (size == 0 || size > kMaxSymbolBytes || bytes.size() - position < size) return false;
    sizes_[code] = static_cast<uint8_t>(size);
    std::memcpy(&symbols_[code], bytes.data() + position, size);
    position += size;
  }
  return position == bytes.size();
}

uint64_t TextDecoder::DecodedSize(const uint8_t* codes, const uint8_t* end) const {
  uint64_t size = 0;
  while (codes < end) {
    const uint8_t code = *codes++;
    size += code == kTextEscape ? 1 : sizes_[code];
    codes += code == kTextEscape ? 1 : 0;
  }
  return size;
}

}  // namespace llkv
