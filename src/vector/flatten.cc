// Flatten: every form of a Vector as a flat one.
#include <cstring>

#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

template <typename T>
void FillConstant(const Vector& input, uint32_t num_rows, ScratchVector& out) {
  const T value = *input.values<T>();
  T* data = out.data<T>();
  for (uint32_t i = 0; i < num_rows; ++i) data[i] = value;
}

template <typename T, typename Code>
void GatherCodes(const Vector& input, const Selection& selection, ScratchVector& out) {
  const Code* codes = input.values<Code>();
  const T* entries = static_cast<const T*>(input.dictionary);
  T* data = out.data<T>();
  if (input.validity == nullptr) {
    ForEachRow(selection, [&](uint32_t row) { data[row] = entries[codes[row]]; });
    return;
  }
  // A NULL row's code is unspecified and may name no entry.
  ForEachRow(selection,
             [&](uint32_t row) { data[row] = codes[row] < input.dictionary_size ? entries[codes[row]] : T(); });
}

template <typename T>
void FlattenDictionary(const Vector& input, const Selection& selection, ScratchVector& out) {
  switch (input.storage) {
    case PhysicalType::kUInt8:
      return GatherCodes<T, uint8_t>(input, selection, out);
    case PhysicalType::kUInt16:
      return GatherCodes<T, uint16_t>(input, selection, out);
    default:
      return GatherCodes<T, uint32_t>(input, selection, out);
  }
}

template <typename T>
void FlattenRuns(const Vector& input, const Selection& selection, uint8_t* validity, ScratchVector& out) {
  const T* runs = input.values<T>();
  T* data = out.data<T>();
  uint32_t run = 0;
  ForEachRow(selection, [&](uint32_t row) {
    while (input.run_ends[run] <= static_cast<int64_t>(row) + input.run_offset) ++run;
    data[row] = runs[run];
    if (validity != nullptr && !GetBit(input.validity, run)) ClearBit(validity, row);
  });
}

template <typename T, typename Stored>
void Widen(const Vector& input, const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const Stored* stored = input.values<Stored>();
  T* data = out.data<T>();
  const T base = static_cast<T>(input.base);
  if (selection.IsDense() || selection.count * 8 >= num_rows) {
    const uint32_t count = selection.IsDense() ? selection.count : num_rows;
    for (uint32_t i = 0; i < count; ++i) data[i] = static_cast<T>(base + static_cast<T>(stored[i]));
    return;
  }
  for (uint32_t i = 0; i < selection.count; ++i) {
    const uint32_t row = selection.rows[i];
    data[row] = static_cast<T>(base + static_cast<T>(stored[row]));
  }
}

template <typename T>
void FlattenNarrow(const Vector& input, const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  switch (input.storage) {
    case PhysicalType::kInt8:
      return Widen<T, int8_t>(input, selection, num_rows, out);
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return Widen<T, uint8_t>(input, selection, num_rows, out);
    case PhysicalType::kInt16:
      return Widen<T, int16_t>(input, selection, num_rows, out);
    case PhysicalType::kUInt16:
      return Widen<T, uint16_t>(input, selection, num_rows, out);
    case PhysicalType::kInt32:
      return Widen<T, int32_t>(input, selection, num_rows, out);
    case PhysicalType::kUInt32:
      return Widen<T, uint32_t>(input, selection, num_rows, out);
    case PhysicalType::kUInt64:
      return Widen<T, uint64_t>(input, selection, num_rows, out);
    default:
      return Widen<T, int64_t>(input, selection, num_rows, out);
  }
}

void FlattenOffsets(const Vector& input, const Selection& selection, ScratchVector& out) {
  const auto* offsets = input.values<int32_t>();
  const char* bytes = static_cast<const char*>(input.dictionary);
  StringRef* data = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    const auto size = static_cast<uint32_t>(offsets[row + 1] - offsets[row]);
    data[row] = size == 0 ? StringRef() : StringRef(bytes + offsets[row], size);
  });
}

// Everything but narrow integers: T only sets the width, and how a value is copied.
template <typename T>
void FlattenOpaque(const Vector& input, const Selection& selection, uint32_t num_rows, uint8_t* validity,
                   ScratchVector& out) {
  switch (input.form) {
    case VectorForm::kConstant:
      return FillConstant<T>(input, num_rows, out);
    case VectorForm::kDictionary:
      return FlattenDictionary<T>(input, selection, out);
    default:
      return FlattenRuns<T>(input, selection, validity, out);
  }
}

void FlattenNarrowAny(const Vector& input, const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  switch (PhysicalWidth(input.type.physical())) {
    case 1:
      return FlattenNarrow<uint8_t>(input, selection, num_rows, out);
    case 2:
      return FlattenNarrow<uint16_t>(input, selection, num_rows, out);
    case 4:
      return FlattenNarrow<uint32_t>(input, selection, num_rows, out);
    case 8:
      return FlattenNarrow<uint64_t>(input, selection, num_rows, out);
    default:
      return FlattenNarrow<int128_t>(input, selection, num_rows, out);
  }
}

}  // namespace

const Vector& Flatten(const Vector& input, const Selection& selection, uint32_t num_rows, ScratchVector& scratch) {
  if (input.form == VectorForm::kFlat) return input;
  scratch.ResetFlat(input.type);
  scratch.vector().range = input.range;
  uint8_t* validity = nullptr;
  if (input.form == VectorForm::kConstant) {
    if (input.IsConstantNull()) {
      scratch.UseValidity();
      FillBitmap(scratch.validity(), num_rows, false);
    }
  } else if (input.form == VectorForm::kRunEnd) {
    if (input.validity != nullptr) validity = scratch.UseValidity();
  } else {
    scratch.vector().validity = input.validity;
  }
  if (input.form == VectorForm::kNarrow) {
    FlattenNarrowAny(input, selection, num_rows, scratch);
    return scratch.vector();
  }
  if (input.form == VectorForm::kOffsets) {
    FlattenOffsets(input, selection, scratch);
    return scratch.vector();
  }
  switch (input.type.physical()) {
    case PhysicalType::kString:
      FlattenOpaque<StringRef>(input, selection, num_rows, validity, scratch);
      break;
    case PhysicalType::kInt128:
    case PhysicalType::kInterval:
      FlattenOpaque<uint128_t>(input, selection, num_rows, validity, scratch);
      break;
    default:
      switch (PhysicalWidth(input.type.physical())) {
        case 1:
          FlattenOpaque<uint8_t>(input, selection, num_rows, validity, scratch);
          break;
        case 2:
          FlattenOpaque<uint16_t>(input, selection, num_rows, validity, scratch);
          break;
        case 4:
          FlattenOpaque<uint32_t>(input, selection, num_rows, validity, scratch);
          break;
        default:
          FlattenOpaque<uint64_t>(input, selection, num_rows, validity, scratch);
      }
  }
  return scratch.vector();
}

}  // namespace llkv
