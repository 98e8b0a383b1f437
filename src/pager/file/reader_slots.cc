// ReaderSlots over byte-range locks and small records.
#include "pager/file/reader_slots.h"

#include <arrow/result.h>
#include <arrow/status.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/format.h"

namespace llkv::file {

namespace {

constexpr uint64_t kLeaseByte = 0;
constexpr uint64_t kShowsByte = 1;
constexpr uint64_t kNeedsAllByte = 2;
constexpr uint64_t kSlotsEnd = ReaderSlots::kFirstSlot + ReaderSlots::kMaxSlots * ReaderSlots::kSlotBytes;

template <typename Record>
uint64_t CheckOf(const Record& record) {
  return HashBytes(&record, offsetof(Record, check));
}

std::string LockPath(const std::string& path) { return path + "-lock"; }

arrow::Status CheckLocal(File& file, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const bool remote, file.IsRemote());
  if (!remote) return arrow::Status::OK();
  return SqlError(sqlstate::kFeatureNotSupported,
                  "'" + path + "' is on a network filesystem, whose locks cannot be relied upon");
}

}  // namespace

arrow::Result<std::unique_ptr<ReaderSlots>> ReaderSlots::OpenForWriting(FileSystem& file_system,
                                                                        const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(auto file,
                        file_system.Open(LockPath(path), {.write = true, .create = true, .truncate = false}));
  ARROW_ASSIGN_OR_RAISE(const bool locked, file->TryLock(kLeaseByte, 1, LockKind::kExclusive));
  if (!locked) {
    return SqlError(sqlstate::kObjectInUse, "the database '" + path +
                                                "' is in use, in this process or another (its lock file is '" +
                                                LockPath(path) + "')");
  }
  ARROW_RETURN_NOT_OK(CheckLocal(*file, path));
  return std::unique_ptr<ReaderSlots>(new ReaderSlots(std::move(file), true));
}

arrow::Result<std::unique_ptr<ReaderSlots>> ReaderSlots::OpenForReading(FileSystem& file_system,
                                                                        const std::string& path) {
  const std::string lock_path = LockPath(path);
  auto opened = file_system.Open(lock_path, {.write = true, .create = true, .truncate = false});
  const bool writable = opened.ok();
  if (!writable) {
    ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(lock_path));
    if (!exists) return nullptr;
    opened = file_system.Open(lock_path, {.write = false, .create = false, .truncate = false});
  }
  ARROW_RETURN_NOT_OK(opened.status());
  ARROW_RETURN_NOT_OK(CheckLocal(**opened, path));
  return std::unique_ptr<ReaderSlots>(new ReaderSlots(std::move(*opened), writable));
}

arrow::Status ReaderSlots::WriteVisible(uint64_t file, uint64_t lsn) {
  VisibleRecord record;
  record.file = file;
  record.lsn = lsn;
  record.check = CheckOf(record);
  arrow::Status written = file_->Write(0, BytesOf(record));
  // Also where it could not be written: readers stay at what was there.
  if (!has_shown_) {
    ARROW_ASSIGN_OR_RAISE(has_shown_, file_->TryLock(kShowsByte, 1, LockKind::kExclusive));
  }
  return written;
}

