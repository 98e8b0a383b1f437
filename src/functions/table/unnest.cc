// unnest(list): the elements of a constant list or array as rows.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "functions/function_registry.h"
#include "functions/nested_support.h"

namespace llkv {

namespace {

class UnnestSource : public TableFunctionSource {
 public:
  /// `list` outlives the source.
  UnnestSource(LogicalType element, uint64_t count, bool has_end, std::string_view list)
      : element_(element), left_(count), has_end_(has_end), in_(list) {}

  arrow::Result<Batch> Next(KernelContext& context) override {
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(element_, context.pool));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
      arena_ = std::make_unique<StringArena>(context.pool);
    }
    scratch_->ResetFlat(element_);
    uint8_t* validity = scratch_->UseValidity();
    Batch batch;
    while (batch.num_rows < kMaxBatchRows && left_ > 0) {
      const NestedMark mark = in_.Mark();
      if (mark == NestedMark::kEnd) {
        left_ = 0;
        break;
      }
      if (!has_end_) --left_;
      if (mark == NestedMark::kValue && element_.id() != TypeId::kNull) {
        ARROW_RETURN_NOT_OK(LoadBody(element_, in_, batch.num_rows, arena_.get(), *scratch_));
      } else {
        StoreNull(batch.num_rows, validity, *scratch_);
      }
      ++batch.num_rows;
    }
    batch.selection = Selection::All(batch.num_rows);
    vector_ = scratch_->vector();
    batch.columns = {&vector_, 1};
    return batch;
  }

 private:
  LogicalType element_;
  uint64_t left_;
  bool has_end_;
  NestedReader in_;
  std::unique_ptr<ScratchVector> scratch_;
  std::unique_ptr<StringArena> arena_;
  Vector vector_;
};

class BoundUnnest : public BoundTableFunction {
 public:
  BoundUnnest(LogicalType element, uint64_t count, bool has_end, std::string list)
      : element_(element), count_(count), has_end_(has_end), list_(std::move(list)) {
    column_names = {"unnest"};
    column_types = {element};
  }

  uint64_t num_parts() const override { return 1; }
  arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t /*part*/) const override {
    return std::unique_ptr<TableFunctionSource>(std::make_unique<UnnestSource>(element_, count_, has_end_, list_));
  }
  double estimated_rows() const override { return static_cast<double>(std::min<uint64_t>(count_, list_.size())); }

 private:
  LogicalType element_;
  uint64_t count_;
  bool has_end_;
  std::string list_;
};

arrow::Result<std::shared_ptr<const BoundTableFunction>> BindUnnest(const TableFunction& self,
                                                                    std::span<const Value> arguments) {
  const LogicalType type = arguments.empty() ? LogicalType() : arguments[0].type();
  const bool sequence = type.id() == TypeId::kList || type.id() == TypeId::kArray;
  if (arguments.size() != 1 || !sequence) {
    return SqlError(sqlstate::kUndefinedFunction, self.name + " takes a list");
  }
  if (arguments[0].is_null()) return std::make_shared<const BoundUnnest>(ElementType(type), 0, true, std::string());
  const bool has_end = type.id() == TypeId::kList;
  const uint64_t count = has_end ? UINT64_MAX : type.info().size;
  return std::make_shared<const BoundUnnest>(ElementType(type), count, has_end, arguments[0].bytes());
}

}  // namespace

void RegisterUnnest(FunctionRegistry& registry) {
  registry.Add(TableFunction{"unnest", {}, "The elements of a list as rows.", "unnest([4, 5])", BindUnnest});
}

}  // namespace llkv
