// Building an index over the rows of a ColumnTable: sorted runs of parts of the rows, made in parallel, then merged in
// parallel by ranges of keys into runs side by side.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>

#include "store/index_layout.h"
#include "store/table_store.h"
#include "txn/version_stamp.h"

namespace llkv {

class ColumnTable;
class StopToken;
class TableChanges;

/// `changes` outlives the build; `snapshot` and `stamp` are the building transaction's: rows that it or later ones may
/// see get in.
arrow::Result<std::unique_ptr<IndexBuild>> MakeIndexBuild(std::shared_ptr<ColumnTable> table, TableChanges* changes,
                                                          const Snapshot& snapshot, VersionStamp stamp,
                                                          IndexLayout layout, uint32_t num_lanes,
                                                          const StopToken* stop);

}  // namespace llkv
