// AggregateLayout and the calls of aggregate kernels.
#include "exec/operators/aggregate_layout.h"

#include <algorithm>

namespace llkv {

// Large sets first. Each is made of the smallest one before it that has all its groups: what is grouped once is fewer
// rows to group again.
void AggregateLayout::AddSets(const LogicalAggregate& node) {
  for (const std::vector<uint32_t>& groups : node.grouping_sets) {
    GroupingSet& set = sets_.emplace_back();
    set.groups = groups;
    std::sort(set.groups.begin(), set.groups.end());
    for (size_t i = 0; i < node.groups.size(); ++i) {
      if (!std::binary_search(set.groups.begin(), set.groups.end(), i)) set.missing |= int64_t{1} << i;
    }
  }
  std::stable_sort(sets_.begin(), sets_.end(),
                   [](const GroupingSet& a, const GroupingSet& b) { return a.groups.size() > b.groups.size(); });
  for (size_t i = 0; i < sets_.size(); ++i) {
    for (size_t k = i; k > 0 && sets_[i].is_fed_by_rows; --k) {
      GroupingSet& finer = sets_[k - 1];
      if ((finer.missing & ~sets_[i].missing) != 0) continue;
      finer.children.push_back(static_cast<uint32_t>(i));
      sets_[i].is_fed_by_rows = false;
    }
  }
}

AggregateLayout::AggregateLayout(const LogicalAggregate& node, uint32_t min_state_size)
    : num_group_exprs_(node.groups.size()) {
  for (const BoundExprPtr& group : node.groups) {
    exprs_.push_back(group.get());
    group_types_.push_back(group->type);
  }
  if (!node.grouping_sets.empty()) {
    AddSets(node);
    group_types_.push_back(TypeId::kInteger);
  }
  for (const AggregateCall& call : node.aggregates) {
    AggregateSlot slot;
    slot.function = &call.function;
    slot.state_offset = state_size();
    slot.first_argument = static_cast<uint32_t>(exprs_.size());
    slot.num_arguments = static_cast<uint32_t>(call.arguments.size());
    for (const BoundExprPtr& argument : call.arguments) exprs_.push_back(argument.get());
    if (call.filter != nullptr) {
      slot.filter = static_cast<uint32_t>(exprs_.size());
      exprs_.push_back(call.filter.get());
    }
    if (call.distinct && !call.function.distinct_is_noop && slot.num_arguments > 0) {
      slot.distinct_set = num_distinct_sets_++;
    }
    slots_.push_back(slot);
    initial_state_.resize(initial_state_.size() + (call.function.state_size + 7) / 8 * 8);
  }
  initial_state_.resize(std::max(initial_state_.size(), (size_t{min_state_size} + 7) / 8 * 8));
  for (const AggregateSlot& slot : slots_) {
    slot.function->initialize(slot.function->state.get(), initial_state_.data() + slot.state_offset);
  }
}

std::vector<LogicalType> AggregateLayout::DistinctTypes(const AggregateSlot& slot) const {
  std::vector<LogicalType> types = group_types_;
  for (uint32_t i = 0; i < slot.num_arguments; ++i) types.push_back(exprs_[slot.first_argument + i]->type);
  return types;
}

bool AggregateLayout::has_groups_in_sets() const {
  bool has_all = false;
  for (const AggregateSlot& slot : slots_) {
    if (slot.distinct_set == AggregateSlot::kNone) return false;
    has_all = has_all || slot.filter == AggregateSlot::kNone;
  }
  return has_all && !group_types_.empty();
}

arrow::Status AggregateLayout::Combine(KernelContext& context, const uint8_t* const* sources, uint8_t* const* targets,
                                       uint32_t count) const {
  const uint8_t* source_states[kMaxBatchRows];
  uint8_t* target_states[kMaxBatchRows];
  for (const AggregateSlot& slot : slots_) {
    for (uint32_t i = 0; i < count; ++i) {
      source_states[i] = sources[i] + slot.state_offset;
      target_states[i] = targets[i] + slot.state_offset;
    }
    const BoundAggregate& function = *slot.function;
    ARROW_RETURN_NOT_OK(function.combine(context, function.state.get(), source_states, target_states, count));
  }
  return arrow::Status::OK();
}

namespace {

bool Accepts(const BoundAggregate& function, const Vector& vector) {
  switch (vector.form) {
    case VectorForm::kFlat:
    case VectorForm::kConstant:
      return true;
    case VectorForm::kNarrow:
      return (function.accepted_forms & kFormsNarrow) != 0;
    case VectorForm::kDictionary:
      return (function.accepted_forms & kFormsDictionary) != 0;
    case VectorForm::kOffsets:
      return (function.accepted_forms & kFormsOffsets) != 0;
    case VectorForm::kRunEnd:
      break;
  }
  return false;
}

}  // namespace

arrow::Result<std::span<const Vector* const>> AggregateUpdater::Prepare(const AggregateSlot& slot,
                                                                        std::span<const Vector> arguments,
                                                                        const Selection& selection, uint32_t num_rows) {
  arguments_.clear();
  if (scratch_.size() < arguments.size()) scratch_.resize(arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const Vector& vector = arguments[i];
    if (Accepts(*slot.function, vector)) {
      arguments_.push_back(&vector);
      continue;
    }
    if (scratch_[i] == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(vector.type, pool_));
      scratch_[i] = std::make_unique<ScratchVector>(std::move(scratch));
    }
    arguments_.push_back(&Flatten(vector, selection, num_rows, *scratch_[i]));
  }
  return std::span<const Vector* const>(arguments_);
}

