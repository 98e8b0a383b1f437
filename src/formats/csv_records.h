// Where the records of a CSV file begin and end: what is needed to cut a file into pieces that can be parsed on their
// own, and to say on which line one is. Knows quoting and nothing of fields' values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llkv {

/// Immutable; any thread.
class CsvRecordCutter {
 public:
  /// With escape == quote, a quote inside quotes is doubled; else `escape` takes the next character's meaning away,
  /// inside quotes and outside.
  CsvRecordCutter(char delimiter, char quote, char escape) : delimiter_(delimiter), quote_(quote), escape_(escape) {}

  /// The end of the last whole record of a piece that begins where a record does; 0 where there is none. A line end
  /// between quotes ends no record, and a quote opens a field only at its start, as in Arrow's parser. Carriage returns
  /// without a line feed end no record here: a file of such lines is one piece.
  size_t EndOfRecords(std::string_view piece) const;

  /// The line (from 1) on which record `record` (from 1) of such a piece starts: quoted fields may hold line ends, and
  /// empty lines are no records. The last line where there are fewer records.
  int64_t LineOfRecord(std::string_view piece, int64_t record) const;

 private:
  /// Calls f with the end of each record that has one.
  template <typename F>
  void ForEachEnd(std::string_view piece, F&& f) const;

  char delimiter_;
  char quote_;
  char escape_;
};

}  // namespace llkv
