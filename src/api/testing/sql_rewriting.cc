// See sql_rewriting.h.
#include "api/testing/sql_rewriting.h"

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

#include "api/testing/query_text.h"
#include "base/sanitizers.h"
#include "llkv/engine.h"
#include "pager/registry.h"
#include "pager/testing/rewriting.h"

namespace llkv {

namespace {

class SqlRewriting {
 public:
  explicit SqlRewriting(const SqlRewritingOptions& options) : options_(options), versions_(options.rows, 0) {}

  arrow::Result<std::string> Run() {
    PagerOptions pager_options;
    pager_options.durability = Durability::kProcess;
    pager_options.punch_holes = options_.punch_holes;
    ARROW_ASSIGN_OR_RAISE(auto pager, OpenPager(options_.path, pager_options));
    pager_ = pager.get();
    ARROW_ASSIGN_OR_RAISE(engine_, SqlEngine::Make(std::move(pager)));
    ARROW_ASSIGN_OR_RAISE(Session session, engine_->NewSession());
    ARROW_RETURN_NOT_OK(Execute(session, "SET synchronous = normal"));
    ARROW_RETURN_NOT_OK(Execute(session, "CREATE TABLE t (id BIGINT PRIMARY KEY, version BIGINT, text VARCHAR)"));
    ARROW_RETURN_NOT_OK(Execute(session, "INSERT INTO t SELECT range, 0, 'row ' || range || '/0' FROM range(" +
                                             std::to_string(options_.rows) + ")"));
    ARROW_RETURN_NOT_OK(Execute(session, "CHECKPOINT"));
    std::mt19937_64 random(3);
    for (uint64_t i = 0; i < options_.updates; ++i) {
      const uint64_t row = random() % options_.rows;
      const std::string version = std::to_string(++versions_[row]);
      const std::string id = std::to_string(row);
      std::string sql = "UPDATE t SET version = ";
      sql.append(version).append(", text = 'row ").append(id).append("/").append(version).append("' WHERE id = ");
      ARROW_RETURN_NOT_OK(Execute(session, sql.append(id)));
      if (i % 100 == 0) ARROW_RETURN_NOT_OK(Look(i));
      if (i % 20000 == 0) ARROW_RETURN_NOT_OK(Hold());
    }
    ARROW_RETURN_NOT_OK(Compare());
    return Finish(session);
  }

 private:
  struct Held {
    std::shared_ptr<arrow::Buffer> buffer;
    std::string bytes;
  };

  static arrow::Status Execute(Session& session, const std::string& sql) {
    const std::string state = RunSql(session, sql);
    return state.empty() ? arrow::Status::OK() : arrow::Status::Invalid(sql, " failed with ", state);
  }

  /// Holds all blobs as they are at the first call, and some of later ones.
  arrow::Status Hold() {
    ARROW_RETURN_NOT_OK(Compare());
    const bool first = held_.empty();
    ARROW_ASSIGN_OR_RAISE(const std::vector<PhysicalKey> keys, pager_->Keys());
    for (size_t i = first ? 0 : keys.size() - 1; i < keys.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(auto buffer, pager_->Get(keys[i]));
      std::string bytes = buffer->ToString();
      held_.push_back({std::move(buffer), std::move(bytes)});
    }
    return arrow::Status::OK();
  }

  arrow::Status Compare() const {
    for (const Held& one : held_) {
      if (one.buffer->ToString() != one.bytes) return arrow::Status::Invalid("a held buffer changed");
    }
    return arrow::Status::OK();
  }

  arrow::Status Look(uint64_t update) {
    const FileSizes sizes = SizesOf(options_.path);
    const PagerStats stats = pager_->stats();
    most_ = std::max({most_, sizes.size, sizes.allocated});
    live_ = stats.live_bytes;
    const uint64_t bound = 3 * stats.live_bytes + options_.bound_extra_bytes;
    if (std::max(sizes.size, sizes.allocated) > bound) {
      return arrow::Status::Invalid("after ", update, " updates the file has ", sizes.size, " bytes, ", sizes.allocated,
                                    " on the disk; the bound is ", bound, "; live ", stats.space_live_bytes, ", dead ",
                                    stats.dead_bytes, ", pinned ", stats.space_pinned_bytes, ", free ",
                                    stats.space_free_bytes, ", log ", stats.log_bytes, ", blobs ", stats.num_keys);
    }
    uint64_t& memory = update < options_.updates / 5 ? early_memory_ : late_memory_;
    memory = std::max(memory, AnonymousMemory());
    return arrow::Status::OK();
  }

  arrow::Result<std::string> Finish(Session& session) {
    uint64_t sum = 0;
    for (const uint64_t version : versions_) sum += version;
    const std::string expected = std::to_string(options_.rows) + "|" + std::to_string(sum) + "|0";
    const std::string found = QueryText(
        session,
        "SELECT count(*), sum(version), sum(CASE WHEN text = 'row ' || id || '/' || version THEN 0 ELSE 1 END) "
        "FROM t");
    if (found != expected) return arrow::Status::Invalid("the rows are ", found, " instead of ", expected);
    std::string line = "live " + std::to_string(live_) + ", most " + std::to_string(most_) + ", memory " +
                       std::to_string(early_memory_) + " to " + std::to_string(late_memory_);
    // Sanitizers keep freed memory, and have much of their own.
    if (!kIsSanitized && late_memory_ > early_memory_ + (uint64_t{48} << 20))
      return arrow::Status::Invalid("memory grew: ", line);
    return line;
  }

  const SqlRewritingOptions options_;
  std::vector<uint64_t> versions_;
  std::unique_ptr<SqlEngine> engine_;
  Pager* pager_ = nullptr;
  std::vector<Held> held_;
  uint64_t most_ = 0;
  uint64_t live_ = 0;
  uint64_t early_memory_ = 0;
  uint64_t late_memory_ = 0;
};

}  // namespace

arrow::Result<std::string> RunSqlRewriting(const SqlRewritingOptions& options) { return SqlRewriting(options).Run(); }

}  // namespace llkv
