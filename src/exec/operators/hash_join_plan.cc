// Splitting of a join's terms, and its columns.
#include "exec/operators/hash_join_plan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace llkv {
namespace {

struct Sides {
  bool left = false;
  bool right = false;
};

Sides SidesOf(const BoundExpr& expr, const ColumnLayout& left, const ColumnLayout& right) {
  std::unordered_set<ColumnId> columns;
  CollectColumns(expr, columns);
  Sides sides;
  for (const ColumnId column : columns) {
    sides.left |= left.count(column) > 0;
    sides.right |= right.count(column) > 0;
  }
  return sides;
}

/// Is `term` an equality of a left expression with a right one? Then *left and *right are the two.
bool IsKey(const BoundExpr& term, const ColumnLayout& left_layout, const ColumnLayout& right_layout,
           const BoundExpr** left, const BoundExpr** right) {
  if (term.kind != ExprKind::kFunction || term.children.size() != 2) return false;
  if (term.function.name != "=" && term.function.name != "is_not_distinct_from") return false;
  const BoundExpr* a = term.children[0].get();
  const BoundExpr* b = term.children[1].get();
  if (a->type != b->type || term.IsVolatile()) return false;
  Sides sides_a = SidesOf(*a, left_layout, right_layout);
  Sides sides_b = SidesOf(*b, left_layout, right_layout);
  if (sides_a.right && !sides_a.left) {
    std::swap(a, b);
    std::swap(sides_a, sides_b);
  }
  *left = a;
  *right = b;
  return sides_a.left && !sides_a.right && sides_b.right && !sides_b.left;
}

const OutputColumn* FindColumn(const std::vector<OutputColumn>& columns, ColumnId id) {
  const auto found = std::find_if(columns.begin(), columns.end(), [&](const auto& column) { return column.id == id; });
  return found == columns.end() ? nullptr : &*found;
}

std::vector<LogicalType> TypesOf(const std::vector<const BoundExpr*>& exprs) {
  std::vector<LogicalType> types;
  for (const BoundExpr* expr : exprs) types.push_back(expr->type);
  return types;
}

BoundExprPtr Conjoin(const std::vector<const BoundExpr*>& terms) {
  if (terms.empty()) return nullptr;
  std::vector<BoundExprPtr> clones;
  for (const BoundExpr* term : terms) clones.push_back(term->Clone());
  return BoundExpr::Conjunction(true, std::move(clones));
}

}  // namespace

JoinColumns::JoinColumns(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right,
                         const std::vector<const BoundExpr*>& predicates) {
  for (const auto& [id, index] : left) {
    num_left = std::max(num_left, index + 1);
    pair_layout.emplace(id, index);
  }
  std::unordered_set<ColumnId> wanted;
  for (const BoundExpr* predicate : predicates) CollectColumns(*predicate, wanted);
  const bool gives_right = GivesPairs(node.type) || GivesRightOnly(node.type);
  for (const OutputColumn& column : node.output) {
    if (gives_right && left.count(column.id) == 0) wanted.insert(column.id);
  }
  for (const OutputColumn& column : node.children[1]->output) {
    const auto place = right.find(column.id);
    if (wanted.count(column.id) == 0 || place == right.end()) continue;
    pair_layout.emplace(column.id, num_left + static_cast<uint32_t>(stored.size()));
    stored.push_back(place->second);
    stored_types.push_back(column.type);
  }
  for (const OutputColumn& column : node.output) {
    const auto place = pair_layout.find(column.id);
    if (place == pair_layout.end()) {
      outputs.push_back({From::kMark, 0, column.type});
    } else if (FindColumn(node.children[0]->output, column.id) != nullptr) {
      outputs.push_back({From::kLeft, place->second, column.type});
    } else {
      outputs.push_back({From::kRight, place->second - num_left, column.type});
    }
  }
}

