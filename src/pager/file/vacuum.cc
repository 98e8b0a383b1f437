// FilePager: VACUUM. What is live is written to PATH-vacuum, which then takes the file's name; the old file goes with
// the last snapshot or buffer that needs it.
//
// The name changes only when the new file is on stable storage, and nothing is committed to it before its name is;
// until then a crash leaves the old file.
#include <arrow/buffer.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/blob_reader.h"
#include "pager/file/checkpoint.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

namespace {

/// Blobs are copied in runs of about this.
constexpr uint64_t kRunBytes = uint64_t{1} << 20;

void Append(std::vector<uint8_t>& out, std::span<const uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// A commit that has only a log record, appended as an entry; gives its checksum.
uint64_t AppendRecord(uint64_t lsn, uint64_t chain, const CommitView* from, uint64_t next_key,
                      std::vector<uint8_t>& out) {
  CommitFixed fixed;
  fixed.previous = chain;
  fixed.next_key = next_key;
  std::span<const uint8_t> record;
  if (from != nullptr && (from->fixed.flags & kCommitHasLog) != 0) {
    fixed.flags = kCommitHasLog;
    record = from->log;
  }
  fixed.log_length = record.size();
  std::vector<uint8_t> bytes;
  Append(bytes, BytesOf(fixed));
  Append(bytes, record);
  const uint64_t checksum = HashBytes(bytes.data(), bytes.size());
  Append(out, BytesOf(MakeEntryHeader(EntryType::kCommit, 0, lsn, bytes.size(), checksum)));
  Append(out, bytes);
  out.resize(RoundUp(out.size(), kAlignment), 0);
  return checksum;
}

/// Marks the header slots of a file that has lost its name, for those who have it open.
void MarkSuperseded(StorageFile& file) {
  for (const uint64_t at : {uint64_t{0}, kPageBytes}) {
    const auto bytes = file.View(at, sizeof(HeaderSlot));
    if (!bytes.ok() || !*bytes) continue;
    HeaderSlot slot;
    std::memcpy(&slot, (*bytes)->data(), sizeof(slot));
    if (slot.magic != kMagic || slot.checksum != ChecksumOf(slot)) continue;
    slot.flags |= kHeaderSuperseded;
    slot.checksum = ChecksumOf(slot);
    // Readers in other processes that miss it see another file's number in the lock file.
    static_cast<void>(file.Write(at, BytesOf(slot)));
  }
}

}  // namespace

/// The file that takes the old one's place.
struct FilePager::NewFile {
  FileVersion version;
  std::shared_ptr<FileCore> core;
  std::shared_ptr<FileState> state;
  LogPosition log;
  HeaderSlot header;
};

arrow::Status FilePager::Vacuum() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  FileSystem& file_system = *options_.file_system;
  MutexLock checkpoint_lock(checkpoint_mutex_);
  MutexLock lock(commit_mutex_);
  ARROW_RETURN_NOT_OK(refusal_);
  ARROW_RETURN_NOT_OK(FlushLog());
  if (!core_->staged.Close()) {
    return SqlError(sqlstate::kObjectInUse, "'" + path_ + "' cannot be replaced while a bulk load writes to it");
  }
  const std::string fresh_path = path_ + "-vacuum";
  NewFile fresh;
  const auto replace = [&]() LLKV_REQUIRES(checkpoint_mutex_, commit_mutex_) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(auto opened, file_system.Open(fresh_path, {.write = true, .create = true, .truncate = true}));
    ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), options_.address_space_bytes, options_.io));
    fresh.core = std::make_shared<FileCore>(std::move(file), options_);
    ARROW_RETURN_NOT_OK(WriteNewFile(&fresh));
    return file_system.Rename(fresh_path, path_);
  };
  arrow::Status replaced = replace();
  if (!replaced.ok()) {
    static_cast<void>(file_system.Unlink(fresh_path));
    core_->staged.Reopen();
    return replaced;
  }
  fresh.core->file->SetPath(path_);
  const arrow::Status named = file_system.SyncDirectoryOf(path_);
  MarkSuperseded(*core_->file);
  GoOverTo(fresh);
  if (!named.ok()) {
    refusal_ = SqlError(sqlstate::kIoError, "'" + path_ + "': the folder could not be synced after VACUUM (" +
                                                named.message() + "); close the database and open it again");
    return refusal_;
  }
  return arrow::Status::OK();
}

