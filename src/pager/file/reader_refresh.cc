// ReaderPager: opening and following the writer.
//
// How far: while a writer lives, up to the commit in its record, which is written after the commit was acknowledged, so
// all entries up to there are whole and none of them is ever taken back. Where none lives, as far as entries are
// intact; since one may begin at any time, and judge the same entries itself, that counts only if still none lives
// afterwards.
#include <arrow/status.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "base/error.h"
#include "pager/file/reader_pager.h"

namespace llkv::file {

namespace {

/// ReadLog finds its start among so many steps back; else at the start of the log segment.
constexpr size_t kMaxSteps = 64;
/// A writer that is just opening the file tells how far its log is whole once it knows: some milliseconds, seldom more.
constexpr int kMaxTries = 2000;

}  // namespace

arrow::Status ReaderPager::OpenSlots() {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<ReaderSlots> slots, ReaderSlots::OpenForReading(*options_.file_system, path_));
  if (slots != nullptr) ARROW_RETURN_NOT_OK(slots->TakeSlot());
  slots_ = slots;
  pins_ = std::make_shared<BasePins>(std::move(slots));
  return arrow::Status::OK();
}

arrow::Status ReaderPager::OpenFile() {
  ARROW_ASSIGN_OR_RAISE(auto opened, options_.file_system->Open(path_, {.write = false}));
  ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), options_.address_space_bytes, options_.io));
  opened_ = std::make_shared<OpenedFile>(std::move(file));
  return arrow::Status::OK();
}

arrow::Result<ReaderPager::Horizon> ReaderPager::LookAhead(const HeaderSlot& header) {
  Horizon horizon;
  if (slots_ == nullptr) return horizon;
  ARROW_ASSIGN_OR_RAISE(horizon.has_writer, slots_->WriterLives());
  const auto record = slots_->ReadVisible();
  if (!record) return horizon;
  horizon.other_file = record->file != FileIdHash(header);
  horizon.recorded_lsn = record->lsn;
  return horizon;
}

arrow::Result<bool> ReaderPager::IsSuperseded() const {
  for (uint64_t slot = 0; slot < 2; ++slot) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, opened_->file->View(slot * kPageBytes, sizeof(HeaderSlot)));
    if (!bytes) return false;
    uint32_t flags = 0;
    std::memcpy(&flags, bytes->data() + offsetof(HeaderSlot, flags), sizeof(flags));
    if ((flags & kHeaderSuperseded) != 0) return true;
  }
  return false;
}

arrow::Result<bool> ReaderPager::HasNewerCheckpoint() const {
  for (uint64_t slot = 0; slot < 2; ++slot) {
    ARROW_ASSIGN_OR_RAISE(const auto bytes, opened_->file->View(slot * kPageBytes, sizeof(HeaderSlot)));
    if (!bytes) return true;
    uint64_t sequence = 0;
    std::memcpy(&sequence, bytes->data() + offsetof(HeaderSlot, sequence), sizeof(sequence));
    if (sequence > base_->header.sequence) return true;
  }
  return false;
}

arrow::Result<bool> ReaderPager::HasNews(const Horizon& horizon) const {
  if (is_doubtful_ || horizon.other_file || horizon.shown_lsn() > followed_.lsn) return true;
  ARROW_ASSIGN_OR_RAISE(const bool has_newer, HasNewerCheckpoint());
  ARROW_ASSIGN_OR_RAISE(const bool is_superseded, IsSuperseded());
  if (has_newer || is_superseded) return true;
  if (horizon.has_writer) return false;
  ARROW_ASSIGN_OR_RAISE(const auto head, opened_->file->View(followed_.log.offset, sizeof(EntryHeader)));
  return head && !std::equal(head->bytes.begin(), head->bytes.end(), tail_.begin());
}

arrow::Result<std::shared_ptr<ReaderBase>> ReaderPager::PinNewest() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const HeaderSlot header, ReadHeader(*opened_->file, /*for_writing=*/false, hooks_));
    auto base = std::make_shared<ReaderBase>(opened_, header, options_, pins_);
    // A writer that looked for pins before this one was written has made a newer checkpoint.
    ARROW_ASSIGN_OR_RAISE(const HeaderSlot now, ReadHeader(*opened_->file, /*for_writing=*/false, hooks_));
    if (now.sequence == header.sequence) return base;
  }
}

arrow::Status ReaderPager::OpenReplacement() {
  ARROW_ASSIGN_OR_RAISE(auto opened, options_.file_system->Open(path_, {.write = false}));
  ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), options_.address_space_bytes, options_.io));
  ARROW_ASSIGN_OR_RAISE(const HeaderSlot header, ReadHeader(*file, /*for_writing=*/false, hooks_));
  if (base_ != nullptr && header.file_id == base_->header.file_id) return arrow::Status::OK();
  opened_ = std::make_shared<OpenedFile>(std::move(file));
  // Nobody writes the old file any more: what is held in it needs no pin.
  pins_->Detach();
  pins_ = std::make_shared<BasePins>(slots_);
  base_ = nullptr;
  return arrow::Status::OK();
}

