// See salvage.h.
#include "pager/file/salvage.h"

#include <arrow/buffer.h>

#include <cstring>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "pager/file/blob_reader.h"
#include "pager/file/directory_node.h"

namespace llkv::file {

namespace {

constexpr uint64_t kAddressSpace = uint64_t{1} << 40;

class SalvageSnapshot : public PagerSnapshot {
 public:
  SalvageSnapshot(uint64_t lsn, std::shared_ptr<arrow::Buffer> root) : lsn_(lsn), root_(std::move(root)) {}
  Lsn lsn() const override { return Lsn(lsn_); }
  const std::shared_ptr<arrow::Buffer>& root() const override { return root_; }
  uint64_t root_version() const override { return root_ == nullptr ? 0 : 1; }

 private:
  const uint64_t lsn_;
  const std::shared_ptr<arrow::Buffer> root_;
};

std::optional<EntryHeader> ReadAnyHeader(std::span<const uint8_t> bytes) {
  uint32_t magic = 0;
  std::memcpy(&magic, bytes.data(), sizeof(magic));
  if (magic != EntryHeader::kEntryMagic) return std::nullopt;
  for (const EntryType type :
       {EntryType::kBlob, EntryType::kDirectoryNode, EntryType::kCheckpoint, EntryType::kCommit, EntryType::kJump}) {
    if (const auto header = ReadEntryHeader(bytes, type)) return header;
  }
  return std::nullopt;
}

const char* NameOf(uint16_t type) {
  switch (static_cast<EntryType>(type)) {
    case EntryType::kBlob:
      return "the blob of key ";
    case EntryType::kDirectoryNode:
      return "the directory node of key ";
    case EntryType::kCheckpoint:
      return "checkpoint ";
    case EntryType::kCommit:
      return "commit ";
    case EntryType::kJump:
      return "the jump before commit ";
  }
  return "entry ";
}

}  // namespace

arrow::Result<std::unique_ptr<SalvagePager>> SalvagePager::Open(FileSystem& file_system, const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const bool has_lock, file_system.Exists(path + "-lock"));
  if (has_lock) {
    ARROW_ASSIGN_OR_RAISE(auto lock_file, file_system.Open(path + "-lock", {.write = false}));
    // Given back at once: the file is read as it is, and a writer that comes later only adds to it.
    ARROW_ASSIGN_OR_RAISE(const bool locked, lock_file->TryLock(0, 1, LockKind::kShared));
    if (!locked) return SqlError(sqlstate::kObjectInUse, "the database '" + path + "' is in use by a writer");
  }
  ARROW_ASSIGN_OR_RAISE(auto opened, file_system.Open(path, {.write = false}));
  ARROW_ASSIGN_OR_RAISE(auto file, StorageFile::Make(std::move(opened), kAddressSpace));
  std::unique_ptr<SalvagePager> pager(new SalvagePager(std::move(file)));
  ARROW_RETURN_NOT_OK(pager->Scan());
  if (pager->blob_places_.empty() && pager->all_commits_.empty() && pager->checkpoint_roots_.empty()) {
    return Corrupted("'" + path + "' has nothing that an LLKV database is made of");
  }
  pager->ChooseCommits();
  pager->ChooseBlobs();
  pager->ChooseRoot();
  return pager;
}

