// Reading CSV: header and types are found out from the first megabyte; the file is cut into parts at record ends, whose
// rows Arrow parses and converts, side by side; and a row that does not convert is reported with its line and column.
#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/csv/api.h>
#include <arrow/io/interfaces.h>
#include <arrow/io/memory.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "formats/arrow_io.h"
#include "formats/convert.h"
#include "formats/csv.h"
#include "formats/csv_records.h"
#include "formats/text_columns.h"

namespace llkv {

namespace {

constexpr int64_t kSniffBytes = 1 << 20;
constexpr int64_t kPartBytes = 4 << 20;
constexpr int64_t kMaxPartBytes = 1 << 30;

bool SameName(const std::string& a, const std::string& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](unsigned char x, unsigned char y) {
           return std::tolower(x) == std::tolower(y);
         });
}

arrow::csv::ParseOptions ParseOptionsOf(const CsvOptions& options) {
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = options.delimiter;
  parse.quote_char = options.quote;
  parse.double_quote = options.escape == options.quote;
  parse.escaping = !parse.double_quote;
  parse.escape_char = options.escape;
  parse.newlines_in_values = true;
  return parse;
}

arrow::csv::ConvertOptions ConvertOptionsOf(const CsvOptions& options) {
  auto convert = arrow::csv::ConvertOptions::Defaults();
  convert.null_values = {options.null_text};
  convert.strings_can_be_null = true;
  convert.quoted_strings_can_be_null = false;
  convert.true_values = {"true", "TRUE", "True", "t", "T", "1"};
  convert.false_values = {"false", "FALSE", "False", "f", "F", "0"};
  return convert;
}

CsvRecordCutter CutterOf(const CsvOptions& options) { return {options.delimiter, options.quote, options.escape}; }

/// The line ends before `end`.
arrow::Result<int64_t> CountLines(arrow::io::RandomAccessFile& file, int64_t end) {
  int64_t lines = 0;
  for (int64_t offset = 0; offset < end;) {
    ARROW_ASSIGN_OR_RAISE(auto block, file.ReadAt(offset, std::min(kSniffBytes, end - offset)));
    if (block->size() == 0) break;
    lines += std::count(block->data(), block->data() + block->size(), uint8_t{'\n'});
    offset += block->size();
  }
  return lines;
}

/// The number after `label` in Arrow's message, or -1.
int64_t NumberAfter(const std::string& message, const char* label) {
  const size_t at = message.find(label);
  return at == std::string::npos ? -1 : std::atoll(message.c_str() + at + std::strlen(label));
}

/// What the parts of one file share.
struct CsvSource {
  std::string path;
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  CsvOptions options;
  arrow::csv::ReadOptions read;
  arrow::csv::ConvertOptions convert;
  std::vector<std::string> names;
  std::vector<LogicalType> types;
};

