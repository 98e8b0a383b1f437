// Quantiles: quantile_cont (interpolated), quantile_disc (a value that is there) and median. A state holds all
// values; finalizing selects among them.
//
// Arguments: value, fraction [, descending]. The last one is what WITHIN GROUP (ORDER BY x DESC) becomes. The fraction
// is the one of the last row, as it is meant to be the same in all; a LIST of fractions gives a LIST.
#include <algorithm>
#include <cmath>
#include <string>

#include "functions/aggregate_support.h"
#include "functions/compare_loops.h"
#include "functions/nested_support.h"
#include "functions/text_buffer.h"
#include "functions/value_list.h"
#include "types/type_info.h"
#include "vector/row_layout_types.h"

namespace llkv {

namespace {

enum class Choice : uint8_t { kContinuous, kDiscrete, kMedian };

struct QuantileInfo {
  LogicalType value;   // of the arguments
  LogicalType result;  // of one quantile
  LogicalType list;    // where fractions come as a LIST
  bool fractions_are_list = false;
};

template <typename T>
struct QuantileState {
  ValueList<T> values;
  double fraction = 0.5;
  TextBuffer fractions;  // the parts of a LIST
  uint8_t has_fraction = 0;
  uint8_t is_descending = 0;
};

template <Choice choice, typename T>
class Feeder {
 public:
  Feeder(KernelContext& context, const void* bound, KernelArgs args)
      : context_(context),
        info_(*static_cast<const QuantileInfo*>(bound)),
        args_(args),
        values_(*args[0]),
        valid_(*args[0]) {}

  arrow::Status operator()(uint32_t row, uint8_t* raw) {
    auto* state = StateAt<QuantileState<T>>(raw);
    if (!valid_[row]) return arrow::Status::OK();
    if (args_.size() > 1) ARROW_RETURN_NOT_OK(TakeOptions(row, state));
    T value = values_[row];
    if constexpr (std::is_same_v<T, StringRef>) {
      ARROW_ASSIGN_OR_RAISE(value, context_.arena->Copy(value.view()));
    }
    return state->values.Append(context_, value);
  }

 private:
  static constexpr size_t kDescending = 2;

  arrow::Status TakeOptions(uint32_t row, QuantileState<T>* state) {
    if (args_.size() > kDescending) {
      state->is_descending = Input<uint8_t>(*args_[kDescending])[row];
    }
    state->has_fraction = InputValidity(*args_[1])[row] ? 1 : 0;
    if (state->has_fraction == 0) return arrow::Status::OK();
    if (!info_.fractions_are_list) {
      state->fraction = Input<double>(*args_[1])[row];
      return arrow::Status::OK();
    }
    const std::string_view fractions = Input<StringRef>(*args_[1])[row].view();
    if (state->fractions.view() == fractions) return arrow::Status::OK();
    state->fractions.size = 0;
    return state->fractions.Append(context_, fractions);
  }

