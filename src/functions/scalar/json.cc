// JSON: -> ->> json_extract json_extract_string json_exists json_valid json_type json_typeof json_array_length
// json_quote. Parts are slices of the argument's text.
#include "functions/binding.h"
#include "functions/kernel.h"
#include "types/json_text.h"

namespace llkv {

namespace {

// An argument of type VARCHAR has not been checked yet.
arrow::Status CheckJson(std::string_view text) {
  size_t error_at = 0;
  if (IsJson(text, &error_at)) return arrow::Status::OK();
  return SqlError(sqlstate::kInvalidTextRepresentation,
                  "\"" + std::string(text.substr(0, 80)) + "\" is no valid JSON: at byte " + std::to_string(error_at));
}

// What a kernel finds in a value.
enum class Want : uint8_t { kJson, kText, kExists };

// The right side of -> and the path of json_extract, parsed once where it is a constant.
class PathArgument {
 public:
  explicit PathArgument(const Vector& vector) : paths_(vector) {}

  arrow::Result<const std::vector<JsonStep>*> At(uint32_t row) {
    if (is_parsed_ && paths_.is_constant()) return &steps_;
    const std::string_view text = paths_[row].view();
    if (!ParseJsonPath(text, &steps_)) {
      return SqlError(sqlstate::kInvalidParameter, "\"" + std::string(text) + "\" is no path into JSON");
    }
    is_parsed_ = true;
    return &steps_;
  }

 private:
  Input<StringRef> paths_;
  std::vector<JsonStep> steps_;
  bool is_parsed_ = false;
};

// Writes what was found; false: NULL.
template <Want want>
arrow::Result<bool> Store(KernelContext& context, std::optional<std::string_view> found, uint32_t row,
                          ScratchVector& out) {
  if constexpr (want == Want::kExists) {
    out.data<uint8_t>()[row] = found ? 1 : 0;
    return true;
  } else {
    StringRef& result = out.data<StringRef>()[row];
    result = StringRef();
    if (!found || (want == Want::kText && JsonKindOf(*found) == JsonKind::kNull)) return false;
    if (want == Want::kText && JsonKindOf(*found) == JsonKind::kString) {
      const std::string text = JsonUnescape(*found);
      if (text.empty()) return true;
      ARROW_ASSIGN_OR_RAISE(result, context.arena->Copy(text));
      return true;
    }
    result = StringRef(*found);
    return true;
  }
}

// find(json, row) gives the part of a row's value.
template <Want want, bool check, typename F>
arrow::Status ExtractRows(KernelContext& context, KernelArgs args, const Selection& selection, uint32_t num_rows,
                          ScratchVector& out, F&& find) {
  const Input<StringRef> json(*args[0]);
  uint8_t* validity = IntersectValidity(args, num_rows, out);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if (!GetBit(validity, row)) {
      if constexpr (want != Want::kExists) out.data<StringRef>()[row] = StringRef();
      return arrow::Status::OK();
    }
    const std::string_view text = json[row].view();
    if constexpr (check) ARROW_RETURN_NOT_OK(CheckJson(text));
    ARROW_ASSIGN_OR_RAISE(const std::optional<std::string_view> found, find(text, row));
    ARROW_ASSIGN_OR_RAISE(const bool has_value, Store<want>(context, found, row, out));
    if (!has_value) ClearBit(validity, row);
    return arrow::Status::OK();
  });
}

template <Want want, bool check>
arrow::Status PathKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t num_rows, ScratchVector& out) {
  PathArgument path(*args[1]);
  return ExtractRows<want, check>(
      context, args, selection, num_rows, out,
      [&](std::string_view json, uint32_t row) -> arrow::Result<std::optional<std::string_view>> {
        ARROW_ASSIGN_OR_RAISE(const std::vector<JsonStep>* steps, path.At(row));
        return JsonAtPath(json, *steps);
      });
}

template <Want want, bool check>
arrow::Status IndexKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t num_rows, ScratchVector& out) {
  const Input<int64_t> index(*args[1]);
  return ExtractRows<want, check>(
      context, args, selection, num_rows, out,
      [&](std::string_view json, uint32_t row) -> arrow::Result<std::optional<std::string_view>> {
        return JsonElement(json, index[row]);
      });
}

template <Want want, TypeId result>
arrow::Result<BoundScalar> BindExtract(const ScalarFunction& self, const BindInput& input) {
  constexpr NullRule kOwn = NullRule::kKernel;
  static const std::vector<Overload> overloads = {
      {{TypeId::kJson, TypeId::kVarchar}, result, PathKernel<want, false>, true, false, kOwn},
      {{TypeId::kVarchar, TypeId::kVarchar}, result, PathKernel<want, true>, true, false, kOwn},
      {{TypeId::kJson, TypeId::kBigInt}, result, IndexKernel<want, false>, false, false, kOwn},
      {{TypeId::kVarchar, TypeId::kBigInt}, result, IndexKernel<want, true>, true, false, kOwn}};
  return BindOverloads(self, input, overloads);
}

