// A template of to_char and its kin that is an argument: parsed once where it stays the same.
#pragma once

#include <string>

#include "functions/datetime_template.h"
#include "functions/kernel.h"
#include "functions/number_template.h"

namespace llkv {

/// The template of a date or time in an argument, by row.
class DateTemplateArgument {
 public:
  explicit DateTemplateArgument(const Vector& vector) : texts_(vector) {}

  /// Valid until the next call.
  const DateTemplate& At(uint32_t row) {
    const std::string_view text = texts_[row].view();
    if (!is_known_ || (!texts_.is_constant() && text != text_)) {
      text_ = text;
      ParseDateTemplate(text_, &elements_);
      is_known_ = true;
    }
    return elements_;
  }

 private:
  Input<StringRef> texts_;
  std::string text_;
  DateTemplate elements_;
  bool is_known_ = false;
};

/// The template of a number in an argument, by row.
class NumberTemplateArgument {
 public:
  explicit NumberTemplateArgument(const Vector& vector) : texts_(vector) {}

  /// Valid until the next call. Error 42601.
  arrow::Result<const NumberTemplate*> At(uint32_t row) {
    const std::string_view text = texts_[row].view();
    if (!is_known_ || (!texts_.is_constant() && text != text_)) {
      text_ = text;
      is_known_ = false;
      ARROW_ASSIGN_OR_RAISE(pattern_, ParseNumberTemplate(text_));
      is_known_ = true;
    }
    return &pattern_;
  }

 private:
  Input<StringRef> texts_;
  std::string text_;
  NumberTemplate pattern_;
  bool is_known_ = false;
};

}  // namespace llkv
