// In which Arrow types results leave: those that every reader of Arrow knows, or those that values are held in.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>

#include "types/logical_type.h"

namespace llkv {

enum class ArrowOutput : uint8_t {
  kPortable,  // ToArrowType's
  kNative,    // the same, but DECIMAL as decimal32 up to 9 digits and decimal64 up to 18, VARCHAR as utf8_view
};

/// At any depth of a nested type.
std::shared_ptr<arrow::DataType> ToArrowType(LogicalType type, ArrowOutput output);
/// As ToArrowField.
std::shared_ptr<arrow::Field> ToArrowField(const std::string& name, LogicalType type, ArrowOutput output);

}  // namespace llkv
