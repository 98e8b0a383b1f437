// Transactions: ids, snapshots, the one writer's turn, commit and rollback. Knows pagers and participants, no tables.
//
// Life of a writing transaction: Begin; for each statement BeginStatement, changes through participants, then
// EndStatement or, where the statement failed, UndoStatement; at last TxnManager::Commit or Rollback.
//
// Commit: participants put their redo into one log record (log_record.h) and their staged blobs into one WriteBatch;
// Submit gives the record its place in the log. Then the next transaction may take the turn, while this one waits until
// it is durable to the level asked: commits that wait at once share a sync. Stamps are published in the log's order
// after that, and only then can a snapshot see the commit. So a reader never sees what a crash could take back at the
// level that was acknowledged. A failure before the record has its place rolls the transaction back and leaves
// everything usable; one after it fails all commits that follow.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "base/stripe.h"
#include "pager/pager.h"
#include "txn/version_stamp.h"

namespace llkv {

class LogRecordWriter;
class StopToken;
class Transaction;
class TxnManager;

/// The changes that one transaction made in one place (a table, the catalog): made by that place at its first change,
/// owned by the transaction. Calls come from the transaction's thread.
class TxnParticipant {
 public:
  virtual ~TxnParticipant() = default;

  /// Ends a statement that succeeded so far: checks what was deferred to its end. A failure fails the statement
  /// (Undo follows).
  virtual arrow::Status EndCommand() { return arrow::Status::OK(); }
  /// Takes back the changes of commands >= `from_command`, which is not below Transaction::settled_command(); 0 takes
  /// back all. Cannot fail.
  virtual void Undo(uint32_t from_command) = 0;
  /// Adds the redo of what is left to the commit's log record, and blobs that were staged to its batch. Nothing may
  /// change for other transactions. A failure rolls the transaction back.
  virtual arrow::Status PrepareCommit(LogRecordWriter& log, WriteBatch& batch) = 0;
  /// The commit is durable: replaces in-flight stamps by `ts`. Cannot fail. No snapshot is at `ts` yet.
  virtual void Publish(CommitTs ts) = 0;
};

/// Keeps the versions that its snapshot sees. Shared: a reader holds it past its transaction's end. Any thread.
class SnapshotPin {
 public:
  /// Pins the newest commit. `stripe` is where the manager counts it.
  SnapshotPin(TxnManager* manager, uint32_t stripe);
  ~SnapshotPin();
  SnapshotPin(const SnapshotPin&) = delete;
  SnapshotPin& operator=(const SnapshotPin&) = delete;
  CommitTs ts() const { return ts_; }

 private:
  TxnManager* manager_;
  uint32_t stripe_;
  CommitTs ts_;
};

/// The memory of pins, used again for the next ones. Any thread.
class PinMemory {
 public:
  PinMemory() = default;
  ~PinMemory();
  PinMemory(const PinMemory&) = delete;
  PinMemory& operator=(const PinMemory&) = delete;

  /// `size` is always the same.
  void* Take(size_t size);
  void Give(void* block);

 private:
  static constexpr size_t kMaxKept = 64;
  Mutex mutex_;
  std::vector<void*> blocks_ LLKV_GUARDED_BY(mutex_);
};

/// One transaction. Used by one thread at a time, except where a member says otherwise.
class Transaction {
 public:
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  TxnId id() const { return id_; }
  /// What the current statement sees. Any thread.
  Snapshot snapshot() const { return Snapshot{ts_, own_tag_, command_}; }
  /// Keeps the snapshot's versions alive: a reader that outlives the transaction holds it. Null once it has ended.
  const std::shared_ptr<const SnapshotPin>& pin() const { return pin_; }
  bool is_read_only() const { return is_read_only_; }
  /// Whether it has taken the writer's turn.
  bool is_writing() const { return is_writing_; }
  bool is_finished() const { return is_finished_; }

  /// Starts the next statement: it sees the changes of those before. 54001 after 2^32 - 2 statements.
  arrow::Status BeginStatement();
  /// Runs the deferred checks of the current statement (uniqueness after UPDATE). Where it fails the caller undoes the
  /// statement.
  arrow::Status EndStatement();
  /// Takes back what the current statement changed, nothing else. Cannot fail.
  void UndoStatement() { UndoFrom(command_); }

  // For the places that hold data (tables, catalog):

