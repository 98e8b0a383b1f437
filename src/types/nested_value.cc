// The bytes of nested values: writing, walking, checking.
#include "types/nested_value.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.h"
#include "types/type_info.h"

namespace llkv {

namespace {

constexpr int128_t kNanosPerDay = int128_t{86400} * 1'000'000'000;

int128_t DaysLength(int32_t months, int32_t days) { return (int128_t{months} * 30 + days) * kNanosPerDay; }

}  // namespace

void AppendNestedText(std::string_view text, std::string* out) {
  while (!text.empty()) {
    const size_t zero = text.find('\0');
    if (zero == std::string_view::npos) break;
    out->append(text.substr(0, zero));
    out->append("\0\xFF", 2);
    text.remove_prefix(zero + 1);
  }
  out->append(text);
  out->append("\0\0", 2);
}

void AppendNestedInterval(const Interval& value, std::string* out) {
  AppendNestedNumber<int128_t>(DaysLength(value.months, value.days) + value.nanos, out);
  AppendNestedNumber<int32_t>(value.months, out);
  AppendNestedNumber<int32_t>(value.days, out);
}

void AppendNestedPart(LogicalType type, const Value& value, std::string* out) {
  if (value.is_null() || type.id() == TypeId::kNull) return AppendNestedMark(NestedMark::kNull, out);
  AppendNestedMark(NestedMark::kValue, out);
  if (type.IsNested()) {
    out->append(value.bytes());
    return;
  }
  switch (type.physical()) {
    case PhysicalType::kString:
      return AppendNestedText(value.bytes(), out);
    case PhysicalType::kInterval:
      return AppendNestedInterval(value.interval(), out);
    case PhysicalType::kFloat:
      return AppendNestedNumber(static_cast<float>(value.floating()), out);
    case PhysicalType::kDouble:
      return AppendNestedNumber(value.floating(), out);
    default:
      return VisitNestedNumber(type.physical(), [&](auto zero) {
        using T = decltype(zero);
        if constexpr (!std::is_floating_point_v<T>) AppendNestedNumber(static_cast<T>(value.integer()), out);
      });
  }
}

bool NestedReader::IsValue() {
  const NestedMark mark = Mark();
  if (mark == NestedMark::kEnd) Fail();
  return mark == NestedMark::kValue;
}

Interval NestedReader::ReadInterval() {
  const auto length = Number<int128_t>();
  Interval value;
  value.months = Number<int32_t>();
  value.days = Number<int32_t>();
  // A length near the ends of 128 bits wraps, and then does not fit either.
  const auto nanos = static_cast<int128_t>(static_cast<uint128_t>(length) -
                                           static_cast<uint128_t>(DaysLength(value.months, value.days)));
  if (nanos < std::numeric_limits<int64_t>::min() || nanos > std::numeric_limits<int64_t>::max()) Fail();
  value.nanos = static_cast<int64_t>(nanos);
  return ok_ ? value : Interval{};
}

std::string_view NestedReader::Text(std::string* scratch) {
  std::string_view text;
  if (TextInPlace(&text)) return text;
  const std::string_view all = rest_;
  size_t end = all.find('\0');
  scratch->clear();
  size_t begin = 0;
  while (end != std::string_view::npos && end + 1 < all.size()) {
    scratch->append(all.substr(begin, end - begin));
    const char next = all[end + 1];
    begin = end + 2;
    if (next == '\0') {
      rest_.remove_prefix(begin);
      return *scratch;
    }
    if (next != '\xFF') break;
    scratch->push_back('\0');
    end = all.find('\0', begin);
  }
  Fail();
  return {};
}

Value NestedReader::Body(LogicalType type) {
  if (type.IsNested()) return Value::OfBytes(type, std::string(SkipBody(type)));
  switch (type.physical()) {
    case PhysicalType::kString: {
      std::string scratch;
      return Value::OfBytes(type, std::string(Text(&scratch)));
    }
    case PhysicalType::kInterval:
      return Value::OfInterval(ReadInterval());
    default:
      return VisitNestedNumber(type.physical(), [&](auto zero) {
        using T = decltype(zero);
        if constexpr (std::is_floating_point_v<T>) {
          return Value::Floating(type, static_cast<double>(Number<T>()));
        } else {
          return Value::Integer(type, static_cast<int128_t>(Number<T>()));
        }
      });
  }
}

std::string_view NestedReader::SkipBody(LogicalType type) {
  const std::string_view before = rest_;
  switch (type.id()) {
    case TypeId::kList:
    case TypeId::kMap: {
      const std::vector<TypeField>& fields = type.info().fields;
      for (size_t i = 0;; i = (i + 1) % fields.size()) {
        const NestedMark mark = Mark();
        if (mark == NestedMark::kEnd) {
          if (i != 0) Fail();
          break;
        }
        if (mark == NestedMark::kValue) SkipBody(fields[i].type);
      }
      break;
    }
    case TypeId::kArray:
      for (uint32_t i = 0; i < type.info().size && ok_; ++i) {
        if (IsValue()) SkipBody(ElementType(type));
      }
      break;
    case TypeId::kStruct:
      for (const TypeField& field : type.info().fields) {
        if (IsValue()) SkipBody(field.type);
      }
      break;
    case TypeId::kUnion: {
      const auto member = Number<uint8_t>();
      if (member >= type.info().fields.size()) {
        Fail();
      } else {
        SkipBody(type.info().fields[member].type);
      }
      break;
    }
    default:
      switch (type.physical()) {
        case PhysicalType::kString: {
          std::string scratch;
          Text(&scratch);
          break;
        }
        case PhysicalType::kInterval:
          Take(24);
          break;
        default:
          Take(static_cast<size_t>(PhysicalWidth(type.physical())));
      }
  }
  return ok_ ? before.substr(0, before.size() - rest_.size()) : std::string_view();
}

namespace {

void CheckBody(LogicalType type, NestedReader& in);

void CheckPart(LogicalType type, NestedReader& in) {
  if (in.IsValue()) CheckBody(type, in);
}

void CheckScalar(LogicalType type, NestedReader& in) {
  std::string scratch;
  switch (type.physical()) {
    case PhysicalType::kString:
      in.Text(&scratch);
      return;
    case PhysicalType::kInterval:
      in.ReadInterval();
      return;
    default:
      break;
  }
  if (type.id() == TypeId::kNull) return in.Fail();
  const ValueLimits limits = IntegerLimits(type);
  VisitNestedNumber(type.physical(), [&](auto zero) {
    using T = decltype(zero);
    const T value = in.Number<T>();
    if constexpr (!std::is_floating_point_v<T>) {
      if (static_cast<int128_t>(value) < limits.min || static_cast<int128_t>(value) > limits.max) in.Fail();
    }
  });
}

void CheckBody(LogicalType type, NestedReader& in) {
  switch (type.id()) {
    case TypeId::kList:
      for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
        if (mark == NestedMark::kValue) CheckBody(ElementType(type), in);
      }
      return;
    case TypeId::kMap: {
      std::vector<std::string_view> keys;
      for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
        if (mark != NestedMark::kValue) return in.Fail();
        const std::string_view before = in.rest();
        CheckBody(MapKeyType(type), in);
        keys.push_back(before.substr(0, before.size() - in.rest().size()));
        CheckPart(MapValueType(type), in);
      }
      if (HaveEqualKeys(keys)) in.Fail();
      return;
    }
    case TypeId::kArray:
      for (uint32_t i = 0; i < type.info().size && in.ok(); ++i) CheckPart(ElementType(type), in);
      return;
    case TypeId::kStruct:
      for (const TypeField& field : type.info().fields) CheckPart(field.type, in);
      return;
    case TypeId::kUnion: {
      const auto member = in.Number<uint8_t>();
      if (member >= type.info().fields.size()) return in.Fail();
      return CheckBody(type.info().fields[member].type, in);
    }
    default:
      return CheckScalar(type, in);
  }
}

}  // namespace

bool HaveEqualKeys(std::vector<std::string_view>& keys) {
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) != keys.end();
}

arrow::Status FinishNestedMap(std::span<const std::pair<size_t, size_t>> key_places, std::string* out) {
  std::vector<std::string_view> keys;
  for (const auto& [begin, size] : key_places) {
    keys.push_back(std::string_view(*out).substr(begin, size));
    if (keys.back()[0] != static_cast<char>(NestedMark::kValue)) {
      return SqlError(sqlstate::kInvalidParameter, "a MAP's key is NULL");
    }
  }
  if (HaveEqualKeys(keys)) return SqlError(sqlstate::kInvalidParameter, "a MAP has a key twice");
  AppendNestedMark(NestedMark::kEnd, out);
  return arrow::Status::OK();
}

bool IsNestedValue(LogicalType type, std::string_view bytes) {
  NestedReader in(bytes);
  CheckBody(type, in);
  return in.ok() && in.AtEnd();
}

}  // namespace llkv
