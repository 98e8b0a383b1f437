// Encodes text and bytes: constant, dictionary where values repeat, compressed where that saves a third, else flat.
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

#include "base/distinct_estimate.h"
#include "base/hash.h"
#include "store/column/chunk_encoder.h"
#include "store/column/chunk_ipc.h"
#include "store/column/text_symbols.h"
#include "store/column/value_kernels.h"

namespace llkv {
namespace {

constexpr uint32_t kMaxStringEntries = 65536;
/// Dictionaries up to this size are sorted, so that a range of text is a range of codes.
constexpr uint32_t kMaxSortedEntries = 4096;
/// After this many rows, a dictionary that will have an entry for more than this part of all rows is given up.
constexpr uint32_t kSampleRows = 8192;
constexpr double kMaxEntriesPerRow = 0.25;
/// A longer constant would make the descriptor heavy.
constexpr size_t kMaxConstantBytes = 64;

/// Text of fewer bytes is not compressed: a table of symbols takes up to 2 KiB.
constexpr uint64_t kMinTextBytes = 8192;
/// What symbols are learned from, and the most of one string of it.
constexpr uint64_t kSampleBytes = 16384;
constexpr size_t kMaxSampleString = 1024;

/// Gives each different string its code in order of appearance.
class StringDictionary {
 public:
  StringDictionary() : slots_(1024, Slot{}) {}

  /// Nothing where there are too many entries.
  std::optional<uint32_t> FindOrAdd(std::string_view text) {
    const uint64_t hash = Hash(text);
    size_t index = hash & (slots_.size() - 1);
    while (slots_[index].code != kEmpty) {
      const Slot& slot = slots_[index];
      if (slot.hash == static_cast<uint32_t>(hash >> 32) && entries_[slot.code] == text) return slot.code;
      index = (index + 1) & (slots_.size() - 1);
    }
    if (entries_.size() == kMaxStringEntries) return std::nullopt;
    const auto code = static_cast<uint32_t>(entries_.size());
    slots_[index] = {static_cast<uint32_t>(hash >> 32), code};
    entries_.push_back(text);
    num_bytes_ += text.size();
    if (entries_.size() * 2 > slots_.size()) Grow();
    return code;
  }
  const std::vector<std::string_view>& entries() const { return entries_; }
  uint64_t num_bytes() const { return num_bytes_; }

 private:
  static constexpr uint32_t kEmpty = 0xFFFFFFFF;
  struct Slot {
    uint32_t hash = 0;
    uint32_t code = kEmpty;
  };

  static uint64_t Hash(std::string_view text) {
    if (text.size() > 8) return HashBytes(text.data(), text.size());
    uint64_t word = 0;
    if (text.size() >= 4) {
      uint32_t low;
      uint32_t high;
      std::memcpy(&low, text.data(), 4);
      std::memcpy(&high, text.data() + text.size() - 4, 4);
      word = (uint64_t{high} << 32) | low;
    } else {
      for (const char c : text) word = (word << 8) | static_cast<uint8_t>(c);
    }
    return HashInt64(word + text.size() * 0x9E3779B97F4A7C15ULL);
  }

  void Grow() {
    std::vector<Slot> old(slots_.size() * 4);
    old.swap(slots_);
    for (uint32_t code = 0; code < entries_.size(); ++code) {
      const uint64_t hash = Hash(entries_[code]);
      size_t index = hash & (slots_.size() - 1);
      while (slots_[index].code != kEmpty) index = (index + 1) & (slots_.size() - 1);
      slots_[index] = {static_cast<uint32_t>(hash >> 32), code};
    }
  }

  std::vector<Slot> slots_;
  std::vector<std::string_view> entries_;
  uint64_t num_bytes_ = 0;
};

class StringEncoder {
 public:
  StringEncoder(const StringColumn& column, StartedChunk started, arrow::MemoryPool* pool)
      : column_(column), validity_(std::move(started.validity)), chunk_(std::move(started.chunk)), pool_(pool) {}

  arrow::Result<EncodedChunk> Encode() {
    StringDictionary dictionary;
    std::vector<uint32_t> codes(column_.num_rows);
    if (FillDictionary(&dictionary, codes.data())) {
      const auto& entries = dictionary.entries();
      if (entries.size() == 1 && validity_ == nullptr && entries[0].size() <= kMaxConstantBytes) {
        SetStatistics(entries);
        descriptor().encoding = ChunkEncoding::kConstant;
        descriptor().constant = MakeValue(entries[0]);
        return std::move(chunk_);
      }
      const uint64_t flat_bytes = total_bytes() + uint64_t{column_.num_rows} * 4;
      const uint64_t code_bytes = uint64_t{column_.num_rows} * (entries.size() <= 256 ? 1 : 2);
      if (dictionary.num_bytes() + entries.size() * 4 + code_bytes <= flat_bytes / 3 * 2) {
        SetStatistics(entries);
        return EncodeDictionary(entries, std::move(codes));
      }
    }
    SetStatisticsOfRows();
    ARROW_ASSIGN_OR_RAISE(const bool is_done, TryText());
    if (is_done) return std::move(chunk_);
    return EncodeFlat();
  }

