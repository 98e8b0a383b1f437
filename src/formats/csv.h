// CSV files by RFC 4180, parsed by Arrow's reader.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formats/file_format.h"

namespace llkv {

/// See OpenFileReader. One part. `expected` gives names and types by place; the file must then have that many columns
/// (one more is allowed where it is always empty: a delimiter after every field).
arrow::Result<std::shared_ptr<const FileReader>> OpenCsvReader(FileSystem* file_system, const std::string& path,
                                                               const CsvOptions& options,
                                                               const std::vector<ReaderColumn>& expected);

/// See OpenFileWriter. Lines end in "\n"; text is quoted, NULL is null_text without quotes.
arrow::Result<std::unique_ptr<FileWriter>> OpenCsvWriter(FileSystem* file_system, const std::string& path,
                                                         const CsvOptions& options,
                                                         const std::shared_ptr<arrow::Schema>& schema);

}  // namespace llkv
