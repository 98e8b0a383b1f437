// What looks into nested values: elements, fields, entries, lengths.
#include <utility>

#include "functions/binding.h"
#include "functions/nested_functions.h"
#include "functions/nested_support.h"
#include "types/coercion.h"

namespace llkv {

namespace {

struct TypeState {
  LogicalType type;
  uint32_t field = 0;
};

const TypeState& StateOf(const void* state) { return *static_cast<const TypeState*>(state); }

// Walks the elements of a LIST or ARRAY.
class ElementWalk {
 public:
  ElementWalk(LogicalType type, std::string_view bytes)
      : element_(ElementType(type)), left_(type.id() == TypeId::kArray ? type.info().size : UINT32_MAX), in_(bytes) {}

  /// The next element's mark, kEnd behind the last; after kValue, the body is read from in(), or Skip is called.
  NestedMark Next() {
    if (left_ == 0) return NestedMark::kEnd;
    if (left_ != UINT32_MAX) --left_;
    return in_.Mark();
  }
  std::string_view Skip() { return in_.SkipBody(element_); }
  NestedReader& in() { return in_; }

 private:
  LogicalType element_;
  uint32_t left_;
  NestedReader in_;
};

/// Of a list whose elements have bodies of `width` bytes.
uint32_t CountNumbers(size_t width, std::string_view bytes) {
  uint32_t count = 0;
  for (size_t at = 0; at < bytes.size() && bytes[at] != static_cast<char>(NestedMark::kEnd); ++count) {
    at += bytes[at] == static_cast<char>(NestedMark::kValue) ? 1 + width : 1;
  }
  return count;
}

uint32_t CountElements(LogicalType type, std::string_view bytes) {
  if (type.id() == TypeId::kArray) return type.info().size;
  const PhysicalType physical = ElementType(type).physical();
  if (physical != PhysicalType::kString && physical != PhysicalType::kInterval) {
    return CountNumbers(static_cast<size_t>(PhysicalWidth(physical)), bytes);
  }
  ElementWalk walk(type, bytes);
  uint32_t count = 0;
  for (NestedMark mark = walk.Next(); mark != NestedMark::kEnd; mark = walk.Next(), ++count) {
    if (mark == NestedMark::kValue) walk.Skip();
  }
  return count;
}

// x[i]: from 1, or from the end where negative; NULL where there is none.
arrow::Status ListExtractKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                                const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> lists(*args[0]);
  const Input<int64_t> indexes(*args[1]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if (!GetBit(validity, row)) {
      StoreNull(row, validity, out);
      return arrow::Status::OK();
    }
    int64_t index = indexes[row];
    if (index < 0) index += int64_t{CountElements(type, lists[row].view())} + 1;
    ElementWalk walk(type, lists[row].view());
    NestedMark mark = index < 1 ? NestedMark::kEnd : walk.Next();
    for (int64_t i = 1; i < index && mark != NestedMark::kEnd; ++i) {
      if (mark == NestedMark::kValue) walk.Skip();
      mark = walk.Next();
    }
    if (mark == NestedMark::kValue) return LoadBody(ElementType(type), walk.in(), row, context.arena, out);
    StoreNull(row, validity, out);
    return arrow::Status::OK();
  });
}

// x[a:b], both ends included; negative ones count from the end.
arrow::Status ListSliceKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  const Input<StringRef> lists(*args[0]);
  const Input<int64_t> firsts(*args[1]);
  const Input<int64_t> lasts(*args[2]);
  StringRef* result = out.data<StringRef>();
  std::string bytes;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    const int64_t count = CountElements(type, lists[row].view());
    const int64_t first = firsts[row] < 0 ? firsts[row] + count + 1 : firsts[row];
    const int64_t last = lasts[row] < 0 ? lasts[row] + count + 1 : lasts[row];
    ElementWalk walk(type, lists[row].view());
    bytes.clear();
    int64_t place = 1;
    for (NestedMark mark = walk.Next(); mark != NestedMark::kEnd; mark = walk.Next(), ++place) {
      const std::string_view body = mark == NestedMark::kValue ? walk.Skip() : std::string_view();
      if (place < first || place > last) continue;
      AppendNestedMark(mark, &bytes);
      bytes.append(body);
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(bytes));
    return arrow::Status::OK();
  });
}

