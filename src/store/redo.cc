// See redo.h.
//
// kInsertRows: runs to the end of the payload; each: varint first row id, varint row count (1 to kMaxBatchRows), then
// each column: u8 "has NULLs", where 1 a bitmap of ceil(count / 8) bytes; then the values, NULLs left out: integers of
// up to 64 bits as (zigzag) varints; 128 bits as u8 0 and a zigzag varint, or u8 1 and 16 bytes; BOOLEAN a byte;
// floating and INTERVAL as they lie; strings varint length and bytes. kDeleteRows: varint count, then the ids
// ascending, each as a varint distance from the one before. kAttachRowGroups: varint number of descriptor pages, each
// as a string; varint number of indexes, each varint id and its runs. kCreateIndex: layout and runs. kDropIndex: varint
// id.
#include "store/redo.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <limits>
#include <string>

#include "base/error.h"
#include "store/column/descriptor_page.h"
#include "store/type_codec.h"
#include "types/any_value.h"
#include "types/nested_value.h"
#include "types/type_info.h"

namespace llkv {

namespace {

constexpr uint8_t kLayoutVersion = 1;
constexpr uint8_t kIndexUnique = 1;
constexpr uint8_t kIndexPrimary = 2;
constexpr uint8_t kPartDescending = 1;
constexpr uint8_t kPartNullsFirst = 2;

void EncodeInt128(int128_t value, ByteWriter& out) {
  if (value >= std::numeric_limits<int64_t>::min() && value <= std::numeric_limits<int64_t>::max()) {
    out.U8(0);
    out.SignedVarint(static_cast<int64_t>(value));
  } else {
    out.U8(1);
    out.Fixed(value);
  }
}

int128_t DecodeInt128(ByteReader& in) {
  const uint8_t is_wide = in.U8();
  if (is_wide > 1) in.Fail();
  return is_wide == 1 ? in.Fixed<int128_t>() : int128_t{in.SignedVarint()};
}

template <typename T>
void EncodeValue(T value, ByteWriter& out) {
  if constexpr (std::is_same_v<T, int128_t>) {
    EncodeInt128(value, out);
  } else if constexpr (std::is_same_v<T, StringRef>) {
    out.String(value.view());
  } else if constexpr (std::is_same_v<T, bool>) {
    out.U8(value ? 1 : 0);
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    out.SignedVarint(value);
  } else if constexpr (std::is_integral_v<T>) {
    out.Varint(value);
  } else {
    out.Fixed(value);
  }
}

template <typename T>
T DecodeValue(ByteReader& in) {
  if constexpr (std::is_same_v<T, int128_t>) {
    return DecodeInt128(in);
  } else if constexpr (std::is_same_v<T, StringRef>) {
    const std::string_view text = in.String();
    if (text.size() > std::numeric_limits<int32_t>::max()) in.Fail();
    return text.empty() ? StringRef() : StringRef(text);
  } else if constexpr (std::is_same_v<T, bool>) {
    const uint8_t value = in.U8();
    if (value > 1) in.Fail();
    return value == 1;
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    const int64_t value = in.SignedVarint();
    if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) in.Fail();
    return static_cast<T>(value);
  } else if constexpr (std::is_integral_v<T>) {
    const uint64_t value = in.Varint();
    if (value > std::numeric_limits<T>::max()) in.Fail();
    return static_cast<T>(value);
  } else {
    return in.Fixed<T>();
  }
}

template <typename F>
void VisitPhysical(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kBool:
      return f(bool{});
    case PhysicalType::kInt8:
      return f(int8_t{});
    case PhysicalType::kInt16:
      return f(int16_t{});
    case PhysicalType::kInt32:
      return f(int32_t{});
    case PhysicalType::kInt64:
      return f(int64_t{});
    case PhysicalType::kInt128:
      return f(int128_t{});
    case PhysicalType::kUInt8:
      return f(uint8_t{});
    case PhysicalType::kUInt16:
      return f(uint16_t{});
    case PhysicalType::kUInt32:
      return f(uint32_t{});
    case PhysicalType::kUInt64:
      return f(uint64_t{});
    case PhysicalType::kFloat:
      return f(float{});
    case PhysicalType::kDouble:
      return f(double{});
    case PhysicalType::kString:
      return f(StringRef{});
    case PhysicalType::kInterval:
      return f(Interval{});
  }
}

