// Which types convert into which by themselves, and what type two branches have in common.
#include "types/coercion.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "types/decimal.h"
#include "types/type_info.h"

namespace llkv {

namespace {

// Bits of an integer type's magnitude: rank among integers of one signedness.
int IntegerBits(LogicalType type) { return 8 * PhysicalWidth(type.physical()); }

LogicalType SignedOfBits(int bits) {
  switch (bits) {
    case 8:
      return TypeId::kTinyInt;
    case 16:
      return TypeId::kSmallInt;
    case 32:
      return TypeId::kInteger;
    case 64:
      return TypeId::kBigInt;
    default:
      return TypeId::kHugeInt;
  }
}

LogicalType CommonInteger(LogicalType a, LogicalType b) {
  if (a.IsUnsigned() == b.IsUnsigned()) return IntegerBits(a) >= IntegerBits(b) ? a : b;
  const LogicalType& without_sign = a.IsUnsigned() ? a : b;
  const LogicalType& with_sign = a.IsUnsigned() ? b : a;
  return SignedOfBits(std::max(2 * IntegerBits(without_sign), IntegerBits(with_sign)));
}

LogicalType CommonDecimal(LogicalType a, LogicalType b) {
  const int scale = std::max(a.scale(), b.scale());
  const int whole = std::max(a.precision() - a.scale(), b.precision() - b.scale());
  return LogicalType::Decimal(std::min(whole + scale, kMaxDecimalDigits), scale);
}

LogicalType CommonNumeric(LogicalType a, LogicalType b) {
  if (a.id() == TypeId::kDouble || b.id() == TypeId::kDouble) return TypeId::kDouble;
  if (a.id() == TypeId::kUHugeInt || b.id() == TypeId::kUHugeInt) {
    // No integer type holds both what is below zero and what is above 2^127.
    const LogicalType other = a.id() == TypeId::kUHugeInt ? b : a;
    return other.IsUnsigned() || other.id() == TypeId::kUHugeInt ? TypeId::kUHugeInt : TypeId::kDouble;
  }
  if (a.IsFloating() || b.IsFloating()) {
    const LogicalType other = a.IsFloating() ? b : a;
    // REAL holds integers of 16 bits exactly; with anything wider both become DOUBLE.
    const bool narrow = other.id() == TypeId::kReal || (other.IsInteger() && IntegerBits(other) <= 16);
    return narrow ? TypeId::kReal : TypeId::kDouble;
  }
  if (a.IsDecimal() || b.IsDecimal()) {
    return CommonDecimal(a.IsDecimal() ? a : DecimalForInteger(a), b.IsDecimal() ? b : DecimalForInteger(b));
  }
  return CommonInteger(a, b);
}

std::optional<int> NumericCastCost(LogicalType from, LogicalType to) {
  if (!to.IsNumeric()) return std::nullopt;
  if (from.id() == TypeId::kUHugeInt) return to.id() == TypeId::kDouble ? std::optional<int>(20) : std::nullopt;
  if (to.id() == TypeId::kUHugeInt) return from.IsUnsigned() ? std::optional<int>(5) : std::nullopt;
  if (from.IsInteger()) {
    if (to.IsInteger()) {
      if (from.IsUnsigned() && !to.IsUnsigned()) {
        if (IntegerBits(to) <= IntegerBits(from)) return std::nullopt;
      } else if (from.IsUnsigned() != to.IsUnsigned() || IntegerBits(to) < IntegerBits(from)) {
        return std::nullopt;
      }
      return 1 + (IntegerBits(to) - IntegerBits(from)) / 32 + (from.IsUnsigned() != to.IsUnsigned() ? 1 : 0);
    }
    if (to.IsDecimal()) return 10;
    return to.id() == TypeId::kDouble ? 20 : 22;
  }
  if (from.IsDecimal()) {
    if (to.IsDecimal()) {
      const bool holds = to.scale() >= from.scale() && to.precision() - to.scale() >= from.precision() - from.scale();
      return holds ? std::optional<int>(2) : std::nullopt;
    }
    if (to.IsFloating()) return to.id() == TypeId::kDouble ? 12 : 14;
    return std::nullopt;
  }
  if (from.id() == TypeId::kReal && to.id() == TypeId::kDouble) return 1;
  return std::nullopt;
}

// Timestamps by how finely they count; those with a zone last.
int TimestampRank(TypeId type) {
  switch (type) {
    case TypeId::kTimestampS:
      return 1;
    case TypeId::kTimestampMs:
      return 2;
    case TypeId::kTimestamp:
      return 3;
    case TypeId::kTimestampNs:
      return 4;
    default:
      return 5;
  }
}

std::optional<int> TemporalCastCost(LogicalType from, LogicalType to) {
  if (from.id() == TypeId::kTime && to.id() == TypeId::kTimeTz) return 2;
  if (!to.IsTimestamp() || from.id() == TypeId::kTimestampTz) return std::nullopt;
  const int to_rank = TimestampRank(to.id());
  if (from.id() == TypeId::kDate) return to.id() == TypeId::kTimestamp ? 2 : 3 + to_rank;
  if (!from.IsTimestamp()) return std::nullopt;
  // What takes a TIMESTAMP takes one of nanoseconds, rounded, before what takes one with a zone does.
  if (from.id() == TypeId::kTimestampNs && to.id() == TypeId::kTimestamp) return 1;
  if (from.id() == TypeId::kTimestampNs && to.id() == TypeId::kTimestampTz) return 2;
  const int steps = to_rank - TimestampRank(from.id());
  return steps > 0 ? std::optional<int>(steps) : std::nullopt;
}

}  // namespace

LogicalType DecimalForInteger(LogicalType integer) {
  switch (integer.id()) {
    case TypeId::kTinyInt:
    case TypeId::kUTinyInt:
      return LogicalType::Decimal(3, 0);
    case TypeId::kSmallInt:
    case TypeId::kUSmallInt:
      return LogicalType::Decimal(5, 0);
    case TypeId::kInteger:
    case TypeId::kUInteger:
      return LogicalType::Decimal(10, 0);
    case TypeId::kBigInt:
      return LogicalType::Decimal(19, 0);
    case TypeId::kUBigInt:
      return LogicalType::Decimal(20, 0);
    default:
      return LogicalType::Decimal(38, 0);
  }
}

namespace {

/// Do two STRUCTs have fields that belong together by their places: equal names, or no names in one?
bool HaveSameFields(LogicalType a, LogicalType b) {
  const TypeInfo& left = a.info();
  const TypeInfo& right = b.info();
  if (left.fields.size() != right.fields.size()) return false;
  if (left.IsUnnamed() || right.IsUnnamed()) return true;
  for (uint32_t i = 0; i < left.fields.size(); ++i) {
    if (right.FindField(left.fields[i].name) != i) return false;
  }
  return true;
}

bool IsSequence(LogicalType type) { return type.id() == TypeId::kList || type.id() == TypeId::kArray; }

std::optional<int> NestedCastCost(LogicalType from, LogicalType to) {
  const bool same_kind = from.id() == to.id();
  if (from.id() == TypeId::kArray && same_kind && from.info().size != to.info().size) return std::nullopt;
  if (!same_kind && (from.id() != TypeId::kArray || to.id() != TypeId::kList)) return std::nullopt;
  if (from.id() == TypeId::kUnion) return std::nullopt;
  if (from.id() == TypeId::kStruct && !HaveSameFields(from, to)) return std::nullopt;
  int total = same_kind ? 0 : 1;
  for (size_t i = 0; i < from.info().fields.size(); ++i) {
    const auto cost = ImplicitCastCost(from.info().fields[i].type, to.info().fields[i].type);
    if (!cost) return std::nullopt;
    total += *cost;
  }
  // Other names alone are a conversion too.
  return std::max(total, 1);
}

std::optional<LogicalType> Known(arrow::Result<LogicalType> type) {
  return type.ok() ? std::optional<LogicalType>(*type) : std::nullopt;
}

std::optional<LogicalType> CommonNested(LogicalType a, LogicalType b) {
  if (IsSequence(a) && IsSequence(b)) {
    const auto element = CommonType(ElementType(a), ElementType(b));
    if (!element) return std::nullopt;
    const bool array = a.id() == TypeId::kArray && b.id() == TypeId::kArray && a.info().size == b.info().size;
    return Known(array ? MakeArrayType(*element, a.info().size) : MakeListType(*element));
  }
  if (a.id() != b.id() || a.id() == TypeId::kUnion) return std::nullopt;
  if (a.id() == TypeId::kStruct && !HaveSameFields(a, b)) return std::nullopt;
  std::vector<TypeField> fields = (a.info().IsUnnamed() ? b : a).info().fields;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto common = CommonType(a.info().fields[i].type, b.info().fields[i].type);
    if (!common) return std::nullopt;
    fields[i].type = *common;
  }
  if (a.id() == TypeId::kMap) return Known(MakeMapType(fields[0].type, fields[1].type));
  return Known(MakeStructType(std::move(fields)));
}

}  // namespace

