// BindCast: which cast a pair of types has.
#include "functions/cast/cast.h"

#include "base/error.h"
#include "functions/cast/cast_nested.h"
#include "functions/cast/cast_through_text.h"

namespace llkv {

namespace {

arrow::Status SameTypeKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& /*selection*/, uint32_t /*num_rows*/, ScratchVector& out) {
  out.vector() = *args[0];
  return arrow::Status::OK();
}

// A NULL of no type, to any type: validity comes from the argument.
arrow::Status FromNullKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs /*args*/,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  if (out.vector().type.physical() == PhysicalType::kString) {
    StringRef* result = out.data<StringRef>();
    ForEachRow(selection, [&](uint32_t row) { result[row] = StringRef(); });
  }
  return arrow::Status::OK();
}

CastChoice ChooseCast(LogicalType from, LogicalType to, Dialect dialect) {
  if (from == to) return {SameTypeKernel, false, kFormsNarrow | kFormsDictionary | kFormsOffsets, false};
  if (from.id() == TypeId::kNull) return {FromNullKernel, false, kFormsFlat, false};
  if (from.IsAny() || to.IsAny()) return ChooseAnyCast(from, to, dialect == Dialect::kSqlite);
  if (dialect == Dialect::kSqlite && from.IsString() && (to.IsNumeric() || to.id() == TypeId::kBoolean)) {
    return ChooseLenientCast(from, to);
  }
  if (dialect == Dialect::kSqlite && from.IsFloating() && to.id() == TypeId::kVarchar)
    return ChooseSqliteRealCast(from);
  if (from.IsEnum() || to.IsEnum()) return ChooseEnumCast(from, to);
  if (from.IsNested() || to.IsNested()) return ChooseNestedTextCast(from, to);
  if (from.id() == TypeId::kVarchar || to.id() == TypeId::kVarchar) return ChooseTextCast(from, to);
  if (from.IsTemporal() && to.IsTemporal()) return ChooseTemporalCast(from, to);
  const auto numeric = [](LogicalType type) { return type.IsNumeric() || type.id() == TypeId::kBoolean; };
  if (numeric(from) && numeric(to)) {
    const bool unsigned_wide = from.id() == TypeId::kUHugeInt || to.id() == TypeId::kUHugeInt;
    return unsigned_wide ? ChooseUHugeIntCast(from, to) : ChooseNumericCast(from, to);
  }
  return ChooseBytesCast(from, to);
}

}  // namespace

arrow::Result<BoundScalar> FunctionRegistry::BindCast(LogicalType from, LogicalType to, bool safe,
                                                      Dialect dialect) const {
  if (from != to && from.IsNested() && to.IsNested()) return BindNestedCast(*this, from, to, safe, dialect);
  if (IsCastThroughText(from, to)) return BindCastThroughText(*this, from, to, safe, dialect);
  const CastChoice choice = ChooseCast(from, to, dialect);
  if (choice.kernel == nullptr) {
    return SqlError(sqlstate::kCannotCoerce, "cannot cast " + from.ToString() + " to " + to.ToString());
  }
  BoundScalar bound;
  bound.name = safe ? "try_cast" : "cast";
  bound.argument_types = {from};
  bound.return_type = to;
  bound.kernel = choice.kernel;
  const bool writes_nulls = safe && choice.can_fail;
  bound.state = std::make_shared<const CastState>(CastState{from, to, writes_nulls, dialect == Dialect::kSqlite});
  bound.null_rule = writes_nulls ? NullRule::kKernel : NullRule::kPropagate;
  bound.can_fail = choice.can_fail && !safe;
  bound.accepted_forms = choice.accepted_forms;
  bound.volatility = choice.by_zone ? Volatility::kStable : Volatility::kImmutable;
  bound.per_dictionary_entry = choice.per_dictionary_entry && !writes_nulls;
  return bound;
}

}  // namespace llkv
