// num_nulls and num_nonnulls: how many arguments are NULL, or are not.
#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

template <bool nulls>
arrow::Status CountKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  int32_t* result = out.data<int32_t>();
  ForEachRow(selection, [&](uint32_t row) { result[row] = 0; });
  for (const Vector* arg : args) {
    const InputValidity valid(*arg);
    const bool untyped = arg->type.id() == TypeId::kNull;
    ForEachRow(selection, [&](uint32_t row) { result[row] += (!untyped && valid[row]) != nulls ? 1 : 0; });
  }
  return arrow::Status::OK();
}

template <bool nulls>
arrow::Result<BoundScalar> BindCount(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, SIZE_MAX));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types.assign(input.argument_types.begin(), input.argument_types.end());
  bound.return_type = TypeId::kInteger;
  bound.kernel = CountKernel<nulls>;
  bound.null_rule = NullRule::kKernel;
  bound.accepted_forms = kFormsNarrow | kFormsOffsets;
  return bound;
}

}  // namespace

void RegisterNullCount(FunctionRegistry& registry) {
  registry.Add(
      ScalarFunction{"num_nulls", {}, "How many arguments are NULL.", "num_nulls(1, NULL, 2)", BindCount<true>});
  registry.Add(ScalarFunction{
      "num_nonnulls", {}, "How many arguments are not NULL.", "num_nonnulls(1, NULL, 2)", BindCount<false>});
}

}  // namespace llkv
