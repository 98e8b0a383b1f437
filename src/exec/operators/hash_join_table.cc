// Building the directory, partition by partition: partitions own disjoint ranges of buckets and of entries.
#include "exec/operators/hash_join_table.h"

#include <algorithm>
#include <bit>

namespace llkv {
namespace {

/// Fewer are made a table by one thread.
constexpr int64_t kMinParallelEntries = 100'000;

}  // namespace

void HashJoinTable::Reset() {
  lanes_.clear();
  dense_.Reset();
  is_dense_ = false;
  directory_memory_.reset();
  entry_memory_.reset();
  has_rows_ = false;
  has_null_key_ = false;
  num_entries_ = 0;
}

void HashJoinTable::AddLane(std::unique_ptr<JoinBuildLane> lane) {
  MutexLock lock(mutex_);
  has_rows_ |= lane->has_rows;
  has_null_key_ |= lane->has_null_key;
  lanes_.push_back(std::move(lane));
}

arrow::Result<uint32_t> HashJoinTable::PrepareFinalize(arrow::MemoryPool* pool, const StopToken& stop) {
  num_entries_ = 0;
  for (uint32_t p = 0; p < JoinBuildLane::kNumPartitions; ++p) {
    partition_begin_[p] = num_entries_;
    for (const auto& lane : lanes_) num_entries_ += lane->entries[p].size();
  }
  partition_begin_[JoinBuildLane::kNumPartitions] = num_entries_;
  const uint32_t num_parts = num_entries_ < kMinParallelEntries ? 1 : JoinBuildLane::kNumPartitions;
  if (is_packed_) {
    ARROW_ASSIGN_OR_RAISE(is_dense_, dense_.TryBuild(lanes_, num_entries_, wants_, *layout_, pool, stop));
    if (is_dense_) return num_parts;
  }
  // At least one bucket a partition.
  const auto last = static_cast<uint64_t>(std::max<int64_t>(1, num_entries_)) - 1;
  bucket_bits_ = std::max(6U, static_cast<uint32_t>(std::bit_width(last)));
  shift_ = 64 - bucket_bits_;
  directory_memory_ = std::make_unique<PoolArray<uint64_t>>(pool);
  entry_memory_ = std::make_unique<PoolArray<JoinEntry>>(pool);
  ARROW_RETURN_NOT_OK(directory_memory_->Resize((int64_t{1} << bucket_bits_) + 1));
  ARROW_RETURN_NOT_OK(entry_memory_->Resize(std::max<int64_t>(1, num_entries_)));
  directory_ = directory_memory_->data();
  entries_ = entry_memory_->data();
  directory_[0] = 0;
  return num_parts;
}

void HashJoinTable::FinalizePart(uint32_t part) {
  if (num_entries_ >= kMinParallelEntries) return FinalizePartition(part);
  for (uint32_t p = 0; p < JoinBuildLane::kNumPartitions; ++p) FinalizePartition(p);
}

void HashJoinTable::FinalizePartition(uint32_t partition) {
  if (is_dense_) return dense_.PlaceRows(lanes_, partition);
  FillBuckets(partition);
}

void HashJoinTable::FillBuckets(uint32_t partition) {
  const uint64_t buckets = uint64_t{1} << (bucket_bits_ - 6);
  uint64_t* first = directory_ + partition * buckets + 1;
  std::fill(first, first + buckets, uint64_t{0});
  for (const auto& lane : lanes_) {
    for (const JoinEntry& entry : lane->entries[partition]) {
      const uint64_t hash = HashOf(entry);
      uint64_t& bucket = directory_[(hash >> shift_) + 1];
      bucket = (bucket + (uint64_t{1} << 16)) | TagBits(hash);
    }
  }
  auto begin = static_cast<uint64_t>(partition_begin_[partition]);
  for (uint64_t* bucket = first; bucket < first + buckets; ++bucket) {
    const uint64_t count = *bucket >> 16;
    *bucket = (begin << 16) | (*bucket & 0xFFFF);
    begin += count;
  }
  for (const auto& lane : lanes_) {
    for (const JoinEntry& entry : lane->entries[partition]) {
      uint64_t& bucket = directory_[(HashOf(entry) >> shift_) + 1];
      entries_[bucket >> 16] = entry;
      bucket += uint64_t{1} << 16;
    }
  }
  for (const auto& lane : lanes_) lane->entries[partition].Free();
}

}  // namespace llkv
