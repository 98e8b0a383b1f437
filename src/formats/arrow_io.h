// Arrow's input and output streams over the os seam, so that files that Arrow's readers and writers touch go through it
// too.
#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>

#include "os/file_system.h"

namespace llkv {

/// A file for reading, sequentially or at random; safe for several threads reading at offsets. Errors: those of
/// FileSystem::Open.
arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInput(FileSystem* file_system, const std::string& path);

/// A new file beside `path` that takes its name, replacing what was there, when closed; Abort (or dropping it) removes
/// it.
arrow::Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutput(FileSystem* file_system, const std::string& path);

}  // namespace llkv