/// Rows of one block.
void EncodeBlockRows(const HotRowGroup& group, const HotBlock& block, uint32_t first_in_block, uint32_t count,
                     ByteWriter& out) {
  uint8_t bitmap[kMaxBatchRows / 8];
  for (size_t i = 0; i < group.types().size(); ++i) {
    const bool has_nulls = HotRowGroup::GetValidity(block, i, first_in_block, count, bitmap);
    out.U8(has_nulls ? 1 : 0);
    if (has_nulls) out.Raw(bitmap, (count + 7) / 8);
    const uint8_t* valid = block.column(i).valid + first_in_block;
    VisitPhysical(group.types()[i].physical(), [&](auto zero) {
      using T = decltype(zero);
      const T* values = reinterpret_cast<const T*>(block.column(i).values) + first_in_block;
      for (uint32_t row = 0; row < count; ++row) {
        if (valid[row] != 0) EncodeValue<T>(values[row], out);
      }
    });
  }
}

/// Is a value that was read one of an ENUM, a nested type or ANY?
template <typename T>
bool IsOfType(LogicalType type, const T& value) {
  if constexpr (std::is_same_v<T, StringRef>) {
    return type.IsAny() ? IsAnyValue(value.view()) : IsNestedValue(type, value.view());
  } else if constexpr (std::is_same_v<T, uint8_t> || std::is_same_v<T, uint16_t>) {
    return value < type.info().labels.size();
  } else {
    return false;
  }
}

}  // namespace

void EncodeLayout(const TableLayout& layout, ByteWriter& out) {
  out.U8(kLayoutVersion);
  out.Varint(layout.id.value);
  out.Varint(layout.columns.size());
  for (const TableLayout::Column& column : layout.columns) {
    out.Varint(column.field.value);
    WriteType(column.type, out);
    out.String(column.name);
  }
  out.Varint(layout.indexes.size());
  for (const IndexLayout& index : layout.indexes) EncodeIndexLayout(index, out);
}

void EncodeIndexLayout(const IndexLayout& index, ByteWriter& out) {
  out.Varint(index.id.value);
  out.String(index.name);
  out.U8(static_cast<uint8_t>((index.is_unique ? kIndexUnique : 0) | (index.is_primary ? kIndexPrimary : 0)));
  out.Varint(index.parts.size());
  for (const IndexPart& part : index.parts) {
    out.Varint(part.column);
    out.U8(static_cast<uint8_t>((part.descending ? kPartDescending : 0) | (part.nulls_first ? kPartNullsFirst : 0)));
  }
}

IndexLayout DecodeIndexLayout(size_t num_columns, ByteReader& in) {
  IndexLayout index;
  index.id = IndexId(in.Varint());
  index.name = std::string(in.String());
  const uint8_t flags = in.U8();
  index.is_unique = (flags & kIndexUnique) != 0;
  index.is_primary = (flags & kIndexPrimary) != 0;
  if (flags > (kIndexUnique | kIndexPrimary) || (index.is_primary && !index.is_unique)) in.Fail();
  const uint64_t num_parts = in.Varint();
  if (num_parts == 0 || index.id.value == 0) in.Fail();
  for (uint64_t i = 0; i < num_parts && in.ok(); ++i) {
    const uint64_t ordinal = in.Varint();
    const uint8_t part_flags = in.U8();
    if (ordinal >= num_columns || part_flags > (kPartDescending | kPartNullsFirst)) in.Fail();
    index.parts.push_back(
        {static_cast<uint32_t>(ordinal), (part_flags & kPartDescending) != 0, (part_flags & kPartNullsFirst) != 0});
  }
  return index;
}

