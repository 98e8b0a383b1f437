// LLKV, through its public API, as the runner wants a database.
#pragma once

#include <arrow/result.h>

#include <memory>

#include "llkv/engine.h"
#include "slt/slt_connection.h"
#include "slt/slt_runner.h"

namespace llkv::slt {

/// Opens a fresh in-memory database whose sessions have the engine's dialect.
arrow::Result<std::unique_ptr<SltDatabase>> OpenLlkvDatabase(SltEngine engine, const EngineOptions& options);

}  // namespace llkv::slt
