// The BulkWriter of a ColumnTable: fills row groups, stages them in the pager, and hands them to the transaction's
// TableChanges, with the keys that their index run will have.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>

#include "store/table_store.h"
#include "txn/version_stamp.h"

namespace llkv {

class ColumnTable;
class TableChanges;

/// `changes` outlives the writer; `stamp` is that of the current command.
arrow::Result<std::unique_ptr<BulkWriter>> MakeBulkLoad(std::shared_ptr<ColumnTable> table, TableChanges* changes,
                                                        VersionStamp stamp, arrow::MemoryPool* pool);

}  // namespace llkv
