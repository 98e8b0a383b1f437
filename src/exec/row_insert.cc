// See row_insert.h.
#include "exec/row_insert.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "exec/value_writer.h"
#include "store/table_store.h"

namespace llkv {

namespace {

bool IsPlain(const BoundExprPtr& expr) { return IsPlainValue(*expr); }

bool IsNotNull(const RowConstraint& constraint) {
  return constraint.is_not_null && constraint.expr->kind == ExprKind::kColumn;
}

bool IsOfOneRow(const LogicalPlan& plan) {
  if (plan.kind != PlanKind::kInsert) return false;
  const auto& insert = plan.As<LogicalInsert>();
  if (insert.bulk || insert.children[0]->kind != PlanKind::kValues) return false;
  const auto& values = insert.children[0]->As<LogicalValues>();
  return values.rows.size() == 1 && std::all_of(values.rows[0].begin(), values.rows[0].end(), IsPlain) &&
         std::all_of(insert.constraints.begin(), insert.constraints.end(), IsNotNull);
}

}  // namespace

RowInsert::RowInsert(std::shared_ptr<const LogicalPlan> plan)
    : plan_(std::move(plan)),
      insert_(plan_->As<LogicalInsert>()),
      values_(insert_.children[0]->As<LogicalValues>()),
      columns_(values_.output.size()) {}

arrow::Result<std::unique_ptr<RowInsert>> RowInsert::Make(std::shared_ptr<const LogicalPlan> plan,
                                                          arrow::MemoryPool* pool) {
  if (!IsOfOneRow(*plan)) return nullptr;
  std::unique_ptr<RowInsert> made(new RowInsert(std::move(plan)));
  for (const OutputColumn& column : made->values_.output) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(column.type, pool));
    made->scratch_.push_back(std::move(scratch));
  }
  for (const RowConstraint& constraint : made->insert_.constraints) {
    const auto& columns = made->values_.output;
    const auto column = std::find_if(columns.begin(), columns.end(),
                                     [&](const OutputColumn& each) { return each.id == constraint.expr->column; });
    if (column == columns.end()) return InternalError("a constraint on a column that is not there");
    made->not_null_.emplace_back(static_cast<size_t>(column - columns.begin()), &constraint);
  }
  return made;
}

arrow::Status RowInsert::Run(StoreResolver& stores, Transaction& transaction, std::span<const Value> parameters) {
  const std::vector<BoundExprPtr>& row = values_.rows[0];
  for (size_t i = 0; i < row.size(); ++i) {
    scratch_[i].ResetFlat(values_.output[i].type);
    WriteValue(PlainValue(*row[i], parameters), 0, scratch_[i]);
    columns_[i] = scratch_[i].vector();
  }
  for (const auto& [column, constraint] : not_null_) {
    if (!columns_[column].IsValid(0)) return SqlError(constraint->sqlstate, constraint->message);
  }
  ARROW_ASSIGN_OR_RAISE(const std::shared_ptr<TableStore> store, stores.FindStore(insert_.table));
  return store->Append(transaction, Batch{columns_, 1, Selection::All(1)});
}

}  // namespace llkv
