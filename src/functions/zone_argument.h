// A time zone that is an argument of a function.
#pragma once

#include "functions/kernel.h"
#include "types/time_zone.h"

namespace llkv {

/// A zone by name, looked up once where it is a constant or stays the same from row to row.
class ZoneArgument {
 public:
  explicit ZoneArgument(const Vector& vector) : names_(vector) {}

  /// Valid until the next call. Error 22023.
  arrow::Result<const TimeZone*> At(uint32_t row) {
    const std::string_view name = names_[row].view();
    if (is_known_ && (names_.is_constant() || name == zone_.name())) return &zone_;
    ARROW_ASSIGN_OR_RAISE(zone_, TimeZone::Find(name));
    is_known_ = true;
    return &zone_;
  }

 private:
  Input<StringRef> names_;
  TimeZone zone_;
  bool is_known_ = false;
};

}  // namespace llkv
