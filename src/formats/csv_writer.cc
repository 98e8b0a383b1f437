// Writing CSV through Arrow's writer.
#include <arrow/csv/writer.h>
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <utility>

#include "base/error.h"
#include "formats/arrow_io.h"
#include "formats/csv.h"
#include "formats/text_columns.h"

namespace llkv {

namespace {

class CsvWriter : public FileWriter {
 public:
  CsvWriter(std::string path, std::shared_ptr<arrow::io::OutputStream> file,
            std::shared_ptr<arrow::ipc::RecordBatchWriter> writer)
      : path_(std::move(path)), file_(std::move(file)), writer_(std::move(writer)) {}
  ~CsvWriter() override {
    if (file_ != nullptr && !file_->closed()) ARROW_UNUSED(file_->Abort());
  }
  CsvWriter(const CsvWriter&) = delete;
  CsvWriter& operator=(const CsvWriter&) = delete;

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    ARROW_ASSIGN_OR_RAISE(auto text, FormatTextColumns(batch));
    return writer_->WriteRecordBatch(*text);
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    return file_->Close();
  }

 private:
  std::string path_;
  std::shared_ptr<arrow::io::OutputStream> file_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

arrow::Result<std::unique_ptr<FileWriter>> OpenCsvWriter(FileSystem* file_system, const std::string& path,
                                                         const CsvOptions& options,
                                                         const std::shared_ptr<arrow::Schema>& schema) {
  if (options.quote != '"' || options.escape != '"')
    return NotSupported("COPY TO writes CSV with \" as quote and escape");
  auto write = arrow::csv::WriteOptions::Defaults();
  write.include_header = options.header.value_or(true);
  write.delimiter = options.delimiter;
  write.null_string = options.null_text;
  ARROW_ASSIGN_OR_RAISE(auto file, OpenOutput(file_system, path));
  auto writer = arrow::csv::MakeCSVWriter(file, WithTextColumns(*schema), write);
  if (!writer.ok()) {
    ARROW_UNUSED(file->Abort());
    return writer.status();
  }
  return std::make_unique<CsvWriter>(path, std::move(file), *std::move(writer));
}

}  // namespace llkv
