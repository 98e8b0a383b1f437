// Small translations between layers that must not know each other.
#include "engine/adapters.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/error.h"
#include "exec/operators/table_scan.h"
#include "formats/convert.h"
#include "store/table_store.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

constexpr int64_t kStreamPartRows = 65536;

/// Some batches of a stream.
class StreamPart : public FilePartReader {
 public:
  StreamPart(arrow::RecordBatchVector batches, std::vector<int> indexes, std::vector<LogicalType> types)
      : batches_(std::move(batches)), indexes_(std::move(indexes)), types_(std::move(types)) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (pending_ == nullptr || offset_ >= pending_->num_rows()) {
      if (next_ == batches_.size()) return std::shared_ptr<arrow::RecordBatch>();
      const std::shared_ptr<arrow::RecordBatch> batch = std::move(batches_[next_++]);
      ARROW_ASSIGN_OR_RAISE(auto selected, batch->SelectColumns(indexes_));
      ARROW_ASSIGN_OR_RAISE(pending_, ConvertColumns(selected, types_, "the Arrow stream"));
      offset_ = 0;
    }
    constexpr int64_t kMaxRows = 131072;
    auto slice = pending_->Slice(offset_, kMaxRows);
    offset_ += slice->num_rows();
    return slice;
  }

 private:
  arrow::RecordBatchVector batches_;
  const std::vector<int> indexes_;
  const std::vector<LogicalType> types_;
  size_t next_ = 0;
  std::shared_ptr<arrow::RecordBatch> pending_;
  int64_t offset_ = 0;
};

class StreamParts : public FileParts {
 public:
  StreamParts(std::shared_ptr<arrow::RecordBatchReader> stream, std::vector<uint32_t> indexes,
              std::vector<LogicalType> types)
      : stream_(std::move(stream)), indexes_(indexes.begin(), indexes.end()), types_(std::move(types)) {}

  arrow::Result<std::unique_ptr<FilePartReader>> Next() override {
    arrow::RecordBatchVector batches;
    for (int64_t num_rows = 0; num_rows < kStreamPartRows && !is_at_end_;) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(stream_->ReadNext(&batch));
      is_at_end_ = batch == nullptr;
      if (is_at_end_ || batch->num_rows() == 0) continue;
      num_rows += batch->num_rows();
      batches.push_back(std::move(batch));
    }
    if (batches.empty()) return std::unique_ptr<FilePartReader>();
    return std::make_unique<StreamPart>(std::move(batches), indexes_, types_);
  }

 private:
  const std::shared_ptr<arrow::RecordBatchReader> stream_;
  const std::vector<int> indexes_;
  const std::vector<LogicalType> types_;
  bool is_at_end_ = false;
};

/// A RecordBatchReader as a file. Nobody knows how long it is.
class StreamReader : public FileReader {
 public:
  StreamReader(std::shared_ptr<arrow::RecordBatchReader> stream, std::vector<ReaderColumn> columns)
      : stream_(std::move(stream)), columns_(std::move(columns)) {}
  const std::vector<ReaderColumn>& columns() const override { return columns_; }
  uint64_t num_parts() const override { return static_cast<uint64_t>(estimated_rows() / kStreamPartRows); }
  int64_t estimated_rows() const override { return 1'000'000; }

  arrow::Result<std::unique_ptr<FileParts>> OpenParts(std::vector<uint32_t> column_indexes,
                                                      std::vector<LogicalType> types) const override {
    return std::make_unique<StreamParts>(stream_, std::move(column_indexes), std::move(types));
  }

 private:
  std::shared_ptr<arrow::RecordBatchReader> stream_;
  std::vector<ReaderColumn> columns_;
};

arrow::Result<std::vector<ReaderColumn>> StreamColumns(const arrow::Schema& schema) {
  std::vector<ReaderColumn> columns;
  for (const auto& field : schema.fields()) {
    ARROW_ASSIGN_OR_RAISE(const LogicalType type, FromArrowField(*field));
    columns.push_back({field->name(), type});
  }
  return columns;
}

FileOptions WithFormat(FileOptions options, LogicalFileScan::Format format) {
  options.format = format == LogicalFileScan::Format::kParquet ? FileFormat::kParquet : FileFormat::kCsv;
  return options;
}

std::vector<std::pair<std::string, Value>> WithFormatOption(std::vector<std::pair<std::string, Value>> options,
                                                            LogicalFileScan::Format format) {
  const bool given = std::any_of(options.begin(), options.end(), [](const auto& o) { return o.first == "format"; });
  if (!given) {
    options.emplace_back("format", Value::Varchar(format == LogicalFileScan::Format::kParquet ? "parquet" : "csv"));
  }
  return options;
}

}  // namespace

