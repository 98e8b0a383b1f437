// Running a program: evaluation of nodes and functions, and filters.
#include "expr/program_state.h"

#include <arrow/memory_pool.h>

#include <algorithm>

#include "base/error.h"
#include "vector/bitmap.h"

namespace llkv {

namespace {

uint8_t FormBit(VectorForm form) {
  switch (form) {
    case VectorForm::kNarrow:
      return kFormsNarrow;
    case VectorForm::kDictionary:
      return kFormsDictionary;
    case VectorForm::kOffsets:
      return kFormsOffsets;
    default:
      return 0;
  }
}

bool IsAccepted(const Vector& vector, const BoundScalar& function) {
  if (vector.form == VectorForm::kFlat || vector.form == VectorForm::kConstant) return true;
  return (function.accepted_forms & FormBit(vector.form)) != 0;
}

// The arguments' common validity: null where no row is NULL, shared where one argument has one, else ANDed in `room`.
const uint8_t* CommonValidity(std::span<const Vector* const> args, uint32_t num_rows, uint8_t* room) {
  const uint8_t* common = nullptr;
  for (const Vector* arg : args) {
    if (arg->validity == nullptr || arg->form == VectorForm::kConstant || arg->validity == common) continue;
    if (common == nullptr) {
      common = arg->validity;
    } else {
      AndBitmaps(common, arg->validity, num_rows, room);
      common = room;
    }
  }
  return common;
}

bool AllConstant(std::span<const Vector* const> args) {
  return std::all_of(args.begin(), args.end(), [](const Vector* arg) { return arg->form == VectorForm::kConstant; });
}

bool AnyConstantNull(std::span<const Vector* const> args) {
  return std::any_of(args.begin(), args.end(), [](const Vector* arg) { return arg->IsConstantNull(); });
}

void MakeConstantNull(LogicalType type, ScratchVector& scratch) {
  scratch.ResetFlat(type);
  scratch.vector().form = VectorForm::kConstant;
  ClearBit(scratch.UseValidity(), 0);
  if (type.physical() == PhysicalType::kString) *scratch.data<StringRef>() = StringRef();
}

}  // namespace

ProgramState::Impl::Impl(std::shared_ptr<const Program> source, KernelContext kernel_context)
    : program(std::move(source)), context(kernel_context), states(program->impl().nodes.size()) {
  if (context.pool == nullptr) context.pool = arrow::default_memory_pool();
  if (context.arena == nullptr) {
    own_arena = std::make_unique<StringArena>(context.pool);
    context.arena = own_arena.get();
  }
  outputs.resize(program->num_outputs());
  for (size_t id = 0; id < states.size(); ++id) {
    states[id].arguments.resize(program->impl().nodes[id].children.size());
  }
}

ProgramState::Impl::~Impl() {
  for (NodeState& state : states) {
    if (state.dictionary != nullptr && state.dictionary->data != nullptr) {
      context.pool->Free(state.dictionary->data, state.dictionary->allocated, 64);
    }
  }
}

void ProgramState::Impl::Begin(const Batch& new_batch) {
  if (own_arena != nullptr) own_arena->Reset();
  batch = &new_batch;
  chain.clear();
  chain.push_back(++last_selection);
}

bool ProgramState::Impl::InChain(uint64_t selection_id) const {
  return selection_id != 0 && std::find(chain.rbegin(), chain.rend(), selection_id) != chain.rend();
}

arrow::Result<ScratchVector*> ProgramState::Impl::Scratch(uint32_t id) {
  NodeState& state = states[id];
  if (state.scratch == nullptr) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(program->impl().nodes[id].type, context.pool));
    state.scratch = std::make_unique<ScratchVector>(std::move(scratch));
  }
  return state.scratch.get();
}

uint16_t* ProgramState::Impl::Rows(std::unique_ptr<uint16_t[]>& rows) {
  if (rows == nullptr) rows = std::make_unique<uint16_t[]>(kMaxBatchRows);
  return rows.get();
}

