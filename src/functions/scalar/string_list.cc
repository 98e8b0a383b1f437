// Between texts and lists: string_to_array, array_to_string.
#include "functions/binding.h"
#include "functions/nested_support.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;

// An optional text argument; nothing where it is missing or NULL.
std::optional<std::string_view> TextAt(KernelArgs args, size_t argument, uint32_t row) {
  if (argument >= args.size() || !InputValidity(*args[argument])[row]) return std::nullopt;
  return Input<StringRef>(*args[argument])[row].view();
}

void AppendField(std::string_view field, std::optional<std::string_view> null_text, std::string* bytes) {
  if (null_text == field) {
    AppendNestedMark(NestedMark::kNull, bytes);
    return;
  }
  AppendNestedMark(NestedMark::kValue, bytes);
  AppendNestedText(field, bytes);
}

// Without a delimiter the fields are characters, with an empty one the whole text.
arrow::Status SplitKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t num_rows, ScratchVector& out) {
  const uint8_t* validity = IntersectValidity(args.first(1), num_rows, out);
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& bytes) {
    if (!GetBit(validity, row)) return arrow::Status::OK();
    const std::optional<std::string_view> delimiter = TextAt(args, 1, row);
    const std::optional<std::string_view> null_text = TextAt(args, 2, row);
    std::string_view rest = input[row].view();
    bool more = !rest.empty();
    while (more) {
      size_t size = rest.size();
      size_t skip = 0;
      if (!delimiter) {
        size = CharacterBytes(rest, 0);
        more = size < rest.size();
      } else {
        const size_t found = delimiter->empty() ? std::string_view::npos : rest.find(*delimiter);
        more = found != std::string_view::npos;
        if (more) {
          size = found;
          skip = delimiter->size();
        }
      }
      AppendField(rest.substr(0, size), null_text, &bytes);
      rest.remove_prefix(size + skip);
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    return arrow::Status::OK();
  });
}

// NULLs are left out, or are a text of their own.
arrow::Status JoinKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out) {
  const uint8_t* validity = IntersectValidity(args.first(2), num_rows, out);
  const Input<StringRef> lists(*args[0]);
  const Input<StringRef> delimiter(*args[1]);
  std::string scratch;
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    if (!GetBit(validity, row)) return arrow::Status::OK();
    const std::optional<std::string_view> null_text = TextAt(args, 2, row);
    NestedReader in(lists[row].view());
    bool first = true;
    for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
      if (mark == NestedMark::kNull && !null_text) continue;
      if (!first) text += delimiter[row].view();
      first = false;
      text += mark == NestedMark::kNull ? *null_text : in.Text(&scratch);
    }
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindSplit(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(kVarchar));
  const std::vector<Overload> overloads = {
      {{kVarchar, kVarchar}, list, SplitKernel, false, false, NullRule::kKernel},
      {{kVarchar, kVarchar, kVarchar}, list, SplitKernel, false, false, NullRule::kKernel}};
  return BindOverloads(self, input, overloads);
}

// Of lists of any type: elements are cast to text.
arrow::Result<BoundScalar> BindJoin(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 2, 3));
  const TypeId given = input.argument_types[0].id();
  if (given != TypeId::kList && given != TypeId::kArray && given != TypeId::kNull) {
    return NoOverload(self.name, input.argument_types);
  }
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(kVarchar));
  std::vector<LogicalType> types(input.argument_types.size(), kVarchar);
  types[0] = list;
  return MakeScalar(self, {std::move(types), kVarchar, JoinKernel, true, false, NullRule::kKernel});
}

}  // namespace

void RegisterStringList(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"string_to_array",
                              {},
                              "A list of the fields between delimiters; a given text stands for NULL.",
                              "string_to_array('a,b,c', ',')",
                              BindSplit});
  registry.Add(ScalarFunction{"array_to_string",
                              {},
                              "A list's elements with a delimiter between them; NULLs are left out, or a given text.",
                              "array_to_string(ARRAY[1, 2, NULL], ',', '*')",
                              BindJoin});
}

}  // namespace llkv
