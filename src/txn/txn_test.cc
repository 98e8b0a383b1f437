// Transactions with a participant that only records what it is told: order of calls, timestamps, failures, snapshots.
#include "txn/txn.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "pager/registry.h"
#include "runtime/stop_token.h"
#include "txn/log_record.h"

namespace llkv {
namespace {

class Recorder : public TxnParticipant {
 public:
  Recorder(std::string name, std::vector<std::string>* calls) : name_(std::move(name)), calls_(calls) {}
  void Undo(uint32_t from_command) override { calls_->push_back(name_ + " undo " + std::to_string(from_command)); }
  arrow::Status PrepareCommit(LogRecordWriter& log, WriteBatch&) override {
    calls_->push_back(name_ + " prepare");
    log.BeginSection(9, 77).String(name_);
    ARROW_RETURN_NOT_OK(log.EndSection());
    return fails ? SqlError(sqlstate::kDiskFull, "no room") : arrow::Status::OK();
  }
  void Publish(CommitTs ts) override { calls_->push_back(name_ + " publish " + std::to_string(ts.value)); }
  bool fails = false;

 private:
  std::string name_;
  std::vector<std::string>* calls_;
};

class TxnTest : public ::testing::Test {
 protected:
  std::unique_ptr<Pager> pager_ = OpenPager(":memory:").ValueOrDie();
  TxnManager manager_{pager_.get(), TxnOptions{.lock_timeout_ms = 0}};
  std::vector<std::string> calls_;
};

TEST_F(TxnTest, AWaitForTheTurnCanBeStopped) {
  manager_.set_lock_timeout_ms(int64_t{24} * 3600 * 1000);
  auto writer = manager_.Begin();
  ASSERT_TRUE(writer->BeginWrite().ok());
  StopToken stop;
  auto waiter = manager_.Begin();
  waiter->set_stop_token(&stop);
  std::thread stopper([&stop] { stop.RequestStop(); });
  EXPECT_EQ(GetSqlState(waiter->BeginWrite()), sqlstate::kQueryCanceled);
  stopper.join();
  EXPECT_FALSE(waiter->is_writing());
  EXPECT_EQ(GetSqlState(manager_.RunWithoutWriter(1000000, &stop, [] { return arrow::Status::OK(); })),
            sqlstate::kQueryCanceled);
  manager_.Rollback(*writer);
  stop.Reset();
  EXPECT_TRUE(waiter->BeginWrite().ok());
}

TEST_F(TxnTest, CommitWritesOneRecordAndPublishesInOrder) {
  auto txn = manager_.Begin();
  ASSERT_TRUE(txn->BeginStatement().ok());
  ASSERT_TRUE(txn->BeginWrite().ok());
  txn->AddParticipant(&calls_, 2, std::make_unique<Recorder>("b", &calls_));
  txn->AddParticipant(pager_.get(), 1, std::make_unique<Recorder>("a", &calls_));
  txn->SetChangesCatalog();
  ASSERT_TRUE(manager_.Commit(*txn).ok());
  EXPECT_EQ(calls_, (std::vector<std::string>{"a prepare", "b prepare", "a publish 1", "b publish 1"}));
  EXPECT_EQ(manager_.last_committed(), CommitTs(1));
  EXPECT_EQ(manager_.catalog_version(), 1u);
  EXPECT_EQ(GetSqlState(manager_.Commit(*txn)), sqlstate::kNoActiveTransaction);
  std::string names;
  ASSERT_TRUE(pager_
                  ->ReadLog(Lsn(0),
                            [&](Lsn, std::span<const uint8_t> record) {
                              return ReadLogRecord(record,
                                                   [&](const LogRecordHeader& header, const LogSection& section) {
                                                     EXPECT_EQ(header.ts, CommitTs(1));
                                                     EXPECT_EQ(header.catalog_version, 1u);
                                                     EXPECT_EQ(section.kind, 9);
                                                     EXPECT_EQ(section.owner, 77u);
                                                     names += ByteReader(section.payload).String();
                                                     return arrow::Status::OK();
                                                   })
                                  .status();
                            })
                  .ok());
  EXPECT_EQ(names, "ab");
}

TEST_F(TxnTest, AFailedCommitRollsBackAndLetsTheNextWrite) {
  auto txn = manager_.Begin();
  ASSERT_TRUE(txn->BeginWrite().ok());
  auto recorder = std::make_unique<Recorder>("a", &calls_);
  recorder->fails = true;
  txn->AddParticipant(&calls_, 1, std::move(recorder));
  auto other = manager_.Begin();
  EXPECT_EQ(GetSqlState(other->BeginWrite()), sqlstate::kLockNotAvailable);
  EXPECT_EQ(GetSqlState(manager_.Commit(*txn)), sqlstate::kDiskFull);
  EXPECT_EQ(calls_, (std::vector<std::string>{"a prepare", "a undo 0"}));
  EXPECT_EQ(manager_.last_committed(), CommitTs(0));
  EXPECT_TRUE(other->BeginWrite().ok());
}

TEST_F(TxnTest, SnapshotsSeeCommitsBeforeThemAndOwnCommandsBeforeTheCurrent) {
  auto txn = manager_.Begin();
  ASSERT_TRUE(txn->BeginStatement().ok());
  const VersionStamp first = txn->stamp();
  EXPECT_FALSE(txn->snapshot().Sees(first));
  ASSERT_TRUE(txn->BeginStatement().ok());
  EXPECT_TRUE(txn->snapshot().Sees(first));
  EXPECT_FALSE(manager_.Begin()->snapshot().Sees(first));
  EXPECT_FALSE(txn->snapshot().Sees(kAbortedStamp));
  EXPECT_TRUE(txn->snapshot().Sees(0));
  EXPECT_FALSE(txn->snapshot().Sees(1));
  EXPECT_TRUE(txn->snapshot().SeesRow(0, 1));
  EXPECT_FALSE(txn->snapshot().SeesRow(0, first));
}

TEST_F(TxnTest, TheHorizonIsTheOldestLiveSnapshot) {
  auto commit = [&] {
    auto txn = manager_.Begin();
    ASSERT_TRUE(txn->BeginWrite().ok());
    ASSERT_TRUE(manager_.Commit(*txn).ok());
  };
  commit();
  auto old = manager_.Begin(true);
  const std::shared_ptr<const SnapshotPin> pin = old->pin();
  commit();
  commit();
  EXPECT_EQ(manager_.oldest_snapshot(), CommitTs(1));
  EXPECT_TRUE(manager_.HasSnapshotUpTo(CommitTs(1)));
  EXPECT_FALSE(manager_.HasSnapshotUpTo(CommitTs(0)));
  // A reader keeps it past its transaction.
  EXPECT_TRUE(manager_.Commit(*old).ok());
  EXPECT_EQ(manager_.oldest_snapshot(), CommitTs(1));
}

}  // namespace
}  // namespace llkv
