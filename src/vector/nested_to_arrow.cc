// Nested values (types/nested_value.h) into Arrow list, fixed_size_list, struct, map and dense_union arrays.
#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "types/nested_value.h"
#include "types/type_info.h"
#include "vector/arrow_column.h"
#include "vector/bitmap.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;

// One array of the tree: takes values one by one.
class Node {
 public:
  virtual ~Node() = default;
  static std::unique_ptr<Node> Make(LogicalType type, ArrowForm form, arrow::MemoryPool* pool);

  virtual arrow::Status AppendNull() = 0;
  virtual arrow::Status AppendBody(NestedReader& in) = 0;
  /// Copies what still points into the values given.
  virtual arrow::Status Flush() = 0;
  virtual arrow::Result<ArrayDataPtr> Finish() = 0;
  virtual int64_t largest_offset() const = 0;

  arrow::Status AppendPart(NestedReader& in) { return in.IsValue() ? AppendBody(in) : AppendNull(); }
};

class LeafNode : public Node {
 public:
  LeafNode(LogicalType type, ArrowForm form, arrow::MemoryPool* pool)
      : type_(type), pool_(pool), builder_(ArrowColumnBuilder::Make(type, form, pool)) {}

  arrow::Status AppendNull() override {
    ARROW_RETURN_NOT_OK(Room());
    if (pending_->vector().validity == nullptr) pending_->UseValidity();
    ClearBit(pending_->validity(), count_);
    if (type_.physical() == PhysicalType::kString) {
      pending_->data<StringRef>()[count_] = StringRef();
    } else {
      const auto width = static_cast<size_t>(PhysicalWidth(type_.physical()));
      std::memset(pending_->data<uint8_t>() + count_ * width, 0, width);
    }
    ++count_;
    return arrow::Status::OK();
  }

  arrow::Status AppendBody(NestedReader& in) override {
    ARROW_RETURN_NOT_OK(Room());
    switch (type_.physical()) {
      case PhysicalType::kString: {
        std::string scratch;
        std::string_view text = in.Text(&scratch);
        // Without 00 it stands in the value.
        if (!scratch.empty()) text = texts_.emplace_back(std::move(scratch));
        pending_->data<StringRef>()[count_] = text.empty() ? StringRef() : StringRef(text);
        break;
      }
      case PhysicalType::kInterval:
        pending_->data<Interval>()[count_] = in.ReadInterval();
        break;
      default:
        VisitNestedNumber(type_.physical(), [&](auto zero) {
          using T = decltype(zero);
          pending_->data<T>()[count_] = in.Number<T>();
        });
    }
    ++count_;
    return arrow::Status::OK();
  }

  arrow::Status Flush() override {
    if (count_ == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(builder_->Append(pending_->vector(), Selection::All(count_), count_));
    pending_->ResetFlat(type_);
    count_ = 0;
    texts_.clear();
    return arrow::Status::OK();
  }

  arrow::Result<ArrayDataPtr> Finish() override {
    ARROW_RETURN_NOT_OK(Flush());
    return builder_->Finish();
  }

  int64_t largest_offset() const override { return builder_->text_bytes(); }

 private:
  arrow::Status Room() {
    if (pending_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type_, pool_));
      pending_ = std::make_unique<ScratchVector>(std::move(scratch));
      pending_->ResetFlat(type_);
    }
    return count_ == kMaxBatchRows ? Flush() : arrow::Status::OK();
  }

  LogicalType type_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<ArrowColumnBuilder> builder_;
  std::unique_ptr<ScratchVector> pending_;
  uint32_t count_ = 0;
  std::deque<std::string> texts_;
};

// What the nodes with children share: the type, the validity and the children.
class ParentNode : public Node {
 public:
  ParentNode(LogicalType type, ArrowForm form, arrow::MemoryPool* pool)
      : type_(type), arrow_type_(ArrowTypeOf(type, form)), validity_(pool) {
    for (const TypeField& field : type.info().fields) children_.push_back(Node::Make(field.type, form, pool));
  }

  arrow::Status Flush() override {
    for (const auto& child : children_) ARROW_RETURN_NOT_OK(child->Flush());
    return arrow::Status::OK();
  }

