// ColumnStore: opening, reading and closing. Changes are in column_store_append.cc and column_store_compact.cc, what it
// tells of itself in column_store_statistics.cc.
#include "llkv/column_store.h"

#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "api/column_store_core.h"
#include "api/row_fetcher.h"
#include "api/store_reader.h"
#include "base/error.h"
#include "engine/error_detail.h"
#include "pager/pager.h"
#include "pager/registry.h"

namespace llkv {

namespace {

template <typename T>
arrow::Result<T> Detailed(arrow::Result<T> result) {
  if (!result.ok()) return WithDetail(result.status());
  return result;
}

Value RowIdValue(uint64_t id) { return Value::Integer(TypeId::kUBigInt, int128_t{id}); }

/// Ascending, none touching another.
std::vector<RowIdRange> MergedRanges(std::vector<RowIdRange> ranges) {
  std::erase_if(ranges, [](const RowIdRange& range) { return range.first > range.last; });
  std::sort(ranges.begin(), ranges.end(), [](const RowIdRange& a, const RowIdRange& b) { return a.first < b.first; });
  std::vector<RowIdRange> merged;
  for (const RowIdRange& range : ranges) {
    const bool touches = !merged.empty() && (merged.back().last == std::numeric_limits<uint64_t>::max() ||
                                             range.first <= merged.back().last + 1);
    if (touches) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  return merged;
}

PredicateOp OpOf(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return PredicateOp::kEqual;
    case CompareOp::kNotEqual:
      return PredicateOp::kNotEqual;
    case CompareOp::kLess:
      return PredicateOp::kLess;
    case CompareOp::kLessEqual:
      return PredicateOp::kLessEqual;
    case CompareOp::kGreater:
      return PredicateOp::kGreater;
    case CompareOp::kGreaterEqual:
      return PredicateOp::kGreaterEqual;
    case CompareOp::kIsNull:
      return PredicateOp::kIsNull;
    case CompareOp::kIsNotNull:
      return PredicateOp::kIsNotNull;
    case CompareOp::kIn:
      return PredicateOp::kIn;
  }
  return PredicateOp::kIsNull;
}

/// With the column still to be filled in.
arrow::Result<ScanPredicate> ConvertPredicate(const StoreView& view, const FieldPredicate& predicate) {
  ARROW_ASSIGN_OR_RAISE(const TableLayout::Column column, view.FindField(predicate.field));
  const bool takes_none = predicate.op == CompareOp::kIsNull || predicate.op == CompareOp::kIsNotNull;
  const bool takes_any = predicate.op == CompareOp::kIn;
  if (!takes_any && predicate.values.size() != (takes_none ? 0 : 1)) {
    return SqlError(sqlstate::kInvalidParameter, "a predicate has another number of values than its operator takes");
  }
  ScanPredicate converted;
  converted.op = OpOf(predicate.op);
  for (const auto& scalar : predicate.values) {
    ARROW_ASSIGN_OR_RAISE(Value value, ScalarToValue(scalar, column.type));
    converted.values.push_back(std::move(value));
  }
  return converted;
}

/// Segments whose rows can pass, with the predicates in their columns.
arrow::Result<std::vector<OrderedSource>> SourcesOf(const StoreView& view,
                                                    const std::vector<FieldPredicate>& predicates) {
  std::vector<ScanPredicate> converted;
  for (const FieldPredicate& predicate : predicates) {
    ARROW_ASSIGN_OR_RAISE(ScanPredicate one, ConvertPredicate(view, predicate));
    converted.push_back(std::move(one));
  }
  std::vector<OrderedSource> sources;
  for (const StoreTable& segment : view.segments) {
    OrderedSource source{segment.table, kRowIdOrdinal, {}};
    bool can_pass = true;
    for (size_t i = 0; i < predicates.size(); ++i) {
      const auto ordinal = segment.Find(predicates[i].field);
      // A field that the segment does not have is NULL there.
      can_pass = can_pass && (ordinal || predicates[i].op == CompareOp::kIsNull);
      if (!ordinal) continue;
      source.predicates.push_back(converted[i]);
      source.predicates.back().column = *ordinal;
    }
    // Sources are segments by their place: one that cannot pass has an impossible predicate.
    if (!can_pass) source.predicates = {{kRowIdOrdinal, PredicateOp::kIsNull, {}}};
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace

std::shared_ptr<arrow::Field> RowIdField() {
  return arrow::field(std::string(kRowIdColumnName), arrow::uint64(), /*nullable=*/false);
}

std::shared_ptr<arrow::Field> FieldFor(LogicalFieldId id, std::string name, std::shared_ptr<arrow::DataType> type) {
  return arrow::field(std::move(name), std::move(type), /*nullable=*/true,
                      arrow::key_value_metadata({std::string(kFieldIdMetadataKey)}, {std::to_string(id.value)}));
}

std::optional<LogicalFieldId> FieldIdOf(const arrow::Field& field) {
  if (field.metadata() == nullptr) return std::nullopt;
  const int place = field.metadata()->FindKey(std::string(kFieldIdMetadataKey));
  if (place < 0) return std::nullopt;
  const std::string& text = field.metadata()->value(place);
  LogicalFieldId id;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id.value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

ColumnStore::ColumnStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ColumnStore::~ColumnStore() = default;

arrow::Result<std::unique_ptr<ColumnStore>> ColumnStore::Open(std::string_view uri, const ColumnStoreOptions& options) {
  PagerOptions pager_options;
  pager_options.read_only = options.read_only;
  pager_options.create_if_missing = options.create_if_missing && !options.read_only;
  pager_options.io = options.io == IoMode::kRead ? FileIo::kRead : FileIo::kMap;
  auto pager = OpenPager(uri, pager_options);
  if (!pager.ok()) return WithDetail(pager.status());
  return Make(*std::move(pager), options);
}

arrow::Result<std::unique_ptr<ColumnStore>> ColumnStore::Make(std::unique_ptr<Pager> pager,
                                                              const ColumnStoreOptions& options) {
  auto core = ColumnStoreCore::Open(std::shared_ptr<Pager>(std::move(pager)), options);
  if (!core.ok()) return WithDetail(core.status());
  return std::make_unique<ColumnStore>(std::make_shared<Impl>(Impl{*std::move(core)}));
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ColumnStore::Scan(const ScanOptions& options) const {
  const auto make = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ARROW_ASSIGN_OR_RAISE(StoreView view, impl_->core->NewestView());
    StoreReadPlan plan;
    ARROW_ASSIGN_OR_RAISE(plan.sources, SourcesOf(view, options.predicates));
    plan.fields = options.fields;
    plan.with_row_ids = options.with_row_ids;
    plan.batch_rows = options.batch_rows;
    if (!options.ranges.empty()) {
      plan.bounds.clear();
      for (const RowIdRange& range : MergedRanges(options.ranges)) {
        plan.bounds.emplace_back(RowIdValue(range.first), RowIdValue(range.last));
      }
    }
    return StoreReader::Make(impl_->core, std::move(view), std::move(plan), &impl_->core->counters());
  };
  return Detailed(make());
}

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ColumnStore::ScanSorted(
    LogicalFieldId field, const SortedScanOptions& options) const {
  const auto make = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> {
    ARROW_ASSIGN_OR_RAISE(StoreView view, impl_->core->NewestView());
    const StoreSortIndex* index = view.FindIndex(field);
    if (index == nullptr) return SqlError(sqlstate::kUndefinedObject, "the field has no sort index");
    StoreReadPlan plan;
    const LogicalType type = index->table.layout().columns[1].type;
    std::pair<std::optional<Value>, std::optional<Value>> bounds;
    bool matches_nothing = false;
    if (options.min != nullptr) {
      ARROW_ASSIGN_OR_RAISE(bounds.first, ScalarToValue(options.min, type));
      matches_nothing = bounds.first->is_null();
    }
    if (options.max != nullptr) {
      ARROW_ASSIGN_OR_RAISE(bounds.second, ScalarToValue(options.max, type));
      matches_nothing = matches_nothing || bounds.second->is_null();
    }
    if (!matches_nothing) plan.sources = {{index->table.table, 1, {}}};
    plan.name = RowName::kRowId;
    plan.bounds = {std::move(bounds)};
    plan.descending = options.descending;
    plan.fields = options.fields;
    plan.batch_rows = options.batch_rows;
    return StoreReader::Make(impl_->core, std::move(view), std::move(plan), &impl_->core->counters());
  };
  return Detailed(make());
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> ColumnStore::Gather(std::span<const uint64_t> row_ids,
                                                                       std::span<const LogicalFieldId> fields,
                                                                       MissingRows missing) const {
  const auto gather = [&]() -> arrow::Result<std::shared_ptr<arrow::RecordBatch>> {
    ARROW_ASSIGN_OR_RAISE(const StoreView view, impl_->core->NewestView());
    ARROW_ASSIGN_OR_RAISE(const auto fetcher, RowFetcher::Make(&view, fields, true));
    ARROW_ASSIGN_OR_RAISE(const std::vector<RowPlace> places, FindRowsInAnyOrder(view, row_ids));
    for (size_t i = 0; i < places.size();) {
      size_t end = i;
      while (end < places.size() && places[end].exists()) ++end;
      ARROW_RETURN_NOT_OK(fetcher->Add(std::span(places).subspan(i, end - i)));
      i = end;
      if (i == places.size()) break;
      if (missing == MissingRows::kFail) {
        return SqlError(sqlstate::kUndefinedObject, "there is no row " + std::to_string(row_ids[i]));
      }
      if (missing == MissingRows::kNull) ARROW_RETURN_NOT_OK(fetcher->AddMissing(row_ids[i]));
      ++i;
    }
    return fetcher->Finish();
  };
  return Detailed(gather());
}

arrow::Result<std::vector<RowIdRange>> ColumnStore::Presence(LogicalFieldId field, RowIdRange range) const {
  const auto find = [&]() -> arrow::Result<std::vector<RowIdRange>> {
    std::vector<RowIdRange> present;
    ARROW_ASSIGN_OR_RAISE(const StoreView view, impl_->core->NewestView());
    ARROW_RETURN_NOT_OK(view.FindField(field).status());
    ARROW_ASSIGN_OR_RAISE(auto sources, SourcesOf(view, {{field, CompareOp::kIsNotNull, {}}}));
    if (range.first > range.last) return present;
    OrderedRows rows(std::move(sources), view.snapshot, RowName::kRowId, view.sort_bytes, &impl_->core->counters());
    ARROW_RETURN_NOT_OK(rows.Start(RowIdValue(range.first), RowIdValue(range.last), false));
    OrderedPiece piece;
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const bool has_piece, rows.Next(&piece));
      if (!has_piece) return present;
      for (size_t i = 0; i < piece.rows.size(); ++i) {
        const uint64_t id = piece.rows.row(i).value;
        if (!present.empty() && present.back().last + 1 == id) {
          present.back().last = id;
        } else {
          present.push_back({id, id});
        }
      }
    }
  };
  return Detailed(find());
}

arrow::Result<std::vector<FieldInfo>> ColumnStore::Fields() const {
  const auto view = impl_->core->NewestView();
  if (!view.ok()) return WithDetail(view.status());
  std::vector<FieldInfo> fields;
  if (view->segments.empty()) return fields;
  for (const TableLayout::Column& column : view->segments.back().layout().columns) {
    FieldInfo field;
    field.id.value = column.field.value;
    if (field.id == kRowIdField) continue;
    field.name = column.name;
    field.type = ToArrowType(column.type);
    field.has_sort_index = view->FindIndex(field.id) != nullptr;
    fields.push_back(std::move(field));
  }
  std::sort(fields.begin(), fields.end(), [](const FieldInfo& a, const FieldInfo& b) { return a.id < b.id; });
  return fields;
}

arrow::Status ColumnStore::Checkpoint() { return WithDetail(impl_->core->Checkpoint()); }

std::vector<std::string> ColumnStore::warnings() const { return impl_->core->storage().pager().warnings(); }

arrow::Status ColumnStore::Close() { return WithDetail(impl_->core->Close()); }

}  // namespace llkv
