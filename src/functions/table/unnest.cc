// unnest(list): the elements of a list or array as rows.
#include <algorithm>
#include <utility>

#include "base/error.h"
#include "functions/function_registry.h"
#include "functions/nested_support.h"
#include "functions/rows_function.h"

namespace llkv {

namespace {

/// Walks the elements of one list or array.
class Elements {
 public:
  explicit Elements(LogicalType list)
      : element_(ElementType(list)), size_(list.id() == TypeId::kList ? UINT64_MAX : list.info().size) {}

  void Start(std::string_view list) {
    in_ = NestedReader(list);
    left_ = size_;
  }
  void StartWithNone() { left_ = 0; }

  /// As TableFunctionCursor::Next.
  arrow::Result<uint32_t> Next(StringArena* arena, uint32_t max_rows, uint32_t first, ScratchVector& out) {
    const PhysicalType physical = element_.physical();
    if (element_.id() == TypeId::kNull || physical == PhysicalType::kString || physical == PhysicalType::kInterval) {
      return Walk(max_rows, first, out, [&](uint32_t row) { return LoadBody(element_, in_, row, arena, out); });
    }
    return VisitNestedNumber(physical, [&](auto zero) {
      using T = decltype(zero);
      T* values = out.data<T>();
      return Walk(max_rows, first, out, [&](uint32_t row) {
        values[row] = in_.Number<T>();
        return arrow::Status::OK();
      });
    });
  }

 private:
  template <typename Load>
  arrow::Result<uint32_t> Walk(uint32_t max_rows, uint32_t first, ScratchVector& out, const Load& load) {
    uint32_t count = 0;
    for (; count < max_rows && left_ > 0; ++count) {
      // A list has an end, an array a size.
      const NestedMark mark = in_.Mark();
      if (mark == NestedMark::kEnd) {
        left_ = 0;
        break;
      }
      if (size_ != UINT64_MAX) --left_;
      if (mark == NestedMark::kValue && element_.id() != TypeId::kNull) {
        ARROW_RETURN_NOT_OK(load(first + count));
      } else {
        if (out.vector().validity == nullptr) out.UseValidity();
        StoreNull(first + count, out.validity(), out);
      }
    }
    return count;
  }

  LogicalType element_;
  uint64_t size_;
  uint64_t left_ = 0;
  NestedReader in_{std::string_view()};
};

class UnnestSource : public TableFunctionSource {
 public:
  /// `list`, a value of `type`, outlives the source; null: no elements.
  UnnestSource(LogicalType type, const std::string* list) : element_(ElementType(type)), elements_(type) {
    if (list != nullptr) elements_.Start(*list);
  }

  arrow::Result<Batch> Next(KernelContext& context) override {
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(element_, context.pool));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
      arena_ = std::make_unique<StringArena>(context.pool);
    }
    scratch_->ResetFlat(element_);
    Batch batch;
    ARROW_ASSIGN_OR_RAISE(batch.num_rows, elements_.Next(arena_.get(), kMaxBatchRows, 0, *scratch_));
    batch.selection = Selection::All(batch.num_rows);
    vector_ = scratch_->vector();
    batch.columns = {&vector_, 1};
    return batch;
  }

 private:
  LogicalType element_;
  Elements elements_;
  std::unique_ptr<ScratchVector> scratch_;
  std::unique_ptr<StringArena> arena_;
  Vector vector_;
};

class UnnestCursor : public TableFunctionCursor {
 public:
  explicit UnnestCursor(LogicalType list) : elements_(list) {}

  arrow::Status Start(std::span<const Vector* const> args, uint32_t row) override {
    const uint32_t at = args[0]->form == VectorForm::kConstant ? 0 : row;
    if (args[0]->IsValid(at)) {
      elements_.Start(args[0]->values<StringRef>()[at].view());
    } else {
      elements_.StartWithNone();
    }
    return arrow::Status::OK();
  }

  arrow::Result<uint32_t> Next(KernelContext& context, uint32_t max_rows, uint32_t first, ScratchVector& out) override {
    return elements_.Next(context.arena, max_rows, first, out);
  }

 private:
  Elements elements_;
};

class BoundUnnest : public RowsFunction {
 public:
  explicit BoundUnnest(Value list) : list_(std::move(list)) {
    column_names = {"unnest"};
    column_types = {ElementType(list_.type())};
    argument_types = {list_.type()};
    in_select_list = true;
  }

  uint64_t num_parts() const override { return 1; }
  arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t /*part*/) const override {
    return std::make_unique<UnnestSource>(list_.type(), list_.is_null() ? nullptr : &list_.bytes());
  }
  double estimated_rows() const override {
    if (list_.is_null()) return 0;
    const auto num_bytes = static_cast<double>(list_.bytes().size());
    return list_.type().id() == TypeId::kList ? num_bytes : std::min(num_bytes, estimated_rows_each());
  }

  std::unique_ptr<TableFunctionCursor> MakeCursor() const override {
    return std::make_unique<UnnestCursor>(list_.type());
  }
  double estimated_rows_each() const override {
    constexpr double kGuess = 10;
    return list_.type().id() == TypeId::kList ? kGuess : static_cast<double>(list_.type().info().size);
  }

 private:
  Value list_;
};

arrow::Result<std::shared_ptr<const BoundTableFunction>> BindUnnest(const TableFunction& self,
                                                                    std::span<const Value> arguments) {
  const LogicalType type = arguments.empty() ? LogicalType() : arguments[0].type();
  const bool sequence = type.id() == TypeId::kList || type.id() == TypeId::kArray;
  if (arguments.size() != 1 || !sequence) {
    return SqlError(sqlstate::kUndefinedFunction, self.name + " takes a list");
  }
  return std::make_shared<const BoundUnnest>(arguments[0]);
}

}  // namespace

void RegisterUnnest(FunctionRegistry& registry) {
  registry.Add(TableFunction{"unnest", {}, "The elements of a list as rows.", "unnest([4, 5])", BindUnnest});
}

}  // namespace llkv
