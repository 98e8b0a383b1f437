// Choosing rows, reading their columns, and running filters over them.
#include "engine/table_samples.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "expr/program.h"
#include "vector/arrow_bridge.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

constexpr uint32_t kSampleRows = 1024;
constexpr uint32_t kRunRows = 16;
/// What is known without a sample is good enough for tables with fewer rows.
constexpr double kMinTableRows = 1024;
constexpr double kMaxRowBytes = 4096;
/// A sample is taken anew when the table has grown or shrunk by such a share.
constexpr double kMaxChange = 0.1;

/// Ids for a table's columns that no plan uses.
ColumnId IdOf(uint32_t ordinal) { return ColumnId(UINT64_MAX - ordinal); }

std::string_view FunctionOf(PushedPredicate::Op op) {
  using Op = PushedPredicate::Op;
  switch (op) {
    case Op::kEqual:
      return "=";
    case Op::kNotEqual:
      return "<>";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    case Op::kIsNull:
      return "is_null";
    default:
      return "is_not_null";
  }
}

arrow::Result<double> CountPassing(const std::vector<BoundExprPtr>& terms, const std::vector<uint32_t>& ordinals,
                                   const std::vector<LogicalType>& types, std::shared_ptr<arrow::RecordBatch> rows,
                                   arrow::MemoryPool* pool) {
  ColumnLayout layout;
  for (uint32_t i = 0; i < ordinals.size(); ++i) layout[IdOf(ordinals[i])] = i;
  std::vector<BoundExprPtr> copies;
  for (const BoundExprPtr& term : terms) copies.push_back(term->Clone());
  const BoundExprPtr all = BoundExpr::Conjunction(/*is_and=*/true, std::move(copies));
  const std::array<const BoundExpr*, 1> exprs = {all.get()};
  ARROW_ASSIGN_OR_RAISE(auto program, Program::Compile(exprs, layout, {}));
  StringArena arena(pool);
  KernelContext context;
  context.pool = pool;
  context.arena = &arena;
  ARROW_ASSIGN_OR_RAISE(auto state, ProgramState::Make(std::move(program), context));
  ARROW_ASSIGN_OR_RAISE(auto reader, ArrowBatchReader::Make(std::move(rows), pool, types));
  ARROW_ASSIGN_OR_RAISE(const Batch batch, reader->Next());
  std::vector<uint16_t> passed(kMaxBatchRows);
  ARROW_ASSIGN_OR_RAISE(const Selection selection, state->Filter(batch, passed.data()));
  return static_cast<double>(selection.count);
}

}  // namespace

BoundExprPtr TableSamples::ToTerm(const PushedPredicate& predicate, ColumnId id, LogicalType type) const {
  std::vector<BoundExprPtr> children;
  children.push_back(BoundExpr::Column(id, type, predicate.column_name));
  for (const BoundExprPtr& value : predicate.values) children.push_back(value->Clone());
  if (predicate.op == PushedPredicate::Op::kIn) {
    auto in = std::make_unique<BoundExpr>();
    in->kind = ExprKind::kIn;
    in->type = TypeId::kBoolean;
    in->children = std::move(children);
    return in;
  }
  std::vector<LogicalType> types;
  std::vector<const Value*> constants;
  for (const BoundExprPtr& child : children) {
    types.push_back(child->type);
    constants.push_back(child->IsConstant() ? &child->value : nullptr);
  }
  BindInput input;
  input.argument_types = types;
  input.constants = constants;
  auto bound = functions_->BindScalar(FunctionOf(predicate.op), input);
  if (!bound.ok() || !std::equal(types.begin(), types.end(), bound->argument_types.begin())) return nullptr;
  return BoundExpr::Function(*std::move(bound), std::move(children));
}

