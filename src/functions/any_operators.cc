// Kernels of the operators and functions of ANY.
#include "functions/any_operators.h"

#include <cmath>

#include "functions/aggregate_support.h"
#include "functions/utf8.h"
#include "types/any_value.h"

namespace llkv {

namespace {

constexpr TypeId kAny = TypeId::kAny;

bool Overflows(AnyOperator op, int64_t a, int64_t b, int64_t* result) {
  switch (op) {
    case AnyOperator::kAdd:
      return __builtin_add_overflow(a, b, result);
    case AnyOperator::kSubtract:
      return __builtin_sub_overflow(a, b, result);
    default:
      return __builtin_mul_overflow(a, b, result);
  }
}

double ComputeReal(AnyOperator op, double a, double b) {
  switch (op) {
    case AnyOperator::kAdd:
      return a + b;
    case AnyOperator::kSubtract:
      return a - b;
    case AnyOperator::kMultiply:
      return a * b;
    default:
      return a / b;
  }
}

/// The result of two numbers; nothing: NULL.
std::optional<AnyNumber> Apply(AnyOperator op, const AnyNumber& a, const AnyNumber& b) {
  const bool integers = a.is_integer && b.is_integer;
  if (op == AnyOperator::kModulo) {
    const int64_t left = a.AsInteger();
    const int64_t right = b.AsInteger();
    if (right == 0) return std::nullopt;
    const int64_t rest = right == -1 ? 0 : left % right;
    return integers ? AnyNumber{true, rest, 0} : AnyNumber{false, 0, static_cast<double>(rest)};
  }
  if (op == AnyOperator::kDivide) {
    if (b.AsReal() == 0) return std::nullopt;
    const bool overflows = integers && a.integer == INT64_MIN && b.integer == -1;
    if (integers && !overflows) return AnyNumber{true, a.integer / b.integer, 0};
  } else if (integers) {
    int64_t result = 0;
    if (!Overflows(op, a.integer, b.integer, &result)) return AnyNumber{true, result, 0};
  }
  const double real = ComputeReal(op, a.AsReal(), b.AsReal());
  if (std::isnan(real)) return std::nullopt;
  return AnyNumber{false, 0, real};
}

void WriteAnyNumber(const AnyNumber& number, char* out) {
  if (number.is_integer) {
    WriteAnyInteger(number.integer, out);
  } else {
    WriteAnyReal(number.real, out);
  }
}

/// out[row] = number(row), or NULL where that gives nothing, for the selected rows that `validity` has.
template <typename F>
arrow::Status WriteResults(KernelContext& context, const Selection& selection, uint8_t* validity, ScratchVector& out,
                           F&& number) {
  if (selection.count == 0) return arrow::Status::OK();
  ARROW_ASSIGN_OR_RAISE(char* bytes, context.arena->Allocate(selection.count * kAnyNumberBytes));
  StringRef* result = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    result[row] = StringRef();
    if (!GetBit(validity, row)) return;
    const std::optional<AnyNumber> value = number(row);
    if (!value) {
      ClearBit(validity, row);
      return;
    }
    WriteAnyNumber(*value, bytes);
    result[row] = StringRef(bytes, kAnyNumberBytes);
    bytes += kAnyNumberBytes;
  });
  return arrow::Status::OK();
}

template <AnyOperator op>
arrow::Status BinaryKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  const Input<StringRef> left(*args[0]);
  const Input<StringRef> right(*args[1]);
  return WriteResults(context, selection, IntersectValidity(args, num_rows, out), out, [&](uint32_t row) {
    return Apply(op, AnyToNumber(left[row].view()), AnyToNumber(right[row].view()));
  });
}

arrow::Status NegateKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  const Input<StringRef> operand(*args[0]);
  return WriteResults(context, selection, IntersectValidity(args, num_rows, out), out, [&](uint32_t row) {
    return Apply(AnyOperator::kSubtract, AnyNumber(), AnyToNumber(operand[row].view()));
  });
}

ScalarKernel PickKernel(AnyOperator op) {
  switch (op) {
    case AnyOperator::kAdd:
      return BinaryKernel<AnyOperator::kAdd>;
    case AnyOperator::kSubtract:
      return BinaryKernel<AnyOperator::kSubtract>;
    case AnyOperator::kMultiply:
      return BinaryKernel<AnyOperator::kMultiply>;
    case AnyOperator::kDivide:
      return BinaryKernel<AnyOperator::kDivide>;
    case AnyOperator::kModulo:
      break;
  }
  return BinaryKernel<AnyOperator::kModulo>;
}

arrow::Status AbsKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                        uint32_t num_rows, ScratchVector& out) {
  const Input<StringRef> operand(*args[0]);
  bool overflow = false;
  ARROW_RETURN_NOT_OK(WriteResults(context, selection, IntersectValidity(args, num_rows, out), out, [&](uint32_t row) {
    const std::string_view value = operand[row].view();
    AnyNumber number = AnyToNumber(value);
    if (!IsAnyNumber(value)) number = {false, 0, number.AsReal()};
    overflow = overflow || (number.is_integer && number.integer == INT64_MIN);
    if (number.is_integer && !overflow) number.integer = std::abs(number.integer);
    number.real = std::fabs(number.real);
    return std::optional<AnyNumber>(number);
  }));
  return overflow ? OutOfRange(TypeId::kBigInt) : arrow::Status::OK();
}

arrow::Status LengthKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, int64_t>(args, selection, out, [](const StringRef& ref) {
    const std::string_view value = ref.view();
    if (IsAnyNumber(value)) return static_cast<int64_t>(AnyToText(value).size());
    const std::string_view bytes = AnyBytes(value);
    return AnyTagOf(value) == AnyTag::kBlob ? static_cast<int64_t>(bytes.size()) : CountCharacters(bytes);
  });
  return arrow::Status::OK();
}

