// TableCheck: compares all that is stored of one ColumnTable with itself: descriptors with chunks, row ids, deletes,
// and the indexes with the rows. Checksums are the pager's, constraints other than keys the engine's.
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
  /// Whether the visitor wants no more.
  bool IsStopped();
  /// Ids of row groups are apart and were given out; the rows add up.
  void CheckGroups();
  void CheckGroup(const GroupEntry& entry);
  void CheckRowIds(const GroupEntry& entry);
  /// Counts, bounds and sketch of a chunk, computed anew from its values.
  void CheckChunk(ColdRowGroup& group, size_t column);
  bool IsAlive(RowId row);

  // Of one index; integrity_check_index.cc.

  /// Its runs are sorted and their filters know all keys; each pair leads to a row with that key or to one that is
  /// gone; each living row is in it; no two have one key of a unique index.
  void CheckIndex(const TableIndex& index);
  void CheckRun(const TableIndex& index, IndexRunReader& run);
  void CheckKeys(const TableIndex& index, uint64_t part, uint64_t num_parts);
  void CheckUnique(const TableIndex& index, const SortedKeys& living);
  void CollectLiving(const TableIndex& index, const GroupEntry& entry, uint64_t part, uint64_t num_parts,
                     SortedKeys* living);
  void CollectLivingHot(const TableIndex& index, const GroupEntry& entry, uint64_t part, uint64_t num_parts,
                        SortedKeys* living);
  void CheckPairs(const TableIndex& index, IndexRunReader& run, uint64_t part, uint64_t num_parts,
                  const SortedKeys& living, SortedKeys* pairs);
  std::string Shown(const TableIndex& index, std::string_view key) const;

  const std::shared_ptr<ColumnTable> table_;
  const IntegrityVisitor& visit_;
  const TableStatePtr state_;
  uint64_t num_living_ = 0;
  arrow::Status status_;
};

}  // namespace llkv
