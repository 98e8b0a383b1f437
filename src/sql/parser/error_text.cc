// Errors as people read them: the line, its number, a caret below the place.
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/parser/parser.h"

namespace llkv {

namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

size_t CountCharacters(std::string_view text) {
  return text.size() - static_cast<size_t>(std::count_if(text.begin(), text.end(), IsContinuation));
}

/// `text` without its first `count` characters.
std::string_view DropCharacters(std::string_view text, size_t count) {
  size_t i = 0;
  while (i < text.size() && (count > 0 || IsContinuation(text[i]))) {
    if (!IsContinuation(text[i])) --count;
    ++i;
    while (i < text.size() && IsContinuation(text[i])) ++i;
  }
  return text.substr(i);
}

std::string_view TakeCharacters(std::string_view text, size_t count) {
  return text.substr(0, text.size() - DropCharacters(text, count).size());
}

struct Place {
  size_t line_number = 1;
  std::string_view before;
  std::string_view after;
};

Place FindPlace(std::string_view sql, size_t position) {
  position = std::min(position, sql.size());
  // At the end of the text, the last line that has any.
  if (position == sql.size()) {
    while (position > 0 && (sql[position - 1] == '\n' || sql[position - 1] == '\r')) --position;
  }
  while (position > 0 && position < sql.size() && IsContinuation(sql[position])) --position;
  Place place;
  place.line_number +=
      static_cast<size_t>(std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
  const size_t newline = position == 0 ? std::string_view::npos : sql.rfind('\n', position - 1);
  const size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
  size_t end = std::min(sql.find('\n', position), sql.size());
  if (end > position && sql[end - 1] == '\r') --end;
  place.before = sql.substr(begin, position - begin);
  place.after = sql.substr(position, end - position);
  return place;
}

}  // namespace

std::string FormatErrorWithCaret(std::string_view sql, const arrow::Status& status) {
  std::string out = status.message();
  const SqlErrorDetail* detail = GetSqlError(status);
  if (detail == nullptr) return out;
  if (detail->position() >= 0) {
    constexpr size_t kWindowBefore = 60;
    constexpr size_t kWindowAfter = 40;
    const Place place = FindPlace(sql, static_cast<size_t>(detail->position()));
    const std::string label = "LINE " + std::to_string(place.line_number) + ": ";
    std::string_view before = place.before;
    std::string_view after = place.after;
    std::string prefix = label;
    const size_t length = CountCharacters(before);
    if (length > kWindowBefore) {
      before = DropCharacters(before, length - kWindowBefore);
      prefix += "...";
    }
    std::string suffix;
    if (CountCharacters(after) > kWindowAfter) {
      after = TakeCharacters(after, kWindowAfter);
      suffix = "...";
    }
    out += "\n" + prefix + std::string(before) + std::string(after) + suffix + "\n";
    out.append(prefix.size(), ' ');
    for (char c : before) {
      if (c == '\t') {
        out += '\t';
      } else if (!IsContinuation(c)) {
        out += ' ';
      }
    }
    out += '^';
  }
  if (!detail->hint().empty()) out += "\nHINT: " + detail->hint();
  return out;
}

}  // namespace llkv
