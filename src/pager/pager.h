// Pager: 64-bit physical keys to immutable byte blobs, one root blob, and an ordered log of small records, changed in
// atomic commits. Everything above stores through this interface and does not know which backend runs.
//
// Threads: every call of Pager is safe from any thread. A WriteBatch or StagedBlob is used by one thread at a time.
//
// Common errors: 58030 I/O, 53100 disk full, XX001 bytes that are not what was written, 25006 a write to a pager that
// was opened read-only, 55006 a handle used in a forked child or after Close.
#pragma once

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "pager/write_batch.h"
#include "runtime/stop_token.h"

namespace llkv {

/// What a commit has survived when it returns. Commits of different levels keep their order: none is found after a
/// crash without those before it.
enum class Durability : uint8_t {
  /// May be lost with the process.
  kNone,
  /// Survives the process; after power loss the database opens at some earlier commit.
  kProcess,
  /// Survives power loss.
  kFull,
};

struct CommitOptions {
  /// The pager's default where empty.
  std::optional<Durability> durability = std::nullopt;
  /// The commit fails with 40001, changing nothing, unless the root's version is this.
  std::optional<uint64_t> expected_root_version = std::nullopt;
};

/// A commit that has its place in the order and may not be durable yet.
struct CommitTicket {
  Lsn lsn;
  Durability durability = Durability::kNone;
};

/// One commit, and all that it reaches: blobs freed later stay readable through it until it is destroyed.
class PagerSnapshot {
 public:
  virtual ~PagerSnapshot() = default;
  /// The last commit that is part of it; 0 where there was none.
  virtual Lsn lsn() const = 0;
  /// The root blob; null where none was ever set.
  virtual const std::shared_ptr<arrow::Buffer>& root() const = 0;
  /// Grows by one with each commit that sets a root; 0 where none was ever set.
  virtual uint64_t root_version() const = 0;
};

/// Counters since the pager was opened, and sizes now. For tests, EXPLAIN and SHOW.
struct PagerStats {
  uint64_t num_commits = 0;
  uint64_t num_syncs = 0;
  uint64_t num_writes = 0;
  uint64_t bytes_written = 0;
  uint64_t num_blobs_read = 0;
  uint64_t bytes_read = 0;
  uint64_t num_blobs_verified = 0;
  uint64_t num_checkpoints = 0;
  /// Blobs that the newest commit reaches, and their bytes.
  uint64_t num_keys = 0;
  uint64_t live_bytes = 0;
  /// The bytes of the file by what they are for, with their framing; the four add up to size_bytes. Live: headers, the
  /// kept log, and what the newest commit needs. Dead: what it does not, and will be free or moved away from. Pinned:
  /// would be free, but a snapshot, a held buffer or a reader in another process keeps it. Free: for use.
  uint64_t space_live_bytes = 0;
  uint64_t dead_bytes = 0;
  uint64_t space_pinned_bytes = 0;
  uint64_t space_free_bytes = 0;
  /// Blobs that Reclaim copied to other places, and those that it left because they are damaged.
  uint64_t num_blobs_moved = 0;
  uint64_t num_blobs_damaged = 0;
  /// Bytes that the log occupies, with its framing; TruncateLog and a later checkpoint of the directory lower it.
  uint64_t log_bytes = 0;
  /// The size of the file; of the blobs and the log where there is no file.
  uint64_t size_bytes = 0;
  uint64_t num_segments = 0;
  Lsn last_lsn;
  Lsn durable_lsn;
};

/// One thing that an integrity check found wrong.
struct IntegrityFinding {
  /// 0 where it is no table's.
  TableId table;
  /// The blob; 0 where it is none.
  PhysicalKey key;
  /// Where in the file, in bytes; 0 where that is unknown or there is no file.
  uint64_t offset = 0;
  /// The whole of it for people, with key and offset where they are known.
  std::string message;
};

/// What an integrity check tells its findings to, and asks whether to go on. A failure of either ends the check, which
/// returns it.
class IntegrityVisitor {
 public:
  /// `report` is called with each IntegrityFinding; `stop` may be null.
  template <typename Report>
  IntegrityVisitor(Report report, const StopToken* stop = nullptr)  // NOLINT(google-explicit-constructor)
      : report_(std::move(report)), stop_(stop) {}

  arrow::Status operator()(const IntegrityFinding& finding) const { return report_(finding); }
  /// 57014 once the check is to stop. Polled for each blob, and each few thousand rows.
  arrow::Status CheckStop() const { return stop_ == nullptr ? arrow::Status::OK() : stop_->Check(); }

 private:
  std::function<arrow::Status(const IntegrityFinding&)> report_;
  const StopToken* stop_;
};

/// See the file's comment. Made by OpenPager (pager/registry.h).
class Pager {
 public:
  /// Closes, and drops what Close would have reported.
  virtual ~Pager() = default;

  /// Gives `count` consecutive keys that no blob has had, the first of which is returned. They cost nothing until put;
  /// those not put by a commit that becomes durable may be given out again after a crash.
  virtual arrow::Result<PhysicalKey> Allocate(uint64_t count) = 0;

