// Digits behind the point of decimals: scale, min_scale, trim_scale.
#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/decimal.h"

namespace llkv {

namespace {

int TrailingZeros(int128_t value, int most) {
  int zeros = 0;
  while (zeros < most && value % 10 == 0) {
    value /= 10;
    ++zeros;
  }
  return zeros;
}

// A type's scale holds for all its values.
arrow::Status ScaleKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const int32_t scale = args[0]->type.scale();
  ForEachRow(selection, [&](uint32_t row) { out.data<int32_t>()[row] = scale; });
  return arrow::Status::OK();
}

template <typename T>
arrow::Status MinScaleKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const int scale = args[0]->type.scale();
  MapUnary<T, int32_t>(args, selection, out, [scale](T value) {
    return static_cast<int32_t>(scale - TrailingZeros(static_cast<int128_t>(value), scale));
  });
  return arrow::Status::OK();
}

arrow::Status PassKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                         const Selection& /*selection*/, uint32_t /*num_rows*/, ScratchVector& out) {
  out.vector() = *args[0];
  return arrow::Status::OK();
}

arrow::Result<LogicalType> DecimalArgument(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  const LogicalType type = input.argument_types[0];
  if (type.IsDecimal()) return type;
  if (type.id() == TypeId::kNull) return LogicalType::Decimal(1, 0);
  if (!type.IsInteger() || type.id() == TypeId::kUHugeInt) return NoOverload(self.name, input.argument_types);
  return LogicalType::Decimal(kMaxDecimalDigits, 0);
}

BoundScalar OfDecimal(const ScalarFunction& self, LogicalType type, LogicalType result, ScalarKernel kernel) {
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type};
  bound.return_type = result;
  bound.kernel = kernel;
  return bound;
}

arrow::Result<BoundScalar> BindScale(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, DecimalArgument(self, input));
  return OfDecimal(self, type, TypeId::kInteger, ScaleKernel);
}

arrow::Result<BoundScalar> BindMinScale(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, DecimalArgument(self, input));
  return OfDecimal(self, type, TypeId::kInteger,
                   type.physical() == PhysicalType::kInt128 ? MinScaleKernel<int128_t> : MinScaleKernel<int64_t>);
}

// A constant takes a type with fewer digits; a column's values keep their type's.
arrow::Result<BoundScalar> BindTrimScale(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(LogicalType type, DecimalArgument(self, input));
  const Value* constant = input.constants.empty() ? nullptr : input.constants[0];
  if (constant != nullptr && !constant->is_null() && constant->type().IsDecimal()) {
    const int zeros = TrailingZeros(constant->integer(), type.scale());
    type = LogicalType::Decimal(std::max(type.precision() - zeros, 1), type.scale() - zeros);
  }
  return OfDecimal(self, type, type, PassKernel);
}

}  // namespace

void RegisterDecimalScale(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"scale", {}, "Digits behind the point that the type has.", "scale(8.4100)", BindScale});
  registry.Add(ScalarFunction{
      "min_scale", {}, "Digits behind the point that the value needs.", "min_scale(8.4100)", BindMinScale});
  registry.Add(ScalarFunction{
      "trim_scale", {}, "The same number; a constant without zeros at its end.", "trim_scale(8.4100)", BindTrimScale});
}

}  // namespace llkv
