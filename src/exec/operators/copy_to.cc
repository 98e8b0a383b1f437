// COPY TO: see changes.h.
#include <arrow/record_batch.h>

#include <utility>

#include "exec/operators/changes.h"
#include "formats/file_format.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

constexpr int64_t kRowsPerWrite = 65'536;
constexpr int64_t kTextBytesPerWrite = int64_t{64} << 20;

struct CopyState : LaneState {};

class CopyTo : public Sink {
 public:
  CopyTo(const LogicalCopyTo& node, std::shared_ptr<RowCount> count) : node_(node), count_(std::move(count)) {
    for (const OutputColumn& column : node.children[0]->output) {
      names_.push_back(column.name);
      types_.push_back(column.type);
    }
  }

  arrow::Status Open(QueryContext& query) override {
    count_->rows.store(0, std::memory_order_relaxed);
    ARROW_ASSIGN_OR_RAISE(builder_, RecordBatchBuilder::Make(names_, types_, query.pool));
    return query.exec->files->OpenForWriting(node_, builder_->schema()).Value(&writer_);
  }

  void Close() override {
    writer_.reset();
    builder_.reset();
  }

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext&) override { return std::make_unique<CopyState>(); }

  arrow::Result<SinkResult> Consume(LaneContext&, const Batch& batch, LaneState&) override {
    ARROW_RETURN_NOT_OK(builder_->Append(batch));
    count_->rows.fetch_add(batch.num_selected(), std::memory_order_relaxed);
    if (builder_->num_rows() >= kRowsPerWrite || builder_->largest_text_bytes() >= kTextBytesPerWrite) {
      ARROW_RETURN_NOT_OK(Write());
    }
    return SinkResult::kNeedInput;
  }

  arrow::Status Finalize(QueryContext&) override {
    if (builder_->num_rows() > 0) ARROW_RETURN_NOT_OK(Write());
    return writer_->Close();
  }

  /// One file, in the order of rows.
  bool is_parallel() const override { return false; }

 private:
  arrow::Status Write() {
    ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<arrow::RecordBatch> rows, builder_->Finish());
    return writer_->Write(*rows);
  }

  const LogicalCopyTo& node_;
  std::shared_ptr<RowCount> count_;
  std::vector<std::string> names_;
  std::vector<LogicalType> types_;
  std::unique_ptr<RecordBatchBuilder> builder_;
  std::unique_ptr<FileWriter> writer_;
};

}  // namespace

std::unique_ptr<Sink> MakeCopyTo(const LogicalCopyTo& node, std::shared_ptr<RowCount> count) {
  return std::make_unique<CopyTo>(node, std::move(count));
}

}  // namespace llkv
