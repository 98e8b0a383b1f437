// See txn.h.
#include "txn/txn.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "txn/log_record.h"

namespace llkv {

SnapshotPin::~SnapshotPin() { manager_->Unpin(ts_); }

Transaction::Transaction(TxnManager* manager, TxnId id, std::shared_ptr<const SnapshotPin> pin, bool is_read_only)
    : manager_(manager),
      id_(id),
      pin_(std::move(pin)),
      ts_(pin_->ts()),
      own_tag_(OwnTag(id)),
      is_read_only_(is_read_only) {}

Transaction::~Transaction() { manager_->Rollback(*this); }

arrow::Status Transaction::BeginStatement() {
  if (command_ == std::numeric_limits<uint32_t>::max() - 1) {
    return SqlError(sqlstate::kStatementTooComplex, "too many statements in one transaction");
  }
  ++command_;
  return arrow::Status::OK();
}

arrow::Status Transaction::EndStatement() {
  return ForEachParticipant([](TxnParticipant& participant) { return participant.EndCommand(); });
}

arrow::Status Transaction::BeginWrite() {
  if (is_writing_) return arrow::Status::OK();
  if (is_finished_) return SqlError(sqlstate::kNoActiveTransaction, "the transaction has ended");
  if (is_read_only_) {
    return SqlError(sqlstate::kReadOnlyTransaction, "cannot change anything in a read-only transaction");
  }
  ARROW_RETURN_NOT_OK(manager_->AcquireWriter(manager_->lock_timeout_ms()));
  is_writing_ = true;
  return arrow::Status::OK();
}

TxnParticipant* Transaction::FindParticipant(const void* owner) const {
  MutexLock lock(mutex_);
  for (const Slot& slot : participants_) {
    if (slot.owner == owner) return slot.participant.get();
  }
  return nullptr;
}

TxnParticipant* Transaction::AddParticipant(const void* owner, uint64_t order,
                                            std::unique_ptr<TxnParticipant> participant) {
  MutexLock lock(mutex_);
  for (const Slot& slot : participants_) {
    if (slot.owner == owner) return slot.participant.get();
  }
  TxnParticipant* added = participant.get();
  const auto place = std::upper_bound(participants_.begin(), participants_.end(), order,
                                      [](uint64_t value, const Slot& slot) { return value < slot.order; });
  participants_.insert(place, Slot{owner, order, std::move(participant)});
  return added;
}

arrow::Status Transaction::ForEachParticipant(const std::function<arrow::Status(TxnParticipant&)>& f) const {
  // Participants may be added while others are called, never removed before Finish.
  std::vector<TxnParticipant*> all;
  {
    MutexLock lock(mutex_);
    for (const Slot& slot : participants_) all.push_back(slot.participant.get());
  }
  for (TxnParticipant* participant : all) ARROW_RETURN_NOT_OK(f(*participant));
  return arrow::Status::OK();
}

void Transaction::UndoFrom(uint32_t command) {
  std::vector<TxnParticipant*> all;
  {
    MutexLock lock(mutex_);
    for (const Slot& slot : participants_) all.push_back(slot.participant.get());
  }
  for (auto it = all.rbegin(); it != all.rend(); ++it) (*it)->Undo(command);
}

void Transaction::Finish() {
  is_finished_ = true;
  {
    MutexLock lock(mutex_);
    participants_.clear();
  }
  pin_.reset();
  if (is_writing_) manager_->ReleaseWriter();
  is_writing_ = false;
}

TxnManager::TxnManager(Pager* pager, const TxnOptions& options)
    : pager_(pager), lock_timeout_ms_(options.lock_timeout_ms), log_(std::make_unique<LogRecordWriter>()) {}

TxnManager::~TxnManager() = default;

std::unique_ptr<Transaction> TxnManager::Begin(bool is_read_only) {
  const TxnId id(next_txn_id_.fetch_add(1, std::memory_order_relaxed));
  return std::make_unique<Transaction>(this, id, PinNewest(), is_read_only);
}

std::shared_ptr<const SnapshotPin> TxnManager::PinNewest() {
  MutexLock lock(snapshots_mutex_);
  const CommitTs ts = last_committed();
  auto pin = std::make_shared<const SnapshotPin>(this, ts);
  ++live_snapshots_[ts.value];
  return pin;
}

void TxnManager::Unpin(CommitTs ts) {
  MutexLock lock(snapshots_mutex_);
  const auto it = live_snapshots_.find(ts.value);
  if (--it->second == 0) live_snapshots_.erase(it);
}

CommitTs TxnManager::oldest_snapshot() const {
  MutexLock lock(snapshots_mutex_);
  return live_snapshots_.empty() ? last_committed() : CommitTs(live_snapshots_.begin()->first);
}

bool TxnManager::HasSnapshotUpTo(CommitTs ts) const {
  MutexLock lock(snapshots_mutex_);
  return !live_snapshots_.empty() && live_snapshots_.begin()->first <= ts.value;
}

arrow::Status TxnManager::AcquireWriter(int64_t timeout_ms) {
  MutexLock lock(writer_mutex_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (writer_taken_) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) {
      return SqlError(sqlstate::kLockNotAvailable, "another transaction is writing", SqlErrorDetail::kNoPosition,
                      "Only one transaction writes at a time: try again once it has ended.");
    }
    writer_free_.WaitFor(writer_mutex_, left);
  }
  writer_taken_ = true;
  return arrow::Status::OK();
}

