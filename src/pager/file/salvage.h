// SalvagePager: what is readable of a damaged database file, found by looking at every 64-byte border for entries, with
// no help of header slots, checkpoint or key directory. Read-only; for `llkv salvage`.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "os/file_system.h"
#include "pager/file/format.h"
#include "pager/file/storage_file.h"
#include "pager/pager.h"

namespace llkv::file {

/// See the file's comment. Keys() lists every blob that was found, also those that commits have freed since: only what
/// the root leads to means something. Where a key was used twice, the use that a commit or directory node names counts.
class SalvagePager : public Pager {
 public:
  /// XX001 where the file has no entry at all; 58P01 where there is none; 55006 while a writer has it open.
  static arrow::Result<std::unique_ptr<SalvagePager>> Open(FileSystem& file_system, const std::string& path);

  /// Entries whose header is intact and whose bytes are not, a sentence each.
  const std::vector<std::string>& damages() const { return damages_; }
  /// Commits behind `after` that cannot be read although later ones are there.
  std::vector<uint64_t> LostCommits(Lsn after) const;
  /// Stands in for a root that was not found.
  void set_root(std::shared_ptr<arrow::Buffer> root) { root_ = std::move(root); }

  using Pager::Get;
  arrow::Result<PhysicalKey> Allocate(uint64_t count) override;
  arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> Get(std::span<const PhysicalKey> keys,
                                                                 const PagerSnapshot* snapshot) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                         const PagerSnapshot* snapshot) override;
  void Prefetch(std::span<const PhysicalKey>, const PagerSnapshot*) override {}
  arrow::Result<std::vector<PhysicalKey>> Keys(const PagerSnapshot* snapshot) override;
  arrow::Result<StagedBlob> Stage(PhysicalKey key, std::span<const std::shared_ptr<arrow::Buffer>> pieces) override;
  arrow::Result<CommitTicket> Submit(WriteBatch& batch, const CommitOptions& options) override;
  arrow::Status WaitDurable(const CommitTicket&) override { return arrow::Status::OK(); }
  arrow::Status ReadLog(Lsn after, const LogVisitor& visit) override;
  arrow::Result<std::shared_ptr<const PagerSnapshot>> Pin() override;
  PagerStats stats() const override;
  arrow::Status CheckIntegrity(const IntegrityVisitor& visit) override;
  arrow::Status Close() override { return arrow::Status::OK(); }

 private:
  struct FoundBlob {
    Extent place;
    /// Whether a commit or a directory node names this place.
    bool is_named = false;
  };
  struct FoundCommit {
    uint64_t offset = 0;
    /// Its bytes' checksum, which the next entry of the chain names.
    uint64_t checksum = 0;
    CommitView commit;
  };

  explicit SalvagePager(std::unique_ptr<StorageFile> file) : file_(std::move(file)) {}
  arrow::Status Scan();
  void AddEntry(const EntryHeader& header, uint64_t offset, std::span<const uint8_t> bytes);
  void AddNode(uint64_t first_key, std::span<const uint8_t> bytes);
  void AddCheckpoint(std::span<const uint8_t> bytes);
  void ChooseCommits();
  void ChooseBlobs();
  void ChooseRoot();
  arrow::Status Refuse() const;

  const std::unique_ptr<StorageFile> file_;
  std::vector<std::string> damages_;
  std::multimap<uint64_t, Extent> blob_places_;
  /// Places (of bytes) that something names.
  std::set<uint64_t> named_;
  std::map<uint64_t, FoundBlob> blobs_;
  std::multimap<uint64_t, FoundCommit> all_commits_;
  /// One for each number.
  std::map<uint64_t, FoundCommit> commits_;
  std::set<uint64_t> jump_checksums_;
  std::map<uint64_t, std::vector<uint8_t>> checkpoint_roots_;
  std::shared_ptr<arrow::Buffer> root_;
};

}  // namespace llkv::file
