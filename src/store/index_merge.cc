// See index_merge.h.
#include "store/index_merge.h"

#include <algorithm>

namespace llkv {

IndexMerge::IndexMerge() = default;
IndexMerge::~IndexMerge() = default;

bool IndexMerge::IsLater(const Source* a, const Source* b) {
  const int order = a->key().compare(b->key());
  return order != 0 ? order > 0 : a->row() > b->row();
}

arrow::Status IndexMerge::AddRun(IndexRunReader* run, std::string_view first) {
  auto source = std::make_unique<Source>();
  source->cursor.emplace(run);
  ARROW_RETURN_NOT_OK(source->cursor->Start(first.empty() ? std::nullopt : std::optional(first)));
  if (!source->at_end()) heads_.push_back(source.get());
  sources_.push_back(std::move(source));
  return arrow::Status::OK();
}

void IndexMerge::AddKeys(const SortedKeys* keys) {
  auto source = std::make_unique<Source>();
  source->keys = keys;
  if (!source->at_end()) heads_.push_back(source.get());
  sources_.push_back(std::move(source));
}

arrow::Result<bool> IndexMerge::Next() {
  if (!is_started_) std::make_heap(heads_.begin(), heads_.end(), IsLater);
  while (!heads_.empty()) {
    Source* head = heads_.front();
    const std::string_view key = head->key();
    const RowId row = head->row();
    ARROW_RETURN_NOT_OK(head->Advance());
    std::pop_heap(heads_.begin(), heads_.end(), IsLater);
    if (head->at_end()) {
      heads_.pop_back();
    } else {
      std::push_heap(heads_.begin(), heads_.end(), IsLater);
    }
    if (is_started_ && row == row_ && key == key_) continue;
    is_started_ = true;
    key_ = key;
    row_ = row;
    return true;
  }
  return false;
}

arrow::Result<std::optional<IndexRunDescriptor>> IndexMerge::WriteRun(Pager* pager, arrow::MemoryPool* pool,
                                                                      std::vector<StagedBlob>* blobs) {
  IndexRunWriter writer(pager, pool);
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_pair, Next());
    if (!has_pair) return writer.Finish(blobs);
    ARROW_RETURN_NOT_OK(writer.Add(key_, row_));
  }
}

}  // namespace llkv