  /// Gives the blobs of `keys`, in that order, as of `snapshot`, or of the newest commit where it is null.
  ///
  /// Each buffer starts on a 64-byte boundary, is zero-copy where the backend can, and is valid as long as it is held,
  /// past Free, the snapshot and the pager. A blob's checksum is verified at its first read (XX001 names the key). A
  /// key without a blob there is XX001 too: callers hold keys that a commit gave them.
  virtual arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                         const PagerSnapshot* snapshot = nullptr) = 0;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Get(PhysicalKey key, const PagerSnapshot* snapshot = nullptr);

  /// Gives [offset, offset + length) of a blob; 22023 where that is not inside it. Aligned as `offset` is.
  virtual arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                                 const PagerSnapshot* snapshot = nullptr) = 0;

  /// Hints that `keys` are read soon. Reports nothing; unknown keys are ignored.
  virtual void Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot = nullptr) = 0;

  /// All keys with a blob, ascending, as of `snapshot` or the newest commit.
  virtual arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot = nullptr) = 0;

  /// Writes a blob ahead of the commit that will name it: the bytes of `pieces`, one after the other.
  ///
  /// `key` comes from Allocate. The blob exists only once a batch with it commits, and its room is given back where the
  /// StagedBlob is dropped or the process ends first. As long as the StagedBlob lives, Get and GetRange without a
  /// snapshot give its bytes too, so that the transaction that staged it can read it; buffers got so outlive it.
  virtual arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) = 0;

  /// Gives the batch its place in the commit order, applies it, and makes it visible to later reads and snapshots; when
  /// this returns it is as safe as Durability::kProcess (kNone where that was asked). WaitDurable does the rest.
  ///
  /// All or nothing: after a failure nothing has changed, the batch is as before, and may be tried again; the failed
  /// bytes are never found at a later opening. On success the batch is left empty with its capacity, for reuse. Errors
  /// beside the common ones: 40001 for the precondition; 22023 for a put of a key that was not allocated or has a blob,
  /// or a free of one that has none.
  virtual arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options = {}) = 0;

  /// Returns when the ticket's commit is durable to its level. Concurrent callers share one sync.
  ///
  /// 58030 where the sync failed: then no commit from the first one on that waited for it is part of the database,
  /// reads show the state before it, and every later Submit fails with 58030 until the database is closed and opened
  /// again (what the kernel dropped after a failed sync cannot be known, so nothing is built upon it).
  virtual arrow::Status WaitDurable(const CommitTicket& ticket) = 0;

  /// Submit, then WaitDurable. Gives the commit's place in the log.
  arrow::Result<Lsn> Commit(WriteBatch& batch, const CommitOptions& options = {});

  /// Calls `visit` for each log record after `after` (exclusive), in commit order, up to the newest commit at the time
  /// of the call; records dropped by TruncateLog are not there. The bytes are valid during the call of `visit` only.
  /// Stops at, and returns, the first failure of `visit`, which must not call Submit.
  using LogVisitor = std::function<arrow::Status(Lsn lsn, std::span<const uint8_t> record)>;
  virtual arrow::Status ReadLog(Lsn after, const LogVisitor& visit) = 0;

  /// Pins the newest commit.
  virtual arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() = 0;

  /// Makes the newest commit that another process's writer has acknowledged the newest one here, for a pager that was
  /// opened read-only; snapshots stay as they are. True where that is a newer commit than before. A writing pager, and
  /// a backend that one process has for itself, do nothing.
  virtual arrow::Result<bool> Refresh() { return false; }

  virtual PagerStats stats() const = 0;
  /// stats().log_bytes, at the cost of a look.
  virtual uint64_t log_bytes() const { return stats().log_bytes; }

  /// Does one bounded step of giving room back: frees, moves up to about `budget_bytes` of live blobs out of sparse
  /// parts, cuts the file's end or punches holes. False where there is nothing worth doing. Commits do it themselves
  /// where too much is not live; a background thread that calls this keeps them from that. XX001 names a damaged blob
  /// that stays where it is, once; then go on.
  virtual arrow::Result<bool> Reclaim(uint64_t /*budget_bytes*/) { return false; }

  /// Replaces the database's file by one that holds only what is live, where the backend can: keys, root and kept log
  /// are the same. Commits wait for it; snapshots and buffers stay valid. All or nothing: where it fails, or the
  /// process ends, the old file is there as it was. 53100 where there is no room for both; XX001 for a damaged blob;
  /// 55006 while blobs are staged.
  virtual arrow::Status Vacuum() { return arrow::Status::OK(); }

  /// Reads all that the newest commit and the kept log need, whether it was read before or not, compares it with its
  /// checksums and with each other, and calls `visit` for each thing that is wrong. Commits wait meanwhile. Fails only
  /// where `visit` does, or where the pager is unusable.
  virtual arrow::Status CheckIntegrity(const IntegrityVisitor& visit) = 0;

  /// What opening found damaged and could do without, a sentence each.
  virtual std::vector<std::string> warnings() const { return {}; }

  /// Makes everything durable, gives the locks back, and reports what failed. No other call may be in progress. Buffers
  /// and snapshots that are held stay valid; other calls fail afterwards. A second call does nothing.
  virtual arrow::Status Close() = 0;
};

}  // namespace llkv
