// Opening a database file: from a header slot over its checkpoint to the newest intact commit. Making a new one, too.
#pragma once

#include <arrow/type_fwd.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "os/file_system.h"
#include "pager/file/format.h"
#include "pager/file/key_directory.h"
#include "pager/file/log_cursor.h"
#include "pager/file/segment_space.h"
#include "pager/file/storage_file.h"
#include "pager/file/test_hooks.h"
#include "pager/registry.h"

namespace llkv::file {

/// What a file holds, as found by Recover.
struct Recovered {
  HeaderSlot header;
  /// As of the checkpoint, for later comparison.
  KeyDirectory checkpoint_directory;
  uint64_t checkpoint_lsn = 0;

  KeyDirectory directory;
  std::shared_ptr<arrow::Buffer> root;
  uint64_t root_version = 0;
  uint64_t live_bytes = 0;
  uint64_t lsn = 0;
  uint64_t next_key = 1;
  uint64_t truncated_lsn = 0;
  /// Where the next commit goes.
  LogPosition log;
  /// The header slot, and log bytes and blobs that were read after the checkpoint: they may never have reached stable
  /// storage.
  std::vector<Extent> unsynced;
  uint64_t replayed_log_bytes = 0;
  /// Blobs of replayed commits that were read to verify them, with their headers.
  uint64_t replayed_blob_bytes = 0;
  /// What is damaged and could be done without.
  std::vector<std::string> warnings;
};

/// Removes what a VACUUM left that did not come to its end.
arrow::Status RemoveUnfinishedVacuum(FileSystem& file_system, const std::string& path);

/// A random file id.
std::array<uint8_t, 16> MakeFileId();

/// Writes a new, empty database to `path`, which must not hold one, and makes it durable.
arrow::Status CreateDatabaseFile(FileSystem& file_system, const std::string& path, const PagerOptions& options);

/// How far a replay of the log goes, and what it takes for granted.
struct ReplayBound {
  /// The last commit to apply.
  uint64_t last_lsn = std::numeric_limits<uint64_t>::max();
  /// The blobs of commits up to here are known to be whole.
  uint64_t acknowledged_lsn = 0;
  /// Whether what follows the end is looked through for proof that a durable commit is missing. Only where nobody
  /// appends meanwhile.
  bool judges_end = true;
};

/// Whether a slot is as the first checkpoint left it, which has written the other one only.
arrow::Result<bool> IsUnwritten(const StorageFile& file, uint64_t number);

/// The intact header slot with the greater sequence. XX001 for what is not a database or has none, 0A000 for a feature
/// that this version does not know. `warnings`, where it is not null, gets a sentence where a slot is damaged.
arrow::Result<HeaderSlot> ReadHeader(const StorageFile& file, bool for_writing, const FilePagerTestHooks& hooks,
                                     std::vector<std::string>* warnings = nullptr);

/// The state as of a header slot's checkpoint; `log` is where the commits after it begin. XX001 where it is damaged.
arrow::Result<Recovered> LoadCheckpoint(const StorageFile& file, SegmentSpace& space, NodeSource& nodes,
                                        const HeaderSlot& header);

/// Applies the intact commits from `state.log` on, within the bound. XX001 where they contradict the state, or a
/// durable one is missing. A torn tail is neither: it ends the log.
arrow::Status ReplayLog(const StorageFile& file, SegmentSpace& space, NodeSource& nodes, const ReplayBound& bound,
                        Recovered& state);

/// The three above, for the file's writer.
arrow::Result<Recovered> Recover(const StorageFile& file, SegmentSpace& space, NodeSource& nodes,
                                 const FilePagerTestHooks& hooks);

/// Makes a recovered file ready to be appended to: cuts what lies behind the known segments, and makes sure that
/// nothing behind the log's end can join it.
arrow::Status PrepareForWriting(StorageFile& file, SegmentSpace& space, const Recovered& recovered);

/// Writes again what was recovered and may only be in the kernel's cache: after a failed sync the kernel may hold pages
/// as clean that never reached the disk, and nobody can know. Before the first sync that counts as theirs.
arrow::Status WriteAgain(StorageFile& file, const std::vector<Extent>& unsynced);

}  // namespace llkv::file
