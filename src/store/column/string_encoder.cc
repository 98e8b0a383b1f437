// Encodes text and bytes: constant, dictionary where values repeat, else flat utf8.
#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "store/column/chunk_encoder.h"
#include "store/column/chunk_ipc.h"
#include "store/column/value_kernels.h"

namespace llkv {
namespace {

constexpr uint32_t kMaxStringEntries = 65536;
/// Dictionaries up to this size are sorted, so that a range of text is a range of codes.
constexpr uint32_t kMaxSortedEntries = 4096;
/// After this many rows, a dictionary that has an entry for more than half of them is given up.
constexpr uint32_t kSampleRows = 8192;
/// A longer constant would make the descriptor heavy.
constexpr size_t kMaxConstantBytes = 64;

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
  Value MakeValue(std::string_view text) const { return Value::Bytes(column_.type, std::string(text)); }

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
      if (row == kSampleRows && dictionary->entries().size() > kSampleRows / 2) return false;
    }
    return true;
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

  arrow::Result<EncodedChunk> EncodeFlat() {
    const uint32_t first = validity_ == nullptr ? 0 : FirstValidRow(column_.validity, column_.num_rows);
    std::string_view min = Text(first);
    std::string_view max = min;
    for (uint32_t row = 0; row < column_.num_rows; ++row) {
      if (IsNull(row)) continue;
      const std::string_view text = Text(row);
      if (text < min) min = text;
      if (max < text) max = text;
      descriptor().statistics.sketch.Add(HashBytes(text.data(), text.size()));
    }
    SetBounds(min, max);
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
