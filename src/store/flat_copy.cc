// See flat_copy.h.
#include "store/flat_copy.h"

#include <cstring>

namespace llkv {

namespace {

/// 16 bytes without meaning: intervals and 128-bit integers.
struct Bytes16 {
  uint64_t low;
  uint64_t high;
};

/// The rows to copy, by their place in the vector.
struct Rows {
  const Selection& selection;
  uint32_t from;
  uint32_t count;
  uint32_t operator[](uint32_t i) const { return selection[from + i]; }
};

bool CopyValidity(const Vector& vector, const Rows& rows, uint8_t* valid) {
  if (vector.validity == nullptr) {
    std::memset(valid, 1, rows.count);
    return false;
  }
  if (vector.form == VectorForm::kConstant) {
    const bool is_null = vector.IsConstantNull();
    std::memset(valid, is_null ? 0 : 1, rows.count);
    return is_null;
  }
  bool any_null = false;
  for (uint32_t i = 0; i < rows.count; ++i) {
    const bool is_valid = vector.IsValid(rows[i]);
    valid[i] = is_valid ? 1 : 0;
    any_null |= !is_valid;
  }
  return any_null;
}

template <typename T>
void CopyFlat(const Vector& vector, const Rows& rows, T* out) {
  const T* values = vector.values<T>();
  if (rows.selection.IsDense()) {
    std::memcpy(out, values + rows.from, rows.count * sizeof(T));
    return;
  }
  for (uint32_t i = 0; i < rows.count; ++i) out[i] = values[rows[i]];
}

template <typename T, typename Code>
void CopyDictionary(const Vector& vector, const Rows& rows, const uint8_t* valid, T* out) {
  const auto* dictionary = static_cast<const T*>(vector.dictionary);
  const Code* codes = vector.values<Code>();
  for (uint32_t i = 0; i < rows.count; ++i) {
    if (valid[i] != 0) out[i] = dictionary[codes[rows[i]]];
  }
}

template <typename T>
void CopyRunEnd(const Vector& vector, const Rows& rows, T* out) {
  const T* values = vector.values<T>();
  uint32_t run = 0;
  for (uint32_t i = 0; i < rows.count; ++i) {
    const int64_t row = vector.run_offset + rows[i];
    while (run + 1 < vector.num_runs && vector.run_ends[run] <= row) ++run;
    out[i] = values[run];
  }
}

/// Every form but kNarrow and kOffsets.
template <typename T>
void CopyPlain(const Vector& vector, const Rows& rows, const uint8_t* valid, T* out) {
  switch (vector.form) {
    case VectorForm::kFlat:
      return CopyFlat(vector, rows, out);
    case VectorForm::kConstant:
      for (uint32_t i = 0; i < rows.count; ++i) out[i] = vector.values<T>()[0];
      return;
    case VectorForm::kDictionary:
      if (vector.storage == PhysicalType::kUInt8) return CopyDictionary<T, uint8_t>(vector, rows, valid, out);
      if (vector.storage == PhysicalType::kUInt16) return CopyDictionary<T, uint16_t>(vector, rows, valid, out);
      return CopyDictionary<T, uint32_t>(vector, rows, valid, out);
    case VectorForm::kRunEnd:
      return CopyRunEnd(vector, rows, out);
    case VectorForm::kNarrow:
    case VectorForm::kOffsets:
      return;
  }
}

template <typename Stored, typename T>
void WidenAs(const Vector& vector, const Rows& rows, T* out) {
  const Stored* values = vector.values<Stored>();
  for (uint32_t i = 0; i < rows.count; ++i) {
    out[i] = static_cast<T>(int128_t{vector.base} + static_cast<int128_t>(values[rows[i]]));
  }
}

template <typename T>
void CopyNarrow(const Vector& vector, const Rows& rows, T* out) {
  switch (vector.storage) {
    case PhysicalType::kInt8:
      return WidenAs<int8_t>(vector, rows, out);
    case PhysicalType::kInt16:
      return WidenAs<int16_t>(vector, rows, out);
    case PhysicalType::kInt32:
      return WidenAs<int32_t>(vector, rows, out);
    case PhysicalType::kUInt8:
      return WidenAs<uint8_t>(vector, rows, out);
    case PhysicalType::kUInt16:
      return WidenAs<uint16_t>(vector, rows, out);
    case PhysicalType::kUInt32:
      return WidenAs<uint32_t>(vector, rows, out);
    case PhysicalType::kUInt64:
      return WidenAs<uint64_t>(vector, rows, out);
    default:
      return WidenAs<int64_t>(vector, rows, out);
  }
}

void CopyNarrowByWidth(const Vector& vector, const Rows& rows, void* out) {
  switch (PhysicalWidth(vector.type.physical())) {
    case 1:
      return CopyNarrow(vector, rows, static_cast<uint8_t*>(out));
    case 2:
      return CopyNarrow(vector, rows, static_cast<uint16_t*>(out));
    case 4:
      return CopyNarrow(vector, rows, static_cast<uint32_t*>(out));
    case 8:
      return CopyNarrow(vector, rows, static_cast<uint64_t*>(out));
    default:
      return CopyNarrow(vector, rows, static_cast<int128_t*>(out));
  }
}

void CopyPlainByWidth(const Vector& vector, const Rows& rows, const FlatTarget& target) {
  switch (PhysicalWidth(vector.type.physical())) {
    case 1:
      return CopyPlain(vector, rows, target.valid, static_cast<uint8_t*>(target.values));
    case 2:
      return CopyPlain(vector, rows, target.valid, static_cast<uint16_t*>(target.values));
    case 4:
      return CopyPlain(vector, rows, target.valid, static_cast<uint32_t*>(target.values));
    case 8:
      return CopyPlain(vector, rows, target.valid, static_cast<uint64_t*>(target.values));
    default:
      return CopyPlain(vector, rows, target.valid, static_cast<Bytes16*>(target.values));
  }
}

void MakeRefs(const Vector& vector, const Rows& rows, const uint8_t* valid, StringRef* out) {
  const auto* offsets = vector.values<int32_t>();
  const auto* bytes = static_cast<const char*>(vector.dictionary);
  for (uint32_t i = 0; i < rows.count; ++i) {
    if (valid[i] == 0) continue;
    const uint32_t row = rows[i];
    out[i] = StringRef(bytes + offsets[row], static_cast<uint32_t>(offsets[row + 1] - offsets[row]));
  }
}

arrow::Status CopyStringBytes(uint32_t count, const uint8_t* valid, StringRef* refs, StringArena& arena) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < count; ++i) total += valid[i] != 0 ? refs[i].size : 0;
  if (total == 0) {
    for (uint32_t i = 0; i < count; ++i) refs[i] = StringRef();
    return arrow::Status::OK();
  }
  // One request for a batch of short strings, one a string where they are long.
  char* room = nullptr;
  if (total <= (uint64_t{1} << 20)) {
    ARROW_ASSIGN_OR_RAISE(room, arena.Allocate(static_cast<uint32_t>(total)));
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (valid[i] == 0 || refs[i].size == 0) {
      refs[i] = StringRef();
    } else if (room != nullptr) {
      std::memcpy(room, refs[i].data, refs[i].size);
      refs[i].data = room;
      room += refs[i].size;
    } else {
      ARROW_ASSIGN_OR_RAISE(refs[i], arena.Copy(refs[i].view()));
    }
  }
  return arrow::Status::OK();
}

