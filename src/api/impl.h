// What stands behind the public classes.
#pragma once

#include <memory>

#include "engine/database.h"
#include "engine/prepared_core.h"
#include "engine/session_core.h"
#include "llkv/engine.h"

namespace llkv {

struct SqlEngine::Impl {
  std::shared_ptr<Database> database;
};

struct Session::Impl {
  std::shared_ptr<SessionCore> core;
};

struct PreparedStatement::Impl {
  std::unique_ptr<PreparedCore> core;
};

}  // namespace llkv
