// Recovery and creation of database files.
#include "pager/file/recovery.h"

#include <arrow/buffer.h>
#include <arrow/result.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/blob_reader.h"

namespace llkv::file {

namespace {

/// The slot if it is ours and intact. `*ours` is set where the magic is there, intact or not.
arrow::Result<std::optional<HeaderSlot>> ReadSlot(const StorageFile& file, uint64_t number,
                                                  const FilePagerTestHooks& hooks, bool* ours) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, file.View(number * kPageBytes, sizeof(HeaderSlot)));
  if (!bytes) return std::nullopt;
  HeaderSlot slot;
  std::memcpy(&slot, bytes->data(), sizeof(slot));
  if (slot.magic != kMagic) return std::nullopt;
  *ours = true;
  if (slot.checksum != ChecksumOf(slot) && !hooks.ignore_header_checksum) return std::nullopt;
  return slot;
}

arrow::Status CheckFeatures(const HeaderSlot& slot, const std::string& path, bool for_writing) {
  if (slot.version != kFormatVersion || slot.features_for_reading != 0) {
    return SqlError(sqlstate::kFeatureNotSupported,
                    "'" + path + "' has format version " + std::to_string(slot.version) + " with features " +
                        std::to_string(slot.features_for_reading) + "; this program reads version " +
                        std::to_string(kFormatVersion) + " without features");
  }
  if (for_writing && slot.features_for_writing != 0) {
    return SqlError(sqlstate::kFeatureNotSupported, "'" + path + "' uses features " +
                                                        std::to_string(slot.features_for_writing) +
                                                        " that this program cannot write; it can be opened read-only");
  }
  return arrow::Status::OK();
}

/// The slots that may be opened, the newest first. Says where one is damaged that should not be.
arrow::Result<std::vector<HeaderSlot>> ReadHeaders(const StorageFile& file, bool for_writing,
                                                   const FilePagerTestHooks& hooks,
                                                   std::vector<std::string>* warnings) {
  bool ours = false;
  std::vector<HeaderSlot> slots;
  for (const uint64_t number : {uint64_t{0}, uint64_t{1}}) {
    ARROW_ASSIGN_OR_RAISE(const auto slot, ReadSlot(file, number, hooks, &ours));
    if (slot) slots.push_back(*slot);
  }
  if (slots.empty()) {
    if (!ours) return Corrupted("'" + file.path() + "' is not an LLKV database");
    return Corrupted("'" + file.path() + "': both header slots are damaged");
  }
  std::stable_sort(slots.begin(), slots.end(),
                   [](const HeaderSlot& a, const HeaderSlot& b) { return a.sequence > b.sequence; });
  ARROW_RETURN_NOT_OK(CheckFeatures(slots.front(), file.path(), for_writing));
  const uint64_t damaged = slots.front().sequence % 2;
  bool is_damaged = false;
  if (warnings != nullptr && slots.size() == 1) {
    ARROW_ASSIGN_OR_RAISE(const bool is_unwritten, IsUnwritten(file, damaged));
    is_damaged = !is_unwritten;
  }
  if (is_damaged) {
    warnings->push_back("'" + file.path() + "': header slot " + std::to_string(damaged) + " at byte " +
                        std::to_string(damaged * kPageBytes) + " is damaged; the other one was used (checkpoint " +
                        std::to_string(slots.front().sequence) + ")");
  }
  // A slot that should have been refused must be seen to do harm: the older one would hide it.
  if (hooks.ignore_header_checksum) slots.resize(1);
  return slots;
}

/// The data that the checkpoint needs must be there; the log's tail need not.
arrow::Status CheckNotTruncated(const StorageFile& file, const std::vector<Segment>& segments) {
  uint64_t needed = 0;
  for (const Segment& segment : segments) {
    if (segment.kind == SegmentKind::kData) needed = std::max(needed, segment.offset + segment.used);
  }
  if (needed <= file.size()) return arrow::Status::OK();
  return Corrupted("'" + file.path() + "' was truncated: it has " + std::to_string(file.size()) +
                   " bytes, and its data reach to byte " + std::to_string(needed));
}

