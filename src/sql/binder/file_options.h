// Files in statements: formats, options of COPY, and scans of files. Internal to the binder.
#pragma once

#include <arrow/result.h>

#include <string>
#include <utility>
#include <vector>

#include "sql/binder/bind_state.h"

namespace llkv {

/// By the path's ending: .parquet or .csv. Errors: 0A000.
arrow::Result<LogicalFileScan::Format> FormatOfPath(const std::string& path, int64_t position);

/// The options of COPY as names and values, without FORMAT, which goes to `format`; where it is not given, the path
/// tells, and CSV where that says nothing. Errors: 0A000 for other formats and for values that are no literals.
arrow::Result<std::vector<std::pair<std::string, Value>>> BindFileOptions(const BindState& state,
                                                                          const std::vector<AstOption>& options,
                                                                          const std::string& path,
                                                                          LogicalFileScan::Format* format);

/// A scan of all columns of a file, of the file's own types. Errors: 58P01, 22P04, at `position`.
arrow::Result<LogicalPlanPtr> MakeFileScan(BindState& state, FileSchemaRequest request, int64_t position);

}  // namespace llkv
