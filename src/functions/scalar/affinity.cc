// numeric_affinity and text_affinity: what SQLite does to the other side of a comparison with a column. The binder puts
// them there; both keep NULL.
#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/any_value.h"

namespace llkv {

namespace {

/// Text that is a number, as that number; other values as they are.
arrow::Status NumericKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const std::string_view value = input[row].view();
    result[row] = input[row];
    if (AnyTagOf(value) != AnyTag::kText) return arrow::Status::OK();
    const std::optional<AnyNumber> number = NumberFromText(AnyBytes(value));
    if (!number) return arrow::Status::OK();
    const std::string bytes = number->is_integer ? AnyOfInteger(number->integer) : AnyOfReal(number->real);
    return context.arena->Copy(bytes).Value(&result[row]);
  });
}

/// Numbers as text; other values as they are.
arrow::Status TextKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const std::string_view value = input[row].view();
    result[row] = input[row];
    if (!IsAnyNumber(value)) return arrow::Status::OK();
    return context.arena->Copy(AnyOfBytes(AnyTag::kText, AnyToText(value))).Value(&result[row]);
  });
}

template <ScalarKernel kernel>
arrow::Result<BoundScalar> BindAffinity(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  if (input.dialect != Dialect::kSqlite) return NoOverload(self.name, input.argument_types);
  return MakeScalar(self, {{TypeId::kAny}, TypeId::kAny, kernel, false, true});
}

}  // namespace

void RegisterAffinity(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"numeric_affinity",
                              {},
                              "Text that is a number as that number, other values as they are (dialect sqlite).",
                              "numeric_affinity('1')",
                              BindAffinity<NumericKernel>});
  registry.Add(ScalarFunction{"text_affinity",
                              {},
                              "A number as text, other values as they are (dialect sqlite).",
                              "text_affinity(1)",
                              BindAffinity<TextKernel>});
}

}  // namespace llkv
