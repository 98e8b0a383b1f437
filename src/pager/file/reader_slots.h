// ReaderSlots: the lock file of a database (PATH-lock), through which processes that share the file know of each other:
// the writer's lease, which commits readers may see, and which checkpoint each reader needs.
//
//   byte 0      locked exclusively by the writer: its lease
//   byte 1      locked exclusively by the writer from its first record on: until then it appends nothing
//   byte 2      locked shared by readers that cannot write their slot: they need every checkpoint
//   0 .. 31     the writer's record (VisibleRecord), on the first page
//   4096 ..     slots of 64 bytes: PinRecord; a slot counts while its first byte is locked, by the reader that owns it
//
// The kernel releases the locks of whoever dies, so a dead writer's lease and a dead reader's pin lapse. It knows
// numbers of checkpoints and commits, not what they lead to.
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "os/file_system.h"

namespace llkv::file {

/// What the writer last allowed readers to see.
struct VisibleRecord {
  static constexpr uint64_t kRecordMagic = 0x3156564B4C4C;  // "LLKVV1"
  uint64_t magic = kRecordMagic;
  /// FileIdHash of the database file that it is about: a lock file outlives its database.
  uint64_t file = 0;
  /// The last commit that has reached its level of durability, with all before it.
  uint64_t lsn = 0;
  /// XXH3-64 of the above.
  uint64_t check = 0;
};
static_assert(sizeof(VisibleRecord) == 32);

/// A reader's slot.
struct PinRecord {
  /// The oldest checkpoint that the reader needs.
  uint64_t sequence = 0;
  /// For people.
  uint64_t pid = 0;
  uint64_t reserved[5] = {};
  /// XXH3-64 of the above.
  uint64_t check = 0;
};
static_assert(sizeof(PinRecord) == 64);

/// One thread at a time.
class ReaderSlots {
 public:
  static constexpr uint64_t kFirstSlot = 4096;
  static constexpr uint64_t kSlotBytes = sizeof(PinRecord);
  static constexpr uint64_t kMaxSlots = 65536;

  /// Takes the lease of the database at `path`. 55006 where another writer has it.
  static arrow::Result<std::unique_ptr<ReaderSlots>> OpenForWriting(FileSystem& file_system, const std::string& path);
  /// Null where there is no lock file and none can be made: in such a folder there can be no writer either. No slot is
  /// taken yet.
  static arrow::Result<std::unique_ptr<ReaderSlots>> OpenForReading(FileSystem& file_system, const std::string& path);

  File& file() { return *file_; }

  // The writer:

  /// Readers may see the commits up to `lsn` of the file with that FileIdHash. The first call comes before the first
  /// commit.
  arrow::Status WriteVisible(uint64_t file, uint64_t lsn);
  /// The smallest checkpoint that some living reader needs; nothing where there is no reader. 0 where one needs
  /// everything. A reader that begins after a checkpoint was made durable never needs one before it, so what this says
  /// about older ones stays true.
  arrow::Result<std::optional<uint64_t>> OldestPin();

  // A reader:

  /// Whether a writer, in this process or another, lives and has told what is visible. One that is still opening the
  /// file does not count: it has appended nothing.
  arrow::Result<bool> WriterLives();
  /// The writer's record; nothing where none was written, or it is not whole.
  std::optional<VisibleRecord> ReadVisible();
  /// Takes a slot, which needs everything until WritePin; for good where the slot cannot be written. 55006 where all
  /// are taken.
  arrow::Status TakeSlot();
  /// Needs checkpoint `sequence` and later ones from now on.
  arrow::Status WritePin(uint64_t sequence);

 private:
  arrow::Status NeedEverything();
  ReaderSlots(std::unique_ptr<File> file, bool writable) : file_(std::move(file)), writable_(writable) {}

  std::unique_ptr<File> file_;
  /// Over the writer's record; null before it is first read.
  std::unique_ptr<FileMapping> mapping_;
  const bool writable_;
  /// The writer has told what is visible.
  bool has_shown_ = false;
  /// The offset of this reader's slot; 0 for none.
  uint64_t slot_ = 0;
};

}  // namespace llkv::file
