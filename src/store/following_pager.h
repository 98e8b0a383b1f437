// FollowingPager: the pager of a storage that follows another process. The writer frees a blob when no snapshot of its
// own needs it, and cannot know those of others: this keeps the pager's older commits as long as the storage says that
// snapshots of theirs live, and finds their blobs. Keys are never used again (INV-PAGER-7), so a key means the same
// blob wherever it is found.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <functional>
#include <memory>
#include <vector>

#include "base/ids.h"
#include "base/mutex.h"
#include "pager/pager.h"

namespace llkv {

/// Any thread.
class FollowingPager : public Pager {
 public:
  explicit FollowingPager(std::shared_ptr<Pager> pager) : pager_(std::move(pager)) {}

  /// Keeps what a commit reaches, for snapshots up to `until`.
  void Keep(std::shared_ptr<const PagerSnapshot> commit, CommitTs until);
  /// Drops the commits for which is_needed(until) is false; gives whether some are left.
  bool DropUnneeded(const std::function<bool(CommitTs until)>& is_needed);

  using Pager::Get;
  arrow::Result<PhysicalKey> Allocate(uint64_t count) override { return pager_->Allocate(count); }
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override;
  void Prefetch(std::span<const PhysicalKey> keys, const PagerSnapshot* snapshot) override {
    pager_->Prefetch(keys, snapshot);
  }
  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override {
    return pager_->Keys(snapshot);
  }
  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override {
    return pager_->Stage(key, pieces);
  }
  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override {
    return pager_->Submit(batch, options);
  }
  arrow::Status WaitDurable(const CommitTicket& ticket) override { return pager_->WaitDurable(ticket); }
  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override { return pager_->ReadLog(after, visit); }
  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override { return pager_->Pin(); }
  arrow::Result<bool> Refresh() override { return pager_->Refresh(); }
  PagerStats stats() const override { return pager_->stats(); }
  uint64_t log_bytes() const override { return pager_->log_bytes(); }
  arrow::Result<bool> Reclaim(uint64_t budget_bytes) override { return pager_->Reclaim(budget_bytes); }
  arrow::Status Vacuum() override { return pager_->Vacuum(); }
  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override { return pager_->CheckIntegrity(visit); }
  std::vector<std::string> warnings() const override { return pager_->warnings(); }
  arrow::Status Close() override;

 private:
  struct Kept {
    std::shared_ptr<const PagerSnapshot> commit;
    CommitTs until;
  };
  std::vector<std::shared_ptr<const PagerSnapshot>> NewestFirst();

  const std::shared_ptr<Pager> pager_;
  Mutex mutex_;
  std::vector<Kept> kept_ LLKV_GUARDED_BY(mutex_);
};

}  // namespace llkv
