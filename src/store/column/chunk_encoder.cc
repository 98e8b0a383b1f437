#include "store/column/chunk_encoder.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/error.h"
#include "base/hash.h"
#include "store/column/chunk_ipc.h"
#include "store/column/value_kernels.h"

namespace llkv {
namespace {

/// The most entries of a dictionary of numbers: more would not stay in the first cache level while decoding.
constexpr uint32_t kMaxNumberEntries = 4096;

/// Shorter runs cost more to find than to store.
constexpr uint64_t kMinRunRows = 16;

/// Doubles as integers divided by a power of ten.
struct DecimalForm {
  uint32_t scale = 0;
  double power = 1;
  int64_t min = 0;
  int64_t max = 0;
};

/// Of doubles within 2^53.
int64_t RoundToInteger(double value) { return static_cast<int64_t>(std::nearbyint(value)); }

/// Whether a double is an integer divided by the power of ten, to the bit; -0, NaN and infinity never are.
bool IsDecimal(double value, double power) {
  constexpr double kExact = 9007199254740992.0;
  const double scaled = value * power;
  if (!(std::abs(scaled) <= kExact)) return false;
  const double again = static_cast<double>(RoundToInteger(scaled)) / power;
  return std::bit_cast<uint64_t>(again) == std::bit_cast<uint64_t>(value);
}

/// The smallest power of ten that makes all values integers of a range of 32 bits, where there is one.
std::optional<DecimalForm> FindDecimalForm(const double* values, uint32_t n) {
  constexpr uint32_t kSampleRows = 64;
  constexpr uint32_t kMaxTriedScale = 12;
  DecimalForm form;
  for (uint32_t i = 0; i < kSampleRows; ++i) {
    const double value = values[uint64_t{n - 1} * i / kSampleRows];
    while (!IsDecimal(value, form.power)) {
      if (++form.scale > kMaxTriedScale) return std::nullopt;
      form.power *= 10;
    }
  }
  form.min = form.max = RoundToInteger(values[0] * form.power);
  for (uint32_t i = 0; i < n; ++i) {
    if (!IsDecimal(values[i], form.power)) return std::nullopt;
    const int64_t integer = RoundToInteger(values[i] * form.power);
    form.min = std::min(form.min, integer);
    form.max = std::max(form.max, integer);
  }
  if (form.max - form.min > int64_t{0xFFFFFFFF}) return std::nullopt;
  return form;
}

template <typename T>
Value MakeValue(LogicalType type, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return Value::Floating(type, value);
  } else {
    return Value::Integer(type, static_cast<int128_t>(value));
  }
}

/// Open addressing over the bits of values; gives each value its code in order of appearance.
template <typename Bits>
class NumberDictionary {
 public:
  NumberDictionary() : slots_(kMaxNumberEntries * 4, kEmpty) {}

  /// Nothing where there are too many entries.
  std::optional<uint32_t> FindOrAdd(Bits bits) {
    uint64_t hash;
    if constexpr (sizeof(Bits) == 16) {
      hash = CombineHash(static_cast<uint64_t>(bits >> 64), static_cast<uint64_t>(bits));
    } else {
      hash = HashInt64(static_cast<uint64_t>(bits));
    }
    size_t slot = hash & (slots_.size() - 1);
    while (slots_[slot] != kEmpty) {
      if (entries_[slots_[slot]] == bits) return slots_[slot];
      slot = (slot + 1) & (slots_.size() - 1);
    }
    if (entries_.size() == kMaxNumberEntries) return std::nullopt;
    slots_[slot] = static_cast<uint16_t>(entries_.size());
    entries_.push_back(bits);
    return slots_[slot];
  }
  const std::vector<Bits>& entries() const { return entries_; }