 private:
  ChunkDescriptor& descriptor() { return chunk_.descriptor; }
  uint64_t total_bytes() const { return static_cast<uint64_t>(column_.offsets[column_.num_rows]); }
  bool IsNull(uint32_t row) const {
    return validity_ != nullptr && ((column_.validity[row / 8] >> (row % 8)) & 1) == 0;
  }
  std::string_view Text(uint32_t row) const {
    return {reinterpret_cast<const char*>(column_.bytes) + column_.offsets[row],
            static_cast<size_t>(column_.offsets[row + 1] - column_.offsets[row])};
  }
  Value MakeValue(std::string_view text) const { return Value::OfBytes(column_.type, std::string(text)); }

  /// False where there are too many different strings for a dictionary.
  bool FillDictionary(StringDictionary* dictionary, uint32_t* codes) const {
    uint32_t previous = 0;
    std::string_view previous_text;
    for (uint32_t row = 0; row < column_.num_rows; ++row) {
      if (IsNull(row)) {
        codes[row] = 0;
        continue;
      }
      const std::string_view text = Text(row);
      if (text != previous_text || dictionary->entries().empty()) {
        const std::optional<uint32_t> code = dictionary->FindOrAdd(text);
        if (!code) return false;
        previous = *code;
        previous_text = text;
      }
      codes[row] = previous;
      if (row == kSampleRows && IsTooVaried(dictionary->entries().size())) return false;
    }
    return true;
  }

  /// Whether so many entries of the first kSampleRows rows foretell too many of all.
  bool IsTooVaried(size_t num_entries) const {
    const double num_values = EstimateDistinct(static_cast<double>(num_entries), kSampleRows);
    return ExpectedDistinct(num_values, column_.num_rows) > kMaxEntriesPerRow * column_.num_rows;
  }

  /// Of the different values, or of all.
  void SetStatistics(const std::vector<std::string_view>& texts) {
    std::string_view min = texts[0];
    std::string_view max = texts[0];
    for (const std::string_view text : texts) {
      if (text < min) min = text;
      if (max < text) max = text;
      descriptor().statistics.sketch.Add(HashBytes(text.data(), text.size()));
    }
    SetBounds(min, max);
  }

  void SetBounds(std::string_view min, std::string_view max) {
    // ANY is not ordered by its bytes.
    if (descriptor().type.IsAny()) return;
    ChunkStatistics& statistics = descriptor().statistics;
    statistics.min_is_exact = min.size() <= ChunkStatistics::kMaxBoundBytes;
    statistics.min = MakeValue(min.substr(0, ChunkStatistics::kMaxBoundBytes));
    statistics.max_is_exact = max.size() <= ChunkStatistics::kMaxBoundBytes;
    if (statistics.max_is_exact) {
      statistics.max = MakeValue(max);
      return;
    }
    // The least string that is greater than all with this prefix: there is none of 0xFF only.
    std::string bound(max.substr(0, ChunkStatistics::kMaxBoundBytes));
    while (!bound.empty() && static_cast<uint8_t>(bound.back()) == 0xFF) bound.pop_back();
    if (bound.empty()) return;
    bound.back() = static_cast<char>(static_cast<uint8_t>(bound.back()) + 1);
    statistics.max = MakeValue(bound);
  }

