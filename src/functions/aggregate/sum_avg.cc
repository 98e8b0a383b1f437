// sum and avg. Integers and decimals are summed exactly in 128 bits; an overflow of those is an error. REAL and DOUBLE
// are summed with a compensation term (Neumaier), blocks of a batch in independent lanes before that.
#include <cmath>

#include "functions/aggregate_support.h"
#include "functions/any_operators.h"
#include "functions/arithmetic_loops.h"
#include "functions/interval_sum.h"
#include "types/coercion.h"
#include "types/decimal.h"

namespace llkv {

namespace {

struct ExactState {
  PackedInt128 sum;
  int64_t count = 0;
};

struct FloatState {
  double sum = 0;
  double compensation = 0;
  int64_t count = 0;

  void Add(double value) {
    const double total = sum + value;
    // Where the total is infinite the compensation would be NaN.
    if (std::isfinite(total)) {
      compensation += std::fabs(sum) >= std::fabs(value) ? (sum - total) + value : (value - total) + sum;
    }
    sum = total;
  }
  double Total() const { return std::isfinite(sum) ? sum + compensation : sum; }
};

struct SumState {
  LogicalType argument;
  bool average = false;
  bool total = false;   // 0 for no values
  bool narrow = false;  // the sum is BIGINT (dialect sqlite)
};

arrow::Status SumOverflow() { return SqlError(sqlstate::kNumericOutOfRange, "the sum is out of range for 128 bits"); }

// Halves of int64 values apart: neither can overflow within a batch.
template <typename T>
struct SplitSumLoop {
  static LLKV_INLINE int128_t Run(const T* data, uint32_t count) {
    if constexpr (sizeof(T) < 8) {
      int64_t sum = 0;
      for (uint32_t i = 0; i < count; ++i) sum += static_cast<int64_t>(data[i]);
      return sum;
    } else {
      uint64_t low = 0;
      int64_t high = 0;
      for (uint32_t i = 0; i < count; ++i) {
        low += static_cast<uint32_t>(data[i]);
        high += static_cast<int64_t>(data[i] >> 32);
      }
      return static_cast<int128_t>(high) * (int128_t{1} << 32) + static_cast<int128_t>(low);
    }
  }
};

// Values of at most 52 bits: their plain sum over a batch fits.
struct PlainSumLoop {
  static LLKV_INLINE int64_t Run(const int64_t* data, uint32_t count) {
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; ++i) sum += static_cast<uint64_t>(data[i]);
    return static_cast<int64_t>(sum);
  }
};

// The same for chosen rows, in four sums that do not wait for each other.
template <typename T>
int128_t SplitSumRows(const T* data, const uint16_t* rows, uint32_t count) {
  if constexpr (sizeof(T) < 8) {
    int64_t sums[4] = {0, 0, 0, 0};
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4) {
      for (uint32_t k = 0; k < 4; ++k) sums[k] += static_cast<int64_t>(data[rows[i + k]]);
    }
    for (; i < count; ++i) sums[0] += static_cast<int64_t>(data[rows[i]]);
    return sums[0] + sums[1] + sums[2] + sums[3];
  } else {
    uint64_t low[2] = {0, 0};
    int64_t high[2] = {0, 0};
    uint32_t i = 0;
    for (; i + 2 <= count; i += 2) {
      for (uint32_t k = 0; k < 2; ++k) {
        const auto value = data[rows[i + k]];
        low[k] += static_cast<uint32_t>(value);
        high[k] += static_cast<int64_t>(value >> 32);
      }
    }
    for (; i < count; ++i) {
      low[0] += static_cast<uint32_t>(data[rows[i]]);
      high[0] += static_cast<int64_t>(data[rows[i]] >> 32);
    }
    return static_cast<int128_t>(high[0] + high[1]) * (int128_t{1} << 32) + static_cast<int128_t>(low[0] + low[1]);
  }
}

