// Files of rows: CSV and Parquet to Arrow record batches and back. Here so that COPY and file scans need not know a
// format. Must not know tables, plans or expressions.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "os/file_system.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

enum class FileFormat : uint8_t { kCsv, kParquet };

/// How a CSV file is read and written. Parquet has no options.
struct CsvOptions {
  std::optional<bool> header;  // reading: absent = found out; writing: absent = true
  char delimiter = ',';
  char quote = '"';
  char escape = '"';
  std::string null_text;  // an unquoted field with this text is NULL; a quoted one never is
};

struct FileOptions {
  FileFormat format = FileFormat::kCsv;
  CsvOptions csv;
};

/// One column of a file. CSV types are found out from the file's first rows.
struct ReaderColumn {
  std::string name;
  LogicalType type;
};

/// Rows of one part of a file, in order. Used by one thread at a time.
class FilePartReader {
 public:
  virtual ~FilePartReader() = default;
  /// The next rows (at most 131,072 but for CSV), null at the end. Columns are those asked for, as ConvertColumns gives
  /// them: of ToArrowType(its type) or another layout of that type that ArrowBatchReader takes.
  /// Batches own their bytes. Errors: 22P04 and 22003 and the like, with `file:line: column N (name): …` for CSV, the
  /// row group for Parquet.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
};

/// The parts of a file one after the other, in the order of its rows. One thread at a time; the parts that it gave may
/// be read by several at once, and outlive it.
class FileParts {
 public:
  virtual ~FileParts() = default;
  /// The next part, null at the end. Cheap: the work is in the part. Errors as FilePartReader::Next.
  virtual arrow::Result<std::unique_ptr<FilePartReader>> Next() = 0;
};

/// An opened file. Immutable.
class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual const std::vector<ReaderColumn>& columns() const = 0;
  /// How many parts there are that can be read independently, or a guess: Parquet row groups; pieces of some MiB for
  /// CSV.
  virtual uint64_t num_parts() const = 0;
  /// Rows, or an estimate of them.
  virtual int64_t estimated_rows() const = 0;
  /// Reads the file's columns `column_indexes`, converted to `types` (parallel to it; a value that does not convert is
  /// an error).
  virtual arrow::Result<std::unique_ptr<FileParts>> OpenParts(std::vector<uint32_t> column_indexes,
                                                              std::vector<LogicalType> types) const = 0;
};

/// Writes rows to a file that appears under its name only when Close succeeds; the destructor drops what was not
/// closed.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  /// Batches have the schema given at opening.
  virtual arrow::Status Write(const arrow::RecordBatch& batch) = 0;
  virtual arrow::Status Close() = 0;
};

/// Opens a file for reading. `expected` (may be empty) are the names and types that the caller wants for a CSV file, by
/// place: COPY FROM gives the table's. Errors: 58P01 missing, 58030 unreadable, 22P04 not of that format.
arrow::Result<std::shared_ptr<const FileReader>> OpenFileReader(FileSystem* file_system, const std::string& path,
                                                                const FileOptions& options,
                                                                const std::vector<ReaderColumn>& expected = {});

/// Opens a file for writing. Errors: 58030, 53100; 0A000 for a type that the format has not (INTERVAL in Parquet).
arrow::Result<std::unique_ptr<FileWriter>> OpenFileWriter(FileSystem* file_system, const std::string& path,
                                                          const FileOptions& options,
                                                          const std::shared_ptr<arrow::Schema>& schema);

/// The format and options of `COPY … (name value, …)` (names in lower case): format, header, delimiter
/// (or delim, sep), quote, escape, null. Without a format the path's ending decides (.parquet, else CSV). Errors: 22023
/// for a bad value, 0A000 for an option that is not known or would have no effect.
arrow::Result<FileOptions> ParseFileOptions(const std::string& path,
                                            const std::vector<std::pair<std::string, Value>>& options);

}  // namespace llkv