arrow::Status StructExtractKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                                  const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const TypeState& state = StateOf(raw_state);
  const std::vector<TypeField>& fields = state.type.info().fields;
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> structs(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if (!GetBit(validity, row)) {
      StoreNull(row, validity, out);
      return arrow::Status::OK();
    }
    NestedReader in(structs[row].view());
    for (uint32_t i = 0; i < state.field; ++i) {
      if (in.IsValue()) in.SkipBody(fields[i].type);
    }
    if (in.IsValue()) return LoadBody(fields[state.field].type, in, row, context.arena, out);
    StoreNull(row, validity, out);
    return arrow::Status::OK();
  });
}

/// The reader behind the key, at its value's mark; or at the end.
bool FindKey(LogicalType type, std::string_view key, NestedReader& in) {
  for (NestedMark mark = in.Mark(); mark == NestedMark::kValue; mark = in.Mark()) {
    if (in.SkipBody(MapKeyType(type)) == key) return true;
    if (in.IsValue()) in.SkipBody(MapValueType(type));
  }
  return false;
}

arrow::Status MapExtractKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  const Input<StringRef> maps(*args[0]);
  const PartWriter keys(*args[1]);
  std::string key;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if (GetBit(validity, row)) {
      key.clear();
      keys.AppendBody(row, &key);
      NestedReader in(maps[row].view());
      if (FindKey(type, key, in) && in.IsValue()) return LoadBody(MapValueType(type), in, row, context.arena, out);
    }
    StoreNull(row, validity, out);
    return arrow::Status::OK();
  });
}

// element_at(map, key): a list of the one value, or an empty one.
arrow::Status ElementAtKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  const Input<StringRef> maps(*args[0]);
  const PartWriter keys(*args[1]);
  StringRef* result = out.data<StringRef>();
  std::string key;
  std::string bytes;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    key.clear();
    bytes.clear();
    keys.AppendBody(row, &key);
    NestedReader in(maps[row].view());
    if (FindKey(type, key, in)) {
      const NestedMark mark = in.Mark();
      AppendNestedMark(mark, &bytes);
      if (mark == NestedMark::kValue) bytes.append(in.SkipBody(MapValueType(type)));
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(bytes));
    return arrow::Status::OK();
  });
}

template <bool values>
arrow::Status MapSideKernel(KernelContext& context, const void* raw_state, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  const Input<StringRef> maps(*args[0]);
  StringRef* result = out.data<StringRef>();
  std::string bytes;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    bytes.clear();
    NestedReader in(maps[row].view());
    for (NestedMark mark = in.Mark(); mark == NestedMark::kValue; mark = in.Mark()) {
      const std::string_view key = in.SkipBody(MapKeyType(type));
      const NestedMark value_mark = in.Mark();
      const std::string_view value =
          value_mark == NestedMark::kValue ? in.SkipBody(MapValueType(type)) : std::string_view();
      AppendNestedMark(values ? value_mark : NestedMark::kValue, &bytes);
      bytes.append(values ? value : key);
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(bytes));
    return arrow::Status::OK();
  });
}

arrow::Status LengthKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                           const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  const Input<StringRef> input(*args[0]);
  auto* result = out.data<int64_t>();
  ForEachRow(selection, [&](uint32_t row) {
    if (type.id() != TypeId::kMap) {
      result[row] = CountElements(type, input[row].view());
      return;
    }
    int64_t count = 0;
    NestedReader in(input[row].view());
    for (NestedMark mark = in.Mark(); mark == NestedMark::kValue; mark = in.Mark(), ++count) {
      in.SkipBody(MapKeyType(type));
      if (in.IsValue()) in.SkipBody(MapValueType(type));
    }
    result[row] = count;
  });
  return arrow::Status::OK();
}

