// See scratch_file.h.
#include "os/scratch_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <utility>

#include "base/error.h"
#include "os/fork_guard.h"
#include "os/posix_error.h"

namespace llkv {
namespace {

constexpr uint64_t kMapStep = uint64_t{64} << 20;
constexpr uint64_t kMinCapacity = uint64_t{1} << 30;

/// Opens a file that no name leads to.
arrow::Result<int> OpenUnnamed(const std::string& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL) return PosixError("make a file in", folder, errno);
  std::string path = folder + "/llkv-temp-XXXXXX";
  fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return PosixError("make a file in", folder, errno);
  ::unlink(path.c_str());
  return fd;
}

}  // namespace

ScratchFile::ScratchFile(int fd, std::string folder, std::unique_ptr<ForkGuard> guard)
    : fd_(fd), folder_(std::move(folder)), guard_(std::move(guard)) {}

ScratchFile::~ScratchFile() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
  ::close(fd_);
}

arrow::Result<std::unique_ptr<ScratchFile>> ScratchFile::Make(const std::string& folder, uint64_t capacity) {
  ARROW_ASSIGN_OR_RAISE(auto guard, ForkGuard::Make());
  ARROW_ASSIGN_OR_RAISE(const int fd, OpenUnnamed(folder));
  std::unique_ptr<ScratchFile> file(new ScratchFile(fd, folder, std::move(guard)));
  for (uint64_t wanted = std::max(capacity, kMinCapacity); wanted >= kMinCapacity; wanted /= 2) {
    void* place = ::mmap(nullptr, wanted, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) continue;
    file->data_ = static_cast<uint8_t*>(place);
    file->capacity_ = wanted;
    return file;
  }
  return PosixError("reserve addresses for", folder, errno);
}

arrow::Status ScratchFile::Extend(uint64_t size) {
  if (size <= size_) return arrow::Status::OK();
  if (size > capacity_) {
    return SqlError(sqlstate::kDiskFull,
                    "the temporary file outgrows the reserved " + std::to_string(capacity_) + " bytes of addresses");
  }
  int error = EINTR;
  while (error == EINTR) {
    error = ::posix_fallocate(fd_, static_cast<off_t>(size_), static_cast<off_t>(size - size_));
  }
  if (error != 0) {
    // What was allocated of it is given back.
    if (::ftruncate(fd_, static_cast<off_t>(size_)) != 0) return PosixError("truncate a file in", folder_, errno);
    return PosixError("extend a file in", folder_, error);
  }
  if (size > mapped_) {
    const uint64_t target = std::min(capacity_, (size + kMapStep - 1) / kMapStep * kMapStep);
    void* place = ::mmap(data_ + mapped_, target - mapped_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd_,
                         static_cast<off_t>(mapped_));
    if (place == MAP_FAILED) return PosixError("map a file in", folder_, errno);
    // A child would write into the parent's memory.
    ::madvise(place, target - mapped_, MADV_DONTFORK);
    mapped_ = target;
  }
  size_ = size;
  return arrow::Status::OK();
}

uint64_t ScratchFile::FreeDiskBytes() const {
  struct statvfs disk = {};
  if (::fstatvfs(fd_, &disk) != 0) return std::numeric_limits<uint64_t>::max() / 2;
  return uint64_t{disk.f_bavail} * disk.f_frsize;
}

arrow::Status ScratchFile::Clear() {
  if (guard_->forked()) return arrow::Status::OK();
  if (::ftruncate(fd_, 0) != 0) return PosixError("truncate a file in", folder_, errno);
  size_ = 0;
  return arrow::Status::OK();
}

arrow::Status ScratchFile::CheckWritten() {
  // Waits for nothing but the first page; errors are told for the whole file.
  if (::sync_file_range(fd_, 0, 1, SYNC_FILE_RANGE_WAIT_BEFORE) == 0) return arrow::Status::OK();
  if (errno == EINVAL || errno == ESPIPE || errno == ENOSYS) return arrow::Status::OK();
  return PosixError("write out a file in", folder_, errno);
}

}  // namespace llkv
