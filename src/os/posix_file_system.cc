// FileSystem over Linux system calls.
#include <arrow/result.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "os/file_system.h"
#include "os/posix_error.h"

namespace llkv {

namespace {

/// Repeats a system call while signals interrupt it.
template <typename Call>
auto Retry(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

off_t Offset(uint64_t offset) { return static_cast<off_t>(offset); }

class PosixMapping : public FileMapping {
 public:
  PosixMapping(uint8_t* data, uint64_t capacity, int fd, std::string path)
      : data_(data), capacity_(capacity), fd_(fd), path_(std::move(path)) {}
  ~PosixMapping() override {
    ::munmap(data_, capacity_);
    ::close(fd_);
  }

  const uint8_t* data() const override { return data_; }
  uint64_t capacity() const override { return capacity_; }

  arrow::Status Extend(uint64_t size) override {
    if (size <= mapped_) return arrow::Status::OK();
    // Whole steps, so that the kernel sees few calls; addresses past the file's end are never touched.
    constexpr uint64_t kStep = uint64_t{64} << 20;
    if (size > capacity_) {
      return SqlError(sqlstate::kIoError,
                      "map '" + path_ + "': the file outgrows the reserved " + std::to_string(capacity_) + " bytes");
    }
    const uint64_t target = std::min(capacity_, (size + kStep - 1) / kStep * kStep);
    void* place = data_ + mapped_;
    if (::mmap(place, target - mapped_, PROT_READ, MAP_SHARED | MAP_FIXED, fd_, Offset(mapped_)) == MAP_FAILED) {
      return PosixError("map", path_, errno);
    }
    mapped_ = target;
    return arrow::Status::OK();
  }

  void WillNeed(uint64_t offset, uint64_t length) override {
    const uint64_t start = offset / kHintStep * kHintStep;
    ::madvise(data_ + start, length + (offset - start), MADV_WILLNEED);
  }

  void SetReadAhead(bool reads_ahead) override {
    if (mapped_ > 0) ::madvise(data_, mapped_, reads_ahead ? MADV_NORMAL : MADV_RANDOM);
  }

 private:
  // A multiple of every page size in use.
  static constexpr uint64_t kHintStep = uint64_t{64} << 10;

  uint8_t* data_;
  uint64_t capacity_;
  int fd_;
  std::string path_;
  uint64_t mapped_ = 0;
};

class PosixFile : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~PosixFile() override { ::close(fd_); }

  const std::string& path() const override { return path_; }

  arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> out) override {
    size_t done = 0;
    while (done < out.size()) {
      const ssize_t got =
          Retry([&] { return ::pread(fd_, out.data() + done, out.size() - done, Offset(offset + done)); });
      if (got < 0) return PosixError("read", path_, errno);
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

  arrow::Status Write(uint64_t offset, std::span<const uint8_t> data) override {
    while (!data.empty()) {
      const ssize_t put = Retry([&] { return ::pwrite(fd_, data.data(), data.size(), Offset(offset)); });
      if (put < 0) return PosixError("write", path_, errno);
      if (put == 0) return PosixError("write", path_, ENOSPC);
      offset += static_cast<uint64_t>(put);
      data = data.subspan(static_cast<size_t>(put));
    }
    return arrow::Status::OK();
  }

  arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) override {
    constexpr size_t kMaxPieces = 64;
    std::array<iovec, kMaxPieces> vectors;
    size_t piece = 0;
    size_t skip = 0;  // bytes of pieces[piece] that are written
    while (piece < pieces.size()) {
      int count = 0;
      for (size_t i = piece; i < pieces.size() && count < static_cast<int>(kMaxPieces); ++i) {
        const std::span<const uint8_t> rest = i == piece ? pieces[i].subspan(skip) : pieces[i];
        // iovec is not const-correct; pwritev only reads.
        vectors[static_cast<size_t>(count++)] = {const_cast<uint8_t*>(rest.data()), rest.size()};
      }
      const ssize_t put = Retry([&] { return ::pwritev(fd_, vectors.data(), count, Offset(offset)); });
      if (put < 0) return PosixError("write", path_, errno);
      size_t advance = static_cast<size_t>(put);
      offset += advance;
      bool moved = advance > 0;
      while (piece < pieces.size() && advance >= pieces[piece].size() - skip) {
        advance -= pieces[piece].size() - skip;
        skip = 0;
        ++piece;
        moved = true;
      }
      skip += advance;
      if (!moved) return PosixError("write", path_, ENOSPC);
    }
    return arrow::Status::OK();
  }

  arrow::Status Sync() override {
    if (Retry([&] { return ::fdatasync(fd_); }) != 0) return PosixError("sync", path_, errno);
    return arrow::Status::OK();
  }

  arrow::Status Truncate(uint64_t size) override {
    if (Retry([&] { return ::ftruncate(fd_, Offset(size)); }) != 0) return PosixError("truncate", path_, errno);
    return arrow::Status::OK();
  }

  arrow::Status Allocate(uint64_t offset, uint64_t length) override {
    if (length == 0) return arrow::Status::OK();
    // posix_fallocate writes into each block where the filesystem has no fallocate; it reports by its result.
    int reason = ::posix_fallocate(fd_, Offset(offset), Offset(length));
    while (reason == EINTR) reason = ::posix_fallocate(fd_, Offset(offset), Offset(length));
    if (reason != 0) return PosixError("allocate", path_, reason);
    return arrow::Status::OK();
  }

  arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) override {
    if (length == 0) return true;
    const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    if (Retry([&] { return ::fallocate(fd_, mode, Offset(offset), Offset(length)); }) == 0) return true;
    if (errno == EOPNOTSUPP || errno == ENOSYS) return false;
    return PosixError("punch", path_, errno);
  }

