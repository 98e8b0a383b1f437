// ColumnChunk: reading the encodings that are no view of what is stored: runs, compressed text, decimals for doubles.
#include <arrow/buffer.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>

#include "base/error.h"
#include "store/column/column_chunk.h"
#include "store/column/text_symbols.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

constexpr uint32_t kRowsPerTextPlace = 64;
/// Texts of up to so many codes are decoded without a look at their size.
constexpr int64_t kShortCodes = 64;
static_assert(kTextBlockRows % kRowsPerTextPlace == 0);

/// Base + stored, in unsigned arithmetic of the wider type: the checks have shown that it does not overflow.
template <typename T, typename From>
T Widen(int64_t base, From stored) {
  if constexpr (sizeof(T) == 16) {
    return static_cast<T>(static_cast<int128_t>(base) + static_cast<int128_t>(stored));
  } else {
    return static_cast<T>(static_cast<uint64_t>(base) + static_cast<uint64_t>(stored));
  }
}

/// The bytes of codes of strings [first, first + count).
template <typename Size>
uint64_t SumSizes(const Size* sizes, uint32_t first, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = first; i < first + count; ++i) sum += sizes[i];
  return sum;
}

/// Where the codes of a string begin: those of each 64th one are known.
template <typename Size>
uint64_t TextPlace(const uint32_t* places, const Size* sizes, uint32_t row) {
  return places[row / kRowsPerTextPlace] +
         SumSizes(sizes, row / kRowsPerTextPlace * kRowsPerTextPlace, row % kRowsPerTextPlace);
}

}  // namespace

uint32_t ColumnChunk::RunOf(uint32_t row) const {
  const int32_t* end = std::upper_bound(run_ends_, run_ends_ + num_runs(), static_cast<int32_t>(row));
  return static_cast<uint32_t>(end - run_ends_);
}

Vector ColumnChunk::GetRuns() const {
  Vector runs;
  runs.type = descriptor_.type;
  runs.storage = descriptor_.storage;
  runs.base = descriptor_.base;
  runs.form = descriptor_.storage == descriptor_.type.physical() ? VectorForm::kFlat : VectorForm::kNarrow;
  runs.data = buffer(kDataBuffer);
  runs.range = whole_.range;
  return runs;
}

Vector ColumnChunk::DecodeRuns(uint32_t first_row, uint32_t count, uint8_t* values) const {
  Vector vector = whole_;
  vector.data = values;
  uint32_t run = RunOf(first_row);
  const bool is_constant = static_cast<uint32_t>(run_ends_[run]) >= first_row + count;
  if (is_constant) vector.form = VectorForm::kConstant;
  const uint32_t num_values = is_constant ? 1 : count;
  VisitIntegerType(descriptor_.type.physical(), [&](auto type) {
    using T = typename decltype(type)::Type;
    VisitIntegerType(descriptor_.storage, [&](auto stored_type) {
      using From = typename decltype(stored_type)::Type;
      if constexpr (sizeof(From) <= sizeof(T)) {
        const From* stored = reinterpret_cast<const From*>(buffer(kDataBuffer));
        T* out = reinterpret_cast<T*>(values);
        for (uint32_t done = 0; done < num_values; ++run) {
          const uint32_t end = std::min(static_cast<uint32_t>(run_ends_[run]) - first_row, num_values);
          std::fill(out + done, out + end, Widen<T>(descriptor_.base, stored[run]));
          done = end;
        }
      }
    });
  });
  return vector;
}

arrow::Result<Vector> ColumnChunk::Decode(uint32_t first_row, uint32_t count, const Selection& selection,
                                          ColumnScratch& scratch) const {
  if (descriptor_.encoding == ChunkEncoding::kText) {
    ARROW_ASSIGN_OR_RAISE(Vector vector, DecodeText(first_row, count, selection, scratch));
    if (vector.validity != nullptr) vector.validity += first_row / 64 * 8;
    return vector;
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * values, scratch.Values(count));
  if (descriptor_.encoding == ChunkEncoding::kRunEnd) return DecodeRuns(first_row, count, values);
  Vector vector = whole_;
  vector.data = values;
  if (vector.validity != nullptr) vector.validity += first_row / 64 * 8;
  VisitIntegerType(descriptor_.storage, [&](auto type) {
    using From = typename decltype(type)::Type;
    if constexpr (sizeof(From) <= 4) {
      const From* stored = reinterpret_cast<const From*>(buffer(kDataBuffer)) + first_row;
      double* out = reinterpret_cast<double*>(values);
      const int64_t base = descriptor_.base;
      for (uint32_t i = 0; i < count; ++i) {
        out[i] = static_cast<double>(Widen<int64_t>(base, stored[i])) / rows_.divisor;
      }
    }
  });
  return vector;
}

