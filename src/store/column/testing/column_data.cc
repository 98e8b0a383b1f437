#include "store/column/testing/column_data.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/util/decimal.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "types/bit_string.h"
#include "types/json_text.h"
#include "types/time_tz.h"
#include "types/uhugeint.h"
#include "vector/arrow_bridge.h"

namespace llkv::testing {
namespace {

struct Limits {
  int128_t min;
  int128_t max;
};

Limits LimitsOf(LogicalType type) {
  if (type.IsDecimal()) {
    int128_t limit = 1;
    for (int i = 0; i < type.precision(); ++i) limit *= 10;
    return {1 - limit, limit - 1};
  }
  switch (type.physical()) {
    case PhysicalType::kBool:
      return {0, 1};
    case PhysicalType::kInt8:
      return {INT8_MIN, INT8_MAX};
    case PhysicalType::kInt16:
      return {INT16_MIN, INT16_MAX};
    case PhysicalType::kInt32:
      return {INT32_MIN, INT32_MAX};
    case PhysicalType::kUInt8:
      return {0, UINT8_MAX};
    case PhysicalType::kUInt16:
      return {0, UINT16_MAX};
    case PhysicalType::kUInt32:
      return {0, UINT32_MAX};
    case PhysicalType::kUInt64:
      return {0, UINT64_MAX};
    case PhysicalType::kInt128: {
      if (type.id() == TypeId::kUuid) return {kInt128Min, kInt128Max};
      // What decimal128(38, 0) holds, so that the Arrow path takes the same values.
      int128_t limit = 1;
      for (int i = 0; i < 38; ++i) limit *= 10;
      if (type.id() == TypeId::kUHugeInt) return {HoldUHugeInt(0), HoldUHugeInt(static_cast<uint128_t>(limit - 1))};
      return {1 - limit, limit - 1};
    }
    default:
      return {INT64_MIN, INT64_MAX};
  }
}

uint128_t Random128(std::mt19937_64& random) { return (static_cast<uint128_t>(random()) << 64) | random(); }

int128_t RandomInteger(LogicalType type, Spread spread, int128_t anchor, std::mt19937_64& random) {
  const Limits limits = LimitsOf(type);
  const auto size = static_cast<uint128_t>(limits.max) - static_cast<uint128_t>(limits.min);
  auto clamp = [&](uint128_t offset) {
    const uint128_t room = static_cast<uint128_t>(limits.max) - static_cast<uint128_t>(anchor);
    return static_cast<int128_t>(static_cast<uint128_t>(anchor) + (offset <= room ? offset : room));
  };
  switch (spread) {
    case Spread::kConstant:
      return anchor;
    case Spread::kFew: {
      const uint128_t offset = static_cast<uint128_t>(random() % 5) * (size / 7);
      return static_cast<int128_t>(static_cast<uint128_t>(limits.min) + offset);
    }
    case Spread::kSmallRange:
      return clamp(random() % 200);
    case Spread::kMediumRange:
      return clamp(random() % 60000);
    case Spread::kWide:
      return clamp(random() % uint64_t{4000000000});
    case Spread::kExtreme:
      break;
  }
  switch (random() % 4) {
    case 0:
      return limits.min;
    case 1:
      return limits.max;
    default: {
      const uint128_t offset = size == ~uint128_t{0} ? Random128(random) : Random128(random) % (size + 1);
      return static_cast<int128_t>(static_cast<uint128_t>(limits.min) + offset);
    }
  }
}

double RandomFloat(Spread spread, bool is_single, std::mt19937_64& random) {
  static const double kSpecial[] = {0.0,
                                    -0.0,
                                    1.5,
                                    -2.25,
                                    std::numeric_limits<double>::infinity(),
                                    -std::numeric_limits<double>::infinity(),
                                    std::numeric_limits<double>::quiet_NaN()};
  switch (spread) {
    case Spread::kConstant:
      return 42.5;
    case Spread::kFew:
      return static_cast<double>(random() % 5) / 4;
    case Spread::kSmallRange:
      return static_cast<double>(random() % 200) / 8;
    case Spread::kMediumRange:
      return static_cast<double>(random() % 60000);
    case Spread::kWide:
      return static_cast<double>(static_cast<float>(static_cast<double>(random()) / 1e9));
    case Spread::kExtreme:
      break;
  }
  if (random() % 2 == 0) return kSpecial[random() % std::size(kSpecial)];
  if (is_single) {
    const auto bits = static_cast<uint32_t>(random());
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(value);
  }
  const uint64_t bits = random();
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value;
}

std::string RandomString(Spread spread, bool is_text, std::mt19937_64& random) {
  switch (spread) {
    case Spread::kConstant:
      return "the same";
    case Spread::kFew:
      return std::string("value ") + static_cast<char>('a' + random() % 5);
    case Spread::kSmallRange:
      return std::to_string(random() % 200);
    case Spread::kMediumRange:
      return "customer#" + std::to_string(random() % 60000);
    case Spread::kWide:
      return "row " + std::to_string(random());
    case Spread::kExtreme:
      break;
  }
  static constexpr size_t kSizes[] = {0, 1, 3, 4, 5, 8, 31, 32, 33, 64, 65, 300};
  std::string text(kSizes[random() % std::size(kSizes)], '\0');
  const bool is_high = random() % 3 == 0;
  const auto mask = static_cast<uint8_t>(is_text ? 0x7F : 0xFF);
  for (char& c : text) c = static_cast<char>((is_high ? 0xFF : random() % 3 == 0 ? 0xFE : random()) & mask);
  return text;
}

std::string RandomBits(Spread spread, std::mt19937_64& random) {
  std::string bits;
  BitStringBuilder builder(&bits);
  for (const char c : RandomString(spread, false, random)) builder.Append((c & 1) != 0);
  builder.Finish();
  return bits;
}

Value RandomValue(LogicalType type, Spread spread, int128_t anchor, std::mt19937_64& random) {
  if (type.id() == TypeId::kVarchar) return Value::Varchar(RandomString(spread, true, random));
  if (type.id() == TypeId::kBlob) return Value::Blob(RandomString(spread, false, random));
  if (type.id() == TypeId::kJson) return Value::OfBytes(type, JsonQuote(RandomString(spread, true, random)));
  if (type.id() == TypeId::kBit) return Value::OfBytes(type, RandomBits(spread, random));
  if (type.IsFloating()) return Value::Floating(type, RandomFloat(spread, type.id() == TypeId::kReal, random));
  if (type.id() == TypeId::kInterval) {
    if (spread == Spread::kConstant) return Value::OfInterval({1, 2, 3});
    const uint64_t n = spread == Spread::kFew ? 3 : 100000;
    return Value::OfInterval({static_cast<int32_t>(random() % n), static_cast<int32_t>(random() % n) - 7,
                              static_cast<int64_t>(random() % n) - 50});
  }
  const int128_t number = RandomInteger(type, spread, anchor, random);
  if (type.id() != TypeId::kTimeTz) return Value::Integer(type, number);
  const auto bits = static_cast<uint64_t>(number);
  const auto offset = static_cast<int32_t>(bits % (2 * kMaxTimeTzOffset + 1)) - kMaxTimeTzOffset;
  return Value::Integer(type, HoldTimeTz({static_cast<int64_t>(bits % (kMicrosPerDay + 1)), offset}));
}

template <typename T>
void Store(T value, uint8_t* out) {
  std::memcpy(out, &value, sizeof(T));
}

void StoreInteger(int128_t value, int width, uint8_t* out) { std::memcpy(out, &value, static_cast<size_t>(width)); }

}  // namespace

std::vector<LogicalType> AllTypes() {
  return {TypeId::kBoolean,
          TypeId::kTinyInt,
          TypeId::kSmallInt,
          TypeId::kInteger,
          TypeId::kBigInt,
          TypeId::kHugeInt,
          TypeId::kUTinyInt,
          TypeId::kUSmallInt,
          TypeId::kUInteger,
          TypeId::kUBigInt,
          TypeId::kReal,
          TypeId::kDouble,
          LogicalType::Decimal(7, 2),
          LogicalType::Decimal(15, 2),
          LogicalType::Decimal(38, 6),
          TypeId::kVarchar,
          TypeId::kBlob,
          TypeId::kDate,
          TypeId::kTime,
          TypeId::kTimestamp,
          TypeId::kInterval,
          TypeId::kUHugeInt,
          TypeId::kTimestampTz,
          TypeId::kTimestampS,
          TypeId::kTimestampMs,
          TypeId::kTimestampNs,
          TypeId::kTimeTz,
          TypeId::kUuid,
          TypeId::kJson,
          TypeId::kBit};
}

std::vector<Value> RandomValues(LogicalType type, Spread spread, size_t n, int null_percent, std::mt19937_64& random) {
  const Limits limits = LimitsOf(type);
  int128_t anchor = RandomInteger(type, Spread::kExtreme, 0, random);
  if (random() % 2 == 0 && limits.min < 0) anchor = -static_cast<int128_t>(random() % 100);
  if (anchor < limits.min) anchor = limits.min;
  std::vector<Value> values;
  values.reserve(n);
  for (size_t i = 0; i < n; ++i) {
    const bool is_null = random() % 100 < static_cast<uint64_t>(null_percent);
    values.push_back(is_null ? Value::Null(type) : RandomValue(type, spread, anchor, random));
  }
  return values;
}

std::vector<Value> ShapedValues(LogicalType type, Shape shape, size_t n, int null_percent, std::mt19937_64& random) {
  static constexpr const char* kWords[] = {"furiously ", "final ",    "deposits ", "sleep ",   "carefully ",
                                           "bold ",      "accounts ", "the ",      "unusual ", "packages"};
  const bool is_number = !type.IsString() && !type.IsFloating() && type.id() != TypeId::kInterval;
  if ((shape == Shape::kRuns) != is_number || (shape == Shape::kText) != type.IsString()) return {};
  if (shape == Shape::kDecimals && type.id() != TypeId::kDouble) return {};
  std::vector<Value> values;
  Value run = Value::Null(type);
  while (values.size() < n) {
    if (random() % 100 < static_cast<uint64_t>(null_percent)) {
      values.push_back(Value::Null(type));
    } else if (shape == Shape::kDecimals) {
      values.push_back(Value::Floating(type, (static_cast<double>(random() % 90000) - 7000) / 1000));
    } else if (shape == Shape::kText) {
      std::string text;
      for (uint64_t words = random() % 12; words > 0; --words) text += kWords[random() % std::size(kWords)];
      if (random() % 50 == 0) text += static_cast<char>(random() & (type.id() == TypeId::kVarchar ? 0x7F : 0xFF));
      text += std::to_string(random() % 1000000);
      values.push_back(type.id() == TypeId::kBlob ? Value::Blob(text) : Value::Varchar(text));
    } else {
      if (run.is_null() || random() % 40 == 0) run = RandomValues(type, Spread::kMediumRange, 1, 0, random)[0];
      values.push_back(run);
    }
  }
  return values;
}

FlatColumn::FlatColumn(LogicalType type, const std::vector<Value>& values)
    : type_(type),
      width_(PhysicalWidth(type.physical())),
      values_(values),
      data_(values.size() * static_cast<size_t>(width_) + 64),
      validity_(values.size() / 8 + 72) {
  for (size_t i = 0; i < values_.size(); ++i) {
    uint8_t* out = data_.data() + i * static_cast<size_t>(width_);
    const Value& value = values_[i];
    if (value.is_null()) {
      has_nulls_ = true;
      if (type.physical() == PhysicalType::kString) Store(StringRef(), out);
      continue;
    }
    validity_[i / 8] = static_cast<uint8_t>(validity_[i / 8] | (1U << (i % 8)));
    if (type.physical() == PhysicalType::kString) {
      Store(StringRef(value.bytes()), out);
    } else if (type.id() == TypeId::kReal) {
      Store(static_cast<float>(value.floating()), out);
    } else if (type.id() == TypeId::kDouble) {
      Store(value.floating(), out);
    } else if (type.id() == TypeId::kInterval) {
      Store(value.interval(), out);
    } else {
      StoreInteger(value.integer(), width_, out);
    }
  }
}

Vector FlatColumn::GetVector(uint32_t first_row) const {
  Vector vector;
  vector.type = type_;
  vector.storage = type_.physical();
  vector.data = data_.data() + static_cast<size_t>(first_row) * static_cast<size_t>(width_);
  vector.validity = has_nulls_ ? validity_.data() + first_row / 8 : nullptr;
  return vector;
}

namespace {

/// Types that the store does not read as they lie in Arrow: by the bridge, whose own tests are the vector layer's.
std::shared_ptr<arrow::Array> MakeBridgedArray(LogicalType type, const std::vector<Value>& values) {
  const std::vector<std::string> names = {"x"};
  auto builder = RecordBatchBuilder::Make(names, {&type, 1}, arrow::default_memory_pool()).ValueOrDie();
  const FlatColumn column(type, values);
  for (size_t row = 0; row < values.size(); row += kMaxBatchRows) {
    const Vector vector = column.GetVector(static_cast<uint32_t>(row));
    Batch batch;
    batch.columns = {&vector, 1};
    batch.num_rows = static_cast<uint32_t>(std::min<size_t>(values.size() - row, kMaxBatchRows));
    batch.selection = Selection::All(batch.num_rows);
    const arrow::Status status = builder->Append(batch);
    if (!status.ok()) status.Abort();
  }
  return builder->Finish().ValueOrDie()->column(0);
}

}  // namespace

std::shared_ptr<arrow::Array> MakeArrowArray(LogicalType type, const std::vector<Value>& values) {
  if (type.id() == TypeId::kUHugeInt || type.id() >= TypeId::kTimeTz) return MakeBridgedArray(type, values);
  auto builder = arrow::MakeBuilder(ToArrowType(type)).ValueOrDie();
  for (const Value& value : values) {
    arrow::Status status;
    if (value.is_null()) {
      status = builder->AppendNull();
    } else if (type.IsString()) {
      status = static_cast<arrow::BinaryBuilder&>(*builder).Append(value.bytes());
    } else if (type.id() == TypeId::kBoolean) {
      status = static_cast<arrow::BooleanBuilder&>(*builder).Append(value.boolean());
    } else if (type.id() == TypeId::kReal) {
      status = static_cast<arrow::FloatBuilder&>(*builder).Append(static_cast<float>(value.floating()));
    } else if (type.id() == TypeId::kDouble) {
      status = static_cast<arrow::DoubleBuilder&>(*builder).Append(value.floating());
    } else if (type.id() == TypeId::kInterval) {
      const Interval interval = value.interval();
      status = static_cast<arrow::MonthDayNanoIntervalBuilder&>(*builder).Append(
          {interval.months, interval.days, interval.nanos});
    } else if (type.IsDecimal() || type.id() == TypeId::kHugeInt) {
      const int128_t v = value.integer();
      status = static_cast<arrow::Decimal128Builder&>(*builder).Append(
          arrow::Decimal128(static_cast<int64_t>(v >> 64), static_cast<uint64_t>(v)));
    } else {
      switch (type.physical()) {
        case PhysicalType::kInt8:
          status = static_cast<arrow::Int8Builder&>(*builder).Append(static_cast<int8_t>(value.integer()));
          break;
        case PhysicalType::kInt16:
          status = static_cast<arrow::Int16Builder&>(*builder).Append(static_cast<int16_t>(value.integer()));
          break;
        case PhysicalType::kInt32:
          status = type.id() == TypeId::kDate
                       ? static_cast<arrow::Date32Builder&>(*builder).Append(static_cast<int32_t>(value.integer()))
                       : static_cast<arrow::Int32Builder&>(*builder).Append(static_cast<int32_t>(value.integer()));
          break;
        case PhysicalType::kUInt8:
          status = static_cast<arrow::UInt8Builder&>(*builder).Append(static_cast<uint8_t>(value.integer()));
          break;
        case PhysicalType::kUInt16:
          status = static_cast<arrow::UInt16Builder&>(*builder).Append(static_cast<uint16_t>(value.integer()));
          break;
        case PhysicalType::kUInt32:
          status = static_cast<arrow::UInt32Builder&>(*builder).Append(static_cast<uint32_t>(value.integer()));
          break;
        case PhysicalType::kUInt64:
          status = static_cast<arrow::UInt64Builder&>(*builder).Append(static_cast<uint64_t>(value.integer()));
          break;
        default: {
          const auto number = static_cast<int64_t>(value.integer());
          if (type.id() == TypeId::kTime) {
            status = static_cast<arrow::Time64Builder&>(*builder).Append(number);
          } else if (type.IsTimestamp()) {
            status = static_cast<arrow::TimestampBuilder&>(*builder).Append(number);
          } else {
            status = static_cast<arrow::Int64Builder&>(*builder).Append(number);
          }
        }
      }
    }
    if (!status.ok()) status.Abort();
  }
  return builder->Finish().ValueOrDie();
}

}  // namespace llkv::testing
