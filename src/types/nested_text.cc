// Nested values to and from text.
#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.h"
#include "types/nested_value.h"
#include "types/text_format.h"
#include "types/text_parse.h"
#include "types/type_info.h"

namespace llkv {

namespace {

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

bool IsNullWord(std::string_view text) {
  return text.size() == 4 && (text[0] | 0x20) == 'n' && (text[1] | 0x20) == 'u' && (text[2] | 0x20) == 'l' &&
         (text[3] | 0x20) == 'l';
}

void AppendQuoted(std::string_view text, std::string* out) {
  out->push_back('\'');
  for (const char c : text) {
    if (c == '\'' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
  out->push_back('\'');
}

/// Text inside a nested value: in quotes where it would be read as something else.
void AppendElementText(std::string_view text, std::string* out) {
  const bool plain = !text.empty() && !IsSpace(text.front()) && !IsSpace(text.back()) && !IsNullWord(text) &&
                     text.find_first_of("\"'(),:=[\\]{}") == std::string_view::npos;
  if (plain) {
    out->append(text);
  } else {
    AppendQuoted(text, out);
  }
}

/// Renders values; how depends on the one question whether the text is to be an SQL expression.
class Renderer {
 public:
  Renderer(bool as_sql, const TimeZone& zone, std::string* out) : as_sql_(as_sql), zone_(zone), out_(out) {}

  void Body(LogicalType type, NestedReader& in) {
    switch (type.id()) {
      case TypeId::kList:
      case TypeId::kArray:
        return Elements(type, in);
      case TypeId::kMap:
        return Entries(type, in);
      case TypeId::kStruct:
        return Fields(type, in);
      case TypeId::kUnion: {
        const auto member = in.Number<uint8_t>();
        if (member < type.info().fields.size()) Body(type.info().fields[member].type, in);
        return;
      }
      default: {
        const Value value = in.Body(type);
        if (as_sql_) {
          out_->append(value.ToSql());
        } else if (type.IsZoned()) {
          char text[kMaxTextBytes];
          AppendElementText({text, FormatTimestampTz(static_cast<int64_t>(value.integer()), zone_, text)}, out_);
        } else {
          AppendElementText(value.ToString(), out_);
        }
      }
    }
  }

 private:
  void Part(LogicalType type, NestedReader& in) {
    if (in.IsValue()) return Body(type, in);
    out_->append("NULL");
  }

  void Elements(LogicalType type, NestedReader& in) {
    out_->push_back('[');
    if (type.id() == TypeId::kArray) {
      for (uint32_t i = 0; i < type.info().size && in.ok(); ++i) {
        if (i > 0) out_->append(", ");
        Part(ElementType(type), in);
      }
    } else {
      bool first = true;
      for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
        if (!std::exchange(first, false)) out_->append(", ");
        if (mark == NestedMark::kValue) {
          Body(ElementType(type), in);
        } else {
          out_->append("NULL");
        }
      }
    }
    out_->push_back(']');
  }

  void Entries(LogicalType type, NestedReader& in) {
    out_->append(as_sql_ ? "MAP {" : "{");
    bool first = true;
    for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
      if (!std::exchange(first, false)) out_->append(", ");
      Body(MapKeyType(type), in);
      out_->append(as_sql_ ? ": " : "=");
      Part(MapValueType(type), in);
    }
    out_->push_back('}');
  }

  void Fields(LogicalType type, NestedReader& in) {
    const TypeInfo& info = type.info();
    const bool unnamed = info.IsUnnamed();
    out_->append(!unnamed ? "{" : (as_sql_ ? "ROW(" : "("));
    for (const TypeField& field : info.fields) {
      if (&field != &info.fields.front()) out_->append(", ");
      if (!unnamed) {
        if (as_sql_) {
          out_->append(Value::Varchar(field.name).ToSql());
        } else {
          AppendQuoted(field.name, out_);
        }
        out_->append(": ");
      }
      Part(field.type, in);
    }
    out_->push_back(unnamed ? ')' : '}');
  }

  bool as_sql_;
  const TimeZone& zone_;
  std::string* out_;
};

std::string_view Trim(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// An element without its quotes and backslashes.
std::string Unquote(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '\'' || text.front() == '"') && text.back() == text.front();
  if (quoted) text = text.substr(1, text.size() - 2);
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain.push_back(text[i]);
  }
  return plain;
}

/// Splits what stands between the brackets of a nested value.
class Splitter {
 public:
  /// False where the text is not in these brackets.
  bool Open(std::string_view text, char open, char close) {
    text = Trim(text);
    if (text.size() < 2 || text.front() != open || text.back() != close) return false;
    rest_ = Trim(text.substr(1, text.size() - 2));
    at_end_ = rest_.empty();
    return true;
  }
  bool AtEnd() const { return at_end_; }
  bool ok() const { return ok_; }