template <typename T>
int128_t SumRows(const T* data, const Selection& selection, const ValueRange& range) {
  if (selection.IsDense()) {
    if constexpr (std::is_same_v<T, int64_t>) {
      constexpr int128_t kLimit = int128_t{1} << 51;
      if (range.known && range.min > -kLimit && range.max < kLimit) {
        return Dispatch<PlainSumLoop>(data, selection.count);
      }
    }
    return Dispatch<SplitSumLoop<T>>(data, selection.count);
  }
  return SplitSumRows(data, selection.rows, selection.count);
}

int128_t ConstantInteger(const Vector& vector) {
  if (vector.type.physical() == PhysicalType::kInt128) return *vector.values<int128_t>();
  return VisitInteger64(vector.type.physical(),
                        [&](auto zero) { return static_cast<int128_t>(*vector.values<decltype(zero)>()); });
}

// The selected rows' sum; false on overflow of 128 bits.
bool SumVector(const Vector& vector, const Selection& rows, int128_t* sum) {
  if (vector.form == VectorForm::kConstant) {
    return !__builtin_mul_overflow(ConstantInteger(vector), static_cast<int128_t>(rows.count), sum);
  }
  const bool narrow = vector.form == VectorForm::kNarrow;
  const PhysicalType stored = narrow ? vector.storage : vector.type.physical();
  if (stored == PhysicalType::kInt128) {
    const auto* data = vector.values<int128_t>();
    bool overflow = false;
    *sum = 0;
    ForEachRow(rows, [&](uint32_t row) { overflow |= __builtin_add_overflow(*sum, data[row], sum); });
    return !overflow;
  }
  *sum =
      VisitInteger64(stored, [&](auto zero) { return SumRows(vector.values<decltype(zero)>(), rows, vector.range); });
  if (narrow) *sum += static_cast<int128_t>(vector.base) * rows.count;
  return true;
}

arrow::Status ExactUpdateSingle(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, uint8_t* raw) {
  uint16_t room[kMaxBatchRows];
  const Selection rows = ValidRows(*args[0], selection, room);
  auto* state = StateAt<ExactState>(raw);
  int128_t sum = 0;
  if (!SumVector(*args[0], rows, &sum) || !state->sum.Add(sum)) return SumOverflow();
  state->count += rows.count;
  return arrow::Status::OK();
}

arrow::Status ExactUpdate(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                          const Selection& selection, uint32_t num_rows, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  const Selection rows = ValidRows(*args[0], selection, room);
  const uint32_t count = DenseCount(selection, num_rows);
  alignas(64) int64_t buffer[kMaxBatchRows];
  const Operand<int64_t> values = LoadInt64(*args[0], count, buffer);
  if (values.data != nullptr) {
    ForEachRow(rows, [&](uint32_t row) {
      auto* state = StateAt<ExactState>(states[row]);
      state->sum.AddUnchecked(values[row]);
      ++state->count;
    });
    return arrow::Status::OK();
  }
  alignas(64) int128_t wide_buffer[kMaxBatchRows];
  const Operand<int128_t> wide = LoadInt128(*args[0], count, wide_buffer);
  bool fits = true;
  ForEachRow(rows, [&](uint32_t row) {
    auto* state = StateAt<ExactState>(states[row]);
    fits &= state->sum.Add(wide[row]);
    ++state->count;
  });
  return fits ? arrow::Status::OK() : SumOverflow();
}

arrow::Status ExactCombine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                           uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<ExactState>(targets[i]);
    const auto* source = StateAt<ExactState>(sources[i]);
    if (!target->sum.Add(source->sum.Get())) return SumOverflow();
    target->count += source->count;
  }
  return arrow::Status::OK();
}

