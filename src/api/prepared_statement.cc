// PreparedStatement in terms of PreparedCore; conversions of the current row's values.
#include "llkv/prepared_statement.h"

#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <utility>

#include "api/impl.h"
#include "base/error.h"
#include "engine/error_detail.h"
#include "types/any_value.h"
#include "types/text_parse.h"

namespace llkv {

namespace {

double ScaleFactor(int scale) {
  double factor = 1;
  for (int i = 0; i < scale; ++i) factor *= 10;
  return factor;
}

/// number / 10^scale, halves away from zero, as a cast of DECIMAL does.
int128_t RoundedQuotient(int128_t number, int scale) {
  int128_t divisor = 1;
  for (int i = 0; i < scale; ++i) divisor *= 10;
  const int128_t rest = number % divisor;
  number /= divisor;
  if (rest >= divisor - rest) return number + 1;
  if (-rest >= divisor + rest) return number - 1;
  return number;
}

/// Whether values of the type can be read as numbers.
bool HasNumber(LogicalType type) {
  const TypeId id = type.id();
  return id != TypeId::kInterval && id != TypeId::kUuid && id != TypeId::kBit && id != TypeId::kTimeTz;
}

/// Any value as a 64-bit integer, 0 where it is none or does not fit.
int64_t AsInteger(const Value& value) {
  const LogicalType type = value.type();
  if (value.is_null() || !HasNumber(type)) return 0;
  if (type.IsAny()) return AnyToNumber(value.bytes()).AsInteger();
  int128_t number = 0;
  if (type.IsFloating()) {
    const double real = std::nearbyint(value.floating());
    if (!(real >= -0x1p63 && real < 0x1p63)) return 0;
    return static_cast<int64_t>(real);
  }
  if (type.physical() == PhysicalType::kString) {
    if (ParseInteger(value.bytes(), &number) != ParseOutcome::kOk) return 0;
  } else if (type.id() == TypeId::kUHugeInt) {
    if (ParseInteger(value.ToString(), &number) != ParseOutcome::kOk) return 0;
  } else {
    number = value.integer();
    number = RoundedQuotient(number, type.scale());
  }
  if (number < std::numeric_limits<int64_t>::min() || number > std::numeric_limits<int64_t>::max()) return 0;
  return static_cast<int64_t>(number);
}

double AsDouble(const Value& value) {
  const LogicalType type = value.type();
  if (value.is_null() || !HasNumber(type)) return 0;
  if (type.IsAny()) return AnyToNumber(value.bytes()).AsReal();
  if (type.IsFloating()) return value.floating();
  if (type.physical() == PhysicalType::kString || type.id() == TypeId::kUHugeInt) {
    double real = 0;
    return ParseDouble(value.ToString(), &real) == ParseOutcome::kOk ? real : 0;
  }
  return static_cast<double>(value.integer()) / ScaleFactor(type.scale());
}

/// Whether there is a value to read.
bool InRange(const PreparedCore& core, int column) {
  return core.has_row() && column >= 0 && column < core.num_columns();
}

}  // namespace

PreparedStatement::PreparedStatement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PreparedStatement::PreparedStatement(PreparedStatement&&) noexcept = default;
PreparedStatement& PreparedStatement::operator=(PreparedStatement&&) noexcept = default;
PreparedStatement::~PreparedStatement() = default;

int PreparedStatement::num_parameters() const { return impl_->core->num_parameters(); }
int PreparedStatement::ParameterIndex(std::string_view name) const { return impl_->core->ParameterIndex(name); }

arrow::Status PreparedStatement::Bind(int index, bool value) {
  return impl_->core->SetParameter(index, Value::Boolean(value));
}
arrow::Status PreparedStatement::Bind(int index, int64_t value) {
  return impl_->core->SetParameter(index, Value::BigInt(value));
}
arrow::Status PreparedStatement::Bind(int index, double value) {
  return impl_->core->SetParameter(index, Value::Double(value));
}
arrow::Status PreparedStatement::Bind(int index, std::string_view text) {
  return impl_->core->SetParameter(index, Value::Varchar(std::string(text)));
}
arrow::Status PreparedStatement::BindBlob(int index, std::string_view bytes) {
  return impl_->core->SetParameter(index, Value::Blob(std::string(bytes)));
}
arrow::Status PreparedStatement::BindNull(int index) { return impl_->core->SetParameter(index, Value::Null()); }

arrow::Result<bool> PreparedStatement::Step() {
  auto row = impl_->core->Step();
  if (!row.ok()) return WithDetail(row.status());
  return row;
}
void PreparedStatement::Reset() { impl_->core->Reset(); }

template <>
int64_t PreparedStatement::Get<int64_t>(int column) const {
  const PreparedCore& core = *impl_->core;
  if (!InRange(core, column)) return 0;
  const Vector& vector = core.column(column);
  const uint32_t row = core.row();
  if (!vector.IsValid(row)) return 0;
  if (vector.type.id() == TypeId::kBigInt) return vector.values<int64_t>()[row];
  if (vector.type.id() == TypeId::kInteger) return vector.values<int32_t>()[row];
  return AsInteger(GetValue(vector, row));
}

template <>
int32_t PreparedStatement::Get<int32_t>(int column) const {
  const int64_t value = Get<int64_t>(column);
  const bool fits = value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
  return fits ? static_cast<int32_t>(value) : 0;
}

template <>
bool PreparedStatement::Get<bool>(int column) const {
  const PreparedCore& core = *impl_->core;
  if (!InRange(core, column)) return false;
  const Value value = GetValue(core.column(column), core.row());
  if (value.type().id() == TypeId::kVarchar && !value.is_null()) {
    bool flag = false;
    return ParseBoolean(value.bytes(), &flag) == ParseOutcome::kOk && flag;
  }
  return AsDouble(value) != 0;
}

template <>
double PreparedStatement::Get<double>(int column) const {
  const PreparedCore& core = *impl_->core;
  if (!InRange(core, column)) return 0;
  const Vector& vector = core.column(column);
  if (!vector.IsValid(core.row())) return 0;
  if (vector.type.id() == TypeId::kDouble) return vector.values<double>()[core.row()];
  return AsDouble(GetValue(vector, core.row()));
}

template <>
std::string_view PreparedStatement::Get<std::string_view>(int column) const {
  PreparedCore& core = *impl_->core;
  if (!InRange(core, column)) return {};
  const Vector& vector = core.column(column);
  const uint32_t row = core.row();
  if (!vector.IsValid(row)) return {};
  if (vector.type.IsString()) return vector.values<StringRef>()[row].view();
  if (vector.type.IsAny()) {
    const std::string_view value = vector.values<StringRef>()[row].view();
    if (!IsAnyNumber(value)) return AnyBytes(value);
  }
  std::string& text = core.text(column);
  text = core.ValueText(GetValue(vector, row));
  return text;
}

bool PreparedStatement::IsNull(int column) const {
  const PreparedCore& core = *impl_->core;
  return !InRange(core, column) || !core.column(column).IsValid(core.row());
}

int PreparedStatement::num_columns() const { return impl_->core->num_columns(); }
std::string_view PreparedStatement::column_name(int column) const {
  if (column < 0 || column >= num_columns()) return {};
  return schema()->field(column)->name();
}
const std::shared_ptr<arrow::Schema>& PreparedStatement::schema() const { return impl_->core->schema(); }
int64_t PreparedStatement::rows_changed() const { return impl_->core->rows_changed(); }

arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> PreparedStatement::Query() {
  auto reader = impl_->core->Query();
  if (!reader.ok()) return WithDetail(reader.status());
  return reader;
}
arrow::Result<int64_t> PreparedStatement::ExecuteBatch(const arrow::RecordBatch& parameters) {
  auto rows_changed = impl_->core->ExecuteBatch(parameters);
  if (!rows_changed.ok()) return WithDetail(rows_changed.status());
  return rows_changed;
}

}  // namespace llkv
