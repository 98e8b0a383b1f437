// Value: text, and order.
#include "types/value.h"

#include <cmath>

#include "types/any_value.h"
#include "types/bit_string.h"
#include "types/calendar.h"
#include "types/nested_value.h"
#include "types/text_format.h"
#include "types/type_info.h"

namespace llkv {

namespace {

template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int CompareDoubles(double a, double b) {
  const bool a_nan = std::isnan(a);
  const bool b_nan = std::isnan(b);
  if (a_nan || b_nan) return static_cast<int>(a_nan) - static_cast<int>(b_nan);
  return Order(a, b);
}

std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted.push_back('\'');
    quoted.push_back(c);
  }
  quoted.push_back('\'');
  return quoted;
}

}  // namespace

namespace {

/// The value that an ANY is, of a type of its own.
Value UnwrapAny(std::string_view bytes) {
  switch (AnyTagOf(bytes)) {
    case AnyTag::kInteger:
      return Value::BigInt(AnyInteger(bytes));
    case AnyTag::kReal:
      return Value::Double(AnyReal(bytes));
    case AnyTag::kText:
      return Value::Varchar(std::string(AnyBytes(bytes)));
    default:
      return Value::Blob(std::string(AnyBytes(bytes)));
  }
}

}  // namespace

std::string Value::ToString() const {
  if (is_null()) return "NULL";
  if (type_.IsNested()) return NestedToText(type_, bytes());
  char text[kMaxTextBytes];
  uint32_t size = 0;
  switch (type_.id()) {
    case TypeId::kBoolean:
      return boolean() ? "true" : "false";
    case TypeId::kVarchar:
    case TypeId::kJson:
      return bytes();
    case TypeId::kBlob:
      return FormatBlob(bytes());
    case TypeId::kBit:
      return BitStringToText(bytes());
    case TypeId::kAny:
      return UnwrapAny(bytes()).ToString();
    case TypeId::kUHugeInt:
      size = FormatUHugeInt(integer(), text);
      break;
    case TypeId::kUuid:
      size = FormatUuid(integer(), text);
      break;
    case TypeId::kTimeTz:
      size = FormatTimeTz(static_cast<int64_t>(integer()), text);
      break;
    case TypeId::kTimestampTz:
      size = FormatTimestampTz(static_cast<int64_t>(integer()), TimeZone(), text);
      break;
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs:
      size = FormatTimestampOf(static_cast<int64_t>(integer()), FractionDigits(type_.id()), text);
      break;
    case TypeId::kEnum:
      return type_.info().labels[static_cast<size_t>(integer())];
    case TypeId::kReal:
      size = FormatReal(static_cast<float>(floating()), text);
      break;
    case TypeId::kDouble:
      size = FormatDouble(floating(), text);
      break;
    case TypeId::kDecimal:
      size = FormatDecimal(integer(), type_.scale(), text);
      break;
    case TypeId::kDate:
      size = FormatDate(static_cast<int64_t>(integer()), text);
      break;
    case TypeId::kTime:
      size = FormatTime(static_cast<int64_t>(integer()), text);
      break;
    case TypeId::kTimestamp:
      size = FormatTimestamp(static_cast<int64_t>(integer()), text);
      break;
    case TypeId::kInterval:
      size = FormatInterval(interval(), text);
      break;
    default:
      size = FormatInteger(integer(), text);
  }
  return {text, size};
}

std::string Value::ToSql() const {
  if (is_null()) return "NULL";
  if (type_.IsNested()) return "CAST(" + NestedToSql(type_, bytes()) + " AS " + type_.ToString() + ")";
  switch (type_.id()) {
    case TypeId::kEnum:
      return "CAST(" + Quote(ToString()) + " AS " + type_.ToString() + ")";
    case TypeId::kBoolean:
      return boolean() ? "TRUE" : "FALSE";
    case TypeId::kVarchar:
      return Quote(bytes());
    case TypeId::kBlob:
      return "X'" + FormatBlob(bytes()).substr(2) + "'";
    case TypeId::kBit:
      return "B" + Quote(ToString());
    case TypeId::kAny:
      return UnwrapAny(bytes()).ToSql();
    case TypeId::kUHugeInt:
      return "CAST(" + ToString() + " AS UHUGEINT)";
    case TypeId::kReal:
    case TypeId::kDouble: {
      const std::string text = ToString();
      return "CAST(" + (std::isfinite(floating()) ? text : Quote(text)) + " AS " + type_.ToString() + ")";
    }
    case TypeId::kDate:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kInterval:
    case TypeId::kTimestampTz:
    case TypeId::kTimestampS:
    case TypeId::kTimestampMs:
    case TypeId::kTimestampNs:
    case TypeId::kTimeTz:
    case TypeId::kUuid:
    case TypeId::kJson:
      return type_.ToString() + " " + Quote(ToString());
    default:
      return ToString();
  }
}

int CompareValues(const Value& a, const Value& b) {
  switch (a.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return CompareDoubles(a.floating(), b.floating());
    case PhysicalType::kString: {
      if (a.type().IsAny()) return CompareAny(a.bytes(), b.bytes());
      const int order = a.bytes().compare(b.bytes());
      return Order(order, 0);
    }
    case PhysicalType::kInterval:
      return Order(IntervalLength(a.interval()), IntervalLength(b.interval()));
    default:
      return Order(a.integer(), b.integer());
  }
}

}  // namespace llkv