 private:
  static constexpr uint16_t kEmpty = 0xFFFF;
  std::vector<uint16_t> slots_;
  std::vector<Bits> entries_;
};

/// Encodes one column of T.
template <typename T>
class FixedEncoder {
 public:
  FixedEncoder(const FixedColumn& column, StartedChunk started, arrow::MemoryPool* pool)
      : values_(static_cast<T*>(column.values)),
        num_rows_(column.num_rows),
        validity_(std::move(started.validity)),
        chunk_(std::move(started.chunk)),
        pool_(pool) {
    if (column.validity != nullptr) {
      const T fill = values_[FirstValidRow(column.validity, num_rows_)];
      ForEachNull(column.validity, num_rows_, [&](uint32_t row) { values_[row] = fill; });
    }
  }

  arrow::Result<EncodedChunk> Encode() {
    if constexpr (std::is_floating_point_v<T>) {
      return EncodeFloats();
    } else {
      return EncodeIntegers();
    }
  }

  arrow::Result<EncodedChunk> EncodeOpaque() {
    if (IsBitwiseConstant() && validity_ == nullptr) {
      Interval interval;
      std::memcpy(&interval, static_cast<const void*>(values_), sizeof(interval));
      return Constant(Value::OfInterval(interval));
    }
    for (uint32_t i = 0; i < num_rows_; ++i) {
      chunk_.descriptor.statistics.sketch.Add(HashBytes(&values_[i], sizeof(T)));
    }
    return Flat();
  }

 private:
  ChunkDescriptor& descriptor() { return chunk_.descriptor; }
  DistinctSketch* sketch() { return &chunk_.descriptor.statistics.sketch; }

  bool IsBitwiseConstant() const { return std::memcmp(values_, values_ + 1, (num_rows_ - 1) * sizeof(T)) == 0; }

  void SetBounds(Value min, Value max) {
    ChunkStatistics& statistics = descriptor().statistics;
    statistics.min = std::move(min);
    statistics.max = std::move(max);
    statistics.min_is_exact = statistics.max_is_exact = true;
  }

  arrow::Result<EncodedChunk> EncodeFloats() {
    const Bounds<T> bounds = FindFloatBounds(values_, num_rows_);
    SetBounds(MakeValue(descriptor().type, bounds.min), MakeValue(descriptor().type, bounds.max));
    if (validity_ == nullptr && IsBitwiseConstant()) return Constant(MakeValue(descriptor().type, values_[0]));
    ARROW_ASSIGN_OR_RAISE(const bool is_done, TryDictionary(sizeof(T) == 4 ? 256 : kMaxNumberEntries));
    if (is_done) return std::move(chunk_);
    for (uint32_t i = 0; i < num_rows_; ++i) sketch()->Add(HashFloat(values_[i]));
    if constexpr (sizeof(T) == 8) {
      const std::optional<DecimalForm> form = FindDecimalForm(values_, num_rows_);
      if (form) return EncodeDecimals(*form);
    }
    return Flat();
  }

  arrow::Result<EncodedChunk> EncodeDecimals(const DecimalForm& form) {
    const auto range = static_cast<uint64_t>(form.max - form.min);
    const uint64_t width = range <= 0xFF ? 1 : range <= 0xFFFF ? 2 : 4;
    ARROW_ASSIGN_OR_RAISE(auto data, AllocatePadded(num_rows_ * width, pool_));
    const double power = form.power;
    const auto fill = [&](auto* out) {
      using To = std::remove_pointer_t<decltype(out)>;
      for (uint32_t i = 0; i < num_rows_; ++i) {
        out[i] = static_cast<To>(RoundToInteger(static_cast<double>(values_[i]) * power) - form.min);
      }
    };
    if (width == 1) {
      fill(data->mutable_data());
    } else if (width == 2) {
      fill(reinterpret_cast<uint16_t*>(data->mutable_data()));
    } else {
      fill(reinterpret_cast<uint32_t*>(data->mutable_data()));
    }
    descriptor().encoding = ChunkEncoding::kDecimal;
    descriptor().storage = width == 1   ? PhysicalType::kUInt8
                           : width == 2 ? PhysicalType::kUInt16
                                        : PhysicalType::kUInt32;
    descriptor().base = form.min;
    descriptor().scale = form.scale;
    return Finish(std::move(data));
  }