arrow::Status SalvagePager::Scan() {
  const uint64_t size = file_->size();
  for (uint64_t offset = 0; offset + sizeof(EntryHeader) <= size;) {
    ARROW_ASSIGN_OR_RAISE(const auto head, file_->View(offset, sizeof(EntryHeader)));
    const auto header = head ? ReadAnyHeader(*head) : std::nullopt;
    if (!header) {
      offset += kAlignment;
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(const auto bytes, file_->View(offset + sizeof(EntryHeader), header->length));
    if (bytes && HashBytes(bytes->data(), bytes->size()) == header->checksum) {
      AddEntry(*header, offset, *bytes);
    } else {
      damages_.push_back(NameOf(header->type) + std::to_string(header->key) + " at byte " +
                         std::to_string(offset + sizeof(EntryHeader)) + " (" + std::to_string(header->length) +
                         " bytes) " + (bytes ? "does not match its checksum" : "reaches beyond the end of the file"));
    }
    // What a blob contains may look like entries.
    offset += bytes ? EntryBytes(header->length) : kAlignment;
  }
  return arrow::Status::OK();
}

void SalvagePager::AddEntry(const EntryHeader& header, uint64_t offset, std::span<const uint8_t> bytes) {
  const Extent place{offset + sizeof(EntryHeader), bytes.size()};
  switch (static_cast<EntryType>(header.type)) {
    case EntryType::kBlob:
      blob_places_.emplace(header.key, place);
      break;
    case EntryType::kDirectoryNode:
      AddNode(header.key, bytes);
      break;
    case EntryType::kCheckpoint:
      AddCheckpoint(bytes);
      break;
    case EntryType::kCommit:
      if (const auto commit = DecodeCommit(bytes)) {
        all_commits_.emplace(header.key, FoundCommit{offset, header.checksum, *commit});
      }
      break;
    case EntryType::kJump:
      jump_checksums_.insert(header.checksum);
      break;
  }
}

void SalvagePager::AddNode(uint64_t first_key, std::span<const uint8_t> bytes) {
  static_cast<void>(first_key);
  const auto node = DirectoryNode::Decode(bytes, {}, 0);
  if (!node.ok()) return;
  for (const Extent& place : (*node)->blobs) named_.insert(place.offset);
}

void SalvagePager::AddCheckpoint(std::span<const uint8_t> bytes) {
  auto checkpoint = DecodeCheckpoint(bytes, file_->path());
  if (!checkpoint.ok() || checkpoint->fixed.has_root == 0) return;
  checkpoint_roots_[checkpoint->fixed.lsn] = std::move(checkpoint->root);
}

/// A number can be there twice: what a crash cut off the log's end may still lie behind what was written over it. Then
/// the chain from the commit before decides.
void SalvagePager::ChooseCommits() {
  uint64_t chain = 0;
  bool chain_known = false;
  for (auto it = all_commits_.begin(); it != all_commits_.end();) {
    const uint64_t lsn = it->first;
    const auto end = all_commits_.upper_bound(lsn);
    auto chosen = it;
    for (auto other = it; other != end; ++other) {
      const uint64_t previous = other->second.commit.fixed.previous;
      const bool joins = chain_known && (previous == chain || jump_checksums_.contains(previous));
      if (joins || !chain_known || chosen == it) chosen = other;
      if (joins) break;
    }
    chain = chosen->second.checksum;
    chain_known = true;
    commits_.emplace(lsn, chosen->second);
    it = end;
  }
}

void SalvagePager::ChooseBlobs() {
  for (const auto& [lsn, found] : commits_) {
    for (size_t i = 0; i < found.commit.fixed.num_puts; ++i) named_.insert(found.commit.put(i).blob.offset);
  }
  for (const auto& [key, place] : blob_places_) {
    const bool is_named = named_.contains(place.offset);
    FoundBlob& best = blobs_[key];
    if (best.place.offset == 0 || is_named || !best.is_named) best = {place, is_named};
  }
}

void SalvagePager::ChooseRoot() {
  uint64_t root_lsn = 0;
  if (!checkpoint_roots_.empty()) {
    const auto& [lsn, root] = *checkpoint_roots_.rbegin();
    root_lsn = lsn;
    root_ = arrow::Buffer::FromString(std::string(root.begin(), root.end()));
  }
  for (const auto& [lsn, found] : commits_) {
    if ((found.commit.fixed.flags & kCommitHasRoot) == 0 || lsn < root_lsn) continue;
    root_ = arrow::Buffer::FromString(std::string(found.commit.root.begin(), found.commit.root.end()));
  }
}

std::vector<uint64_t> SalvagePager::LostCommits(Lsn after) const {
  std::vector<uint64_t> lost;
  uint64_t expected = after.value + 1;
  for (auto it = commits_.upper_bound(after.value); it != commits_.end(); ++it) {
    // Long gaps are not listed one by one.
    for (; expected < it->first && lost.size() < 100; ++expected) lost.push_back(expected);
    expected = it->first + 1;
  }
  return lost;
}

arrow::Status SalvagePager::Refuse() const {
  return SqlError(sqlstate::kReadOnlyTransaction, "'" + file_->path() + "' is only being salvaged");
}

arrow::Result<PhysicalKey> SalvagePager::Allocate(uint64_t) { return Refuse(); }
arrow::Result<StagedBlob> SalvagePager::Stage(PhysicalKey, std::span<const std::shared_ptr<arrow::Buffer>>) {
  return Refuse();
}
arrow::Result<CommitTicket> SalvagePager::Submit(WriteBatch&, const CommitOptions&) { return Refuse(); }

arrow::Result<std::vector<std::shared_ptr<arrow::Buffer>>> SalvagePager::Get(std::span<const PhysicalKey> keys,
                                                                             const PagerSnapshot*) {
  std::vector<std::shared_ptr<arrow::Buffer>> blobs;
  for (const PhysicalKey key : keys) {
    const auto found = blobs_.find(key.value);
    if (found == blobs_.end()) {
      return Corrupted("no intact blob of key " + std::to_string(key.value) + " is in '" + file_->path() + "'");
    }
    const Extent place = found->second.place;
    ARROW_ASSIGN_OR_RAISE(const auto bytes, ReadEntry(*file_, EntryType::kBlob, key.value, place, true));
    blobs.push_back(BufferOf(*file_, bytes));
  }
  return blobs;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SalvagePager::GetRange(PhysicalKey key, uint64_t offset, uint64_t length,
                                                                     const PagerSnapshot* snapshot) {
  ARROW_ASSIGN_OR_RAISE(auto whole, Pager::Get(key, snapshot));
  const auto size = static_cast<uint64_t>(whole->size());
  if (offset > size || length > size - offset) {
    return SqlError(sqlstate::kInvalidParameter, "bytes beyond the end of key " + std::to_string(key.value));
  }
  return arrow::SliceBuffer(std::move(whole), static_cast<int64_t>(offset), static_cast<int64_t>(length));
}

arrow::Result<std::vector<PhysicalKey>> SalvagePager::Keys(const PagerSnapshot*) {
  std::vector<PhysicalKey> keys;
  for (const auto& [key, blob] : blobs_) keys.emplace_back(key);
  return keys;
}

arrow::Status SalvagePager::ReadLog(Lsn after, const LogVisitor& visit) {
  for (auto it = commits_.upper_bound(after.value); it != commits_.end(); ++it) {
    const CommitView& commit = it->second.commit;
    if ((commit.fixed.flags & kCommitHasLog) == 0) continue;
    ARROW_RETURN_NOT_OK(visit(Lsn(it->first), commit.log));
  }
  return arrow::Status::OK();
}

arrow::Result<std::shared_ptr<const PagerSnapshot>> SalvagePager::Pin() {
  return std::make_shared<SalvageSnapshot>(commits_.empty() ? 0 : commits_.rbegin()->first, root_);
}

PagerStats SalvagePager::stats() const {
  PagerStats stats;
  stats.num_keys = blobs_.size();
  stats.size_bytes = file_->size();
  return stats;
}

arrow::Status SalvagePager::CheckIntegrity(const IntegrityVisitor& visit) {
  for (const std::string& damage : damages_) ARROW_RETURN_NOT_OK(visit({TableId(), PhysicalKey(), 0, damage}));
  return arrow::Status::OK();
}

}  // namespace llkv::file