arrow::Status FilePager::WriteNewFile(NewFile* fresh) {
  fresh->version = Newest();
  const FileState& old = *fresh->version.state;
  fresh->state = std::make_shared<FileState>(fresh->core, old.lsn);
  fresh->state->root = old.root;
  fresh->state->root_version = old.root_version;
  fresh->state->live_bytes = old.live_bytes;
  fresh->header.file_id = MakeFileId();
  fresh->header.sequence = header_.sequence + 1;
  fresh->header.flags = kHeaderNameUnsynced;
  StorageFile& file = *fresh->core->file;
  ARROW_RETURN_NOT_OK(file.Allocate(0, kHeaderBytes));
  ARROW_RETURN_NOT_OK(CopyLog(fresh));
  ARROW_RETURN_NOT_OK(CopyBlobs(fresh));
  ARROW_RETURN_NOT_OK(WriteNewHeader(fresh));
  return file.Sync();
}

arrow::Status FilePager::CopyLog(NewFile* fresh) {
  const uint64_t last = fresh->version.lsn;
  const uint64_t next_key = next_key_.load(std::memory_order_relaxed);
  uint64_t chain = FileIdHash(fresh->header);
  std::vector<uint8_t> entries;
  if (first_record_lsn_ != 0) {
    LogPosition start;
    start.segment = core_->space.FindLog(truncated_lsn_);
    start.offset = start.segment.offset;
    start.next_lsn = start.segment.since;
    LogCursor cursor(*core_->file, start, false);
    while (cursor.position().next_lsn <= last) {
      ARROW_ASSIGN_OR_RAISE(const auto entry, cursor.Next());
      if (!entry) {
        return Corrupted("'" + path_ + "': the log record of commit " + std::to_string(cursor.position().next_lsn) +
                         " at byte " + std::to_string(cursor.position().offset) + " is damaged");
      }
      if (entry->lsn > truncated_lsn_) chain = AppendRecord(entry->lsn, chain, &entry->commit, next_key, entries);
    }
  }
  const uint64_t first = entries.empty() ? last + 1 : truncated_lsn_ + 1;
  ARROW_ASSIGN_OR_RAISE(fresh->log.segment, fresh->core->space.AllocateLog(entries.size() + kJumpEntryBytes, first));
  if (!entries.empty()) ARROW_RETURN_NOT_OK(fresh->core->file->Write(fresh->log.segment.offset, entries));
  fresh->log.offset = fresh->log.segment.offset + entries.size();
  fresh->log.next_lsn = last + 1;
  fresh->log.chain = chain;
  return arrow::Status::OK();
}

arrow::Status FilePager::CopyBlobs(NewFile* fresh) {
  const FileState& old = *fresh->version.state;
  FileCore& core = *fresh->core;
  std::vector<std::pair<uint64_t, Extent>> blobs;
  blobs.reserve(old.directory.num_keys());
  ARROW_RETURN_NOT_OK(
      old.directory.ForEach(core_->nodes, [&](uint64_t key, Extent place) { blobs.emplace_back(key, place); }));
  for (size_t next = 0; next < blobs.size();) {
    std::vector<FileBytes> entries;
    std::vector<std::span<const uint8_t>> pieces;
    uint64_t bytes = 0;
    size_t last = next;
    for (; last < blobs.size() && (bytes == 0 || bytes < kRunBytes); ++last) {
      const auto& [key, place] = blobs[last];
      // With its header and padding, both inside the segment.
      ARROW_ASSIGN_OR_RAISE(const auto entry,
                            core_->file->View(place.offset - sizeof(EntryHeader), EntryBytes(place.length)));
      if (!entry) {
        return Corrupted("'" + path_ + "': the blob of key " + std::to_string(key) + " at byte " +
                         std::to_string(place.offset) + " reaches beyond the end of the file");
      }
      ARROW_RETURN_NOT_OK(VerifyEntry(*core_->file, EntryType::kBlob, key, place, *entry));
      pieces.push_back(*entry);
      bytes += entry->size();
      entries.push_back(*entry);
    }
    ARROW_ASSIGN_OR_RAISE(uint64_t offset, core.space.AllocateData(bytes));
    ARROW_RETURN_NOT_OK(core.file->WriteGather(offset, pieces));
    core.space.MakeLive(offset, bytes);
    for (; next < last; ++next) {
      const Extent place{offset + sizeof(EntryHeader), blobs[next].second.length};
      offset += EntryBytes(place.length);
      ARROW_RETURN_NOT_OK(
          fresh->state->directory.Insert(blobs[next].first, place, fresh->version.lsn, core.nodes).status());
    }
  }
  return arrow::Status::OK();
}