arrow::Status ValidKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                          const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  MapUnary<StringRef, uint8_t>(args, selection, out, [](const StringRef& text) {
    size_t error_at = 0;
    return static_cast<uint8_t>(IsJson(text.view(), &error_at));
  });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindValid(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kVarchar}, TypeId::kBoolean, ValidKernel, false, true},
                                                  {{TypeId::kJson}, TypeId::kBoolean, ValidKernel, false, true}};
  return BindOverloads(self, input, overloads);
}

// DuckDB's names, with the kinds of numbers apart.
std::string_view TypeName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "NULL";
    case JsonKind::kBoolean:
      return "BOOLEAN";
    case JsonKind::kUnsigned:
      return "UBIGINT";
    case JsonKind::kNegative:
      return "BIGINT";
    case JsonKind::kReal:
      return "DOUBLE";
    case JsonKind::kString:
      return "VARCHAR";
    case JsonKind::kArray:
      return "ARRAY";
    case JsonKind::kObject:
      return "OBJECT";
  }
  return "";
}

// PostgreSQL's.
std::string_view TypeOfName(JsonKind kind) {
  switch (kind) {
    case JsonKind::kNull:
      return "null";
    case JsonKind::kBoolean:
      return "boolean";
    case JsonKind::kUnsigned:
    case JsonKind::kNegative:
    case JsonKind::kReal:
      return "number";
    case JsonKind::kString:
      return "string";
    case JsonKind::kArray:
      return "array";
    case JsonKind::kObject:
      return "object";
  }
  return "";
}

template <std::string_view (*name_of)(JsonKind), bool check>
arrow::Status TypeKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> json(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if constexpr (check) ARROW_RETURN_NOT_OK(CheckJson(json[row].view()));
    out.data<StringRef>()[row] = StringRef(name_of(JsonKindOf(json[row].view())));
    return arrow::Status::OK();
  });
}

template <std::string_view (*name_of)(JsonKind)>
arrow::Result<BoundScalar> BindTypeName(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kJson}, TypeId::kVarchar, TypeKernel<name_of, false>, false, true},
      {{TypeId::kVarchar}, TypeId::kVarchar, TypeKernel<name_of, true>, true, true}};
  return BindOverloads(self, input, overloads);
}

template <bool check>
arrow::Status ArrayLengthKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> json(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    if constexpr (check) ARROW_RETURN_NOT_OK(CheckJson(json[row].view()));
    if (JsonKindOf(json[row].view()) != JsonKind::kArray) {
      return SqlError(sqlstate::kInvalidParameter, "the JSON value is no array");
    }
    out.data<int64_t>()[row] = JsonArrayLength(json[row].view());
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindArrayLength(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{TypeId::kJson}, TypeId::kBigInt, ArrayLengthKernel<false>, true, true},
      {{TypeId::kVarchar}, TypeId::kBigInt, ArrayLengthKernel<true>, true, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Status QuoteKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> text(*args[0]);
  return ForEachRowChecked(selection, [&](uint32_t row) {
    return context.arena->Copy(JsonQuote(text[row].view())).Value(&out.data<StringRef>()[row]);
  });
}

arrow::Result<BoundScalar> BindQuote(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{TypeId::kVarchar}, TypeId::kJson, QuoteKernel, false, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterJson(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("->", {"json_extract"}, "A part of a JSON value, by key, index or path.", "j -> 'a'",
      BindExtract<Want::kJson, TypeId::kJson>);
  add("->>", {"json_extract_string"}, "A part of a JSON value as text.", "j ->> 'a'",
      BindExtract<Want::kText, TypeId::kVarchar>);
  add("json_exists", {}, "Does a JSON value have such a part?", "json_exists(j, '$.a')",
      BindExtract<Want::kExists, TypeId::kBoolean>);
  add("json_valid", {}, "Is the text one JSON value?", "json_valid('[1]')", BindValid);
  add("json_type", {}, "The kind of a JSON value.", "json_type('[1]')", BindTypeName<TypeName>);
  add("json_typeof", {}, "The kind of a JSON value, by JSON's own names.", "json_typeof('[1]')",
      BindTypeName<TypeOfName>);
  add("json_array_length", {}, "Elements of a JSON array.", "json_array_length('[1, 2]')", BindArrayLength);
  add("json_quote", {}, "The text as a JSON string.", "json_quote('a')", BindQuote);
}

}  // namespace llkv