/// Applies the commits after a checkpoint.
class Replay {
 public:
  Replay(const StorageFile& file, SegmentSpace& space, NodeSource& nodes, ReplayBound bound, Recovered& state)
      : file_(file), space_(space), nodes_(nodes), bound_(bound), state_(state) {}

  arrow::Status Run(LogPosition start) {
    LogCursor cursor(file_, start, true);
    cursor.set_on_segment([&](const Segment& segment) {
      state_.unsynced.push_back({run_start_, run_end_ + kJumpEntryBytes - run_start_});
      run_start_ = run_end_ = segment.offset;
      return segment.kind == SegmentKind::kLog && space_.AddKnown(segment).ok();
    });
    run_start_ = run_end_ = start.offset;
    while (cursor.position().next_lsn <= bound_.last_lsn) {
      ARROW_ASSIGN_OR_RAISE(const auto entry, cursor.Next());
      if (!entry) break;
      ARROW_ASSIGN_OR_RAISE(const bool whole, BlobsAreThere(*entry));
      if (!whole) {
        LogPosition before = cursor.position();
        before.offset = entry->offset;
        before.next_lsn = entry->lsn;
        before.chain = entry->commit.fixed.previous;
        return Finish(LogCursor(file_, before, true));
      }
      ARROW_RETURN_NOT_OK(Apply(*entry));
      run_end_ = cursor.position().offset;
      state_.replayed_log_bytes += run_end_ - entry->offset;
    }
    return Finish(cursor);
  }

 private:
  arrow::Status Finish(const LogCursor& cursor) {
    const LogPosition& end = cursor.position();
    bool is_lost = false;
    if (bound_.judges_end) {
      ARROW_ASSIGN_OR_RAISE(is_lost, cursor.LostDurableCommit());
    }
    if (is_lost) {
      return Corrupted("'" + file_.path() + "': commit " + std::to_string(end.next_lsn) + " at byte " +
                       std::to_string(end.offset) +
                       " is damaged, although it was durable when later ones were written");
    }
    if (run_end_ > run_start_) state_.unsynced.push_back({run_start_, run_end_ - run_start_});
    state_.log = end;
    return arrow::Status::OK();
  }

  /// False where a blob of the commit never reached the disk whole: then the commit did not happen.
  arrow::Result<bool> BlobsAreThere(const LogEntry& entry) {
    const CommitView& commit = entry.commit;
    std::vector<uint64_t> added;
    for (size_t i = 0; i < commit.fixed.num_segments; ++i) {
      ARROW_ASSIGN_OR_RAISE(const bool fresh, space_.AddKnown(commit.segment(i)));
      if (fresh) added.push_back(commit.segment(i).offset);
    }
    for (size_t i = 0; i < commit.fixed.num_puts; ++i) {
      const PutRecord put = commit.put(i);
      const uint64_t start = put.blob.offset - sizeof(EntryHeader);
      const Segment segment = space_.FindAround(start);
      if (put.blob.offset < sizeof(EntryHeader) || segment.kind != SegmentKind::kData ||
          put.blob.offset > segment.end() || put.blob.length > segment.end() - put.blob.offset) {
        return Corrupted("'" + file_.path() + "': commit " + std::to_string(entry.lsn) + " puts key " +
                         std::to_string(put.key) + " outside of all data segments");
      }
      if (entry.lsn <= bound_.acknowledged_lsn || (commit.fixed.flags & kCommitBlobsSynced) != 0) continue;
      state_.replayed_blob_bytes += EntryBytes(put.blob.length);
      ARROW_ASSIGN_OR_RAISE(const bool is_there, BlobIsThere(put));
      if (is_there) continue;
      // Nothing that exists names its segments.
      for (const uint64_t offset : added) space_.Abandon(offset);
      return false;
    }
    return true;
  }

  /// An older blob at the same place could be whole, too.
  arrow::Result<bool> BlobIsThere(const PutRecord& put) const {
    const auto blob = ReadEntry(file_, EntryType::kBlob, put.key, put.blob, true);
    // What cannot be read may be there.
    if (!blob.ok() && GetSqlState(blob.status()) != sqlstate::kDataCorrupted) return blob.status();
    return blob.ok() && HashBytes(blob->data(), blob->size()) == put.checksum;
  }