  int64_t largest_offset() const override {
    int64_t largest = 0;
    for (const auto& child : children_) largest = std::max(largest, child->largest_offset());
    return largest;
  }

 protected:
  arrow::Status AppendValid(bool valid) { return validity_.Append(valid); }

  arrow::Result<std::vector<ArrayDataPtr>> FinishChildren() {
    std::vector<ArrayDataPtr> arrays;
    for (const auto& child : children_) {
      ARROW_ASSIGN_OR_RAISE(arrays.emplace_back(), child->Finish());
    }
    return arrays;
  }

  arrow::Result<ArrayDataPtr> FinishWith(std::shared_ptr<arrow::Buffer> offsets, std::vector<ArrayDataPtr> children) {
    const int64_t length = validity_.length();
    const int64_t nulls = validity_.false_count();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity, validity_.Finish());
    std::vector<std::shared_ptr<arrow::Buffer>> buffers = {nulls == 0 ? nullptr : std::move(validity)};
    if (offsets != nullptr) buffers.push_back(std::move(offsets));
    return arrow::ArrayData::Make(arrow_type_, length, std::move(buffers), std::move(children), nulls);
  }

  LogicalType type_;
  std::shared_ptr<arrow::DataType> arrow_type_;
  arrow::TypedBufferBuilder<bool> validity_;
  std::vector<std::unique_ptr<Node>> children_;
};

// LIST and MAP.
class ListNode : public ParentNode {
 public:
  ListNode(LogicalType type, ArrowForm form, arrow::MemoryPool* pool) : ParentNode(type, form, pool), offsets_(pool) {}

  arrow::Status AppendNull() override {
    ARROW_RETURN_NOT_OK(offsets_.Append(num_values_));
    return AppendValid(false);
  }

  arrow::Status AppendBody(NestedReader& in) override {
    ARROW_RETURN_NOT_OK(offsets_.Append(num_values_));
    ARROW_RETURN_NOT_OK(AppendValid(true));
    for (NestedMark mark = in.Mark(); mark != NestedMark::kEnd; mark = in.Mark()) {
      if (num_values_ == INT32_MAX) return InternalError("a list column of one Arrow batch would hold 2^31 values");
      ++num_values_;
      ARROW_RETURN_NOT_OK(mark == NestedMark::kValue ? children_[0]->AppendBody(in) : children_[0]->AppendNull());
      if (children_.size() == 2) ARROW_RETURN_NOT_OK(children_[1]->AppendPart(in));
    }
    return arrow::Status::OK();
  }

  arrow::Result<ArrayDataPtr> Finish() override {
    ARROW_RETURN_NOT_OK(offsets_.Append(num_values_));
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets, offsets_.Finish());
    ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> children, FinishChildren());
    if (type_.id() == TypeId::kMap) {
      const auto& entries = static_cast<const arrow::MapType&>(*arrow_type_).value_type();
      children = {arrow::ArrayData::Make(entries, num_values_, {nullptr}, std::move(children), 0)};
    }
    num_values_ = 0;
    return FinishWith(std::move(offsets), std::move(children));
  }

  int64_t largest_offset() const override { return std::max<int64_t>(num_values_, ParentNode::largest_offset()); }

 private:
  arrow::TypedBufferBuilder<int32_t> offsets_;
  int32_t num_values_ = 0;
};

class ArrayNode : public ParentNode {
 public:
  using ParentNode::ParentNode;

  arrow::Status AppendNull() override {
    for (uint32_t i = 0; i < type_.info().size; ++i) ARROW_RETURN_NOT_OK(children_[0]->AppendNull());
    return AppendValid(false);
  }
  arrow::Status AppendBody(NestedReader& in) override {
    for (uint32_t i = 0; i < type_.info().size; ++i) ARROW_RETURN_NOT_OK(children_[0]->AppendPart(in));
    return AppendValid(true);
  }
  arrow::Result<ArrayDataPtr> Finish() override {
    ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> children, FinishChildren());
    return FinishWith(nullptr, std::move(children));
  }
};

class StructNode : public ParentNode {
 public:
  using ParentNode::ParentNode;

