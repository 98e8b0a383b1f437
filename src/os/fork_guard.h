// Tells whether this process is still the one that made the object, at the price of one memory read. Handles that a
// fork must not share (locks, append positions) hold one.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>

namespace llkv {

/// One page that the kernel wipes in a forked child.
class ForkGuard {
 public:
  static arrow::Result<std::unique_ptr<ForkGuard>> Make();
  ~ForkGuard();
  ForkGuard(const ForkGuard&) = delete;
  ForkGuard& operator=(const ForkGuard&) = delete;

  /// True in a child that was forked after Make.
  bool forked() const { return *page_ == 0; }

 private:
  explicit ForkGuard(volatile uint8_t* page) : page_(page) {}
  volatile uint8_t* page_;
};

}  // namespace llkv