/// Whole records of a file: those of `piece`, which lies at `offset` in the file.
class CsvPart : public FilePartReader {
 public:
  CsvPart(std::shared_ptr<const CsvSource> source, std::shared_ptr<arrow::Buffer> piece, int64_t offset)
      : source_(std::move(source)), piece_(std::move(piece)), offset_(offset) {}

  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    std::shared_ptr<arrow::RecordBatch> batch;
    if (is_done_) return batch;
    is_done_ = true;
    auto read = source_->read;
    read.block_size = static_cast<int32_t>(piece_->size()) + 1;
    if (offset_ != 0) read.skip_rows = 0;
    auto rows = arrow::csv::StreamingReader::Make(arrow::io::default_io_context(),
                                                  std::make_shared<arrow::io::BufferReader>(piece_), read,
                                                  ParseOptionsOf(source_->options), source_->convert);
    // The piece is one block, and so one batch.
    const arrow::Status status = rows.ok() ? (*rows)->ReadNext(&batch) : rows.status();
    if (!status.ok()) return Locate(status);
    if (batch == nullptr) return batch;
    ARROW_ASSIGN_OR_RAISE(batch, ParseTextColumns(batch, source_->types, source_->path));
    return ConvertColumns(batch, source_->types, source_->path);
  }

  /// Arrow's message with the file's line and the column's number and name in front.
  arrow::Status Locate(const arrow::Status& cause) const {
    if (GetSqlError(cause) != nullptr) return cause;
    const std::string& message = cause.message();
    const int64_t row = NumberAfter(message, "Row #");
    const int64_t column = NumberAfter(message, "CSV column #");
    std::string where = source_->path;
    if (row > 0) {
      auto before = CountLines(*source_->file, offset_);
      const std::string_view piece(*piece_);
      where += ":" + std::to_string(before.ok() ? *before + CutterOf(source_->options).LineOfRecord(piece, row) : row);
    }
    where += ": ";
    const std::vector<std::string>& names = source_->names;
    if (column >= 0 && static_cast<size_t>(column) < names.size()) {
      where += "column " + std::to_string(column + 1) + " (" + names[static_cast<size_t>(column)] + "): ";
    }
    // What Arrow says comes behind the last of its own places.
    size_t start = 0;
    for (const char* label : {"Row #", "CSV conversion error", "CSV parse error"}) {
      const size_t at = message.find(label);
      if (at == std::string::npos) continue;
      const size_t colon = message.find(": ", at);
      if (std::string_view(label) == "Row #" && colon != std::string::npos) start = std::max(start, colon + 2);
    }
    std::string what = message.substr(start);
    for (const char* prefix : {"CSV conversion error", "CSV parse error"}) {
      if (what.rfind(prefix, 0) == 0) what = what.substr(std::strlen(prefix));
    }
    while (!what.empty() && (what.front() == ' ' || what.front() == ':')) what.erase(0, 1);
    return SqlError(sqlstate::kBadCopyFormat, where + what);
  }

 private:
  const std::shared_ptr<const CsvSource> source_;
  const std::shared_ptr<arrow::Buffer> piece_;
  const int64_t offset_;
  bool is_done_ = false;
};

/// Cuts the file into parts of about kPartBytes, each a whole number of records.
class CsvParts : public FileParts {
 public:
  CsvParts(std::shared_ptr<const CsvSource> source, int64_t file_size)
      : source_(std::move(source)), file_size_(file_size) {}

  arrow::Result<std::unique_ptr<FilePartReader>> Next() override {
    if (offset_ >= file_size_) return std::unique_ptr<FilePartReader>();
    const CsvRecordCutter cutter = CutterOf(source_->options);
    std::shared_ptr<arrow::Buffer> piece;
    size_t end = 0;
    // A record that is longer than a part makes it longer.
    for (int64_t size = kPartBytes; end == 0; size *= 2) {
      if (size > kMaxPartBytes) {
        return SqlError(sqlstate::kBadCopyFormat, source_->path + ": a record is longer than 1 GiB");
      }
      ARROW_ASSIGN_OR_RAISE(piece, source_->file->ReadAt(offset_, std::min(size, file_size_ - offset_)));
      const bool is_last =
          offset_ + piece->size() >= file_size_ || piece->size() < std::min(size, file_size_ - offset_);
      end = is_last ? static_cast<size_t>(piece->size()) : cutter.EndOfRecords(std::string_view(*piece));
      if (is_last) file_size_ = offset_ + piece->size();
      if (is_last && end == 0) return std::unique_ptr<FilePartReader>();
    }
    const int64_t begin = std::exchange(offset_, offset_ + static_cast<int64_t>(end));
    piece = arrow::SliceBuffer(piece, 0, static_cast<int64_t>(end));
    return std::make_unique<CsvPart>(source_, std::move(piece), begin);
  }

 private:
  const std::shared_ptr<const CsvSource> source_;
  int64_t file_size_;
  int64_t offset_ = 0;
};

class CsvReader : public FileReader {
 public:
  std::string path;
  CsvOptions options;  // header is set
  std::shared_ptr<arrow::io::RandomAccessFile> file;
  int64_t file_size = 0;
  std::vector<ReaderColumn> file_columns;
  bool has_empty_last_column = false;
  bool is_empty = false;
  int64_t rows_estimate = 0;

