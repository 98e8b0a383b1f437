// Parquet files, through the Parquet library of Arrow.
#pragma once

#include <memory>
#include <string>

#include "formats/file_format.h"

namespace llkv {

/// See OpenFileReader. One part a row group.
arrow::Result<std::shared_ptr<const FileReader>> OpenParquetReader(FileSystem* file_system, const std::string& path);

/// See OpenFileWriter. Snappy; row groups of 131,072 rows.
arrow::Result<std::unique_ptr<FileWriter>> OpenParquetWriter(FileSystem* file_system, const std::string& path,
                                                             const std::shared_ptr<arrow::Schema>& schema);

}  // namespace llkv