  /// The text up to the next comma, trimmed.
  std::string_view NextElement() { return Trim(Until(',')); }
  /// The text up to `separator`, which must be there.
  std::string_view NextKey(char separator) {
    const std::string_view key = Trim(Until(separator));
    if (at_end_) ok_ = false;
    return key;
  }

 private:
  std::string_view Until(char separator) {
    int depth = 0;
    char quote = 0;
    const std::string_view all = rest_;
    for (size_t i = 0; i < all.size(); ++i) {
      const char c = all[i];
      if (c == '\\') {
        ++i;
      } else if (quote != 0) {
        if (c == quote) quote = 0;
      } else if ((c == '\'' || c == '"') && AtStart(all, i)) {
        quote = c;
      } else if (c == '[' || c == '{' || c == '(') {
        ++depth;
      } else if (c == ']' || c == '}' || c == ')') {
        if (--depth < 0) ok_ = false;
      } else if (c == separator && depth == 0) {
        rest_ = all.substr(i + 1);
        return all.substr(0, i);
      }
    }
    if (depth != 0 || quote != 0) ok_ = false;
    at_end_ = true;
    rest_ = {};
    return all;
  }

  /// A quote opens a text only where a value may begin.
  static bool AtStart(std::string_view all, size_t i) {
    while (i > 0 && IsSpace(all[i - 1])) --i;
    return i == 0 || std::string_view("[{(,:=").find(all[i - 1]) != std::string_view::npos;
  }

  std::string_view rest_;
  bool at_end_ = false;
  bool ok_ = true;
};

class Parser {
 public:
  Parser(const TimeZone& zone, bool nulls_for_bad) : zone_(zone), nulls_for_bad_(nulls_for_bad) {}

  arrow::Status Body(LogicalType type, std::string_view text, std::string* out) {
    switch (type.id()) {
      case TypeId::kList:
      case TypeId::kArray:
        return Elements(type, text, out);
      case TypeId::kMap:
        return Entries(type, text, out);
      case TypeId::kStruct:
        return Fields(type, text, out);
      default:
        return NotSupported("a cast from VARCHAR to " + type.ToString());
    }
  }

 private:
  static arrow::Status Bad(std::string_view text, LogicalType type) {
    return ParseError(ParseOutcome::kSyntax, text, type);
  }

  arrow::Status Part(LogicalType type, std::string_view text, std::string* out) {
    if (IsNullWord(text)) {
      AppendNestedMark(NestedMark::kNull, out);
      return arrow::Status::OK();
    }
    const size_t before = out->size();
    arrow::Status status;
    if (type.IsNested()) {
      AppendNestedMark(NestedMark::kValue, out);
      status = Body(type, text, out);
    } else {
      arrow::Result<Value> value = ParseValue(Unquote(text), type, zone_);
      status = value.status();
      if (value.ok()) AppendNestedPart(type, *value, out);
    }
    if (status.ok() || !nulls_for_bad_) return status;
    out->resize(before);
    AppendNestedMark(NestedMark::kNull, out);
    return arrow::Status::OK();
  }