std::optional<int> ImplicitCastCost(LogicalType from, LogicalType to) {
  if (from == to) return 0;
  if (from.id() == TypeId::kNull) return 1;
  if (from.IsNested() && to.IsNested()) return NestedCastCost(from, to);
  if (from.IsEnum() && to.id() == TypeId::kVarchar) return 5;
  if (from.IsNumeric()) return NumericCastCost(from, to);
  return from.IsTemporal() ? TemporalCastCost(from, to) : std::nullopt;
}

bool IsAnyMember(LogicalType type) {
  return type.IsAny() || type.IsString() || type.id() == TypeId::kBoolean ||
         (type.IsNumeric() && type.id() != TypeId::kUHugeInt);
}

std::optional<LogicalType> DynamicType(LogicalType a, LogicalType b) {
  if (a == b || !IsAnyMember(a) || !IsAnyMember(b)) return CommonType(a, b);
  const auto is_integer = [](LogicalType type) { return type.IsInteger() || type.id() == TypeId::kBoolean; };
  const auto is_real = [](LogicalType type) { return type.IsFloating() || type.IsDecimal(); };
  // TRUE and FALSE are the integers 1 and 0.
  if (is_integer(a) && is_integer(b)) {
    if (a.id() == TypeId::kBoolean) return b;
    return b.id() == TypeId::kBoolean ? a : CommonType(a, b);
  }
  if (is_real(a) && is_real(b)) return CommonType(a, b);
  return LogicalType(TypeId::kAny);
}

std::optional<LogicalType> CommonType(LogicalType a, LogicalType b) {
  if (a == b) return a;
  if (a.id() == TypeId::kNull) return b;
  if (b.id() == TypeId::kNull) return a;
  if (a.IsNumeric() && b.IsNumeric()) return CommonNumeric(a, b);
  if (a.IsNested() && b.IsNested()) return CommonNested(a, b);
  const auto is_label = [](LogicalType type) { return type.IsEnum() || type.id() == TypeId::kVarchar; };
  if (is_label(a) && is_label(b)) return LogicalType(TypeId::kVarchar);
  if (a.id() == TypeId::kDate && b.IsTimestamp()) return b;
  if (b.id() == TypeId::kDate && a.IsTimestamp()) return a;
  if (a.IsTimestamp() && b.IsTimestamp()) return TimestampRank(a.id()) >= TimestampRank(b.id()) ? a : b;
  const auto is_time = [](LogicalType type) { return type.id() == TypeId::kTime || type.id() == TypeId::kTimeTz; };
  if (is_time(a) && is_time(b)) return LogicalType(TypeId::kTimeTz);
  return std::nullopt;
}

}  // namespace llkv
