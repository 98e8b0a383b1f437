// SqlErrorDetail and the functions that make and read it.
#include "base/error.h"

#include <arrow/status.h>

#include <memory>
#include <string>
#include <utility>

namespace llkv {

namespace {

constexpr char kTypeId[] = "llkv::SqlErrorDetail";

arrow::StatusCode ArrowCode(std::string_view state) {
  if (state == sqlstate::kFeatureNotSupported) return arrow::StatusCode::NotImplemented;
  if (state == sqlstate::kOutOfMemory) return arrow::StatusCode::OutOfMemory;
  if (state == sqlstate::kQueryCanceled) return arrow::StatusCode::Cancelled;
  if (state == sqlstate::kUndefinedTable || state == sqlstate::kUndefinedColumn) return arrow::StatusCode::KeyError;
  if (state == sqlstate::kDatatypeMismatch) return arrow::StatusCode::TypeError;
  if (state.starts_with("58") || state.starts_with("53") || state == sqlstate::kDataCorrupted) {
    return arrow::StatusCode::IOError;
  }
  if (state.starts_with("XX")) return arrow::StatusCode::UnknownError;
  return arrow::StatusCode::Invalid;
}

}  // namespace

const char* SqlErrorDetail::type_id() const { return kTypeId; }

std::string SqlErrorDetail::ToString() const {
  std::string text = "SQLSTATE " + sqlstate_;
  if (position_ != kNoPosition) text += " at byte " + std::to_string(position_);
  if (!hint_.empty()) text += ", hint: " + hint_;
  return text;
}

arrow::Status SqlError(std::string_view sqlstate, std::string message, int64_t position, std::string hint) {
  return {ArrowCode(sqlstate), std::move(message),
          std::make_shared<SqlErrorDetail>(sqlstate, position, std::move(hint))};
}

const SqlErrorDetail* GetSqlError(const arrow::Status& status) {
  if (status.ok() || status.detail() == nullptr) return nullptr;
  if (std::string_view(status.detail()->type_id()) != kTypeId) return nullptr;
  return static_cast<const SqlErrorDetail*>(status.detail().get());
}

std::string_view GetSqlState(const arrow::Status& status) {
  if (status.ok()) return "00000";
  if (const SqlErrorDetail* detail = GetSqlError(status)) return detail->sqlstate();
  switch (status.code()) {
    case arrow::StatusCode::OutOfMemory:
      return sqlstate::kOutOfMemory;
    case arrow::StatusCode::NotImplemented:
      return sqlstate::kFeatureNotSupported;
    case arrow::StatusCode::Cancelled:
      return sqlstate::kQueryCanceled;
    case arrow::StatusCode::IOError:
      return sqlstate::kIoError;
    case arrow::StatusCode::Invalid:
      return sqlstate::kDataException;
    default:
      return sqlstate::kInternalError;
  }
}

arrow::Status WithPosition(const arrow::Status& status, int64_t position) {
  if (status.ok()) return status;
  const SqlErrorDetail* detail = GetSqlError(status);
  if (detail != nullptr && detail->position() != SqlErrorDetail::kNoPosition) return status;
  return SqlError(GetSqlState(status), status.message(), position, detail != nullptr ? detail->hint() : std::string());
}

}  // namespace llkv
