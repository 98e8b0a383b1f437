// Casts from, to and among ENUM, LIST, ARRAY, STRUCT, MAP and UNION.
#include <utility>

#include "functions/cast/cast_nested.h"
#include "functions/nested_support.h"
#include "types/text_parse.h"

namespace llkv {

namespace {

const CastState& StateOf(const void* state) { return *static_cast<const CastState*>(state); }

template <typename Code>
arrow::Status EnumToTextKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  // Labels live as long as the process.
  const std::vector<std::string>& labels = StateOf(raw_state).from.info().labels;
  MapUnary<Code, StringRef>(args, selection, out, [&](Code code) { return StringRef(std::string_view(labels[code])); });
  return arrow::Status::OK();
}

template <typename Code>
arrow::Status TextToEnumKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  const TypeInfo& info = state.to.info();
  const auto convert = [&](const StringRef& text, Code* result) {
    const std::optional<uint32_t> label = info.FindLabel(text.view());
    *result = static_cast<Code>(label.value_or(0));
    return label.has_value();
  };
  const auto error = [&](const StringRef& text) { return ParseError(ParseOutcome::kSyntax, text.view(), state.to); };
  return CastLoop<StringRef, Code>(state, args, selection, num_rows, out, convert, error);
}

arrow::Status TextToNestedKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                                 const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const CastState& state = StateOf(raw_state);
  arrow::Status failure;
  const auto convert = [&](const StringRef& text, StringRef* result) {
    *result = StringRef();
    const arrow::Result<std::string> bytes = NestedFromText(state.to, text.view(), context.time_zone(), state.safe);
    failure = bytes.status();
    if (!bytes.ok()) return false;
    const arrow::Result<StringRef> copy = context.arena->Copy(*bytes);
    failure = copy.status();
    if (copy.ok()) *result = *copy;
    return copy.ok();
  };
  return CastLoop<StringRef, StringRef>(state, args, selection, num_rows, out, convert,
                                        [&](const StringRef& /*text*/) { return failure; });
}

arrow::Status NestedToTextKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType from = StateOf(raw_state).from;
  const Input<StringRef> input(*args[0]);
  StringRef* result = out.data<StringRef>();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(NestedToText(from, input[row].view(), context.time_zone())));
    return arrow::Status::OK();
  });
}

/// What an element-wise cast needs: which field of the source each field of the target comes from, and how.
struct NestedCastState {
  LogicalType from;
  LogicalType to;
  bool safe = false;
  /// One a field of `to`: the field of `from`, or -1 where it is NULL.
  std::vector<int> sources;
  /// One a field of `from`; its kernel is null where no field of `to` needs it.
  std::vector<BoundScalar> casts;
};

/// One run of an element-wise cast: takes all rows apart, casts each field's values, puts the rows together.
class NestedCastRun {
 public:
  NestedCastRun(const NestedCastState& state, KernelContext& context) : state_(state), context_(context) {}

  arrow::Status Run(KernelArgs args, const Selection& selection, uint8_t* validity, ScratchVector& out) {
    for (const BoundScalar& cast : state_.casts) {
      casters_.emplace_back();
      if (cast.kernel == nullptr) continue;
      ARROW_ASSIGN_OR_RAISE(PartCaster caster, PartCaster::Make(&cast, context_.pool));
      casters_.back().emplace(std::move(caster));
    }
    const Input<StringRef> input(*args[0]);
    std::vector<uint32_t> counts;
    ARROW_RETURN_NOT_OK(ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
      counts.push_back(0);
      NestedReader in(input[row].view());
      return TakeApart(in, &counts.back());
    }));
    for (auto& caster : casters_) {
      if (caster) ARROW_RETURN_NOT_OK(caster->Finish(context_));
    }
    StringRef* result = out.data<StringRef>();
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      bytes_.clear();
      ARROW_ASSIGN_OR_RAISE(const bool fits, PutTogether(counts[i]));
      if (!fits) {
        if (validity == nullptr) {
          return SqlError(sqlstate::kInvalidTextRepresentation,
                          "a list of " + std::to_string(counts[i]) + " values is no " + state_.to.ToString());
        }
        ClearBit(validity, row);
        result[row] = StringRef();
        continue;
      }
      ARROW_ASSIGN_OR_RAISE(result[row], context_.arena->Copy(bytes_));
    }
    return arrow::Status::OK();
  }

 private:
  arrow::Status TakeApart(NestedReader& in, uint32_t* count) {
    const std::vector<TypeField>& fields = state_.from.info().fields;
    switch (state_.from.id()) {
      case TypeId::kArray:
        *count = state_.from.info().size;
        for (uint32_t i = 0; i < *count; ++i) ARROW_RETURN_NOT_OK(casters_[0]->Add(context_, in));
        return arrow::Status::OK();
      case TypeId::kStruct:
        for (size_t i = 0; i < fields.size(); ++i) {
          if (casters_[i]) {
            ARROW_RETURN_NOT_OK(casters_[i]->Add(context_, in));
          } else if (in.IsValue()) {
            in.SkipBody(fields[i].type);
          }
        }
        return arrow::Status::OK();
      default:
        for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark(), ++*count) {
          ARROW_RETURN_NOT_OK(mark == NestedMark::kValue ? casters_[0]->AddValue(context_, in)
                                                         : casters_[0]->AddNull(context_));
          if (fields.size() == 2) ARROW_RETURN_NOT_OK(casters_[1]->Add(context_, in));
        }
        return arrow::Status::OK();
    }
  }

  /// False where the number of values is not the target's.
  arrow::Result<bool> PutTogether(uint32_t count) {
    switch (state_.to.id()) {
      case TypeId::kStruct:
        for (const int source : state_.sources) {
          if (source < 0) {
            AppendNestedMark(NestedMark::kNull, &bytes_);
          } else {
            casters_[static_cast<size_t>(source)]->AppendNext(&bytes_);
          }
        }
        return true;
      case TypeId::kMap:
        return Entries(count);
      default:
        for (uint32_t i = 0; i < count; ++i) casters_[0]->AppendNext(&bytes_);
        if (state_.to.id() == TypeId::kArray) return count == state_.to.info().size;
        AppendNestedMark(NestedMark::kEnd, &bytes_);
        return true;
    }
  }

  arrow::Result<bool> Entries(uint32_t count) {
    std::vector<std::pair<size_t, size_t>> places;
    for (uint32_t i = 0; i < count; ++i) {
      const size_t begin = bytes_.size();
      casters_[0]->AppendNext(&bytes_);
      places.emplace_back(begin, bytes_.size() - begin);
      casters_[1]->AppendNext(&bytes_);
    }
    ARROW_RETURN_NOT_OK(FinishNestedMap(places, &bytes_));
    return true;
  }

  const NestedCastState& state_;
  KernelContext& context_;
  std::vector<std::optional<PartCaster>> casters_;
  std::string bytes_;
};

