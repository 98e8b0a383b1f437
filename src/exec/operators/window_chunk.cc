// See window_chunk.h.
#include "exec/operators/window_chunk.h"

#include <algorithm>
#include <bit>

namespace llkv {
namespace {

/// Rows that are looked at between two looks at the stop token.
constexpr int64_t kPollRows = 4096;
/// Rows stand anywhere in memory: they are fetched so far ahead.
constexpr int64_t kPrefetchRows = 16;

}  // namespace

WindowChunk::WindowChunk(const WindowPlan* plan, const SortShared* sorted, const QueryContext* query)
    : plan_(plan),
      sorted_(sorted),
      query_(query),
      partition_order_(&sorted->layout(), plan->partition_columns()),
      rows_(query->pool),
      starts_(query->pool) {
  for (size_t i = 0; i < plan->orders().size(); ++i) peer_starts_.emplace_back(query->pool);
}

void WindowChunk::Clear() {
  rows_.Clear();
  starts_.Clear();
}

arrow::Status WindowChunk::Load(int64_t begin, int64_t end) {
  Clear();
  const int64_t num_sorted = sorted_->num_rows();
  int64_t next = begin;
  // A partition that began earlier is another chunk's.
  for (; begin > 0 && next < end && SamePartition(RowAt(next - 1), RowAt(next)); ++next) {
    if (next % kPollRows == 0) ARROW_RETURN_NOT_OK(query_->stop->Check());
  }
  if (next >= end) return arrow::Status::OK();
  ARROW_RETURN_NOT_OK(rows_.Reserve(end - next));
  for (; next < num_sorted; ++next) {
    if (next % kPollRows == 0) ARROW_RETURN_NOT_OK(query_->stop->Check());
    if (next + kPrefetchRows < num_sorted) __builtin_prefetch(RowAt(next + kPrefetchRows));
    uint8_t* row = RowAt(next);
    if (rows_.empty() || !SamePartition(rows_[rows_.size() - 1], row)) {
      if (next >= end) break;
      ARROW_RETURN_NOT_OK(starts_.Append(rows_.size()));
    }
    ARROW_RETURN_NOT_OK(rows_.Append(row));
  }
  ARROW_RETURN_NOT_OK(starts_.Append(rows_.size()));
  return MarkPeers();
}

arrow::Status WindowChunk::MarkPeers() {
  const std::vector<uint32_t>& orders = plan_->orders();
  if (orders.empty()) return arrow::Status::OK();
  const std::vector<TieOrder::Column>& columns = plan_->order_columns();
  for (PoolArray<uint64_t>& bits : peer_starts_) {
    ARROW_RETURN_NOT_OK(bits.Resize((size() + 63) / 64));
    std::fill(bits.begin(), bits.end(), uint64_t{0});
  }
  int64_t partition = 0;
  for (int64_t i = 0; i < size(); ++i) {
    if (i % kPollRows == 0) ARROW_RETURN_NOT_OK(query_->stop->Check());
    if (i + kPrefetchRows < size()) __builtin_prefetch(rows_[i + kPrefetchRows]);
    // The first key that differs from the row before.
    size_t differs = 0;
    if (i == starts_[partition]) {
      ++partition;
      for (PoolArray<uint64_t>& bits : peer_starts_) bits[i >> 6] |= uint64_t{1} << (i & 63);
      continue;
    }
    while (differs < orders.back() && CompareStoredColumn(layout(), columns[differs].stored, columns[differs].order,
                                                          rows_[i - 1], rows_[i]) == 0) {
      ++differs;
    }
    for (size_t k = orders.size(); k > 0 && differs < orders[k - 1]; --k) {
      peer_starts_[k - 1][i >> 6] |= uint64_t{1} << (i & 63);
    }
  }
  return arrow::Status::OK();
}

int64_t WindowChunk::PeersEnd(uint32_t order, int64_t row) const {
  const PoolArray<uint64_t>& bits = peer_starts_[order];
  int64_t word = (row + 1) >> 6;
  if (word >= bits.size()) return size();
  uint64_t rest = bits[word] & (~uint64_t{0} << ((row + 1) & 63));
  while (rest == 0) {
    if (++word == bits.size()) return size();
    rest = bits[word];
  }
  return (word << 6) + std::countr_zero(rest);
}

}  // namespace llkv
