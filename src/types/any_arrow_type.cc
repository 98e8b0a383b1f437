// AnyArrowType: nothing but a name over binary.
#include "types/any_arrow_type.h"

#include <arrow/array.h>
#include <arrow/type.h>

#include <utility>

namespace llkv {

AnyArrowType::AnyArrowType() : arrow::ExtensionType(arrow::binary()) {}

bool AnyArrowType::ExtensionEquals(const arrow::ExtensionType& other) const {
  return other.extension_name() == extension_name();
}

std::shared_ptr<arrow::Array> AnyArrowType::MakeArray(std::shared_ptr<arrow::ArrayData> data) const {
  return std::make_shared<arrow::ExtensionArray>(std::move(data));
}

arrow::Result<std::shared_ptr<arrow::DataType>> AnyArrowType::Deserialize(std::shared_ptr<arrow::DataType> storage,
                                                                          const std::string& /*serialized*/) const {
  if (storage->id() != arrow::Type::BINARY) {
    return arrow::Status::Invalid(kAnyExtensionName, " is stored as binary, not as ", storage->ToString());
  }
  return std::make_shared<AnyArrowType>();
}

}  // namespace llkv