  arrow::Status Elements(LogicalType type, std::string_view text, std::string* out) {
    Splitter in;
    if (!in.Open(text, '[', ']')) return Bad(text, type);
    uint32_t count = 0;
    for (; !in.AtEnd() && in.ok(); ++count) {
      const std::string_view element = in.NextElement();
      if (element.empty()) return Bad(text, type);
      ARROW_RETURN_NOT_OK(Part(ElementType(type), element, out));
    }
    if (!in.ok() || (type.id() == TypeId::kArray && count != type.info().size)) return Bad(text, type);
    if (type.id() == TypeId::kList) AppendNestedMark(NestedMark::kEnd, out);
    return arrow::Status::OK();
  }

  arrow::Status Entries(LogicalType type, std::string_view text, std::string* out) {
    Splitter in;
    if (!in.Open(text, '{', '}')) return Bad(text, type);
    std::vector<std::string> keys;
    while (!in.AtEnd() && in.ok()) {
      const std::string_view key = in.NextKey('=');
      if (!in.ok() || key.empty() || IsNullWord(key)) return Bad(text, type);
      std::string part;
      ARROW_RETURN_NOT_OK(Part(MapKeyType(type), key, &part));
      if (part.size() == 1 || std::find(keys.begin(), keys.end(), part) != keys.end()) return Bad(text, type);
      out->append(part);
      keys.push_back(std::move(part));
      ARROW_RETURN_NOT_OK(Part(MapValueType(type), in.NextElement(), out));
    }
    if (!in.ok()) return Bad(text, type);
    AppendNestedMark(NestedMark::kEnd, out);
    return arrow::Status::OK();
  }

  arrow::Status Fields(LogicalType type, std::string_view text, std::string* out) {
    const TypeInfo& info = type.info();
    std::vector<std::optional<std::string_view>> texts(info.fields.size());
    Splitter in;
    size_t next = 0;
    if (in.Open(text, '(', ')')) {
      while (!in.AtEnd() && in.ok()) {
        const std::string_view element = in.NextElement();
        if (next == texts.size()) return Bad(text, type);
        texts[next++] = element;
      }
      if (next != texts.size()) return Bad(text, type);
    } else if (in.Open(text, '{', '}')) {
      while (!in.AtEnd() && in.ok()) {
        const std::string_view key = in.NextKey(':');
        if (!in.ok()) break;
        const std::optional<uint32_t> field = info.FindField(Unquote(key));
        if (!field || texts[*field]) return Bad(text, type);
        texts[*field] = in.NextElement();
      }
    } else {
      return Bad(text, type);
    }
    if (!in.ok()) return Bad(text, type);
    for (size_t i = 0; i < texts.size(); ++i) {
      ARROW_RETURN_NOT_OK(Part(info.fields[i].type, texts[i].value_or("NULL"), out));
    }
    return arrow::Status::OK();
  }

  const TimeZone& zone_;
  bool nulls_for_bad_;
};

}  // namespace

std::string NestedToText(LogicalType type, std::string_view bytes, const TimeZone& zone) {
  std::string text;
  NestedReader in(bytes);
  Renderer(false, zone, &text).Body(type, in);
  return text;
}

std::string NestedToSql(LogicalType type, std::string_view bytes) {
  std::string text;
  NestedReader in(bytes);
  Renderer(true, TimeZone(), &text).Body(type, in);
  return text;
}

arrow::Result<std::string> NestedFromText(LogicalType type, std::string_view text, const TimeZone& zone,
                                          bool nulls_for_bad) {
  std::string bytes;
  ARROW_RETURN_NOT_OK(Parser(zone, nulls_for_bad).Body(type, text, &bytes));
  return bytes;
}

}  // namespace llkv
