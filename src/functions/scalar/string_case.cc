// Cases and normal forms of text: upper, lower, initcap, casefold, normalize, is_normalized, unicode_assigned.
// Characters of every script have their cases from Unicode's tables.
#include "functions/binding.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/unicode.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;

template <void (*append)(std::string_view, std::string*)>
arrow::Status ConvertKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                            uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    append(input[row].view(), &text);
    return arrow::Status::OK();
  });
}

// Words are what lies between characters that are neither letters nor digits.
void AppendCapitalized(std::string_view source, std::string* text) {
  bool in_word = false;
  for (size_t at = 0; at < source.size(); at += CharacterBytes(source, at)) {
    const uint32_t code = DecodeCharacter(source, at);
    char encoded[4];
    text->append(encoded, EncodeCharacter(in_word ? LowerCode(code) : TitleCode(code), encoded));
    in_word = IsAlphanumeric(code);
  }
}

arrow::Status FoldKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                         uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  TextNormalizer normalizer;
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    normalizer.FoldCase(input[row].view(), &text);
    return arrow::Status::OK();
  });
}

arrow::Result<NormalForm> FormOf(KernelArgs args, uint32_t row) {
  if (args.size() < 2) return NormalForm::kNfc;
  std::string name;
  AppendConverted<UpperCode>(Input<StringRef>(*args[1])[row].view(), &name);
  if (name == "NFC") return NormalForm::kNfc;
  if (name == "NFD") return NormalForm::kNfd;
  if (name == "NFKC") return NormalForm::kNfkc;
  if (name == "NFKD") return NormalForm::kNfkd;
  return SqlError(sqlstate::kInvalidParameter, "a normal form is NFC, NFD, NFKC or NFKD");
}

arrow::Status NormalizeKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                              const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  TextNormalizer normalizer;
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const NormalForm form, FormOf(args, row));
    normalizer.Normalize(form, input[row].view(), &text);
    return arrow::Status::OK();
  });
}

arrow::Status IsNormalizedKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                                 const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  TextNormalizer normalizer;
  std::string text;
  return ForEachRowChecked(selection, [&](uint32_t row) -> arrow::Status {
    ARROW_ASSIGN_OR_RAISE(const NormalForm form, FormOf(args, row));
    text.clear();
    normalizer.Normalize(form, input[row].view(), &text);
    out.data<uint8_t>()[row] = text == input[row].view() ? 1 : 0;
    return arrow::Status::OK();
  });
}

arrow::Status AssignedKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  ForEachRow(selection, [&](uint32_t row) {
    const std::string_view text = input[row].view();
    bool all = true;
    for (size_t at = 0; all && at < text.size(); at += CharacterBytes(text, at)) {
      all = IsAssigned(DecodeCharacter(text, at));
    }
    out.data<uint8_t>()[row] = all ? 1 : 0;
  });
  return arrow::Status::OK();
}

template <ScalarKernel kernel, TypeId result>
arrow::Result<BoundScalar> BindText(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kVarchar}, result, kernel, false, true}};
  return BindOverloads(self, input, overloads);
}

template <ScalarKernel kernel, TypeId result>
arrow::Result<BoundScalar> BindForm(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kVarchar}, result, kernel, false, true},
                                                  {{kVarchar, kVarchar}, result, kernel, true}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterStringCase(FunctionRegistry& registry) {
  const auto add = [&](const char* name, std::vector<std::string> aliases, const char* text, const char* example,
                       auto bind) {
    registry.Add(ScalarFunction{name, std::move(aliases), text, example, bind});
  };
  add("upper", {"ucase"}, "In upper case.", "upper('tom')",
      BindText<ConvertKernel<AppendConverted<UpperCode>>, kVarchar>);
  add("lower", {"lcase"}, "In lower case.", "lower('TOM')",
      BindText<ConvertKernel<AppendConverted<LowerCode>>, kVarchar>);
  add("initcap", {}, "Each word's first letter in upper case, the others in lower case.", "initcap('hi THOMAS')",
      BindText<ConvertKernel<AppendCapitalized>, kVarchar>);
  add("casefold", {}, "For comparing without regard to case.", "casefold('Straße')", BindText<FoldKernel, kVarchar>);
  add("normalize", {}, "In a Unicode normal form: NFC, NFD, NFKC or NFKD.", "normalize('a', 'NFC')",
      BindForm<NormalizeKernel, kVarchar>);
  add("is_normalized", {}, "Is the text in a Unicode normal form?", "is_normalized('a', 'NFC')",
      BindForm<IsNormalizedKernel, TypeId::kBoolean>);
  add("unicode_assigned", {}, "Does Unicode give every character a meaning?", "unicode_assigned('a')",
      BindText<AssignedKernel, TypeId::kBoolean>);
}

}  // namespace llkv
