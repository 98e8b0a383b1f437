// See spill_space.h. Free extents are taken by the best fit; neighbours grow together again.
#include "runtime/spill_space.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"

namespace llkv {
namespace {

constexpr uint64_t kAddressBytes = uint64_t{1} << 40;
/// The file grows by a quarter, within these.
constexpr uint64_t kMinGrowth = uint64_t{8} << 20;
constexpr uint64_t kMaxGrowth = uint64_t{256} << 20;
/// A file of at most this size is kept when its last block is freed.
constexpr uint64_t kKeptBytes = uint64_t{16} << 20;

uint64_t RoundUp(int64_t size) {
  constexpr auto kGranule = static_cast<uint64_t>(SpillSpace::kGranuleBytes);
  return (static_cast<uint64_t>(std::max<int64_t>(size, 1)) + kGranule - 1) / kGranule * kGranule;
}

}  // namespace

arrow::Status SpillSpace::Configure(std::string folder, int64_t max_bytes) {
  MutexLock lock(mutex_);
  if (folder != folder_) {
    if (bytes_in_use() > 0) {
      return SqlError(sqlstate::kObjectInUse, "the temporary file is in use: its folder cannot change now");
    }
    begin_.store(nullptr, std::memory_order_release);
    end_.store(nullptr, std::memory_order_release);
    file_.reset();
    free_.clear();
    free_by_size_.clear();
    folder_ = std::move(folder);
  }
  max_bytes_ = max_bytes;
  return arrow::Status::OK();
}

std::string SpillSpace::folder() const {
  MutexLock lock(mutex_);
  return folder_;
}

int64_t SpillSpace::max_bytes() const {
  MutexLock lock(mutex_);
  return max_bytes_;
}

arrow::Status SpillSpace::MakeFile() {
  if (folder_.empty()) return SqlError(sqlstate::kOutOfMemory, "there is no folder for temporary files");
  ARROW_ASSIGN_OR_RAISE(file_, ScratchFile::Make(folder_, kAddressBytes));
  end_.store(file_->data() + file_->capacity(), std::memory_order_relaxed);
  begin_.store(file_->data(), std::memory_order_release);
  return arrow::Status::OK();
}

void SpillSpace::RemoveFree(Extents::iterator extent) {
  free_by_size_.erase({extent->second, extent->first});
  free_.erase(extent);
}

void SpillSpace::AddFree(uint64_t offset, uint64_t size) {
  auto next = free_.lower_bound(offset);
  if (next != free_.end() && next->first == offset + size) {
    size += next->second;
    const auto merged = next++;
    RemoveFree(merged);
  }
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == offset) {
      offset = before->first;
      size += before->second;
      RemoveFree(before);
    }
  }
  free_.emplace(offset, size);
  free_by_size_.emplace(size, offset);
}

uint64_t SpillSpace::SizeLimit() const {
  if (max_bytes_ != kNoLimit) return static_cast<uint64_t>(max_bytes_);
  const uint64_t room = file_->size() + file_->FreeDiskBytes();
  return room - room / 10;
}

arrow::Status SpillSpace::Full(uint64_t wanted) const {
  if (max_bytes_ == kNoLimit) {
    return SqlError(
        sqlstate::kDiskFull,
        fmt::format(
            "the temporary file would leave less than a tenth of the room of \"{}\" to others: {} bytes more are "
            "wanted, {} are in use",
            folder_, wanted, bytes_in_use()),
        -1, "max_temp_directory_size, where it is set, decides instead");
  }
  return SqlError(sqlstate::kDiskFull,
                  fmt::format("the temporary file reached max_temp_directory_size: {} bytes more are wanted, {} of {} "
                              "are in use",
                              wanted, bytes_in_use(), max_bytes_));
}

arrow::Status SpillSpace::Grow(uint64_t size) {
  const uint64_t old_size = file_->size();
  const uint64_t limit = SizeLimit();
  // The end may be free already.
  uint64_t needed = size;
  if (!free_.empty()) {
    const auto last = std::prev(free_.end());
    if (last->first + last->second == old_size) needed -= last->second;
  }
  if (old_size + needed > limit) return Full(needed);
  const uint64_t generous = std::max(needed, std::clamp(old_size / 4, kMinGrowth, kMaxGrowth));
  const uint64_t target = std::min({old_size + generous, limit / kGranuleBytes * kGranuleBytes, file_->capacity()});
  arrow::Status grown = target > old_size + needed ? file_->Extend(target) : file_->Extend(old_size + needed);
  if (!grown.ok() && target > old_size + needed) grown = file_->Extend(old_size + needed);
  ARROW_RETURN_NOT_OK(grown);
  AddFree(old_size, file_->size() - old_size);
  return arrow::Status::OK();
}

arrow::Result<uint8_t*> SpillSpace::Allocate(int64_t size) {
  const uint64_t wanted = RoundUp(size);
  MutexLock lock(mutex_);
  if (file_ == nullptr) ARROW_RETURN_NOT_OK(MakeFile());
  // The file may have been allowed to grow more before.
  if (bytes_in_use() + static_cast<int64_t>(wanted) > max_bytes_) return Full(wanted);
  auto best = free_by_size_.lower_bound({wanted, 0});
  if (best == free_by_size_.end()) {
    ARROW_RETURN_NOT_OK(Grow(wanted));
    best = free_by_size_.lower_bound({wanted, 0});
  }
  if (bytes_in_use() == 0) {
    // What failed before concerns nobody now; the system would tell of it once more.
    const arrow::Status former = file_->CheckWritten();
    static_cast<void>(former);
    write_error_ = arrow::Status::OK();
  }
  const auto [extent_size, offset] = *best;
  RemoveFree(free_.find(offset));
  if (extent_size > wanted) AddFree(offset + wanted, extent_size - wanted);
  bytes_in_use_.fetch_add(static_cast<int64_t>(wanted), std::memory_order_relaxed);
  total_bytes_.fetch_add(static_cast<int64_t>(wanted), std::memory_order_relaxed);
  return file_->data() + offset;
}

void SpillSpace::Free(uint8_t* block, int64_t size) {
  const uint64_t freed = RoundUp(size);
  MutexLock lock(mutex_);
  const int64_t left =
      bytes_in_use_.fetch_sub(static_cast<int64_t>(freed), std::memory_order_relaxed) - static_cast<int64_t>(freed);
  AddFree(static_cast<uint64_t>(block - file_->data()), freed);
  if (left > 0 || file_->size() <= kKeptBytes || !file_->Clear().ok()) return;
  free_.clear();
  free_by_size_.clear();
}

arrow::Status SpillSpace::CheckWritten() {
  MutexLock lock(mutex_);
  if (file_ == nullptr) return arrow::Status::OK();
  // The system tells of it once, and all who hold blocks must know.
  if (write_error_.ok()) write_error_ = file_->CheckWritten();
  return write_error_;
}

}  // namespace llkv