struct TypeOfState {
  bool is_any = false;
  std::string name;
};

arrow::Status TypeOfKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const auto& state = *static_cast<const TypeOfState*>(raw_state);
  const InputValidity valid(*args[0]);
  StringRef* result = out.data<StringRef>();
  ForEachRow(selection, [&](uint32_t row) {
    std::string_view name = "null";
    if (valid[row]) name = state.is_any ? AnyTypeName(Input<StringRef>(*args[0])[row].view()) : state.name;
    result[row] = StringRef(name);
  });
  return arrow::Status::OK();
}

std::string SqliteTypeName(LogicalType type) {
  if (type.IsInteger() || type.id() == TypeId::kBoolean) return "integer";
  if (type.IsNumeric()) return "real";
  return type.id() == TypeId::kBlob ? "blob" : "text";
}

// ---- sum -----------------------------------------------------------------------------------------------------------

/// Integers apart from reals, so that the sum of integers alone is exact.
struct AnySumState {
  PackedInt128 integers;
  double reals = 0;
  int64_t count = 0;
  uint64_t has_real = 0;
};

class SumFeeder {
 public:
  SumFeeder(KernelContext& /*context*/, const void* /*bound*/, KernelArgs args) : values_(*args[0]), valid_(*args[0]) {}
  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    if (!valid_[row]) return arrow::Status::OK();
    auto* state = StateAt<AnySumState>(raw);
    const std::string_view value = values_[row].view();
    const AnyNumber number = AnyToNumber(value);
    ++state->count;
    // Text that is no integer counts as a real, also where it begins with one.
    const bool is_integer = number.is_integer && (IsAnyNumber(value) || IsWholeInteger(AnyBytes(value)));
    if (is_integer) {
      state->integers.AddUnchecked(number.integer);
    } else {
      state->reals += number.AsReal();
      state->has_real = 1;
    }
    return arrow::Status::OK();
  }

 private:
  static bool IsWholeInteger(std::string_view text) {
    const std::optional<AnyNumber> number = NumberFromText(text);
    return number.has_value() && number->is_integer && text.find_first_of(".eE") == std::string_view::npos;
  }

  Input<StringRef> values_;
  InputValidity valid_;
};

arrow::Status SumCombine(KernelContext& /*context*/, const void* /*bound*/, const uint8_t* const* sources,
                         uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<AnySumState>(targets[i]);
    const auto* source = StateAt<AnySumState>(sources[i]);
    static_cast<void>(target->integers.Add(source->integers.Get()));  // far from 128 bits
    target->reals += source->reals;
    target->count += source->count;
    target->has_real |= source->has_real;
  }
  return arrow::Status::OK();
}

arrow::Status SumFinalize(KernelContext& context, const void* /*bound*/, const uint8_t* const* states, uint32_t count,
                          ScratchVector& out) {
  out.ResetFlat(kAny);
  StringRef* result = out.data<StringRef>();
  for (uint32_t i = 0; i < count; ++i) {
    const auto* state = StateAt<AnySumState>(states[i]);
    result[i] = StringRef();
    if (state->count == 0) {
      SetNullRow(i, out);
      continue;
    }
    const int128_t integers = state->integers.Get();
    char bytes[kAnyNumberBytes];
    if (state->has_real != 0) {
      WriteAnyReal(static_cast<double>(integers) + state->reals, bytes);
    } else if (integers < INT64_MIN || integers > INT64_MAX) {
      return OutOfRange(TypeId::kBigInt);
    } else {
      WriteAnyInteger(static_cast<int64_t>(integers), bytes);
    }
    ARROW_ASSIGN_OR_RAISE(result[i], context.arena->Copy({bytes, kAnyNumberBytes}));
  }
  return arrow::Status::OK();
}

}  // namespace

bool IsAnyOperation(const BindInput& input) {
  if (input.dialect != Dialect::kSqlite) return false;
  for (const LogicalType type : input.argument_types) {
    if (type.IsAny() || type.IsString()) return true;
  }
  return false;
}

BoundScalar BindAnyOperator(const ScalarFunction& self, const BindInput& input, AnyOperator op) {
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types.assign(input.argument_types.size(), kAny);
  bound.return_type = kAny;
  bound.kernel = input.argument_types.size() == 1 ? NegateKernel : PickKernel(op);
  bound.null_rule = NullRule::kKernel;
  return bound;
}

BoundScalar BindAnyAbs(const ScalarFunction& self) {
  BoundScalar bound = MakeScalar(self, {{kAny}, kAny, AbsKernel, true, false, NullRule::kKernel});
  return bound;
}

BoundScalar BindAnyLength(const ScalarFunction& self) {
  return MakeScalar(self, {{kAny}, TypeId::kBigInt, LengthKernel});
}

BoundScalar BindSqliteTypeOf(const ScalarFunction& self, LogicalType type) {
  BoundScalar bound = MakeScalar(self, {{type}, TypeId::kVarchar, TypeOfKernel, false, false, NullRule::kKernel});
  bound.state = std::make_shared<const TypeOfState>(TypeOfState{type.IsAny(), SqliteTypeName(type)});
  return bound;
}

BoundAggregate BindAnySum(const AggregateFunction& self) {
  BoundAggregate bound = MakeAggregate(self, {kAny}, kAny);
  SetKernels<AnySumState, SumFeeder>(bound, SumCombine, SumFinalize);
  return bound;
}

}  // namespace llkv
