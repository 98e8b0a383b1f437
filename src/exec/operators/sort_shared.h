// SortShared: the plan of a sort, its lanes' runs, and their merged order.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "exec/expr_set.h"
#include "exec/operators/sort_entries.h"
#include "store/scan_bound.h"
#include "vector/row_storage.h"
#include "vector/sort_key.h"

namespace llkv {

/// Rows of one lane. Rows whose first key is NULL stand in a run of their own where the encoder keeps NULLs apart.
struct SortLane {
  SortLane(uint32_t row_width, arrow::MemoryPool* pool)
      : rows(row_width, pool), runs{PoolArray<uint64_t>(pool), PoolArray<uint64_t>(pool)} {}
  RowStorage rows;
  PoolArray<uint64_t> runs[2];  // [1]: NULL first keys
};

/// Rows by address: entry i is at words[i * stride].
struct SortedRows {
  const uint64_t* words = nullptr;
  uint32_t stride = 1;
  int64_t size = 0;
};

class SortShared {
 public:
  SortShared(const LogicalSort& node, const ColumnLayout& input);

  /// Reads limit and offset, forgets what an execution before left. Errors: 22023 for negative ones.
  arrow::Status Open(const QueryContext& query);
  /// Frees all rows.
  void Release();

  const ExprSet& key_exprs() const { return key_exprs_; }
  const SortKeyEncoder& encoder() const { return encoder_; }
  bool nulls_apart() const { return nulls_apart_; }
  uint32_t entry_words() const { return encoder_.num_words() + 1; }
  const RowLayout& layout() const { return layout_; }
  /// Where each output column stands in the sink's batches.
  const std::vector<uint32_t>& input_columns() const { return input_columns_; }
  /// Keys that rows hold behind the output columns.
  const std::vector<size_t>& stored_keys() const { return stored_keys_; }
  const TieOrder& ties() const { return ties_; }
  /// Rows that matter, offset included; none: all.
  std::optional<int64_t> max_rows() const { return max_rows_; }
  int64_t offset() const { return offset_; }

  /// What a scan below learns of the bar; before the first execution.
  void set_bound(std::shared_ptr<ScanBound> bound) { bound_ = std::move(bound); }
  /// Whether SetBar can tell a scan the bar of a first key of this type.
  static bool SupportsBound(LogicalType type);
  /// Tells all lanes that as many rows as are wanted are not behind this entry. Any lane.
  void SetBar(const uint64_t* entry) LLKV_EXCLUDES(mutex_);
  /// Another number for each bar; 0 while there is none.
  uint64_t bar_version() const { return bar_version_.load(std::memory_order_acquire); }
  /// Copies the words of the least bar, which there is, and gives its version.
  uint64_t CopyBar(uint64_t* words) const LLKV_EXCLUDES(mutex_);

  /// Sorts the lane's entries. Errors: 53200, 57014.
  arrow::Status SortLaneRuns(SortLane& lane, const QueryContext& query) const;
  /// Sorts what a lane has and takes it over. Errors: 53200, 57014.
  arrow::Status AddLane(std::unique_ptr<SortLane> lane, const QueryContext& query) LLKV_EXCLUDES(mutex_);
  arrow::Result<uint32_t> PrepareFinalize(const QueryContext& query);
  arrow::Status FinalizePart(const QueryContext& query, uint32_t part);

  /// The rows in order, in up to two pieces, once finalized.
  const SortedRows& piece(size_t i) const { return pieces_[i]; }
  int64_t num_rows() const { return pieces_[0].size + pieces_[1].size; }

 private:
  struct MergePart {
    std::vector<SortRun> runs;
    int64_t first_row;  // in merged_
  };
  static std::vector<SortKeyColumn> KeyColumns(const LogicalSort& node);
  std::vector<TieOrder::Column> FindTieColumns(const LogicalSort& node);
  void PlanMerge(size_t which, uint32_t num_parts, int64_t* first_row);

  const LogicalSort& node_;
  ExprSet key_exprs_;
  bool nulls_apart_;
  SortKeyEncoder encoder_;
  std::vector<uint32_t> input_columns_;
  std::vector<size_t> stored_keys_;
  std::vector<TieOrder::Column> tie_columns_;
  RowLayout layout_;
  TieOrder ties_;

  std::optional<int64_t> max_rows_;
  int64_t offset_ = 0;
  mutable Mutex mutex_;
  std::shared_ptr<ScanBound> bound_;
  uint64_t bar_[SortKeyEncoder::kMaxWords] LLKV_GUARDED_BY(mutex_) = {};
  std::atomic<uint64_t> bar_version_{0};
  std::vector<std::unique_ptr<SortLane>> lanes_;  // guarded by mutex_ until all lanes are in
  std::vector<MergePart> parts_;
  std::optional<PoolArray<uint8_t*>> merged_;
  SortedRows pieces_[2];
};

}  // namespace llkv
