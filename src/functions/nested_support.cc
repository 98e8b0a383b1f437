// Between Vectors and nested values.
#include "functions/nested_support.h"

#include <cstring>
#include <utility>

namespace llkv {

void PartWriter::Append(uint32_t row, std::string* out) const {
  if (IsNull(row)) return AppendNestedMark(NestedMark::kNull, out);
  AppendNestedMark(NestedMark::kValue, out);
  AppendBody(row, out);
}

void PartWriter::AppendBody(uint32_t row, std::string* out) const {
  const uint32_t at = row & mask_;
  switch (vector_.type.physical()) {
    case PhysicalType::kString: {
      const std::string_view text = vector_.values<StringRef>()[at].view();
      if (vector_.type.IsNested()) {
        out->append(text);
      } else {
        AppendNestedText(text, out);
      }
      return;
    }
    case PhysicalType::kInterval:
      return AppendNestedInterval(vector_.values<Interval>()[at], out);
    default:
      return VisitNestedNumber(vector_.type.physical(),
                               [&](auto zero) { AppendNestedNumber(vector_.values<decltype(zero)>()[at], out); });
  }
}

arrow::Status LoadBody(LogicalType type, NestedReader& in, uint32_t row, StringArena* arena, ScratchVector& out) {
  switch (type.physical()) {
    case PhysicalType::kString: {
      std::string scratch;
      const std::string_view text = type.IsNested() ? in.SkipBody(type) : in.Text(&scratch);
      StringRef& ref = out.data<StringRef>()[row];
      ref = text.empty() ? StringRef() : StringRef(text);
      if (!scratch.empty()) {
        ARROW_ASSIGN_OR_RAISE(ref, arena->Copy(scratch));
      }
      break;
    }
    case PhysicalType::kInterval:
      out.data<Interval>()[row] = in.ReadInterval();
      break;
    default:
      VisitNestedNumber(type.physical(), [&](auto zero) {
        using T = decltype(zero);
        out.data<T>()[row] = in.Number<T>();
      });
  }
  return arrow::Status::OK();
}

void StoreNull(uint32_t row, uint8_t* validity, ScratchVector& out) {
  ClearBit(validity, row);
  if (out.vector().type.physical() == PhysicalType::kString) {
    out.data<StringRef>()[row] = StringRef();
  } else {
    const auto width = static_cast<size_t>(PhysicalWidth(out.vector().type.physical()));
    std::memset(out.data<uint8_t>() + row * width, 0, width);
  }
}

PartCaster::PartCaster(const BoundScalar* cast, ScratchVector in, ScratchVector out, arrow::MemoryPool* pool)
    : cast_(cast), in_(std::move(in)), out_(std::move(out)), arena_(std::make_unique<StringArena>(pool)) {}

arrow::Result<PartCaster> PartCaster::Make(const BoundScalar* cast, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(ScratchVector in, ScratchVector::Make(cast->argument_types[0], pool));
  ARROW_ASSIGN_OR_RAISE(ScratchVector out, ScratchVector::Make(cast->return_type, pool));
  in.ResetFlat(cast->argument_types[0]);
  return PartCaster(cast, std::move(in), std::move(out), pool);
}

arrow::Status PartCaster::Add(KernelContext& context, NestedReader& in) {
  return in.IsValue() ? AddValue(context, in) : AddNull(context);
}

arrow::Status PartCaster::AddNull(KernelContext& context) {
  if (in_.vector().validity == nullptr) in_.UseValidity();
  StoreNull(count_, in_.validity(), in_);
  return ++count_ == kMaxBatchRows ? Flush(context) : arrow::Status::OK();
}

arrow::Status PartCaster::AddValue(KernelContext& context, NestedReader& in) {
  ARROW_RETURN_NOT_OK(LoadBody(cast_->argument_types[0], in, count_, arena_.get(), in_));
  return ++count_ == kMaxBatchRows ? Flush(context) : arrow::Status::OK();
}

arrow::Status PartCaster::Flush(KernelContext& context) {
  if (count_ == 0) return arrow::Status::OK();
  const Vector& input = in_.vector();
  const Vector* const args[] = {&input};
  alignas(64) uint16_t rows[kMaxBatchRows];
  Selection selection = Selection::All(count_);
  if (input.validity != nullptr) selection = {rows, SelectBits(input.validity, true, selection, rows)};
  out_.ResetFlat(cast_->return_type);
  KernelContext inner = context;
  inner.arena = arena_.get();
  ARROW_RETURN_NOT_OK(cast_->kernel(inner, cast_->state.get(), std::span(args), selection, count_, out_));
  if (cast_->null_rule == NullRule::kPropagate) out_.vector().validity = input.validity;
  ARROW_ASSIGN_OR_RAISE(ScratchVector flat_memory, ScratchVector::Make(cast_->return_type, context.pool));
  const Vector& flat = Flatten(out_.vector(), selection, count_, flat_memory);
  const PartWriter writer(flat);
  for (uint32_t i = 0; i < count_; ++i) {
    writer.Append(i, &parts_);
    ends_.push_back(parts_.size());
  }
  in_.ResetFlat(cast_->argument_types[0]);
  count_ = 0;
  arena_->Reset();
  return arrow::Status::OK();
}

}  // namespace llkv
