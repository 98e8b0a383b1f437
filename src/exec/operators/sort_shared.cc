// What sorts plan once, and the parallel merge of sorted runs by splitting at sampled keys.
#include "exec/operators/sort_shared.h"

#include <algorithm>
#include <string>

#include "vector/row_layout_types.h"

namespace llkv {
namespace {

std::vector<const BoundExpr*> KeyExprs(const LogicalSort& node) {
  std::vector<const BoundExpr*> exprs;
  for (const SortKey& key : node.keys) exprs.push_back(key.expr.get());
  return exprs;
}

std::vector<LogicalType> StoredTypes(const LogicalSort& node, const std::vector<size_t>& stored_keys) {
  std::vector<LogicalType> types;
  for (const OutputColumn& column : node.output) types.push_back(column.type);
  for (const size_t key : stored_keys) types.push_back(node.keys[key].expr->type);
  return types;
}

arrow::Result<std::optional<int64_t>> ReadCount(const BoundExprPtr& expr, const char* what, const QueryContext& query) {
  if (expr == nullptr) return std::optional<int64_t>();
  ARROW_ASSIGN_OR_RAISE(const Value value, EvaluateScalar(*expr, query));
  if (value.is_null()) return std::optional<int64_t>();
  if (value.integer() < 0) {
    return SqlError(sqlstate::kInvalidParameter, std::string(what) + " must not be negative", expr->position);
  }
  const int128_t count = std::min(value.integer(), static_cast<int128_t>(INT64_MAX / 4));
  return std::optional<int64_t>(static_cast<int64_t>(count));
}

}  // namespace

std::vector<SortKeyColumn> SortShared::KeyColumns(const LogicalSort& node) {
  std::vector<SortKeyColumn> columns;
  for (const SortKey& key : node.keys) columns.push_back({key.expr->type, key.descending, key.nulls_first});
  return columns;
}

std::vector<TieOrder::Column> SortShared::FindTieColumns(const LogicalSort& node) {
  std::vector<TieOrder::Column> columns;
  for (size_t k = encoder_.first_tie_column(); k < node.keys.size(); ++k) {
    size_t stored = node.output.size();
    for (size_t c = 0; c < node.output.size() && node.keys[k].expr->IsColumn(); ++c) {
      if (node.output[c].id == node.keys[k].expr->column) stored = c;
    }
    if (stored == node.output.size()) {
      stored = node.output.size() + stored_keys_.size();
      stored_keys_.push_back(k);
    }
    columns.push_back({stored, encoder_.columns()[k]});
  }
  return columns;
}

SortShared::SortShared(const LogicalSort& node, const ColumnLayout& input)
    : node_(node),
      key_exprs_(KeyExprs(node), input),
      nulls_apart_(node.limit == nullptr && !node.keys.empty() &&
                   SortKeyEncoder::ShorterWithNullsApart(KeyColumns(node))),
      encoder_(KeyColumns(node), nulls_apart_),
      tie_columns_(FindTieColumns(node)),
      layout_(RowLayout::Make(StoredTypes(node, stored_keys_))),
      ties_(&layout_, tie_columns_) {
  for (const OutputColumn& column : node.output) input_columns_.push_back(input.at(column.id));
}

arrow::Status SortShared::Open(const QueryContext& query) {
  ARROW_ASSIGN_OR_RAISE(const auto limit, ReadCount(node_.limit, "LIMIT", query));
  ARROW_ASSIGN_OR_RAISE(const auto offset, ReadCount(node_.offset, "OFFSET", query));
  offset_ = offset.value_or(0);
  max_rows_.reset();
  if (limit.has_value()) max_rows_ = *limit + offset_;
  Release();
  return key_exprs_.Bind(query);
}

void SortShared::Release() {
  lanes_.clear();
  parts_.clear();
  merged_.reset();
  pieces_[0] = pieces_[1] = SortedRows{};
  bar_version_.store(0, std::memory_order_release);
  if (bound_ != nullptr) bound_->Reset();
}

bool SortShared::SupportsBound(LogicalType type) {
  return type.id() == TypeId::kVarchar || SortKeyEncoder({{type}}, false).CanDecodeFirst();
}

void SortShared::SetBar(const uint64_t* entry) {
  MutexLock lock(mutex_);
  const uint32_t num_words = encoder_.num_words();
  const bool has_bar = bar_version_.load(std::memory_order_relaxed) != 0;
  if (has_bar && !std::lexicographical_compare(entry, entry + num_words, bar_, bar_ + num_words)) return;
  std::copy_n(entry, num_words, bar_);
  bar_version_.fetch_add(1, std::memory_order_release);
  if (bound_ == nullptr) return;
  Value value = encoder_.DecodeFirst(entry);
  if (encoder_.columns()[0].type.id() == TypeId::kVarchar) {
    const auto* row = reinterpret_cast<const uint8_t*>(entry[num_words]);
    const size_t column = tie_columns_[0].stored;
    if (layout_.IsValid(row, column)) {
      const auto text = LoadFromRow<StringRef>(row + layout_.offset(column));
      value = Value::Varchar(std::string(text.view()));
    }
  }
  if (value.is_null()) return;
  const bool has_more_keys = node_.keys.size() > 1;
  const PredicateOp below = has_more_keys ? PredicateOp::kLessEqual : PredicateOp::kLess;
  const PredicateOp above = has_more_keys ? PredicateOp::kGreaterEqual : PredicateOp::kGreater;
  bound_->Set(node_.keys[0].descending ? above : below, std::move(value));
}

uint64_t SortShared::CopyBar(uint64_t* words) const {
  MutexLock lock(mutex_);
  std::copy_n(bar_, encoder_.num_words(), words);
  return bar_version_.load(std::memory_order_relaxed);
}

arrow::Status SortShared::SortLaneRuns(SortLane& lane, const QueryContext& query) const {
  for (PoolArray<uint64_t>& run : lane.runs) {
    const int64_t size = run.size() / entry_words();
    if (size < 2) continue;
    PoolArray<uint64_t> scratch(query.pool);
    ARROW_RETURN_NOT_OK(scratch.Resize(run.size()));
    ARROW_RETURN_NOT_OK(SortEntries({run.data(), size}, scratch.data(), encoder_.num_words(), ties_, *query.stop));
  }
  return arrow::Status::OK();
}

arrow::Status SortShared::AddLane(std::unique_ptr<SortLane> lane, const QueryContext& query) {
  ARROW_RETURN_NOT_OK(SortLaneRuns(*lane, query));
  MutexLock lock(mutex_);
  lanes_.push_back(std::move(lane));
  return arrow::Status::OK();
}

void SortShared::PlanMerge(size_t which, uint32_t num_parts, int64_t* first_row) {
  std::vector<SortRun> runs;
  size_t largest = 0;
  for (const auto& lane : lanes_) {
    runs.push_back({lane->runs[which].data(), lane->runs[which].size() / entry_words()});
    if (runs.back().size > runs[largest].size) largest = runs.size() - 1;
  }
  std::vector<int64_t> begins(runs.size(), 0);
  for (uint32_t p = 1; p <= num_parts; ++p) {
    MergePart part{{}, *first_row};
    const int64_t split = runs[largest].size * p / num_parts;
    for (size_t r = 0; r < runs.size(); ++r) {
      int64_t end = runs[r].size;
      if (p < num_parts) {
        const uint64_t* entry = runs[largest].entries + split * entry_words();
        end = std::max(begins[r], LowerBoundEntry(runs[r], entry, encoder_.num_words(), ties_));
      }
      part.runs.push_back({runs[r].entries + begins[r] * entry_words(), end - begins[r]});
      *first_row += end - begins[r];
      begins[r] = end;
    }
    parts_.push_back(std::move(part));
  }
}

arrow::Result<uint32_t> SortShared::PrepareFinalize(const QueryContext& query) {
  const size_t order[2] = {size_t{encoder_.columns().empty() || !encoder_.columns()[0].nulls_first ? 0U : 1U},
                           size_t{encoder_.columns().empty() || !encoder_.columns()[0].nulls_first ? 1U : 0U}};
  if (lanes_.size() == 1) {
    for (size_t i = 0; i < 2; ++i) {
      const PoolArray<uint64_t>& run = lanes_[0]->runs[order[i]];
      if (run.size() == 0) continue;
      pieces_[i] = {run.data() + encoder_.num_words(), entry_words(), run.size() / entry_words()};
    }
    return 0;
  }
  int64_t sizes[2] = {0, 0};
  for (const auto& lane : lanes_) {
    for (size_t i = 0; i < 2; ++i) sizes[i] += lane->runs[order[i]].size() / entry_words();
  }
  merged_.emplace(query.pool);
  ARROW_RETURN_NOT_OK(merged_->Resize(sizes[0] + sizes[1]));
  int64_t first_row = 0;
  for (size_t i = 0; i < 2; ++i) {
    if (sizes[i] == 0) continue;
    PlanMerge(order[i], sizes[i] < 100'000 ? 1 : query.max_lanes * 4, &first_row);
  }
  pieces_[0] = {reinterpret_cast<const uint64_t*>(merged_->data()), 1, sizes[0] + sizes[1]};
  return static_cast<uint32_t>(parts_.size());
}

arrow::Status SortShared::FinalizePart(const QueryContext& query, uint32_t part) {
  const MergePart& merge = parts_[part];
  return MergeEntries(merge.runs, encoder_.num_words(), ties_, *query.stop, merged_->data() + merge.first_row);
}

}  // namespace llkv