  KernelContext& context_;
  const QuantileInfo& info_;
  KernelArgs args_;
  Input<T> values_;
  InputValidity valid_;
};

template <typename T>
arrow::Status Combine(KernelContext& context, const void* /*bound*/, const uint8_t* const* sources,
                      uint8_t* const* targets, uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    auto* target = StateAt<QuantileState<T>>(targets[i]);
    const auto* source = StateAt<QuantileState<T>>(sources[i]);
    if (source->values.size() == 0) continue;
    if (target->values.size() == 0) {
      target->fraction = source->fraction;
      target->has_fraction = source->has_fraction;
      target->is_descending = source->is_descending;
      target->fractions.size = 0;
      ARROW_RETURN_NOT_OK(target->fractions.Append(context, source->fractions.view()));
    }
    ARROW_RETURN_NOT_OK(target->values.AppendAll(context, source->values));
  }
  return arrow::Status::OK();
}

struct Less {
  template <typename T>
  bool operator()(const T& a, const T& b) const {
    return CompareScalars<CompareOp::kLess, T>(a, b);
  }
};

arrow::Status CheckFraction(double fraction) {
  if (fraction >= 0 && fraction <= 1) return arrow::Status::OK();
  return SqlError(sqlstate::kNumericOutOfRange, "a fraction is not between 0 and 1");
}

// The value at a fraction of the sorted values. Reorders them.
template <bool is_continuous, typename T>
T ValueAt(PoolArray<T>& values, double fraction, bool is_descending) {
  const int64_t size = values.size();
  if constexpr (!is_continuous) {
    auto place = static_cast<int64_t>(std::ceil(fraction * static_cast<double>(size))) - 1;
    place = std::clamp<int64_t>(place, 0, size - 1);
    if (is_descending) place = size - 1 - place;
    std::nth_element(values.begin(), values.begin() + place, values.end(), Less());
    return values[place];
  } else {
    if (is_descending) fraction = 1 - fraction;
    const double place = fraction * static_cast<double>(size - 1);
    const auto low = static_cast<int64_t>(std::floor(place));
    std::nth_element(values.begin(), values.begin() + low, values.end(), Less());
    const T first = values[low];
    const double part = place - static_cast<double>(low);
    if (part == 0 || low + 1 == size) return first;
    const T second = *std::min_element(values.begin() + low + 1, values.end(), Less());
    const double distance = static_cast<double>(second) - static_cast<double>(first);
    if constexpr (std::is_same_v<T, double>) return first == second ? first : first + distance * part;
    return first + static_cast<T>(std::llround(distance * part));
  }
}

template <Choice choice, typename T>
class Finalizer {
 public:
  Finalizer(KernelContext& context, const QuantileInfo& info) : context_(context), info_(info), values_(context.pool) {}

  arrow::Status Finish(const QuantileState<T>& state, uint32_t row, ScratchVector& out) {
    const bool has_fraction = choice == Choice::kMedian || state.has_fraction != 0;
    if (state.values.size() == 0 || !has_fraction) {
      SetNullRow(row, out);
      if (info_.fractions_are_list || std::is_same_v<T, StringRef>) {
        out.data<StringRef>()[row] = StringRef();
      } else {
        out.data<T>()[row] = T{};
      }
      return arrow::Status::OK();
    }
    ARROW_RETURN_NOT_OK(state.values.CopyTo(values_));
    if (info_.fractions_are_list) return FinishList(state, row, out);
    ARROW_RETURN_NOT_OK(CheckFraction(state.fraction));
    out.data<T>()[row] = At(state.fraction, state.is_descending != 0);
    return arrow::Status::OK();
  }

 private:
  T At(double fraction, bool is_descending) {
    return ValueAt<choice != Choice::kDiscrete>(values_, fraction, is_descending);
  }

  arrow::Status FinishList(const QuantileState<T>& state, uint32_t row, ScratchVector& out) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector one, ScratchVector::Make(info_.result, context_.pool));
    std::string bytes;
    NestedReader fractions(state.fractions.view());
    for (NestedMark mark = fractions.Mark(); mark != NestedMark::kEnd; mark = fractions.Mark()) {
      if (mark == NestedMark::kNull) {
        AppendNestedMark(NestedMark::kNull, &bytes);
        continue;
      }
      const auto fraction = fractions.Number<double>();
      ARROW_RETURN_NOT_OK(CheckFraction(fraction));
      one.ResetFlat(info_.result);
      one.data<T>()[0] = At(fraction, state.is_descending != 0);
      PartWriter(one.vector()).Append(0, &bytes);
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    return context_.arena->Copy(bytes).Value(&out.data<StringRef>()[row]);
  }

  KernelContext& context_;
  const QuantileInfo& info_;
  PoolArray<T> values_;
};

template <Choice choice, typename T>
arrow::Status Finalize(KernelContext& context, const void* bound, const uint8_t* const* states, uint32_t count,
                       ScratchVector& out) {
  const auto& info = *static_cast<const QuantileInfo*>(bound);
  out.ResetFlat(info.fractions_are_list ? info.list : info.result);
  Finalizer<choice, T> finalizer(context, info);
  for (uint32_t i = 0; i < count; ++i) {
    ARROW_RETURN_NOT_OK(finalizer.Finish(*StateAt<QuantileState<T>>(states[i]), i, out));
  }
  return arrow::Status::OK();
}

