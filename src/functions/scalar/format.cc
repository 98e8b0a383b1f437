// format: text with places for arguments, as sprintf has them: %s, %I (an identifier) and %L (a literal), each with a
// position, the flag - and a width.
#include "functions/binding.h"
#include "functions/sql_quoting.h"
#include "functions/text_input.h"
#include "functions/text_output.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

arrow::Status Bad(const char* what) { return SqlError(sqlstate::kInvalidParameter, what); }

class Formatter {
 public:
  Formatter(KernelArgs args, uint32_t row, std::string_view format, std::string* out)
      : args_(args), row_(row), format_(format), out_(*out) {}

  arrow::Status Run() {
    while (at_ < format_.size()) {
      const char c = format_[at_++];
      if (c != '%') {
        out_.push_back(c);
      } else if (at_ < format_.size() && format_[at_] == '%') {
        out_.push_back(format_[at_++]);
      } else {
        ARROW_RETURN_NOT_OK(Place());
      }
      if (out_.size() > kMaxTextSize) return TextTooLong();
    }
    return arrow::Status::OK();
  }

 private:
  struct Argument {
    bool is_null;
    std::string_view text;
  };

  bool AtDigit() const { return at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9'; }

  arrow::Result<int64_t> Number() {
    int64_t value = 0;
    for (; AtDigit(); ++at_) {
      value = value * 10 + (format_[at_] - '0');
      if (value > INT32_MAX) return SqlError(sqlstate::kNumericOutOfRange, "a number in the format is out of range");
    }
    return value;
  }

  // The argument at a position, or the one behind the last one where it is 0.
  arrow::Result<Argument> Take(int64_t position) {
    if (position > 0) next_ = static_cast<size_t>(position);
    if (next_ >= args_.size()) return Bad("too few arguments for format()");
    const Vector& arg = *args_[next_++];
    if (!InputValidity(arg)[row_]) return Argument{true, {}};
    return Argument{false, Input<StringRef>(arg)[row_].view()};
  }

  // A number in front of $ is a position.
  arrow::Result<int64_t> Position() {
    const size_t begin = at_;
    ARROW_ASSIGN_OR_RAISE(const int64_t number, Number());
    if (at_ == begin || at_ >= format_.size() || format_[at_] != '$') {
      at_ = begin;
      return 0;
    }
    ++at_;
    return number > 0 ? arrow::Result<int64_t>(number) : Bad("format specifies argument 0, but they count from 1");
  }

  arrow::Result<int64_t> Width() {
    if (at_ >= format_.size() || format_[at_] != '*') return Number();
    ++at_;
    ARROW_ASSIGN_OR_RAISE(const int64_t position, Position());
    ARROW_ASSIGN_OR_RAISE(const Argument argument, Take(position));
    if (argument.is_null) return 0;
    int64_t width = 0;
    std::string_view digits = argument.text;
    const bool negative = digits.starts_with("-");
    if (negative) digits.remove_prefix(1);
    if (digits.empty() || digits.size() > 10) return Bad("the width of a format is no number");
    for (const char c : digits) {
      if (c < '0' || c > '9') return Bad("the width of a format is no number");
      width = width * 10 + (c - '0');
    }
    return negative ? -width : width;
  }

  // Behind %.
  arrow::Status Place() {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, Position());
    bool left = false;
    for (; at_ < format_.size() && format_[at_] == '-'; ++at_) left = true;
    ARROW_ASSIGN_OR_RAISE(int64_t width, Width());
    if (width < 0) {
      left = true;
      width = -width;
    }
    if (at_ >= format_.size()) return Bad("unterminated format() type specifier");
    const char type = format_[at_++];
    if (type != 's' && type != 'I' && type != 'L') return Bad("unrecognized format() type specifier");
    ARROW_ASSIGN_OR_RAISE(const Argument argument, Take(position));
    if (argument.is_null && type == 'I') {
      return SqlError(sqlstate::kNullNotAllowed, "null values cannot be formatted as an SQL identifier");
    }
    const size_t begin = out_.size();
    if (argument.is_null) {
      if (type == 'L') out_ += "NULL";
    } else if (type == 's') {
      out_ += argument.text;
    } else if (type == 'I') {
      AppendQuotedIdentifier(argument.text, &out_);
    } else {
      AppendQuotedLiteral(argument.text, &out_);
    }
    return Pad(begin, width, left);
  }

  arrow::Status Pad(size_t begin, int64_t width, bool left) {
    const int64_t missing = width - CountCharacters(std::string_view(out_).substr(begin));
    if (missing <= 0) return arrow::Status::OK();
    if (static_cast<uint64_t>(missing) > kMaxTextSize) return TextTooLong();
    out_.insert(left ? out_.size() : begin, static_cast<size_t>(missing), ' ');
    return arrow::Status::OK();
  }

  KernelArgs args_;
  uint32_t row_;
  std::string_view format_;
  std::string& out_;
  size_t at_ = 0;
  size_t next_ = 1;
};

arrow::Status FormatKernel(KernelContext& context, const void* /*state*/, KernelArgs args, const Selection& selection,
                           uint32_t num_rows, ScratchVector& out) {
  const uint8_t* validity = IntersectValidity(args.first(1), num_rows, out);
  const Input<StringRef> format(*args[0]);
  return MakeTexts(context, selection, out, [&](uint32_t row, std::string& text) {
    if (!GetBit(validity, row)) return arrow::Status::OK();
    return Formatter(args, row, format[row].view(), &text).Run();
  });
}

arrow::Result<BoundScalar> BindFormat(const ScalarFunction& self, const BindInput& input) {
  if (input.argument_types.empty()) return NoOverload(self.name, input.argument_types);
  const std::vector<LogicalType> types(input.argument_types.size(), TypeId::kVarchar);
  return MakeScalar(self, {types, TypeId::kVarchar, FormatKernel, true, false, NullRule::kKernel});
}

}  // namespace

void RegisterFormat(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"format",
                              {},
                              "Arguments put into a text at %s, %I (an identifier) and %L (a literal).",
                              "format('Hello %s, %1$s', 'World')",
                              BindFormat});
}

}  // namespace llkv
