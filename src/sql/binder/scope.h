// Scopes: which columns a name can mean at a place in a query, and the outer queries' behind them. Internal to the
// binder.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plan/logical_plan.h"
#include "sql/parser/ast_expr.h"

namespace llkv {

struct ScopeColumn {
  std::string name;
  ColumnId id;
  LogicalType type;
  /// In Scope::tables; -1 for a column that USING merged.
  int32_t table = -1;
  /// No column of the table, and not visible: TRUE in its rows, NULL where an outer join has none of them.
  bool is_marker = false;
};

struct ScopeTable {
  /// Alias or name; empty where a subquery has none.
  std::string alias;
  /// Its first column may go by the alias: FROM unnest(list) AS x.
  bool is_value = false;
};

/// The columns of a query's FROM, in order.
struct Scope {
  /// The enclosing query's, or null.
  const Scope* parent = nullptr;
  std::vector<ScopeTable> tables;
  std::vector<ScopeColumn> columns;
  /// Indexes in `columns` of what an unqualified name and * see, in the order of *.
  std::vector<uint32_t> visible;

  /// Adds a table with its columns, all visible.
  void AddTable(std::string alias, const std::vector<OutputColumn>& table_columns);
  /// Adds the marker of the last table.
  void AddMarker(const OutputColumn& column);
  /// Adds what `other` has, behind this scope's.
  void Append(Scope other);
  /// Where `id` is one of the scope's own.
  bool Has(ColumnId id) const;
};

/// A name's meaning.
struct ResolvedColumn {
  const ScopeColumn* column = nullptr;
  /// 0: this query's; 1: the enclosing one's; ….
  int depth = 0;
  /// The scope that it was found in.
  const Scope* scope = nullptr;
};

/// Looks an unqualified or qualified column up, from the inside out. Errors: 42702 where several match in one scope,
/// 42703 and 42P01 where none does, with hints.
arrow::Result<ResolvedColumn> ResolveColumn(const Scope* scope, const AstColumnRef& ref);

/// A table of FROM, of this query or of one around it.
struct ResolvedTable {
  /// Null: there is none of the name.
  const Scope* scope = nullptr;
  int depth = 0;
  int32_t table = -1;
};

/// Looks a table of FROM up by its alias, from the inside out.
ResolvedTable ResolveTable(const Scope* scope, const AstName& alias);

/// As ResolveColumn, for an unqualified name of this scope alone; a null column where there is none.
arrow::Result<ResolvedColumn> ResolveInScope(const Scope& scope, const AstName& name);

/// A reference for an expression; named with its table where the scope has several.
BoundExprPtr MakeColumnRef(const ResolvedColumn& resolved, int64_t position);

}  // namespace llkv
