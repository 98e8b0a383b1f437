// The reader, and the buffers that outlive the engine.
#include "engine/query_reader.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include <utility>
#include <vector>

#include "engine/error_detail.h"

namespace llkv {

namespace {

/// A view of `buffer` that lets go of it before it lets go of `owner`.
class OwnedBuffer : public arrow::Buffer {
 public:
  OwnedBuffer(std::shared_ptr<arrow::Buffer> buffer, std::shared_ptr<const void> owner)
      : arrow::Buffer(buffer->data(), buffer->size()), owner_(std::move(owner)), buffer_(std::move(buffer)) {}

 private:
  std::shared_ptr<const void> owner_;
  std::shared_ptr<arrow::Buffer> buffer_;
};

std::shared_ptr<arrow::ArrayData> KeepingAlive(const arrow::ArrayData& data, const std::shared_ptr<const void>& owner) {
  auto copy = std::make_shared<arrow::ArrayData>(data);
  for (auto& buffer : copy->buffers) {
    if (buffer != nullptr) buffer = std::make_shared<OwnedBuffer>(std::move(buffer), owner);
  }
  for (auto& child : copy->child_data) child = KeepingAlive(*child, owner);
  if (copy->dictionary != nullptr) copy->dictionary = KeepingAlive(*copy->dictionary, owner);
  return copy;
}

}  // namespace

QueryEnvironment::QueryEnvironment(std::shared_ptr<Database> owner, std::shared_ptr<StopToken> session_stop,
                                   std::shared_ptr<Progress> session_progress)
    : database(std::move(owner)),
      stop(std::move(session_stop)),
      progress(std::move(session_progress)),
      stores(&database->catalog()),
      files(database->external_files()) {
  database->AddUser();
}

QueryEnvironment::~QueryEnvironment() { database->RemoveUser(); }

QueryReader::~QueryReader() { Release(); }

void QueryReader::Release() {
  // The execution points into the environment.
  execution_.reset();
  environment_.reset();
}

arrow::Status QueryReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  batch->reset();
  if (execution_ == nullptr) return arrow::Status::OK();
  auto next = execution_->NextRecordBatch();
  if (!next.ok()) {
    Release();
    return WithDetail(next.status());
  }
  if (*next == nullptr) return Close();
  *batch = KeepingAlive(**next, environment_->database->pool());
  return arrow::Status::OK();
}

arrow::Status QueryReader::Close() {
  Release();
  return arrow::Status::OK();
}

std::shared_ptr<arrow::RecordBatch> KeepingAlive(const arrow::RecordBatch& batch, std::shared_ptr<const void> owner) {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  columns.reserve(static_cast<size_t>(batch.num_columns()));
  for (int i = 0; i < batch.num_columns(); ++i) columns.push_back(KeepingAlive(*batch.column_data(i), owner));
  return arrow::RecordBatch::Make(batch.schema(), batch.num_rows(), std::move(columns));
}

}  // namespace llkv
