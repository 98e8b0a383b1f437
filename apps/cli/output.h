// Printing of results: box, list, csv and json, from a stream of Arrow batches.
#pragma once

#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace llkv::cli {

enum class OutputMode { kBox, kList, kCsv, kJson };

/// Nothing for an unknown name.
std::optional<OutputMode> OutputModeFromName(std::string_view name);

/// Prints all rows of `reader` to `out`. Fails where the reader does (rows before the failure may be out already) or
/// writing does.
arrow::Status PrintRows(arrow::RecordBatchReader& reader, OutputMode mode, std::FILE* out);

}  // namespace llkv::cli
