// numeric_affinity and text_affinity: what SQLite does to the other side of a comparison with a column. The binder puts
// them there; both keep NULL.
#include <optional>
#include <string>
#include <string_view>

#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/any_value.h"

namespace llkv {

namespace {

/// Text that is a number, as that number; nothing for what stays as it is.
std::optional<std::string> AsNumber(std::string_view value) {
  if (AnyTagOf(value) != AnyTag::kText) return std::nullopt;
  const std::optional<AnyNumber> number = NumberFromText(AnyBytes(value));
  if (!number) return std::nullopt;
  return number->is_integer ? AnyOfInteger(number->integer) : AnyOfReal(number->real);
}

/// Numbers as text; nothing for what stays as it is.
std::optional<std::string> AsText(std::string_view value) {
  if (!IsAnyNumber(value)) return std::nullopt;
  return AnyOfBytes(AnyTag::kText, AnyToText(value));
}

template <std::optional<std::string> (*convert)(std::string_view)>
arrow::Status AffinityKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                             uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    result[row] = input[row];
    const std::optional<std::string> converted = convert(input[row].view());
    if (!converted) return arrow::Status::OK();
    return context.arena->Copy(*converted).Value(&result[row]);
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
                              BindAffinity<AffinityKernel<AsNumber>>});
  registry.Add(ScalarFunction{"text_affinity",
                              {},
                              "A number as text, other values as they are (dialect sqlite).",
                              "text_affinity(1)",
                              BindAffinity<AffinityKernel<AsText>>});
}

}  // namespace llkv