std::vector<std::string> SnapshotBinderCatalog::ListNames() const {
  std::vector<std::string> names;
  for (const auto& table : snapshot_->Tables()) names.push_back(table->name);
  for (const auto& view : snapshot_->Views()) names.push_back(view->name);
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<const TableEstimate> CatalogStatistics::Find(TableId table) const {
  auto store = catalog_->GetStore(table);
  if (!store.ok()) return nullptr;
  auto statistics = (*store)->GetStatistics();
  if (!statistics.ok()) return nullptr;
  auto estimate = std::make_shared<TableEstimate>();
  estimate->num_rows = statistics->num_rows;
  for (ColumnStatistics& column : statistics->columns) {
    estimate->columns.push_back({std::move(column.min), std::move(column.max), column.num_distinct, column.num_nulls});
  }
  if (const CatalogEntry* entry = snapshot_->Find(table); entry != nullptr && entry->table != nullptr) {
    const TableSchema& schema = *entry->table;
    if (!schema.primary_key.empty()) {
      estimate->indexes.push_back({schema.primary_key_index, schema.primary_key_name, schema.primary_key, true, true});
    }
    for (const IndexSchema& index : schema.indexes) {
      IndexEstimate& added = estimate->indexes.emplace_back();
      added.id = index.id;
      added.name = index.name;
      for (const IndexColumn& column : index.columns) added.columns.push_back(column.ordinal);
      added.is_unique = index.is_unique;
    }
  }
  return estimate;
}

double CatalogStatistics::CountIndexEntries(TableId table, IndexId index,
                                            const std::vector<const PushedPredicate*>& predicates) const {
  auto store = catalog_->GetStore(table);
  if (!store.ok()) return -1;
  std::vector<ScanPredicate> asked;
  for (const PushedPredicate* predicate : predicates) {
    ScanPredicate& added = asked.emplace_back();
    added.column = predicate->column_ordinal;
    added.op = ToPredicateOp(predicate->op);
    for (const BoundExprPtr& value : predicate->values) added.values.push_back(value->value);
  }
  const auto count = (*store)->EstimateIndexRows(index, asked);
  return count.ok() && count->has_value() ? **count : -1;
}

std::optional<SampleCount> CatalogStatistics::CountInSample(const LogicalScan& scan,
                                                            const std::vector<const BoundExpr*>& terms) const {
  const auto store = catalog_->GetStore(scan.table);
  if (!store.ok()) return std::nullopt;
  // A failure is the scan's to report, where it meets it.
  const auto count = samples_->Count(*store, scan, terms);
  return count.ok() ? *count : std::nullopt;
}

arrow::Status EngineFiles::CheckAllowed(std::string_view path) const {
  if (file_system_ != nullptr) return arrow::Status::OK();
  return SqlError(sqlstate::kInsufficientPrivilege,
                  fmt::format("the file \"{}\" is not to be read or written: the engine was opened without "
                              "external_files",
                              path));
}

arrow::Result<std::shared_ptr<const FileReader>> EngineFiles::OpenForReading(const LogicalFileScan& scan) {
  if (stream_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(auto columns, StreamColumns(*stream_->schema()));
    return std::make_shared<StreamReader>(stream_, std::move(columns));
  }
  ARROW_RETURN_NOT_OK(CheckAllowed(scan.path));
  ARROW_ASSIGN_OR_RAISE(const FileOptions options,
                        ParseFileOptions(scan.path, WithFormatOption(scan.options, scan.format)));
  std::vector<ReaderColumn> expected;
  if (options.format == FileFormat::kCsv && scan.column_indexes.size() == scan.output.size()) {
    // The plan's columns are all of the file's, in order, where COPY reads it.
    bool whole = true;
    for (uint32_t i = 0; i < scan.column_indexes.size(); ++i) whole = whole && scan.column_indexes[i] == i;
    if (whole) {
      for (const OutputColumn& column : scan.output) expected.push_back({column.name, column.type});
    }
  }
  return OpenFileReader(file_system_, scan.path, WithFormat(options, scan.format), expected);
}

arrow::Result<std::unique_ptr<FileWriter>> EngineFiles::OpenForWriting(const LogicalCopyTo& copy,
                                                                       const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_RETURN_NOT_OK(CheckAllowed(copy.path));
  ARROW_ASSIGN_OR_RAISE(const FileOptions options,
                        ParseFileOptions(copy.path, WithFormatOption(copy.options, copy.format)));
  return OpenFileWriter(file_system_, copy.path, options, schema);
}

arrow::Result<std::vector<FileColumn>> EngineFiles::FileColumns(const FileSchemaRequest& request) const {
  std::vector<ReaderColumn> columns;
  if (stream_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(columns, StreamColumns(*stream_->schema()));
  } else {
    ARROW_RETURN_NOT_OK(CheckAllowed(request.path));
    ARROW_ASSIGN_OR_RAISE(const FileOptions options,
                          ParseFileOptions(request.path, WithFormatOption(request.options, request.format)));
    ARROW_ASSIGN_OR_RAISE(auto reader, OpenFileReader(file_system_, request.path, options));
    columns = reader->columns();
  }
  std::vector<FileColumn> result;
  for (ReaderColumn& column : columns) result.push_back({std::move(column.name), column.type});
  return result;
}

}  // namespace llkv