  arrow::Result<EncodedChunk> EncodeDictionary(const std::vector<std::string_view>& entries,
                                               std::vector<uint32_t> codes) {
    const auto size = static_cast<uint32_t>(entries.size());
    std::vector<uint32_t> order(size);
    std::iota(order.begin(), order.end(), 0);
    if (size <= kMaxSortedEntries) {
      std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return entries[a] < entries[b]; });
      std::vector<uint32_t> rank(size);
      for (uint32_t i = 0; i < size; ++i) rank[order[i]] = i;
      for (uint32_t& code : codes) code = rank[code];
    }
    uint64_t num_bytes = 0;
    for (const std::string_view entry : entries) num_bytes += entry.size();
    ChunkBuffers buffers;
    auto& parts = buffers.buffers;
    ARROW_ASSIGN_OR_RAISE(parts[kDictionaryDataBuffer], AllocatePadded((uint64_t{size} + 1) * 4, pool_));
    ARROW_ASSIGN_OR_RAISE(parts[kDictionaryBytesBuffer], AllocatePadded(num_bytes, pool_));
    auto* offsets = reinterpret_cast<int32_t*>(parts[kDictionaryDataBuffer]->mutable_data());
    uint8_t* bytes = parts[kDictionaryBytesBuffer]->mutable_data();
    int32_t position = 0;
    offsets[0] = 0;
    for (uint32_t i = 0; i < size; ++i) {
      const std::string_view entry = entries[order[i]];
      if (!entry.empty()) std::memcpy(bytes + position, entry.data(), entry.size());
      position += static_cast<int32_t>(entry.size());
      offsets[i + 1] = position;
    }
    descriptor().encoding = ChunkEncoding::kDictionary;
    descriptor().dictionary_size = size;
    descriptor().storage = size <= 256 ? PhysicalType::kUInt8 : PhysicalType::kUInt16;
    const uint64_t code_width = size <= 256 ? 1 : 2;
    ARROW_ASSIGN_OR_RAISE(parts[kDataBuffer], AllocatePadded(uint64_t{column_.num_rows} * code_width, pool_));
    uint8_t* data = parts[kDataBuffer]->mutable_data();
    if (code_width == 1) {
      NarrowValues(codes.data(), codes.size(), uint32_t{0}, data);
    } else {
      NarrowValues(codes.data(), codes.size(), uint32_t{0}, reinterpret_cast<uint16_t*>(data));
    }
    parts[kValidityBuffer] = validity_;
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, AssembleBlob(std::move(buffers), &descriptor()));
    return std::move(chunk_);
  }

  void SetStatisticsOfRows() {
    const uint32_t first = validity_ == nullptr ? 0 : FirstValidRow(column_.validity, column_.num_rows);
    std::string_view min = Text(first);
    std::string_view max = min;
    uint64_t min_head = Head(min);
    uint64_t max_head = min_head;
    for (uint32_t row = 0; row < column_.num_rows; ++row) {
      if (IsNull(row)) continue;
      const std::string_view text = Text(row);
      descriptor().statistics.sketch.Add(HashBytes(text.data(), text.size()));
      // Few strings begin like the bounds; only those are compared in full.
      const uint64_t head = Head(text);
      if (head <= min_head && text < min) {
        min = text;
        min_head = head;
      }
      if (head >= max_head && max < text) {
        max = text;
        max_head = head;
      }
    }
    SetBounds(min, max);
  }

  /// The first eight bytes, zeros behind a shorter text, as a number that orders as texts do, up to ties.
  static uint64_t Head(std::string_view text) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof(word));
    if (text.size() < 8) word &= (uint64_t{1} << (text.size() * 8)) - 1;
    return __builtin_bswap64(word);
  }

  /// Strings from all over the chunk, to learn symbols from.
  std::vector<std::string_view> TakeSample() const {
    std::vector<std::string_view> sample;
    const uint64_t mean = total_bytes() / column_.num_rows + 1;
    const uint64_t count = std::min<uint64_t>(column_.num_rows, kSampleBytes / mean + 1);
    size_t num_bytes = 0;
    for (uint64_t i = 0; i < count && num_bytes < 2 * kSampleBytes; ++i) {
      sample.push_back(Text(static_cast<uint32_t>(column_.num_rows * i / count)).substr(0, kMaxSampleString));
      num_bytes += sample.back().size();
    }
    return sample;
  }

  /// Whether compressed sizes save a third of the flat form.
  bool Pays(uint64_t code_bytes, uint64_t bytes_per_size) const {
    const uint64_t flat_bytes = total_bytes() + uint64_t{column_.num_rows} * 4;
    return code_bytes + column_.num_rows * bytes_per_size <= flat_bytes / 3 * 2;
  }

  /// Compresses the text where that saves a third; true where it did.
  arrow::Result<bool> TryText() {
    if (total_bytes() < kMinTextBytes) return false;
    const std::vector<std::string_view> sample = TakeSample();
    const std::vector<TextSymbol> symbols = LearnSymbols(sample);
    const TextEncoder encoder(symbols);
    uint64_t sample_bytes = 0;
    uint64_t sample_codes = 0;
    std::vector<uint8_t> codes(kMaxSampleString * 2 + 1);
    for (const std::string_view text : sample) {
      sample_bytes += text.size();
      sample_codes += static_cast<uint64_t>(encoder.Encode(text, codes.data()) - codes.data());
    }
    if (!Pays(total_bytes() * sample_codes / std::max<uint64_t>(sample_bytes, 1), 1)) return false;
    return EncodeText(symbols, encoder);
  }

  arrow::Result<bool> EncodeText(const std::vector<TextSymbol>& symbols, const TextEncoder& encoder) {
    const std::string table = SerializeSymbols(symbols);
    std::vector<uint32_t> sizes(column_.num_rows);
    std::vector<int32_t> offsets = {0, static_cast<int32_t>(table.size())};
    arrow::BufferBuilder bytes(pool_);
    ARROW_RETURN_NOT_OK(bytes.Append(table.data(), static_cast<int64_t>(table.size())));
    uint32_t max_size = 0;
    for (uint32_t first = 0; first < column_.num_rows; first += kTextBlockRows) {
      const uint32_t end = std::min(first + kTextBlockRows, column_.num_rows);
      const int64_t block_text = column_.offsets[end] - column_.offsets[first];
      ARROW_RETURN_NOT_OK(bytes.Reserve(block_text * 2 + 1));
      uint8_t* const begin = bytes.mutable_data() + bytes.length();
      uint8_t* out = begin;
      for (uint32_t row = first; row < end; ++row) {
        uint8_t* const next = encoder.Encode(Text(row), out);
        sizes[row] = static_cast<uint32_t>(next - out);
        max_size = std::max(max_size, sizes[row]);
        out = next;
      }
      const int64_t block_bytes = out - begin;
      bytes.UnsafeAdvance(block_bytes);
      if (block_bytes > static_cast<int64_t>(kMaxTextBlockBytes) ||
          bytes.length() > std::numeric_limits<int32_t>::max()) {
        return false;
      }
      offsets.push_back(static_cast<int32_t>(bytes.length()));
    }
    const uint64_t width = max_size <= 0xFF ? 1 : max_size <= 0xFFFF ? 2 : 4;
    if (!Pays(static_cast<uint64_t>(bytes.length()), width)) return false;
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, FinishText(sizes, offsets, bytes, width));
    return true;
  }

  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> FinishText(const std::vector<uint32_t>& sizes,
                                                                        const std::vector<int32_t>& offsets,
                                                                        const arrow::BufferBuilder& bytes,
                                                                        uint64_t width) {
    ChunkBuffers buffers;
    auto& parts = buffers.buffers;
    ARROW_ASSIGN_OR_RAISE(parts[kDataBuffer], AllocatePadded(column_.num_rows * width, pool_));
    ARROW_ASSIGN_OR_RAISE(parts[kDictionaryDataBuffer], AllocatePadded(offsets.size() * 4, pool_));
    ARROW_ASSIGN_OR_RAISE(parts[kDictionaryBytesBuffer], AllocatePadded(static_cast<uint64_t>(bytes.length()), pool_));
    uint8_t* data = parts[kDataBuffer]->mutable_data();
    if (width == 1) {
      NarrowValues(sizes.data(), sizes.size(), uint32_t{0}, data);
    } else if (width == 2) {
      NarrowValues(sizes.data(), sizes.size(), uint32_t{0}, reinterpret_cast<uint16_t*>(data));
    } else {
      std::memcpy(data, sizes.data(), sizes.size() * 4);
    }
    std::memcpy(parts[kDictionaryDataBuffer]->mutable_data(), offsets.data(), offsets.size() * 4);
    std::memcpy(parts[kDictionaryBytesBuffer]->mutable_data(), bytes.data(), static_cast<size_t>(bytes.length()));
    parts[kValidityBuffer] = validity_;
    descriptor().encoding = ChunkEncoding::kText;
    descriptor().storage = width == 1   ? PhysicalType::kUInt8
                           : width == 2 ? PhysicalType::kUInt16
                                        : PhysicalType::kUInt32;
    descriptor().dictionary_size = static_cast<uint32_t>(offsets.size() - 1);
    return AssembleBlob(std::move(buffers), &descriptor());
  }

  arrow::Result<EncodedChunk> EncodeFlat() {
    descriptor().encoding = ChunkEncoding::kFlat;
    const uint64_t offset_bytes = (uint64_t{column_.num_rows} + 1) * 4;
    ChunkBuffers buffers;
    auto& parts = buffers.buffers;
    ARROW_ASSIGN_OR_RAISE(parts[kDataBuffer], AllocatePadded(offset_bytes, pool_));
    ARROW_ASSIGN_OR_RAISE(parts[kBytesBuffer], AllocatePadded(total_bytes(), pool_));
    std::memcpy(parts[kDataBuffer]->mutable_data(), column_.offsets, offset_bytes);
    if (total_bytes() != 0) std::memcpy(parts[kBytesBuffer]->mutable_data(), column_.bytes, total_bytes());
    parts[kValidityBuffer] = validity_;
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, AssembleBlob(std::move(buffers), &descriptor()));
    return std::move(chunk_);
  }

  const StringColumn& column_;
  std::shared_ptr<arrow::Buffer> validity_;
  EncodedChunk chunk_;
  arrow::MemoryPool* pool_;
};

}  // namespace

arrow::Result<EncodedChunk> EncodeStrings(const StringColumn& column, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(StartedChunk started,
                        StartChunk(column.field, column.type, column.validity, column.num_rows, pool));
  if (started.is_finished) return std::move(started.chunk);
  return StringEncoder(column, std::move(started), pool).Encode();
}

}  // namespace llkv