  /// Equal values (0 and -0, all NaN) hash alike.
  static uint64_t HashFloat(T value) {
    double wide = value == 0 ? 0.0 : static_cast<double>(value);
    if (wide != wide) wide = std::numeric_limits<double>::quiet_NaN();
    uint64_t bits;
    std::memcpy(&bits, &wide, sizeof(bits));
    return HashInt64(bits);
  }

  arrow::Result<EncodedChunk> EncodeIntegers() {
    const Bounds<T> bounds = FindBounds(values_, num_rows_);
    const LogicalType type = descriptor().type;
    if (type.IsDecimal()) {
      const int128_t limit = PowerOfTen(type.precision());
      if (bounds.min <= -limit || bounds.max >= limit) {
        return SqlError(sqlstate::kNumericOutOfRange, "a value is out of range for " + type.ToString());
      }
    }
    SetBounds(MakeValue(type, bounds.min), MakeValue(type, bounds.max));
    if (bounds.min == bounds.max && validity_ == nullptr) return Constant(MakeValue(type, bounds.min));
    const size_t width = NarrowWidth(bounds);
    if (HasLongRuns(width)) return EncodeRuns(bounds, width);
    if (type == LogicalType(TypeId::kBoolean)) return AddSketchAndFlat();
    if constexpr (sizeof(T) > 1) {
      if (width == 1) return Narrow<uint8_t>(bounds, PhysicalType::kUInt8);
    }
    if constexpr (sizeof(T) > 2) {
      if (width == 2) return Narrow<uint16_t>(bounds, PhysicalType::kUInt16);
    }
    if constexpr (sizeof(T) > 4) {
      if (width == 4) return Narrow<uint32_t>(bounds, PhysicalType::kUInt32);
    }
    if constexpr (sizeof(T) >= 8) {
      ARROW_ASSIGN_OR_RAISE(const bool is_done, TryDictionary(kMaxNumberEntries));
      if (is_done) return std::move(chunk_);
    }
    if constexpr (sizeof(T) == 16) {
      if (bounds.min >= std::numeric_limits<int64_t>::min() && bounds.max <= std::numeric_limits<int64_t>::max()) {
        return NarrowTo64();
      }
    }
    return AddSketchAndFlat();
  }

  /// The bytes of the narrowest unsigned integer that holds all values above a base, or those of T.
  static size_t NarrowWidth(const Bounds<T>& bounds) {
    const bool base_fits = static_cast<int128_t>(bounds.min) >= std::numeric_limits<int64_t>::min() &&
                           static_cast<int128_t>(bounds.min) <= std::numeric_limits<int64_t>::max();
    if (!base_fits) return sizeof(T);
    // The difference of any two values fits the unsigned type of the same width.
    const auto range = static_cast<uint128_t>(static_cast<int128_t>(bounds.max)) -
                       static_cast<uint128_t>(static_cast<int128_t>(bounds.min));
    const size_t width = range <= 0xFF ? 1 : range <= 0xFFFF ? 2 : range <= 0xFFFFFFFF ? 4 : sizeof(T);
    return std::min(width, sizeof(T));
  }

  /// Base 0 saves kernels an addition, so it is taken where it costs no width.
  template <typename To>
  static T BaseOf(const Bounds<T>& bounds) {
    const bool needs_no_base = bounds.min >= 0 && static_cast<uint128_t>(bounds.max) <= std::numeric_limits<To>::max();
    return needs_no_base ? T{0} : bounds.min;
  }

  /// Runs pay where they take half at most, and decoding is no more than filling.
  bool HasLongRuns(size_t width) const {
    if (validity_ != nullptr) return false;
    const uint64_t num_runs = CountRuns();
    return num_runs * kMinRunRows <= num_rows_ && num_runs * (4 + width) * 2 <= num_rows_ * width;
  }

  uint32_t CountRuns() const {
    uint32_t changes = 1;
    for (uint32_t i = 1; i < num_rows_; ++i) changes += values_[i] != values_[i - 1] ? 1 : 0;
    return changes;
  }