  const std::vector<ReaderColumn>& columns() const override { return file_columns; }
  uint64_t num_parts() const override {
    return is_empty ? 0 : static_cast<uint64_t>((file_size + kPartBytes - 1) / kPartBytes);
  }
  int64_t estimated_rows() const override { return rows_estimate; }

  arrow::Result<std::unique_ptr<FileParts>> OpenParts(std::vector<uint32_t> column_indexes,
                                                      std::vector<LogicalType> types) const override {
    auto source = std::make_shared<CsvSource>();
    source->path = path;
    source->file = file;
    source->options = options;
    source->read = arrow::csv::ReadOptions::Defaults();
    source->convert = ConvertOptionsOf(options);
    auto& read = source->read;
    auto& convert = source->convert;
    read.use_threads = false;
    read.skip_rows = options.header.value_or(false) ? 1 : 0;
    for (size_t i = 0; i < file_columns.size(); ++i) {
      read.column_names.push_back("c" + std::to_string(i));
      source->names.push_back(file_columns[i].name);
    }
    for (size_t i = 0; i < column_indexes.size(); ++i) {
      const std::string& name = read.column_names[column_indexes[i]];
      convert.include_columns.push_back(name);
      // Arrow's CSV reader has no INTERVAL: that is read as text and parsed here.
      convert.column_types[name] = IsTextColumn(types[i]) ? arrow::utf8() : ToArrowType(types[i]);
    }
    if (has_empty_last_column) {
      read.column_names.emplace_back("end");
      convert.column_types["end"] = arrow::null();
      convert.include_columns.emplace_back("end");
    }
    source->types = std::move(types);
    return std::make_unique<CsvParts>(std::move(source), is_empty ? 0 : file_size);
  }
};

/// Parses the first part of a file; with `types` null all columns are text.
arrow::Result<std::shared_ptr<arrow::RecordBatch>> ReadSample(const std::shared_ptr<arrow::Buffer>& sample,
                                                              const CsvOptions& options, bool as_text, int skip_rows) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = static_cast<int32_t>(sample->size()) + 1;
  read.autogenerate_column_names = true;
  read.skip_rows = skip_rows;
  auto convert = ConvertOptionsOf(options);
  if (as_text) convert.default_column_type = arrow::utf8();
  auto input = std::make_shared<arrow::io::BufferReader>(sample);
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::csv::StreamingReader::Make(arrow::io::default_io_context(), input, read,
                                                                       ParseOptionsOf(options), convert));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  if (batch == nullptr) return arrow::RecordBatch::MakeEmpty(reader->schema());
  return batch;
}

LogicalType TypeOfSample(const arrow::DataType& type) {
  if (type.id() == arrow::Type::NA) return TypeId::kVarchar;
  // Arrow tells the unit by the first rows' digits.
  if (type.id() == arrow::Type::TIMESTAMP && static_cast<const arrow::TimestampType&>(type).timezone().empty()) {
    return TypeId::kTimestamp;
  }
  auto found = FromArrowType(type);
  return found.ok() ? *found : LogicalType(TypeId::kVarchar);
}

/// The first record's fields as text.
std::vector<std::string> FirstRecord(const arrow::RecordBatch& text) {
  std::vector<std::string> fields;
  for (const auto& column : text.columns()) {
    const auto& strings = static_cast<const arrow::StringArray&>(*column);
    fields.push_back(text.num_rows() == 0 || strings.IsNull(0) ? std::string() : strings.GetString(0));
  }
  return fields;
}

/// Whether the first record looks like names: it is what the caller expects, or it is text above columns that are not.
bool LooksLikeHeader(const std::vector<std::string>& first, const std::vector<ReaderColumn>& expected,
                     const arrow::Schema& with_first, const arrow::Schema& without_first) {
  if (!expected.empty()) {
    bool same = first.size() >= expected.size();
    for (size_t i = 0; same && i < expected.size(); ++i) same = SameName(first[i], expected[i].name);
    if (same) return true;
  }
  bool all_text = true;
  for (int i = 0; i < without_first.num_fields(); ++i) {
    const bool text = without_first.field(i)->type()->id() == arrow::Type::STRING;
    all_text = all_text && text;
    const bool null = without_first.field(i)->type()->id() == arrow::Type::NA;
    if (!text && !null && with_first.field(i)->type()->id() == arrow::Type::STRING) return true;
  }
  return all_text && expected.empty();
}

