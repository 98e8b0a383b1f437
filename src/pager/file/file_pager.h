// FilePager: the pager over one memory-mapped file of segments (docs/formats/file.md), as its writer; who opens it
// read-only gets a ReaderPager (reader_pager.h). This class orders commits; the
// parts beside it know the bytes (format.h), the room (segment_space.h), the keys (key_directory.h), the syncs
// (sync_group.h) and how to open (recovery.h).
//
// INV-PAGER-1: a commit is visible to readers only after its entry was handed to the file (kNone: to the log buffer).
// INV-PAGER-2: a commit entry that claims synced blobs is written after a sync that covered them.
// INV-PAGER-3: bytes that a snapshot, a held buffer, a reader in another process, a header slot or the kept log can
// reach
//   are never written again, but for the same bytes at recovery.
// INV-PAGER-4: a failed commit's entry is overwritten before another commit is accepted, or none is accepted any more.
// INV-PAGER-5: a header slot is written only after a sync that covered the checkpoint record and all it reaches.
//
// Locks, in the order taken: checkpoint_mutex_, commit_mutex_, then the parts' own, newest_mutex_ and slots_mutex_.
#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "os/fork_guard.h"
#include "pager/file/blob_reader.h"
#include "pager/file/reader_slots.h"
#include "pager/file/recovery.h"
#include "pager/file/segment_space.h"
#include "pager/file/storage_file.h"
#include "pager/file/sync_group.h"
#include "pager/file/test_hooks.h"
#include "pager/registry.h"

namespace llkv::file {

/// The blobs that are staged and neither committed nor dropped, by key. Safe from any thread.
class StagedPlaces {
 public:
  enum class Added { kYes, kIsThere, kRetired };
  /// Waits while the file is being replaced; kRetired where it has been.
  Added Add(uint64_t key, Extent place);
  /// A buffer over a staged blob; null where there is none.
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(uint64_t key, const StorageFile& file);
  /// True where Read never gave it.
  bool Remove(uint64_t key);
  /// Nothing is added from here on until Reopen, or for ever after Retire. False, changing nothing, where something is
  /// staged.
  bool Close();
  void Reopen();
  void Retire();

 private:
  struct Staged {
    Extent place;
    bool read = false;
  };
  enum class Phase { kOpen, kClosed, kRetired };
  Mutex mutex_;
  ConditionVariable changed_;
  Phase phase_ LLKV_GUARDED_BY(mutex_) = Phase::kOpen;
  std::unordered_map<uint64_t, Staged> places_ LLKV_GUARDED_BY(mutex_);
};

/// Recovery reads so many bytes of unsynced blobs in the time of one of log.
inline constexpr uint64_t kBlobWeight = 4;

/// The file and its room; staged blobs share it with the pager and may outlive it.
struct FileCore {
  FileCore(std::unique_ptr<StorageFile> opened, const PagerOptions& options)
      : file(std::move(opened)), space(*file, options), nodes(*file) {}
  const std::shared_ptr<StorageFile> file;
  SegmentSpace space;
  FileNodeSource nodes;
  StagedPlaces staged;
};

/// What a commit reaches. Immutable once published. As long as it lives, what it reaches is not used again.
struct FileState {
  /// The state that commit `lsn` makes.
  FileState(std::shared_ptr<FileCore> file_core, uint64_t made_by) : core(std::move(file_core)), lsn(made_by) {
    core->space.states().Add(lsn);
  }
  ~FileState() { core->space.states().Remove(lsn); }
  FileState(const FileState&) = delete;
  FileState& operator=(const FileState&) = delete;
  /// The state that commit `made_by` makes of this one, before its changes.
  std::shared_ptr<FileState> Next(uint64_t made_by) const;