  arrow::Status AppendNull() override {
    for (const auto& child : children_) ARROW_RETURN_NOT_OK(child->AppendNull());
    return AppendValid(false);
  }
  arrow::Status AppendBody(NestedReader& in) override {
    for (const auto& child : children_) ARROW_RETURN_NOT_OK(child->AppendPart(in));
    return AppendValid(true);
  }
  arrow::Result<ArrayDataPtr> Finish() override {
    ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> children, FinishChildren());
    return FinishWith(nullptr, std::move(children));
  }
};

// Arrow's unions have no NULLs of their own: a NULL is one of the first member.
class UnionNode : public ParentNode {
 public:
  UnionNode(LogicalType type, ArrowForm form, arrow::MemoryPool* pool)
      : ParentNode(type, form, pool), codes_(pool), places_(pool), counts_(children_.size()) {}

  arrow::Status AppendNull() override {
    ARROW_RETURN_NOT_OK(AppendPlace(0));
    return children_[0]->AppendNull();
  }
  arrow::Status AppendBody(NestedReader& in) override {
    const auto member = in.Number<uint8_t>();
    if (member >= children_.size()) {
      in.Fail();
      return AppendNull();
    }
    ARROW_RETURN_NOT_OK(AppendPlace(member));
    return children_[member]->AppendBody(in);
  }
  arrow::Result<ArrayDataPtr> Finish() override {
    const int64_t length = codes_.length();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> codes, codes_.Finish());
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> places, places_.Finish());
    ARROW_ASSIGN_OR_RAISE(std::vector<ArrayDataPtr> children, FinishChildren());
    std::fill(counts_.begin(), counts_.end(), 0);
    return arrow::ArrayData::Make(arrow_type_, length, {nullptr, std::move(codes), std::move(places)},
                                  std::move(children), 0);
  }

 private:
  arrow::Status AppendPlace(uint8_t member) {
    ARROW_RETURN_NOT_OK(codes_.Append(static_cast<int8_t>(member)));
    return places_.Append(counts_[member]++);
  }

  arrow::TypedBufferBuilder<int8_t> codes_;
  arrow::TypedBufferBuilder<int32_t> places_;
  std::vector<int32_t> counts_;
};

std::unique_ptr<Node> Node::Make(LogicalType type, ArrowForm form, arrow::MemoryPool* pool) {
  switch (type.id()) {
    case TypeId::kList:
    case TypeId::kMap:
      return std::make_unique<ListNode>(type, form, pool);
    case TypeId::kArray:
      return std::make_unique<ArrayNode>(type, form, pool);
    case TypeId::kStruct:
      return std::make_unique<StructNode>(type, form, pool);
    case TypeId::kUnion:
      return std::make_unique<UnionNode>(type, form, pool);
    default:
      return std::make_unique<LeafNode>(type, form, pool);
  }
}

class NestedBuilder : public ArrowColumnBuilder {
 public:
  NestedBuilder(LogicalType type, ArrowForm form, arrow::MemoryPool* pool)
      : type_(type), pool_(pool), root_(Node::Make(type, form, pool)) {}

  arrow::Status Append(const Vector& vector, const Selection& selection, uint32_t num_rows) override {
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type_, pool_));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
    }
    const Vector& flat = Flatten(vector, selection, num_rows, *scratch_);
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      if (!flat.IsValid(row)) {
        ARROW_RETURN_NOT_OK(root_->AppendNull());
        continue;
      }
      NestedReader in(flat.values<StringRef>()[row].view());
      ARROW_RETURN_NOT_OK(root_->AppendBody(in));
      if (!in.ok() || !in.AtEnd()) return InternalError("a nested value is not of its type");
    }
    length_ += selection.count;
    return root_->Flush();
  }

  arrow::Result<ArrayDataPtr> Finish() override {
    length_ = 0;
    return root_->Finish();
  }

  int64_t length() const override { return length_; }
  int64_t text_bytes() const override { return root_->largest_offset(); }

 private:
  LogicalType type_;
  arrow::MemoryPool* pool_;
  std::unique_ptr<Node> root_;
  std::unique_ptr<ScratchVector> scratch_;
  int64_t length_ = 0;
};

}  // namespace

std::unique_ptr<ArrowColumnBuilder> MakeNestedBuilder(LogicalType type, ArrowForm form, arrow::MemoryPool* pool) {
  return std::make_unique<NestedBuilder>(type, form, pool);
}

}  // namespace llkv
