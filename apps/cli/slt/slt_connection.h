// What the runner needs of a database: connections that run SQL and give values. Here so that the runner depends on no
// engine, and tests can put their own under it.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace llkv::slt {

enum class ValueKind { kNull, kBoolean, kInteger, kReal, kText };

/// One value of a result. Decimals and integers beyond 64 bits come as kText with their digits.
struct Value {
  ValueKind kind = ValueKind::kNull;
  /// kInteger, and kBoolean as 0 or 1.
  int64_t integer = 0;
  double real = 0;
  /// The value as a cast to VARCHAR gives it; empty for NULL.
  std::string text;
};

struct SltResult {
  /// 0 where the statement gave no rows.
  size_t num_columns = 0;
  /// Row by row.
  std::vector<Value> values;
  /// An error after the statement had begun to run, with the rows before it in `values`; else OK.
  arrow::Status run_error;
};

class SltConnection {
 public:
  virtual ~SltConnection() = default;
  /// Runs the statements of `sql` and gives the last one's rows. Fails where one does not compile.
  virtual arrow::Result<SltResult> Run(std::string_view sql) = 0;
};

/// One fresh, empty database.
class SltDatabase {
 public:
  virtual ~SltDatabase() = default;
  virtual arrow::Result<std::unique_ptr<SltConnection>> Connect() = 0;
};

}  // namespace llkv::slt
