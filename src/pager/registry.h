// Opening a pager by URI, and the table of backends behind it. A backend is one file of backends/ that defines
// Register<FileName>(PagerRegistry&); the build collects them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "os/file_system.h"
#include "pager/pager.h"

namespace llkv {

/// How the bytes of a database file come to memory.
enum class FileIo : uint8_t {
  /// The file is mapped: blobs are used where they lie, and take no memory of the program's. A page that the disk
  /// cannot read ends the process (SIGBUS).
  kMap,
  /// Each read is a call that copies: what cannot be read is an error (58030), and each blob is verified each time.
  kRead,
};

struct PagerOptions {
  bool read_only = false;
  /// Makes the database where the path names none; else that is 58P01.
  bool create_if_missing = true;
  /// What commits that ask for no level get.
  Durability durability = Durability::kFull;
  /// Where files are; must outlive the pager.
  FileSystem* file_system = FileSystem::Default();

  /// The first and the largest ordinary segment of a file; powers of two, at least 4 KiB. Larger entries get a segment
  /// of their own size.
  uint64_t min_segment_bytes = uint64_t{1} << 20;
  uint64_t max_segment_bytes = uint64_t{64} << 20;
  /// For files.
  FileIo io = FileIo::kMap;
  /// Addresses reserved for the mapping of the file, and so the largest file.
  uint64_t address_space_bytes = uint64_t{1} << 40;
  /// The key directory is checkpointed when the log after its last checkpoint is longer than this.
  uint64_t checkpoint_log_bytes = uint64_t{2} << 20;
  /// A full commit with at least so many bytes of blobs syncs them before its commit entry, so that recovery need not
  /// read them again.
  uint64_t sync_ahead_bytes = uint64_t{4} << 20;
  /// Gives the room of free parts of the file back to the filesystem, where that can.
  bool punch_holes = true;
};

/// The scheme of `uri` as RFC 3986 spells one, or empty: a path. ":memory:" has the scheme "memory".
std::string_view SchemeOf(std::string_view uri);

/// Opens the database that `uri` names: ":memory:", a path, "file:PATH", or another backend's "scheme:PATH".
///
/// A read-only pager follows another process that writes (Pager::Refresh).
///
/// Errors: 0A000 for an unknown scheme; 58P01 missing file; 55006 where another writer
/// has it open, naming the path; XX001 not a database of ours or a damaged one; 0A000 one of a newer format.
arrow::Result<std::unique_ptr<Pager>> OpenPager(std::string_view uri, const PagerOptions& options = {});

/// The backends that are built in.
class PagerRegistry {
 public:
  struct Backend {
    /// The URI's scheme, for example "file".
    std::string scheme;
    /// Whether a database outlives its pager.
    bool persistent = false;
    /// False where the program was built without the library that it needs: then `open` says so (0A000).
    bool available = true;
    /// `path` is the URI without the scheme.
    std::function<arrow::Result<std::unique_ptr<Pager>>(const std::string& path, const PagerOptions& options)> open;
  };

  /// All backends of backends/.
  PagerRegistry();

  void Add(Backend backend) { backends_.push_back(std::move(backend)); }
  /// Null where there is none.
  const Backend* Find(std::string_view scheme) const;
  const std::vector<Backend>& backends() const { return backends_; }

 private:
  std::vector<Backend> backends_;
};

}  // namespace llkv
