// coalesce, nullif, greatest, least, typeof.
#include "functions/any_operators.h"
#include "functions/binding.h"
#include "functions/compare_loops.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

// Copies one value of an argument of any width.
void CopyValue(const Vector& from, uint32_t row, ScratchVector& out) {
  const auto width = static_cast<size_t>(PhysicalWidth(from.type.physical()));
  const uint32_t source = from.form == VectorForm::kConstant ? 0 : row;
  std::memcpy(out.data<uint8_t>() + size_t{row} * width, from.values<uint8_t>() + size_t{source} * width, width);
}

// The first argument that is not NULL.
arrow::Status CoalesceKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  uint8_t* validity = out.UseValidity();
  ForEachRow(selection, [&](uint32_t row) {
    for (const Vector* arg : args) {
      if (!InputValidity(*arg)[row]) continue;
      CopyValue(*arg, row, out);
      return;
    }
    CopyValue(*args[0], row, out);
    ClearBit(validity, row);
  });
  return arrow::Status::OK();
}

// The greatest or least argument that is not NULL; NULL where all are, or in the dialect sqlite where any is.
template <CompareOp op, bool strict>
arrow::Status ExtremeKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                            const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  uint8_t* validity = out.UseValidity();
  FillBitmap(validity, num_rows, false);
  alignas(64) uint8_t better[kMaxBatchRows + 64];
  alignas(64) uint16_t comparable[kMaxBatchRows];
  for (const Vector* arg : args) {
    const InputValidity valid(*arg);
    uint32_t count = 0;
    ForEachRow(selection, [&](uint32_t row) {
      if (!valid[row]) return;
      if (GetBit(validity, row)) {
        comparable[count++] = static_cast<uint16_t>(row);
      } else {
        CopyValue(*arg, row, out);
        SetBit(validity, row);
      }
    });
    const Selection rows{comparable, count};
    Vector current = out.vector();
    current.validity = nullptr;
    CompareVectors(op, *arg, current, rows, num_rows, better);
    ForEachRow(rows, [&](uint32_t row) {
      if (better[row] != 0) CopyValue(*arg, row, out);
    });
  }
  if (!strict) return arrow::Status::OK();
  for (const Vector* arg : args) {
    const InputValidity valid(*arg);
    ForEachRow(selection, [&](uint32_t row) {
      if (!valid[row]) ClearBit(validity, row);
    });
  }
  return arrow::Status::OK();
}

// a, or NULL where a = b.
arrow::Status NullIfKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                           const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  uint8_t* validity = out.UseValidity();
  alignas(64) uint8_t equal[kMaxBatchRows + 64];
  alignas(64) uint16_t comparable[kMaxBatchRows];
  const InputValidity left(*args[0]);
  const InputValidity right(*args[1]);
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    CopyValue(*args[0], row, out);
    SetBitTo(validity, row, left[row]);
    comparable[count] = static_cast<uint16_t>(row);
    count += left[row] && right[row] ? 1 : 0;
  });
  const Selection rows{comparable, count};
  CompareVectors(CompareOp::kEqual, *args[0], *args[1], rows, num_rows, equal);
  ForEachRow(rows, [&](uint32_t row) {
    if (equal[row] != 0) ClearBit(validity, row);
  });
  return arrow::Status::OK();
}

struct TypeNameState {
  std::string name;
};

arrow::Status TypeOfKernel(KernelContext& /*context*/, const void* state, KernelArgs /*args*/,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const StringRef name{std::string_view(static_cast<const TypeNameState*>(state)->name)};
  ForEachRow(selection, [&](uint32_t row) { out.data<StringRef>()[row] = name; });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindCommon(const ScalarFunction& self, const BindInput& input, size_t least, size_t most,
                                      ScalarKernel kernel) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, least, most));
  ARROW_ASSIGN_OR_RAISE(const LogicalType type, CommonArgumentType(self.name, input));
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types.assign(input.argument_types.size(), type);
  bound.return_type = type;
  bound.kernel = kernel;
  bound.null_rule = NullRule::kKernel;
  return bound;
}

arrow::Result<BoundScalar> BindCoalesce(const ScalarFunction& self, const BindInput& input) {
  return BindCommon(self, input, 1, SIZE_MAX, CoalesceKernel);
}

arrow::Result<BoundScalar> BindIfNull(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(BoundScalar bound, BindCommon(self, input, 2, 2, CoalesceKernel));
  bound.name = "coalesce";
  return bound;
}

arrow::Result<BoundScalar> BindNullIf(const ScalarFunction& self, const BindInput& input) {
  return BindCommon(self, input, 2, 2, NullIfKernel);
}

template <CompareOp op>
arrow::Result<BoundScalar> BindExtreme(const ScalarFunction& self, const BindInput& input) {
  const bool strict = input.dialect == Dialect::kSqlite;
  return BindCommon(self, input, 1, SIZE_MAX, strict ? ExtremeKernel<op, true> : ExtremeKernel<op, false>);
}

// SQLite's scalar min and max. Of values that are equal and differ in type (1 and 1.0) min gives the last, max the
// first.
template <CompareOp op>
arrow::Result<BoundScalar> BindSqliteExtreme(const ScalarFunction& self, const BindInput& input) {
  return BindCommon(self, input, 2, SIZE_MAX, ExtremeKernel<op, true>);
}

arrow::Result<BoundScalar> BindTypeOf(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  if (input.dialect == Dialect::kSqlite) return BindSqliteTypeOf(self, input.argument_types[0]);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types = {input.argument_types[0]};
  bound.return_type = TypeId::kVarchar;
  bound.kernel = TypeOfKernel;
  bound.state = std::make_shared<const TypeNameState>(TypeNameState{input.argument_types[0].ToString()});
  bound.null_rule = NullRule::kKernel;
  bound.accepted_forms = kFormsNarrow | kFormsDictionary | kFormsOffsets;
  return bound;
}

}  // namespace

void RegisterConditional(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"coalesce", {}, "The first argument that is not NULL.", "coalesce(a, 0)", BindCoalesce});
  registry.Add(ScalarFunction{"ifnull", {"nvl"}, "The first argument that is not NULL.", "ifnull(a, 0)", BindIfNull});
  registry.Add(ScalarFunction{"nullif", {}, "NULL where both arguments are equal.", "nullif(a, 0)", BindNullIf});
  registry.Add(ScalarFunction{
      "greatest", {}, "The greatest argument that is not NULL.", "greatest(1, 2)", BindExtreme<CompareOp::kGreater>});
  registry.Add(ScalarFunction{
      "least", {}, "The least argument that is not NULL.", "least(1, 2)", BindExtreme<CompareOp::kLess>});
  registry.Add(ScalarFunction{"max",
                              {},
                              "The greatest of several arguments; NULL where any is.",
                              "max(1, 2)",
                              BindSqliteExtreme<CompareOp::kGreater>});
  registry.Add(ScalarFunction{"min",
                              {},
                              "The least of several arguments; NULL where any is.",
                              "min(1, 2)",
                              BindSqliteExtreme<CompareOp::kLessEqual>});
  registry.Add(ScalarFunction{"typeof", {"pg_typeof"}, "The type's name.", "typeof(1)", BindTypeOf});
}

}  // namespace llkv