  arrow::Status ApplyPut(const LogEntry& entry, const PutRecord& put) {
    if ((entry.commit.fixed.flags & kCommitMoves) == 0) {
      ARROW_ASSIGN_OR_RAISE(const bool fresh, state_.directory.Insert(put.key, put.blob, entry.lsn, nodes_));
      if (!fresh) return Contradiction(entry.lsn, put.key, "which has a blob");
      state_.live_bytes += put.blob.length;
      return arrow::Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(const auto from, state_.directory.Move(put.key, put.blob, entry.lsn, nodes_));
    if (!from || from->length != put.blob.length) return Contradiction(entry.lsn, put.key, "which has no such blob");
    space_.SubtractLive(from->offset - sizeof(EntryHeader), EntryBytes(from->length));
    return arrow::Status::OK();
  }

  arrow::Status Apply(const LogEntry& entry) {
    const CommitView& commit = entry.commit;
    for (size_t i = 0; i < commit.fixed.num_puts; ++i) {
      const PutRecord put = commit.put(i);
      ARROW_RETURN_NOT_OK(ApplyPut(entry, put));
      const uint64_t start = put.blob.offset - sizeof(EntryHeader);
      const uint64_t bytes = EntryBytes(put.blob.length);
      space_.ExtendUsed(start, start + bytes);
      space_.AddLive(start, bytes);
      if ((commit.fixed.flags & kCommitBlobsSynced) == 0) state_.unsynced.push_back({start, bytes});
    }
    for (size_t i = 0; i < commit.fixed.num_frees; ++i) {
      const uint64_t key = commit.free(i);
      ARROW_ASSIGN_OR_RAISE(const auto place, state_.directory.Erase(key, entry.lsn, nodes_));
      if (!place) return Contradiction(entry.lsn, key, "which has none");
      space_.SubtractLive(place->offset - sizeof(EntryHeader), EntryBytes(place->length));
      state_.live_bytes -= place->length;
    }
    if ((commit.fixed.flags & kCommitHasRoot) != 0) {
      state_.root = arrow::Buffer::FromString(std::string(commit.root.begin(), commit.root.end()));
      ++state_.root_version;
    }
    state_.truncated_lsn = std::max(state_.truncated_lsn, commit.fixed.truncate_lsn);
    state_.next_key = std::max(state_.next_key, commit.fixed.next_key);
    state_.lsn = entry.lsn;
    return arrow::Status::OK();
  }

  arrow::Status Contradiction(uint64_t lsn, uint64_t key, const char* what) const {
    return Corrupted("'" + file_.path() + "': commit " + std::to_string(lsn) + " puts, moves or frees key " +
                     std::to_string(key) + ", " + what);
  }

  const StorageFile& file_;
  SegmentSpace& space_;
  NodeSource& nodes_;
  const ReplayBound bound_;
  Recovered& state_;
  // The log bytes walked in the current segment.
  uint64_t run_start_ = 0;
  uint64_t run_end_ = 0;
};

}  // namespace

