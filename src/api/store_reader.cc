// See store_reader.h.
#include "api/store_reader.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/memory_pool.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/error_detail.h"
#include "formats/convert.h"
#include "vector/arrow_bridge.h"

namespace llkv {

namespace {

/// A piece that is stored in order is scanned again where it gives at least one in so many of the rows looked at.
constexpr uint64_t kMinStreamed = 8;

}  // namespace

StoreReader::StoreReader(std::shared_ptr<ColumnStoreCore> core, StoreView view, StoreReadPlan plan,
                         StoreScanCounters* counters)
    : core_(std::move(core)),
      view_(std::move(view)),
      plan_(std::move(plan)),
      counters_(counters),
      rows_(plan_.sources, view_.snapshot, plan_.name, view_.sort_bytes, counters) {
  if (core_ != nullptr) core_->AddReader();
}

arrow::Result<std::shared_ptr<StoreReader>> StoreReader::Make(std::shared_ptr<ColumnStoreCore> core, StoreView view,
                                                              StoreReadPlan plan, StoreScanCounters* counters) {
  if (plan.batch_rows < 1) return SqlError(sqlstate::kInvalidParameter, "batch_rows must be at least 1");
  if (view.segments.size() > kMaxSegments) return NotSupported("a column store with too many segments: Compact it");
  std::shared_ptr<StoreReader> reader(new StoreReader(std::move(core), std::move(view), std::move(plan), counters));
  ARROW_ASSIGN_OR_RAISE(reader->fetcher_,
                        RowFetcher::Make(&reader->view_, reader->plan_.fields, reader->plan_.with_row_ids));
  return reader;
}

StoreReader::~StoreReader() {
  const arrow::Status closed = Close();
  static_cast<void>(closed);
}

arrow::Status StoreReader::Close() {
  is_closed_ = true;
  if (scan_ != nullptr && counters_ != nullptr) counters_->Add(scan_->counters());
  cursor_.reset();
  scan_.reset();
  rest_.reset();
  piece_ = OrderedPiece();
  view_.pin.reset();
  if (core_ != nullptr) {
    core_->RemoveReader();
    // The last reader of a store that was let go closes it.
    core_.reset();
  }
  return arrow::Status::OK();
}

arrow::Result<bool> StoreReader::NextPiece() {
  next_row_ = 0;
  while (true) {
    if (!is_started_) {
      if (next_bounds_ == plan_.bounds.size() || plan_.sources.empty()) return false;
      const auto& [min, max] = plan_.bounds[plan_.descending ? plan_.bounds.size() - 1 - next_bounds_ : next_bounds_];
      ++next_bounds_;
      ARROW_RETURN_NOT_OK(rows_.Start(min, max, plan_.descending));
      is_started_ = true;
    }
    ARROW_ASSIGN_OR_RAISE(const bool has_piece, rows_.Next(&piece_));
    if (!has_piece) {
      is_started_ = false;
      continue;
    }
    const uint64_t num_rows = piece_.rows.size();
    if (num_rows == 0) continue;
    const bool streams = piece_.in_order && !plan_.descending && plan_.name == RowName::kPlace &&
                         num_rows >= piece_.num_scanned / kMinStreamed;
    if (streams) ARROW_RETURN_NOT_OK(StartStreaming(*piece_.in_order));
    return true;
  }
}

arrow::Status StoreReader::StartStreaming(size_t source) {
  const OrderedSource& from = plan_.sources[source];
  ScanRequest request;
  request.columns = fetcher_->ScanColumns(source);
  request.predicates = piece_.predicates;
  request.snapshot = view_.snapshot;
  ARROW_ASSIGN_OR_RAISE(scan_, from.table->OpenScan(std::move(request)));
  ARROW_ASSIGN_OR_RAISE(cursor_, scan_->MakeCursor(arrow::default_memory_pool()));
  scanned_source_ = source;
  has_morsel_ = false;
  // They are not needed any more.
  piece_.rows = SortedKeys();
  return arrow::Status::OK();
}

arrow::Result<bool> StoreReader::StreamNext() {
  while (true) {
    if (!has_morsel_) {
      ARROW_ASSIGN_OR_RAISE(has_morsel_, scan_->NextMorsel(*cursor_));
      if (!has_morsel_) break;
    }
    Batch batch;
    ARROW_ASSIGN_OR_RAISE(has_morsel_, cursor_->Next(&batch));
    if (!has_morsel_) continue;
    ARROW_RETURN_NOT_OK(fetcher_->AddScanned(scanned_source_, batch));
    return true;
  }
  if (counters_ != nullptr) counters_->Add(scan_->counters());
  cursor_.reset();
  scan_.reset();
  return false;
}

arrow::Status StoreReader::FetchNext() {
  const size_t left = piece_.rows.size() - next_row_;
  const size_t room = static_cast<size_t>(std::max<int64_t>(plan_.batch_rows - fetcher_->num_rows(), 1));
  const size_t count = std::min({left, size_t{kMaxBatchRows}, room});
  const auto name = [&](size_t i) {
    const size_t at = next_row_ + i;
    return piece_.rows.row(plan_.descending ? piece_.rows.size() - 1 - at : at).value;
  };
  if (plan_.name == RowName::kPlace) {
    places_.resize(count);
    for (size_t i = 0; i < count; ++i) places_[i].packed = name(i);
  } else {
    std::vector<uint64_t> ids(count);
    for (size_t i = 0; i < count; ++i) ids[i] = name(i);
    ARROW_ASSIGN_OR_RAISE(places_, FindRowsInAnyOrder(view_, ids));
    const bool all_there = std::all_of(places_.begin(), places_.end(), [](RowPlace place) { return place.exists(); });
    if (!all_there) return Corrupted("a sort index has a row that is not there");
  }
  next_row_ += count;
  return fetcher_->Add(places_);
}

arrow::Result<bool> StoreReader::Step() {
  while (true) {
    if (scan_ != nullptr) {
      ARROW_ASSIGN_OR_RAISE(const bool has_rows, StreamNext());
      if (has_rows) return true;
    }
    if (next_row_ < piece_.rows.size()) {
      ARROW_RETURN_NOT_OK(FetchNext());
      return true;
    }
    ARROW_ASSIGN_OR_RAISE(const bool has_piece, NextPiece());
    if (!has_piece) return false;
  }
}

arrow::Status StoreReader::ReadBatch(std::shared_ptr<arrow::RecordBatch>* batch) {
  batch->reset();
  if (is_closed_) return arrow::Status::OK();
  if (rest_ == nullptr) {
    while (!is_at_end_ && fetcher_->num_rows() < plan_.batch_rows && !fetcher_->is_full()) {
      ARROW_ASSIGN_OR_RAISE(const bool has_more, Step());
      if (has_more) continue;
      is_at_end_ = true;
    }
    if (fetcher_->num_rows() == 0) return Close();
    ARROW_ASSIGN_OR_RAISE(rest_, fetcher_->Finish());
  }
  *batch = rest_->Slice(0, plan_.batch_rows);
  rest_ = rest_->num_rows() > plan_.batch_rows ? rest_->Slice(plan_.batch_rows) : nullptr;
  return arrow::Status::OK();
}

arrow::Status StoreReader::ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) {
  const arrow::Status status = ReadBatch(batch);
  if (!status.ok()) {
    batch->reset();
    const arrow::Status closed = Close();
    static_cast<void>(closed);
  }
  return WithDetail(status);
}