arrow::Result<const Vector*> ProgramState::Impl::Evaluate(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  NodeState& state = states[id];
  if (node.kind == NodeKind::kInput) return &batch->columns[node.input_index];
  if (node.kind == NodeKind::kConstant) return &node.constant->vector;
  if (InChain(state.computed_for)) return state.result;
  const uint64_t selection_id = chain.back();
  arrow::Status status;
  switch (node.kind) {
    case NodeKind::kFunction:
      status = RunFunction(id, selection);
      break;
    case NodeKind::kConjunction:
      status = RunConjunction(id, selection);
      break;
    case NodeKind::kCase:
      status = RunCase(id, selection);
      break;
    default:
      status = RunCoalesce(id, selection);
  }
  if (!status.ok()) {
    state.computed_for = 0;
    return WithPosition(status, node.position);
  }
  state.result = &state.scratch->vector();
  state.computed_for = selection_id;
  state.flat_for = 0;
  return state.result;
}

arrow::Result<const Vector*> ProgramState::Impl::EvaluateFlat(uint32_t id, const Selection& selection) {
  ARROW_ASSIGN_OR_RAISE(const Vector* vector, Evaluate(id, selection));
  if (vector->form == VectorForm::kFlat || vector->form == VectorForm::kConstant) return vector;
  NodeState& state = states[id];
  if (InChain(state.flat_for)) return state.flat;
  if (state.flat_scratch == nullptr) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(vector->type, context.pool));
    state.flat_scratch = std::make_unique<ScratchVector>(std::move(scratch));
  }
  state.flat = &Flatten(*vector, selection, batch->num_rows, *state.flat_scratch);
  state.flat_for = chain.back();
  return state.flat;
}

arrow::Status ProgramState::Impl::PrepareArguments(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  std::vector<const Vector*>& arguments = states[id].arguments;
  for (size_t i = 0; i < node.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(arguments[i], Evaluate(node.children[i], selection));
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (IsAccepted(*arguments[i], node.function)) continue;
    ARROW_ASSIGN_OR_RAISE(arguments[i], EvaluateFlat(node.children[i], selection));
  }
  return arrow::Status::OK();
}

