// Sinks that change things: INSERT, UPDATE, DELETE and COPY TO, and the source that tells how many rows there were.
// Here together because they share that number; what they write to knows nothing of plans.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "exec/operator.h"
#include "plan/logical_plan.h"

namespace llkv {

/// A change that writes so many rows writes them as cold row groups, as COPY does.
inline constexpr int64_t kMinBulkRows = 131072;

/// Rows that a sink wrote. Shared by the sink and the source behind it.
struct RowCount {
  std::atomic<int64_t> rows{0};
};

/// Appends the rows that come, columns as the table's: many of them as cold row groups, in several lanes where the plan
/// asks for no order.
std::unique_ptr<Sink> MakeInsert(const LogicalInsert& node, std::shared_ptr<RowCount> count);

/// Reads all rows first, then deletes the old and appends the new ones, so that an update never meets its own rows.
std::unique_ptr<Sink> MakeUpdate(const LogicalUpdate& node, std::shared_ptr<RowCount> count);

/// Reads all row ids first, then deletes them.
std::unique_ptr<Sink> MakeDelete(const LogicalDelete& node, std::shared_ptr<RowCount> count);

/// Writes the rows that come to a file, in their order; it appears when all are written.
std::unique_ptr<Sink> MakeCopyTo(const LogicalCopyTo& node, std::shared_ptr<RowCount> count);

/// One row with one BIGINT: the count.
std::unique_ptr<Source> MakeRowCount(std::shared_ptr<const RowCount> count);

}  // namespace llkv
