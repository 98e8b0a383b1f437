// Sessions as SltConnections: Arrow batches to values.
#include "slt/llkv_database.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace llkv::slt {

namespace {

template <typename ArrayType>
int64_t IntegerAt(const arrow::Array& column, int64_t row) {
  return static_cast<int64_t>(static_cast<const ArrayType&>(column).Value(row));
}

/// The kind and number of a value of the extension type llkv.any: a byte for its type, then eight bytes of an integer
/// (1) or a real (2), or the bytes of text or of a blob.
void ReadAny(std::string_view bytes, Value* value) {
  value->kind = ValueKind::kText;
  if (bytes.size() != 1 + sizeof(int64_t)) return;
  if (bytes[0] == 1) {
    value->kind = ValueKind::kInteger;
    std::memcpy(&value->integer, bytes.data() + 1, sizeof(int64_t));
  } else if (bytes[0] == 2) {
    value->kind = ValueKind::kReal;
    std::memcpy(&value->real, bytes.data() + 1, sizeof(double));
  }
}

bool IsAny(const arrow::Array& column) {
  return column.type_id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(*column.type()).extension_name() == "llkv.any";
}

/// Kind, number and text of one value.
Value ValueAt(const arrow::Array& column, int64_t row) {
  Value value;
  if (column.IsNull(row)) return value;
  value.kind = ValueKind::kInteger;
  AppendValueText(column, row, &value.text);
  if (IsAny(column)) {
    const arrow::Array& storage = *static_cast<const arrow::ExtensionArray&>(column).storage();
    ReadAny(static_cast<const arrow::BinaryArray&>(storage).GetView(row), &value);
    return value;
  }
  switch (column.type_id()) {
    case arrow::Type::BOOL:
      value.kind = ValueKind::kBoolean;
      value.integer = IntegerAt<arrow::BooleanArray>(column, row);
      break;
    case arrow::Type::INT8:
      value.integer = IntegerAt<arrow::Int8Array>(column, row);
      break;
    case arrow::Type::INT16:
      value.integer = IntegerAt<arrow::Int16Array>(column, row);
      break;
    case arrow::Type::INT32:
      value.integer = IntegerAt<arrow::Int32Array>(column, row);
      break;
    case arrow::Type::INT64:
      value.integer = IntegerAt<arrow::Int64Array>(column, row);
      break;
    case arrow::Type::UINT8:
      value.integer = IntegerAt<arrow::UInt8Array>(column, row);
      break;
    case arrow::Type::UINT16:
      value.integer = IntegerAt<arrow::UInt16Array>(column, row);
      break;
    case arrow::Type::UINT32:
      value.integer = IntegerAt<arrow::UInt32Array>(column, row);
      break;
    case arrow::Type::FLOAT:
      value.kind = ValueKind::kReal;
      value.real = static_cast<const arrow::FloatArray&>(column).Value(row);
      break;
    case arrow::Type::DOUBLE:
      value.kind = ValueKind::kReal;
      value.real = static_cast<const arrow::DoubleArray&>(column).Value(row);
      break;
    default:
      value.kind = ValueKind::kText;
  }
  return value;
}

/// Errors of values (class 22) and of cardinality come while a statement runs, the others before.
bool IsRunError(const arrow::Status& status) {
  const std::string_view state = GetSqlState(status);
  return state.starts_with("22") || state == sqlstate::kCardinalityViolation;
}

arrow::Status ReadRows(arrow::RecordBatchReader* reader, SltResult* result) {
  result->num_columns = static_cast<size_t>(reader->schema()->num_fields());
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
    if (batch == nullptr) return arrow::Status::OK();
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      for (int column = 0; column < batch->num_columns(); ++column) {
        result->values.push_back(ValueAt(*batch->column(column), row));
      }
    }
  }
}

class LlkvConnection : public SltConnection {
 public:
  explicit LlkvConnection(Session session) : session_(std::move(session)) {}

  arrow::Result<SltResult> Run(std::string_view sql) override {
    SltResult result;
    arrow::Status failure;
    session_.ExecuteScript(sql, [&](std::string_view, const arrow::Status& status, StatementResult& statement) {
      failure = status;
      result = {};
      if (status.ok() && statement.reader != nullptr) {
        failure = ReadRows(ForDisplay(statement.reader, session_.time_zone()).get(), &result);
      }
      return failure.ok();
    });
    if (failure.ok()) return result;
    if (!IsRunError(failure)) return failure;
    result.run_error = failure;
    return result;
  }

 private:
  Session session_;
};

/// A folder of its own under the system's for temporary files, removed at the end.
class ScratchFolder {
 public:
  static arrow::Result<std::unique_ptr<ScratchFolder>> Make() {
    std::error_code error;
    std::string name = (std::filesystem::temp_directory_path(error) / "llkv-slt-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) return arrow::Status::IOError("no folder can be made like ", name);
    return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(name)));
  }
  ~ScratchFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

class LlkvDatabase : public SltDatabase {
 public:
  LlkvDatabase(std::unique_ptr<ScratchFolder> folder, std::unique_ptr<SqlEngine> engine, bool sqlite)
      : folder_(std::move(folder)), engine_(std::move(engine)), sqlite_(sqlite) {}

  arrow::Result<std::unique_ptr<SltConnection>> Connect() override {
    ARROW_ASSIGN_OR_RAISE(Session session, engine_->NewSession());
    if (sqlite_) {
      ARROW_RETURN_NOT_OK(session.Execute("SET dialect = 'sqlite'"));
    }
    return std::make_unique<LlkvConnection>(std::move(session));
  }

 private:
  // Outlives the engine.
  std::unique_ptr<ScratchFolder> folder_;
  std::unique_ptr<SqlEngine> engine_;
  bool sqlite_;
};

}  // namespace

arrow::Result<std::unique_ptr<SltDatabase>> OpenLlkvDatabase(SltEngine engine, const EngineOptions& options,
                                                             const std::string& storage) {
  std::unique_ptr<ScratchFolder> folder;
  std::string uri = ":memory:";
  if (!storage.empty()) {
    ARROW_ASSIGN_OR_RAISE(folder, ScratchFolder::Make());
    uri = storage + ":" + folder->path() + "/db";
  }
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<SqlEngine> database, SqlEngine::Open(uri, options));
  return std::make_unique<LlkvDatabase>(std::move(folder), std::move(database), engine == SltEngine::kSqlite);
}

}  // namespace llkv::slt
