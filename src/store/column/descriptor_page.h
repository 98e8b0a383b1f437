// Descriptor pages: the descriptors of neighbouring row groups as one blob of Arrow data, so that opening a table reads
// a short list of pages, and a scan loads only the pages that it comes to. Format in docs/formats/chunks.md.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "store/column/chunk_descriptor.h"

namespace llkv {

/// Row groups of one page at most; a writer that adds row groups rewrites the last page only.
inline constexpr uint32_t kMaxRowGroupsPerPage = 64;

/// A page without its content: what the list of a table's pages holds.
struct DescriptorPageRef {
  PhysicalKey key;
  uint32_t num_row_groups = 0;
  uint64_t num_rows = 0;
  RowId first_row_id;
  RowId last_row_id;
};

/// The bytes of a page, 64-byte aligned.
arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDescriptorPage(std::span<const RowGroupDescriptor> row_groups,
                                                                      arrow::MemoryPool* pool);

/// The row groups of a page. Copies what it keeps.
///
/// Any bytes may be given: XX001 where they are not a page, are of an unknown version, or contradict themselves. What
/// is returned is consistent in itself; ColumnChunk::Open compares it with the blobs.
arrow::Result<std::vector<RowGroupDescriptor>> ParseDescriptorPage(const std::shared_ptr<arrow::Buffer>& bytes);

/// The list of pages, in the same manner.
arrow::Result<std::shared_ptr<arrow::Buffer>> SerializeDescriptorPageList(std::span<const DescriptorPageRef> pages,
                                                                          arrow::MemoryPool* pool);
arrow::Result<std::vector<DescriptorPageRef>> ParseDescriptorPageList(const std::shared_ptr<arrow::Buffer>& bytes);

/// A value without its type, as pages hold it: integers as 16 bytes, floating values as the 8 of a double, intervals as
/// their 16, strings as they are.
std::string ValueToBytes(const Value& value);
/// False where they are no value of `type`.
bool ValueFromBytes(LogicalType type, std::string_view bytes, Value* value);

/// XX001 where a descriptor contradicts itself (encoding against type, buffers outside the blob, counts, base).
arrow::Status CheckDescriptor(const ChunkDescriptor& chunk);
arrow::Status CheckDescriptor(const RowGroupDescriptor& row_group);

}  // namespace llkv