void EncodeIndexRuns(const std::vector<IndexRunDescriptor>& runs, ByteWriter& out) {
  out.Varint(runs.size());
  for (const IndexRunDescriptor& run : runs) out.String(SerializeIndexRun(run));
}

arrow::Result<std::vector<IndexRunDescriptor>> DecodeIndexRuns(ByteReader& in) {
  std::vector<IndexRunDescriptor> runs;
  const uint64_t num_runs = in.Varint();
  for (uint64_t i = 0; i < num_runs && in.ok(); ++i) {
    ARROW_ASSIGN_OR_RAISE(IndexRunDescriptor run, ParseIndexRun(in.String()));
    runs.push_back(std::move(run));
  }
  ARROW_RETURN_NOT_OK(in.Check("an index's runs"));
  return runs;
}

arrow::Result<TableLayout> DecodeLayout(ByteReader& in) {
  TableLayout layout;
  if (in.U8() != kLayoutVersion) in.Fail();
  layout.id = TableId(in.Varint());
  const uint64_t num_columns = in.Varint();
  for (uint64_t i = 0; i < num_columns && in.ok(); ++i) {
    TableLayout::Column column;
    column.field = FieldId(in.Varint());
    column.type = ReadType(in);
    column.name = std::string(in.String());
    layout.columns.push_back(std::move(column));
  }
  const uint64_t num_indexes = in.Varint();
  for (uint64_t i = 0; i < num_indexes && in.ok(); ++i) {
    layout.indexes.push_back(DecodeIndexLayout(layout.columns.size(), in));
    for (uint64_t j = 0; j < i; ++j) {
      if (layout.indexes[j].id == layout.indexes[i].id) in.Fail();
    }
  }
  ARROW_RETURN_NOT_OK(in.Check("a table's layout"));
  return layout;
}

void EncodeRows(const HotRowGroup& group, uint32_t first, uint32_t count, ByteWriter& out) {
  while (count > 0) {
    const uint32_t index = HotRowGroup::BlockOf(first);
    const HotBlock& block = group.block(index);
    const uint32_t first_in_block = first - HotRowGroup::BlockStart(index);
    const uint32_t part = std::min(count, block.capacity() - first_in_block);
    out.Varint(group.first_row().value + first);
    out.Varint(part);
    EncodeBlockRows(group, block, first_in_block, part, out);
    first += part;
    count -= part;
  }
}

arrow::Status RowDecoder::DecodeColumn(size_t column, uint32_t num_rows, ByteReader& in) {
  ScratchVector& scratch = scratch_[column];
  scratch.ResetFlat(types_[column]);
  const uint8_t has_nulls = in.U8();
  if (has_nulls > 1) in.Fail();
  if (has_nulls == 1) {
    const std::span<const uint8_t> bitmap = in.Raw((num_rows + 7) / 8);
    if (in.ok()) std::copy(bitmap.begin(), bitmap.end(), scratch.UseValidity());
  }
  ARROW_RETURN_NOT_OK(in.Check("a log record's rows"));
  const bool is_described = is_described_[column];
  VisitPhysical(types_[column].physical(), [&](auto zero) {
    using T = decltype(zero);
    T* values = scratch.data<T>();
    for (uint32_t row = 0; row < num_rows; ++row) {
      values[row] = scratch.vector().IsValid(row) ? DecodeValue<T>(in) : T{};
      if (is_described && scratch.vector().IsValid(row) && !IsOfType(types_[column], values[row])) in.Fail();
    }
  });
  return in.Check("a log record's rows");
}

