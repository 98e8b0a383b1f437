// Batches to and from Arrow record batches: what results, bulk loads and file formats go through.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "types/arrow_output.h"
#include "types/logical_type.h"
#include "vector/vector.h"

namespace llkv {

/// Collects the selected rows of Batches as Arrow arrays of `output`'s types. One thread at a time.
class RecordBatchBuilder {
 public:
  /// `names` and `types` have one entry a column.
  static arrow::Result<std::unique_ptr<RecordBatchBuilder>> Make(std::span<const std::string> names,
                                                                 std::span<const LogicalType> types,
                                                                 arrow::MemoryPool* pool,
                                                                 ArrowOutput output = ArrowOutput::kPortable);
  virtual ~RecordBatchBuilder() = default;

  /// Copies the selected rows of `batch`, whose columns have the builder's types and any form. Errors: 22003 where a
  /// HUGEINT or UHUGEINT does not fit decimal128(38, 0), 54001-like XX000 where a column's text passes 2 GiB, 53200.
  virtual arrow::Status Append(const Batch& batch) = 0;
  virtual int64_t num_rows() const = 0;
  /// Bytes of text in the largest VARCHAR or BLOB column: finish before this reaches 2^31.
  virtual int64_t largest_text_bytes() const = 0;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  /// What was appended since the last Finish, as one record batch that owns its memory; 0 rows are fine.
  virtual arrow::Result<std::shared_ptr<arrow::RecordBatch>> Finish() = 0;
};

/// Walks an Arrow record batch in Batches of at most kMaxBatchRows rows. Flat numbers, dates and dictionaries are not
/// copied; other widths, views and units are converted into memory that the next call reuses. One thread at a time.
class ArrowBatchReader {
 public:
  /// Keeps `record_batch` alive. Column types are FromArrowType's, or those of `wanted` (one a column, or empty) that
  /// the column can be read as (IsReadAs): Arrow's type does not tell HUGEINT, UHUGEINT, TIMETZ and BIT from others,
  /// nor an ENUM's labels. Error 0A000 for a type without a SQL type.
  static arrow::Result<std::unique_ptr<ArrowBatchReader>> Make(std::shared_ptr<arrow::RecordBatch> record_batch,
                                                               arrow::MemoryPool* pool,
                                                               std::span<const LogicalType> wanted = {});
  virtual ~ArrowBatchReader() = default;

  virtual const std::vector<LogicalType>& types() const = 0;
  /// The next rows, dense; 0 rows at the end. Vectors are valid until the next call, string bytes as long as the
  /// reader. Errors: 22008 and 22003 where a value does not fit (a timestamp in seconds beyond 64 bits of
  /// microseconds), 22P02 where it is no value of the type (JSON, BIT).
  virtual arrow::Result<Batch> Next() = 0;
  /// Begins anew at row `row`.
  virtual void Seek(int64_t row) = 0;
};

}  // namespace llkv
