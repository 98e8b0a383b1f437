// FilePager: the integrity check. Reads header slots, the checkpoint record, the key directory, every blob and the log
// anew, and compares what the segments count as live with what is.
#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "pager/file/file_pager.h"
#include "pager/file/log_cursor.h"
#include "pager/file/reader_pager.h"

namespace llkv::file {

namespace {

/// Collects the findings of one check; what is read is given by the pager.
class FileCheck {
 public:
  FileCheck(const StorageFile& file, std::vector<Segment> segments, const IntegrityVisitor& visit)
      : file_(file), segments_(std::move(segments)), visit_(visit) {}

  void Report(PhysicalKey key, uint64_t offset, std::string message) {
    if (!status_.ok()) return;
    status_ = visit_({TableId(), key, offset, std::move(message)});
  }
  /// A sentence about the file.
  void Report(uint64_t offset, const std::string& what) {
    Report(PhysicalKey(), offset, "'" + file_.path() + "': " + what);
  }

  /// `newest` may lack the flags that the file has.
  void CheckHeaders(const HeaderSlot& newest) {
    const uint64_t newest_number = (newest.sequence - 1) % 2;
    HeaderSlot slot;
    // The first checkpoint of a file, which VACUUM writes too, has none before it.
    const bool is_first = ReadSlot(newest_number, &slot) && (slot.flags & kHeaderNameUnsynced) != 0;
    for (const uint64_t number : {uint64_t{0}, uint64_t{1}}) {
      const bool is_newest = number == newest_number;
      if (!is_newest && is_first && IsUnwritten(file_, number).ValueOr(false)) continue;
      if (!ReadSlot(number, &slot)) {
        Report(number * kPageBytes, "header slot " + std::to_string(number) + " is damaged");
      } else if (slot.sequence != (is_newest ? newest.sequence : newest.sequence - 1) ||
                 slot.file_id != newest.file_id) {
        Report(number * kPageBytes, "header slot " + std::to_string(number) + " is of another checkpoint or database");
      }
    }
  }

  /// False where the slot is not intact, or cannot be read.
  bool ReadSlot(uint64_t number, HeaderSlot* slot) const {
    const auto bytes = file_.View(number * kPageBytes, sizeof(HeaderSlot));
    if (!bytes.ok() || !*bytes) return false;
    std::memcpy(slot, (*bytes)->data(), sizeof(*slot));
    return slot->magic == kMagic && slot->checksum == ChecksumOf(*slot);
  }

  /// Verifies an entry that is live, and remembers its place.
  void CheckEntry(EntryType type, uint64_t key, Extent place) {
    if (status_.ok()) status_ = visit_.CheckStop();
    if (!status_.ok()) return;
    const auto bytes = ReadEntry(file_, type, key, place, true);
    if (!bytes.ok()) {
      Report(PhysicalKey(type == EntryType::kBlob ? key : 0), place.offset, bytes.status().message());
    }
    if (place.offset < kHeaderBytes + sizeof(EntryHeader)) return;
    live_.push_back({place.offset - sizeof(EntryHeader), EntryBytes(place.length)});
  }

  void CheckDirectory(const KeyDirectory& directory, NodeSource& nodes, bool with_blobs) {
    uint64_t num_keys = 0;
    KeyDirectory::CheckVisitor visitor;
    visitor.node = [&](uint64_t first_key, unsigned, Extent place) {
      if (!with_blobs) CheckEntry(EntryType::kDirectoryNode, first_key, place);
    };
    visitor.blob = [&](uint64_t key, Extent place) {
      ++num_keys;
      if (with_blobs) CheckEntry(EntryType::kBlob, key, place);
    };
    visitor.damaged = [&](Extent place, const arrow::Status& damage) {
      num_keys = directory.num_keys();
      if (!with_blobs) Report(PhysicalKey(), place.offset, damage.message());
    };
    directory.Check(nodes, visitor);
    if (num_keys != directory.num_keys()) {
      Report(0, "the key directory has " + std::to_string(num_keys) + " keys and counts " +
                    std::to_string(directory.num_keys()));
    }
  }

