// Mutations of a small valid database file, opened and read whole: by the file pager and the storage above it, with the
// integrity check, and by the salvage scan. No crash, no hang, no memory error. Checksums are repaired where the input
// says so, so that the decoders behind them are reached.
//
// Input: a byte of flags (1 repair checksums, 2 open for writing, 4 salvage too), then mutations of 8 bytes: kind (1),
// value (3), place (4).
#include <arrow/api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "os/testing/sim_disk.h"
#include "pager/file/format.h"
#include "pager/file/salvage.h"
#include "pager/registry.h"
#include "store/column_table.h"
#include "store/storage.h"

namespace {

using namespace llkv;  // NOLINT: a program of one file

constexpr char kPath[] = "db";

void Check(const arrow::Status& status) {
  if (!status.ok()) std::abort();
}

PagerOptions SmallOptions(FileSystem* file_system) {
  PagerOptions options;
  options.file_system = file_system;
  options.min_segment_bytes = 4 << 10;
  options.max_segment_bytes = 16 << 10;
  options.address_space_bytes = uint64_t{16} << 20;
  options.checkpoint_log_bytes = 4 << 10;
  return options;
}

std::shared_ptr<arrow::RecordBatch> MakeRows(int64_t first, int64_t count) {
  arrow::Int64Builder keys;
  arrow::StringBuilder texts;
  arrow::DoubleBuilder doubles;
  arrow::Int32Builder numbers;
  for (int64_t i = first; i < first + count; ++i) {
    Check(keys.Append(i));
    Check(i % 5 == 0 ? texts.AppendNull() : texts.Append("text " + std::to_string(i % 3)));
    Check(doubles.Append(static_cast<double>(i) / 3));
    Check(numbers.Append(7));
  }
  const auto schema = arrow::schema({arrow::field("k", arrow::int64()), arrow::field("s", arrow::utf8()),
                                     arrow::field("f", arrow::float64()), arrow::field("n", arrow::int32())});
  return arrow::RecordBatch::Make(schema, count,
                                  {keys.Finish().ValueOrDie(), texts.Finish().ValueOrDie(),
                                   doubles.Finish().ValueOrDie(), numbers.Finish().ValueOrDie()});
}

std::vector<RowId> ReadAll(Storage& storage, TableStore& table, Transaction* append_to, TableStore* target) {
  std::vector<RowId> ids;
  const auto txn = storage.txns().Begin(true);
  ScanRequest request;
  for (uint32_t i = 0; i < table.layout().columns.size(); ++i) request.columns.push_back(i);
  request.with_row_ids = true;
  request.snapshot = txn->snapshot();
  auto scan = table.OpenScan(std::move(request));
  if (!scan.ok()) return ids;
  auto cursor = (*scan)->MakeCursor(arrow::default_memory_pool());
  if (!cursor.ok()) return ids;
  while (true) {
    const auto more = (*scan)->NextMorsel(**cursor);
    if (!more.ok() || !*more) return ids;
    Batch batch;
    while (true) {
      const auto has_rows = (*cursor)->Next(&batch);
      if (!has_rows.ok()) return ids;
      if (!*has_rows) break;
      for (uint32_t i = 0; i < batch.num_rows; i += 13) {
        for (const Vector& column : batch.columns) static_cast<void>(GetValue(column, i));
      }
      ids.push_back(RowId(batch.num_rows));
      if (target == nullptr) continue;
      batch.columns = batch.columns.first(batch.columns.size() - 1);
      Check(target->Append(*append_to, batch));
    }
  }
}

std::string MakeFile() {
  SimDisk disk;
  auto storage = Storage::Open(OpenPager(kPath, SmallOptions(&disk)).ValueOrDie()).ValueOrDie();
  TableLayout layout;
  layout.id = storage->AllocateTableId();
  layout.columns = {{FieldId(1), TypeId::kBigInt, "k"},
                    {FieldId(2), TypeId::kVarchar, "s"},
                    {FieldId(3), TypeId::kDouble, "f"},
                    {FieldId(4), TypeId::kInteger, "n"}};
  layout.indexes = {{IndexId(storage->AllocateTableId().value), "pk", {{0}}, true, true},
                    {IndexId(storage->AllocateTableId().value), "s_n", {{1}, {3, true, true}}, false, false}};
  TableLayout copy = layout;
  copy.id = storage->AllocateTableId();
  auto txn = storage->txns().Begin();
  const auto cold = storage->CreateTable(*txn, layout).ValueOrDie();
  const auto hot = storage->CreateTable(*txn, copy).ValueOrDie();
  const auto load = [&](int64_t first, int64_t count) {
    const auto writer = cold->MakeBulkWriter(*txn, arrow::default_memory_pool()).ValueOrDie();
    Check(writer->Append(*MakeRows(first, count), 0, count));
    Check(writer->Finish());
    Check(storage->Commit(*txn));
    txn = storage->txns().Begin();
  };
  load(0, 60);
  const std::vector<RowId> deleted = {RowId(3), RowId(17)};
  Check(cold->Delete(*txn, deleted).status());
  Check(storage->Commit(*txn));
  Check(storage->Checkpoint());
  txn = storage->txns().Begin();
  ReadAll(*storage, *cold, txn.get(), hot.get());
  Check(storage->Commit(*txn));
  txn = storage->txns().Begin();
  load(100, 20);
  std::string bytes = disk.Contents(kPath);
  disk.KillProcess();
  return bytes;
}

template <typename T>
T Load(const std::string& bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

template <typename T>
void Store(std::string& bytes, size_t at, const T& value) {
  std::memcpy(bytes.data() + at, &value, sizeof(T));
}

/// Makes all checksums fit again, and the chain from commit to commit.
void Repair(std::string& bytes) {
  std::map<uint64_t, uint64_t> replaced;
  for (size_t at = 0; at + 64 <= bytes.size();) {
    auto header = Load<file::EntryHeader>(bytes, at);
    const size_t room = bytes.size() - at - 64;
    if (header.magic != file::EntryHeader::kEntryMagic || header.length > room) {
      at += 64;
      continue;
    }
    char* body = bytes.data() + at + 64;
    if ((header.type == 4 || header.type == 5) && header.length >= 8) {
      if (const auto found = replaced.find(Load<uint64_t>(bytes, at + 64)); found != replaced.end()) {
        Store(bytes, at + 64, found->second);
      }
    }
    const uint64_t checksum = HashBytes(body, header.length);
    replaced[header.checksum] = checksum;
    Store(bytes, at,
          file::MakeEntryHeader(static_cast<file::EntryType>(header.type), header.flags, header.key, header.length,
                                checksum));
    at += file::EntryBytes(header.length);
  }
  for (const size_t slot : {size_t{0}, size_t{file::kPageBytes}}) {
    if (slot + sizeof(file::HeaderSlot) > bytes.size()) continue;
    auto header = Load<file::HeaderSlot>(bytes, slot);
    header.checksum = file::ChecksumOf(header);
    Store(bytes, slot, header);
  }
}

void Mutate(std::string& bytes, const uint8_t* data, size_t size) {
  for (; size >= 8 && !bytes.empty(); data += 8, size -= 8) {
    uint32_t word = 0;
    uint32_t place = 0;
    std::memcpy(&word, data, 4);
    std::memcpy(&place, data + 4, 4);
    const uint32_t value = word >> 8;
    const size_t at = place % bytes.size();
    switch (word % 6) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(value));
        break;
      case 1:
        bytes[at] = static_cast<char>(value);
        break;
      case 2:
        if (at + 4 <= bytes.size()) Store(bytes, at, value);
        break;
      case 3:
        if (at / 8 * 8 + 8 <= bytes.size()) Store(bytes, at / 8 * 8, uint64_t{value} << (value % 48));
        break;
      case 4:
        if (at + 8 <= bytes.size()) Store(bytes, at, ~uint64_t{0} - value);
        break;
      case 5:
        if (value % 16 == 0) bytes.resize(at);
        break;
    }
  }
}

