// What makes nested values: list_value, array_value, struct_pack and row, map, and lists put together.
#include <utility>

#include "functions/binding.h"
#include "functions/nested_functions.h"
#include "functions/nested_support.h"

namespace llkv {

namespace {

arrow::Status CheckSize(const std::string& bytes) {
  if (bytes.size() <= INT32_MAX) return arrow::Status::OK();
  return SqlError(sqlstate::kInvalidParameter, "a nested value takes more than 2 GiB");
}

// For each selected row: append(row, &bytes) gives the value.
template <typename Append>
arrow::Status MakeRows(KernelContext& context, const Selection& selection, ScratchVector& out, Append&& append) {
  StringRef* result = out.data<StringRef>();
  std::string bytes;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    bytes.clear();
    ARROW_RETURN_NOT_OK(append(row, &bytes));
    ARROW_RETURN_NOT_OK(CheckSize(bytes));
    ARROW_ASSIGN_OR_RAISE(result[row], context.arena->Copy(bytes));
    return arrow::Status::OK();
  });
}

// The arguments' parts one after the other: a LIST (with its end), an ARRAY or a STRUCT.
template <bool with_end>
arrow::Status PackKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  std::vector<PartWriter> writers;
  for (const Vector* arg : args) writers.emplace_back(*arg);
  return MakeRows(context, selection, out, [&](uint32_t row, std::string* bytes) {
    for (const PartWriter& writer : writers) writer.Append(row, bytes);
    if (with_end) AppendNestedMark(NestedMark::kEnd, bytes);
    return arrow::Status::OK();
  });
}

arrow::Status MapPackKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  std::vector<PartWriter> writers;
  for (const Vector* arg : args) writers.emplace_back(*arg);
  std::vector<std::pair<size_t, size_t>> places;
  return MakeRows(context, selection, out, [&](uint32_t row, std::string* bytes) {
    places.clear();
    for (size_t i = 0; i < writers.size(); i += 2) {
      const size_t begin = bytes->size();
      writers[i].Append(row, bytes);
      places.emplace_back(begin, bytes->size() - begin);
      writers[i + 1].Append(row, bytes);
    }
    return FinishNestedMap(places, bytes);
  });
}

// map(keys, values), of two lists of one length.
arrow::Status MapOfListsKernel(KernelContext& context, const void* raw_state, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const LogicalType type = *static_cast<const LogicalType*>(raw_state);
  const Input<StringRef> keys(*args[0]);
  const Input<StringRef> values(*args[1]);
  std::vector<std::pair<size_t, size_t>> places;
  return MakeRows(context, selection, out, [&](uint32_t row, std::string* bytes) -> arrow::Status {
    places.clear();
    NestedReader key_in(keys[row].view());
    NestedReader value_in(values[row].view());
    for (;;) {
      const NestedMark key = key_in.Mark();
      const NestedMark value = value_in.Mark();
      if ((key == NestedMark::kEnd) != (value == NestedMark::kEnd)) {
        return SqlError(sqlstate::kInvalidParameter, "map takes as many keys as values");
      }
      if (key == NestedMark::kEnd) return FinishNestedMap(places, bytes);
      const size_t begin = bytes->size();
      AppendNestedMark(key, bytes);
      if (key == NestedMark::kValue) bytes->append(key_in.SkipBody(MapKeyType(type)));
      places.emplace_back(begin, bytes->size() - begin);
      AppendNestedMark(value, bytes);
      if (value == NestedMark::kValue) bytes->append(value_in.SkipBody(MapValueType(type)));
    }
  });
}