arrow::Status NestedCastKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const auto& state = *static_cast<const NestedCastState*>(raw_state);
  NestedCastRun run(state, context);
  if (!state.safe) return run.Run(args, selection, nullptr, out);
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  alignas(64) uint16_t rows[kMaxBatchRows];
  const uint32_t count = SelectBits(validity, true, selection, rows);
  return run.Run(args, {rows, count}, validity, out);
}

/// For each field of a STRUCT the field of the source, by name, or by place where one side has no names.
std::vector<int> MatchFields(LogicalType from, LogicalType to, bool* any) {
  const TypeInfo& source = from.info();
  const TypeInfo& target = to.info();
  std::vector<int> matches;
  const bool by_place = source.IsUnnamed() || target.IsUnnamed();
  for (uint32_t i = 0; i < target.fields.size(); ++i) {
    const std::optional<uint32_t> found = source.FindField(target.fields[i].name);
    matches.push_back(by_place ? static_cast<int>(i) : (found ? static_cast<int>(*found) : -1));
    *any = *any || matches.back() >= 0;
  }
  if (by_place) *any = source.fields.size() == target.fields.size();
  return matches;
}

}  // namespace

CastChoice ChooseEnumCast(LogicalType from, LogicalType to) {
  if (from.IsEnum() && to.id() == TypeId::kVarchar) {
    const bool narrow = from.physical() == PhysicalType::kUInt8;
    return {narrow ? EnumToTextKernel<uint8_t> : EnumToTextKernel<uint16_t>, false, kFormsFlat, true};
  }
  if (from.id() == TypeId::kVarchar && to.IsEnum()) {
    const bool narrow = to.physical() == PhysicalType::kUInt8;
    return {narrow ? TextToEnumKernel<uint8_t> : TextToEnumKernel<uint16_t>, true, kFormsFlat, true};
  }
  return {};
}

CastChoice ChooseNestedTextCast(LogicalType from, LogicalType to) {
  const bool by_zone = ContainsType(from, TypeId::kTimestampTz) || ContainsType(to, TypeId::kTimestampTz);
  if (from.IsNested() && to.id() == TypeId::kVarchar) return {NestedToTextKernel, false, kFormsFlat, false, by_zone};
  if (from.id() == TypeId::kVarchar && to.IsNested()) return {TextToNestedKernel, true, kFormsFlat, true, by_zone};
  return {};
}

arrow::Result<BoundScalar> BindNestedCast(const FunctionRegistry& registry, LogicalType from, LogicalType to, bool safe,
                                          Dialect dialect) {
  const auto refuse = [&] {
    return SqlError(sqlstate::kDatatypeMismatch, "cannot cast " + from.ToString() + " to " + to.ToString());
  };
  const auto sequence = [](LogicalType type) { return type.id() == TypeId::kList || type.id() == TypeId::kArray; };
  const bool both_sequences = sequence(from) && sequence(to);
  if (from.id() == TypeId::kUnion || (!both_sequences && from.id() != to.id())) return refuse();
  auto state = std::make_shared<NestedCastState>();
  state->from = from;
  state->to = to;
  state->safe = safe;
  state->casts.resize(from.info().fields.size());
  if (from.id() == TypeId::kStruct) {
    bool any = false;
    state->sources = MatchFields(from, to, &any);
    if (!any) return refuse();
  } else {
    for (size_t i = 0; i < to.info().fields.size(); ++i) state->sources.push_back(static_cast<int>(i));
  }
  bool can_fail = (to.id() == TypeId::kArray && !(from.id() == TypeId::kArray && from.info().size == to.info().size)) ||
                  to.id() == TypeId::kMap;
  for (size_t i = 0; i < state->sources.size(); ++i) {
    if (state->sources[i] < 0) continue;
    const auto source = static_cast<size_t>(state->sources[i]);
    ARROW_ASSIGN_OR_RAISE(state->casts[source],
                          registry.BindCast(from.info().fields[source].type, to.info().fields[i].type, safe, dialect));
    can_fail = can_fail || state->casts[source].can_fail;
  }
  BoundScalar bound;
  bound.name = safe ? "try_cast" : "cast";
  bound.argument_types = {from};
  bound.return_type = to;
  bound.kernel = NestedCastKernel;
  for (const BoundScalar& cast : state->casts) {
    if (cast.kernel != nullptr) bound.volatility = std::max(bound.volatility, cast.volatility);
  }
  bound.state = std::move(state);
  bound.null_rule = safe ? NullRule::kKernel : NullRule::kPropagate;
  bound.can_fail = can_fail;
  return bound;
}

}  // namespace llkv