// Where in the list the value is, from 1, NULL where it is not; or whether it is.
template <bool position>
arrow::Status FindKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out) {
  const LogicalType type = StateOf(raw_state).type;
  const Input<StringRef> lists(*args[0]);
  const PartWriter wanted(*args[1]);
  std::string value;
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  ForEachRow(selection, [&](uint32_t row) {
    if (!GetBit(validity, row)) return;
    value.clear();
    wanted.AppendBody(row, &value);
    ElementWalk walk(type, lists[row].view());
    int32_t found = 0;
    int32_t place = 1;
    for (NestedMark mark = walk.Next(); mark != NestedMark::kEnd && found == 0; mark = walk.Next(), ++place) {
      if (mark == NestedMark::kValue && walk.Skip() == value) found = place;
    }
    if constexpr (position) {
      out.data<int32_t>()[row] = found;
      if (found == 0) ClearBit(validity, row);
    } else {
      out.data<uint8_t>()[row] = found != 0 ? 1 : 0;
    }
  });
  return arrow::Status::OK();
}

BoundScalar Make(const std::string& name, std::vector<LogicalType> arguments, LogicalType result, ScalarKernel kernel,
                 bool kernel_writes_nulls = false, uint32_t field = 0) {
  BoundScalar bound;
  bound.name = name;
  bound.state = std::make_shared<const TypeState>(TypeState{arguments[0], field});
  bound.argument_types = std::move(arguments);
  bound.return_type = result;
  bound.kernel = kernel;
  bound.null_rule = kernel_writes_nulls ? NullRule::kKernel : NullRule::kPropagate;
  return bound;
}

bool IsSequence(LogicalType type) { return type.id() == TypeId::kList || type.id() == TypeId::kArray; }

bool GoesInto(const BindInput& input, size_t argument, LogicalType type) {
  const Value* constant = argument < input.constants.size() ? input.constants[argument] : nullptr;
  return ArgumentCost(input.argument_types[argument], constant, type, input.dialect).has_value();
}

arrow::Result<BoundScalar> BindListExtract(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const LogicalType type = input.argument_types[0];
  if (!IsSequence(type) || !GoesInto(input, 1, TypeId::kBigInt)) return NoOverload(self.name, input.argument_types);
  return Make(self.name, {type, TypeId::kBigInt}, ElementType(type), ListExtractKernel, true);
}

arrow::Result<BoundScalar> BindListSlice(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 3, 3));
  const LogicalType type = input.argument_types[0];
  if (!IsSequence(type) || !GoesInto(input, 1, TypeId::kBigInt) || !GoesInto(input, 2, TypeId::kBigInt)) {
    return NoOverload(self.name, input.argument_types);
  }
  ARROW_ASSIGN_OR_RAISE(const LogicalType result, MakeListType(ElementType(type)));
  return Make(self.name, {type, TypeId::kBigInt, TypeId::kBigInt}, result, ListSliceKernel);
}

arrow::Result<BoundScalar> BindStructExtract(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const LogicalType type = input.argument_types[0];
  const Value* field = input.constants.size() > 1 ? input.constants[1] : nullptr;
  if (type.id() != TypeId::kStruct) return NoOverload(self.name, input.argument_types);
  if (field == nullptr || field->is_null()) return NotSupported("a field whose name is no constant");
  const TypeInfo& info = type.info();
  std::optional<uint32_t> place;
  if (field->type().id() == TypeId::kVarchar) place = info.FindField(field->bytes());
  if (field->type().IsInteger() && field->integer() >= 1 &&
      field->integer() <= static_cast<int128_t>(info.fields.size())) {
    place = static_cast<uint32_t>(field->integer()) - 1;
  }
  if (!place) {
    return SqlError(sqlstate::kUndefinedColumn, type.ToString() + " has no field \"" + field->ToString() + "\"");
  }
  return Make(self.name, {type, field->type()}, info.fields[*place].type, StructExtractKernel, true, *place);
}

