// Pipeline and PhysicalPlan: the executable form of a logical plan. The physical planner builds them, the executor runs
// them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

/// What one operator did, over all lanes: for EXPLAIN ANALYZE. Read after the query has ended, or as a rough figure
/// meanwhile.
struct OperatorStats {
  std::string title;
  /// The logical node that it serves; null for what the planner added.
  const LogicalPlan* node = nullptr;
  /// Rows that it gave (a sink: that it took).
  std::atomic<uint64_t> rows{0};
  std::atomic<uint64_t> batches{0};
  /// It gives rows that another operator of its node gives too: they are not the node's.
  bool repeats_rows = false;
  /// Time in it, without those it feeds, added over all lanes; only with ExecContext::measure_time.
  std::atomic<uint64_t> nanos{0};
  /// With measure_time, the query as this operator alone sees it, with a pool of its own; else null. Of the execution.
  QueryContext* own_query = nullptr;

  OperatorStats(std::string t, const LogicalPlan* n) : title(std::move(t)), node(n) {}
  QueryContext& QueryFor(QueryContext& shared) const { return own_query != nullptr ? *own_query : shared; }
};

/// A source, operators and a sink; see exec/operator.h. The last pipeline of a plan has no sink: its rows are the
/// result.
struct Pipeline {
  std::unique_ptr<Source> source;
  std::vector<std::unique_ptr<Operator>> operators;
  std::unique_ptr<Sink> sink;
  /// Runs in one lane, in the order of rows (something in it needs that).
  bool is_sequential = false;
  /// Of a sub plan: reads what differs from run to run.
  bool varies = false;
  /// For the source, each operator, and the sink.
  std::vector<std::unique_ptr<OperatorStats>> stats;

  /// What source, operators (1 …) and sink see of the query.
  QueryContext& QueryOf(size_t stage, QueryContext& query) const {
    return stage < stats.size() ? stats[stage]->QueryFor(query) : query;
  }
  /// Opens source and operators.
  arrow::Status Open(QueryContext& query) const;
};

/// Pipelines in an order in which each comes after those it depends on. The last one's rows are the result.
struct PhysicalPlan {
  std::vector<std::unique_ptr<Pipeline>> pipelines;
  /// Pipelines that sources run when they need them, in the same order.
  std::vector<std::vector<std::unique_ptr<Pipeline>>> sub_plans;
  /// Those within a source (UNION ALL), for their stats.
  std::vector<const Pipeline*> nested;
  std::vector<OutputColumn> output;
  /// The reader stops after `limit` rows behind the first `offset`; null or a NULL value: no such bound. Belong to the
  /// logical plan.
  const BoundExpr* limit = nullptr;
  const BoundExpr* offset = nullptr;
  /// The last pipeline gives each row it reads, so that a small limit is reached soon: one lane does.
  bool is_limit_near = false;
};

}  // namespace llkv