  const std::shared_ptr<FileCore> core;
  const uint64_t lsn;
  KeyDirectory directory;
  std::shared_ptr<arrow::Buffer> root;
  uint64_t root_version = 0;
  uint64_t live_bytes = 0;
};

/// A commit and its state; states are shared by commits that only add log records.
struct FileVersion {
  std::shared_ptr<const FileState> state;
  uint64_t lsn = 0;
};

/// The blobs of one batch that are not staged: their place, headers and bytes.
struct PreparedBlobs {
  /// The file that they are in.
  std::shared_ptr<FileCore> core;
  std::vector<PutRecord> records;
  std::vector<EntryHeader> headers;
  std::vector<std::span<const uint8_t>> pieces;
  uint64_t offset = 0;
  uint64_t bytes = 0;
};

class FilePager : public Pager {
 public:
  static arrow::Result<std::unique_ptr<Pager>> Open(const std::string& name, const PagerOptions& options,
                                                    const FilePagerTestHooks& hooks);
  FilePager(const PagerOptions& options, const FilePagerTestHooks& hooks, std::unique_ptr<ReaderSlots> slots,
            std::unique_ptr<ForkGuard> fork_guard, std::shared_ptr<FileCore> core, Recovered recovered);
  ~FilePager() override;

  using Pager::Get;
  arrow::Result<PhysicalKey> Allocate(uint64_t count) override;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override;
  void Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot) override;
  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override;
  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override;
  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override;
  arrow::Status WaitDurable(const CommitTicket& ticket) override;
  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override;
  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override;
  PagerStats stats() const override;
  uint64_t log_bytes() const override;
  arrow::Result<bool> Reclaim(uint64_t budget_bytes) override;
  arrow::Status Vacuum() override;
  /// Compares what is counted as live in each segment with what the directory and the newest checkpoint reach: XX001
  /// where they differ; 58030 where commits are refused after a failure.
  arrow::Status CheckSpace();
  /// What opening replayed: commit entries behind the key directory's checkpoint, with the blobs that it verified for
  /// them.
  uint64_t replayed_bytes() const { return replayed_bytes_; }
  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override;
  std::vector<std::string> warnings() const override { return warnings_; }
  arrow::Status Close() override;

 private:
  /// A full commit that nobody has been told is durable, and what was there before it.
  struct PendingCommit {
    uint64_t lsn = 0;
    uint64_t entry_offset = 0;
    FileVersion before;
  };
  /// An entry in the log buffer, for taking it back.
  struct LogMark {
    size_t buffer_size = 0;
    LogPosition position;
  };

  // file_pager.cc
  arrow::Status CheckUsable() const;
  FileVersion Newest() const LLKV_EXCLUDES(newest_mutex_);
  std::shared_ptr<FileCore> NewestCore() const LLKV_EXCLUDES(newest_mutex_);
  /// The oldest checkpoint that a reader in another process needs; the greatest number where there is none.
  uint64_t OldestForeignPin();
  std::shared_ptr<const FileState> StateOf(const PagerSnapshot* snapshot) const;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadBlob(const FileState& state, PhysicalKey key, bool with_staged);
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadFound(const FileState& state, const FoundBlob& found,
                                                          PhysicalKey key);

