// A catalog and files for the binder's tests: tables are made by binding CREATE TABLE. Must not know storage.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sql/binder/binder.h"

namespace llkv {

/// Tables and views by name, in memory.
class FakeCatalog : public BinderCatalog {
 public:
  TableSchemaPtr FindTable(std::string_view name) const override;
  ViewSchemaPtr FindView(std::string_view name) const override;
  TypeSchemaPtr FindType(std::string_view /*name*/) const override { return nullptr; }
  std::vector<std::string> ListNames() const override;
  TableSchemaPtr FindTableOfIndex(std::string_view name) const override;

  void Add(TableSchema table);
  void Add(ViewSchema view);

 private:
  uint64_t next_id_ = 1;
  std::map<std::string, TableSchemaPtr> tables_;
  std::map<std::string, ViewSchemaPtr> views_;
};

/// Says that every file has the columns a INTEGER, b VARCHAR; "missing…" does not exist.
class FakeFiles : public FileSchemaProvider {
 public:
  arrow::Result<std::vector<FileColumn>> FileColumns(const FileSchemaRequest& request) const override;
};

/// Binds SQL against a catalog that CREATE statements add to.
class BinderHarness {
 public:
  BinderHarness();

  /// Runs CREATE TABLE and CREATE VIEW of a script. Fails the test where one does not bind.
  void Create(std::string_view script);
  arrow::Result<BoundStatement> Bind(std::string_view sql);
  /// The plan's text, or "SQLSTATE@position: message (hint)".
  std::string Plan(std::string_view sql);
  /// The plan itself; null where binding fails.
  LogicalPlanPtr Root(std::string_view sql);

  BinderOptions options;
  FakeCatalog catalog;

 private:
  FakeFiles files_;
  std::shared_ptr<const FunctionRegistry> functions_;
};

/// What is wrong with the plan's shape: outputs that do not follow from the children's, columns that no child gives,
/// ids made twice; empty where nothing is.
std::string CheckPlan(const LogicalPlan& plan);

}  // namespace llkv
