// ForkGuard on Linux: MADV_WIPEONFORK gives a child a page of zeros.
#include "os/fork_guard.h"

#include <arrow/result.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "os/posix_error.h"

namespace llkv {

namespace {
size_t PageSize() { return static_cast<size_t>(::sysconf(_SC_PAGESIZE)); }
}  // namespace

arrow::Result<std::unique_ptr<ForkGuard>> ForkGuard::Make() {
  void* page = ::mmap(nullptr, PageSize(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return PosixError("mmap", "anonymous memory", errno);
  if (::madvise(page, PageSize(), MADV_WIPEONFORK) != 0) {
    const int reason = errno;
    ::munmap(page, PageSize());
    return PosixError("madvise", "anonymous memory", reason);
  }
  auto* bytes = static_cast<volatile uint8_t*>(page);
  *bytes = 1;
  return std::unique_ptr<ForkGuard>(new ForkGuard(bytes));
}

ForkGuard::~ForkGuard() { ::munmap(const_cast<uint8_t*>(page_), PageSize()); }

}  // namespace llkv
