// SHOW STORAGE: what each table takes in memory and in the file, a row for each by name. It reads no rows.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string_view>

#include "catalog/catalog.h"
#include "llkv/session.h"
#include "store/storage.h"

namespace llkv {

/// What follows SHOW, where it is not the name of a setting.
inline constexpr std::string_view kShowStorage = "storage";

/// name VARCHAR, then BIGINTs: rows, groups_hot, groups_cold, versions, bytes_live, bytes_dead, bytes_pinned.
std::shared_ptr<arrow::Schema> ShowStorageSchema();
/// The tables of `catalog`.
arrow::Result<StatementResult> ShowStorage(Storage& storage, const CatalogSnapshot& catalog);

}  // namespace llkv