  /// Takes the writer's turn at the first change; does nothing afterwards. 25006 in a read-only transaction; 55P03
  /// where another transaction is writing and did not end within the lock timeout; 57014 where the wait was stopped.
  arrow::Status BeginWrite();
  /// What the wait for the turn polls; may be null, outlives its use. Not while a statement runs.
  void set_stop_token(const StopToken* stop) { stop_ = stop; }
  /// What a change of the current statement carries. Any thread while a statement runs.
  VersionStamp stamp() const { return InFlightStamp(own_tag_, command_); }
  uint32_t command() const { return command_; }
  /// Commands below this one are undone with the whole transaction only, and each of its snapshots that is still used
  /// sees them. Any thread while a statement runs.
  uint32_t settled_command() const;
  /// Keeps `command` and those after it unsettled, as long as they may be undone by UndoFrom or a cursor is at the
  /// snapshot of `command`. ReleaseCommand takes one such call back.
  void HoldCommand(uint32_t command) { held_commands_.push_back(command); }
  void ReleaseCommand(uint32_t command);
  /// The participant that `owner` added, or null. Any thread.
  TxnParticipant* FindParticipant(const void* owner) const;
  /// Adds one; its redo comes after that of participants with a smaller `order`. `owner` outlives the transaction. Any
  /// thread; the one already there is returned where another thread was faster.
  TxnParticipant* AddParticipant(const void* owner, uint64_t order, std::unique_ptr<TxnParticipant> participant);
  /// The commit's log record starts a new catalog version.
  void SetChangesCatalog() { changes_catalog_ = true; }
  bool changes_catalog() const { return changes_catalog_; }

  // For TxnManager:

  /// A finished one.
  explicit Transaction(TxnManager* manager) : manager_(manager) {}
  /// Calls f(participant) for each in ascending order of `order`, until one fails.
  arrow::Status ForEachParticipant(const std::function<arrow::Status(TxnParticipant&)>& f) const;
  /// `command` is 0, the current one, or one that is held.
  void UndoFrom(uint32_t command);
  /// Gives the turn to write to the next.
  void ReleaseTurn();
  /// Drops the participants and the pin, and gives the turn to write to the next.
  void Finish();
  /// Makes a finished transaction a new one, at the commit that is pinned.
  void Restart(TxnId id, std::shared_ptr<const SnapshotPin> pin, bool is_read_only);

 private:
  struct Slot {
    const void* owner;
    uint64_t order;
    std::unique_ptr<TxnParticipant> participant;
  };

  TxnManager* manager_;
  TxnId id_{0};
  std::shared_ptr<const SnapshotPin> pin_;
  CommitTs ts_{0};
  uint32_t own_tag_ = 0;
  uint32_t command_ = 1;
  std::vector<uint32_t> held_commands_;
  const StopToken* stop_ = nullptr;
  bool is_read_only_ = false;
  bool is_writing_ = false;
  bool is_finished_ = true;
  bool changes_catalog_ = false;
  /// Spares those who only read the lock.
  std::atomic<bool> has_participants_{false};
  mutable Mutex mutex_;
  std::vector<Slot> participants_ LLKV_GUARDED_BY(mutex_);
};

struct TxnOptions {
  /// How long a first change waits for another transaction's turn to end; 0 fails at once.
  int64_t lock_timeout_ms = 1000;
  /// Every transaction is read-only: another process writes.
  bool read_only = false;
};

/// All transactions of one database. Any thread. Outlives its transactions and pins.
class TxnManager {
 public:
  /// `pager` outlives the manager. `last_committed` and `catalog_version` are what recovery found.
  TxnManager(Pager* pager, const TxnOptions& options);
  ~TxnManager();

  /// Starts a transaction at the newest commit.
  std::unique_ptr<Transaction> Begin(bool is_read_only = false);
  /// The same with a transaction that has ended, or null: where it can be, its memory is used again.
  std::unique_ptr<Transaction> Begin(std::unique_ptr<Transaction> ended, bool is_read_only);
  /// Makes the changes durable to `level` (the pager's default where empty) and visible. Whatever it returns, the
  /// transaction is finished; on failure it was rolled back and nothing of it remains.
  arrow::Status Commit(Transaction& txn, std::optional<Durability> level = std::nullopt);
  /// Takes all changes back and finishes the transaction. Does nothing for a finished one.
  void Rollback(Transaction& txn);

  /// The newest commit that snapshots can be at.
  CommitTs last_committed() const { return CommitTs(last_committed_.load(std::memory_order_acquire)); }
  /// The place of the newest commit's log record in the pager.
  Lsn last_lsn() const { return Lsn(last_lsn_.load(std::memory_order_acquire)); }
  /// What replaying the commits since the database was opened would cost: the sum of their ReplayCost.
  uint64_t replay_cost() const { return replay_cost_.load(std::memory_order_relaxed); }
  uint64_t catalog_version() const { return catalog_version_.load(std::memory_order_acquire); }
  /// The garbage horizon: the oldest timestamp that a live snapshot is at; last_committed() where there is none.
  CommitTs oldest_snapshot() const;
  // Of timestamps before last_committed() as it was before the call: who asks about later ones is told of snapshots
  // that began before the call.

  /// Whether a live snapshot is at `ts` or before it.
  bool HasSnapshotUpTo(CommitTs ts) const;
  /// Whether a live snapshot is in [from, to).
  bool HasSnapshotIn(uint64_t from, uint64_t to) const;
  /// The oldest live snapshot that is at `from` or after it; nothing where there is none.
  std::optional<CommitTs> OldestSnapshotFrom(CommitTs from) const;
  /// Pins the newest commit without a transaction.
  std::shared_ptr<const SnapshotPin> PinNewest();

