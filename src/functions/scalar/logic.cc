// NOT, IS [NOT] NULL, IS [NOT] TRUE, IS [NOT] FALSE. AND and OR are the programs' own.
#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

arrow::Status NotKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t num_rows, ScratchVector& out) {
  const Input<uint8_t> input(*args[0]);
  uint8_t* result = out.data<uint8_t>();
  if (PrefersDense(selection, num_rows) && !input.is_constant()) {
    const uint8_t* data = input.data();
    const uint32_t count = DenseCount(selection, num_rows);
    for (uint32_t i = 0; i < count; ++i) result[i] = data[i] ^ 1;
    return arrow::Status::OK();
  }
  ForEachRow(selection, [&](uint32_t row) { result[row] = input[row] ^ 1; });
  return arrow::Status::OK();
}

// Any form: only validity is read.
template <bool wanted>
arrow::Status NullTestKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& /*selection*/, uint32_t num_rows, ScratchVector& out) {
  const Vector& input = *args[0];
  uint8_t* result = out.data<uint8_t>();
  if (input.validity != nullptr && input.form != VectorForm::kConstant) {
    UnpackBits(input.validity, num_rows, result);
    if (!wanted) return arrow::Status::OK();
    for (uint32_t i = 0; i < num_rows; ++i) result[i] ^= 1;
    return arrow::Status::OK();
  }
  std::fill_n(result, num_rows, static_cast<uint8_t>(input.IsConstantNull() == wanted));
  return arrow::Status::OK();
}

// IS TRUE and IS FALSE, and their negations.
template <bool value, bool negated>
arrow::Status TruthTestKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<uint8_t> input(*args[0]);
  const InputValidity valid(*args[0]);
  uint8_t* result = out.data<uint8_t>();
  ForEachRow(selection, [&](uint32_t row) {
    result[row] = static_cast<uint8_t>((valid[row] && (input[row] != 0) == value) != negated);
  });
  return arrow::Status::OK();
}

template <ScalarKernel kernel>
arrow::Result<BoundScalar> BindNullTest(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {input.argument_types[0]};
  bound.return_type = TypeId::kBoolean;
  bound.kernel = kernel;
  bound.null_rule = NullRule::kKernel;
  bound.accepted_forms = kFormsNarrow | kFormsDictionary | kFormsOffsets;
  return bound;
}

template <ScalarKernel kernel, NullRule rule>
arrow::Result<BoundScalar> BindBoolean(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kBoolean}, TypeId::kBoolean, kernel, false, false, rule}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterLogic(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"not", {}, "Logical negation.", "NOT a", BindBoolean<NotKernel, NullRule::kPropagate>});
  registry.Add(
      ScalarFunction{"is_null", {"isnull"}, "Is the value NULL?", "a IS NULL", BindNullTest<NullTestKernel<true>>});
  registry.Add(ScalarFunction{
      "is_not_null", {"notnull"}, "Is the value not NULL?", "a IS NOT NULL", BindNullTest<NullTestKernel<false>>});
  registry.Add(ScalarFunction{"is_true",
                              {},
                              "TRUE for TRUE, FALSE for FALSE and NULL.",
                              "a IS TRUE",
                              BindBoolean<TruthTestKernel<true, false>, NullRule::kKernel>});
  registry.Add(ScalarFunction{"is_not_true",
                              {},
                              "FALSE for TRUE, TRUE for FALSE and NULL.",
                              "a IS NOT TRUE",
                              BindBoolean<TruthTestKernel<true, true>, NullRule::kKernel>});
  registry.Add(ScalarFunction{"is_false",
                              {},
                              "TRUE for FALSE, FALSE for TRUE and NULL.",
                              "a IS FALSE",
                              BindBoolean<TruthTestKernel<false, false>, NullRule::kKernel>});
  registry.Add(ScalarFunction{"is_not_false",
                              {},
                              "FALSE for FALSE, TRUE for TRUE and NULL.",
                              "a IS NOT FALSE",
                              BindBoolean<TruthTestKernel<false, true>, NullRule::kKernel>});
}

}  // namespace llkv
