// StorageFile: the database file with its mapping, its known size and counters. It knows offsets, not formats. Where
// the file is not mapped (FileIo::kRead) what is asked for is read into a copy.
#pragma once

#include <arrow/result.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "os/file_system.h"
#include "pager/file/file_bytes.h"
#include "pager/file/held_buffers.h"
#include "pager/registry.h"
#include "runtime/memory_pool.h"

namespace llkv::file {

/// All calls are safe from any thread, except that only one at a time may Allocate or Truncate.
class StorageFile {
 public:
  /// `address_space` is what is reserved at most; less where the process has less.
  static arrow::Result<std::unique_ptr<StorageFile>> Make(std::unique_ptr<File> file, uint64_t address_space,
                                                          FileIo io = FileIo::kMap);

  /// What messages call the file.
  const std::string& path() const { return path_; }
  /// After the file was renamed; before other threads have it.
  void SetPath(std::string path) { path_ = std::move(path); }
  uint64_t size() const { return size_.load(std::memory_order_acquire); }
  /// Keeps mapped bytes valid. Null where the file is not mapped.
  const std::shared_ptr<FileMapping>& mapping() const { return mapping_; }
  /// Whether View copies: then each View reads the file, and may fail or find other bytes than the one before.
  bool copies() const { return mapping_ == nullptr; }
  /// The file gets no longer.
  uint64_t capacity() const { return capacity_; }

  /// The buffers over the mapping that are held.
  const std::shared_ptr<HeldBuffers>& held() const { return held_; }

  /// [offset, offset + length): mapped, or a copy that begins on a 64-byte border. Nothing where the file does not have
  /// all of it; 58030 where it cannot be read.
  arrow::Result<std::optional<FileBytes>> View(uint64_t offset, uint64_t length) const;
  /// Reads into `bytes`, mapped or not, and gives how many there are up to the file's end: cheaper than a View where
  /// much is looked at once.
  arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> bytes) const { return file_->Read(offset, bytes); }
  /// Hints that a range is viewed soon. What is not there is ignored.
  void WillNeed(uint64_t offset, uint64_t length) const;
  /// As FileMapping::SetReadAhead.
  void SetReadAhead(bool reads_ahead) const {
    if (mapping_ != nullptr) mapping_->SetReadAhead(reads_ahead);
  }

  /// As File::FindData.
  arrow::Result<FileRange> FindData(uint64_t offset) const { return file_->FindData(offset); }

  arrow::Status Write(uint64_t offset, std::span<const uint8_t> data);
  arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces);
  arrow::Status Sync();
  /// Makes room on the disk and in the mapping; the file may grow.
  arrow::Status Allocate(uint64_t offset, uint64_t length);
  arrow::Status Truncate(uint64_t size);
  /// Takes over the size that another process gave the file. As Allocate.
  arrow::Status FollowSize();
  /// As File::PunchHole.
  arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) { return file_->PunchHole(offset, length); }

  /// Counts on from another file's counters.
  void CountOnFrom(const StorageFile& other) {
    num_writes_.fetch_add(other.num_writes(), std::memory_order_relaxed);
    bytes_written_.fetch_add(other.bytes_written(), std::memory_order_relaxed);
    num_syncs_.fetch_add(other.num_syncs(), std::memory_order_relaxed);
  }
  uint64_t num_writes() const { return num_writes_.load(std::memory_order_relaxed); }
  uint64_t bytes_written() const { return bytes_written_.load(std::memory_order_relaxed); }
  uint64_t num_syncs() const { return num_syncs_.load(std::memory_order_relaxed); }

 private:
  StorageFile(std::unique_ptr<File> file, std::shared_ptr<FileMapping> mapping, uint64_t capacity, uint64_t size);
  arrow::Result<std::optional<FileBytes>> Copy(uint64_t offset, uint64_t length) const;
  /// Makes [0, size) readable.
  arrow::Status Extend(uint64_t size);

  std::unique_ptr<File> file_;
  std::string path_;
  std::shared_ptr<FileMapping> mapping_;
  const uint64_t capacity_;
  std::shared_ptr<HeldBuffers> held_;
  /// What copies are made in; each keeps it. Null where the file is mapped.
  std::shared_ptr<BlockCache> copies_;
  std::atomic<uint64_t> size_;
  std::atomic<uint64_t> num_writes_{0};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> num_syncs_{0};
};

}  // namespace llkv::file