  /// Live entries lie apart, inside the used part of data segments, which count at least them as live.
  void CheckSegments() {
    std::sort(live_.begin(), live_.end(), [](const Extent& a, const Extent& b) { return a.offset < b.offset; });
    std::map<uint64_t, uint64_t> live_bytes;
    for (size_t i = 0; i < live_.size(); ++i) {
      const Extent& entry = live_[i];
      if (i > 0 && live_[i - 1].offset + live_[i - 1].length > entry.offset) {
        Report(entry.offset, "the entries at bytes " + std::to_string(live_[i - 1].offset) + " and " +
                                 std::to_string(entry.offset) + " overlap");
      }
      const Segment* segment = Around(entry.offset);
      if (segment == nullptr || segment->kind != SegmentKind::kData ||
          entry.offset + entry.length > segment->offset + segment->used) {
        Report(entry.offset,
               "the entry at byte " + std::to_string(entry.offset) + " lies outside of the used data segments");
      } else {
        live_bytes[segment->offset] += entry.length;
      }
    }
    uint64_t end = kHeaderBytes;
    for (const Segment& segment : segments_) {
      if (segment.offset < end) {
        Report(segment.offset, "the segment at byte " + std::to_string(segment.offset) + " overlaps the one before");
      }
      end = segment.end();
      if (segment.kind != SegmentKind::kData || segment.live >= live_bytes[segment.offset]) continue;
      Report(segment.offset, "the segment at byte " + std::to_string(segment.offset) + " counts " +
                                 std::to_string(segment.live) + " live bytes and has " +
                                 std::to_string(live_bytes[segment.offset]));
    }
  }

  /// The log from its first kept segment up to commit `last`.
  void CheckLog(const Segment& first, uint64_t last) {
    LogPosition start;
    start.segment = first;
    start.offset = first.offset;
    start.next_lsn = first.since;
    LogCursor cursor(file_, start, false);
    while (cursor.position().next_lsn <= last) {
      const auto entry = cursor.Next();
      if (entry.ok() && *entry) continue;
      if (!entry.ok()) {
        Report(PhysicalKey(), cursor.position().offset, entry.status().message());
        return;
      }
      Report(cursor.position().offset, "commit " + std::to_string(cursor.position().next_lsn) + " at byte " +
                                           std::to_string(cursor.position().offset) + " is damaged");
      return;
    }
  }

  const arrow::Status& status() const { return status_; }

 private:
  const Segment* Around(uint64_t offset) const {
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), offset,
                                        [](uint64_t o, const Segment& segment) { return o < segment.offset; });
    if (after == segments_.begin()) return nullptr;
    const Segment& segment = *std::prev(after);
    return offset < segment.end() ? &segment : nullptr;
  }

  const StorageFile& file_;
  const std::vector<Segment> segments_;
  const IntegrityVisitor& visit_;
  /// Entries with their headers.
  std::vector<Extent> live_;
  arrow::Status status_;
};

}  // namespace

arrow::Status FilePager::CheckIntegrity(const IntegrityVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  // No checkpoint and no commit changes what is compared.
  MutexLock checkpoint_lock(checkpoint_mutex_);
  MutexLock lock(commit_mutex_);
  ARROW_RETURN_NOT_OK(FlushLog());
  const FileVersion newest = Newest();
  FileCheck check(*core_->file, core_->space.Segments(), visit);
  check.CheckHeaders(header_);
  check.CheckEntry(EntryType::kCheckpoint, header_.sequence, header_.checkpoint);
  check.CheckDirectory(checkpoint_directory_, core_->nodes, false);
  check.CheckDirectory(newest.state->directory, core_->nodes, true);
  check.CheckSegments();
  // What recovery would replay, and what ReadLog gives.
  const uint64_t first = std::min(truncated_lsn_, checkpoint_lsn_);
  if (newest.lsn > first) check.CheckLog(core_->space.FindLog(first), newest.lsn);
  return check.status();
}

arrow::Status ReaderPager::CheckIntegrity(const IntegrityVisitor& visit) {
  ARROW_RETURN_NOT_OK(CheckUsable());
  MutexLock lock(refresh_mutex_);
  FileCheck check(*opened_->file, base_->space.Segments(), visit);
  ARROW_ASSIGN_OR_RAISE(const Horizon horizon, LookAhead(base_->header));
  // A writer may be writing them.
  if (!horizon.has_writer) check.CheckHeaders(base_->header);
  check.CheckEntry(EntryType::kCheckpoint, base_->header.sequence, base_->header.checkpoint);
  SegmentSpace space(*opened_->file, options_);
  const auto checkpoint = LoadCheckpoint(*opened_->file, space, opened_->nodes, base_->header);
  if (checkpoint.ok()) {
    check.CheckDirectory(checkpoint->checkpoint_directory, opened_->nodes, false);
  } else {
    check.Report(PhysicalKey(), base_->header.checkpoint.offset, checkpoint.status().message());
  }
  check.CheckDirectory(followed_.directory, opened_->nodes, true);
  check.CheckSegments();
  const uint64_t first = std::min(followed_.truncated_lsn, followed_.checkpoint_lsn);
  if (!horizon.has_writer && followed_.lsn > first) check.CheckLog(base_->space.FindLog(first), followed_.lsn);
  return check.status();
}

}  // namespace llkv::file
