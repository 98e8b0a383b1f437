// SqlEngine: one open database. Start here.
//
//   ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open("shop.llkv"));
//   ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
//   ARROW_RETURN_NOT_OK(session.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name TEXT)"));
//   ARROW_ASSIGN_OR_RAISE(auto reader, session.Query("SELECT * FROM t"));
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "llkv/error.h"
#include "llkv/prepared_statement.h"
#include "llkv/session.h"

namespace llkv {

class Pager;

/// What a commit has survived when it is acknowledged; SQL's `SET synchronous`.
enum class Synchronous : uint8_t {
  kOff,     ///< may be lost with the process
  kNormal,  ///< survives the process; after power loss the database opens at some earlier commit
  kFull,    ///< survives power loss
};

/// How the bytes of a database file come to memory.
enum class IoMode : uint8_t {
  /// The file is mapped: values are used where they lie, and what is read is the system's cache, not the program's
  /// memory. A page that the disk cannot read ends the process (SIGBUS).
  kMap,
  /// Each read is a call that copies. What cannot be read fails the statement (58030), and each blob is verified each
  /// time that it is read. Copies are memory of the program's, outside of `memory_limit_bytes`, as long as they are
  /// used: those of row groups' columns until the row group is rewritten or the database is closed.
  kRead,
};

/// How a database is opened.
struct EngineOptions {
  /// Refuses every write; the file must exist. Another process may write it meanwhile: each statement outside a
  /// transaction, and BEGIN, sees every commit that was acknowledged before.
  bool read_only = false;
  /// Makes the file where it is missing.
  bool create_if_missing = true;
  /// Threads that run queries, the caller's included; 0 is one for each core.
  int num_threads = 0;
  /// Bytes of memory that queries may take together; 0 is 80 % of the machine's. What they hold beyond it lies in a
  /// temporary file.
  int64_t memory_limit_bytes = 0;
  /// The folder of that file, which has no name there and is gone with the process. Empty: the folder of the database's
  /// file; for other databases, and where that cannot be written, the first of $TMPDIR, /var/tmp and /tmp that can.
  std::string temp_directory = {};
  /// The level of sessions that do not set one.
  Synchronous synchronous = Synchronous::kFull;
  /// For files; other backends have no choice.
  IoMode io = IoMode::kMap;
  /// Whether SQL may read and write files by their names (COPY, read_csv, 'file.parquet', …). Off, that is 42501: for
  /// those who run SQL that is not their own.
  bool external_files = true;
  /// Rows in the executor's batches, 1 to 2048. Smaller ones only slow queries down; tests use them.
  uint32_t batch_rows = 2048;
  /// Whether plans are optimized. Off, answers are the same and slow; tests use it.
  bool optimizer = true;
  /// Whether a thread makes checkpoints and compacts tables beside the sessions. Off, commits do it now and then, and
  /// wait for it.
  bool background = true;
};

/// One open database, shared by its sessions. Every call is safe from any thread.
class SqlEngine {
 public:
  struct Impl;
  /// For the library itself.
  explicit SqlEngine(std::unique_ptr<Impl> impl);
  /// Opens a database by URI: `:memory:`, the path of a file, or `rocksdb:PATH` (0A000 in a program built without it).
  ///
  /// Errors: 58P01 where the file is missing and may not be made; XX001 for a file that is foreign or damaged; 55006
  /// where another engine, in this process or another, has it open for writing, and this one would write too; 25006 for
  /// a path that cannot be written without `read_only`.
  static arrow::Result<std::unique_ptr<SqlEngine>> Open(std::string_view uri, const EngineOptions& options = {});

  /// The same over a pager that the caller made. `options.read_only` must be the pager's own.
  static arrow::Result<std::unique_ptr<SqlEngine>> Make(std::unique_ptr<Pager> pager,
                                                        const EngineOptions& options = {});

  /// Closes, and drops what Close would have reported. Sessions and readers that still live keep the database open
  /// until they end.
  ~SqlEngine();
  SqlEngine(const SqlEngine&) = delete;
  SqlEngine& operator=(const SqlEngine&) = delete;

  /// A new session: a connection in other systems' words.
  arrow::Result<Session> NewSession();

  /// What opening found damaged and could do without, a sentence each; for a log or the user's eyes.
  std::vector<std::string> warnings() const;

  /// Makes a checkpoint and closes the file; later calls fail with 55006. So does this one while sessions, prepared
  /// statements or unfinished readers live, and changes nothing. Reports what could not be written; all commits that
  /// were acknowledged are safe whatever it reports.
  arrow::Status Close();

 private:
  std::unique_ptr<Impl> impl_;
};

/// The library's version, for example "0.1.0".
std::string_view Version();

}  // namespace llkv
