// What the binder asks of the world: tables and views by name, and the columns of files. Here so that binding needs
// neither a catalog snapshot's implementation nor the file formats; the engine implements both.
#pragma once

#include <arrow/result.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/schema.h"
#include "plan/logical_plan.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// One catalog snapshot, as the binder sees it. Names are matched without regard to ASCII case.
class BinderCatalog {
 public:
  virtual ~BinderCatalog() = default;

  /// Null where there is no table of that name.
  virtual TableSchemaPtr FindTable(std::string_view name) const = 0;
  /// Null where there is no view of that name.
  virtual ViewSchemaPtr FindView(std::string_view name) const = 0;
  /// The table that has an index of that name; null where there is none.
  virtual TableSchemaPtr FindTableOfIndex(std::string_view name) const = 0;
  /// Null where CREATE TYPE made none of that name.
  virtual TypeSchemaPtr FindType(std::string_view name) const = 0;
  /// The names of all tables and views, sorted: for SHOW TABLES, and for hints in errors.
  virtual std::vector<std::string> ListNames() const = 0;
};

/// What a file is asked to look like: the options of COPY or read_csv, checked, names in lower case.
struct FileSchemaRequest {
  LogicalFileScan::Format format = LogicalFileScan::Format::kCsv;
  std::string path;
  std::vector<std::pair<std::string, Value>> options;
};

struct FileColumn {
  std::string name;
  LogicalType type;
};

/// Tells the columns of a file.
class FileSchemaProvider {
 public:
  virtual ~FileSchemaProvider() = default;

  /// Names and types of the file's columns, in order. Errors: 58P01 where there is no such file, 22P04 where it is not
  /// of the format; a position is added by the binder.
  virtual arrow::Result<std::vector<FileColumn>> FileColumns(const FileSchemaRequest& request) const = 0;
};

}  // namespace llkv