arrow::Status ExactFinalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                            ScratchVector& out) {
  const auto& info = *static_cast<const SumState*>(bound);
  const bool decimal = info.argument.IsDecimal();
  const LogicalType sum_type =
      decimal ? LogicalType::Decimal(kMaxDecimalDigits, info.argument.scale()) : LogicalType(TypeId::kHugeInt);
  out.ResetFlat(info.average ? LogicalType(TypeId::kDouble) : info.narrow ? LogicalType(TypeId::kBigInt) : sum_type);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<ExactState>(states[i]);
    if (state->count == 0) {
      if (out.vector().validity == nullptr) out.UseValidity();
      ClearBit(out.validity(), i);
      if (info.average) {
        out.data<double>()[i] = 0;
      } else if (info.narrow) {
        out.data<int64_t>()[i] = 0;
      } else {
        out.data<int128_t>()[i] = 0;
      }
      continue;
    }
    const int128_t sum = state->sum.Get();
    if (info.average) {
      // Whole part and rest apart keep all digits of sums beyond 2^53.
      const int128_t quotient = sum / state->count;
      const double rest = static_cast<double>(sum % state->count) / static_cast<double>(state->count);
      const double power = static_cast<double>(PowerOfTen(info.argument.scale()));
      constexpr int128_t kExact = int128_t{1} << 53;
      const bool exact = sum < kExact && sum > -kExact;
      out.data<double>()[i] = exact ? static_cast<double>(sum) / (static_cast<double>(state->count) * power)
                                    : (static_cast<double>(quotient) + rest) / power;
      continue;
    }
    if (info.narrow) {
      if (sum < INT64_MIN || sum > INT64_MAX) return OutOfRange(TypeId::kBigInt);
      out.data<int64_t>()[i] = static_cast<int64_t>(sum);
      continue;
    }
    if (decimal && !FitsPrecision(sum, kMaxDecimalDigits)) return OutOfRange(sum_type);
    out.data<int128_t>()[i] = sum;
  }
  return arrow::Status::OK();
}

// Eight lanes, so that additions neither wait for each other nor depend on the machine's vector width.
template <typename T>
struct FloatSumLoop {
  static LLKV_INLINE double Run(const T* data, uint32_t count) {
    double lanes[8] = {};
    uint32_t i = 0;
    for (; i + 8 <= count; i += 8) {
      for (uint32_t lane = 0; lane < 8; ++lane) lanes[lane] += static_cast<double>(data[i + lane]);
    }
    for (; i < count; ++i) lanes[i & 7] += static_cast<double>(data[i]);
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }
};

template <typename T>
arrow::Status FloatUpdateSingle(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, uint8_t* raw) {
  uint16_t room[kMaxBatchRows];
  const Selection rows = ValidRows(*args[0], selection, room);
  auto* state = StateAt<FloatState>(raw);
  state->count += rows.count;
  const Input<T> values(*args[0]);
  if (values.is_constant() || !rows.IsDense()) {
    ForEachRow(rows, [&](uint32_t row) { state->Add(static_cast<double>(values[row])); });
    return arrow::Status::OK();
  }
  // Short blocks keep the rounding of a block below what the compensation recovers.
  constexpr uint32_t kBlock = 256;
  for (uint32_t begin = 0; begin < rows.count; begin += kBlock) {
    state->Add(Dispatch<FloatSumLoop<T>>(values.data() + begin, std::min(kBlock, rows.count - begin)));
  }
  return arrow::Status::OK();
}

template <typename T>
arrow::Status FloatUpdate(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, uint8_t* const* states) {
  uint16_t room[kMaxBatchRows];
  const Input<T> values(*args[0]);
  ForEachRow(ValidRows(*args[0], selection, room), [&](uint32_t row) {
    auto* state = StateAt<FloatState>(states[row]);
    state->Add(static_cast<double>(values[row]));
    ++state->count;
  });
  return arrow::Status::OK();
}

arrow::Status FloatCombine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                           uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<FloatState>(targets[i]);
    const auto* source = StateAt<FloatState>(sources[i]);
    target->Add(source->sum);
    target->compensation += source->compensation;
    target->count += source->count;
  }
  return arrow::Status::OK();
}

arrow::Status FloatFinalize(KernelContext& /*context*/, const void* bound, const uint8_t* const* states, uint32_t count,
                            ScratchVector& out) {
  const auto& info = *static_cast<const SumState*>(bound);
  out.ResetFlat(TypeId::kDouble);
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<FloatState>(states[i]);
    out.data<double>()[i] = 0;
    if (state->count == 0) {
      if (!info.total) SetNullRow(i, out);
      continue;
    }
    const double total = state->Total();
    out.data<double>()[i] = info.average ? total / static_cast<double>(state->count) : total;
  }
  return arrow::Status::OK();
}