  arrow::Result<EncodedChunk> EncodeRuns(const Bounds<T>& bounds, size_t width) {
    const uint32_t num_runs = CountRuns();
    ARROW_ASSIGN_OR_RAISE(auto ends, AllocatePadded(uint64_t{num_runs} * 4, pool_));
    auto* end = reinterpret_cast<int32_t*>(ends->mutable_data());
    std::vector<T> values;
    values.reserve(num_runs);
    for (uint32_t i = 1; i <= num_rows_; ++i) {
      if (i < num_rows_ && values_[i] == values_[i - 1]) continue;
      *end++ = static_cast<int32_t>(i);
      values.push_back(values_[i - 1]);
    }
    AddToSketch(values.data(), num_runs, sketch());
    ARROW_ASSIGN_OR_RAISE(auto data, AllocatePadded(uint64_t{num_runs} * width, pool_));
    descriptor().storage = descriptor().type.physical();
    if (width == sizeof(T)) {
      std::memcpy(data->mutable_data(), values.data(), num_runs * sizeof(T));
    } else if (width == 1) {
      NarrowRuns<uint8_t>(values, bounds, PhysicalType::kUInt8, data->mutable_data());
    } else if (width == 2) {
      NarrowRuns<uint16_t>(values, bounds, PhysicalType::kUInt16, data->mutable_data());
    } else {
      NarrowRuns<uint32_t>(values, bounds, PhysicalType::kUInt32, data->mutable_data());
    }
    descriptor().encoding = ChunkEncoding::kRunEnd;
    descriptor().dictionary_size = num_runs;
    ChunkBuffers buffers;
    buffers.buffers[kDataBuffer] = std::move(data);
    buffers.buffers[kDictionaryDataBuffer] = std::move(ends);
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, AssembleBlob(std::move(buffers), &descriptor()));
    return std::move(chunk_);
  }

  template <typename To>
  void NarrowRuns(const std::vector<T>& values, const Bounds<T>& bounds, PhysicalType storage, uint8_t* out) {
    if constexpr (sizeof(To) < sizeof(T)) {
      const T base = BaseOf<To>(bounds);
      NarrowValues(values.data(), values.size(), base, reinterpret_cast<To*>(out));
      descriptor().storage = storage;
      descriptor().base = static_cast<int64_t>(base);
    }
  }

  template <typename To>
  arrow::Result<EncodedChunk> Narrow(const Bounds<T>& bounds, PhysicalType storage) {
    const T base = BaseOf<To>(bounds);
    ARROW_ASSIGN_OR_RAISE(auto data, AllocatePadded(uint64_t{num_rows_} * sizeof(To), pool_));
    To* out = reinterpret_cast<To*>(data->mutable_data());
    NarrowValues(values_, num_rows_, base, out);
    descriptor().encoding = ChunkEncoding::kNarrow;
    descriptor().storage = storage;
    descriptor().base = static_cast<int64_t>(base);
    if constexpr (sizeof(To) <= 2) {
      AddSmallDomain(out, static_cast<int64_t>(base));
    } else {
      AddToSketch(values_, num_rows_, sketch());
    }
    return Finish(std::move(data));
  }

  /// Hashes each value that occurs once instead of each row.
  template <typename To>
  void AddSmallDomain(const To* narrow, int64_t base) {
    std::vector<uint8_t> seen(size_t{std::numeric_limits<To>::max()} + 1);
    for (uint32_t i = 0; i < num_rows_; ++i) seen[narrow[i]] = 1;
    for (size_t value = 0; value < seen.size(); ++value) {
      if (seen[value] != 0) sketch()->Add(HashInt64(static_cast<uint64_t>(base) + value));
    }
  }

  arrow::Result<EncodedChunk> NarrowTo64() requires(sizeof(T) == 16) {
    ARROW_ASSIGN_OR_RAISE(auto data, AllocatePadded(uint64_t{num_rows_} * 8, pool_));
    NarrowValues(values_, num_rows_, T{0}, reinterpret_cast<int64_t*>(data->mutable_data()));
    AddToSketch(reinterpret_cast<const int64_t*>(data->data()), num_rows_, sketch());
    descriptor().encoding = ChunkEncoding::kNarrow;
    descriptor().storage = PhysicalType::kInt64;
    return Finish(std::move(data));
  }