arrow::Result<Recovered> LoadCheckpoint(const StorageFile& file, SegmentSpace& space, NodeSource& nodes,
                                        const HeaderSlot& header) {
  Recovered state;
  state.header = header;
  ARROW_ASSIGN_OR_RAISE(const auto record,
                        ReadEntry(file, EntryType::kCheckpoint, state.header.sequence, state.header.checkpoint, true));
  if (HashBytes(record.data(), record.size()) != state.header.checkpoint_checksum) {
    return Corrupted("'" + file.path() + "': the checkpoint record does not match its header slot");
  }
  ARROW_ASSIGN_OR_RAISE(const CheckpointRecord checkpoint, DecodeCheckpoint(record, file.path()));
  const CheckpointFixed& fixed = checkpoint.fixed;
  ARROW_RETURN_NOT_OK(CheckNotTruncated(file, checkpoint.segments));
  ARROW_RETURN_NOT_OK(space.Load(checkpoint.segments));
  // The header slot may be in the kernel's cache only: a checkpoint whose last sync failed has left it so. Until the
  // next checkpoint nothing is overwritten that the slot before leads to.
  space.SetDurableSequence(state.header.sequence - 1);

  ARROW_ASSIGN_OR_RAISE(state.checkpoint_directory,
                        KeyDirectory::Load(nodes, fixed.directory, fixed.directory_height, fixed.num_keys));
  state.directory = state.checkpoint_directory;
  state.checkpoint_lsn = state.lsn = fixed.lsn;
  if (fixed.has_root != 0) {
    state.root = arrow::Buffer::FromString(std::string(checkpoint.root.begin(), checkpoint.root.end()));
  }
  state.root_version = fixed.root_version;
  state.live_bytes = fixed.live_bytes;
  state.next_key = fixed.next_key;
  state.truncated_lsn = fixed.truncated_lsn;

  LogPosition start;
  start.segment = space.FindAround(fixed.log_offset);
  start.offset = fixed.log_offset;
  start.next_lsn = fixed.lsn + 1;
  start.chain = fixed.chain;
  if (start.segment.kind != SegmentKind::kLog) {
    return Corrupted("'" + file.path() + "': the log begins at byte " + std::to_string(fixed.log_offset) +
                     ", outside of all log segments");
  }
  state.log = start;
  return state;
}

arrow::Status ReplayLog(const StorageFile& file, SegmentSpace& space, NodeSource& nodes, const ReplayBound& bound,
                        Recovered& state) {
  return Replay(file, space, nodes, bound, state).Run(state.log);
}

arrow::Result<bool> IsUnwritten(const StorageFile& file, uint64_t number) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, file.View(number * kPageBytes, sizeof(HeaderSlot)));
  return bytes && std::all_of(bytes->bytes.begin(), bytes->bytes.end(), [](uint8_t byte) { return byte == 0; });
}

arrow::Result<HeaderSlot> ReadHeader(const StorageFile& file, bool for_writing, const FilePagerTestHooks& hooks,
                                     std::vector<std::string>* warnings) {
  ARROW_ASSIGN_OR_RAISE(const std::vector<HeaderSlot> slots, ReadHeaders(file, for_writing, hooks, warnings));
  return slots.front();
}

arrow::Result<Recovered> Recover(const StorageFile& file, SegmentSpace& space, NodeSource& nodes,
                                 const FilePagerTestHooks& hooks) {
  const auto recover_from = [&](const HeaderSlot& slot) -> arrow::Result<Recovered> {
    ARROW_ASSIGN_OR_RAISE(Recovered state, LoadCheckpoint(file, space, nodes, slot));
    ARROW_RETURN_NOT_OK(ReplayLog(file, space, nodes, ReplayBound{}, state));
    return state;
  };
  std::vector<std::string> warnings;
  ARROW_ASSIGN_OR_RAISE(const std::vector<HeaderSlot> slots, ReadHeaders(file, /*for_writing=*/true, hooks, &warnings));
  arrow::Result<Recovered> newest = recover_from(slots.front());
  if (!newest.ok() && slots.size() == 2 && GetSqlState(newest.status()) == sqlstate::kDataCorrupted &&
      CheckFeatures(slots[1], file.path(), /*for_writing=*/true).ok()) {
    // The checkpoint before, and the log from there on, lead to the same commit.
    arrow::Result<Recovered> older = recover_from(slots[1]);
    if (!older.ok()) return newest;
    warnings.push_back("checkpoint " + std::to_string(slots.front().sequence) + " cannot be used (" +
                       newest.status().message() + "); the database was opened by checkpoint " +
                       std::to_string(slots[1].sequence) + " and the log after it");
    newest = std::move(older);
  }
  if (newest.ok()) {
    newest->warnings = std::move(warnings);
    newest->unsynced.push_back({(newest->header.sequence - 1) % 2 * kPageBytes, sizeof(HeaderSlot)});
  }
  return newest;
}