template <bool list>
arrow::Result<BoundScalar> BindMapExtract(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  const LogicalType type = input.argument_types[0];
  if (type.id() != TypeId::kMap || !GoesInto(input, 1, MapKeyType(type))) {
    return NoOverload(self.name, input.argument_types);
  }
  if (!list) return Make(self.name, {type, MapKeyType(type)}, MapValueType(type), MapExtractKernel, true);
  ARROW_ASSIGN_OR_RAISE(const LogicalType result, MakeListType(MapValueType(type)));
  return Make(self.name, {type, MapKeyType(type)}, result, ElementAtKernel);
}

template <bool values>
arrow::Result<BoundScalar> BindMapSide(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  const LogicalType type = input.argument_types[0];
  if (type.id() != TypeId::kMap) return NoOverload(self.name, input.argument_types);
  ARROW_ASSIGN_OR_RAISE(const LogicalType result, MakeListType(values ? MapValueType(type) : MapKeyType(type)));
  return Make(self.name, {type}, result, MapSideKernel<values>);
}

arrow::Result<BoundScalar> BindArrayLength(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  return BindNestedLength(self, input);
}

template <bool position>
arrow::Result<BoundScalar> BindFind(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 2));
  LogicalType type = input.argument_types[0];
  if (!IsSequence(type)) return NoOverload(self.name, input.argument_types);
  LogicalType element = ElementType(type);
  if (!IsTextLiteral(input, 1)) {
    const std::optional<LogicalType> common = CommonType(element, input.argument_types[1]);
    if (!common) return NoOverload(self.name, input.argument_types);
    if (*common != element) {
      ARROW_ASSIGN_OR_RAISE(
          type, type.id() == TypeId::kList ? MakeListType(*common) : MakeArrayType(*common, type.info().size));
      element = *common;
    }
  }
  return Make(self.name, {type, element}, position ? TypeId::kInteger : TypeId::kBoolean, FindKernel<position>,
              /*kernel_writes_nulls=*/true);
}

}  // namespace

arrow::Result<BoundScalar> BindNestedLength(const ScalarFunction& self, const BindInput& input) {
  const LogicalType type = input.argument_types[0];
  if (!IsSequence(type) && type.id() != TypeId::kMap) return NoOverload(self.name, input.argument_types);
  return Make(self.name, {type}, TypeId::kBigInt, LengthKernel);
}

void RegisterNestedAccess(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"list_extract",
                              {"list_element", "array_extract"},
                              "An element of a list, from 1; from the end where negative.",
                              "list_extract([4, 5], 1)",
                              BindListExtract});
  registry.Add(ScalarFunction{
      "list_slice", {"array_slice"}, "Elements a to b of a list.", "list_slice([4, 5, 6], 2, 3)", BindListSlice});
  registry.Add(
      ScalarFunction{"struct_extract", {}, "A field of a struct.", "struct_extract({'a': 1}, 'a')", BindStructExtract});
  registry.Add(ScalarFunction{
      "map_extract_value", {}, "The value of a key, or NULL.", "map_extract_value(m, 'k')", BindMapExtract<false>});
  registry.Add(ScalarFunction{"element_at",
                              {"map_extract"},
                              "A list with the value of a key, or an empty one.",
                              "element_at(m, 'k')",
                              BindMapExtract<true>});
  registry.Add(ScalarFunction{"map_keys", {}, "The keys of a map.", "map_keys(m)", BindMapSide<false>});
  registry.Add(ScalarFunction{"map_values", {}, "The values of a map.", "map_values(m)", BindMapSide<true>});
  registry.Add(ScalarFunction{
      "array_length", {"cardinality"}, "How many elements or entries.", "array_length([4, 5])", BindArrayLength});
  registry.Add(ScalarFunction{"list_contains",
                              {"list_has", "array_contains", "array_has"},
                              "Is the value in the list?",
                              "list_contains([4, 5], 5)",
                              BindFind<false>});
  registry.Add(ScalarFunction{"list_position",
                              {"list_indexof", "array_position", "array_indexof"},
                              "Where in the list the value is, from 1; NULL where it is not.",
                              "list_position([4, 5], 5)",
                              BindFind<true>});
}

}  // namespace llkv
