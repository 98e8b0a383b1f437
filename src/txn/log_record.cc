// See log_record.h.
#include "txn/log_record.h"

#include <limits>

#include "base/error.h"

namespace llkv {

void LogRecordWriter::Start(CommitTs ts, uint64_t catalog_version) {
  bytes_.Clear();
  num_sections_ = num_rows_ = 0;
  bytes_.U8(kLogRecordVersion);
  bytes_.Varint(ts.value);
  bytes_.Varint(catalog_version);
}

ByteWriter& LogRecordWriter::BeginSection(uint8_t kind, uint64_t owner) {
  bytes_.U8(kind);
  bytes_.Varint(owner);
  bytes_.Fixed<uint32_t>(0);
  payload_start_ = bytes_.size();
  ++num_sections_;
  return bytes_;
}

arrow::Status LogRecordWriter::EndSection() {
  const size_t size = bytes_.size() - payload_start_;
  if (size > std::numeric_limits<uint32_t>::max()) {
    return SqlError(sqlstate::kStatementTooComplex, "the changes of one transaction to one table exceed 4 GiB");
  }
  bytes_.PatchU32(payload_start_ - sizeof(uint32_t), static_cast<uint32_t>(size));
  return arrow::Status::OK();
}

arrow::Result<LogRecordHeader> ReadLogRecord(
    std::span<const uint8_t> record,
    const std::function<arrow::Status(const LogRecordHeader&, const LogSection&)>& visit) {
  ByteReader reader(record);
  const uint8_t version = reader.U8();
  if (reader.ok() && version > kLogRecordVersion) {
    return NotSupported("the log was written by a newer version of LLKV (record format " + std::to_string(version) +
                        ")");
  }
  LogRecordHeader header;
  header.ts = CommitTs(reader.Varint());
  header.catalog_version = reader.Varint();
  if (version == 0 || header.ts.value == 0) reader.Fail();
  ARROW_RETURN_NOT_OK(reader.Check("a log record's header"));
  while (!reader.AtEnd()) {
    LogSection section;
    section.kind = reader.U8();
    section.owner = reader.Varint();
    section.payload = reader.Raw(reader.Fixed<uint32_t>());
    ARROW_RETURN_NOT_OK(reader.Check("a log record's section"));
    ARROW_RETURN_NOT_OK(visit(header, section));
  }
  return header;
}

}  // namespace llkv
