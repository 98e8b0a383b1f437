// QueryMeasures: what EXPLAIN ANALYZE takes from an execution: each operator with a pool of its own, and afterwards all
// figures by node of the plan.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "exec/operator.h"
#include "exec/pipeline.h"
#include "plan/plan_report.h"
#include "runtime/memory_pool.h"
#include "runtime/spill_space.h"

namespace llkv {

/// Outlives what the pipelines' operators hold.
class QueryMeasures {
 public:
  /// Before an execution of `pipelines`, whose query this is; its pool and its ExecContext::spill outlive the object.
  void Begin(std::span<const Pipeline* const> pipelines, const QueryContext& query);
  /// After its end, before the pipelines are closed.
  PlanMeasures Collect(std::span<const Pipeline* const> pipelines, const QueryContext& query) const;

 private:
  /// Counts what comes from a temporary file.
  class OperatorPool : public AccountingPool {
   public:
    OperatorPool(arrow::MemoryPool* parent, const SpillSpace* spill)
        : AccountingPool(parent, "operator"), spill_(spill) {}
    arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
    arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
    int64_t spilled_bytes() const { return spilled_bytes_.load(std::memory_order_relaxed); }

   private:
    void Count(const uint8_t* block, int64_t size);
    const SpillSpace* spill_;
    std::atomic<int64_t> spilled_bytes_{0};
  };
  struct Operator {
    Operator(const QueryContext& of, const OperatorStats* s) : stats(s), pool(of.pool, of.exec->spill), query(of) {
      query.pool = &pool;
    }
    const OperatorStats* stats;
    OperatorPool pool;
    QueryContext query;
  };

  std::vector<std::unique_ptr<Operator>> operators_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace llkv
