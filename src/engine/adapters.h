// The engine's answers to what binder, optimizer and exec ask of the world: one statement's catalog snapshot, stores
// and files.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "engine/table_samples.h"
#include "exec/exec_context.h"
#include "formats/file_format.h"
#include "optimizer/optimizer.h"
#include "sql/binder/binder_catalog.h"

namespace llkv {

/// Names for the binder.
class SnapshotBinderCatalog : public BinderCatalog {
 public:
  explicit SnapshotBinderCatalog(CatalogSnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {}
  TableSchemaPtr FindTable(std::string_view name) const override { return snapshot_->FindTable(name); }
  ViewSchemaPtr FindView(std::string_view name) const override { return snapshot_->FindView(name); }
  TableSchemaPtr FindTableOfIndex(std::string_view name) const override { return snapshot_->FindTableOfIndex(name); }
  TypeSchemaPtr FindType(std::string_view name) const override { return snapshot_->FindType(name); }
  std::vector<std::string> ListNames() const override;

 private:
  CatalogSnapshotPtr snapshot_;
};

/// Numbers for the optimizer.
class CatalogStatistics : public StatisticsProvider {
 public:
  CatalogStatistics(const Catalog* catalog, CatalogSnapshotPtr snapshot, TableSamples* samples)
      : catalog_(catalog), snapshot_(std::move(snapshot)), samples_(samples) {}
  std::shared_ptr<const TableEstimate> Find(TableId table) const override;
  double CountIndexEntries(TableId table, IndexId index,
                           const std::vector<const PushedPredicate*>& predicates) const override;
  std::optional<SampleCount> CountInSample(const LogicalScan& scan,
                                           const std::vector<const BoundExpr*>& terms) const override;

 private:
  const Catalog* catalog_;
  CatalogSnapshotPtr snapshot_;
  TableSamples* samples_;
};

/// Stores for exec.
class CatalogStores : public StoreResolver {
 public:
  explicit CatalogStores(const Catalog* catalog) : catalog_(catalog) {}
  arrow::Result<std::shared_ptr<TableStore>> FindStore(TableId table) override { return catalog_->GetStore(table); }

 private:
  const Catalog* catalog_;
};

/// Files for binder and exec. With a stream set, that stands in for every file that is read: Session::Append loads it
/// by the plan of COPY.
class EngineFiles : public FileProvider, public FileSchemaProvider {
 public:
  /// Null: there are none, by name (42501).
  explicit EngineFiles(FileSystem* file_system) : file_system_(file_system) {}

  void SetStream(std::shared_ptr<arrow::RecordBatchReader> stream) { stream_ = std::move(stream); }

  arrow::Result<std::shared_ptr<const FileReader>> OpenForReading(const LogicalFileScan& scan) override;
  arrow::Result<std::unique_ptr<FileWriter>> OpenForWriting(const LogicalCopyTo& copy,
                                                            const std::shared_ptr<arrow::Schema>& schema) override;
  arrow::Result<std::vector<FileColumn>> FileColumns(const FileSchemaRequest& request) const override;

 private:
  arrow::Status CheckAllowed(std::string_view path) const;

  FileSystem* file_system_;
  std::shared_ptr<arrow::RecordBatchReader> stream_;
};

}  // namespace llkv