  /// Runs `f` while no transaction writes and every commit that has its place in the log is published; 55P03 where one
  /// writes and did not end within `timeout_ms`, 57014 where `stop`, which may be null, stopped the wait. Comes before
  /// transactions that wait for the turn. `f` is brief: those wait for it beyond their lock timeout.
  arrow::Status RunWithoutWriter(int64_t timeout_ms, const StopToken* stop, const std::function<arrow::Status()>& f);

  /// Recovery only: the next commits come after these.
  void Recover(CommitTs last_committed, Lsn last_lsn, uint64_t catalog_version);
  /// As Recover, beside transactions: another process has committed up to here, and its commits are published. Only
  /// where `read_only` was given.
  void Advance(CommitTs last_committed, Lsn last_lsn, uint64_t catalog_version);

  int64_t lock_timeout_ms() const { return lock_timeout_ms_.load(std::memory_order_relaxed); }
  void set_lock_timeout_ms(int64_t ms) { lock_timeout_ms_.store(ms, std::memory_order_relaxed); }
  Pager* pager() const { return pager_; }
  bool is_read_only() const { return is_read_only_; }

  // For Transaction and SnapshotPin:

  enum class TurnFor : uint8_t { kTransaction, kMaintenance };
  arrow::Status AcquireWriter(int64_t timeout_ms, const StopToken* stop, TurnFor what);
  void ReleaseWriter();
  CommitTs Pin(uint32_t stripe);
  void Unpin(uint32_t stripe, CommitTs ts);

 private:
  /// Gives the commit its place in the log. By whoever has the turn.
  arrow::Status SubmitCommit(Transaction& txn, CommitTs ts, std::optional<Durability> level, CommitTicket* ticket);
  /// Publishes the commit, or undoes it where it or one before it did not become durable, after those before it.
  arrow::Status FinishCommit(Transaction& txn, CommitTs ts, Lsn lsn, const arrow::Status& durable);
  /// Returns when every commit that has its place in the log is published. By whoever has the turn.
  void WaitPublished();

  /// The timestamps of live snapshots, ascending, and how many are at each. Few: most are at the newest ones.
  struct LiveSnapshots {
    uint64_t ts;
    uint64_t count;
  };
  /// What each transaction writes to when it begins and ends.
  struct alignas(64) Stripe {
    std::vector<LiveSnapshots>::const_iterator FirstFrom(uint64_t ts) const LLKV_REQUIRES(mutex);

    mutable Mutex mutex;
    std::vector<LiveSnapshots> live LLKV_GUARDED_BY(mutex);
    /// Ids up to `end_id` are this stripe's.
    uint64_t next_id LLKV_GUARDED_BY(mutex) = 0;
    uint64_t end_id LLKV_GUARDED_BY(mutex) = 0;
    PinMemory pin_memory;
  };
  std::shared_ptr<const SnapshotPin> PinNewest(uint32_t stripe);
  TxnId NewId(Stripe& stripe);
  /// The least timestamp of a live snapshot that is at `from` or after it.
  std::optional<uint64_t> OldestFrom(uint64_t from) const;

  Pager* pager_;
  const bool is_read_only_;
  std::atomic<int64_t> lock_timeout_ms_;
  std::atomic<uint64_t> last_committed_{0};
  std::atomic<uint64_t> last_lsn_{0};
  std::atomic<uint64_t> catalog_version_{0};
  std::atomic<uint64_t> next_txn_id_{1};
  std::atomic<uint64_t> replay_cost_{0};
  std::array<Stripe, kNumStripes> stripes_;

  Mutex writer_mutex_;
  ConditionVariable writer_free_;
  bool writer_taken_ LLKV_GUARDED_BY(writer_mutex_) = false;
  /// Maintenance has the turn; how many of it wait for it.
  bool is_maintained_ LLKV_GUARDED_BY(writer_mutex_) = false;
  uint32_t num_maintenance_waiting_ LLKV_GUARDED_BY(writer_mutex_) = 0;

  // Used by whoever has the writer's turn.
  WriteBatch batch_;
  std::unique_ptr<LogRecordWriter> log_;
  /// The timestamp and the catalog's version of the last commit that has its place in the log.
  uint64_t submitted_ts_ = 0;
  uint64_t submitted_catalog_version_ = 0;

  Mutex publish_mutex_;
  ConditionVariable published_;
  /// Commits up to here are published, or were undone.
  uint64_t finished_ts_ LLKV_GUARDED_BY(publish_mutex_) = 0;
  /// Why the commits that follow are undone.
  arrow::Status commit_failure_ LLKV_GUARDED_BY(publish_mutex_);
};

}  // namespace llkv
