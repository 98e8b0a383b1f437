// What one statement's binding shares: catalog, registry, fresh ids, parameter types, objects used, and the common
// table expressions in sight. Internal to the binder.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/binder/binder.h"

namespace llkv {

struct CteFrame;
struct ExprContext;
struct Scope;

/// One name of a WITH clause. Bound at its first use; each use is a projection that is completed when the query that
/// has the WITH clause is done: over the definition itself where there is one use, else over a LogicalMaterializedScan.
struct CteDefinition {
  const AstCommonTable* ast = nullptr;
  /// What the definition itself sees: other definitions, and the columns of the queries around the one that has WITH.
  const CteFrame* environment = nullptr;
  const Scope* outer = nullptr;
  bool is_bound = false;
  LogicalPlanPtr plan;
  /// The definition's columns with the names that users see.
  std::vector<OutputColumn> columns;
  std::vector<LogicalProject*> uses;
  /// While the step of a recursion is bound: the recursion's id, and how often the step refers to it.
  std::optional<uint32_t> recursion;
  uint32_t num_own_uses = 0;
};

/// The first `size` definitions are in sight, and what `parent` has.
struct CteFrame {
  const CteFrame* parent = nullptr;
  std::vector<std::unique_ptr<CteDefinition>>* definitions = nullptr;
  size_t size = 0;
};

/// State of one statement.
struct BindState {
  BindState(const BinderCatalog& a_catalog, const FunctionRegistry& a_functions, const BinderOptions& an_options)
      : catalog(a_catalog), functions(a_functions), options(an_options) {}

  const BinderCatalog& catalog;
  const FunctionRegistry& functions;
  const BinderOptions& options;
  uint64_t next_column_id = 1;
  uint32_t next_materialize_id = 0;
  /// By index: given, or found by context; kNull where still unknown.
  std::vector<LogicalType> parameter_types;
  std::vector<UsedObject> used;
  /// Names of the views that are being bound, outermost first.
  std::vector<std::string> view_stack;
  /// The expressions that the query being bound is a subquery of, outermost first.
  std::vector<const ExprContext*> enclosing;
  /// Whether tables of FROM have a marker (ScopeColumn::is_marker). Only a statement that counts or reads whole rows
  /// needs one: where the first comes up, it is bound anew.
  bool marks_rows = false;
  bool wants_marked_rows = false;
  /// Why parameters are not allowed here, or null where they are.
  const char* no_parameters = nullptr;

  ColumnId NewColumn() { return ColumnId(next_column_id++); }
  bool sqlite() const { return options.dialect == Dialect::kSqlite; }
  void Use(TableId id, bool is_view);
};

/// Are two names the same, without regard to ASCII case?
bool SameName(std::string_view a, std::string_view b);

/// ASCII lower case.
std::string LowerName(std::string_view name);

/// "did you mean "x"?", or empty where no candidate is near.
std::string NearestNameHint(std::string_view name, const std::vector<std::string>& candidates);

/// 0A000 at a place in the statement: `what` is understood and cannot run.
arrow::Status Refuse(std::string_view what, int64_t position);

/// The one part of a table's or view's name. Errors: 0A000 for a schema or database that is not main.
arrow::Result<const AstName*> PlainName(const AstQualifiedName& name);

}  // namespace llkv
