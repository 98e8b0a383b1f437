// An empty in-memory pager, for tests of layers that do not open pagers themselves.
#pragma once

#include <memory>

#include "pager/registry.h"

namespace llkv::testing {

inline std::shared_ptr<Pager> OpenMemoryPager() { return OpenPager(":memory:").ValueOrDie(); }

}  // namespace llkv::testing
