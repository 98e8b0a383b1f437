// PRAGMA integrity_check [(table)]: what storage finds, the catalog against the tables' layouts, and NOT NULL and CHECK
// on all rows. One row `ok`, or one for each thing that is wrong.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/statement_runner.h"
#include "sql/parser/parser.h"
#include "sql/parser/printer.h"

namespace llkv {

namespace {

/// A damaged file can have no end of damage; the rest is left out, and said so.
constexpr size_t kMaxFindings = 1000;

class IntegrityPragma {
 public:
  IntegrityPragma(const std::shared_ptr<Database>& database, const CatalogSnapshot& catalog, const StopToken& stop)
      : database_(database), catalog_(catalog), stop_(stop), session_(database) {
    session_.stop().SetParent(&stop);
  }

  /// The lines of the answer.
  arrow::Result<std::vector<std::string>> Run(const TableSchemaPtr& only) {
    const arrow::Status checked = Check(only);
    // Our own visitor ended it.
    if (!checked.ok() && lines_.size() <= kMaxFindings) return checked;
    if (lines_.empty()) lines_.push_back("ok");
    return std::move(lines_);
  }

 private:
  arrow::Status Check(const TableSchemaPtr& only) {
    std::optional<TableId> id;
    if (only != nullptr) id = only->id;
    const auto add = [this](const IntegrityFinding& finding) { return Add(finding.table, finding.message); };
    ARROW_RETURN_NOT_OK(database_->storage().CheckIntegrity(id, IntegrityVisitor(add, &stop_)));
    std::set<TableId> known;
    for (const TableSchemaPtr& table : catalog_.Tables()) {
      known.insert(table->id);
      if (only != nullptr && table->id != only->id) continue;
      ARROW_RETURN_NOT_OK(CheckLayout(*table));
      ARROW_RETURN_NOT_OK(CheckConstraints(*table));
    }
    if (only != nullptr) return arrow::Status::OK();
    for (const TableId table : database_->storage().TableIds()) {
      if (known.contains(table) || table.value < kFirstUserTableId) continue;
      ARROW_RETURN_NOT_OK(Add(table, "is stored, and the catalog does not know it"));
    }
    return arrow::Status::OK();
  }

  arrow::Status Add(TableId table, const std::string& what) {
    if (lines_.size() == kMaxFindings) {
      lines_.push_back("there is more; the first " + std::to_string(kMaxFindings) + " are shown");
      return arrow::Status::Cancelled("enough findings");
    }
    lines_.push_back(table.value == 0 ? what : NameOf(table) + ": " + what);
    return arrow::Status::OK();
  }

  std::string NameOf(TableId table) const {
    if (table == kCatalogTableId) return "the catalog";
    const CatalogEntry* entry = catalog_.Find(table);
    return entry == nullptr ? "table " + std::to_string(table.value) : "table " + QuoteIdentifier(entry->name());
  }

  arrow::Status CheckLayout(const TableSchema& table) {
    const auto store = database_->catalog().GetStore(table.id);
    // Storage has reported one that cannot be loaded.
    if (!store.ok()) {
      return GetSqlState(store.status()) == sqlstate::kDataCorrupted ? arrow::Status::OK()
                                                                     : Add(table.id, store.status().message());
    }
    const TableLayout& layout = (*store)->layout();
    bool same = layout.columns.size() == table.columns.size();
    for (size_t i = 0; same && i < table.columns.size(); ++i) {
      same = layout.columns[i].field == table.columns[i].field && layout.columns[i].type == table.columns[i].type &&
             FoldName(layout.columns[i].name) == FoldName(table.columns[i].name);
    }
    if (!same) return Add(table.id, "the catalog and the stored layout differ in columns");
    return CheckIndexes(table, (*store)->Indexes());
  }