arrow::Result<std::vector<RowPlace>> FindRowsInAnyOrder(const StoreView& view, std::span<const uint64_t> ids) {
  std::vector<uint64_t> sorted(ids.begin(), ids.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  ARROW_ASSIGN_OR_RAISE(const std::vector<RowPlace> found, FindRows(view, sorted));
  std::vector<RowPlace> places(ids.size());
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), ids[i]);
    places[i] = found[static_cast<size_t>(at - sorted.begin())];
  }
  return places;
}

arrow::Result<Value> ScalarToValue(const std::shared_ptr<arrow::Scalar>& scalar, LogicalType type) {
  if (scalar == nullptr) return SqlError(sqlstate::kInvalidParameter, "a value is missing");
  if (!scalar->is_valid) return Value::Null(type);
  ARROW_ASSIGN_OR_RAISE(const auto array, arrow::MakeArrayFromScalar(*scalar, 1));
  const auto given = arrow::RecordBatch::Make(arrow::schema({arrow::field("value", scalar->type)}), 1, {array});
  const auto converted = ConvertColumns(given, {type}, "a value");
  if (!converted.ok()) return SqlError(sqlstate::kInvalidParameter, converted.status().message());
  ARROW_ASSIGN_OR_RAISE(const auto reader,
                        ArrowBatchReader::Make(*converted, arrow::default_memory_pool(), {&type, 1}));
  ARROW_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
  const bool is_of_type = batch.num_rows == 1 && reader->types()[0] == type;
  if (!is_of_type) return SqlError(sqlstate::kInvalidParameter, "a value is not of the field's type");
  return GetValue(batch.columns[0], 0);
}

}  // namespace llkv
