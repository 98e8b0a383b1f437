// See file_scan.h.
#include "exec/operators/file_scan.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"
#include "exec/batch_cutter.h"
#include "formats/file_format.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

struct FileState : LaneState {
  std::unique_ptr<FilePartReader> part;
  std::unique_ptr<ArrowBatchReader> rows;
  BatchCutter cutter;
};

class FileScan : public Source {
 public:
  explicit FileScan(const LogicalFileScan& node) : node_(node) {
    for (const OutputColumn& column : node.output) types_.push_back(column.type);
  }

  arrow::Status Open(QueryContext& query) override {
    ARROW_ASSIGN_OR_RAISE(reader_, query.exec->files->OpenForReading(node_));
    MutexLock lock(mutex_);
    next_part_ = 0;
    return reader_->OpenParts(node_.column_indexes, types_).Value(&parts_);
  }
  void Close() override {
    MutexLock lock(mutex_);
    parts_.reset();
    reader_.reset();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<FileState>(); }

  arrow::Result<uint64_t> NextMorsel(LaneContext&, LaneState& lane_state) override {
    auto& state = static_cast<FileState&>(lane_state);
    state.rows.reset();
    state.cutter.Clear();
    MutexLock lock(mutex_);
    ARROW_ASSIGN_OR_RAISE(state.part, parts_->Next());
    return state.part == nullptr ? kNoMorsel : next_part_++;
  }

  arrow::Result<SourceResult> GetBatch(LaneContext& lane, LaneState& lane_state, Batch* batch) override {
    auto& state = static_cast<FileState&>(lane_state);
    const uint32_t batch_rows = lane.query->exec->batch_rows;
    while (!state.cutter.Next(batch_rows, batch)) {
      Batch rows;
      if (state.rows != nullptr) {
        ARROW_ASSIGN_OR_RAISE(rows, state.rows->Next());
      }
      if (rows.num_selected() > 0) {
        state.cutter.Start(rows);
        continue;
      }
      state.rows.reset();
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::RecordBatch> next, state.part->Next());
      if (next == nullptr) return SourceResult::kMorselDone;
      ARROW_ASSIGN_OR_RAISE(state.rows, ArrowBatchReader::Make(std::move(next), lane.kernel.pool, types_));
    }
    return SourceResult::kHaveBatch;
  }

  uint64_t num_morsels() const override { return reader_->num_parts(); }
  uint64_t num_rows_estimate() const override {
    return static_cast<uint64_t>(std::max<int64_t>(0, reader_->estimated_rows()));
  }

 private:
  const LogicalFileScan& node_;
  std::vector<LogicalType> types_;
  std::shared_ptr<const FileReader> reader_;
  Mutex mutex_;
  std::unique_ptr<FileParts> parts_ LLKV_GUARDED_BY(mutex_);
  uint64_t next_part_ LLKV_GUARDED_BY(mutex_) = 0;
};

}  // namespace

std::unique_ptr<Source> MakeFileScan(const LogicalFileScan& node) { return std::make_unique<FileScan>(node); }

}  // namespace llkv
