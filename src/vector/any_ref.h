// AnyRef: a StringRef to the bytes of an ANY value, a type of its own so that what compares or hashes values does it by
// their meaning.
#pragma once

#include <string_view>

#include "types/any_value.h"
#include "vector/string_ref.h"

namespace llkv {

/// Lies in Vectors and rows as the StringRef that it is.
struct AnyRef {
  StringRef bytes;

  std::string_view view() const { return bytes.view(); }
  bool operator==(const AnyRef& other) const {
    return bytes == other.bytes || CompareAny(bytes.view(), other.bytes.view()) == 0;
  }
  int Compare(const AnyRef& other) const { return CompareAny(bytes.view(), other.bytes.view()); }
};
static_assert(sizeof(AnyRef) == sizeof(StringRef));

}  // namespace llkv
