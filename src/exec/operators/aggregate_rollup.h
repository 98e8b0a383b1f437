// Grouping sets within a lane: the key columns of a set's groups, and coarse groups made of finer ones.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "exec/operators/aggregate_layout.h"
#include "exec/operators/aggregate_rows.h"
#include "vector/row_layout.h"
#include "vector/scratch.h"

namespace llkv {

/// Builds the key columns of groups of a set: NULL for the groups that the set lacks, and the set's number. One thread
/// at a time.
class SetColumns {
 public:
  /// The layout has grouping sets, and outlives this.
  static arrow::Result<std::unique_ptr<SetColumns>> Make(const AggregateLayout* layout, arrow::MemoryPool* pool);

  /// All key columns, flat, valid until the next call. `own` are the set's own columns in its order, flat.
  std::span<const Vector> Assemble(uint32_t set, std::span<const Vector> own);

 private:
  explicit SetColumns(const AggregateLayout* layout) : layout_(layout) {}

  const AggregateLayout* layout_;
  std::vector<ScratchVector> nulls_;    // one a group
  std::vector<ScratchVector> numbers_;  // one
  std::vector<Vector> columns_;
};

/// Makes the groups of a lane's coarser sets from those of the finer ones, when a table of theirs overflows and when
/// the lane is done. One lane's.
class GroupRollup {
 public:
  /// All outlive this. `kernel` has the lane's arena.
  static arrow::Result<std::unique_ptr<GroupRollup>> Make(const AggregateLayout* layout, AggregateLane* lane,
                                                          const KernelContext& kernel);
  GroupRollup(const GroupRollup&) = delete;
  GroupRollup& operator=(const GroupRollup&) = delete;

  /// What the tables still have; nothing may be added to the lane after that.
  arrow::Status Finish();

 private:
  /// Passes the groups of one set's table on.
  class Observer : public GroupObserver {
   public:
    Observer(GroupRollup* rollup, uint32_t set, int32_t distinct) : rollup_(rollup), set_(set), distinct_(distinct) {}
    arrow::Status Observe(const GroupTable& table) override {
      for (const uint32_t child : rollup_->layout_->sets()[set_].children) {
        ARROW_RETURN_NOT_OK(rollup_->PassOn(table, child, distinct_));
      }
      return arrow::Status::OK();
    }

   private:
    GroupRollup* rollup_;
    uint32_t set_;
    int32_t distinct_;  // which set of distinct arguments; -1: groups
  };

  GroupRollup(const AggregateLayout* layout, AggregateLane* lane, const KernelContext& kernel)
      : layout_(layout), lane_(lane), kernel_(kernel) {}
  arrow::Status PassOn(const GroupTable& table, uint32_t child, int32_t distinct);

  const AggregateLayout* layout_;
  AggregateLane* lane_;
  KernelContext kernel_;
  std::vector<std::unique_ptr<Observer>> observers_;
};

}  // namespace llkv