void ClearNulls(uint32_t count, size_t width, const FlatTarget& target) {
  for (uint32_t i = 0; i < count; ++i) {
    if (target.valid[i] == 0) std::memset(static_cast<uint8_t*>(target.values) + i * width, 0, width);
  }
}

}  // namespace

arrow::Result<bool> CopyToFlat(const Vector& vector, const Selection& selection, uint32_t from, uint32_t count,
                               const FlatTarget& target, StringArena& arena) {
  const Rows rows{selection, from, count};
  const bool any_null = CopyValidity(vector, rows, target.valid);
  const PhysicalType type = vector.type.physical();
  if (vector.IsConstantNull()) {
    std::memset(target.values, 0, static_cast<size_t>(count) * static_cast<size_t>(PhysicalWidth(type)));
  } else if (vector.form == VectorForm::kNarrow) {
    CopyNarrowByWidth(vector, rows, target.values);
  } else if (vector.form == VectorForm::kOffsets) {
    MakeRefs(vector, rows, target.valid, static_cast<StringRef*>(target.values));
  } else {
    CopyPlainByWidth(vector, rows, target);
  }
  if (type == PhysicalType::kString) {
    ARROW_RETURN_NOT_OK(CopyStringBytes(count, target.valid, static_cast<StringRef*>(target.values), arena));
  } else if (any_null) {
    ClearNulls(count, static_cast<size_t>(PhysicalWidth(type)), target);
  }
  return any_null;
}

}  // namespace llkv
