// See txn.h.
#include "txn/txn.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "runtime/stop_token.h"
#include "txn/log_record.h"

namespace llkv {

namespace {
/// How often a wait for the turn looks at its stop token.
constexpr std::chrono::nanoseconds kPollInterval = std::chrono::milliseconds(10);

/// What std::allocate_shared takes one block of, for a pin and its count.
template <typename T>
struct PinAllocator {
  using value_type = T;
  explicit PinAllocator(PinMemory* pins) : memory(pins) {}
  template <typename U>
  PinAllocator(const PinAllocator<U>& other) : memory(other.memory) {}  // NOLINT(google-explicit-constructor)
  T* allocate(size_t count) { return static_cast<T*>(memory->Take(count * sizeof(T))); }
  void deallocate(T* block, size_t /*count*/) { memory->Give(block); }
  bool operator==(const PinAllocator& other) const { return memory == other.memory; }

  PinMemory* memory;
};
}  // namespace

SnapshotPin::SnapshotPin(TxnManager* manager, uint32_t stripe)
    : manager_(manager), stripe_(stripe), ts_(manager->Pin(stripe)) {}

SnapshotPin::~SnapshotPin() { manager_->Unpin(stripe_, ts_); }

PinMemory::~PinMemory() {
  for (void* block : blocks_) ::operator delete(block);
}

void* PinMemory::Take(size_t size) {
  {
    MutexLock lock(mutex_);
    if (!blocks_.empty()) {
      void* block = blocks_.back();
      blocks_.pop_back();
      return block;
    }
  }
  return ::operator new(size);
}

void PinMemory::Give(void* block) {
  {
    MutexLock lock(mutex_);
    if (blocks_.size() < kMaxKept) {
      blocks_.push_back(block);
      return;
    }
  }
  ::operator delete(block);
}

void Transaction::Restart(TxnId id, std::shared_ptr<const SnapshotPin> pin, bool is_read_only) {
  id_ = id;
  own_tag_ = OwnTag(id);
  pin_ = std::move(pin);
  ts_ = pin_->ts();
  command_ = 1;
  held_commands_.clear();
  stop_ = nullptr;
  is_read_only_ = is_read_only;
  is_writing_ = is_finished_ = changes_catalog_ = false;
}

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

uint32_t Transaction::settled_command() const {
  uint32_t settled = command_;
  for (const uint32_t held : held_commands_) settled = std::min(settled, held);
  return settled;
}

void Transaction::ReleaseCommand(uint32_t command) {
  const auto held = std::find(held_commands_.begin(), held_commands_.end(), command);
  if (held != held_commands_.end()) held_commands_.erase(held);
}

arrow::Status Transaction::BeginWrite() {
  if (is_writing_) return arrow::Status::OK();
  if (is_finished_) return SqlError(sqlstate::kNoActiveTransaction, "the transaction has ended");
  if (is_read_only_) {
    return SqlError(sqlstate::kReadOnlyTransaction, "cannot change anything in a read-only transaction");
  }
  if (manager_->is_read_only()) {
    return SqlError(sqlstate::kReadOnlyTransaction, "the database was opened read-only");
  }
  ARROW_RETURN_NOT_OK(manager_->AcquireWriter(manager_->lock_timeout_ms(), stop_, TxnManager::TurnFor::kTransaction));
  is_writing_ = true;
  return arrow::Status::OK();
}

TxnParticipant* Transaction::FindParticipant(const void* owner) const {
  if (!has_participants_.load(std::memory_order_acquire)) return nullptr;
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
  has_participants_.store(true, std::memory_order_release);
  return added;
}

arrow::Status Transaction::ForEachParticipant(const std::function<arrow::Status(TxnParticipant&)>& f) const {
  if (!has_participants_.load(std::memory_order_acquire)) return arrow::Status::OK();
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
  if (!has_participants_.load(std::memory_order_acquire)) return;
  std::vector<TxnParticipant*> all;
  {
    MutexLock lock(mutex_);
    for (const Slot& slot : participants_) all.push_back(slot.participant.get());
  }
  for (auto it = all.rbegin(); it != all.rend(); ++it) (*it)->Undo(command);
}

void Transaction::Finish() {
  is_finished_ = true;
  if (has_participants_.load(std::memory_order_acquire)) {
    MutexLock lock(mutex_);
    participants_.clear();
    has_participants_.store(false, std::memory_order_release);
  }
  pin_.reset();
  ReleaseTurn();
}

void Transaction::ReleaseTurn() {
  if (is_writing_) manager_->ReleaseWriter();
  is_writing_ = false;
}

TxnManager::TxnManager(Pager* pager, const TxnOptions& options)
    : pager_(pager),
      is_read_only_(options.read_only),
      lock_timeout_ms_(options.lock_timeout_ms),
      log_(std::make_unique<LogRecordWriter>()) {}

TxnManager::~TxnManager() = default;

std::unique_ptr<Transaction> TxnManager::Begin(bool is_read_only) { return Begin(nullptr, is_read_only); }

std::unique_ptr<Transaction> TxnManager::Begin(std::unique_ptr<Transaction> ended, bool is_read_only) {
  if (ended == nullptr) ended = std::make_unique<Transaction>(this);
  const uint32_t stripe = CurrentStripe();
  ended->Restart(NewId(stripes_[stripe]), PinNewest(stripe), is_read_only);
  return ended;
}

TxnId TxnManager::NewId(Stripe& stripe) {
  constexpr uint64_t kLeased = 256;
  MutexLock lock(stripe.mutex);
  if (stripe.next_id == stripe.end_id) {
    stripe.next_id = next_txn_id_.fetch_add(kLeased, std::memory_order_relaxed);
    stripe.end_id = stripe.next_id + kLeased;
  }
  return TxnId(stripe.next_id++);
}

std::shared_ptr<const SnapshotPin> TxnManager::PinNewest() { return PinNewest(CurrentStripe()); }

std::shared_ptr<const SnapshotPin> TxnManager::PinNewest(uint32_t stripe) {
  return std::allocate_shared<const SnapshotPin>(PinAllocator<SnapshotPin>{&stripes_[stripe].pin_memory}, this, stripe);
}

std::vector<TxnManager::LiveSnapshots>::const_iterator TxnManager::Stripe::FirstFrom(uint64_t ts) const {
  // The newest are asked for most.
  auto place = live.end();
  while (place != live.begin() && std::prev(place)->ts >= ts) --place;
  return place;
}

CommitTs TxnManager::Pin(uint32_t stripe) {
  Stripe& own = stripes_[stripe];
  MutexLock lock(own.mutex);
  // Under the lock: whoever finds no pin here afterwards knows that later ones are at what it knew as committed, or
  // after that.
  const CommitTs ts = last_committed();
  if (own.live.empty() || own.live.back().ts != ts.value) own.live.push_back({ts.value, 0});
  ++own.live.back().count;
  return ts;
}

void TxnManager::Unpin(uint32_t stripe, CommitTs ts) {
  Stripe& own = stripes_[stripe];
  MutexLock lock(own.mutex);
  const auto place = own.live.begin() + (own.FirstFrom(ts.value) - own.live.cbegin());
  if (--place->count == 0) own.live.erase(place);
}

std::optional<uint64_t> TxnManager::OldestFrom(uint64_t from) const {
  std::optional<uint64_t> oldest;
  for (const Stripe& stripe : stripes_) {
    MutexLock lock(stripe.mutex);
    const auto place = stripe.FirstFrom(from);
    if (place != stripe.live.end() && (!oldest || place->ts < *oldest)) oldest = place->ts;
  }
  return oldest;
}

CommitTs TxnManager::oldest_snapshot() const {
  // Read first: a snapshot that begins meanwhile is not before it.
  const CommitTs newest = last_committed();
  return std::min(newest, CommitTs(OldestFrom(0).value_or(newest.value)));
}

bool TxnManager::HasSnapshotUpTo(CommitTs ts) const {
  const std::optional<uint64_t> oldest = OldestFrom(0);
  return oldest && *oldest <= ts.value;
}

bool TxnManager::HasSnapshotIn(uint64_t from, uint64_t to) const {
  const std::optional<uint64_t> oldest = OldestFrom(from);
  return oldest && *oldest < to;
}

std::optional<CommitTs> TxnManager::OldestSnapshotFrom(CommitTs from) const {
  const std::optional<uint64_t> oldest = OldestFrom(from.value);
  if (!oldest) return std::nullopt;
  return CommitTs(*oldest);
}

arrow::Status TxnManager::AcquireWriter(int64_t timeout_ms, const StopToken* stop, TurnFor what) {
  MutexLock lock(writer_mutex_);
  const bool is_maintenance = what == TurnFor::kMaintenance;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  num_maintenance_waiting_ += is_maintenance ? 1 : 0;
  arrow::Status status;
  while (writer_taken_ || (!is_maintenance && num_maintenance_waiting_ > 0)) {
    if (stop != nullptr) status = stop->Check();
    const std::chrono::nanoseconds left = deadline - std::chrono::steady_clock::now();
    // Maintenance has the turn for moments only, and whoever takes 0 for a timeout does not mean those.
    if (status.ok() && writer_taken_ && !is_maintained_ && left <= std::chrono::nanoseconds(0)) {
      status = SqlError(sqlstate::kLockNotAvailable, "another transaction is writing", SqlErrorDetail::kNoPosition,
                        "Only one transaction writes at a time: try again once it has ended.");
    }
    if (!status.ok()) break;
    writer_free_.WaitFor(writer_mutex_,
                         left > std::chrono::nanoseconds(0) ? std::min(left, kPollInterval) : kPollInterval);
  }
  num_maintenance_waiting_ -= is_maintenance ? 1 : 0;
  if (status.ok()) {
    writer_taken_ = true;
    is_maintained_ = is_maintenance;
  } else if (is_maintenance) {
    writer_free_.NotifyAll();
  }
  return status;
}

void TxnManager::ReleaseWriter() {
  bool wakes_all = false;
  {
    MutexLock lock(writer_mutex_);
    writer_taken_ = false;
    wakes_all = is_maintained_ || num_maintenance_waiting_ > 0;
    is_maintained_ = false;
  }
  if (wakes_all) {
    writer_free_.NotifyAll();
  } else {
    writer_free_.NotifyOne();
  }
}

arrow::Status TxnManager::RunWithoutWriter(int64_t timeout_ms, const StopToken* stop,
                                           const std::function<arrow::Status()>& f) {
  ARROW_RETURN_NOT_OK(AcquireWriter(timeout_ms, stop, TurnFor::kMaintenance));
  WaitPublished();
  arrow::Status status = f();
  ReleaseWriter();
  return status;
}

void TxnManager::WaitPublished() {
  MutexLock lock(publish_mutex_);
  while (finished_ts_ != submitted_ts_) published_.Wait(publish_mutex_);
}

void TxnManager::Recover(CommitTs last_committed, Lsn last_lsn, uint64_t catalog_version) {
  last_committed_.store(last_committed.value, std::memory_order_release);
  last_lsn_.store(last_lsn.value, std::memory_order_release);
  catalog_version_.store(catalog_version, std::memory_order_release);
  submitted_ts_ = last_committed.value;
  submitted_catalog_version_ = catalog_version;
  MutexLock lock(publish_mutex_);
  finished_ts_ = last_committed.value;
}

void TxnManager::Advance(CommitTs last_committed, Lsn last_lsn, uint64_t catalog_version) {
  last_lsn_.store(last_lsn.value, std::memory_order_release);
  catalog_version_.store(catalog_version, std::memory_order_release);
  last_committed_.store(last_committed.value, std::memory_order_release);
}

arrow::Status TxnManager::SubmitCommit(Transaction& txn, CommitTs ts, std::optional<Durability> level,
                                       CommitTicket* ticket) {
  const uint64_t catalog_version = submitted_catalog_version_ + (txn.changes_catalog() ? 1 : 0);
  batch_.Clear();
  log_->Start(ts, catalog_version);
  ARROW_RETURN_NOT_OK(
      txn.ForEachParticipant([this](TxnParticipant& participant) { return participant.PrepareCommit(*log_, batch_); }));
  batch_.AppendLog(log_->bytes());
  CommitOptions options;
  options.durability = level;
  ARROW_ASSIGN_OR_RAISE(*ticket, pager_->Submit(batch_, options));
  replay_cost_.fetch_add(log_->replay_cost(), std::memory_order_relaxed);
  submitted_ts_ = ts.value;
  submitted_catalog_version_ = catalog_version;
  return arrow::Status::OK();
}

arrow::Status TxnManager::FinishCommit(Transaction& txn, CommitTs ts, Lsn lsn, const arrow::Status& durable) {
  MutexLock lock(publish_mutex_);
  while (finished_ts_ + 1 != ts.value) published_.Wait(publish_mutex_);
  // Nothing that follows a commit that is lost is kept.
  if (commit_failure_.ok()) commit_failure_ = durable;
  arrow::Status status = commit_failure_;
  if (status.ok()) {
    status = txn.ForEachParticipant([ts](TxnParticipant& participant) {
      participant.Publish(ts);
      return arrow::Status::OK();
    });
    last_lsn_.store(lsn.value, std::memory_order_release);
    if (txn.changes_catalog()) catalog_version_.fetch_add(1, std::memory_order_acq_rel);
    last_committed_.store(ts.value, std::memory_order_release);
  } else {
    txn.UndoFrom(0);
  }
  finished_ts_ = ts.value;
  published_.NotifyAll();
  return status;
}

arrow::Status TxnManager::Commit(Transaction& txn, std::optional<Durability> level) {
  if (txn.is_finished()) return SqlError(sqlstate::kNoActiveTransaction, "the transaction has ended");
  if (!txn.is_writing()) {
    txn.Finish();
    return arrow::Status::OK();
  }
  const CommitTs ts(submitted_ts_ + 1);
  CommitTicket ticket;
  arrow::Status submitted = SubmitCommit(txn, ts, level, &ticket);
  if (!submitted.ok()) {
    batch_.Clear();
    Rollback(txn);
    return submitted;
  }
  // Who changes the catalog next looks at its newest version.
  if (!txn.changes_catalog()) txn.ReleaseTurn();
  arrow::Status status = FinishCommit(txn, ts, ticket.lsn, pager_->WaitDurable(ticket));
  txn.Finish();
  return status;
}

void TxnManager::Rollback(Transaction& txn) {
  if (txn.is_finished()) return;
  txn.UndoFrom(0);
  txn.Finish();
}

}  // namespace llkv
