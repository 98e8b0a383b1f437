// The Arrow extension type of ANY at the public boundary.
#pragma once

#include <arrow/extension_type.h>

#include <memory>
#include <string>

namespace llkv {

inline constexpr const char* kAnyExtensionName = "llkv.any";

/// `llkv.any` over binary: a value's bytes as any_value.h has them. It has no parameters. Not registered with Arrow.
class AnyArrowType : public arrow::ExtensionType {
 public:
  AnyArrowType();
  std::string extension_name() const override { return kAnyExtensionName; }
  bool ExtensionEquals(const arrow::ExtensionType& other) const override;
  std::shared_ptr<arrow::Array> MakeArray(std::shared_ptr<arrow::ArrayData> data) const override;
  arrow::Result<std::shared_ptr<arrow::DataType>> Deserialize(std::shared_ptr<arrow::DataType> storage,
                                                              const std::string& serialized) const override;
  std::string Serialize() const override { return {}; }
};

}  // namespace llkv
