// AggregateLayout: the expressions of a LogicalAggregate in one list, and where each aggregate's state stands in a
// group's row. Calls the kernels; knows nothing of hash tables.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "functions/function_registry.h"
#include "plan/logical_plan.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

/// One aggregate call, by places in the list of expressions.
struct AggregateSlot {
  static constexpr uint32_t kNone = 0xFFFFFFFF;
  const BoundAggregate* function = nullptr;
  uint32_t state_offset = 0;
  uint32_t first_argument = 0;
  uint32_t num_arguments = 0;
  uint32_t filter = kNone;
  /// Which of the sets of distinct arguments feeds it; kNone: it is fed row by row.
  uint32_t distinct_set = kNone;
};

/// One of several groupings of the same rows.
struct GroupingSet {
  /// Places in the node's groups, ascending.
  std::vector<uint32_t> groups;
  /// Bit i: groups[i] of the node is not in the set.
  int64_t missing = 0;
  /// Sets whose groups are made of this one's, not of rows.
  std::vector<uint32_t> children;
  bool is_fed_by_rows = true;
};

/// Immutable; shared by threads. The plan node outlives it.
class AggregateLayout {
 public:
  /// A block of states has room for `min_state_size` bytes at least.
  explicit AggregateLayout(const LogicalAggregate& node, uint32_t min_state_size = 0);

  /// Groups, then each call's arguments and filter.
  const std::vector<const BoundExpr*>& exprs() const { return exprs_; }
  /// The node's group expressions.
  size_t num_group_exprs() const { return num_group_exprs_; }
  /// Key columns of a group: the group expressions and, with grouping sets, the set's number.
  size_t num_groups() const { return group_types_.size(); }
  /// Empty without GROUPING SETS; a set stands before those that are made of it.
  const std::vector<GroupingSet>& sets() const { return sets_; }
  /// How many tables of groups a lane has.
  size_t num_tables() const { return sets_.empty() ? 1 : sets_.size(); }
  const std::vector<AggregateSlot>& slots() const { return slots_; }
  uint32_t num_distinct_sets() const { return num_distinct_sets_; }
  /// Whether the sets of distinct arguments are all that rows feed, and one of them has all groups: then the groups are
  /// made of it.
  bool has_groups_in_sets() const;
  const std::vector<LogicalType>& group_types() const { return group_types_; }
  /// The types of a distinct set's rows: groups, then arguments.
  std::vector<LogicalType> DistinctTypes(const AggregateSlot& slot) const;
  uint32_t state_size() const { return static_cast<uint32_t>(initial_state_.size()); }
  std::span<const uint8_t> initial_state() const { return initial_state_; }

  /// Combines all states of `count` pairs of rows.
  arrow::Status Combine(KernelContext& context, const uint8_t* const* sources, uint8_t* const* targets,
                        uint32_t count) const;

 private:
  void AddSets(const LogicalAggregate& node);

  std::vector<const BoundExpr*> exprs_;
  size_t num_group_exprs_ = 0;
  std::vector<GroupingSet> sets_;
  std::vector<AggregateSlot> slots_;
  uint32_t num_distinct_sets_ = 0;
  std::vector<LogicalType> group_types_;
  std::vector<uint8_t> initial_state_;
};

/// One thread's scratch for calling aggregate kernels.
class AggregateUpdater {
 public:
  explicit AggregateUpdater(arrow::MemoryPool* pool) : pool_(pool) {}

  /// Feeds the selected rows: row i into states[i] (by row position) at the slot's offset. Arguments are prepared in
  /// the forms that the kernel takes.
  arrow::Status Update(KernelContext& context, const AggregateSlot& slot, std::span<const Vector> arguments,
                       const Selection& selection, uint32_t num_rows, uint8_t* const* states);
  /// Feeds the selected rows into one block of states.
  arrow::Status UpdateSingle(KernelContext& context, const AggregateSlot& slot, std::span<const Vector> arguments,
                             const Selection& selection, uint32_t num_rows, uint8_t* state);
  /// Results of `count` blocks of states.
  arrow::Status Finalize(KernelContext& context, const AggregateSlot& slot, const uint8_t* const* states,
                         uint32_t count, ScratchVector& out);

 private:
  arrow::Result<std::span<const Vector* const>> Prepare(const AggregateSlot& slot, std::span<const Vector> arguments,
                                                        const Selection& selection, uint32_t num_rows);

  arrow::MemoryPool* pool_;
  std::vector<std::unique_ptr<ScratchVector>> scratch_;
  std::vector<const Vector*> arguments_;
  uint8_t* states_[kMaxBatchRows];
};

/// The rows of `selection` where a BOOLEAN is TRUE, in `rows` (room for kMaxBatchRows). `scratch` must be BOOLEAN.
Selection SelectTrue(const Vector& vector, const Selection& selection, uint32_t num_rows, ScratchVector& scratch,
                     uint16_t* rows);

}  // namespace llkv
