// See query_measures.h.
#include "exec/query_measures.h"

namespace llkv {

arrow::Status QueryMeasures::OperatorPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  ARROW_RETURN_NOT_OK(AccountingPool::Allocate(size, alignment, out));
  Count(*out, size);
  return arrow::Status::OK();
}

arrow::Status QueryMeasures::OperatorPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                                      uint8_t** ptr) {
  ARROW_RETURN_NOT_OK(AccountingPool::Reallocate(old_size, new_size, alignment, ptr));
  Count(*ptr, new_size);
  return arrow::Status::OK();
}

void QueryMeasures::OperatorPool::Count(const uint8_t* block, int64_t size) {
  if (spill_ != nullptr && spill_->Owns(block)) spilled_bytes_.fetch_add(size, std::memory_order_relaxed);
}

void QueryMeasures::Begin(std::span<const Pipeline* const> pipelines, const QueryContext& query) {
  for (const Pipeline* pipeline : pipelines) {
    for (const std::unique_ptr<OperatorStats>& stats : pipeline->stats) {
      stats->rows = 0;
      stats->batches = 0;
      stats->nanos = 0;
      if (stats->own_query == nullptr) {
        operators_.push_back(std::make_unique<Operator>(query, stats.get()));
        stats->own_query = &operators_.back()->query;
        continue;
      }
      arrow::MemoryPool* own = stats->own_query->pool;
      *stats->own_query = query;
      stats->own_query->pool = own;
    }
  }
  begin_ = std::chrono::steady_clock::now();
}

PlanMeasures QueryMeasures::Collect(std::span<const Pipeline* const> pipelines, const QueryContext& query) const {
  PlanMeasures measures;
  const std::chrono::nanoseconds elapsed = std::chrono::steady_clock::now() - begin_;
  measures.time_ms = static_cast<double>(elapsed.count()) / 1e6;
  measures.memory_bytes = query.pool->max_memory();
  std::unordered_map<const OperatorStats*, const OperatorPool*> pools;
  for (const std::unique_ptr<Operator>& each : operators_) pools[each->stats] = &each->pool;
  for (const Pipeline* pipeline : pipelines) {
    for (size_t stage = 0; stage < pipeline->stats.size(); ++stage) {
      const OperatorStats& stats = *pipeline->stats[stage];
      if (stats.node == nullptr) continue;
      OperatorMeasures each;
      each.name = stats.title;
      each.rows = stats.rows.load(std::memory_order_relaxed);
      each.time_ms = static_cast<double>(stats.nanos.load(std::memory_order_relaxed)) / 1e6;
      if (const auto pool = pools.find(&stats); pool != pools.end()) {
        each.memory_bytes = pool->second->max_memory();
        each.spilled_bytes = pool->second->spilled_bytes();
        measures.spilled_bytes += each.spilled_bytes;
      }
      if (stage == 0) each.counters = pipeline->source->counters();
      NodeMeasures& node = measures.nodes[stats.node];
      const bool is_sink = stage == pipeline->operators.size() + 1;
      if (!is_sink && !stats.repeats_rows) node.rows = node.rows.value_or(0) + each.rows;
      node.operators.push_back(std::move(each));
    }
  }
  return measures;
}

}  // namespace llkv
