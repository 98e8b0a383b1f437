// Value: one SQL value with its type. For constants, parameters, statistics and row-at-a-time interfaces; never a row's
// hot path.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "base/int128.h"
#include "types/logical_type.h"

namespace llkv {

/// INTERVAL: three parts that do not convert into each other, in the layout of Arrow's month_day_nano_interval.
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanos = 0;
  bool operator==(const Interval&) const = default;
};

/// One SQL value. NULL has a type too (kNull where nothing is known).
///
/// Integers, DECIMAL (unscaled), dates and times, UHUGEINT and UUID (as Vectors hold them) are held as 128-bit
/// integers, an ENUM as its label's number; REAL and DOUBLE as double; VARCHAR, BLOB, JSON and BIT as bytes that the
/// Value owns, nested values as theirs (nested_value.h).
class Value {
 public:
  /// NULL of a type.
  explicit Value(LogicalType type = TypeId::kNull) : type_(type) {}

  static Value Null(LogicalType type = TypeId::kNull) { return Value(type); }
  static Value Boolean(bool v) { return Value(TypeId::kBoolean, static_cast<int128_t>(v)); }
  static Value Integer(LogicalType type, int128_t v) { return Value(type, v); }
  static Value BigInt(int64_t v) { return Value(TypeId::kBigInt, static_cast<int128_t>(v)); }
  static Value Double(double v) { return Value(TypeId::kDouble, v); }
  static Value Varchar(std::string v) { return Value(TypeId::kVarchar, std::move(v)); }
  static Value Blob(std::string v) { return Value(TypeId::kBlob, std::move(v)); }
  /// Of any type whose physical type is kString: VARCHAR, BLOB, JSON, BIT, and nested values in their form
  /// (nested_value.h).
  static Value OfBytes(LogicalType type, std::string v) { return Value(type, std::move(v)); }
  static Value OfInterval(Interval v) { return Value(TypeId::kInterval, v); }
  static Value Floating(LogicalType type, double v) { return Value(type, v); }

  LogicalType type() const { return type_; }
  bool is_null() const { return std::holds_alternative<std::monostate>(data_); }
  bool boolean() const { return std::get<int128_t>(data_) != 0; }
  /// Integers, unscaled decimals, dates and times.
  int128_t integer() const { return std::get<int128_t>(data_); }
  double floating() const { return std::get<double>(data_); }
  const std::string& bytes() const { return std::get<std::string>(data_); }
  Interval interval() const { return std::get<Interval>(data_); }

  /// Same type and same content; NULL equals NULL. Not SQL's `=`.
  bool operator==(const Value&) const = default;

  /// As a cast to VARCHAR renders it where the session's time zone is UTC; "NULL" for NULL.
  std::string ToString() const;
  /// As a SQL literal: quoted, with a type prefix where needed.
  std::string ToSql() const;

 private:
  template <typename T>
  Value(LogicalType type, T v) : type_(type), data_(std::move(v)) {}

  LogicalType type_;
  std::variant<std::monostate, int128_t, double, std::string, Interval> data_;
};

/// Orders two non-NULL values of one type: negative, 0, positive. Floating NaN is greatest and equal to itself; text by
/// bytes; intervals by their length with 30-day months and 24-hour days.
int CompareValues(const Value& a, const Value& b);

}  // namespace llkv
