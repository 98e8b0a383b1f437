// ColumnAccumulator: collects the values of one column, as flat physical values in memory that is reused from row group
// to row group, until they are encoded.
#pragma once

#include <arrow/buffer_builder.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdint>

#include "store/column/chunk_encoder.h"
#include "vector/vector.h"

namespace llkv {

/// One thread at a time. After a failed Append the caller rewinds to the rows before it.
class ColumnAccumulator {
 public:
  ColumnAccumulator(FieldId field, LogicalType type, arrow::MemoryPool* pool);

  /// Adds rows of an Arrow array of the type that ToArrowType gives (the caller has compared). 22003 for a value
  /// outside the SQL type.
  arrow::Status Append(const arrow::Array& array, int64_t offset, int64_t length);
  /// Adds the selected rows of a Vector of the column's type.
  arrow::Status Append(const Vector& vector, const Selection& selection);
  /// Forgets all but the first rows.
  void Rewind(uint32_t num_rows);
  /// Encodes what was collected, and forgets it.
  arrow::Result<EncodedChunk> Encode();

  uint32_t num_rows() const { return num_rows_; }
  uint64_t size_bytes() const { return static_cast<uint64_t>(values_.length() + bytes_.length()); }
  uint64_t string_bytes() const { return static_cast<uint64_t>(bytes_.length()); }
  LogicalType type() const { return type_; }

 private:
  template <typename T>
  arrow::Status AppendValues(const Vector& vector, const Selection& selection);
  arrow::Status AppendStrings(const Vector& vector, const Selection& selection);
  /// `count` strings in Arrow's layout.
  arrow::Status AppendTexts(const int32_t* offsets, const char* bytes, uint32_t count);
  arrow::Status AppendDecimals(const uint8_t* values, int64_t length, const uint8_t* validity, int64_t offset);
  /// By way of Vectors.
  arrow::Status AppendConverted(const arrow::Array& array, int64_t offset, int64_t length);
  arrow::Status AppendArrowStrings(const arrow::ArrayData& data, int64_t offset, int64_t length);
  /// Room for `length` more values of the physical type, counted as used.
  arrow::Result<uint8_t*> Extend(int64_t length);
  arrow::Status AppendString(std::string_view text);
  arrow::Status AppendValidity(const uint8_t* bitmap, int64_t offset, int64_t length);
  arrow::Status AppendSelectedValidity(const Vector& vector, const Selection& selection);
  arrow::Status ReserveValidity(int64_t length);
  arrow::Result<EncodedChunk> EncodeValues();

  arrow::MemoryPool* pool_;
  FieldId field_;
  LogicalType type_;
  int width_;  // of a value; of an offset for strings
  bool is_string_;
  uint32_t num_rows_ = 0;
  bool has_nulls_ = false;
  /// Values; strings: the end offset of each row.
  arrow::BufferBuilder values_;
  arrow::BufferBuilder bytes_;
  /// Only while has_nulls_.
  arrow::BufferBuilder validity_;
};

}  // namespace llkv
