// The four printers. All stream: box takes its widths from the first rows and lets wider ones stick out.
#include "output.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <clocale>
#include <cstring>
#include <cwchar>
#include <memory>
#include <vector>

#include "llkv/error.h"
#include "llkv/session.h"

namespace llkv::cli {

namespace {

constexpr int64_t kRowsForWidths = 1000;

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) || arrow::is_decimal(type.id());
}

/// Terminal columns of UTF-8 text; bytes that are not UTF-8 count one each.
size_t DisplayWidth(std::string_view text) {
  size_t width = 0;
  std::mbstate_t state{};
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++width;
      ++i;
      continue;
    }
    wchar_t wide = 0;
    const size_t used = std::mbrtowc(&wide, text.data() + i, text.size() - i, &state);
    if (used == 0 || used > text.size() - i) {
      state = std::mbstate_t{};
      ++width;
      ++i;
      continue;
    }
    const int columns = ::wcwidth(wide);
    width += columns > 0 ? static_cast<size_t>(columns) : 0;
    i += used;
  }
  return width;
}

void AppendCsvField(std::string_view text, bool force_quotes, std::string* line) {
  const bool quote = force_quotes || text.find_first_of(",\"\r\n") != std::string_view::npos;
  if (!quote) {
    line->append(text);
    return;
  }
  line->push_back('"');
  for (char c : text) {
    if (c == '"') line->push_back('"');
    line->push_back(c);
  }
  line->push_back('"');
}

void AppendJsonString(std::string_view text, std::string* line) {
  line->push_back('"');
  for (char c : text) {
    switch (c) {
      case '"':
        *line += "\\\"";
        break;
      case '\\':
        *line += "\\\\";
        break;
      case '\n':
        *line += "\\n";
        break;
      case '\r':
        *line += "\\r";
        break;
      case '\t':
        *line += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          std::array<char, 8> escape{};
          std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
          *line += escape.data();
        } else {
          line->push_back(c);
        }
    }
  }
  line->push_back('"');
}

void AppendJsonValue(const arrow::Array& column, int64_t row, std::string* line);

void AppendJsonList(const arrow::Array& values, int64_t begin, int64_t length, std::string* line) {
  line->push_back('[');
  for (int64_t i = 0; i < length; ++i) {
    if (i > 0) line->push_back(',');
    AppendJsonValue(values, begin + i, line);
  }
  line->push_back(']');
}

/// Keys are text, whatever they are.
void AppendJsonMap(const arrow::MapArray& map, int64_t row, std::string* line) {
  line->push_back('{');
  for (int64_t i = 0; i < map.value_length(row); ++i) {
    if (i > 0) line->push_back(',');
    std::string key;
    AppendValueText(*map.keys(), map.value_offset(row) + i, &key);
    AppendJsonString(key, line);
    line->push_back(':');
    AppendJsonValue(*map.items(), map.value_offset(row) + i, line);
  }
  line->push_back('}');
}

/// A struct without names is an array.
void AppendJsonStruct(const arrow::StructArray& array, int64_t row, std::string* line) {
  const bool named = array.num_fields() > 0 && !array.struct_type()->field(0)->name().empty();
  line->push_back(named ? '{' : '[');
  for (int i = 0; i < array.num_fields(); ++i) {
    if (i > 0) line->push_back(',');
    if (named) {
      AppendJsonString(array.struct_type()->field(i)->name(), line);
      line->push_back(':');
    }
    AppendJsonValue(*array.field(i), row, line);
  }
  line->push_back(named ? '}' : ']');
}

void AppendJsonValue(const arrow::Array& column, int64_t row, std::string* line) {
  if (column.IsNull(row)) {
    *line += "null";
    return;
  }
  switch (column.type_id()) {
    case arrow::Type::LIST: {
      const auto& list = static_cast<const arrow::ListArray&>(column);
      return AppendJsonList(*list.values(), list.value_offset(row), list.value_length(row), line);
    }
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(column);
      return AppendJsonList(*list.values(), list.value_offset(row), list.value_length(), line);
    }
    case arrow::Type::MAP:
      return AppendJsonMap(static_cast<const arrow::MapArray&>(column), row, line);
    case arrow::Type::STRUCT:
      return AppendJsonStruct(static_cast<const arrow::StructArray&>(column), row, line);
    case arrow::Type::DENSE_UNION: {
      const auto& values = static_cast<const arrow::DenseUnionArray&>(column);
      return AppendJsonValue(*values.field(values.child_id(row)), values.value_offset(row), line);
    }
    default:
      break;
  }
  std::string text;
  AppendValueText(column, row, &text);
  // NaN and the infinities are no JSON numbers.
  const bool number = IsNumber(*column.type()) && text.find_first_not_of("0123456789+-.eE") == std::string::npos;
  if (number || column.type_id() == arrow::Type::BOOL) {
    *line += text;
  } else {
    AppendJsonString(text, line);
  }
}

/// Calls `print(batch, row, line)` for each row and writes the line.
template <typename F>
arrow::Status PrintLines(arrow::RecordBatchReader& reader, std::FILE* out, F&& print) {
  std::string line;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader.ReadNext(&batch));
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      line.clear();
      print(*batch, row, &line);
      if (std::fwrite(line.data(), 1, line.size(), out) != line.size()) {
        return SqlError(sqlstate::kIoError, std::string("cannot write the output: ") + std::strerror(errno));
      }
    }
  }
  return arrow::Status::OK();
}

arrow::Status PrintList(arrow::RecordBatchReader& reader, std::FILE* out) {
  return PrintLines(reader, out, [](const arrow::RecordBatch& batch, int64_t row, std::string* line) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i > 0) line->push_back('|');
      AppendValueText(*batch.column(i), row, line);
    }
    line->push_back('\n');
  });
}

