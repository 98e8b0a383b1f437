// Lines to records: a record is a run of lines that are not blank; lines that begin with # vanish.
#include "slt/slt_parser.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace llkv::slt {

namespace {

struct Line {
  std::string_view text;
  int number = 0;
};

bool IsBlank(std::string_view text) { return text.find_first_not_of(" \t") == std::string_view::npos; }

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  size_t begin = 0;
  while ((begin = text.find_first_not_of(" \t", begin)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

arrow::Status BadLine(const Line& line, std::string_view what) {
  return arrow::Status::Invalid("line ", line.number, ": ", what, ": ", line.text.substr(0, 80));
}

/// Walks over the file's lines.
class Reader {
 public:
  Reader(std::string_view text, const FileFormat& format) : text_(text), format_(format) {}

  arrow::Result<std::vector<Record>> Read();

 private:
  bool NextLine(Line* line);
  arrow::Status ReadRecord(const Line& first, std::vector<Condition> conditions);
  arrow::Status ReadStatement(const std::vector<std::string_view>& words, const Line& first, Record* record);
  arrow::Status ReadQuery(const std::vector<std::string_view>& words, const Line& first, Record* record);
  void ReadBody(Record* record);

  std::string_view text_;
  FileFormat format_;
  size_t offset_ = 0;
  int line_number_ = 0;
  std::vector<Record> records_;
};

/// The next line, comments included, without its end; false at the end of the file.
bool Reader::NextLine(Line* line) {
  if (offset_ >= text_.size()) return false;
  const size_t end = std::min(text_.find('\n', offset_), text_.size());
  line->text = text_.substr(offset_, end - offset_);
  if (!line->text.empty() && line->text.back() == '\r') line->text.remove_suffix(1);
  line->number = ++line_number_;
  offset_ = end + 1;
  return true;
}

/// SQL up to ---- or a blank line, then what is expected up to a blank line.
void Reader::ReadBody(Record* record) {
  Line line;
  while (NextLine(&line) && !IsBlank(line.text)) {
    const bool comment = line.text.front() == '#';
    if (record->has_expected) {
      if (!comment || format_.comments_in_results) record->expected.emplace_back(line.text);
      continue;
    }
    if (comment) continue;
    if (line.text == "----") {
      record->has_expected = true;
      continue;
    }
    if (!record->sql.empty()) record->sql += '\n';
    record->sql += line.text;
  }
}

arrow::Status Reader::ReadStatement(const std::vector<std::string_view>& words, const Line& first, Record* record) {
  record->kind = RecordKind::kStatement;
  if (words.size() < 2) return BadLine(first, "statement without ok or error");
  if (words[1] == "ok") {
    record->expectation = Expectation::kOk;
  } else if (words[1] == "error") {
    record->expectation = Expectation::kError;
  } else if (words[1] == "maybe") {
    record->expectation = Expectation::kMaybe;
  } else {
    return BadLine(first, "statement that is neither ok nor error");
  }
  if (words.size() > 2 && words[2].front() != '#') record->connection = words[2];
  ReadBody(record);
  return arrow::Status::OK();
}

arrow::Status Reader::ReadQuery(const std::vector<std::string_view>& words, const Line& first, Record* record) {
  record->kind = RecordKind::kQuery;
  size_t next = 1;
  if (words.size() > 1 && words[1].find_first_not_of("IRT") == std::string_view::npos) record->types = words[next++];
  if (record->types.empty()) return BadLine(first, "query without types (I, R, T)");
  if (next < words.size()) {
    const std::string_view word = words[next++];
    if (word == "rowsort" || word == "sort") {
      record->sort = SortMode::kRows;
    } else if (word == "valuesort") {
      record->sort = SortMode::kValues;
    } else if (word != "nosort") {
      (format_.connections ? record->connection : record->label) = word;
    }
  }
  if (next < words.size() && words[next].front() != '#') record->label = words[next];
  ReadBody(record);
  return arrow::Status::OK();
}

arrow::Status Reader::ReadRecord(const Line& first, std::vector<Condition> conditions) {
  const std::vector<std::string_view> words = Words(first.text);
  Record record;
  record.line = first.number;
  record.conditions = std::move(conditions);
  if (words[0] == "statement") {
    ARROW_RETURN_NOT_OK(ReadStatement(words, first, &record));
  } else if (words[0] == "query") {
    ARROW_RETURN_NOT_OK(ReadQuery(words, first, &record));
  } else if (words[0] == "halt") {
    record.kind = RecordKind::kHalt;
  } else if (words[0] == "hash-threshold") {
    record.kind = RecordKind::kHashThreshold;
    const std::string_view digits = words.size() > 1 ? words[1] : std::string_view();
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), record.threshold);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
      return BadLine(first, "hash-threshold without a number");
    }
  } else {
    return BadLine(first, "this begins no record that is known");
  }
  records_.push_back(std::move(record));
  return arrow::Status::OK();
}

arrow::Result<std::vector<Record>> Reader::Read() {
  std::vector<Condition> conditions;
  Line line;
  while (NextLine(&line)) {
    if (IsBlank(line.text) || line.text.front() == '#') continue;
    const std::vector<std::string_view> words = Words(line.text);
    if (words[0] == "skipif" || words[0] == "onlyif") {
      if (words.size() < 2) return BadLine(line, "a condition without a name");
      conditions.push_back({words[0] == "onlyif", Lower(words[1])});
      continue;
    }
    ARROW_RETURN_NOT_OK(ReadRecord(line, std::exchange(conditions, {})));
  }
  return std::move(records_);
}

}  // namespace

arrow::Result<std::vector<Record>> ParseFile(std::string_view text, const FileFormat& format) {
  return Reader(text, format).Read();
}

}  // namespace llkv::slt
