// unnest(list): the elements of a list or array as rows.
#include <algorithm>
#include <cstring>
#include <type_traits>
#include <utility>
#include <variant>

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
    return Visit([&](auto element) { return Next<decltype(element)>(arena, max_rows, first, out); });
  }

  /// Calls f with what stands for the elements' type in Next: for all elements of a column alike.
  template <typename F>
  arrow::Result<uint32_t> Visit(F&& f) const {
    const PhysicalType physical = element_.physical();
    if (physical == PhysicalType::kString && !element_.IsNested()) return f(StringRef());
    if (element_.id() == TypeId::kNull || physical == PhysicalType::kString || physical == PhysicalType::kInterval) {
      return f(std::monostate());
    }
    return VisitNestedNumber(physical, f);
  }

  /// Next for elements that are numbers of T, text (StringRef), or others (std::monostate).
  template <typename T>
  arrow::Result<uint32_t> Next(StringArena* arena, uint32_t max_rows, uint32_t first, ScratchVector& out) {
    uint32_t count = 0;
    while (count < max_rows && left_ > 0) {
      if constexpr (!std::is_same_v<T, std::monostate>) {
        const auto most = static_cast<uint32_t>(std::min<uint64_t>(max_rows - count, left_));
        const uint32_t added = NextValues(most, out.data<T>() + first + count);
        count += added;
        Take(added);
        if (added == most) continue;
      }
      ARROW_ASSIGN_OR_RAISE(const bool found, NextPart(arena, first + count, out));
      if (!found) break;
      ++count;
    }
    return count;
  }

 private:
  // A list has an end, an array a size.
  void Take(uint64_t count) {
    if (size_ != UINT64_MAX) left_ -= count;
  }

  /// Elements that are not NULL and need no more than to be read in place, as many as come next.
  template <typename T>
  uint32_t NextValues(uint32_t max_rows, T* out) {
    if constexpr (!std::is_same_v<T, StringRef>) {
      return in_.Numbers<T>(max_rows, out);
    } else {
      return in_.Texts(max_rows, [out](uint32_t i, std::string_view text) { StoreText(text, out + i); });
    }
  }

  /// As StringRef(text) makes it, in one go: parts of a reference that are written apart are slow to copy.
  static void StoreText(std::string_view text, StringRef* out) {
    const size_t size = text.size();
    const char* bytes = size == 0 ? "" : text.data();
    uint32_t prefix = 0;
    if (size >= sizeof(prefix)) {
      std::memcpy(&prefix, bytes, sizeof(prefix));
    } else if (size > 0) {
      const auto byte = [bytes](size_t i) { return uint32_t{static_cast<uint8_t>(bytes[i])} << (8 * i); };
      prefix = byte(0) | byte(size >> 1) | byte(size - 1);
    }
    const uint64_t head = size | uint64_t{prefix} << 32;
    std::memcpy(static_cast<void*>(out), &head, sizeof(head));
    out->data = bytes;
  }

  /// One element of any kind; false at the end.
  arrow::Result<bool> NextPart(StringArena* arena, uint32_t row, ScratchVector& out) {
    const NestedMark mark = in_.Mark();
    if (mark == NestedMark::kEnd) {
      left_ = 0;
      return false;
    }
    Take(1);
    if (mark == NestedMark::kValue && element_.id() != TypeId::kNull) {
      ARROW_RETURN_NOT_OK(LoadBody(element_, in_, row, arena, out));
    } else {
      StoreNullRow(row, out);
    }
    return true;
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
    Begin(*args[0], row);
    return arrow::Status::OK();
  }

  arrow::Result<uint32_t> Next(KernelContext& context, uint32_t max_rows, uint32_t first, ScratchVector& out) override {
    return elements_.Next(context.arena, max_rows, first, out);
  }

  arrow::Result<uint32_t> Fill(KernelContext& context, RowsWalk& walk, uint32_t max_rows, ScratchVector& out) override {
    const Vector& lists = *walk.args[0];
    const auto start = [&](uint32_t row) {
      Begin(lists, row);
      return arrow::Status::OK();
    };
    return elements_.Visit([&](auto element) {
      return FillRows(walk, max_rows, out, start, [&](uint32_t rows, uint32_t first) {
        return elements_.Next<decltype(element)>(context.arena, rows, first, out);
      });
    });
  }

 private:
  void Begin(const Vector& lists, uint32_t row) {
    const uint32_t at = lists.form == VectorForm::kConstant ? 0 : row;
    if (lists.IsValid(at)) {
      elements_.Start(lists.values<StringRef>()[at].view());
    } else {
      elements_.StartWithNone();
    }
  }

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
