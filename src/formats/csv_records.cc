#include "formats/csv_records.h"

#include <algorithm>
#include <cstring>

namespace llkv {
namespace {

bool Contains(std::string_view piece, char c) { return std::memchr(piece.data(), c, piece.size()) != nullptr; }

}  // namespace

size_t CsvRecordCutter::EndOfRecords(std::string_view piece) const {
  // Most files have no quote at all, and searching for one runs at memory speed.
  if (piece.empty()) return 0;
  size_t last = 0;
  if (Contains(piece, quote_) || (escape_ != quote_ && Contains(piece, escape_))) {
    ForEachEnd(piece, [&](size_t end) { last = end; });
    return last;
  }
  last = piece.rfind('\n');
  return last == std::string_view::npos ? 0 : last + 1;
}

int64_t CsvRecordCutter::LineOfRecord(std::string_view piece, int64_t record) const {
  int64_t line = 1;
  int64_t records = 0;
  int64_t found = 0;
  size_t begin = 0;
  const auto pass = [&](size_t end) {
    const std::string_view text = piece.substr(begin, end - begin);
    const bool is_empty = text.find_first_not_of("\r\n") == std::string_view::npos;
    if (!is_empty && ++records == record) found = line;
    line += std::count(text.begin(), text.end(), '\n');
    begin = end;
  };
  ForEachEnd(piece, pass);
  if (begin < piece.size()) pass(piece.size());
  return found != 0 ? found : line;
}

template <typename F>
void CsvRecordCutter::ForEachEnd(std::string_view piece, F&& f) const {
  const bool doubles_quotes = escape_ == quote_;
  bool at_field_start = true;
  bool is_quoted = false;
  for (size_t i = 0; i < piece.size(); ++i) {
    const char c = piece[i];
    if (!doubles_quotes && c == escape_) {
      ++i;
      at_field_start = false;
    } else if (is_quoted) {
      if (c != quote_) continue;
      if (doubles_quotes && i + 1 < piece.size() && piece[i + 1] == quote_) {
        ++i;
      } else {
        is_quoted = false;
      }
    } else if (c == quote_ && at_field_start) {
      is_quoted = true;
      at_field_start = false;
    } else if (c == '\n') {
      f(i + 1);
      at_field_start = true;
    } else {
      at_field_start = c == delimiter_ || c == '\r';
    }
  }
}

}  // namespace llkv
