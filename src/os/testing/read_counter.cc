// Pages of a counted mapping are not accessible until the program touches them: the signal counts the page and makes it
// readable.
#include "os/testing/read_counter.h"

#include <arrow/result.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "os/posix_error.h"

namespace llkv {

namespace {

constexpr uint64_t kPage = 4096;

/// A range whose touched pages are counted; free where `begin` is 0. Read by the signal's handler.
struct CountedRange {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<std::atomic<uint64_t>*> counter{nullptr};
};

std::array<CountedRange, 64>& Ranges() {
  static std::array<CountedRange, 64> ranges;
  return ranges;
}

struct sigaction& PreviousAction() {
  static struct sigaction previous = {};
  return previous;
}

void OnSegmentationFault(int signal, siginfo_t* info, void* context) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  for (CountedRange& range : Ranges()) {
    const uintptr_t begin = range.begin.load();
    if (begin == 0 || address < begin || address >= range.end.load()) continue;
    const uintptr_t page = address / kPage * kPage;
    if (::mprotect(reinterpret_cast<void*>(page), kPage, PROT_READ) != 0) std::abort();
    range.counter.load()->fetch_add(kPage);
    return;
  }
  // Not ours: as if this handler had never been.
  const struct sigaction& previous = PreviousAction();
  if ((previous.sa_flags & SA_SIGINFO) != 0 && previous.sa_sigaction != nullptr) {
    previous.sa_sigaction(signal, info, context);
    return;
  }
  ::signal(SIGSEGV, SIG_DFL);
}

void InstallHandler() {
  static const bool installed = [] {
    static_cast<void>(Ranges());
    struct sigaction action = {};
    action.sa_sigaction = OnSegmentationFault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    ::sigemptyset(&action.sa_mask);
    if (::sigaction(SIGSEGV, &action, &PreviousAction()) != 0) std::abort();
    return true;
  }();
  static_cast<void>(installed);
}

bool IsZero(std::span<const uint8_t> bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

}  // namespace

class ReadCounter::CountedMapping : public FileMapping {
 public:
  CountedMapping(std::unique_ptr<FileMapping> base, std::atomic<uint64_t>* counter) : base_(std::move(base)) {
    InstallHandler();
    for (CountedRange& range : Ranges()) {
      std::atomic<uint64_t>* none = nullptr;
      if (!range.counter.compare_exchange_strong(none, counter)) continue;
      range_ = &range;
      range.end.store(0);
      range.begin.store(reinterpret_cast<uintptr_t>(base_->data()));
      return;
    }
    std::abort();
  }
  ~CountedMapping() override {
    range_->begin.store(0);
    range_->end.store(0);
    range_->counter.store(nullptr);
  }

  const uint8_t* data() const override { return base_->data(); }
  uint64_t capacity() const override { return base_->capacity(); }
  arrow::Status Extend(uint64_t size) override {
    ARROW_RETURN_NOT_OK(base_->Extend(size));
    MutexLock lock(mutex_);
    const uint64_t end = (size + kPage - 1) / kPage * kPage;
    if (end <= hidden_) return arrow::Status::OK();
    // mprotect takes a non-const address and writes nothing.
    auto* begin = const_cast<uint8_t*>(base_->data());
    range_->end.store(reinterpret_cast<uintptr_t>(begin) + end);
    if (::mprotect(begin + hidden_, end - hidden_, PROT_NONE) != 0) return PosixError("protect", "a mapping", errno);
    hidden_ = end;
    return arrow::Status::OK();
  }
  void WillNeed(uint64_t offset, uint64_t length) override { base_->WillNeed(offset, length); }
  void SetReadAhead(bool reads_ahead) override { base_->SetReadAhead(reads_ahead); }

 private:
  const std::unique_ptr<FileMapping> base_;
  CountedRange* range_ = nullptr;
  Mutex mutex_;
  /// The part whose pages were made inaccessible once.
  uint64_t hidden_ LLKV_GUARDED_BY(mutex_) = 0;
};

class ReadCounter::CountedFile : public File {
 public:
  CountedFile(ReadCounter& counter, std::unique_ptr<File> base) : counter_(counter), base_(std::move(base)) {}

