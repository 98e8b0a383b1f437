#include "os/testing/interrupted_files.h"

#include <arrow/result.h>
#include <arrow/status.h>

#include <utility>

namespace llkv {

class InterruptedFiles::InterruptedFile : public File {
 public:
  InterruptedFile(InterruptedFiles& files, std::unique_ptr<File> base) : files_(files), base_(std::move(base)) {}

  const std::string& path() const override { return base_->path(); }
  arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> out) override { return Next().Read(offset, out); }
  arrow::Status Write(uint64_t offset, std::span<const uint8_t> data) override { return Next().Write(offset, data); }
  arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) override {
    return Next().WriteGather(offset, pieces);
  }
  arrow::Status Sync() override { return Next().Sync(); }
  arrow::Status Truncate(uint64_t size) override { return Next().Truncate(size); }
  arrow::Status Allocate(uint64_t offset, uint64_t length) override { return Next().Allocate(offset, length); }
  arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) override { return Next().PunchHole(offset, length); }
  arrow::Result<uint64_t> Size() override { return Next().Size(); }
  arrow::Result<FileRange> FindData(uint64_t offset) override { return Next().FindData(offset); }
  arrow::Result<bool> IsRemote() override { return Next().IsRemote(); }
  arrow::Result<std::unique_ptr<FileMapping>> Map(uint64_t capacity) override { return Next().Map(capacity); }
  arrow::Result<bool> TryLock(uint64_t offset, uint64_t length, LockKind kind) override {
    return Next().TryLock(offset, length, kind);
  }
  arrow::Status Unlock(uint64_t offset, uint64_t length) override { return Next().Unlock(offset, length); }
  arrow::Result<bool> IsLocked(uint64_t offset, uint64_t length) override { return Next().IsLocked(offset, length); }

 private:
  File& Next() {
    files_.Count();
    return *base_;
  }

  InterruptedFiles& files_;
  const std::unique_ptr<File> base_;
};

arrow::Result<std::unique_ptr<File>> InterruptedFiles::Open(const std::string& path, const OpenOptions& options) {
  Count();
  ARROW_ASSIGN_OR_RAISE(auto file, base_->Open(path, options));
  return std::make_unique<InterruptedFile>(*this, std::move(file));
}

arrow::Result<bool> InterruptedFiles::Exists(const std::string& path) {
  Count();
  return base_->Exists(path);
}
arrow::Result<std::string> InterruptedFiles::Resolve(const std::string& path) {
  Count();
  return base_->Resolve(path);
}
arrow::Status InterruptedFiles::Unlink(const std::string& path) {
  Count();
  return base_->Unlink(path);
}
arrow::Status InterruptedFiles::Rename(const std::string& from, const std::string& to) {
  Count();
  return base_->Rename(from, to);
}
arrow::Status InterruptedFiles::SyncDirectoryOf(const std::string& path) {
  Count();
  return base_->SyncDirectoryOf(path);
}

}  // namespace llkv