  /// Encodes with a dictionary where there are at most `max_entries` different values and that takes at most half of
  /// the flat form; true where it did.
  arrow::Result<bool> TryDictionary(uint32_t max_entries) {
    using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, std::conditional_t<sizeof(T) == 8, uint64_t, uint128_t>>;
    const uint64_t flat_bytes = uint64_t{num_rows_} * sizeof(T);
    max_entries = static_cast<uint32_t>(std::min<uint64_t>(max_entries, flat_bytes / 4 / sizeof(T)));
    if (max_entries == 0) return false;
    NumberDictionary<Bits> dictionary;
    ARROW_ASSIGN_OR_RAISE(auto wide, AllocatePadded(uint64_t{num_rows_} * 2, pool_));
    uint16_t* codes = reinterpret_cast<uint16_t*>(wide->mutable_data());
    for (uint32_t i = 0; i < num_rows_; ++i) {
      Bits bits;
      std::memcpy(&bits, &values_[i], sizeof(bits));
      const std::optional<uint32_t> code = dictionary.FindOrAdd(bits);
      if (!code || *code >= max_entries) return false;
      codes[i] = static_cast<uint16_t>(*code);
    }
    const auto& entries = dictionary.entries();
    std::shared_ptr<arrow::Buffer> data = wide;
    descriptor().storage = PhysicalType::kUInt16;
    if (entries.size() <= 256) {
      ARROW_ASSIGN_OR_RAISE(data, AllocatePadded(num_rows_, pool_));
      NarrowValues(codes, num_rows_, uint16_t{0}, data->mutable_data());
      descriptor().storage = PhysicalType::kUInt8;
    }
    if (entries.size() * sizeof(T) + static_cast<uint64_t>(data->size()) > flat_bytes / 2) {
      descriptor().storage = descriptor().type.physical();
      return false;
    }
    ARROW_ASSIGN_OR_RAISE(auto values, AllocatePadded(entries.size() * sizeof(T), pool_));
    std::memcpy(values->mutable_data(), entries.data(), entries.size() * sizeof(T));
    AddEntries(reinterpret_cast<const T*>(values->data()), entries.size());
    descriptor().encoding = ChunkEncoding::kDictionary;
    descriptor().dictionary_size = static_cast<uint32_t>(entries.size());
    ChunkBuffers buffers;
    buffers.buffers[kValidityBuffer] = validity_;
    buffers.buffers[kDataBuffer] = std::move(data);
    buffers.buffers[kDictionaryDataBuffer] = std::move(values);
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, AssembleBlob(std::move(buffers), &descriptor()));
    return true;
  }

  void AddEntries(const T* entries, size_t n) {
    if constexpr (std::is_floating_point_v<T>) {
      for (size_t i = 0; i < n; ++i) sketch()->Add(HashFloat(entries[i]));
    } else {
      AddToSketch(entries, n, sketch());
    }
  }

  arrow::Result<EncodedChunk> AddSketchAndFlat() {
    AddToSketch(values_, num_rows_, sketch());
    return Flat();
  }

  arrow::Result<EncodedChunk> Flat() {
    descriptor().encoding = ChunkEncoding::kFlat;
    descriptor().storage = descriptor().type.physical();
    ARROW_ASSIGN_OR_RAISE(auto data, AllocatePadded(uint64_t{num_rows_} * sizeof(T), pool_));
    std::memcpy(data->mutable_data(), values_, size_t{num_rows_} * sizeof(T));
    return Finish(std::move(data));
  }

  arrow::Result<EncodedChunk> Constant(Value value) {
    if constexpr (std::is_floating_point_v<T>) {
      sketch()->Add(HashFloat(values_[0]));
    } else if (descriptor().type == LogicalType(TypeId::kInterval)) {
      sketch()->Add(HashBytes(values_, sizeof(T)));
    } else {
      AddToSketch(values_, 1, sketch());
    }
    descriptor().encoding = ChunkEncoding::kConstant;
    descriptor().storage = descriptor().type.physical();
    descriptor().constant = std::move(value);
    return std::move(chunk_);
  }

  arrow::Result<EncodedChunk> Finish(std::shared_ptr<arrow::Buffer> data) {
    ChunkBuffers buffers;
    buffers.buffers[kValidityBuffer] = validity_;
    buffers.buffers[kDataBuffer] = std::move(data);
    ARROW_ASSIGN_OR_RAISE(chunk_.pieces, AssembleBlob(std::move(buffers), &descriptor()));
    return std::move(chunk_);
  }

  T* values_;
  uint32_t num_rows_;
  std::shared_ptr<arrow::Buffer> validity_;
  EncodedChunk chunk_;
  arrow::MemoryPool* pool_;
};