arrow::Status PrepareForWriting(StorageFile& file, SegmentSpace& space, const Recovered& recovered) {
  space.AdoptGaps();
  const uint64_t end = space.end();
  if (file.size() > end) ARROW_RETURN_NOT_OK(file.Truncate(end));
  if (file.size() < end) ARROW_RETURN_NOT_OK(file.Allocate(file.size(), end - file.size()));
  ARROW_ASSIGN_OR_RAISE(const auto head, file.View(recovered.log.offset, sizeof(EntryHeader)));
  const bool clean_end =
      !head || std::all_of(head->bytes.begin(), head->bytes.end(), [](uint8_t byte) { return byte == 0; });
  if (clean_end) return arrow::Status::OK();
  // The next commit goes to the same place: the sync that makes it durable is early enough for this.
  return file.Write(recovered.log.offset, std::vector<uint8_t>(sizeof(EntryHeader), 0));
}

arrow::Status WriteAgain(StorageFile& file, const std::vector<Extent>& unsynced) {
  std::vector<uint8_t> copy;
  for (const Extent& extent : unsynced) {
    constexpr uint64_t kStep = uint64_t{1} << 20;
    for (uint64_t done = 0; done < extent.length; done += kStep) {
      ARROW_ASSIGN_OR_RAISE(const auto bytes, file.View(extent.offset + done, std::min(kStep, extent.length - done)));
      if (!bytes) break;
      copy.assign(bytes->bytes.begin(), bytes->bytes.end());
      ARROW_RETURN_NOT_OK(file.Write(extent.offset + done, copy));
    }
  }
  return arrow::Status::OK();
}

arrow::Status RemoveUnfinishedVacuum(FileSystem& file_system, const std::string& path) {
  const std::string left = path + "-vacuum";
  ARROW_ASSIGN_OR_RAISE(const bool exists, file_system.Exists(left));
  return exists ? file_system.Unlink(left) : arrow::Status::OK();
}

std::array<uint8_t, 16> MakeFileId() {
  std::array<uint8_t, 16> id;
  std::random_device device;
  for (uint8_t& byte : id) byte = static_cast<uint8_t>(device());
  return id;
}

arrow::Status CreateDatabaseFile(FileSystem& file_system, const std::string& path, const PagerOptions& options) {
  // Under another name first: a crash leaves no database or a whole one.
  const std::string fresh_path = path + "-new";
  ARROW_ASSIGN_OR_RAISE(auto opened, file_system.Open(fresh_path, {.write = true, .create = true, .truncate = true}));
  ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), options.address_space_bytes, options.io));
  SegmentSpace space(*file, options);
  HeaderSlot slot;
  slot.file_id = MakeFileId();
  slot.sequence = 1;
  slot.flags = kHeaderNameUnsynced;

  CheckpointRecord checkpoint;
  checkpoint.fixed.sequence = slot.sequence;
  checkpoint.fixed.chain = FileIdHash(slot);
  checkpoint.fixed.next_key = 1;
  ARROW_RETURN_NOT_OK(file->Allocate(0, kHeaderBytes));
  ARROW_ASSIGN_OR_RAISE(const Segment log, space.AllocateLog(kJumpEntryBytes, 1));
  checkpoint.fixed.log_offset = log.offset;
  const uint64_t length = sizeof(CheckpointFixed) + 2 * sizeof(Segment);
  ARROW_ASSIGN_OR_RAISE(const uint64_t place, space.AllocateData(EntryBytes(length)));
  space.MakeLive(place, EntryBytes(length));
  checkpoint.segments = space.Segments();
  const std::vector<uint8_t> record = EncodeCheckpoint(checkpoint);
  const uint64_t checksum = HashBytes(record.data(), record.size());
  const EntryHeader header = MakeEntryHeader(EntryType::kCheckpoint, 0, slot.sequence, record.size(), checksum);
  slot.checkpoint = {place + sizeof(EntryHeader), record.size()};
  slot.checkpoint_checksum = checksum;
  slot.checksum = ChecksumOf(slot);
  ARROW_RETURN_NOT_OK(file->Write(0, BytesOf(slot)));
  ARROW_RETURN_NOT_OK(file->Write(place, BytesOf(header)));
  ARROW_RETURN_NOT_OK(file->Write(slot.checkpoint.offset, record));
  ARROW_RETURN_NOT_OK(file->Sync());
  ARROW_RETURN_NOT_OK(file_system.Rename(fresh_path, path));
  return file_system.SyncDirectoryOf(path);
}

}  // namespace llkv::file
