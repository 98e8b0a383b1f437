// Text arguments read by row, whether StringRefs or Arrow offsets; and text results.
#pragma once

#include <string_view>

#include "functions/kernel.h"

namespace llkv {

/// A VARCHAR or BLOB argument: flat, constant or offsets.
class TextInput {
 public:
  explicit TextInput(const Vector& vector)
      : refs_(vector.form == VectorForm::kOffsets ? nullptr : vector.values<StringRef>()),
        offsets_(vector.form == VectorForm::kOffsets ? vector.values<int32_t>() : nullptr),
        bytes_(static_cast<const char*>(vector.dictionary)),
        mask_(vector.form == VectorForm::kConstant ? 0 : ~uint32_t{0}) {}

  std::string_view operator[](uint32_t row) const {
    if (refs_ != nullptr) return refs_[row & mask_].view();
    return {bytes_ + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])};
  }

 private:
  const StringRef* refs_;
  const int32_t* offsets_;
  const char* bytes_;
  uint32_t mask_;
};

/// A part of an argument's bytes as a result, uncopied.
inline StringRef PartOf(std::string_view part) { return part.empty() ? StringRef() : StringRef(part); }

}  // namespace llkv
