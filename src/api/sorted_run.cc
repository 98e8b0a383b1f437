// See sorted_run.h.
#include "api/sorted_run.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/column/chunk_descriptor.h"
#include "store/column/index_chunk.h"
#include "store/index_merge.h"

namespace llkv {

namespace {
/// There is one order only.
constexpr IndexId kOrder{1};
/// About a row group's rows at once.
constexpr uint32_t kPieceChunks = kMaxRowGroupRows / kMaxIndexChunkEntries;
}  // namespace

arrow::Status SortedRun::Add(SortedKeys pairs) { return parts_.Add(kOrder, std::move(pairs)); }

arrow::Status SortedRun::Finish() {
  IndexMerge merge;
  ARROW_RETURN_NOT_OK(parts_.AddTo(kOrder, &merge));
  ARROW_ASSIGN_OR_RAISE(const std::optional<IndexRunDescriptor> run, merge.WriteRun(pager_, pool_, &blobs_));
  if (!run) return arrow::Status::OK();
  run_ = std::make_unique<IndexRunReader>(*run, pager_);
  ARROW_ASSIGN_OR_RAISE(end_chunk_, run_->NumChunks());
  return arrow::Status::OK();
}

arrow::Result<bool> SortedRun::Next(bool from_end, SortedKeys* piece) {
  *piece = SortedKeys();
  // What was merged is not needed any more.
  parts_.Clear();
  const uint32_t count = std::min(kPieceChunks, end_chunk_ - first_chunk_);
  if (count == 0) return false;
  const uint32_t first = from_end ? end_chunk_ - count : first_chunk_;
  (from_end ? end_chunk_ : first_chunk_) = from_end ? first : first + count;
  for (uint32_t i = first; i < first + count; ++i) {
    ARROW_ASSIGN_OR_RAISE(const IndexBlob* chunk, run_->Chunk(i));
    for (uint32_t entry = 0; entry < chunk->num_entries(); ++entry) {
      piece->Add(chunk->key(entry), RowId(chunk->number(entry)));
    }
  }
  return true;
}

}  // namespace llkv