void ColumnChunk::GatherRuns(std::span<const uint32_t> rows, ScratchVector& out) const {
  VisitIntegerType(rows_.storage, [&](auto stored_type) {
    using From = typename decltype(stored_type)::Type;
    const From* stored = reinterpret_cast<const From*>(rows_.data);
    if (rows_.encoding == ChunkEncoding::kDecimal) {
      if constexpr (sizeof(From) <= 4) {
        double* values = out.data<double>();
        for (const uint32_t row : rows) {
          *values++ = static_cast<double>(Widen<int64_t>(rows_.base, stored[row])) / rows_.divisor;
        }
      }
      return;
    }
    VisitIntegerType(rows_.physical, [&](auto type) {
      using T = typename decltype(type)::Type;
      if constexpr (sizeof(From) <= sizeof(T)) {
        T* values = out.data<T>();
        for (const uint32_t row : rows) *values++ = Widen<T>(rows_.base, stored[RunOf(row)]);
      }
    });
  });
}

arrow::Status ColumnChunk::OpenText(arrow::MemoryPool* pool) {
  const uint32_t num_blocks = (num_rows() + kTextBlockRows - 1) / kTextBlockRows;
  const auto* offsets = reinterpret_cast<const int32_t*>(buffer(kDictionaryDataBuffer));
  ARROW_RETURN_NOT_OK(
      CheckOffsets(offsets, descriptor_.dictionary_size, descriptor_.buffers[kDictionaryBytesBuffer].length));
  auto decoder = std::make_unique<TextDecoder>();
  const auto* bytes = reinterpret_cast<const char*>(buffer(kDictionaryBytesBuffer));
  if (!decoder->Parse({bytes, static_cast<size_t>(offsets[1])})) {
    return Corrupted("a chunk's table of symbols is malformed");
  }
  text_ = std::move(decoder);
  const uint32_t num_places = num_rows() / kRowsPerTextPlace + 1;
  ARROW_ASSIGN_OR_RAISE(text_places_, arrow::AllocateBuffer(int64_t{num_places} * 4, pool));
  auto* places = text_places_->mutable_data_as<uint32_t>();
  bool is_right = true;
  VisitIntegerType(descriptor_.storage, [&](auto type) {
    using Size = typename decltype(type)::Type;
    if constexpr (std::is_unsigned_v<Size> && sizeof(Size) <= 4) {
      const Size* sizes = reinterpret_cast<const Size*>(buffer(kDataBuffer));
      for (uint32_t block = 0; block < num_blocks; ++block) {
        const uint32_t first = block * kTextBlockRows;
        const uint32_t end = std::min(first + kTextBlockRows, num_rows());
        uint64_t sum = 0;
        for (uint32_t row = first; row < end; row += kRowsPerTextPlace) {
          places[row / kRowsPerTextPlace] = static_cast<uint32_t>(static_cast<uint64_t>(offsets[block + 1]) + sum);
          sum += SumSizes(sizes, row, std::min(kRowsPerTextPlace, end - row));
        }
        is_right &= sum <= kMaxTextBlockBytes;
        is_right &= sum == static_cast<uint64_t>(offsets[block + 2] - offsets[block + 1]);
      }
    }
  });
  // What follows the last string, where a place is due there.
  if (num_rows() % kRowsPerTextPlace == 0) places[num_places - 1] = static_cast<uint32_t>(offsets[num_blocks + 1]);
  return is_right ? arrow::Status::OK() : Corrupted("a chunk's text blocks have not the sizes of their strings");
}

arrow::Result<Vector> ColumnChunk::DecodeText(uint32_t first_row, uint32_t count, const Selection& selection,
                                              ColumnScratch& scratch) const {
  const uint32_t* places = text_places_->data_as<uint32_t>();
  const uint8_t* bytes = buffer(kDictionaryBytesBuffer);
  ARROW_ASSIGN_OR_RAISE(uint8_t * values, scratch.Values(count));
  uint8_t* text = nullptr;
  auto* offsets = reinterpret_cast<int32_t*>(values);
  const TextDecoder& decoder = *text_;
  arrow::Status status;
  VisitIntegerType(descriptor_.storage, [&](auto type) {
    using Size = typename decltype(type)::Type;
    if constexpr (std::is_unsigned_v<Size> && sizeof(Size) <= 4) {
      const Size* sizes = reinterpret_cast<const Size*>(buffer(kDataBuffer));
      // Blocks lie one behind the other, so codes go on from one to the next.
      const uint64_t start = TextPlace(places, sizes, first_row);
      const uint64_t size = TextPlace(places, sizes, first_row + count) - start;
      // Two blocks at most: what they decode to stays below 2 GiB.
      status = scratch.Text(size * kMaxSymbolBytes + kMaxSymbolBytes).Value(&text);
      if (!status.ok()) return;
      sizes += first_row;
      const uint8_t* codes = bytes + start;
      char* const begin = reinterpret_cast<char*>(text);
      char* out = begin;
      offsets[0] = 0;
      if (selection.IsDense()) {
        for (uint32_t i = 0; i < count; ++i) {
          out = decoder.Decode(codes, codes + sizes[i], out);
          codes += sizes[i];
          offsets[i + 1] = static_cast<int32_t>(out - begin);
        }
        return;
      }
      uint32_t row = 0;
      for (uint32_t i = 0; i < selection.count; ++i) {
        const uint32_t selected = selection.rows[i];
        const auto end = static_cast<int32_t>(out - begin);
        for (; row < selected; ++row) {
          codes += sizes[row];
          offsets[row + 1] = end;
        }
        out = decoder.Decode(codes, codes + sizes[row], out);
        codes += sizes[row];
        offsets[++row] = static_cast<int32_t>(out - begin);
      }
      std::fill(offsets + row, offsets + count + 1, static_cast<int32_t>(out - begin));
    }
  });
  ARROW_RETURN_NOT_OK(status);
  Vector vector = whole_;
  vector.data = offsets;
  vector.dictionary = text;
  return vector;
}