  arrow::Result<uint64_t> Size() override {
    struct stat info = {};
    if (::fstat(fd_, &info) != 0) return PosixError("stat", path_, errno);
    return static_cast<uint64_t>(info.st_size);
  }

  arrow::Result<FileRange> FindData(uint64_t offset) override {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, Size());
    if (offset >= size) return FileRange{size, size};
    // The position that these move is nobody's: all else names its offset.
    const off_t begin = ::lseek(fd_, Offset(offset), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return FileRange{size, size};
    if (begin < 0 && (errno == EINVAL || errno == EOPNOTSUPP)) return FileRange{offset, size};
    if (begin < 0) return PosixError("find the data of", path_, errno);
    const off_t end = ::lseek(fd_, begin, SEEK_HOLE);
    return FileRange{static_cast<uint64_t>(begin), end < 0 ? size : static_cast<uint64_t>(end)};
  }

  arrow::Result<bool> IsRemote() override {
    struct statfs info = {};
    if (::fstatfs(fd_, &info) != 0) return PosixError("stat the filesystem of", path_, errno);
    // NFS, SMB in three generations, AFS, Ceph, Lustre: the numbers of statfs(2).
    constexpr std::array<uint32_t, 7> kRemote = {0x6969,     0x517B,     0xFF534D42, 0xFE534D42,
                                                 0x5346414F, 0x00C36400, 0x0BD00BD0};
    return std::find(kRemote.begin(), kRemote.end(), static_cast<uint32_t>(info.f_type)) != kRemote.end();
  }

  arrow::Result<std::unique_ptr<FileMapping>> Map(uint64_t capacity) override {
    const int fd = ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return PosixError("map", path_, errno);
    void* place = ::mmap(nullptr, capacity, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
      const int reason = errno;
      ::close(fd);
      return PosixError("reserve addresses for", path_, reason);
    }
    return std::make_unique<PosixMapping>(static_cast<uint8_t*>(place), capacity, fd, path_);
  }

  arrow::Result<bool> TryLock(uint64_t offset, uint64_t length, LockKind kind) override {
    struct flock lock = Range(offset, length, kind == LockKind::kShared ? F_RDLCK : F_WRLCK);
    if (Retry([&] { return ::fcntl(fd_, F_OFD_SETLK, &lock); }) == 0) return true;
    if (errno == EAGAIN || errno == EACCES) return false;
    return PosixError("lock", path_, errno);
  }

  arrow::Status Unlock(uint64_t offset, uint64_t length) override {
    struct flock lock = Range(offset, length, F_UNLCK);
    if (Retry([&] { return ::fcntl(fd_, F_OFD_SETLK, &lock); }) != 0) return PosixError("unlock", path_, errno);
    return arrow::Status::OK();
  }

  arrow::Result<bool> IsLocked(uint64_t offset, uint64_t length) override {
    struct flock lock = Range(offset, length, F_WRLCK);
    if (Retry([&] { return ::fcntl(fd_, F_OFD_GETLK, &lock); }) != 0) {
      return PosixError("ask for the locks of", path_, errno);
    }
    return lock.l_type != F_UNLCK;
  }

 private:
  static struct flock Range(uint64_t offset, uint64_t length, int type) {
    struct flock lock = {};
    lock.l_type = static_cast<decltype(lock.l_type)>(type);
    lock.l_whence = SEEK_SET;
    lock.l_start = Offset(offset);
    lock.l_len = Offset(length);
    return lock;
  }

  int fd_;
  std::string path_;
};

class PosixFileSystem : public FileSystem {
 public:
  arrow::Result<std::unique_ptr<File>> Open(const std::string& path, const OpenOptions& options) override {
    int flags = (options.write ? O_RDWR : O_RDONLY) | O_CLOEXEC;
    if (options.create) flags |= O_CREAT;
    if (options.truncate) flags |= O_TRUNC;
    const int fd = Retry([&] { return ::open(path.c_str(), flags, 0644); });
    if (fd < 0) return PosixError("open", path, errno);
    struct stat info = {};
    if (::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode)) {
      ::close(fd);
      return PosixError("open", path, EISDIR);
    }
    return std::make_unique<PosixFile>(fd, path);
  }

  arrow::Result<bool> Exists(const std::string& path) override {
    struct stat info = {};
    if (::stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return PosixError("stat", path, errno);
  }

  arrow::Result<std::string> Resolve(const std::string& path) override {
    struct stat info = {};
    if (::lstat(path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return path;
    char* resolved = ::realpath(path.c_str(), nullptr);
    if (resolved == nullptr) return PosixError("follow the link", path, errno);
    std::string result = resolved;
    std::free(resolved);
    return result;
  }

  arrow::Status Unlink(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return PosixError("unlink", path, errno);
    return arrow::Status::OK();
  }

  arrow::Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return PosixError("rename", from, errno);
    return arrow::Status::OK();
  }

  arrow::Status SyncDirectoryOf(const std::string& path) override {
    const size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
    const int fd = Retry([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
    if (fd < 0) return PosixError("open", folder, errno);
    const int result = Retry([&] { return ::fsync(fd); });
    const int reason = errno;
    ::close(fd);
    if (result != 0) return PosixError("sync", folder, reason);
    return arrow::Status::OK();
  }

  int64_t NowMicros() override {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  int64_t MonotonicNanos() override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

FileSystem* FileSystem::Default() {
  static PosixFileSystem file_system;
  return &file_system;
}

}  // namespace llkv