arrow::Status PrintCsv(arrow::RecordBatchReader& reader, std::FILE* out) {
  std::string header;
  const arrow::Schema& schema = *reader.schema();
  for (int i = 0; i < schema.num_fields(); ++i) {
    if (i > 0) header.push_back(',');
    AppendCsvField(schema.field(i)->name(), schema.field(i)->name().empty(), &header);
  }
  std::fprintf(out, "%s\n", header.c_str());
  std::string text;
  return PrintLines(reader, out, [&text](const arrow::RecordBatch& batch, int64_t row, std::string* line) {
    for (int i = 0; i < batch.num_columns(); ++i) {
      if (i > 0) line->push_back(',');
      const arrow::Array& column = *batch.column(i);
      if (column.IsNull(row)) continue;
      text.clear();
      AppendValueText(column, row, &text);
      AppendCsvField(text, text.empty(), line);
    }
    line->push_back('\n');
  });
}

arrow::Status PrintJson(arrow::RecordBatchReader& reader, std::FILE* out) {
  std::vector<std::string> names;
  for (const auto& field : reader.schema()->fields()) {
    std::string name;
    AppendJsonString(field->name(), &name);
    names.push_back(name + ":");
  }
  bool first = true;
  std::fputc('[', out);
  arrow::Status status =
      PrintLines(reader, out, [&names, &first](const arrow::RecordBatch& batch, int64_t row, std::string* line) {
        *line += first ? "{" : ",\n{";
        first = false;
        for (int i = 0; i < batch.num_columns(); ++i) {
          if (i > 0) line->push_back(',');
          *line += names[static_cast<size_t>(i)];
          AppendJsonValue(*batch.column(i), row, line);
        }
        line->push_back('}');
      });
  std::fputs("]\n", out);
  return status;
}

/// A drawn table. Rows are kept as text until their widths are known.
class BoxPrinter {
 public:
  BoxPrinter(const arrow::Schema& schema, std::FILE* out) : out_(out) {
    for (const auto& field : schema.fields()) {
      names_.push_back(field->name());
      right_.push_back(IsNumber(*field->type()));
      widths_.push_back(DisplayWidth(field->name()));
    }
  }

  void Add(const arrow::RecordBatch& batch, int64_t row) {
    std::vector<std::string> cells(names_.size());
    for (size_t i = 0; i < cells.size(); ++i) {
      const arrow::Array& column = *batch.column(static_cast<int>(i));
      if (column.IsNull(row)) {
        cells[i] = "NULL";
      } else {
        AppendValueText(column, row, &cells[i]);
        std::replace(cells[i].begin(), cells[i].end(), '\n', ' ');
      }
    }
    ++num_rows_;
    if (started_) {
      PrintRow(cells);
      return;
    }
    for (size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], DisplayWidth(cells[i]));
    pending_.push_back(std::move(cells));
    if (num_rows_ >= kRowsForWidths) Start();
  }

  void Finish() {
    if (!started_) Start();
    PrintRule("└", "┴", "┘");
    std::fprintf(out_, "(%lld row%s)\n", static_cast<long long>(num_rows_), num_rows_ == 1 ? "" : "s");
  }

 private:
  void Start() {
    started_ = true;
    PrintRule("┌", "┬", "┐");
    PrintRow(names_);
    PrintRule("├", "┼", "┤");
    for (const auto& cells : pending_) PrintRow(cells);
    pending_.clear();
  }
  void PrintRule(const char* left, const char* middle, const char* right) {
    std::string line = left;
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) line += middle;
      for (size_t k = 0; k < widths_[i] + 2; ++k) line += "─";
    }
    std::fprintf(out_, "%s%s\n", line.c_str(), right);
  }
  void PrintRow(const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const size_t width = DisplayWidth(cells[i]);
      const std::string pad(width < widths_[i] ? widths_[i] - width : 0, ' ');
      line += "│ ";
      line += right_[i] ? pad + cells[i] : cells[i] + pad;
      line += " ";
    }
    std::fprintf(out_, "%s│\n", line.c_str());
  }

  std::FILE* out_;
  std::vector<std::string> names_;
  std::vector<bool> right_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> pending_;
  int64_t num_rows_ = 0;
  bool started_ = false;
};

arrow::Status PrintBox(arrow::RecordBatchReader& reader, std::FILE* out) {
  BoxPrinter printer(*reader.schema(), out);
  ARROW_RETURN_NOT_OK(
      PrintLines(reader, out, [&printer](const arrow::RecordBatch& batch, int64_t row, std::string* line) {
        static_cast<void>(line);
        printer.Add(batch, row);
      }));
  printer.Finish();
  return arrow::Status::OK();
}

}  // namespace

std::optional<OutputMode> OutputModeFromName(std::string_view name) {
  if (name == "box") return OutputMode::kBox;
  if (name == "list") return OutputMode::kList;
  if (name == "csv") return OutputMode::kCsv;
  if (name == "json") return OutputMode::kJson;
  return std::nullopt;
}

arrow::Status PrintRows(arrow::RecordBatchReader& reader, OutputMode mode, std::FILE* out) {
  switch (mode) {
    case OutputMode::kBox:
      return PrintBox(reader, out);
    case OutputMode::kList:
      return PrintList(reader, out);
    case OutputMode::kCsv:
      return PrintCsv(reader, out);
    case OutputMode::kJson:
      return PrintJson(reader, out);
  }
  return arrow::Status::OK();
}

}  // namespace llkv::cli
