// count(*) and count(x).
#include "functions/aggregate_support.h"

namespace llkv {

namespace {

struct CountState {
  int64_t count = 0;
};

Selection Counted(KernelArgs args, const Selection& selection, uint16_t* room) {
  return args.empty() ? selection : ValidRows(*args[0], selection, room);
}

arrow::Status CountUpdate(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  ForEachRow(Counted(args, selection, room), [&](uint32_t row) { ++StateAt<CountState>(states[row])->count; });
  return arrow::Status::OK();
}

arrow::Status CountUpdateSingle(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, uint8_t* state) {
  uint32_t count = selection.count;
  if (!args.empty() && args[0]->validity != nullptr) {
    if (args[0]->form != VectorForm::kConstant && selection.IsDense()) {
      count = CountSetBits(args[0]->validity, selection.count);
    } else {
      uint16_t room[kMaxBatchRows];
      count = ValidRows(*args[0], selection, room).count;
    }
  }
  StateAt<CountState>(state)->count += count;
  return arrow::Status::OK();
}

arrow::Status CountCombine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                           uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    StateAt<CountState>(targets[i])->count += StateAt<CountState>(sources[i])->count;
  }
  return arrow::Status::OK();
}

arrow::Status CountFinalize(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* states,
                            uint32_t count, ScratchVector& out) {
  out.ResetFlat(TypeId::kBigInt);
  for (uint32_t i = 0; i < count; ++i) out.data<int64_t>()[i] = StateAt<CountState>(states[i])->count;
  return arrow::Status::OK();
}

arrow::Result<BoundAggregate> BindCount(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() > 1) return NoOverload(self.name, input.argument_types);
  std::vector<LogicalType> arguments(input.argument_types.begin(), input.argument_types.end());
  BoundAggregate bound = MakeAggregate(self, std::move(arguments), TypeId::kBigInt, sizeof(CountState));
  bound.accepted_forms = kFormsNarrow | kFormsDictionary | kFormsOffsets;
  bound.initialize = InitializeState<CountState>;
  bound.update = CountUpdate;
  bound.update_single = CountUpdateSingle;
  bound.combine = CountCombine;
  bound.finalize = CountFinalize;
  return bound;
}

}  // namespace

void RegisterCount(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "count", {"count_star"}, "Number of rows, or of rows where the argument is not NULL.", "count(*)", BindCount});
}

}  // namespace llkv
