// Union all: the rows of several pipelines, one after the other, as one source. They stream; nothing is kept.
#pragma once

#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/pipeline.h"

namespace llkv {

/// The parts have no sinks and give columns of the same types. A part whose stages read what another pipeline makes
/// depends on it as the whole does.
std::unique_ptr<Source> MakeUnionAll(std::vector<std::unique_ptr<Pipeline>> parts);

}  // namespace llkv
