// GroupIndex: finds groups in tables that nobody changes any more. Here so that rows can be given what was computed for
// their group, by any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "exec/operators/aggregate_table.h"
#include "vector/vector.h"

namespace llkv {

/// Groups of one table, or of one table for each partition. Immutable; shared by threads.
class GroupIndex {
 public:
  /// `tables`: one, or kNumGroupPartitions of which some may be null. They and `keys` outlive it.
  GroupIndex(const GroupKeys* keys, std::span<const GroupTable* const> tables);

  /// states[row position] is the state of each selected row's group, or null where there is no such group. `columns`
  /// are flat.
  void Find(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const;

 private:
  template <uint32_t kWords>
  void FindPacked(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const;
  void FindColumns(std::span<const Vector> columns, const Selection& selection, uint8_t** states) const;

  GroupTable::Directory DirectoryOf(uint64_t hash) const {
    return directories_[is_partitioned_ ? GroupPartition(hash) : 0];
  }
  void Prefetch(const uint64_t* hashes, uint32_t count) const;

  const GroupKeys* keys_;
  bool is_partitioned_;
  bool is_large_ = false;
  std::array<GroupTable::Directory, kNumGroupPartitions> directories_;
  uint8_t* null_state_ = nullptr;  // of the NULL group that is held apart
};

}  // namespace llkv
