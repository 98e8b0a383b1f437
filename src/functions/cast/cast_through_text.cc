// Casts that go by way of text: JSON to and from scalar types, ENUM to what text casts to.
#include "functions/cast/cast_through_text.h"

#include <algorithm>

#include "types/json_text.h"

namespace llkv {

namespace {

// Two casts, one behind the other; a JSON side has only the one that text takes part in.
struct ThroughTextState {
  BoundScalar to_text;
  BoundScalar from_text;
  bool safe = false;
};

const ThroughTextState& StateOf(const void* state) { return *static_cast<const ThroughTextState*>(state); }

// Texts of a batch on their way, and which there are.
struct TextBatch {
  alignas(64) StringRef texts[kMaxBatchRows];
  alignas(64) uint16_t rows[kMaxBatchRows];
  alignas(64) uint8_t validity[kMaxBatchRows / 8 + 64];
  uint32_t count = 0;

  Vector AsVector() const {
    Vector vector;
    vector.type = TypeId::kVarchar;
    vector.data = texts;
    vector.validity = validity;
    return vector;
  }
};

// The rows of `batch` by the cast from text; the others are NULL.
arrow::Status CastTexts(KernelContext& context, const ThroughTextState& state, const TextBatch& batch,
                        uint32_t num_rows, ScratchVector& out) {
  const Vector texts = batch.AsVector();
  const Vector* const args[] = {&texts};
  const Selection rows{batch.rows, batch.count};
  uint8_t* validity = IntersectValidity(KernelArgs(args, 1), num_rows, out);
  ARROW_RETURN_NOT_OK(
      state.from_text.kernel(context, state.from_text.state.get(), KernelArgs(args, 1), rows, num_rows, out));
  // A cast that writes NULLs of its own has made the bitmap anew.
  if (!state.safe) AndBitmaps(batch.validity, batch.validity, num_rows, validity);
  return arrow::Status::OK();
}

// Of a JSON string its text, of other values what stands there; a JSON null is NULL.
arrow::Status JsonToScalar(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const InputValidity valid(*args[0]);
  TextBatch batch;
  FillBitmap(batch.validity, num_rows, false);
  ARROW_RETURN_NOT_OK(ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    batch.texts[row] = StringRef();
    if (!valid[row]) return arrow::Status::OK();
    const std::string_view json = input[row].view();
    const JsonKind kind = JsonKindOf(json);
    if (kind == JsonKind::kNull) return arrow::Status::OK();
    batch.texts[row] = input[row];
    if (kind == JsonKind::kString) {
      const size_t start = json.find('"');
      const std::string text = JsonUnescape(json.substr(start, json.rfind('"') + 1 - start));
      ARROW_ASSIGN_OR_RAISE(batch.texts[row], context.arena->Copy(text));
    }
    SetBit(batch.validity, row);
    batch.rows[batch.count++] = static_cast<uint16_t>(row);
    return arrow::Status::OK();
  }));
  return CastTexts(context, StateOf(raw_state), batch, num_rows, out);
}

arrow::Status ThroughTextKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                                const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const ThroughTextState& state = StateOf(raw_state);
  ARROW_ASSIGN_OR_RAISE(ScratchVector texts, ScratchVector::Make(TypeId::kVarchar, context.pool));
  texts.ResetFlat(TypeId::kVarchar);
  TextBatch batch;
  const InputValidity valid(*args[0]);
  FillBitmap(batch.validity, num_rows, false);
  ForEachRow(selection, [&](uint32_t row) {
    if (!valid[row]) return;
    SetBit(batch.validity, row);
    batch.rows[batch.count++] = static_cast<uint16_t>(row);
  });
  const Selection rows{batch.rows, batch.count};
  ARROW_RETURN_NOT_OK(state.to_text.kernel(context, state.to_text.state.get(), args, rows, num_rows, texts));
  ForEachRow(rows, [&](uint32_t row) { batch.texts[row] = texts.data<StringRef>()[row]; });
  return CastTexts(context, state, batch, num_rows, out);
}

// Numbers and BOOLEAN are JSON as they are, everything else is a JSON string.
arrow::Status ScalarToJson(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  const BoundScalar& to_text = StateOf(raw_state).to_text;
  const LogicalType from = args[0]->type;
  ARROW_RETURN_NOT_OK(to_text.kernel(context, to_text.state.get(), args, selection, num_rows, out));
  const bool plain = from.id() == TypeId::kBoolean || (from.IsNumeric() && !from.IsFloating());
  if (plain) return arrow::Status::OK();
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    StringRef& text = out.data<StringRef>()[row];
    size_t error_at = 0;
    if (from.IsFloating() && IsJson(text.view(), &error_at)) return arrow::Status::OK();
    return context.arena->Copy(JsonQuote(text.view())).Value(&text);
  });
}

}  // namespace

bool IsCastThroughText(LogicalType from, LogicalType to) {
  if (from.IsNested() || to.IsNested() || from.id() == TypeId::kNull || from == to) return false;
  if (to.id() == TypeId::kVarchar || from.id() == TypeId::kVarchar) return false;
  return from.IsEnum() || from.id() == TypeId::kJson || to.id() == TypeId::kJson;
}

arrow::Result<BoundScalar> BindCastThroughText(const FunctionRegistry& registry, LogicalType from, LogicalType to,
                                               bool safe, Dialect dialect) {
  auto state = std::make_shared<ThroughTextState>();
  BoundScalar bound;
  bound.name = safe ? "try_cast" : "cast";
  bound.argument_types = {from};
  bound.return_type = to;
  state->safe = safe;
  if (from.id() != TypeId::kJson) {
    ARROW_ASSIGN_OR_RAISE(state->to_text, registry.BindCast(from, TypeId::kVarchar, false, dialect));
    bound.volatility = state->to_text.volatility;
  }
  if (to.id() == TypeId::kJson) {
    bound.kernel = ScalarToJson;
  } else {
    ARROW_ASSIGN_OR_RAISE(state->from_text, registry.BindCast(TypeId::kVarchar, to, safe, dialect));
    bound.volatility = std::max(bound.volatility, state->from_text.volatility);
    bound.kernel = from.id() == TypeId::kJson ? JsonToScalar : ThroughTextKernel;
    bound.null_rule = NullRule::kKernel;
    bound.can_fail = !safe;
  }
  bound.state = std::move(state);
  return bound;
}

}  // namespace llkv