arrow::Status DescribeColumns(CsvReader& reader, const std::shared_ptr<arrow::Buffer>& sample,
                              const std::vector<ReaderColumn>& expected) {
  ARROW_ASSIGN_OR_RAISE(auto text, ReadSample(sample, reader.options, /*as_text=*/true, 0));
  const std::vector<std::string> first = FirstRecord(*text);
  std::shared_ptr<arrow::Schema> with_first;
  std::shared_ptr<arrow::Schema> without_first;
  if (!reader.options.header.has_value() || expected.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto all, ReadSample(sample, reader.options, /*as_text=*/false, 0));
    with_first = all->schema();
    without_first = with_first;
    if (text->num_rows() > 1) {
      ARROW_ASSIGN_OR_RAISE(auto rest, ReadSample(sample, reader.options, /*as_text=*/false, 1));
      if (rest->num_columns() == all->num_columns()) without_first = rest->schema();
    }
  }
  if (!reader.options.header.has_value()) {
    reader.options.header = LooksLikeHeader(first, expected, *with_first, *without_first);
  }
  if (!expected.empty()) {
    reader.file_columns = expected;
    reader.has_empty_last_column = first.size() == expected.size() + 1 && first.back().empty();
    return arrow::Status::OK();
  }
  const arrow::Schema& types = *reader.options.header ? *without_first : *with_first;
  for (size_t i = 0; i < first.size(); ++i) {
    const bool named = *reader.options.header && !first[i].empty();
    reader.file_columns.push_back(
        {named ? first[i] : "column" + std::to_string(i), TypeOfSample(*types.field(static_cast<int>(i))->type())});
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<std::shared_ptr<const FileReader>> OpenCsvReader(FileSystem* file_system, const std::string& path,
                                                               const CsvOptions& options,
                                                               const std::vector<ReaderColumn>& expected) {
  auto reader = std::make_shared<CsvReader>();
  reader->path = path;
  reader->options = options;
  ARROW_ASSIGN_OR_RAISE(reader->file, OpenInput(file_system, path));
  ARROW_ASSIGN_OR_RAISE(auto sample, reader->file->ReadAt(0, kSniffBytes));
  ARROW_ASSIGN_OR_RAISE(const int64_t size, reader->file->GetSize());
  reader->file_size = size;
  if (sample->size() == 0) {
    reader->is_empty = true;
    reader->file_columns = expected;
    if (expected.empty()) return SqlError(sqlstate::kBadCopyFormat, path + ": the file is empty");
    return reader;
  }
  if (sample->size() < size) {
    int64_t end = sample->size();
    while (end > 0 && sample->data()[end - 1] != '\n') --end;
    if (end > 0) sample = arrow::SliceBuffer(sample, 0, end);
  }
  if (sample->data()[sample->size() - 1] != '\n') {
    // Arrow's reader counts no columns in a block whose only record is not ended.
    sample = arrow::Buffer::FromString(sample->ToString() + "\n");
  }
  const int64_t lines = std::count(sample->data(), sample->data() + sample->size(), uint8_t{'\n'}) + 1;
  reader->rows_estimate = lines * std::max<int64_t>(1, size / std::max<int64_t>(1, sample->size()));
  const arrow::Status described = DescribeColumns(*reader, sample, expected);
  if (!described.ok()) {
    if (GetSqlError(described) != nullptr) return described;
    auto source = std::make_shared<CsvSource>();
    source->path = path;
    source->file = reader->file;
    source->options = reader->options;
    for (const ReaderColumn& column : expected) source->names.push_back(column.name);
    return CsvPart(std::move(source), sample, 0).Locate(described);
  }
  return reader;
}

}  // namespace llkv
