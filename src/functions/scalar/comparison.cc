// The comparison operators and IS [NOT] DISTINCT FROM.
#include "functions/binding.h"
#include "functions/compare_loops.h"
#include "functions/in_set.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

template <CompareOp op>
arrow::Status CompareKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  CompareVectors(op, *args[0], *args[1], selection, num_rows, out.data<uint8_t>());
  return arrow::Status::OK();
}

template <CompareOp op>
uint32_t SelectKernel(const void* /*state*/, KernelArgs args, const Selection& selection, uint32_t num_rows,
                      uint16_t* rows) {
  return SelectCompare(op, *args[0], *args[1], selection, num_rows, rows);
}

// NULL equals NULL and differs from everything else.
template <bool distinct>
arrow::Status DistinctKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  uint8_t* result = out.data<uint8_t>();
  const InputValidity left(*args[0]);
  const InputValidity right(*args[1]);
  alignas(64) uint16_t both[kMaxBatchRows];
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    const bool l = left[row];
    const bool r = right[row];
    result[row] = static_cast<uint8_t>((l != r) == distinct);
    both[count] = static_cast<uint16_t>(row);
    count += l && r ? 1 : 0;
  });
  alignas(64) uint8_t bytes[kMaxBatchRows + 64];
  const Selection valid{both, count};
  CompareVectors(distinct ? CompareOp::kNotEqual : CompareOp::kEqual, *args[0], *args[1], valid, num_rows, bytes);
  for (uint32_t i = 0; i < count; ++i) result[both[i]] = bytes[both[i]];
  return arrow::Status::OK();
}

arrow::Result<LogicalType> ComparedType(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const arrow::Result<LogicalType> common = CommonArgumentType(self.name, input);
  if (common.ok()) return common->id() == TypeId::kNull ? LogicalType(TypeId::kBoolean) : *common;
  if (input.dialect == Dialect::kSqlite) return LogicalType(TypeId::kVarchar);
  return NoOverload(self.name, input.argument_types);
}

template <CompareOp op>
BoundScalar MakeComparison(std::string name, LogicalType type) {
  BoundScalar bound;
  bound.name = std::move(name);
  bound.argument_types = {type, type};
  bound.return_type = TypeId::kBoolean;
  bound.kernel = CompareKernel<op>;
  bound.select = SelectKernel<op>;
  bound.accepted_forms = kFormsNarrow;
  bound.per_dictionary_entry = true;
  return bound;
}

template <CompareOp op>
arrow::Result<BoundScalar> BindComparison(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, ComparedType(self, input));
  return MakeComparison<op>(self.name, type);
}

template <bool distinct>
arrow::Result<BoundScalar> BindDistinct(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, ComparedType(self, input));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {type, type};
  bound.return_type = TypeId::kBoolean;
  bound.kernel = DistinctKernel<distinct>;
  bound.null_rule = NullRule::kKernel;
  bound.accepted_forms = kFormsNarrow;
  return bound;
}

}  // namespace

BoundScalar MakeEquality(LogicalType type) { return MakeComparison<CompareOp::kEqual>("=", type); }

void RegisterComparison(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"=", {"=="}, "Are both sides equal?", "a = 1", BindComparison<CompareOp::kEqual>});
  registry.Add(ScalarFunction{"<>", {"!="}, "Do the sides differ?", "a <> 1", BindComparison<CompareOp::kNotEqual>});
  registry.Add(ScalarFunction{"<", {}, "Is the left side smaller?", "a < 1", BindComparison<CompareOp::kLess>});
  registry.Add(
      ScalarFunction{"<=", {}, "Is the left side smaller or equal?", "a <= 1", BindComparison<CompareOp::kLessEqual>});
  registry.Add(ScalarFunction{">", {}, "Is the left side greater?", "a > 1", BindComparison<CompareOp::kGreater>});
  registry.Add(ScalarFunction{
      ">=", {}, "Is the left side greater or equal?", "a >= 1", BindComparison<CompareOp::kGreaterEqual>});
  registry.Add(ScalarFunction{"is_distinct_from",
                              {},
                              "Do the sides differ, where NULL equals NULL? Never NULL.",
                              "a IS DISTINCT FROM b",
                              BindDistinct<true>});
  registry.Add(ScalarFunction{"is_not_distinct_from",
                              {},
                              "Are both sides equal, where NULL equals NULL? Never NULL.",
                              "a IS NOT DISTINCT FROM b",
                              BindDistinct<false>});
}

}  // namespace llkv