template <Choice choice, typename T>
void UseKernels(BoundAggregate& bound) {
  SetKernels<QuantileState<T>, Feeder<choice, T>>(bound, Combine<T>, Finalize<choice, T>);
}

/// What values are interpolated as; kNull where they cannot be.
LogicalType ContinuousType(LogicalType type) {
  if (type.IsNumeric() || type.id() == TypeId::kNull) return TypeId::kDouble;
  if (type.id() == TypeId::kDate) return TypeId::kTimestamp;
  if (type.IsTimestamp() || type.id() == TypeId::kTime) return type;
  return TypeId::kNull;
}

template <Choice choice>
arrow::Result<BoundAggregate> Bind(const AggregateFunction& self, const BindInput& input) {
  constexpr bool kTakesFraction = choice == Choice::kContinuous || choice == Choice::kDiscrete;
  constexpr bool kIsContinuous = choice == Choice::kContinuous || choice == Choice::kMedian;
  const size_t least = kTakesFraction ? 2 : 1;
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, least, choice == Choice::kMedian ? 1 : least + 1));
  QuantileInfo info;
  info.value = input.argument_types[0];
  if (kIsContinuous) info.value = ContinuousType(info.value);
  if (info.value.id() == TypeId::kNull) {
    if (kIsContinuous) return NoOverload(self.name, input.argument_types);
    info.value = TypeId::kInteger;
  }
  info.result = info.value;
  std::vector<LogicalType> arguments{info.value};
  if (kTakesFraction) {
    const LogicalType given = input.argument_types[1];
    if (given.id() == TypeId::kList || given.id() == TypeId::kArray) {
      info.fractions_are_list = true;
      ARROW_ASSIGN_OR_RAISE(arguments.emplace_back(), MakeListType(TypeId::kDouble));
      ARROW_ASSIGN_OR_RAISE(info.list, MakeListType(info.result));
    } else if (given.IsNumeric() || given.id() == TypeId::kNull || IsTextLiteral(input, 1)) {
      arguments.push_back(TypeId::kDouble);
    } else {
      return NoOverload(self.name, input.argument_types);
    }
  }
  if (input.argument_types.size() > least) {
    if (input.argument_types[least].id() != TypeId::kBoolean) return NoOverload(self.name, input.argument_types);
    arguments.push_back(TypeId::kBoolean);
  }
  BoundAggregate bound =
      MakeAggregate(self, std::move(arguments), info.fractions_are_list ? info.list : info.result, 0);
  bound.states_are_lists = true;
  if constexpr (kIsContinuous) {
    if (info.value.id() == TypeId::kDouble) {
      UseKernels<choice, double>(bound);
    } else {
      UseKernels<choice, int64_t>(bound);
    }
  } else {
    VisitRowType(info.value.physical(), [&](auto tag) { UseKernels<choice, typename decltype(tag)::Type>(bound); });
  }
  bound.state = std::make_shared<const QuantileInfo>(info);
  return bound;
}

}  // namespace

void RegisterQuantile(FunctionRegistry& registry) {
  registry.Add(
      AggregateFunction{"quantile_cont",
                        {"percentile_cont"},
                        "The value at a fraction of the sorted values, interpolated: numbers as DOUBLE, DATE as "
                        "TIMESTAMP. A LIST of fractions gives a LIST.",
                        "quantile_cont(a, 0.9)",
                        Bind<Choice::kContinuous>});
  registry.Add(AggregateFunction{"quantile_disc",
                                 {"percentile_disc", "quantile"},
                                 "The first of the sorted values that a fraction of them reaches.",
                                 "quantile_disc(a, 0.9)",
                                 Bind<Choice::kDiscrete>});
  registry.Add(AggregateFunction{"median", {}, "quantile_cont of one half.", "median(a)", Bind<Choice::kMedian>});
}

}  // namespace llkv
