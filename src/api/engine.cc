// SqlEngine in terms of Database.
#include "llkv/engine.h"

#include <utility>

#include "api/impl.h"
#include "base/error.h"
#include "engine/error_detail.h"
#include "pager/pager.h"

namespace llkv {

SqlEngine::SqlEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqlEngine::~SqlEngine() = default;

arrow::Result<std::unique_ptr<SqlEngine>> SqlEngine::Open(std::string_view uri, const EngineOptions& options) {
  auto database = Database::Open(uri, options);
  if (!database.ok()) return WithDetail(database.status());
  return std::make_unique<SqlEngine>(std::make_unique<Impl>(Impl{*std::move(database)}));
}

arrow::Result<std::unique_ptr<SqlEngine>> SqlEngine::Make(std::unique_ptr<Pager> pager, const EngineOptions& options) {
  auto database = Database::Make(std::shared_ptr<Pager>(std::move(pager)), options);
  if (!database.ok()) return WithDetail(database.status());
  return std::make_unique<SqlEngine>(std::make_unique<Impl>(Impl{*std::move(database)}));
}

arrow::Result<Session> SqlEngine::NewSession() {
  ARROW_RETURN_NOT_OK(impl_->database->CheckOpen());
  auto core = std::make_shared<SessionCore>(impl_->database);
  return Session(std::make_shared<Session::Impl>(Session::Impl{std::move(core)}));
}

std::vector<std::string> SqlEngine::warnings() const { return impl_->database->storage().pager().warnings(); }

arrow::Status SqlEngine::Close() { return WithDetail(impl_->database->Close()); }

std::string_view Version() { return LLKV_VERSION; }

}  // namespace llkv
