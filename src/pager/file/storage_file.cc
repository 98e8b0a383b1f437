// StorageFile over a File of the os seam.
#include "pager/file/storage_file.h"

#include <arrow/result.h>

#include <algorithm>

namespace llkv::file {

arrow::Result<std::unique_ptr<StorageFile>> StorageFile::Make(std::unique_ptr<File> file, uint64_t address_space) {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file->Size());
  // A process may have fewer addresses than we like (ulimit -v, sanitizers): halve down to what a small file needs.
  constexpr uint64_t kLeast = uint64_t{64} << 20;
  const uint64_t least = std::max(2 * size, std::min(kLeast, address_space));
  arrow::Result<std::unique_ptr<FileMapping>> mapping = file->Map(std::max(address_space, least));
  for (uint64_t wanted = address_space / 2; !mapping.ok() && wanted >= least; wanted /= 2) mapping = file->Map(wanted);
  ARROW_RETURN_NOT_OK(mapping.status());
  ARROW_RETURN_NOT_OK((*mapping)->Extend(size));
  return std::unique_ptr<StorageFile>(
      new StorageFile(std::move(file), std::shared_ptr<FileMapping>(std::move(*mapping)), size));
}

std::optional<std::span<const uint8_t>> StorageFile::View(uint64_t offset, uint64_t length) const {
  const uint64_t size = this->size();
  if (offset > size || length > size - offset) return std::nullopt;
  return std::span<const uint8_t>(mapping_->data() + offset, length);
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
  ARROW_RETURN_NOT_OK(mapping_->Extend(end));
  ARROW_RETURN_NOT_OK(file_->Allocate(offset, length));
  if (end > size()) size_.store(end, std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Status StorageFile::FollowSize() {
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file_->Size());
  ARROW_RETURN_NOT_OK(mapping_->Extend(size));
  size_.store(size, std::memory_order_release);
  return arrow::Status::OK();
}

arrow::Status StorageFile::Truncate(uint64_t size) {
  // Readers stop at size_ before the bytes go away.
  size_.store(std::min(size, this->size()), std::memory_order_release);
  return file_->Truncate(size);
}

}  // namespace llkv::file