// SQLite's sum that is always a DOUBLE, and never NULL.
arrow::Result<BoundAggregate> BindTotal(const AggregateFunction& self, const BindInput& input) {
  const bool fits = input.argument_types.size() == 1 &&
                    (input.argument_types[0].IsNumeric() || input.argument_types[0].id() == TypeId::kNull ||
                     (input.dialect == Dialect::kSqlite && IsAnyMember(input.argument_types[0])));
  if (!fits) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound = MakeAggregate(self, {TypeId::kDouble}, TypeId::kDouble, sizeof(FloatState));
  bound.initialize = InitializeState<FloatState>;
  bound.update = FloatUpdate<double>;
  bound.update_single = FloatUpdateSingle<double>;
  bound.combine = FloatCombine;
  bound.finalize = FloatFinalize;
  bound.state = std::make_shared<const SumState>(SumState{TypeId::kDouble, false, true});
  return bound;
}

template <bool average>
arrow::Result<BoundAggregate> BindSum(const AggregateFunction& self, const BindInput& input) {
  if (input.argument_types.size() != 1) return NoOverload(self.name, input.argument_types);
  LogicalType type = input.argument_types[0];
  const bool sqlite = input.dialect == Dialect::kSqlite;
  if (IsAnyOperation(input) && !average) return BindAnySum(self);
  if (type.id() == TypeId::kInterval) return BindIntervalSum(self, average);
  if (type.id() == TypeId::kNull) type = TypeId::kInteger;
  if (sqlite && type.id() == TypeId::kBoolean) type = TypeId::kInteger;
  if (sqlite && (type.IsAny() || type.IsString())) type = TypeId::kDouble;
  // Sums of UHUGEINT leave 128 bits soon.
  if (type.id() == TypeId::kUHugeInt) type = TypeId::kDouble;
  if (!type.IsNumeric()) return NoOverload(self.name, input.argument_types);
  BoundAggregate bound;
  if (type.IsFloating()) {
    bound = MakeAggregate(self, {type}, TypeId::kDouble, sizeof(FloatState));
    const bool real = type.id() == TypeId::kReal;
    bound.initialize = InitializeState<FloatState>;
    bound.update = real ? FloatUpdate<float> : FloatUpdate<double>;
    bound.update_single = real ? FloatUpdateSingle<float> : FloatUpdateSingle<double>;
    bound.combine = FloatCombine;
    bound.finalize = FloatFinalize;
  } else {
    const LogicalType sum = sqlite && type.IsInteger() ? LogicalType(TypeId::kBigInt)
                            : type.IsDecimal()         ? LogicalType::Decimal(kMaxDecimalDigits, type.scale())
                                                       : LogicalType(TypeId::kHugeInt);
    bound = MakeAggregate(self, {type}, average ? LogicalType(TypeId::kDouble) : sum, sizeof(ExactState));
    bound.accepted_forms = kFormsNarrow;
    bound.initialize = InitializeState<ExactState>;
    bound.update = ExactUpdate;
    bound.update_single = ExactUpdateSingle;
    bound.combine = ExactCombine;
    bound.finalize = ExactFinalize;
  }
  bound.state =
      std::make_shared<const SumState>(SumState{type, average, false, sqlite && !average && type.IsInteger()});
  return bound;
}

}  // namespace

void RegisterSumAvg(FunctionRegistry& registry) {
  registry.Add(AggregateFunction{
      "sum",
      {},
      "Sum: of integers as HUGEINT, of decimals as DECIMAL(38, s), of intervals as INTERVAL, else as DOUBLE.",
      "sum(a)",
      BindSum<false>});
  registry.Add(AggregateFunction{"total", {}, "Sum, as DOUBLE; 0.0 for no values.", "total(a)", BindTotal});
  registry.Add(
      AggregateFunction{"avg", {"mean"}, "Mean, as DOUBLE; of intervals as INTERVAL.", "avg(a)", BindSum<true>});
}

}  // namespace llkv