  // commit.cc
  arrow::Result<PreparedBlobs> PrepareBlobs(const WriteBatch& batch);
  arrow::Status WriteBlobs(const PreparedBlobs& blobs);
  arrow::Result<bool> SyncBlobsAhead(const WriteBatch& batch, const PreparedBlobs& blobs, Durability durability);
  arrow::Result<CommitTicket> SubmitOrdered(WriteBatch& batch, const CommitOptions& options, Durability durability,
                                            const PreparedBlobs& blobs, bool blobs_synced) LLKV_REQUIRES(commit_mutex_);
  arrow::Status CheckPreconditions(const CommitOptions& options, const FileState& state) const
      LLKV_REQUIRES(commit_mutex_);
  arrow::Result<std::shared_ptr<const FileState>> NextState(const WriteBatch& batch,
                                                            const std::shared_ptr<const FileState>& state,
                                                            const PreparedBlobs& blobs, std::vector<Extent>* freed)
      LLKV_REQUIRES(commit_mutex_);
  void AppendCommit(const WriteBatch& batch, const PreparedBlobs& blobs, const std::vector<Segment>& fresh_segments,
                    uint32_t flags) LLKV_REQUIRES(commit_mutex_);
  /// Counts what a commit that is in the log made live and dead; gives the bytes of its blobs.
  uint64_t CountCommit(const WriteBatch& batch, const PreparedBlobs& blobs, const std::vector<Extent>& freed)
      LLKV_REQUIRES(commit_mutex_);
  void CountRecords(const WriteBatch& batch, uint64_t lsn) LLKV_REQUIRES(commit_mutex_);
  arrow::Status MakeLogRoom(uint64_t bytes) LLKV_REQUIRES(commit_mutex_);
  void AppendToBuffer(std::span<const uint8_t> bytes) LLKV_REQUIRES(commit_mutex_);
  void FinishEntry(EntryType type, size_t start) LLKV_REQUIRES(commit_mutex_);
  arrow::Status FlushLog() LLKV_REQUIRES(commit_mutex_);
  void TakeBack(const LogMark& mark) LLKV_REQUIRES(commit_mutex_);
  void Publish(FileVersion version) LLKV_EXCLUDES(newest_mutex_);
  /// The last commit that has reached its level of durability, with all before it.
  uint64_t AcknowledgedLsn() const LLKV_REQUIRES(commit_mutex_);
  /// Lets readers in other processes see the commits up to `lsn`.
  void ShowToReaders(uint64_t lsn) LLKV_EXCLUDES(slots_mutex_);
  arrow::Status FailUnsynced(const arrow::Status& cause) LLKV_EXCLUDES(commit_mutex_);

  // checkpoint.cc
  void CheckpointIfDue();
  arrow::Status Checkpoint() LLKV_REQUIRES(checkpoint_mutex_);
  /// What a checkpoint stores, as chosen in the order of commits.
  struct CheckpointPlan;
  arrow::Status PlanCheckpoint(CheckpointPlan* plan) LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Status WriteCheckpoint(CheckpointPlan* plan) LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Status WriteCheckpointRecord(CheckpointPlan* plan) LLKV_REQUIRES(checkpoint_mutex_);
  void TakeBackCheckpoint(const CheckpointPlan& plan) LLKV_REQUIRES(checkpoint_mutex_);

  // reclaim.cc
  struct MovedEntries;
  arrow::Result<bool> ReclaimStep(uint64_t budget_bytes) LLKV_REQUIRES(checkpoint_mutex_);
  void ReclaimInDanger() LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Status ReportUndrainable() LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Result<bool> MoveEntries(const Victim& victim, uint64_t budget_bytes) LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Status ScanVictim(const Victim& victim, uint64_t budget_bytes, MovedEntries* moved)
      LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Result<uint64_t> ScanBlob(const EntryHeader& header, uint64_t offset, MovedEntries* moved)
      LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Result<bool> CopyEntries(uint64_t limit, MovedEntries* moved) LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Result<bool> CopyRun(uint64_t limit, MovedEntries* moved) LLKV_REQUIRES(checkpoint_mutex_);
  arrow::Status SubmitMoves(const PreparedBlobs& blobs, const std::vector<Extent>& freed,
                            std::shared_ptr<const FileState> state) LLKV_REQUIRES(checkpoint_mutex_, commit_mutex_);
  arrow::Status CommitMoves(MovedEntries* moved) LLKV_REQUIRES(checkpoint_mutex_) LLKV_EXCLUDES(commit_mutex_);

  // vacuum.cc
  struct NewFile;
  arrow::Status WriteNewFile(NewFile* fresh) LLKV_REQUIRES(checkpoint_mutex_, commit_mutex_);
  arrow::Status CopyLog(NewFile* fresh) LLKV_REQUIRES(commit_mutex_);
  arrow::Status CopyBlobs(NewFile* fresh) LLKV_REQUIRES(commit_mutex_);
  arrow::Status WriteNewHeader(NewFile* fresh) LLKV_REQUIRES(checkpoint_mutex_, commit_mutex_);
  void GoOverTo(NewFile& fresh) LLKV_REQUIRES(checkpoint_mutex_, commit_mutex_);