  arrow::Status CheckIndexes(const TableSchema& table, const std::vector<IndexLayoutPtr>& stored) {
    std::map<IndexId, IndexLayout> known;
    if (!table.primary_key.empty()) known[table.primary_key_index] = Catalog::PrimaryKeyLayout(table);
    for (const IndexSchema& index : table.indexes) known[index.id] = Catalog::LayoutOf(index);
    for (const IndexLayoutPtr& layout : stored) {
      const auto found = known.find(layout->id);
      if (found == known.end() || found->second != *layout) {
        ARROW_RETURN_NOT_OK(Add(table.id, "index \"" + layout->name + "\" is stored, and the catalog has it not so"));
      }
      if (found != known.end()) known.erase(found);
    }
    for (const auto& [id, layout] : known) {
      ARROW_RETURN_NOT_OK(Add(table.id, "index \"" + layout.name + "\" is in the catalog and not stored"));
    }
    return arrow::Status::OK();
  }

  arrow::Status CheckConstraints(const TableSchema& table) {
    for (const ColumnSchema& column : table.columns) {
      if (!column.not_null) continue;
      ARROW_RETURN_NOT_OK(
          CheckNoRow(table, QuoteIdentifier(column.name) + " IS NULL", "NOT NULL of column \"" + column.name + "\""));
    }
    for (const CheckConstraint& check : table.checks) {
      ARROW_RETURN_NOT_OK(CheckNoRow(table, "NOT (" + check.sql + ")", "check constraint \"" + check.name + "\""));
    }
    return arrow::Status::OK();
  }

  /// No row of the table meets the condition, which is what `constraint` forbids.
  arrow::Status CheckNoRow(const TableSchema& table, const std::string& condition, const std::string& constraint) {
    const arrow::Result<int64_t> count =
        Count("SELECT count(*) FROM " + QuoteIdentifier(table.name) + " WHERE " + condition);
    ARROW_RETURN_NOT_OK(stop_.Check());
    if (!count.ok()) return Add(table.id, constraint + " cannot be checked: " + count.status().message());
    if (*count == 0) return arrow::Status::OK();
    return Add(table.id, std::to_string(*count) + " rows violate " + constraint);
  }

  arrow::Result<int64_t> Count(const std::string& sql) {
    ARROW_ASSIGN_OR_RAISE(auto statement, ParseStatement(sql, session_.parser_options()));
    ARROW_ASSIGN_OR_RAISE(StatementResult result, StatementRunner(session_, *statement, /*rows_only=*/true).Run());
    int64_t count = 0;
    ARROW_ASSIGN_OR_RAISE(const auto batches, result.reader->ToRecordBatches());
    for (const auto& batch : batches) {
      if (batch->num_rows() > 0) count = static_cast<const arrow::Int64Array&>(*batch->column(0)).Value(0);
    }
    return count;
  }

  const std::shared_ptr<Database> database_;
  const CatalogSnapshot& catalog_;
  const StopToken& stop_;
  /// Reads what is committed, as storage does.
  SessionCore session_;
  std::vector<std::string> lines_;
};

}  // namespace

arrow::Result<StatementResult> StatementRunner::RunPragma(const BoundPragma& pragma, StatementScope& scope,
                                                          const CatalogSnapshotPtr& catalog) {
  if (pragma.name != "integrity_check") {
    return NotSupported("PRAGMA " + pragma.name + " is not supported", pragma.position);
  }
  if (scope.transaction().is_writing()) {
    return SqlError(sqlstate::kActiveTransaction,
                    "PRAGMA integrity_check cannot run in a transaction that has changed something", pragma.position);
  }
  if (pragma.values.size() > 1 || (pragma.values.size() == 1 && !pragma.values[0].type().IsString())) {
    return SqlError(sqlstate::kInvalidParameter, "PRAGMA integrity_check takes the name of a table or nothing",
                    pragma.position);
  }
  TableSchemaPtr only;
  if (pragma.values.size() == 1) {
    const std::string& name = pragma.values[0].bytes();
    only = catalog->FindTable(name);
    if (only == nullptr) {
      return SqlError(sqlstate::kUndefinedTable, "there is no table \"" + name + "\"", pragma.position);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::string> lines,
                        IntegrityPragma(session_.database(), *catalog, session_.stop()).Run(only));
  ARROW_RETURN_NOT_OK(scope.Commit());
  return TextResult("PRAGMA", "integrity_check", lines);
}

}  // namespace llkv