Vector MakeNullVector(LogicalType type) {
  struct alignas(64) Zeros {
    uint8_t bytes[128] = {};
  };
  static const Zeros zeros;
  static const StringRef empty[8];
  Vector vector;
  vector.type = type;
  vector.form = VectorForm::kConstant;
  vector.storage = type.physical();
  vector.data = type.physical() == PhysicalType::kString ? static_cast<const void*>(empty) : zeros.bytes;
  vector.validity = zeros.bytes;
  return vector;
}

HashJoinPlan::Terms HashJoinPlan::SplitTerms(const LogicalJoin& node, const ColumnLayout& left,
                                             const ColumnLayout& right) {
  Terms terms;
  for (size_t i = 0; i < node.terms.size(); ++i) {
    const BoundExpr* term = node.terms[i].get();
    if (i == 0 && node.null_aware && node.terms.size() > 1) {
      terms.in_term = term;
      continue;
    }
    const BoundExpr* left_key;
    const BoundExpr* right_key;
    if (IsKey(*term, left, right, &left_key, &right_key)) {
      terms.left.push_back(left_key);
      terms.right.push_back(right_key);
      terms.null_safe.push_back(term->function.name != "=");
    } else {
      terms.rest.push_back(term);
    }
  }
  return terms;
}

std::vector<JoinKey> HashJoinPlan::Keys(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right) {
  const Terms terms = SplitTerms(node, left, right);
  std::vector<JoinKey> keys;
  for (size_t i = 0; i < terms.left.size(); ++i) keys.push_back({terms.left[i], terms.right[i], terms.null_safe[i]});
  return keys;
}

HashJoinPlan::HashJoinPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right)
    : HashJoinPlan(node, left, right, SplitTerms(node, left, right)) {}

namespace {

std::vector<const BoundExpr*> WithInTerm(std::vector<const BoundExpr*> rest, const BoundExpr* in_term) {
  if (in_term != nullptr) rest.push_back(in_term);
  return rest;
}

/// Keys that match NULL with NULL are never packed: packing leaves no room for NULL.
std::vector<LogicalType> PackedTypes(const std::vector<const BoundExpr*>& keys, const std::vector<bool>& null_safe) {
  if (std::find(null_safe.begin(), null_safe.end(), true) != null_safe.end()) return {};
  return TypesOf(keys);
}

}  // namespace

HashJoinPlan::HashJoinPlan(const LogicalJoin& node, const ColumnLayout& left, const ColumnLayout& right,
                           const Terms& terms)
    : type_(node.type),
      null_aware_(node.null_aware),
      null_safe_(terms.null_safe),
      left_keys_(terms.left, left),
      right_keys_(terms.right, right),
      in_term_(terms.in_term),
      residual_(Conjoin(terms.rest)),
      columns_(node, left, right, WithInTerm(terms.rest, terms.in_term)),
      packing_(PackedTypes(terms.right, terms.null_safe), 0),
      layout_(RowLayout::Make(StoredTypes(terms, packing_, columns_), MarksRight(type_) ? 1 : 0)) {
  if (residual_ != nullptr) {
    residual_set_ = std::make_unique<ExprSet>(std::vector<const BoundExpr*>{residual_.get()}, columns_.pair_layout);
  }
  if (in_term_ != nullptr) {
    in_term_set_ = std::make_unique<ExprSet>(std::vector<const BoundExpr*>{in_term_}, columns_.pair_layout);
  }
}

std::vector<LogicalType> HashJoinPlan::StoredTypes(const Terms& terms, const GroupKeys& packing,
                                                   const JoinColumns& columns) {
  std::vector<LogicalType> types;
  if (packing.num_words() != 1) types = TypesOf(terms.right);
  types.insert(types.end(), columns.stored_types.begin(), columns.stored_types.end());
  return types;
}

arrow::Status HashJoinPlan::Bind(const QueryContext& query) {
  ARROW_RETURN_NOT_OK(left_keys_.Bind(query));
  ARROW_RETURN_NOT_OK(right_keys_.Bind(query));
  if (residual_set_ != nullptr) ARROW_RETURN_NOT_OK(residual_set_->Bind(query));
  return in_term_set_ == nullptr ? arrow::Status::OK() : in_term_set_->Bind(query);
}

}  // namespace llkv
