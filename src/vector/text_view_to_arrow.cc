// VARCHAR into Arrow's string views: texts of up to twelve bytes lie in the views, longer ones are copied once, into
// blocks that are never moved.
#include <arrow/array/data.h>
#include <arrow/buffer_builder.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "vector/arrow_column.h"
#include "vector/scratch.h"

namespace llkv {

namespace {

using View = arrow::BinaryViewType::c_type;

constexpr int64_t kFirstBlockBytes = int64_t{4} * 1024;
constexpr int64_t kMaxBlockBytes = int64_t{2} * 1024 * 1024;

class TextViewBuilder : public ArrowColumnBuilder {
 public:
  explicit TextViewBuilder(arrow::MemoryPool* pool) : pool_(pool), views_(pool), validity_(pool) {}

  arrow::Status Append(const Vector& vector, const Selection& selection, uint32_t num_rows) override {
    if (scratch_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(TypeId::kVarchar, pool_));
      scratch_ = std::make_unique<ScratchVector>(std::move(scratch));
    }
    const Vector& flat = Flatten(vector, selection, num_rows, *scratch_);
    ARROW_RETURN_NOT_OK(views_.Reserve(selection.count));
    ARROW_RETURN_NOT_OK(validity_.Reserve(selection.count));
    const auto* refs = flat.values<StringRef>();
    for (uint32_t i = 0; i < selection.count; ++i) {
      const uint32_t row = selection[i];
      const bool is_valid = flat.IsValid(row);
      validity_.UnsafeAppend(is_valid);
      View view{};
      if (is_valid) ARROW_RETURN_NOT_OK(MakeView(refs[row], &view));
      views_.UnsafeAppend(view);
    }
    return arrow::Status::OK();
  }

  arrow::Result<std::shared_ptr<arrow::ArrayData>> Finish() override {
    const int64_t length = views_.length();
    const int64_t nulls = validity_.false_count();
    std::vector<std::shared_ptr<arrow::Buffer>> buffers(2);
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> validity, validity_.Finish());
    if (nulls > 0) buffers[0] = std::move(validity);
    ARROW_ASSIGN_OR_RAISE(buffers[1], views_.Finish());
    if (!blocks_.empty()) ARROW_RETURN_NOT_OK(EndBlock());
    std::move(blocks_.begin(), blocks_.end(), std::back_inserter(buffers));
    blocks_.clear();
    text_size_ = used_ = capacity_ = 0;
    return arrow::ArrayData::Make(arrow::utf8_view(), length, std::move(buffers), nulls);
  }

  int64_t length() const override { return views_.length(); }
  int64_t text_bytes() const override { return text_size_; }

 private:
  arrow::Status MakeView(const StringRef& text, View* view) {
    const auto size = static_cast<int32_t>(text.size);
    if (size <= arrow::BinaryViewType::kInlineSize) {
      view->inlined.size = size;
      std::memcpy(view->inlined.data.data(), text.data, text.size);
      return arrow::Status::OK();
    }
    if (capacity_ - used_ < size) ARROW_RETURN_NOT_OK(AddBlock(size));
    std::memcpy(blocks_.back()->mutable_data() + used_, text.data, text.size);
    view->ref.size = size;
    std::memcpy(view->ref.prefix.data(), text.data, view->ref.prefix.size());
    view->ref.buffer_index = static_cast<int32_t>(blocks_.size() - 1);
    view->ref.offset = static_cast<int32_t>(used_);
    used_ += size;
    text_size_ += size;
    return arrow::Status::OK();
  }

  arrow::Status AddBlock(int64_t least) {
    if (!blocks_.empty()) ARROW_RETURN_NOT_OK(EndBlock());
    capacity_ = std::max(least, std::clamp(capacity_ * 2, kFirstBlockBytes, kMaxBlockBytes));
    used_ = 0;
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::ResizableBuffer> block,
                          arrow::AllocateResizableBuffer(capacity_, pool_));
    blocks_.push_back(std::move(block));
    return arrow::Status::OK();
  }

  /// Forgets what the last block has room for.
  arrow::Status EndBlock() {
    ARROW_RETURN_NOT_OK(blocks_.back()->Resize(used_, /*shrink_to_fit=*/false));
    blocks_.back()->ZeroPadding();
    return arrow::Status::OK();
  }

  arrow::MemoryPool* pool_;
  arrow::TypedBufferBuilder<View> views_;
  arrow::TypedBufferBuilder<bool> validity_;
  std::vector<std::shared_ptr<arrow::ResizableBuffer>> blocks_;
  int64_t capacity_ = 0;  // of the last block
  int64_t used_ = 0;
  int64_t text_size_ = 0;
  std::unique_ptr<ScratchVector> scratch_;
};

}  // namespace

std::unique_ptr<ArrowColumnBuilder> MakeTextViewBuilder(arrow::MemoryPool* pool) {
  return std::make_unique<TextViewBuilder>(pool);
}

}  // namespace llkv