void TxnManager::ReleaseWriter() {
  {
    MutexLock lock(writer_mutex_);
    writer_taken_ = false;
  }
  writer_free_.NotifyOne();
}

arrow::Status TxnManager::RunWithoutWriter(int64_t timeout_ms, const std::function<arrow::Status()>& f) {
  ARROW_RETURN_NOT_OK(AcquireWriter(timeout_ms));
  arrow::Status status = f();
  ReleaseWriter();
  return status;
}

void TxnManager::Recover(CommitTs last_committed, Lsn last_lsn, uint64_t catalog_version) {
  last_committed_.store(last_committed.value, std::memory_order_release);
  last_lsn_.store(last_lsn.value, std::memory_order_release);
  catalog_version_.store(catalog_version, std::memory_order_release);
}

arrow::Status TxnManager::WriteCommit(Transaction& txn, CommitTs ts, std::optional<Durability> level, Lsn* lsn) {
  const uint64_t catalog_version = this->catalog_version() + (txn.changes_catalog() ? 1 : 0);
  batch_.Clear();
  log_->Start(ts, catalog_version);
  ARROW_RETURN_NOT_OK(
      txn.ForEachParticipant([this](TxnParticipant& participant) { return participant.PrepareCommit(*log_, batch_); }));
  batch_.AppendLog(log_->bytes());
  CommitOptions options;
  options.durability = level;
  ARROW_ASSIGN_OR_RAISE(*lsn, pager_->Commit(batch_, options));
  return arrow::Status::OK();
}

arrow::Status TxnManager::Commit(Transaction& txn, std::optional<Durability> level) {
  if (txn.is_finished()) return SqlError(sqlstate::kNoActiveTransaction, "the transaction has ended");
  if (!txn.is_writing()) {
    txn.Finish();
    return arrow::Status::OK();
  }
  const CommitTs ts(last_committed_.load(std::memory_order_relaxed) + 1);
  Lsn lsn;
  arrow::Status written = WriteCommit(txn, ts, level, &lsn);
  if (!written.ok()) {
    batch_.Clear();
    Rollback(txn);
    return written;
  }
  arrow::Status published = txn.ForEachParticipant([ts](TxnParticipant& participant) {
    participant.Publish(ts);
    return arrow::Status::OK();
  });
  {
    // Under the lock, so that no snapshot begins between the new timestamp and a horizon computed without it.
    MutexLock lock(snapshots_mutex_);
    last_lsn_.store(lsn.value, std::memory_order_release);
    if (txn.changes_catalog()) catalog_version_.fetch_add(1, std::memory_order_acq_rel);
    last_committed_.store(ts.value, std::memory_order_release);
  }
  txn.Finish();
  return published;
}

void TxnManager::Rollback(Transaction& txn) {
  if (txn.is_finished()) return;
  txn.UndoFrom(0);
  txn.Finish();
}

}  // namespace llkv
