// Reading and writing Parquet. Row groups are read independently, each by a reader of its own over the shared file
// metadata.
#include "formats/parquet.h"

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <utility>

#include "base/error.h"
#include "formats/arrow_io.h"
#include "formats/convert.h"

namespace llkv {

namespace {

constexpr int64_t kRowsPerBatch = 131072;

arrow::Status ParquetError(const std::string& path, const arrow::Status& cause) {
  if (GetSqlError(cause) != nullptr) return cause;
  return SqlError(sqlstate::kBadCopyFormat, path + ": " + cause.message());
}

class ParquetPart : public FilePartReader {
 public:
  ParquetPart(std::unique_ptr<parquet::arrow::FileReader> file, std::unique_ptr<arrow::RecordBatchReader> rows,
              std::vector<LogicalType> types, std::string where)
      : file_(std::move(file)), rows_(std::move(rows)), types_(std::move(types)), where_(std::move(where)) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    std::shared_ptr<arrow::RecordBatch> batch;
    const arrow::Status read = rows_->ReadNext(&batch);
    if (!read.ok()) return ParquetError(where_, read);
    if (batch == nullptr) return batch;
    return ConvertColumns(batch, types_, where_);
  }

 private:
  std::unique_ptr<parquet::arrow::FileReader> file_;
  std::unique_ptr<arrow::RecordBatchReader> rows_;
  std::vector<LogicalType> types_;
  std::string where_;
};

/// What the parts of one file share.
struct ParquetSource {
  std::string path;
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  std::shared_ptr<parquet::FileMetaData> metadata;
};

/// Adds the file's column indexes of all values that lie in a field.
void AddLeaves(const parquet::arrow::SchemaField& field, std::vector<int>* leaves) {
  if (field.is_leaf()) leaves->push_back(field.column_index);
  for (const auto& child : field.children) AddLeaves(child, leaves);
}

class ParquetParts : public FileParts {
 public:
  ParquetParts(ParquetSource source, std::vector<uint32_t> column_indexes, std::vector<LogicalType> types)
      : source_(std::move(source)), indexes_(std::move(column_indexes)), types_(std::move(types)) {}

  arrow::Result<std::unique_ptr<FilePartReader>> Next() override {
    if (next_ >= source_.metadata->num_row_groups()) return std::unique_ptr<FilePartReader>();
    const int part = next_++;
    parquet::arrow::FileReaderBuilder builder;
    arrow::Status opened = builder.Open(source_.file, parquet::default_reader_properties(), source_.metadata);
    if (!opened.ok()) return ParquetError(source_.path, opened);
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_batch_size(kRowsPerBatch);
    // Coalescing all column chunks ahead would keep a whole row group's bytes in memory once more.
    properties.set_pre_buffer(false);
    properties.set_smallest_decimal_enabled(true);
    properties.set_arrow_extensions_enabled(true);
    builder.properties(properties);
    auto file = builder.Build();
    if (!file.ok()) return ParquetError(source_.path, file.status());
    std::vector<int> leaves;
    for (const uint32_t index : indexes_) AddLeaves((*file)->manifest().schema_fields[index], &leaves);
    auto rows = (*file)->GetRecordBatchReader({part}, leaves);
    const std::string where = source_.path + ": row group " + std::to_string(part);
    if (!rows.ok()) return ParquetError(where, rows.status());
    return std::make_unique<ParquetPart>(*std::move(file), *std::move(rows), types_, where);
  }

 private:
  const ParquetSource source_;
  const std::vector<uint32_t> indexes_;
  const std::vector<LogicalType> types_;
  int next_ = 0;
};

class ParquetReader : public FileReader {
 public:
  ParquetReader(ParquetSource source, std::vector<ReaderColumn> columns)
      : source_(std::move(source)), columns_(std::move(columns)) {}

  const std::vector<ReaderColumn>& columns() const override { return columns_; }
  uint64_t num_parts() const override { return static_cast<uint64_t>(source_.metadata->num_row_groups()); }
  int64_t estimated_rows() const override { return source_.metadata->num_rows(); }

  arrow::Result<std::unique_ptr<FileParts>> OpenParts(std::vector<uint32_t> column_indexes,
                                                      std::vector<LogicalType> types) const override {
    return std::make_unique<ParquetParts>(source_, std::move(column_indexes), std::move(types));
  }