template <typename T>
arrow::Result<EncodedChunk> EncodeAs(const FixedColumn& column, StartedChunk started, arrow::MemoryPool* pool) {
  return FixedEncoder<T>(column, std::move(started), pool).Encode();
}

}  // namespace

uint32_t FirstValidRow(const uint8_t* validity, uint32_t num_rows) {
  for (uint32_t byte = 0; byte < (num_rows + 7) / 8; ++byte) {
    if (validity[byte] != 0) return byte * 8 + static_cast<uint32_t>(__builtin_ctz(validity[byte]));
  }
  return 0;
}

arrow::Result<StartedChunk> StartChunk(FieldId field, LogicalType type, const uint8_t* validity, uint32_t num_rows,
                                       arrow::MemoryPool* pool) {
  StartedChunk started;
  ChunkDescriptor& descriptor = started.chunk.descriptor;
  descriptor.field = field;
  descriptor.type = type;
  descriptor.storage = type.physical();
  descriptor.num_rows = num_rows;
  descriptor.constant = Value::Null(type);
  descriptor.statistics.min = Value::Null(type);
  descriptor.statistics.max = Value::Null(type);
  const size_t num_valid = validity == nullptr ? num_rows : CountBits(validity, num_rows);
  descriptor.statistics.num_nulls = num_rows - static_cast<uint32_t>(num_valid);
  if (num_valid == 0) {
    started.is_finished = true;
  } else if (num_valid != num_rows) {
    const uint64_t size = (uint64_t{num_rows} + 7) / 8;
    ARROW_ASSIGN_OR_RAISE(started.validity, AllocatePadded(size, pool));
    CopyBits(validity, 0, num_rows, started.validity->mutable_data(), 0);
  }
  return started;
}

arrow::Result<EncodedChunk> EncodeFixed(const FixedColumn& column, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(StartedChunk started,
                        StartChunk(column.field, column.type, column.validity, column.num_rows, pool));
  if (started.is_finished) return std::move(started.chunk);
  FixedColumn with_nulls = column;
  if (started.validity == nullptr) with_nulls.validity = nullptr;
  switch (column.type.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return EncodeAs<uint8_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kInt8:
      return EncodeAs<int8_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kInt16:
      return EncodeAs<int16_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kInt32:
      return EncodeAs<int32_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kInt64:
      return EncodeAs<int64_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kInt128:
      return EncodeAs<int128_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kUInt16:
      return EncodeAs<uint16_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kUInt32:
      return EncodeAs<uint32_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kUInt64:
      return EncodeAs<uint64_t>(with_nulls, std::move(started), pool);
    case PhysicalType::kFloat:
      return EncodeAs<float>(with_nulls, std::move(started), pool);
    case PhysicalType::kDouble:
      return EncodeAs<double>(with_nulls, std::move(started), pool);
    case PhysicalType::kInterval:
      return FixedEncoder<int128_t>(with_nulls, std::move(started), pool).EncodeOpaque();
    case PhysicalType::kString:
      break;
  }
  return InternalError("strings are no fixed-width column");
}

}  // namespace llkv
