// Between Vectors and nested values (types/nested_value.h): parts written from rows, elements read into rows. What the
// functions and casts of nested types share.
#pragma once

#include <arrow/status.h>

#include <string>

#include "functions/kernel.h"
#include "types/nested_value.h"
#include "types/type_info.h"

namespace llkv {

/// Writes values of a flat or constant Vector as parts.
class PartWriter {
 public:
  explicit PartWriter(const Vector& vector)
      : vector_(vector), valid_(vector), mask_(vector.form == VectorForm::kConstant ? 0 : ~uint32_t{0}) {}

  bool IsNull(uint32_t row) const { return vector_.type.id() == TypeId::kNull || !valid_[row]; }
  /// The part, 02 for NULL.
  void Append(uint32_t row, std::string* out) const;
  /// The body; the row is not NULL.
  void AppendBody(uint32_t row, std::string* out) const;

 private:
  const Vector& vector_;
  InputValidity valid_;
  uint32_t mask_;
};

/// Reads a body of `type` into row `row` of a flat Vector's memory; text that cannot stay where it is goes to `arena`.
arrow::Status LoadBody(LogicalType type, NestedReader& in, uint32_t row, StringArena* arena, ScratchVector& out);

/// Makes row `row` NULL, with a value that may be read. `validity` is the Vector's bitmap.
void StoreNull(uint32_t row, uint8_t* validity, ScratchVector& out);

/// The values of one field of many rows, cast to another type batch by batch: the elements of lists, keys of maps, ….
class PartCaster {
 public:
  /// `cast` has one argument; it outlives this.
  static arrow::Result<PartCaster> Make(const BoundScalar* cast, arrow::MemoryPool* pool);

  /// Takes the part at the front of `in`.
  arrow::Status Add(KernelContext& context, NestedReader& in);
  arrow::Status AddNull(KernelContext& context);
  /// The same where the mark has been read.
  arrow::Status AddValue(KernelContext& context, NestedReader& in);
  /// Casts what is left. Then the parts come in the order in which they were added.
  arrow::Status Finish(KernelContext& context) { return Flush(context); }
  void AppendNext(std::string* out) {
    out->append(parts_, begin_, ends_[next_] - begin_);
    begin_ = ends_[next_++];
  }

 private:
  PartCaster(const BoundScalar* cast, ScratchVector in, ScratchVector out, arrow::MemoryPool* pool);
  arrow::Status Flush(KernelContext& context);

  const BoundScalar* cast_;
  ScratchVector in_;
  ScratchVector out_;
  std::unique_ptr<StringArena> arena_;
  uint32_t count_ = 0;
  std::string parts_;
  std::vector<size_t> ends_;
  size_t next_ = 0;
  size_t begin_ = 0;
};

}  // namespace llkv
