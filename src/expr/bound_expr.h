// Bound expressions: names and types resolved. Plain trees that the binder builds, the optimizer rewrites and
// expr/program.h compiles.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/ids.h"
#include "functions/function_registry.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// Names one column within one query, across all its operators: whoever computes it first (a scan, a projection, an
/// aggregate) gives it the number; all others refer to it. Never reused in a query.
using ColumnId = Id<struct ColumnIdTag>;

enum class ExprKind : uint8_t {
  kColumn,       // column
  kConstant,     // value
  kParameter,    // parameter_index, from 0; becomes a constant when values are bound
  kFunction,     // function over children (operators and casts too)
  kConjunction,  // AND or OR over 2 or more children (three-valued; stops early)
  kCase,         // children: when, then, when, then, …, else (always present; a NULL constant where SQL has none)
  kIn,           // children[0] IN (children[1], …); all of one type; three-valued. NOT IN is not(kIn)
};

struct BoundExpr;
using BoundExprPtr = std::unique_ptr<BoundExpr>;

/// One node. Which fields count depends on `kind`.
struct BoundExpr {
  ExprKind kind;
  LogicalType type;
  int64_t position = -1;  // byte offset in the statement, for errors
  std::vector<BoundExprPtr> children;

  ColumnId column;               // kColumn
  Value value{};                 // kConstant
  bool is_literal = false;       // kConstant: text as written, which has the type that its place wants
  uint32_t parameter_index = 0;  // kParameter
  BoundScalar function;          // kFunction; function.name "cast" / "try_cast" for casts, "+" … for operators
  bool is_and = true;            // kConjunction
  std::string name;              // how errors and EXPLAIN call a column

  static BoundExprPtr Column(ColumnId id, LogicalType type, std::string name, int64_t position = -1);
  static BoundExprPtr Constant(Value value, int64_t position = -1);
  static BoundExprPtr Parameter(uint32_t index, LogicalType type, int64_t position = -1);
  static BoundExprPtr Function(BoundScalar function, std::vector<BoundExprPtr> children, int64_t position = -1);
  /// One child is returned as it is; nested conjunctions of the same kind are flattened; none is the constant TRUE
  /// (AND) or FALSE (OR).
  static BoundExprPtr Conjunction(bool is_and, std::vector<BoundExprPtr> children);

  BoundExprPtr Clone() const;
  /// Same computation, positions aside.
  bool Equals(const BoundExpr& other) const;
  /// Can evaluating it fail for some row (any node in it)?
  bool CanFail() const;
  /// No column, no parameter, nothing volatile or stable: one value.
  bool IsFoldable() const;
  bool IsVolatile() const;
  bool IsColumn() const { return kind == ExprKind::kColumn; }
  bool IsConstant() const { return kind == ExprKind::kConstant; }
  /// SQL-like text for EXPLAIN and errors.
  std::string ToString() const;
};

/// Calls `f` on every node, parents first. Iterates without deep recursion problems: expressions are at most 1,000
/// levels deep.
void VisitExpr(const BoundExpr& expr, const std::function<void(const BoundExpr&)>& f);

/// Adds every column that `expr` reads.
void CollectColumns(const BoundExpr& expr, std::unordered_set<ColumnId>& columns);

/// Replaces columns by what `replacement` gives for them (null: keep).
BoundExprPtr ReplaceColumns(BoundExprPtr expr, const std::function<BoundExprPtr(const BoundExpr&)>& replacement);

/// Splits ANDs into their terms.
std::vector<BoundExprPtr> SplitConjuncts(BoundExprPtr expr);

}  // namespace llkv