arrow::Result<std::optional<uint64_t>> ReaderSlots::OldestPin() {
  ARROW_ASSIGN_OR_RAISE(const bool any, file_->IsLocked(kNeedsAllByte, kSlotsEnd - kNeedsAllByte));
  if (!any) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(const bool needs_all, file_->IsLocked(kNeedsAllByte, 1));
  if (needs_all) return 0;
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file_->Size());
  const uint64_t num_slots = size <= kFirstSlot ? 0 : std::min(kMaxSlots, (size - kFirstSlot) / kSlotBytes);
  const uint64_t written_end = kFirstSlot + num_slots * kSlotBytes;
  if (written_end < kSlotsEnd) {
    // A slot that was taken and not written yet.
    ARROW_ASSIGN_OR_RAISE(const bool unwritten, file_->IsLocked(written_end, kSlotsEnd - written_end));
    if (unwritten) return 0;
  }
  // A pin that is written after this is one of a reader that sees the newest checkpoint.
  std::vector<PinRecord> pins(num_slots);
  ARROW_ASSIGN_OR_RAISE(const size_t got, file_->Read(kFirstSlot, {reinterpret_cast<uint8_t*>(pins.data()),
                                                                   pins.size() * sizeof(PinRecord)}));
  if (got != pins.size() * sizeof(PinRecord)) return 0;
  std::optional<uint64_t> oldest;
  for (uint64_t i = 0; i < num_slots; ++i) {
    ARROW_ASSIGN_OR_RAISE(const bool is_held, file_->IsLocked(kFirstSlot + i * kSlotBytes, 1));
    if (!is_held) continue;
    const uint64_t pin = pins[i].check == CheckOf(pins[i]) ? pins[i].sequence : 0;
    oldest = std::min(oldest.value_or(pin), pin);
  }
  return oldest;
}

arrow::Result<bool> ReaderSlots::WriterLives() { return file_->IsLocked(kShowsByte, 1); }

std::optional<VisibleRecord> ReaderSlots::ReadVisible() {
  if (mapping_ == nullptr) {
    const auto size = file_->Size();
    if (!size.ok() || *size < sizeof(VisibleRecord)) return std::nullopt;
    auto mapping = file_->Map(kFirstSlot);
    if (!mapping.ok() || !(*mapping)->Extend(kFirstSlot).ok()) return std::nullopt;
    mapping_ = std::move(*mapping);
  }
  // The writer may be in the middle of writing it.
  constexpr int kMaxTries = 1000;
  for (int i = 0; i < kMaxTries; ++i) {
    std::array<uint64_t, sizeof(VisibleRecord) / sizeof(uint64_t)> words;
    const auto* from = reinterpret_cast<const uint64_t*>(mapping_->data());
    for (size_t word = 0; word < words.size(); ++word) words[word] = __atomic_load_n(from + word, __ATOMIC_ACQUIRE);
    VisibleRecord record;
    std::memcpy(static_cast<void*>(&record), words.data(), sizeof(record));
    if (record.magic == VisibleRecord::kRecordMagic && record.check == CheckOf(record)) return record;
  }
  return std::nullopt;
}

arrow::Status ReaderSlots::NeedEverything() {
  ARROW_ASSIGN_OR_RAISE(const bool locked, file_->TryLock(kNeedsAllByte, 1, LockKind::kShared));
  if (locked) return arrow::Status::OK();
  return SqlError(sqlstate::kIoError, "lock '" + file_->path() + "': another program holds its locks");
}

arrow::Status ReaderSlots::TakeSlot() {
  if (!writable_) return NeedEverything();
  for (uint64_t i = 0; i < kMaxSlots; ++i) {
    const uint64_t place = kFirstSlot + i * kSlotBytes;
    ARROW_ASSIGN_OR_RAISE(const bool locked, file_->TryLock(place, 1, LockKind::kExclusive));
    if (!locked) continue;
    slot_ = place;
    // What a reader before wrote there says nothing about this one.
    if (WritePin(0).ok()) return arrow::Status::OK();
    slot_ = 0;
    ARROW_RETURN_NOT_OK(file_->Unlock(place, 1));
    return NeedEverything();
  }
  return SqlError(sqlstate::kObjectInUse, "'" + file_->path() + "': the database has " + std::to_string(kMaxSlots) +
                                              " readers, and takes no more");
}

arrow::Status ReaderSlots::WritePin(uint64_t sequence) {
  if (slot_ == 0) return arrow::Status::OK();
  PinRecord pin;
  pin.sequence = sequence;
  pin.pid = static_cast<uint64_t>(::getpid());
  pin.check = CheckOf(pin);
  return file_->Write(slot_, BytesOf(pin));
}

}  // namespace llkv::file
