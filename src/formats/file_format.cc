// The options of COPY, and the choice of a format's reader and writer.
#include "formats/file_format.h"

#include <algorithm>
#include <cctype>

#include "base/error.h"
#include "formats/csv.h"
#include "formats/parquet.h"

namespace llkv {

namespace {

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string OptionText(const Value& value) {
  if (value.is_null()) return "";
  return value.type().IsString() ? value.bytes() : value.ToString();
}

arrow::Result<bool> OptionFlag(const std::string& name, const Value& value) {
  const std::string text = Lower(OptionText(value));
  if (value.is_null() || text == "true" || text == "1" || text == "on" || text == "yes") return true;
  if (text == "false" || text == "0" || text == "off" || text == "no") return false;
  return SqlError(sqlstate::kInvalidParameter, "COPY option " + name + " takes true or false, not \"" + text + "\"");
}

arrow::Result<char> OptionChar(const std::string& name, const Value& value) {
  std::string text = OptionText(value);
  if (text == "\\t") text = "\t";
  if (text.size() != 1 || text[0] == '\n' || text[0] == '\r' || static_cast<unsigned char>(text[0]) >= 0x80) {
    return SqlError(sqlstate::kInvalidParameter, "COPY option " + name + " takes one ASCII character");
  }
  return text[0];
}

arrow::Status SetCsvOption(const std::string& name, const Value& value, CsvOptions& csv) {
  if (name == "header") {
    ARROW_ASSIGN_OR_RAISE(csv.header, OptionFlag(name, value));
  } else if (name == "delimiter" || name == "delim" || name == "sep") {
    ARROW_ASSIGN_OR_RAISE(csv.delimiter, OptionChar(name, value));
  } else if (name == "quote") {
    ARROW_ASSIGN_OR_RAISE(csv.quote, OptionChar(name, value));
  } else if (name == "escape") {
    ARROW_ASSIGN_OR_RAISE(csv.escape, OptionChar(name, value));
  } else if (name == "null" || name == "nullstr") {
    csv.null_text = OptionText(value);
  } else {
    return NotSupported("COPY has no option " + name + " for CSV");
  }
  return arrow::Status::OK();
}

}  // namespace

arrow::Result<FileOptions> ParseFileOptions(const std::string& path,
                                            const std::vector<std::pair<std::string, Value>>& options) {
  FileOptions result;
  const std::string lower_path = Lower(path);
  result.format = lower_path.ends_with(".parquet") ? FileFormat::kParquet : FileFormat::kCsv;
  for (const auto& [name, value] : options) {
    if (name != "format") continue;
    const std::string format = Lower(OptionText(value));
    if (format == "csv") {
      result.format = FileFormat::kCsv;
    } else if (format == "parquet") {
      result.format = FileFormat::kParquet;
    } else {
      return NotSupported("COPY knows the formats csv and parquet, not \"" + format + "\"");
    }
  }
  bool escape_given = false;
  for (const auto& [name, value] : options) {
    if (name == "format") continue;
    if (result.format == FileFormat::kParquet) return NotSupported("COPY has no option " + name + " for Parquet");
    ARROW_RETURN_NOT_OK(SetCsvOption(name, value, result.csv));
    escape_given = escape_given || name == "escape";
  }
  if (!escape_given) result.csv.escape = result.csv.quote;
  return result;
}

arrow::Result<std::shared_ptr<const FileReader>> OpenFileReader(FileSystem* file_system, const std::string& path,
                                                                const FileOptions& options,
                                                                const std::vector<ReaderColumn>& expected) {
  if (options.format == FileFormat::kParquet) return OpenParquetReader(file_system, path);
  return OpenCsvReader(file_system, path, options.csv, expected);
}

arrow::Result<std::unique_ptr<FileWriter>> OpenFileWriter(FileSystem* file_system, const std::string& path,
                                                          const FileOptions& options,
                                                          const std::shared_ptr<arrow::Schema>& schema) {
  if (options.format == FileFormat::kParquet) return OpenParquetWriter(file_system, path, schema);
  return OpenCsvWriter(file_system, path, options.csv, schema);
}

}  // namespace llkv