void Read(std::shared_ptr<Pager> pager, bool read_only, bool salvage) {
  static_cast<void>(pager->CheckIntegrity([](const IntegrityFinding&) { return arrow::Status::OK(); }));
  StorageOptions options;
  options.read_only = read_only;
  if (salvage) options.on_damage = [](TableId, const arrow::Status&) {};
  auto storage = Storage::Open(std::move(pager), options);
  if (!storage.ok()) return;
  static_cast<void>(
      (*storage)->CheckIntegrity(std::nullopt, [](const IntegrityFinding&) { return arrow::Status::OK(); }));
  for (const TableId id : (*storage)->TableIds()) {
    auto table = (*storage)->GetTable(id);
    if (!table.ok() || *table == nullptr) continue;
    if (salvage) static_cast<ColumnTable&>(**table).DropDamagedGroups();
    ReadAll(**storage, **table, nullptr, nullptr);
  }
  if (!read_only) static_cast<void>((*storage)->Checkpoint());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::string valid = MakeFile();
  if (size < 1) return 0;
  const uint8_t flags = data[0];
  std::string bytes = valid;
  Mutate(bytes, data + 1, size - 1);
  if ((flags & 1) != 0) Repair(bytes);
  SimDisk disk;
  disk.SetContents(kPath, bytes);
  PagerOptions options = SmallOptions(&disk);
  options.read_only = (flags & 2) == 0;
  if (auto pager = OpenPager(kPath, options); pager.ok()) Read(*std::move(pager), options.read_only, false);
  if ((flags & 4) != 0) {
    disk.KillProcess();
    if (auto pager = file::SalvagePager::Open(disk, kPath); pager.ok()) Read(*std::move(pager), true, true);
  }
  return 0;
}
