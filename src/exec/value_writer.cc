// See value_writer.h.
#include "exec/value_writer.h"

#include "vector/bitmap.h"

namespace llkv {

namespace {

template <typename T>
void WriteInteger(const Value& value, uint32_t row, ScratchVector& out) {
  out.data<T>()[row] = static_cast<T>(value.integer());
}

void WriteNull(uint32_t row, ScratchVector& out) {
  if (out.vector().validity == nullptr) out.UseValidity();
  ClearBit(out.validity(), row);
  const auto width = static_cast<size_t>(PhysicalWidth(out.vector().type.physical()));
  if (out.vector().type.physical() == PhysicalType::kString) {
    out.data<StringRef>()[row] = StringRef();
  } else {
    std::memset(out.data<uint8_t>() + row * width, 0, width);
  }
}

}  // namespace

void WriteValue(const Value& value, uint32_t row, ScratchVector& out) {
  if (value.is_null()) return WriteNull(row, out);
  switch (out.vector().type.physical()) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8:
      return WriteInteger<uint8_t>(value, row, out);
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16:
      return WriteInteger<uint16_t>(value, row, out);
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
      return WriteInteger<uint32_t>(value, row, out);
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
      return WriteInteger<uint64_t>(value, row, out);
    case PhysicalType::kInt128:
      return WriteInteger<int128_t>(value, row, out);
    case PhysicalType::kFloat:
      out.data<float>()[row] = static_cast<float>(value.floating());
      return;
    case PhysicalType::kDouble:
      out.data<double>()[row] = value.floating();
      return;
    case PhysicalType::kString:
      out.data<StringRef>()[row] = StringRef(value.bytes());
      return;
    case PhysicalType::kInterval:
      out.data<Interval>()[row] = value.interval();
      return;
  }
}

arrow::Status WriteValueCopy(const Value& value, uint32_t row, ScratchVector& out, StringArena& arena) {
  WriteValue(value, row, out);
  if (value.is_null() || out.vector().type.physical() != PhysicalType::kString) return arrow::Status::OK();
  return arena.Copy(value.bytes()).Value(&out.data<StringRef>()[row]);
}

}  // namespace llkv
