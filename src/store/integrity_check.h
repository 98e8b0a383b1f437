// TableCheck: compares all that is stored of one ColumnTable with itself: descriptors with chunks, row ids, deletes,
// and the primary key's index with the rows. Checksums are the pager's, constraints other than keys the engine's.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "store/column_table.h"
#include "store/sorted_keys.h"

namespace llkv {

/// One thread, while nobody writes. Each part can be run alone.
class TableCheck {
 public:
  TableCheck(std::shared_ptr<ColumnTable> table, const IntegrityVisitor& visit);

  /// All parts. Fails only where the visitor does.
  arrow::Status Run();

 private:
  void Report(PhysicalKey key, const std::string& what);
  /// Ids of row groups are apart and were given out; the rows add up.
  void CheckGroups();
  void CheckGroup(const GroupEntry& entry);
  void CheckRowIds(const GroupEntry& entry);
  /// Counts, bounds and sketch of a chunk, computed anew from its values.
  void CheckChunk(ColdRowGroup& group, size_t column);
  /// The index over the primary key: its runs are sorted; each pair leads to a row with that key or to one that is
  /// gone; each living row is in it, once.
  void CheckIndex();
  void CheckRun(IndexRunReader& run);
  void CheckKeys(uint64_t part, uint64_t num_parts);
  void CollectLiving(const GroupEntry& entry, uint64_t part, uint64_t num_parts, SortedKeys* living);
  void CollectLivingHot(const GroupEntry& entry, uint64_t part, uint64_t num_parts, SortedKeys* living);
  bool IsInHotIndex(std::string_view key, RowId row) const;
  void CheckPairs(IndexRunReader& run, uint64_t part, uint64_t num_parts, const SortedKeys& living, SortedKeys* pairs);
  bool IsAlive(RowId row);
  std::string Shown(std::string_view key) const;

  const std::shared_ptr<ColumnTable> table_;
  const IntegrityVisitor& visit_;
  const TableStatePtr state_;
  uint64_t num_living_ = 0;
  arrow::Status status_;
};

}  // namespace llkv
