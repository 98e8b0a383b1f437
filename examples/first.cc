// The program of the README: makes a table, finds a row by its key, streams all rows.
//
// Usage: example_first DATABASE
#include <arrow/record_batch.h>

#include <iostream>

#include "llkv/engine.h"

namespace {

arrow::Status Run(const char* path) {
  ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open(path));
  {
    ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
    ARROW_RETURN_NOT_OK(session.Execute(
        "CREATE TABLE IF NOT EXISTS item (id BIGINT PRIMARY KEY, name TEXT NOT NULL, price DECIMAL(10,2));"
        "DELETE FROM item;"
        "INSERT INTO item VALUES (1, 'lamp', 24.90), (2, 'chair', 79.00), (3, 'desk', 249.00)"));
    ARROW_ASSIGN_OR_RAISE(auto find, session.Prepare("SELECT name FROM item WHERE id = ?"));
    ARROW_RETURN_NOT_OK(find.Bind(1, 2));
    while (true) {
      ARROW_ASSIGN_OR_RAISE(bool row, find.Step());
      if (!row) break;
      std::cout << find.Get<std::string_view>(0) << "\n";
    }
    ARROW_ASSIGN_OR_RAISE(auto reader, session.Query("SELECT * FROM item ORDER BY id"));
    ARROW_ASSIGN_OR_RAISE(auto batches, reader->ToRecordBatches());
    for (const auto& batch : batches) std::cout << batch->num_rows() << " rows\n";
  }
  return engine->Close();
}

}  // namespace

int main(int argc, char** argv) {
  const arrow::Status status = Run(argc > 1 ? argv[1] : ":memory:");
  if (!status.ok()) std::cerr << status.ToString() << "\n";
  return status.ok() ? 0 : 1;
}
