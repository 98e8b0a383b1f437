// IndexId: the strong id of an index.
#pragma once

#include "base/ids.h"

namespace llkv {

/// Names an index for ever, from the numbers of tables; REINDEX gives it a new one. 0 means "none".
using IndexId = Id<struct IndexIdTag>;

}  // namespace llkv