arrow::Result<bool> ReaderPager::TryCatchUp() {
  ARROW_RETURN_NOT_OK(opened_->file->FollowSize());
  bool reload = base_ == nullptr || is_doubtful_;
  if (!reload) {
    ARROW_ASSIGN_OR_RAISE(reload, HasNewerCheckpoint());
  }
  std::shared_ptr<ReaderBase> base = base_;
  Recovered state;
  if (reload) {
    ARROW_ASSIGN_OR_RAISE(base, PinNewest());
    ARROW_RETURN_NOT_OK(opened_->file->FollowSize());
    ARROW_ASSIGN_OR_RAISE(state, LoadCheckpoint(*opened_->file, base->space, opened_->nodes, base->header));
    state.checkpoint_directory = KeyDirectory();
    if (base_ != nullptr) ARROW_RETURN_NOT_OK(state.directory.LearnFrom(followed_.directory, opened_->nodes));
  } else {
    state = followed_;
  }
  const LogPosition start = state.log;

  ARROW_ASSIGN_OR_RAISE(const Horizon before, LookAhead(base->header));
  // A VACUUM keeps commits and their numbers: a record about another file asks for no more than what is here, or what
  // it asks for is in the file that is at the path now.
  if (before.has_writer && before.other_file && before.recorded_lsn > state.lsn) return false;
  const uint64_t seen_lsn = base_ == nullptr ? 0 : followed_.lsn;
  ReplayBound bound;
  bound.acknowledged_lsn = std::max(before.has_writer ? before.shown_lsn() : 0, seen_lsn);
  if (before.has_writer) bound.last_lsn = std::max(bound.acknowledged_lsn, state.lsn);
  bound.judges_end = !before.has_writer && base_ == nullptr;
  is_doubtful_ = true;
  // Another process may have made the file longer after the entries were written, never before.
  ARROW_RETURN_NOT_OK(opened_->file->FollowSize());
  const arrow::Status replayed = ReplayLog(*opened_->file, base->space, opened_->nodes, bound, state);
  ARROW_ASSIGN_OR_RAISE(const Horizon after, LookAhead(base->header));
  if (!before.has_writer && after.has_writer) return false;
  ARROW_RETURN_NOT_OK(replayed);
  // Where this process has been reading, no power was lost: what was acknowledged is there.
  const uint64_t expected = before.has_writer  ? bound.last_lsn
                            : base_ != nullptr ? std::max(seen_lsn, before.shown_lsn())
                                               : 0;
  if (state.lsn < expected) {
    return Corrupted("'" + path_ + "': commit " + std::to_string(state.lsn + 1) + " at byte " +
                     std::to_string(state.log.offset) + " is damaged, although commit " + std::to_string(expected) +
                     " was acknowledged");
  }
  state.unsynced.clear();
  ARROW_RETURN_NOT_OK(Publish(std::move(base), std::move(state), start));
  return true;
}

arrow::Status ReaderPager::Publish(std::shared_ptr<ReaderBase> base, Recovered state, const LogPosition& start) {
  ARROW_ASSIGN_OR_RAISE(const auto head, opened_->file->View(state.log.offset, tail_.size()));
  if (base != base_) {
    steps_.clear();
    base_ = std::move(base);
    opened_->held.MoveTo(base_->space, base_->header.sequence);
  }
  steps_.push_back(start);
  if (steps_.size() > kMaxSteps) steps_.pop_front();
  followed_ = std::move(state);
  tail_.fill(0);
  if (head) std::copy(head->bytes.begin(), head->bytes.end(), tail_.begin());
  is_doubtful_ = false;
  auto version = std::make_shared<const ReaderVersion>(ReaderVersion{
      base_, followed_.directory, followed_.root, followed_.root_version, followed_.live_bytes, followed_.lsn});
  MutexLock lock(newest_mutex_);
  newest_.swap(version);
  return arrow::Status::OK();
}

arrow::Status ReaderPager::CatchUp() {
  for (int tries = 1;; ++tries) {
    const auto done = TryCatchUp();
    if (done.ok() && *done) return arrow::Status::OK();
    // While the writer lives, what looks damaged may be what it is just doing.
    if (!done.ok() && GetSqlState(done.status()) != sqlstate::kDataCorrupted) return done.status();
    ARROW_ASSIGN_OR_RAISE(const bool has_writer,
                          slots_ == nullptr ? arrow::Result<bool>(false) : slots_->WriterLives());
    if (tries >= (has_writer ? kMaxTries : 2)) {
      ARROW_RETURN_NOT_OK(done.status());
      if (has_writer) return Corrupted("'" + path_ + "': its writer tells only of another file");
    }
    if (has_writer) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (done.ok()) ARROW_RETURN_NOT_OK(OpenReplacement());
  }
}

arrow::Result<bool> ReaderPager::Refresh() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  MutexLock lock(refresh_mutex_);
  if (slots_ == nullptr) {
    ARROW_RETURN_NOT_OK(OpenSlots());
    is_doubtful_ = slots_ != nullptr;
  }
  const uint64_t old_lsn = followed_.lsn;
  const std::shared_ptr<ReaderBase> old_base = base_;
  // Null where a file was opened in place of another and could not be read.
  if (base_ != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const Horizon horizon, LookAhead(base_->header));
    ARROW_ASSIGN_OR_RAISE(const bool has_news, HasNews(horizon));
    if (!has_news) return false;
    ARROW_ASSIGN_OR_RAISE(const bool is_superseded, IsSuperseded());
    if (horizon.other_file || is_superseded) ARROW_RETURN_NOT_OK(OpenReplacement());
  }
  ARROW_RETURN_NOT_OK(CatchUp());
  return followed_.lsn != old_lsn || base_ != old_base;
}

}  // namespace llkv::file