  const std::string& path() const override { return base_->path(); }
  arrow::Result<size_t> Read(uint64_t offset, std::span<uint8_t> out) override {
    auto got = base_->Read(offset, out);
    if (got.ok()) counter_.bytes_read_.fetch_add(*got);
    return got;
  }
  arrow::Status Write(uint64_t offset, std::span<const uint8_t> data) override {
    if (!counter_.is_sparse_.load() || !IsZero(data)) return base_->Write(offset, data);
    const uint64_t end = offset + data.size();
    ARROW_RETURN_NOT_OK(MakeLonger(end));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const FileRange written, base_->FindData(offset));
      const uint64_t begin = std::max(offset, written.begin);
      if (begin >= end || written.begin >= written.end) return arrow::Status::OK();
      offset = std::min(end, written.end);
      ARROW_RETURN_NOT_OK(base_->Write(begin, data.first(offset - begin)));
    }
  }
  arrow::Status WriteGather(uint64_t offset, std::span<const std::span<const uint8_t>> pieces) override {
    if (!counter_.is_sparse_.load()) return base_->WriteGather(offset, pieces);
    for (const auto& piece : pieces) {
      ARROW_RETURN_NOT_OK(Write(offset, piece));
      offset += piece.size();
    }
    return arrow::Status::OK();
  }
  arrow::Status Sync() override { return base_->Sync(); }
  arrow::Status Truncate(uint64_t size) override { return base_->Truncate(size); }
  arrow::Status Allocate(uint64_t offset, uint64_t length) override {
    if (counter_.is_sparse_.load()) return MakeLonger(offset + length);
    return base_->Allocate(offset, length);
  }
  arrow::Result<bool> PunchHole(uint64_t offset, uint64_t length) override { return base_->PunchHole(offset, length); }
  arrow::Result<uint64_t> Size() override { return base_->Size(); }
  arrow::Result<FileRange> FindData(uint64_t offset) override { return base_->FindData(offset); }
  arrow::Result<bool> IsRemote() override { return base_->IsRemote(); }
  arrow::Result<std::unique_ptr<FileMapping>> Map(uint64_t capacity) override {
    ARROW_ASSIGN_OR_RAISE(auto mapping, base_->Map(capacity));
    return std::make_unique<CountedMapping>(std::move(mapping), &counter_.bytes_touched_);
  }
  arrow::Result<bool> TryLock(uint64_t offset, uint64_t length, LockKind kind) override {
    return base_->TryLock(offset, length, kind);
  }
  arrow::Status Unlock(uint64_t offset, uint64_t length) override { return base_->Unlock(offset, length); }
  arrow::Result<bool> IsLocked(uint64_t offset, uint64_t length) override { return base_->IsLocked(offset, length); }

 private:
  arrow::Status MakeLonger(uint64_t size) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t now, base_->Size());
    return size > now ? base_->Truncate(size) : arrow::Status::OK();
  }

  ReadCounter& counter_;
  const std::unique_ptr<File> base_;
};

arrow::Result<std::unique_ptr<File>> ReadCounter::Open(const std::string& path, const OpenOptions& options) {
  ARROW_ASSIGN_OR_RAISE(auto file, base_->Open(path, options));
  return std::make_unique<CountedFile>(*this, std::move(file));
}

arrow::Result<bool> ReadCounter::Exists(const std::string& path) { return base_->Exists(path); }
arrow::Result<std::string> ReadCounter::Resolve(const std::string& path) { return base_->Resolve(path); }
arrow::Status ReadCounter::Unlink(const std::string& path) { return base_->Unlink(path); }
arrow::Status ReadCounter::Rename(const std::string& from, const std::string& to) { return base_->Rename(from, to); }
arrow::Status ReadCounter::SyncDirectoryOf(const std::string& path) { return base_->SyncDirectoryOf(path); }

}  // namespace llkv