arrow::Result<std::shared_ptr<arrow::Array>> TableSamples::Read(TableStore& store, uint32_t ordinal,
                                                                Sample& sample) const {
  const std::unique_ptr<Transaction> transaction = txns_->Begin(/*is_read_only=*/true);
  ARROW_ASSIGN_OR_RAISE(auto buffer, store.MakeGatherBuffer({ordinal}, pool_));
  ARROW_RETURN_NOT_OK(store.Gather(transaction->snapshot(), sample.rows, *buffer));
  const Batch& batch = buffer->batch();
  if (sample.columns.empty()) {
    // The first column decides which rows there are.
    std::vector<RowId> visible;
    for (uint32_t i = 0; i < batch.num_selected(); ++i) visible.push_back(sample.rows[batch.selection[i]]);
    sample.rows = std::move(visible);
  }
  const std::array<std::string, 1> names = {"value"};
  const std::array<LogicalType, 1> types = {store.layout().columns[ordinal].type};
  ARROW_ASSIGN_OR_RAISE(auto builder, RecordBatchBuilder::Make(names, types, pool_));
  ARROW_RETURN_NOT_OK(builder->Append(batch));
  ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
  return column->column(0);
}

arrow::Result<std::shared_ptr<arrow::RecordBatch>> TableSamples::Columns(const std::shared_ptr<TableStore>& store,
                                                                         double table_rows,
                                                                         const std::vector<uint32_t>& ordinals) {
  MutexLock lock(mutex_);
  std::erase_if(samples_, [](const auto& known) { return known.second.store.expired(); });
  Sample& sample = samples_[store->layout().id];
  for (const bool again : {false, true}) {
    const bool is_stale =
        sample.store.lock() != store || std::abs(sample.table_rows - table_rows) > kMaxChange * sample.table_rows;
    if (is_stale || again) sample = {store, table_rows, store->SampleRowIds(kSampleRows, kRunRows), {}};
    std::vector<std::shared_ptr<arrow::Field>> fields;
    arrow::ArrayVector columns;
    bool fits = true;
    for (const uint32_t ordinal : ordinals) {
      auto known = sample.columns.find(ordinal);
      if (known == sample.columns.end()) {
        ARROW_ASSIGN_OR_RAISE(auto read, Read(*store, ordinal, sample));
        known = sample.columns.emplace(ordinal, std::move(read)).first;
      }
      // Rows may be gone since the first column was read.
      fits = fits && known->second->length() == static_cast<int64_t>(sample.rows.size());
      fields.push_back(arrow::field(store->layout().columns[ordinal].name, known->second->type()));
      columns.push_back(known->second);
    }
    if (!fits) continue;
    return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(sample.rows.size()),
                                    std::move(columns));
  }
  return nullptr;
}

arrow::Result<std::optional<SampleCount>> TableSamples::Count(const std::shared_ptr<TableStore>& store,
                                                              const LogicalScan& scan,
                                                              const std::vector<const BoundExpr*>& terms) {
  ARROW_ASSIGN_OR_RAISE(const TableStatistics statistics, store->GetStatistics());
  const double table_rows = statistics.num_rows;
  if (table_rows < kMinTableRows || static_cast<double>(statistics.size_bytes) > kMaxRowBytes * table_rows) {
    return std::nullopt;
  }
  std::vector<uint32_t> ordinals;
  const auto add_column = [&ordinals](uint32_t ordinal) {
    if (std::find(ordinals.begin(), ordinals.end(), ordinal) == ordinals.end()) ordinals.push_back(ordinal);
    return IdOf(ordinal);
  };
  std::vector<BoundExprPtr> all;
  for (const PushedPredicate& predicate : scan.predicates) {
    const uint32_t ordinal = predicate.column_ordinal;
    all.push_back(ToTerm(predicate, add_column(ordinal), store->layout().columns[ordinal].type));
    if (all.back() == nullptr) return std::nullopt;
  }
  for (const BoundExpr* term : terms) {
    all.push_back(ReplaceColumns(term->Clone(), [&](const BoundExpr& column) -> BoundExprPtr {
      for (size_t i = 0; i < scan.column_ordinals.size(); ++i) {
        if (scan.output[i].id != column.column) continue;
        return BoundExpr::Column(add_column(scan.column_ordinals[i]), column.type, column.name);
      }
      return nullptr;
    }));
  }
  if (ordinals.empty()) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(auto rows, Columns(store, table_rows, ordinals));
  if (rows == nullptr || rows->num_rows() == 0) return std::nullopt;
  std::vector<LogicalType> types;
  for (const uint32_t ordinal : ordinals) types.push_back(store->layout().columns[ordinal].type);
  SampleCount count;
  count.num_rows = static_cast<double>(rows->num_rows());
  ARROW_ASSIGN_OR_RAISE(count.num_passed, CountPassing(all, ordinals, types, std::move(rows), pool_));
  return count;
}

}  // namespace llkv
