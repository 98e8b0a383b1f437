// See rewriting.h.
#include "pager/testing/rewriting.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <malloc.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <random>
#include <utility>
#include <vector>

#include "base/sanitizers.h"
#include "os/file_system.h"
#include "pager/registry.h"

namespace llkv {

namespace {

struct Held {
  std::shared_ptr<arrow::Buffer> buffer;
  std::string text;
};

class Rewriting {
 public:
  explicit Rewriting(const RewritingOptions& options) : options_(options) {}

  arrow::Result<RewritingResult> Run() {
    PagerOptions pager_options;
    pager_options.durability = Durability::kProcess;
    pager_options.punch_holes = options_.punch_holes;
    pager_options.min_segment_bytes = options_.min_segment_bytes;
    ARROW_ASSIGN_OR_RAISE(pager_, OpenPager(options_.path, pager_options));
    const int64_t start = FileSystem::Default()->MonotonicNanos();
    for (uint64_t row = 0; row < options_.rows; ++row) ARROW_RETURN_NOT_OK(Write(row));
    ARROW_RETURN_NOT_OK(Hold(20));
    // These are held to the end.
    kept_.swap(passing_);
    for (uint64_t i = 0; i < options_.commits; ++i) {
      ARROW_RETURN_NOT_OK(Write(random_() % options_.rows));
      if (i % 200 == 0) ARROW_RETURN_NOT_OK(Look(i));
      if (i % 5000 == 0) ARROW_RETURN_NOT_OK(Hold(1));
    }
    ARROW_RETURN_NOT_OK(Compare(kept_));
    ARROW_RETURN_NOT_OK(pager_->Close());
    ARROW_RETURN_NOT_OK(Compare(kept_));
    result_.seconds = static_cast<double>(FileSystem::Default()->MonotonicNanos() - start) * 1e-9;
    // Sanitizers keep freed memory, and have much of their own.
    if (!kIsSanitized && result_.max_memory_bytes > result_.early_memory_bytes + (uint64_t{24} << 20)) {
      return arrow::Status::Invalid("memory grew from ", result_.early_memory_bytes, " to ", result_.max_memory_bytes);
    }
    return result_;
  }

 private:
  std::string TextOf(uint64_t row, uint64_t version) const {
    std::string text = std::to_string(row) + "/" + std::to_string(version) + " ";
    text.resize(options_.row_bytes, static_cast<char>('a' + version % 26));
    return text;
  }

  arrow::Status Write(uint64_t row) {
    WriteBatch batch;
    ARROW_ASSIGN_OR_RAISE(const PhysicalKey key, pager_->Allocate(1));
    if (rows_.size() <= row) rows_.resize(row + 1);
    Row& current = rows_[row];
    if (current.key.value != 0) batch.Free(current.key);
    const std::string text = TextOf(row, current.version + 1);
    batch.Put(key, arrow::Buffer::FromString(text));
    batch.AppendLog({reinterpret_cast<const uint8_t*>(text.data()), 20});
    if (++num_writes_ % 1000 == 0) batch.TruncateLog(pager_->stats().last_lsn);
    ARROW_RETURN_NOT_OK(pager_->Commit(batch).status());
    current = {key, current.version + 1};
    return arrow::Status::OK();
  }

  /// Takes buffers over rows as they are now, and lets the oldest go.
  arrow::Status Hold(size_t count) {
    for (size_t i = 0; i < count; ++i) {
      const uint64_t row = random_() % options_.rows;
      ARROW_ASSIGN_OR_RAISE(auto buffer, pager_->Get(rows_[row].key));
      passing_.push_back({std::move(buffer), TextOf(row, rows_[row].version)});
    }
    ARROW_RETURN_NOT_OK(Compare(kept_));
    ARROW_RETURN_NOT_OK(Compare(passing_));
    while (passing_.size() > 20) passing_.pop_front();
    return arrow::Status::OK();
  }

  static arrow::Status Compare(const std::deque<Held>& held) {
    for (const Held& one : held) {
      if (one.buffer->ToString() != one.text) return arrow::Status::Invalid("a held buffer changed: ", one.text);
    }
    return arrow::Status::OK();
  }

  arrow::Status Look(uint64_t commit) {
    const FileSizes sizes = SizesOf(options_.path);
    const PagerStats stats = pager_->stats();
    result_.live_bytes = stats.live_bytes;
    result_.max_size_bytes = std::max(result_.max_size_bytes, sizes.size);
    result_.max_allocated_bytes = std::max(result_.max_allocated_bytes, sizes.allocated);
    const uint64_t bound = 3 * stats.live_bytes + options_.bound_extra_bytes;
    if (std::max(sizes.size, sizes.allocated) > bound) {
      return arrow::Status::Invalid(
          "after ", commit, " commits (", stats.num_checkpoints, " checkpoints, ", stats.num_blobs_moved,
          " moves) the file has ", sizes.size, " bytes, ", sizes.allocated, " on the disk; the bound is ", bound,
          "; live ", stats.space_live_bytes, ", dead ", stats.dead_bytes, ", pinned ", stats.space_pinned_bytes,
          ", free ", stats.space_free_bytes, ", log ", stats.log_bytes);
    }
    if (sizes.size != stats.space_live_bytes + stats.dead_bytes + stats.space_pinned_bytes + stats.space_free_bytes) {
      return arrow::Status::Invalid("the counted bytes are not the file's: ", sizes.size);
    }
    const uint64_t memory = AnonymousMemory();
    if (commit < options_.commits / 10) {
      result_.early_memory_bytes = std::max(result_.early_memory_bytes, memory);
    } else {
      result_.max_memory_bytes = std::max(result_.max_memory_bytes, memory);
    }
    return arrow::Status::OK();
  }

  struct Row {
    PhysicalKey key;
    uint64_t version = 0;
  };
  const RewritingOptions options_;
  std::unique_ptr<Pager> pager_;
  std::vector<Row> rows_;
  std::deque<Held> kept_;
  std::deque<Held> passing_;
  std::mt19937_64 random_{11};
  uint64_t num_writes_ = 0;
  RewritingResult result_;
};

}  // namespace

arrow::Result<RewritingResult> RunRewriting(const RewritingOptions& options) { return Rewriting(options).Run(); }

FileSizes SizesOf(const std::string& path) {
  struct stat info = {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {static_cast<uint64_t>(info.st_size), static_cast<uint64_t>(info.st_blocks) * 512};
}

uint64_t AnonymousMemory() {
  arrow::default_memory_pool()->ReleaseUnused();
  ::malloc_trim(0);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("RssAnon:", 0) == 0) return std::stoull(line.substr(8)) << 10;
  }
  return 0;
}

}  // namespace llkv