arrow::Status AggregateUpdater::Update(KernelContext& context, const AggregateSlot& slot,
                                       std::span<const Vector> arguments, const Selection& selection, uint32_t num_rows,
                                       uint8_t* const* states) {
  if (selection.count == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto prepared, Prepare(slot, arguments, selection, num_rows));
  const BoundAggregate& function = *slot.function;
  if (slot.state_offset == 0) {
    return function.update(context, function.state.get(), prepared, selection, num_rows, states);
  }
  ForEachRow(selection, [&](uint32_t row) { states_[row] = states[row] + slot.state_offset; });
  return function.update(context, function.state.get(), prepared, selection, num_rows, states_);
}

arrow::Status AggregateUpdater::UpdateSingle(KernelContext& context, const AggregateSlot& slot,
                                             std::span<const Vector> arguments, const Selection& selection,
                                             uint32_t num_rows, uint8_t* state) {
  if (selection.count == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(const auto prepared, Prepare(slot, arguments, selection, num_rows));
  const BoundAggregate& function = *slot.function;
  return function.update_single(context, function.state.get(), prepared, selection, num_rows,
                                state + slot.state_offset);
}

arrow::Status AggregateUpdater::Finalize(KernelContext& context, const AggregateSlot& slot,
                                         const uint8_t* const* states, uint32_t count, ScratchVector& out) {
  const uint8_t* shifted[kMaxBatchRows];
  for (uint32_t i = 0; i < count; ++i) shifted[i] = states[i] + slot.state_offset;
  const BoundAggregate& function = *slot.function;
  out.ResetFlat(function.return_type);
  return function.finalize(context, function.state.get(), shifted, count, out);
}

Selection SelectTrue(const Vector& vector, const Selection& selection, uint32_t num_rows, ScratchVector& scratch,
                     uint16_t* rows) {
  const Vector& flat = Flatten(vector, selection, num_rows, scratch);
  const auto* values = flat.values<uint8_t>();
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    rows[count] = static_cast<uint16_t>(row);
    count += values[row] != 0 && flat.IsValid(row) ? 1U : 0U;
  });
  return {rows, count};
}

}  // namespace llkv
