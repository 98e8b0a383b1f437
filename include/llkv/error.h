// The errors that LLKV reports: an arrow::Status whose detail carries the SQLSTATE, the place in the statement and a
// hint.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace llkv {

/// SQLSTATE codes that LLKV uses, five characters each, with PostgreSQL's meaning.
namespace sqlstate {
inline constexpr std::string_view kFeatureNotSupported = "0A000";
inline constexpr std::string_view kCardinalityViolation = "21000";
inline constexpr std::string_view kDataException = "22000";
inline constexpr std::string_view kStringTooLong = "22001";
inline constexpr std::string_view kNumericOutOfRange = "22003";
inline constexpr std::string_view kNullNotAllowed = "22004";
inline constexpr std::string_view kInvalidDatetime = "22007";
inline constexpr std::string_view kDatetimeOverflow = "22008";
inline constexpr std::string_view kSubstringError = "22011";
inline constexpr std::string_view kDivisionByZero = "22012";
inline constexpr std::string_view kInvalidFrameOffset = "22013";
inline constexpr std::string_view kInvalidNtile = "22014";
inline constexpr std::string_view kInvalidNthValue = "22016";
inline constexpr std::string_view kInvalidParameter = "22023";
inline constexpr std::string_view kInvalidEscape = "22025";
inline constexpr std::string_view kInvalidUseOfEscape = "2200C";
inline constexpr std::string_view kInvalidRegularExpression = "2201B";
inline constexpr std::string_view kInvalidLogArgument = "2201E";
inline constexpr std::string_view kInvalidPowerArgument = "2201F";
inline constexpr std::string_view kInvalidWidthBucketArgument = "2201G";
inline constexpr std::string_view kInvalidTextRepresentation = "22P02";
inline constexpr std::string_view kBadCopyFormat = "22P04";
inline constexpr std::string_view kNotNullViolation = "23502";
inline constexpr std::string_view kUniqueViolation = "23505";
inline constexpr std::string_view kCheckViolation = "23514";
inline constexpr std::string_view kInvalidCursorState = "24000";
inline constexpr std::string_view kActiveTransaction = "25001";
inline constexpr std::string_view kReadOnlyTransaction = "25006";
inline constexpr std::string_view kNoActiveTransaction = "25P01";
inline constexpr std::string_view kFailedTransaction = "25P02";
inline constexpr std::string_view kSerializationFailure = "40001";
inline constexpr std::string_view kInsufficientPrivilege = "42501";
inline constexpr std::string_view kSyntaxError = "42601";
inline constexpr std::string_view kInvalidColumnReference = "42P10";
inline constexpr std::string_view kInvalidRecursion = "42P19";
inline constexpr std::string_view kWindowingError = "42P20";
inline constexpr std::string_view kGroupingError = "42803";
inline constexpr std::string_view kDatatypeMismatch = "42804";
inline constexpr std::string_view kWrongObjectType = "42809";
inline constexpr std::string_view kUndefinedColumn = "42703";
inline constexpr std::string_view kAmbiguousColumn = "42702";
inline constexpr std::string_view kCannotCoerce = "42846";
inline constexpr std::string_view kUndefinedFunction = "42883";
inline constexpr std::string_view kUndefinedTable = "42P01";
inline constexpr std::string_view kUndefinedParameter = "42P02";
inline constexpr std::string_view kDuplicateColumn = "42701";
inline constexpr std::string_view kDuplicateAlias = "42712";
inline constexpr std::string_view kUndefinedObject = "42704";
inline constexpr std::string_view kDuplicateObject = "42710";
inline constexpr std::string_view kDuplicateTable = "42P07";
inline constexpr std::string_view kInvalidTableDefinition = "42P16";
inline constexpr std::string_view kDependentObjects = "2BP01";
inline constexpr std::string_view kDiskFull = "53100";
inline constexpr std::string_view kOutOfMemory = "53200";
inline constexpr std::string_view kStatementTooComplex = "54001";
inline constexpr std::string_view kObjectInUse = "55006";
inline constexpr std::string_view kLockNotAvailable = "55P03";
inline constexpr std::string_view kQueryCanceled = "57014";
inline constexpr std::string_view kIoError = "58030";
inline constexpr std::string_view kUndefinedFile = "58P01";
inline constexpr std::string_view kInternalError = "XX000";
inline constexpr std::string_view kDataCorrupted = "XX001";
}  // namespace sqlstate

/// What a failed arrow::Status of LLKV carries beside its message.
///
/// Immutable; lives as long as the Status. Every Status that leaves the public API has one: a library's own failure
/// gets a SQLSTATE by its Arrow code.
class SqlErrorDetail : public arrow::StatusDetail {
 public:
  static constexpr int64_t kNoPosition = -1;

  SqlErrorDetail(std::string_view sqlstate, int64_t position, std::string hint)
      : sqlstate_(sqlstate), position_(position), hint_(std::move(hint)) {}

  const char* type_id() const override;
  std::string ToString() const override;

  /// Five characters, for example "42P01".
  const std::string& sqlstate() const { return sqlstate_; }
  /// Byte offset in the SQL text given to the call, or kNoPosition.
  int64_t position() const { return position_; }
  /// A sentence that helps to mend the statement; may be empty.
  const std::string& hint() const { return hint_; }

 private:
  std::string sqlstate_;
  int64_t position_;
  std::string hint_;
};

/// Makes a failed Status with the given SQLSTATE; `position` is a byte offset in the SQL text or kNoPosition.
arrow::Status SqlError(std::string_view sqlstate, std::string message, int64_t position = SqlErrorDetail::kNoPosition,
                       std::string hint = {});

/// The detail of a failed Status, or null where it carries none. Valid as long as `status`.
const SqlErrorDetail* GetSqlError(const arrow::Status& status);

/// The SQLSTATE of a failed Status; where it has no detail, one by its Arrow code. "00000" for OK.
std::string_view GetSqlState(const arrow::Status& status);

/// The same failure with a position, where it has none yet. OK stays OK.
arrow::Status WithPosition(const arrow::Status& status, int64_t position);

}  // namespace llkv