arrow::Status FilePager::WriteNewHeader(NewFile* fresh) {
  FileCore& core = *fresh->core;
  const FileState& state = *fresh->state;
  CheckpointRecord record;
  CheckpointFixed& fixed = record.fixed;
  fixed.sequence = fresh->header.sequence;
  fixed.lsn = fresh->version.lsn;
  fixed.chain = fresh->log.chain;
  fixed.next_key = next_key_.load(std::memory_order_relaxed);
  fixed.root_version = state.root_version;
  fixed.truncated_lsn = first_record_lsn_ == 0 ? fresh->version.lsn : truncated_lsn_;
  fixed.log_offset = fresh->log.offset;
  CountingSink sink(core);
  ARROW_ASSIGN_OR_RAISE(fixed.directory, state.directory.Store(sink));
  fixed.directory_height = state.directory.height();
  fixed.num_keys = state.directory.num_keys();
  fixed.live_bytes = state.live_bytes;
  fixed.has_root = state.root != nullptr ? 1 : 0;
  if (state.root != nullptr) record.root.assign(state.root->data(), state.root->data() + state.root->size());
  // Its own segment may be one more.
  const uint64_t most = core.space.Segments().size() + 1;
  const uint64_t room = EntryBytes(sizeof(CheckpointFixed) + most * sizeof(Segment) + record.root.size());
  ARROW_ASSIGN_OR_RAISE(const uint64_t offset, core.space.AllocateData(room));
  const uint64_t length = sizeof(CheckpointFixed) + core.space.Segments().size() * sizeof(Segment) + record.root.size();
  core.space.MakeLive(offset, EntryBytes(length));
  core.space.Release(offset + EntryBytes(length), room - EntryBytes(length));
  ARROW_RETURN_NOT_OK(core.space.TrimEnd());
  record.segments = core.space.Segments();
  const std::vector<uint8_t> bytes = EncodeCheckpoint(record);
  ARROW_RETURN_NOT_OK(WriteEntryAt(core, EntryType::kCheckpoint, fixed.sequence, offset, bytes));
  HeaderSlot& header = fresh->header;
  header.checkpoint = {offset + sizeof(EntryHeader), bytes.size()};
  header.checkpoint_checksum = HashBytes(bytes.data(), bytes.size());
  header.checksum = ChecksumOf(header);
  return core.file->Write((header.sequence - 1) % 2 * kPageBytes, BytesOf(header));
}

void FilePager::GoOverTo(NewFile& fresh) {
  const std::shared_ptr<FileCore> old = core_;
  const uint64_t last = fresh.version.lsn;
  old->space.SetOldestPin(nullptr);
  fresh.core->file->CountOnFrom(*old->file);
  fresh.core->space.SetDurableSequence(fresh.header.sequence);
  fresh.core->space.MarkLogged(fresh.core->space.Segments());
  fresh.core->space.SetOldestPin([this] { return OldestForeignPin(); });
  FileVersion version{fresh.state, last};
  {
    MutexLock lock(newest_mutex_);
    core_ = fresh.core;
    std::swap(newest_, version);
  }
  header_ = fresh.header;
  header_.flags = 0;
  checkpoint_directory_ = fresh.state->directory;
  checkpoint_lsn_ = last;
  log_ = fresh.log;
  log_buffer_offset_ = log_.offset;
  if (first_record_lsn_ == 0) truncated_lsn_ = last;
  written_lsn_.store(last, std::memory_order_release);
  pending_.clear();
  syncs_.SetFile(fresh.core->file, last);
  log_bytes_since_checkpoint_.store(0, std::memory_order_relaxed);
  old->staged.Retire();
  {
    MutexLock lock(slots_mutex_);
    file_id_hash_ = FileIdHash(header_);
    shown_lsn_.reset();
  }
  // Readers in other processes see that it is another file.
  ShowToReaders(last);
}

}  // namespace llkv::file
