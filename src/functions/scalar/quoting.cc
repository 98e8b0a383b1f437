// Text for SQL statements, and text with escapes: quote_ident, quote_literal, quote_nullable, parse_ident, unistr.
#include "functions/binding.h"
#include "functions/nested_support.h"
#include "functions/sql_quoting.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

constexpr TypeId kVarchar = TypeId::kVarchar;

template <void (*append)(std::string_view, std::string*), bool nullable>
arrow::Status QuoteKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                          uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  const InputValidity valid(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    if (nullable && !valid[row]) {
      text = "NULL";
    } else {
      append(input[row].view(), &text);
    }
    return arrow::Status::OK();
  });
}

// Of any type, as its text.
template <bool nullable>
arrow::Result<BoundScalar> BindQuoteLiteral(const ScalarFunction& self, const BindInput& input) {
  ARROW_RETURN_NOT_OK(CheckArgumentCount(self.name, input, 1, 1));
  Overload overload{{kVarchar}, kVarchar, QuoteKernel<AppendQuotedLiteral, nullable>, true};
  if (nullable) overload.null_rule = NullRule::kKernel;
  return MakeScalar(self, overload);
}

arrow::Result<BoundScalar> BindQuoteIdentifier(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{kVarchar}, kVarchar, QuoteKernel<AppendQuotedIdentifier, false>, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Status ParseIdentKernel(KernelContext& context, const void* /*state*/, KernelArgs args,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& bytes) -> arrow::Status {
    const bool strict = args.size() < 2 || Input<uint8_t>(*args[1])[row] != 0;
    ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> names, ParseIdentifier(input[row].view(), strict));
    for (const std::string& name : names) {
      AppendNestedMark(NestedMark::kValue, &bytes);
      AppendNestedText(name, &bytes);
    }
    AppendNestedMark(NestedMark::kEnd, &bytes);
    return arrow::Status::OK();
  });
}

arrow::Result<BoundScalar> BindParseIdent(const ScalarFunction& self, const BindInput& input) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType list, MakeListType(kVarchar));
  const std::vector<Overload> overloads = {{{kVarchar}, list, ParseIdentKernel, true},
                                           {{kVarchar, TypeId::kBoolean}, list, ParseIdentKernel, true}};
  return BindOverloads(self, input, overloads);
}

// ---- unistr --------------------------------------------------------------------------------------------------------

arrow::Status InvalidUnicode(const char* what) { return SqlError(sqlstate::kSyntaxError, what); }

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code of \nnnn, \+nnnnnn, \unnnn or \Unnnnnnnn at the front of `text`, which it takes away.
arrow::Result<uint32_t> TakeCode(std::string_view* text) {
  size_t skip = 1;
  size_t digits = 4;
  if (text->starts_with("\\+")) {
    skip = 2;
    digits = 6;
  } else if (text->starts_with("\\u") || text->starts_with("\\U")) {
    skip = 2;
    digits = text->starts_with("\\U") ? 8 : 4;
  }
  uint32_t code = 0;
  for (size_t i = skip; i < skip + digits; ++i) {
    const int digit = i < text->size() ? HexValue((*text)[i]) : -1;
    if (digit < 0) return InvalidUnicode("invalid Unicode escape");
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  if (code == 0 || code > 0x10FFFF) return InvalidUnicode("invalid Unicode code point");
  text->remove_prefix(skip + digits);
  return code;
}

bool IsHighSurrogate(uint32_t code) { return code >= 0xD800 && code < 0xDC00; }
bool IsLowSurrogate(uint32_t code) { return code >= 0xDC00 && code < 0xE000; }

arrow::Status AppendUnescaped(std::string_view rest, std::string* out) {
  while (!rest.empty()) {
    if (rest[0] != '\\' || rest.starts_with("\\\\")) {
      out->push_back(rest[0]);
      rest.remove_prefix(rest[0] == '\\' ? 2 : 1);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(uint32_t code, TakeCode(&rest));
    if (IsHighSurrogate(code)) {
      uint32_t low = 0;
      if (rest.starts_with("\\") && !rest.starts_with("\\\\")) {
        ARROW_ASSIGN_OR_RAISE(low, TakeCode(&rest));
      }
      if (!IsLowSurrogate(low)) return InvalidUnicode("invalid Unicode surrogate pair");
      code = 0x10000 + ((code & 0x3FF) << 10) + (low & 0x3FF);
    } else if (IsLowSurrogate(code)) {
      return InvalidUnicode("invalid Unicode surrogate pair");
    }
    char encoded[4];
    out->append(encoded, EncodeCharacter(code, encoded));
  }
  return arrow::Status::OK();
}

arrow::Status UnistrKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t /*num_rows*/, ScratchVector& out) {
  const Input<StringRef> input(*args[0]);
  return MakeTexts(context, selection, out,
                   [&](uint32_t row, std::string& text) { return AppendUnescaped(input[row].view(), &text); });
}

arrow::Result<BoundScalar> BindUnistr(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{kVarchar}, kVarchar, UnistrKernel, true}};
  return BindOverloads(self, input, overloads);
}

arrow::Status EncodingKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs /*args*/,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  ForEachRow(selection, [&](uint32_t row) { out.data<StringRef>()[row] = StringRef(std::string_view("UTF8")); });
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindEncoding(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {{{}, kVarchar, EncodingKernel}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterQuoting(FunctionRegistry& registry) {
  const auto add = [&](const char* name, const char* text, const char* example, auto bind) {
    registry.Add(ScalarFunction{name, {}, text, example, bind});
  };
  add("quote_ident", "As an identifier of SQL, in quotes where needed.", "quote_ident('Foo bar')", BindQuoteIdentifier);
  add("quote_literal", "As a literal of SQL in quotes.", "quote_literal('O''Reilly')", BindQuoteLiteral<false>);
  add("quote_nullable", "As a literal of SQL in quotes, or NULL.", "quote_nullable(NULL)", BindQuoteLiteral<true>);
  add("parse_ident", "The parts of a qualified identifier.", "parse_ident('\"SomeSchema\".someTable')", BindParseIdent);
  add("unistr", "Unicode escapes resolved.", "unistr('d\\0061t\\+000061')", BindUnistr);
  add("pg_client_encoding", "The encoding of text: UTF8.", "pg_client_encoding()", BindEncoding);
}

}  // namespace llkv