arrow::Status RowDecoder::Decode(std::span<const uint8_t> payload, const Apply& apply) {
  if (scratch_.empty()) {
    for (const LogicalType type : types_) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type, pool_));
      scratch_.push_back(std::move(scratch));
      is_described_.push_back(type.IsEnum() || type.IsNested() || type.IsAny());
    }
    columns_.resize(types_.size());
  }
  ByteReader in(payload);
  while (!in.AtEnd()) {
    const RowId first_row(in.Varint());
    const uint64_t count = in.Varint();
    if (count == 0 || count > kMaxBatchRows) in.Fail();
    ARROW_RETURN_NOT_OK(in.Check("a log record's rows"));
    for (size_t i = 0; i < types_.size(); ++i) {
      ARROW_RETURN_NOT_OK(DecodeColumn(i, static_cast<uint32_t>(count), in));
      columns_[i] = scratch_[i].vector();
    }
    Batch batch;
    batch.columns = columns_;
    batch.num_rows = static_cast<uint32_t>(count);
    batch.selection = Selection::All(batch.num_rows);
    ARROW_RETURN_NOT_OK(apply(first_row, batch));
  }
  return arrow::Status::OK();
}

void EncodeRowIds(std::vector<RowId> rows, ByteWriter& out) {
  std::sort(rows.begin(), rows.end());
  out.Varint(rows.size());
  uint64_t last = 0;
  for (const RowId row : rows) {
    out.Varint(row.value - last);
    last = row.value;
  }
}

arrow::Status DecodeRowIds(std::span<const uint8_t> payload, const std::function<arrow::Status(RowId)>& apply) {
  ByteReader in(payload);
  const uint64_t count = in.Varint();
  uint64_t row = 0;
  for (uint64_t i = 0; i < count; ++i) {
    row += in.Varint();
    ARROW_RETURN_NOT_OK(in.Check("a log record's row ids"));
    ARROW_RETURN_NOT_OK(apply(RowId(row)));
  }
  return in.Finish("a log record's row ids");
}

arrow::Status EncodeAttached(const AttachedRowGroups& attached, arrow::MemoryPool* pool, ByteWriter& out) {
  const size_t num_groups = attached.row_groups.size();
  out.Varint((num_groups + kMaxRowGroupsPerPage - 1) / kMaxRowGroupsPerPage);
  for (size_t first = 0; first < num_groups; first += kMaxRowGroupsPerPage) {
    std::vector<RowGroupDescriptor> page;
    for (size_t i = first; i < std::min(num_groups, first + kMaxRowGroupsPerPage); ++i) {
      page.push_back(*attached.row_groups[i]);
    }
    ARROW_ASSIGN_OR_RAISE(const auto bytes, SerializeDescriptorPage(page, pool));
    out.String({reinterpret_cast<const char*>(bytes->data()), static_cast<size_t>(bytes->size())});
  }
  out.Varint(attached.runs.size());
  for (const AttachedRowGroups::IndexRuns& index : attached.runs) {
    out.Varint(index.index.value);
    EncodeIndexRuns(index.runs, out);
  }
  return arrow::Status::OK();
}

arrow::Result<AttachedRowGroups> DecodeAttached(std::span<const uint8_t> payload) {
  AttachedRowGroups attached;
  ByteReader in(payload);
  const uint64_t num_pages = in.Varint();
  for (uint64_t i = 0; i < num_pages && in.ok(); ++i) {
    // A copy, because a page is read on 64-byte boundaries.
    const std::string_view bytes = in.String();
    ARROW_RETURN_NOT_OK(in.Check("a log record's row groups"));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> page,
                          arrow::AllocateBuffer(static_cast<int64_t>(bytes.size())));
    std::copy(bytes.begin(), bytes.end(), page->mutable_data());
    ARROW_ASSIGN_OR_RAISE(std::vector<RowGroupDescriptor> groups, ParseDescriptorPage(page));
    for (RowGroupDescriptor& group : groups) {
      attached.row_groups.push_back(std::make_shared<const RowGroupDescriptor>(std::move(group)));
    }
  }
  const uint64_t num_indexes = in.Varint();
  for (uint64_t i = 0; i < num_indexes && in.ok(); ++i) {
    AttachedRowGroups::IndexRuns& index = attached.runs.emplace_back();
    index.index = IndexId(in.Varint());
    ARROW_ASSIGN_OR_RAISE(index.runs, DecodeIndexRuns(in));
  }
  ARROW_RETURN_NOT_OK(in.Finish("a log record's row groups"));
  return attached;
}

}  // namespace llkv