 private:
  ParquetSource source_;
  std::vector<ReaderColumn> columns_;
};

class ParquetWriter : public FileWriter {
 public:
  ParquetWriter(std::string path, std::shared_ptr<arrow::io::OutputStream> file,
                std::unique_ptr<parquet::arrow::FileWriter> writer)
      : path_(std::move(path)), file_(std::move(file)), writer_(std::move(writer)) {}
  ~ParquetWriter() override {
    if (writer_ == nullptr) return;
    // Ends the writer without its footer reaching the name: the file is dropped.
    ARROW_UNUSED(file_->Abort());
    ARROW_UNUSED(writer_->Close());
  }
  ParquetWriter(const ParquetWriter&) = delete;
  ParquetWriter& operator=(const ParquetWriter&) = delete;

  arrow::Status Write(const arrow::RecordBatch& batch) override {
    const arrow::Status written = writer_->WriteRecordBatch(batch);
    return written.ok() ? written : ParquetError(path_, written);
  }
  arrow::Status Close() override {
    ARROW_RETURN_NOT_OK(writer_->Close());
    ARROW_RETURN_NOT_OK(file_->Close());
    writer_.reset();
    return arrow::Status::OK();
  }

 private:
  std::string path_;
  std::shared_ptr<arrow::io::OutputStream> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

/// The SQL name of a type at any depth that Arrow's writer of Parquet has no form for, or null.
const char* TypeThatParquetLacks(const arrow::DataType& type) {
  if (type.id() == arrow::Type::INTERVAL_MONTH_DAY_NANO) return "INTERVAL";
  if (type.id() == arrow::Type::DENSE_UNION) return "UNION";
  for (const auto& field : type.fields()) {
    if (const char* absent = TypeThatParquetLacks(*field->type())) return absent;
  }
  return nullptr;
}

}  // namespace

arrow::Result<std::shared_ptr<const FileReader>> OpenParquetReader(FileSystem* file_system, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file, OpenInput(file_system, path));
  parquet::arrow::FileReaderBuilder builder;
  const arrow::Status opened = builder.Open(file);
  if (!opened.ok()) return ParquetError(path, opened);
  const std::shared_ptr<parquet::FileMetaData> metadata = builder.raw_reader()->metadata();
  parquet::ArrowReaderProperties reader_properties(/*use_threads=*/false);
  reader_properties.set_arrow_extensions_enabled(true);
  builder.properties(reader_properties);
  auto reader = builder.Build();
  if (!reader.ok()) return ParquetError(path, reader.status());
  std::shared_ptr<arrow::Schema> schema;
  const arrow::Status read = (*reader)->GetSchema(&schema);
  if (!read.ok()) return ParquetError(path, read);
  std::vector<ReaderColumn> columns;
  for (const auto& field : schema->fields()) {
    auto type = FromArrowType(*field->type());
    if (!type.ok()) {
      return NotSupported(path + ": column " + field->name() + " has the type " + field->type()->ToString() +
                          ", which cannot be read");
    }
    columns.push_back({field->name(), *type});
  }
  return std::make_shared<ParquetReader>(ParquetSource{path, std::move(file), metadata}, std::move(columns));
}

arrow::Result<std::unique_ptr<FileWriter>> OpenParquetWriter(FileSystem* file_system, const std::string& path,
                                                             const std::shared_ptr<arrow::Schema>& schema) {
  for (const auto& field : schema->fields()) {
    if (const char* absent = TypeThatParquetLacks(*field->type())) {
      return NotSupported(std::string("Parquet has no type for ") + absent + ": column " + field->name());
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto file, OpenOutput(file_system, path));
  parquet::WriterProperties::Builder properties;
  properties.compression(parquet::Compression::SNAPPY);
  properties.max_row_group_length(kRowsPerBatch);
  auto writer = parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), file, properties.build());
  if (!writer.ok()) {
    ARROW_UNUSED(file->Abort());
    return ParquetError(path, writer.status());
  }
  return std::make_unique<ParquetWriter>(path, std::move(file), *std::move(writer));
}

}  // namespace llkv
