// The source of right rows that no left row matched, or that one did: what joins that mark right rows end with.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "exec/operator.h"
#include "exec/operators/hash_join_plan.h"
#include "vector/row_storage.h"

namespace llkv {

/// Right rows in storage; the first byte of each row is not 0 where a left row matched it.
struct JoinRightRows {
  /// Which are given.
  bool gives_matched = false;
  const JoinColumns* columns = nullptr;
  const RowLayout* layout = nullptr;
  /// The layout's column that is columns->stored[0].
  size_t first_stored = 0;
  /// The rows' storages, once all left rows were seen.
  std::function<std::vector<const RowStorage*>()> storages;
};

/// `owner` keeps what `rows` points to.
std::unique_ptr<Source> MakeUnmatchedSource(JoinRightRows rows, std::shared_ptr<const void> owner);

}  // namespace llkv
