// JoinColumns and HashJoinPlan: which columns a join keeps of its right side, how its output is put together, and which
// of its terms are hash keys.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "exec/expr_set.h"
#include "exec/operators/aggregate_keys.h"
#include "exec/operators/dense_join_table.h"
#include "exec/operators/hash_join.h"
#include "plan/logical_plan.h"
#include "vector/row_layout.h"

namespace llkv {

/// Columns of a join of any kind. Immutable; shared by threads.
struct JoinColumns {
  enum class From : uint8_t { kLeft, kRight, kMark };
  struct Output {
    From from;
    uint32_t index;  // kLeft: in left batches; kRight: in `stored`
    LogicalType type;
  };
  /// `predicates` are the expressions that are evaluated on pairs of rows.
  JoinColumns(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right,
              const std::vector<const BoundExpr*>& predicates);

  uint32_t num_left = 0;         // columns of left batches
  std::vector<uint32_t> stored;  // places in right batches of the columns that are kept
  std::vector<LogicalType> stored_types;
  std::vector<Output> outputs;
  ColumnLayout pair_layout;  // left batches' columns, then the stored ones
};

/// A constant NULL vector of a type.
Vector MakeNullVector(LogicalType type);

/// See the file's comment. The node outlives it.
class HashJoinPlan {
 public:
  HashJoinPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);

  static std::vector<JoinKey> Keys(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);

  /// Opens the expressions; once an execution, before any lane begins.
  arrow::Status Bind(const QueryContext& query);

  JoinType type() const { return type_; }
  /// IN's rule for NULL with no other term: decided by whether the right side has rows and NULLs.
  bool null_aware_key() const { return null_aware_ && in_term_ == nullptr; }
  /// IN's term beside keys of other terms: evaluated on pairs, three-valued.
  bool has_in_term() const { return in_term_ != nullptr; }
  bool has_residual() const { return residual_ != nullptr; }
  /// Columns of both sides are needed to decide a match.
  bool NeedsPairs() const { return has_residual() || has_in_term(); }
  /// Is the first match of a left row all that matters?
  bool OneMatchIsEnough() const { return !GivesPairs(type_) && !MarksRight(type_); }
  DenseJoinTable::Wants wants() const {
    if (OneMatchIsEnough() && !NeedsPairs()) return DenseJoinTable::Wants::kPresence;
    if (MarksRight(type_)) return DenseJoinTable::Wants::kRow;
    if (layout_.num_columns() == 0) return DenseJoinTable::Wants::kMatch;
    return layout_.has_strings() || layout_.num_columns() > DenseJoinTable::kMaxColumns
               ? DenseJoinTable::Wants::kRow
               : DenseJoinTable::Wants::kColumns;
  }

  const ExprSet& left_keys() const { return left_keys_; }
  const ExprSet& right_keys() const { return right_keys_; }
  /// Does key k match NULL with NULL?
  const std::vector<bool>& null_safe() const { return null_safe_; }
  /// Output 0: residual where there is one, then IN's term.
  const ExprSet& residual() const { return *residual_set_; }
  const ExprSet& in_term() const { return *in_term_set_; }

  /// How keys are packed, where they fit one word.
  const GroupKeys& packing() const { return packing_; }
  bool is_packed() const { return packing_.num_words() == 1; }
  /// Rows of the right side: for right and full joins a byte that says whether a left row matched; keys (unless
  /// packed); stored columns.
  const RowLayout& layout() const { return layout_; }
  size_t num_stored_keys() const { return is_packed() ? 0 : null_safe_.size(); }
  const JoinColumns& columns() const { return columns_; }

 private:
  struct Terms {
    std::vector<const BoundExpr*> left;
    std::vector<const BoundExpr*> right;
    std::vector<bool> null_safe;
    std::vector<const BoundExpr*> rest;
    const BoundExpr* in_term = nullptr;
  };
  HashJoinPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right, const Terms& terms);
  static Terms SplitTerms(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right);
  static std::vector<LogicalType> StoredTypes(const Terms& terms, const GroupKeys& packing, const JoinColumns& columns);

  JoinType type_;
  bool null_aware_;
  std::vector<bool> null_safe_;
  ExprSet left_keys_;
  ExprSet right_keys_;
  const BoundExpr* in_term_;
  BoundExprPtr residual_;
  JoinColumns columns_;
  std::unique_ptr<ExprSet> residual_set_;
  std::unique_ptr<ExprSet> in_term_set_;
  GroupKeys packing_;
  RowLayout layout_;
};

}  // namespace llkv