  const PagerOptions options_;
  const FilePagerTestHooks hooks_;
  Mutex slots_mutex_;
  /// The lock file. Null after Close, and for a reader where there is none.
  std::unique_ptr<ReaderSlots> slots_ LLKV_GUARDED_BY(slots_mutex_);
  /// The last commit that readers in other processes may see, once they were told.
  std::optional<uint64_t> shown_lsn_ LLKV_GUARDED_BY(slots_mutex_);
  uint64_t file_id_hash_ LLKV_GUARDED_BY(slots_mutex_);
  const std::unique_ptr<ForkGuard> fork_guard_;
  const std::string path_;
  const std::vector<std::string> warnings_;
  const uint64_t replayed_bytes_;
  /// The file that is written. Changed only under checkpoint_mutex_, commit_mutex_ and newest_mutex_ together; read
  /// under any of them.
  std::shared_ptr<FileCore> core_;
  SyncGroup syncs_;
  std::atomic<bool> closed_{false};
  std::atomic<uint64_t> next_key_;

  mutable Mutex newest_mutex_;
  FileVersion newest_ LLKV_GUARDED_BY(newest_mutex_);

  Mutex commit_mutex_;
  /// Where the next entry goes.
  LogPosition log_ LLKV_GUARDED_BY(commit_mutex_);
  /// Entries not yet handed to the file, and the place of the first.
  std::vector<uint8_t> log_buffer_ LLKV_GUARDED_BY(commit_mutex_);
  uint64_t log_buffer_offset_ LLKV_GUARDED_BY(commit_mutex_);
  uint64_t truncated_lsn_ LLKV_GUARDED_BY(commit_mutex_);
  /// No log record that is kept comes before the first, or after the second; 0 for the first where none is kept.
  uint64_t first_record_lsn_ LLKV_GUARDED_BY(commit_mutex_) = 0;
  uint64_t last_record_lsn_ LLKV_GUARDED_BY(commit_mutex_) = 0;
  /// Why no commit is accepted any more; OK while they are.
  arrow::Status refusal_ LLKV_GUARDED_BY(commit_mutex_);
  std::vector<PendingCommit> pending_ LLKV_GUARDED_BY(commit_mutex_);
  std::atomic<uint64_t> written_lsn_;

  Mutex checkpoint_mutex_;
  HeaderSlot header_ LLKV_GUARDED_BY(checkpoint_mutex_);
  KeyDirectory checkpoint_directory_ LLKV_GUARDED_BY(checkpoint_mutex_);
  uint64_t checkpoint_lsn_ LLKV_GUARDED_BY(checkpoint_mutex_);
  /// What recovery would have to read, with blobs counted for a part: they are read faster than replayed.
  std::atomic<uint64_t> log_bytes_since_checkpoint_;

  std::atomic<uint64_t> num_commits_{0};
  std::atomic<uint64_t> num_blobs_read_{0};
  std::atomic<uint64_t> bytes_read_{0};
  std::atomic<uint64_t> num_blobs_verified_{0};
  std::atomic<uint64_t> num_checkpoints_{0};
  std::atomic<uint64_t> num_blobs_moved_{0};
  std::atomic<uint64_t> bytes_moved_{0};
  std::atomic<uint64_t> num_blobs_damaged_{0};
};

}  // namespace llkv::file

namespace llkv {

/// Opens or makes the database file at `path`, with faults planted by `hooks`. Errors: as OpenPager.
arrow::Result<std::unique_ptr<Pager>> OpenFilePager(const std::string& path, const PagerOptions& options,
                                                    const FilePagerTestHooks& hooks = {});

}  // namespace llkv
