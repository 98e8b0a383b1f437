// Collect: rows kept in the order of morsels, and given again: materialized subplans, LIMIT in the middle of a plan,
// and what UPDATE reads before it writes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exec/batch_collection.h"
#include "exec/operator.h"

namespace llkv {

/// The rows of one CollectSink, shared with the sources that read them. Read once the sink is finalized.
struct CollectedRows {
  std::optional<BatchCollection> rows;
};

/// Keeps copies of all rows, or of enough that the first ones are among them.
class CollectSink : public Sink {
 public:
  CollectSink(std::vector<LogicalType> types, std::shared_ptr<CollectedRows> rows)
      : types_(std::move(types)), rows_(std::move(rows)) {}

  arrow::Status Open(QueryContext& query) override;
  void Close() override;
  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override;
  arrow::Result<SinkResult> Consume(LaneContext& lane, const Batch& batch, LaneState& state) override;
  arrow::Status EndMorsel(LaneContext& lane, LaneState& state) override;
  arrow::Status Combine(LaneContext& lane, LaneState& state) override;
  arrow::Status Finalize(QueryContext& query) override;

 protected:
  /// Only the first `max_rows` rows are wanted: set in Open.
  void set_max_rows(uint64_t max_rows) { max_rows_ = max_rows; }
  CollectedRows& rows() { return *rows_; }

 private:
  struct State;
  /// Rows of consecutive morsels, the first of them `morsel`.
  struct Segment {
    uint64_t morsel;
    BatchCollection rows;
  };

  std::vector<LogicalType> types_;
  std::shared_ptr<CollectedRows> rows_;
  uint64_t max_rows_ = ~uint64_t{0};
  Mutex mutex_;
  std::vector<Segment> segments_ LLKV_GUARDED_BY(mutex_);
  /// Rows of morsels that are done: of all before next_morsel_, and of later ones.
  uint64_t prefix_rows_ LLKV_GUARDED_BY(mutex_) = 0;
  uint64_t next_morsel_ LLKV_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, uint64_t> done_ LLKV_GUARDED_BY(mutex_);
};

/// Gives columns `columns` of collected rows; kRowNumber of LogicalMaterializedScan stands for their numbers from 0.
std::unique_ptr<Source> MakeCollectedScan(std::shared_ptr<const CollectedRows> rows, std::vector<uint32_t> columns);

}  // namespace llkv
