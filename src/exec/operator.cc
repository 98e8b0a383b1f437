// See operator.h.
#include "exec/operator.h"

#include "runtime/stop_token.h"

namespace llkv {

arrow::Status LaneContext::CheckStop() const { return query->stop->Check(); }

}  // namespace llkv