// a || b: a NULL list counts as none.
arrow::Status ConcatKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  uint8_t* validity = out.UseValidity();
  std::vector<InputValidity> valid;
  std::vector<Input<StringRef>> lists;
  for (const Vector* arg : args) {
    valid.emplace_back(*arg);
    lists.emplace_back(*arg);
  }
  return MakeRows(context, selection, out, [&](uint32_t row, std::string* bytes) {
    bool any = false;
    for (size_t i = 0; i < lists.size(); ++i) {
      if (!valid[i][row]) continue;
      any = true;
      const std::string_view list = lists[i][row].view();
      bytes->append(list.substr(0, list.size() - 1));
    }
    AppendNestedMark(NestedMark::kEnd, bytes);
    if (!any) ClearBit(validity, row);
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindListValue(const ScalarFunction& self, const BindInput& input) {
  LogicalType element;
  if (!input.argument_types.empty()) {
    ARROW_ASSIGN_OR_RAISE(element, CommonArgumentType(self.name, input));
  }
  const bool array = self.name == "array_value";
  if (array && input.argument_types.empty()) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types.assign(input.argument_types.size(), element);
  ARROW_ASSIGN_OR_RAISE(
      bound.return_type,
      array ? MakeArrayType(element, static_cast<int64_t>(input.argument_types.size())) : MakeListType(element));
  bound.kernel = array ? PackKernel<false> : PackKernel<true>;
  bound.null_rule = NullRule::kKernel;
  return bound;
}

arrow::Result<BoundScalar> BindMap(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 0, 2));
  if (input.argument_types.empty()) return MakeMapPack(TypeId::kNull, TypeId::kNull, 0);
  std::vector<LogicalType> lists;
  for (LogicalType type : input.argument_types) {
    if (type.id() == TypeId::kArray) {
      ARROW_ASSIGN_OR_RAISE(type, MakeListType(ElementType(type)));
    }
    if (type.id() != TypeId::kList) return NoOverload(self.name, input.argument_types);
    lists.push_back(type);
  }
  if (lists.size() != 2) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  ARROW_ASSIGN_OR_RAISE(bound.return_type, MakeMapType(ElementType(lists[0]), ElementType(lists[1])));
  bound.argument_types = std::move(lists);
  bound.kernel = MapOfListsKernel;
  bound.state = std::make_shared<const LogicalType>(bound.return_type);
  bound.can_fail = true;
  return bound;
}

arrow::Result<BoundScalar> BindRow(const ScalarFunction& /*self*/, const BindInput& input) {
  return MakeStructPack(std::vector<std::string>(input.argument_types.size()), input.argument_types);
}

}  // namespace

arrow::Result<BoundScalar> BindListConcat(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, SIZE_MAX));
  ARROW_ASSIGN_OR_RAISE(LogicalType type, CommonArgumentType(self.name, input));
  if (type.id() == TypeId::kArray) {
    ARROW_ASSIGN_OR_RAISE(type, MakeListType(ElementType(type)));
  }
  if (type.id() != TypeId::kList) return NoOverload(self.name, input.argument_types);
  BoundScalar bound;
  bound.name = self.name;
  bound.argument_types.assign(input.argument_types.size(), type);
  bound.return_type = type;
  bound.kernel = ConcatKernel;
  bound.null_rule = NullRule::kKernel;
  return bound;
}

arrow::Result<BoundScalar> MakeStructPack(std::vector<std::string> names, std::span<const LogicalType> types) {
  std::vector<TypeField> fields;
  for (size_t i = 0; i < types.size(); ++i) fields.push_back({std::move(names[i]), types[i]});
  BoundScalar bound;
  bound.name = "struct_pack";
  bound.argument_types.assign(types.begin(), types.end());
  ARROW_ASSIGN_OR_RAISE(bound.return_type, MakeStructType(std::move(fields)));
  bound.kernel = PackKernel<false>;
  bound.null_rule = NullRule::kKernel;
  return bound;
}

arrow::Result<BoundScalar> MakeMapPack(LogicalType key, LogicalType value, size_t num_entries) {
  BoundScalar bound;
  bound.name = "map";
  for (size_t i = 0; i < num_entries; ++i) {
    bound.argument_types.push_back(key);
    bound.argument_types.push_back(value);
  }
  ARROW_ASSIGN_OR_RAISE(bound.return_type, MakeMapType(key, value));
  bound.kernel = MapPackKernel;
  bound.null_rule = NullRule::kKernel;
  bound.can_fail = num_entries > 0;
  return bound;
}

void RegisterNestedMake(FunctionRegistry& registry) {
  registry.Add(
      ScalarFunction{"list_value", {"list_pack"}, "A list of the arguments.", "list_value(1, 2)", BindListValue});
  registry.Add(ScalarFunction{"array_value", {}, "An array of the arguments.", "array_value(1, 2)", BindListValue});
  registry.Add(ScalarFunction{"list_concat",
                              {"list_cat", "array_concat", "array_cat"},
                              "Lists put together.",
                              "list_concat([1], [2])",
                              BindListConcat});
  registry.Add(ScalarFunction{"map", {}, "A map of a list of keys and one of values.", "map(['a'], [1])", BindMap});
  registry.Add(ScalarFunction{"row", {}, "A struct whose fields have no names.", "row(1, 'a')", BindRow});
}

}  // namespace llkv
