// The workload that a file must bear for ever: rows that are rewritten in small transactions, while a reader holds
// buffers.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <string>

namespace llkv {

struct RewritingOptions {
  /// A file of the operating system.
  std::string path;
  uint64_t rows = 10'000;
  uint64_t commits = 1'000'000;
  uint64_t row_bytes = 400;
  bool punch_holes = true;
  /// The file may have three times its live bytes and so much more.
  uint64_t bound_extra_bytes = uint64_t{128} << 20;
  uint64_t min_segment_bytes = uint64_t{1} << 20;
};

struct RewritingResult {
  uint64_t live_bytes = 0;
  /// The most at any moment that was looked at.
  uint64_t max_size_bytes = 0;
  uint64_t max_allocated_bytes = 0;
  /// Anonymous memory of the process after a tenth of the commits, and the most after that.
  uint64_t early_memory_bytes = 0;
  uint64_t max_memory_bytes = 0;
  double seconds = 0;
};

/// Rewrites rows in random order, one a commit, with a log record each; compares held buffers' bytes at many moments
/// and at the end. Fails where the file is larger than its bound, memory grows, or a byte is not what was written.
arrow::Result<RewritingResult> RunRewriting(const RewritingOptions& options);

/// A file's size, and its room on the disk.
struct FileSizes {
  uint64_t size = 0;
  uint64_t allocated = 0;
};
FileSizes SizesOf(const std::string& path);
/// RssAnon of this process, in bytes, without what allocators keep of what was freed.
uint64_t AnonymousMemory();

}  // namespace llkv
