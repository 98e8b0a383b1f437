// LLKV, through its public API, as the runner wants a database.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>

#include "llkv/engine.h"
#include "slt/slt_connection.h"
#include "slt/slt_runner.h"

namespace llkv::slt {

/// Opens a fresh database whose sessions have the engine's dialect: in memory where `storage` is empty, else in a
/// folder of its own, with that URI scheme ("file", "rocksdb").
arrow::Result<std::unique_ptr<SltDatabase>> OpenLlkvDatabase(SltEngine engine, const EngineOptions& options,
                                                             const std::string& storage);

}  // namespace llkv::slt
