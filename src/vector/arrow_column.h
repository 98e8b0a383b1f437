// One Arrow column read as Vectors, and one built from them: what the batches of arrow_bridge.h are made of, and what
// nested columns and their chunks use for the values at their leaves. Internal to the engine's storage and boundary.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

#include "types/logical_type.h"
#include "vector/vector.h"

namespace llkv {

/// One thread at a time.
class ArrowColumnReader {
 public:
  /// `type` is one that the array can be read as (IsReadAs), or the array is of ToStoredArrowType's. Keeps the array.
  /// Error 42804 for any other.
  static arrow::Result<std::unique_ptr<ArrowColumnReader>> Make(std::shared_ptr<arrow::ArrayData> array,
                                                                LogicalType type, arrow::MemoryPool* pool);
  virtual ~ArrowColumnReader() = default;

  /// Rows [row, row + count) of the array, at most kMaxBatchRows. The Vector is valid until the next call, bytes of
  /// strings as long as the reader. Errors: 22008, 22003 and 22P02 for what is no value of the type, 22023 for a MAP
  /// whose keys are NULL or equal.
  virtual arrow::Status Read(int64_t row, uint32_t count, Vector* out) = 0;
};

/// Which Arrow types arrays are of.
enum class ArrowForm : uint8_t {
  kPortable,  // ToArrowType(type)
  kNative,    // ToArrowType(type, ArrowOutput::kNative)
  kStored,    // ToStoredArrowType(type)
};

std::shared_ptr<arrow::DataType> ArrowTypeOf(LogicalType type, ArrowForm form);

/// One thread at a time.
class ArrowColumnBuilder {
 public:
  static std::unique_ptr<ArrowColumnBuilder> Make(LogicalType type, ArrowForm form, arrow::MemoryPool* pool);
  virtual ~ArrowColumnBuilder() = default;

  /// Copies the selected rows; errors as RecordBatchBuilder's.
  virtual arrow::Status Append(const Vector& vector, const Selection& selection, uint32_t num_rows) = 0;
  /// What was appended since the last Finish.
  virtual arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() = 0;
  virtual int64_t length() const = 0;
  /// The largest number that an offset has reached: bytes of text, or values of a list.
  virtual int64_t text_bytes() const = 0;
};

// The parts of the above that have files of their own.

arrow::Result<std::unique_ptr<ArrowColumnReader>> MakeNestedReader(std::shared_ptr<arrow::ArrayData> array,
                                                                   LogicalType type, arrow::MemoryPool* pool);
/// An ENUM from its labels as text.
arrow::Result<std::unique_ptr<ArrowColumnReader>> MakeEnumReader(std::shared_ptr<arrow::ArrayData> array,
                                                                 LogicalType type, arrow::MemoryPool* pool);
std::unique_ptr<ArrowColumnBuilder> MakeNestedBuilder(LogicalType type, ArrowForm form, arrow::MemoryPool* pool);
/// VARCHAR as utf8_view: short texts within the views, longer ones copied once.
std::unique_ptr<ArrowColumnBuilder> MakeTextViewBuilder(arrow::MemoryPool* pool);

}  // namespace llkv
