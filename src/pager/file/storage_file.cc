// StorageFile over a File of the os seam.
#include "pager/file/storage_file.h"

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <algorithm>

#include "base/error.h"

namespace llkv::file {

namespace {

/// Freed copies are kept for the next ones up to this.
constexpr int64_t kCachedCopyBytes = int64_t{64} << 20;

/// A copy of bytes of the file, which keeps the cache that it was made in.
class CopyBuffer : public arrow::Buffer {
 public:
  CopyBuffer(std::unique_ptr<arrow::Buffer> bytes, std::shared_ptr<BlockCache> cache)
      : arrow::Buffer(bytes->data(), bytes->size()), cache_(std::move(cache)), bytes_(std::move(bytes)) {}

 private:
  std::shared_ptr<BlockCache> cache_;
  std::unique_ptr<arrow::Buffer> bytes_;
};

}  // namespace

StorageFile::StorageFile(std::unique_ptr<File> file, std::shared_ptr<FileMapping> mapping, uint64_t capacity,
                         uint64_t size)
    : file_(std::move(file)),
      path_(file_->path()),
      mapping_(std::move(mapping)),
      capacity_(capacity),
      held_(std::make_shared<HeldBuffers>(mapping_, capacity)),
      size_(size) {
  if (mapping_ == nullptr) copies_ = std::make_shared<BlockCache>(arrow::default_memory_pool(), kCachedCopyBytes);
}

arrow::Result<std::unique_ptr<StorageFile>> StorageFile::Make(std::unique_ptr<File> file, uint64_t address_space,
                                                              FileIo io) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file->Size());
  if (io == FileIo::kRead) {
    const uint64_t capacity = std::max(address_space, 2 * size);
    return std::unique_ptr<StorageFile>(new StorageFile(std::move(file), nullptr, capacity, size));
  }
  // A process may have fewer addresses than we like (ulimit -v, sanitizers): halve down to what a small file needs.
  constexpr uint64_t kLeast = uint64_t{64} << 20;
  const uint64_t least = std::max(2 * size, std::min(kLeast, address_space));
  arrow::Result<std::unique_ptr<FileMapping>> mapping = file->Map(std::max(address_space, least));
  for (uint64_t wanted = address_space / 2; !mapping.ok() && wanted >= least; wanted /= 2) mapping = file->Map(wanted);
  ARROW_RETURN_NOT_OK(mapping.status());
  ARROW_RETURN_NOT_OK((*mapping)->Extend(size));
  const uint64_t capacity = (*mapping)->capacity();
  return std::unique_ptr<StorageFile>(
      new StorageFile(std::move(file), std::shared_ptr<FileMapping>(std::move(*mapping)), capacity, size));
}

arrow::Result<std::optional<FileBytes>> StorageFile::View(uint64_t offset, uint64_t length) const {
  const uint64_t size = this->size();
  if (offset > size || length > size - offset) return std::nullopt;
  if (mapping_ == nullptr) return Copy(offset, length);
  return FileBytes{{mapping_->data() + offset, length}, nullptr};
}

arrow::Result<std::optional<FileBytes>> StorageFile::Copy(uint64_t offset, uint64_t length) const {
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<arrow::Buffer> bytes,
                        arrow::AllocateBuffer(static_cast<int64_t>(length), copies_.get()));
  ARROW_ASSIGN_OR_RAISE(const size_t got, file_->Read(offset, {bytes->mutable_data(), length}));
  if (got < length) return std::nullopt;
  FileBytes copy;
  copy.copy = std::make_shared<CopyBuffer>(std::move(bytes), copies_);
  copy.bytes = {copy.copy->data(), length};
  return copy;
}

void StorageFile::WillNeed(uint64_t offset, uint64_t length) const {
  const uint64_t size = this->size();
  if (mapping_ == nullptr || offset > size || length > size - offset) return;
  mapping_->WillNeed(offset, length);
}

arrow::Status StorageFile::Extend(uint64_t size) {
  if (mapping_ != nullptr) return mapping_->Extend(size);
  if (size <= capacity_) return arrow::Status::OK();
  return SqlError(sqlstate::kIoError,
                  "'" + path_ + "' outgrows the " + std::to_string(capacity_) + " bytes that it may have");
}

arrow::Status StorageFile::Write(uint64_t offset, std::span<const uint8_t> data) {
  num_writes_.fetch_add(1, std::memory_order_relaxed);
  bytes_written_.fetch_add(data.size(), std::memory_order_relaxed);
  return file_->Write(offset, data);
}

arrow::Status StorageFile::WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) {
  num_writes_.fetch_add(1, std::memory_order_relaxed);
  for (const auto& piece : pieces) bytes_written_.fetch_add(piece.size(), std::memory_order_relaxed);
  return file_->WriteGather(offset, pieces);
}

arrow::Status StorageFile::Sync() {
  num_syncs_.fetch_add(1, std::memory_order_relaxed);
  return file_->Sync();
}

arrow::Status StorageFile::Allocate(uint64_t offset, uint64_t length) {
  const uint64_t end = offset + length;
  ARROW_RETURN_NOT_OK(Extend(end));
  ARROW_RETURN_NOT_OK(file_->Allocate(offset, length));
  if (end > size()) size_.store(end, std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Status StorageFile::FollowSize() {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file_->Size());
  ARROW_RETURN_NOT_OK(Extend(size));
  size_.store(size, std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Status StorageFile::Truncate(uint64_t size) {
  // Readers stop at size_ before the bytes go away.
  size_.store(std::min(size, this->size()), std::memory_order_release);
  return file_->Truncate(size);
}

}  // namespace llkv::file
