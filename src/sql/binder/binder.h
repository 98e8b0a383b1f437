// Syntax tree and catalog to a typed plan: names, types, subqueries unnested, constraints as expressions. Here as the
// only way from text to plans. Must not know how plans are optimized or run, or how tables are stored.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "functions/function_registry.h"
#include "sql/binder/binder_catalog.h"
#include "sql/binder/bound_statement.h"
#include "sql/parser/ast.h"

namespace llkv {

struct BinderOptions {
  Dialect dialect = Dialect::kDefault;
  /// What literals of TIMESTAMPTZ without a zone are local to.
  TimeZone zone;
  /// The types of the values that will be bound, by parameter index; may be shorter, kNull where not known. A parameter
  /// takes its type from context, and from here only where there is none (or where an integer context would round it).
  /// BoundStatementPlan::parameter_types has kNull where neither tells: bind again once the values are there.
  std::vector<LogicalType> parameter_types;
  /// Null: COPY FROM and file reading are 0A000.
  const FileSchemaProvider* files = nullptr;
  /// How deeply views may use views.
  int max_view_depth = 64;
};

/// Binds statements against one catalog snapshot.
///
/// Plans are complete without the optimizer: exec can run them as they are. Subqueries have become joins. Holds no
/// state between calls; use by one thread at a time. The catalog and the registry must outlive it, not what it returns.
class Binder {
 public:
  Binder(const BinderCatalog& catalog, const FunctionRegistry& functions, BinderOptions options = {})
      : catalog_(catalog), functions_(functions), options_(std::move(options)) {}

  /// Errors carry a SQLSTATE and a position in the script that `statement` was parsed from: 42P01 unknown table, 42703
  /// unknown column, 42702 ambiguous column, 42803 grouping, 42804 and 42883 types, 42601 shape, 0A000 for what parses
  /// and cannot run.
  arrow::Result<BoundStatement> Bind(const AstStatement& statement) const;

 private:
  const BinderCatalog& catalog_;
  const FunctionRegistry& functions_;
  BinderOptions options_;
};

}  // namespace llkv