arrow::Status ProgramState::Impl::RunFunction(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  const BoundScalar& function = node.function;
  ARROW_ASSIGN_OR_RAISE(ScratchVector * out, Scratch(id));
  if (function.per_dictionary_entry) {
    ARROW_ASSIGN_OR_RAISE(const bool done, TryDictionary(id, selection));
    if (done) return arrow::Status::OK();
  }
  ARROW_RETURN_NOT_OK(PrepareArguments(id, selection));
  const std::span<const Vector* const> args = states[id].arguments;
  const bool propagates = function.null_rule == NullRule::kPropagate;
  if (propagates && AnyConstantNull(args)) {
    MakeConstantNull(node.type, *out);
    return arrow::Status::OK();
  }
  out->ResetFlat(node.type);
  if (AllConstant(args) && function.volatility != Volatility::kVolatile) {
    if (selection.count == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(function.kernel(context, function.state.get(), args, Selection::All(1), 1, *out));
    Vector& vector = out->vector();
    // A narrow result of one row is an integer of the type's own width again.
    if (vector.form == VectorForm::kNarrow) {
      const Value value = GetValue(vector, 0);
      SetConstant(value, *out);
    }
    vector.form = VectorForm::kConstant;
    return arrow::Status::OK();
  }
  if (!propagates) return function.kernel(context, function.state.get(), args, selection, batch->num_rows, *out);
  const uint8_t* validity = CommonValidity(args, batch->num_rows, out->validity());
  Selection rows = selection;
  // Kernels that may fail, and those that follow pointers, never see a NULL row.
  if (validity != nullptr && (function.can_fail || node.reads_strings)) {
    uint16_t* valid = Rows(states[id].rows);
    const uint32_t count = SelectBits(validity, true, selection, valid);
    if (count != selection.count) rows = {valid, count};
  }
  ARROW_RETURN_NOT_OK(function.kernel(context, function.state.get(), args, rows, batch->num_rows, *out));
  out->vector().validity = validity;
  return arrow::Status::OK();
}

arrow::Result<Selection> ProgramState::Impl::FilterFunction(uint32_t id, const Selection& selection, uint16_t* rows) {
  const ProgramNode& node = program->impl().nodes[id];
  const BoundScalar& function = node.function;
  ARROW_RETURN_NOT_OK(PrepareArguments(id, selection));
  const std::span<const Vector* const> args = states[id].arguments;
  if (AnyConstantNull(args)) return Selection{rows, 0};
  ARROW_ASSIGN_OR_RAISE(ScratchVector * out, Scratch(id));
  const uint8_t* validity = CommonValidity(args, batch->num_rows, out->validity());
  Selection valid = selection;
  if (validity != nullptr) {
    const uint32_t count = SelectBits(validity, true, selection, rows);
    if (count != selection.count) valid = {rows, count};
  }
  // The scratch may hold this node's result for a wider selection no more.
  states[id].computed_for = 0;
  const uint32_t count = function.select(function.state.get(), args, valid, batch->num_rows, rows);
  return count == selection.count && selection.IsDense() ? selection : Selection{rows, count};
}

arrow::Result<Selection> ProgramState::Impl::Filter(uint32_t id, const Selection& selection, uint16_t* rows) {
  const ProgramNode& node = program->impl().nodes[id];
  if (selection.count == 0) return Selection{rows, 0};
  if (node.kind == NodeKind::kConjunction && node.is_and) {
    Selection current = selection;
    std::vector<uint64_t>::size_type depth = chain.size();
    for (const uint32_t child : node.children) {
      arrow::Result<Selection> narrowed = Filter(child, current, rows);
      if (!narrowed.ok()) {
        chain.resize(depth);
        return narrowed;
      }
      current = *narrowed;
      if (current.count == 0) break;
      chain.push_back(++last_selection);
    }
    chain.resize(depth);
    return current;
  }
  if (node.kind == NodeKind::kFunction && node.function.select != nullptr && !InChain(states[id].computed_for)) {
    bool encoded = false;
    for (const uint32_t child : node.children) {
      ARROW_ASSIGN_OR_RAISE(const Vector* vector, Evaluate(child, selection));
      encoded = encoded || vector->form == VectorForm::kDictionary;
    }
    if (!encoded) return FilterFunction(id, selection, rows);
  }
  ARROW_ASSIGN_OR_RAISE(const Vector* result, EvaluateFlat(id, selection));
  if (result->form == VectorForm::kConstant) {
    const bool passes = !result->IsConstantNull() && *result->values<uint8_t>() != 0;
    return passes ? selection : Selection{rows, 0};
  }
  uint32_t count = SelectBytes(result->values<uint8_t>(), true, selection, rows);
  if (result->validity != nullptr) count = SelectBits(result->validity, true, Selection{rows, count}, rows);
  return count == selection.count && selection.IsDense() ? selection : Selection{rows, count};
}

ProgramState::ProgramState(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProgramState::~ProgramState() = default;

arrow::Result<std::unique_ptr<ProgramState>> ProgramState::Make(std::shared_ptr<const Program> program,
                                                                KernelContext context) {
  return std::unique_ptr<ProgramState>(new ProgramState(std::make_unique<Impl>(std::move(program), context)));
}

arrow::Status ProgramState::Evaluate(const Batch& batch) {
  impl_->Begin(batch);
  const std::vector<uint32_t>& nodes = impl_->program->impl().outputs;
  for (size_t i = 0; i < nodes.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(const Vector* result, impl_->Evaluate(nodes[i], batch.selection));
    impl_->outputs[i] = *result;
  }
  return arrow::Status::OK();
}

std::span<const Vector> ProgramState::outputs() const { return impl_->outputs; }

arrow::Result<Selection> ProgramState::Filter(const Batch& batch, uint16_t* rows) {
  impl_->Begin(batch);
  return impl_->Filter(impl_->program->impl().outputs[0], batch.selection, rows);
}

}  // namespace llkv
