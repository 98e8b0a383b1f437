// StorageFile: the database file with its mapping, its known size and counters. It knows offsets, not formats.
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
#include "pager/file/held_buffers.h"

namespace llkv::file {

/// All calls are safe from any thread, except that only one at a time may Allocate or Truncate.
class StorageFile {
 public:
  /// `address_space` is what is reserved at most; less where the process has less.
  static arrow::Result<std::unique_ptr<StorageFile>> Make(std::unique_ptr<File> file, uint64_t address_space);

  /// What messages call the file.
  const std::string& path() const { return path_; }
  /// After the file was renamed; before other threads have it.
  void SetPath(std::string path) { path_ = std::move(path); }
  uint64_t size() const { return size_.load(std::memory_order_acquire); }
  /// Keeps the bytes of View valid.
  const std::shared_ptr<FileMapping>& mapping() const { return mapping_; }

  /// The buffers over the mapping that are held.
  const std::shared_ptr<HeldBuffers>& held() const { return held_; }

  /// [offset, offset + length) through the mapping; nothing where the file does not have all of it.
  std::optional<std::span<const uint8_t>> View(uint64_t offset, uint64_t length) const;

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
  StorageFile(std::unique_ptr<File> file, std::shared_ptr<FileMapping> mapping, uint64_t size)
      : file_(std::move(file)),
        path_(file_->path()),
        mapping_(std::move(mapping)),
        held_(std::make_shared<HeldBuffers>(mapping_)),
        size_(size) {}

  std::unique_ptr<File> file_;
  std::string path_;
  std::shared_ptr<FileMapping> mapping_;
  std::shared_ptr<HeldBuffers> held_;
  std::atomic<uint64_t> size_;
  std::atomic<uint64_t> num_writes_{0};
  std::atomic<uint64_t> bytes_written_{0};
  std::atomic<uint64_t> num_syncs_{0};
};

}  // namespace llkv::file