void ColumnChunk::MaskTextPrefixes(uint32_t first_row, uint32_t count, uint64_t low, uint64_t high,
                                   uint64_t* mask) const {
  const uint32_t* places = text_places_->data_as<uint32_t>();
  const uint8_t* bytes = buffer(kDictionaryBytesBuffer);
  const TextDecoder& decoder = *text_;
  VisitIntegerType(descriptor_.storage, [&](auto type) {
    using Size = typename decltype(type)::Type;
    if constexpr (std::is_unsigned_v<Size> && sizeof(Size) <= 4) {
      const Size* sizes = reinterpret_cast<const Size*>(buffer(kDataBuffer));
      for (uint32_t start = 0; start < count; start += 64) {
        const uint64_t left = mask[start / 64];
        if (left == 0) continue;
        static_assert(kRowsPerTextPlace == 64);
        const uint8_t* codes = bytes + TextPlace(places, sizes, first_row + start);
        const uint32_t num_rows = std::min<uint32_t>(64, count - start);
        uint64_t passed = 0;
        for (uint32_t i = 0; i < num_rows; ++i) {
          const uint32_t size = sizes[first_row + start + i];
          if (((left >> i) & 1) != 0) {
            const uint64_t prefix = decoder.Prefix(codes, codes + size);
            passed |= static_cast<uint64_t>(prefix - low <= high - low) << i;
          }
          codes += size;
        }
        mask[start / 64] = passed;
      }
    }
  });
}

void ColumnChunk::Prefetch(uint32_t row) const {
  if (rows_.form == VectorForm::kConstant || rows_.encoding == ChunkEncoding::kRunEnd) return;
  // A compressed text is found by adding sizes from the last known place on.
  const uint32_t first = rows_.text == nullptr ? row : row / kRowsPerTextPlace * kRowsPerTextPlace;
  __builtin_prefetch(rows_.data + first * static_cast<size_t>(PhysicalWidth(rows_.storage)));
  if (rows_.text == nullptr) return;
  __builtin_prefetch(rows_.text_places + row / kRowsPerTextPlace);
  rows_.text->Prefetch();
}

arrow::Status ColumnChunk::GatherText(std::span<const uint32_t> rows, ScratchVector& out, StringArena& texts) const {
  const auto* bytes = static_cast<const uint8_t*>(rows_.dictionary);
  auto* refs = out.data<StringRef>();
  arrow::Status status;
  VisitIntegerType(rows_.storage, [&](auto type) {
    using Size = typename decltype(type)::Type;
    if constexpr (std::is_unsigned_v<Size> && sizeof(Size) <= 4) {
      const Size* sizes = reinterpret_cast<const Size*>(rows_.data);
      for (size_t i = 0; i < rows.size() && status.ok(); ++i) {
        const uint8_t* codes = bytes + TextPlace(rows_.text_places, sizes, rows[i]);
        const uint8_t* end = codes + sizes[rows[i]];
        // A short text takes its most, a long one what it needs.
        const uint64_t most = end - codes <= kShortCodes ? uint64_t{sizes[rows[i]]} * kMaxSymbolBytes
                                                         : rows_.text->DecodedSize(codes, end);
        auto memory = texts.Allocate(static_cast<uint32_t>(most + kMaxSymbolBytes));
        status = memory.status();
        if (!status.ok()) continue;
        const char* decoded_end = rows_.text->Decode(codes, end, *memory);
        refs[i] = StringRef(*memory, static_cast<uint32_t>(decoded_end - *memory));
      }
    }
  });
  return status;
}

}  // namespace llkv
