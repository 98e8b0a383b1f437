// Arrow list, struct, map and union arrays as Vectors of nested values (types/nested_value.h), and text as ENUMs.
#include <arrow/array/data.h>
#include <arrow/buffer.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>

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

arrow::Status Mismatch(const arrow::DataType& arrow_type, LogicalType type) {
  return SqlError(sqlstate::kDatatypeMismatch,
                  "the Arrow type " + arrow_type.ToString() + " is not that of " + type.ToString());
}

bool BitAt(const uint8_t* bits, int64_t i) { return ((bits[i >> 3] >> (i & 7)) & 1) != 0; }

// A byte for each row of a range: whether a value that is not NULL reaches it. Empty: one reaches each. What lies under
// NULLs may be anything (builders leave an empty string where JSON is held), so it's never looked at.
using RowMask = std::vector<uint8_t>;

// One array of the tree. Rows are counted from the array's own offset.
class Node {
 public:
  Node(std::shared_ptr<arrow::ArrayData> array, LogicalType type)
      : array_(std::move(array)), type_(type), offset_(array_->offset) {
    const bool has_bitmap = !array_->buffers.empty() && array_->buffers[0] != nullptr && array_->null_count != 0;
    if (has_bitmap && type.id() != TypeId::kUnion) validity_ = array_->buffers[0]->data();
  }
  virtual ~Node() = default;

  // `reached` has a byte for each of the rows from `begin` to `end`, or none.
  static arrow::Result<std::unique_ptr<Node>> Make(std::shared_ptr<arrow::ArrayData> array, LogicalType type,
                                                   int64_t begin, int64_t end, const RowMask& reached,
                                                   arrow::MemoryPool* pool);

  virtual bool IsNull(int64_t row) const { return validity_ != nullptr && !BitAt(validity_, offset_ + row); }
  virtual arrow::Status AppendBody(int64_t row, std::string* out) const = 0;

  arrow::Status AppendPart(int64_t row, std::string* out) const {
    if (IsNull(row)) {
      AppendNestedMark(NestedMark::kNull, out);
      return arrow::Status::OK();
    }
    AppendNestedMark(NestedMark::kValue, out);
    return AppendBody(row, out);
  }
  // The parts of all rows from `begin` to `end`.
  virtual arrow::Status AppendParts(int64_t begin, int64_t end, std::string* out) const {
    for (int64_t row = begin; row < end; ++row) ARROW_RETURN_NOT_OK(AppendPart(row, out));
    return arrow::Status::OK();
  }

 protected:
  // The mask of values one for one below this node's rows.
  RowMask ReachedBelow(int64_t begin, int64_t end, const RowMask& reached) const {
    RowMask below = reached;
    if (validity_ == nullptr) return below;
    below.resize(static_cast<size_t>(end - begin), 1);
    for (int64_t row = begin; row < end; ++row) {
      if (!BitAt(validity_, offset_ + row)) below[static_cast<size_t>(row - begin)] = 0;
    }
    return below;
  }

  std::shared_ptr<arrow::ArrayData> array_;
  LogicalType type_;
  int64_t offset_;
  const uint8_t* validity_ = nullptr;
};

// Values without children: all of the range in the physical form, made once.
class LeafNode : public Node {
 public:
  LeafNode(std::shared_ptr<arrow::ArrayData> array, LogicalType type, int64_t begin)
      : Node(std::move(array), type),
        begin_(begin),
        width_(static_cast<size_t>(PhysicalWidth(type.physical()))),
        limits_(IntegerLimits(type)) {}

  arrow::Status Load(int64_t end, const RowMask& reached, arrow::MemoryPool* pool) {
    if (!reached.empty()) ARROW_RETURN_NOT_OK(HideRows(end, reached, pool));
    ARROW_ASSIGN_OR_RAISE(reader_, ArrowColumnReader::Make(array_, type_, pool));
    ARROW_ASSIGN_OR_RAISE(ScratchVector flat, ScratchVector::Make(type_, pool));
    values_.resize(static_cast<size_t>(end - begin_) * width_);
    valid_.resize(static_cast<size_t>(end - begin_));
    for (int64_t row = begin_; row < end; row += kMaxBatchRows) {
      const auto count = static_cast<uint32_t>(std::min<int64_t>(kMaxBatchRows, end - row));
      Vector piece;
      ARROW_RETURN_NOT_OK(reader_->Read(row, count, &piece));
      const Vector& values = Flatten(piece, Selection::All(count), count, flat);
      const auto at = static_cast<size_t>(row - begin_);
      std::memcpy(values_.data() + at * width_, values.data, count * width_);
      for (uint32_t i = 0; i < count; ++i) {
        valid_[at + i] = values.IsValid(i) && type_.id() != TypeId::kNull;
        if (valid_[at + i] != 0) ARROW_RETURN_NOT_OK(Check(at + i));
      }
    }
    return arrow::Status::OK();
  }

  bool IsNull(int64_t row) const override { return valid_[static_cast<size_t>(row - begin_)] == 0; }

  arrow::Status AppendBody(int64_t row, std::string* out) const override {
    const uint8_t* value = values_.data() + static_cast<size_t>(row - begin_) * width_;
    switch (type_.physical()) {
      case PhysicalType::kString:
        AppendNestedText(reinterpret_cast<const StringRef*>(value)->view(), out);
        break;
      case PhysicalType::kInterval:
        AppendNestedInterval(Load<Interval>(value), out);
        break;
      default:
        VisitNestedNumber(type_.physical(), [&](auto zero) { AppendNestedNumber(Load<decltype(zero)>(value), out); });
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendParts(int64_t begin, int64_t end, std::string* out) const override {
    if (type_.physical() == PhysicalType::kString || type_.physical() == PhysicalType::kInterval) {
      return Node::AppendParts(begin, end, out);
    }
    VisitNestedNumber(type_.physical(), [&](auto zero) { AppendNumbers<decltype(zero)>(begin, end, out); });
    return arrow::Status::OK();
  }

 private:
  template <typename T>
  static T Load(const uint8_t* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    return value;
  }

  template <typename T>
  void AppendNumbers(int64_t begin, int64_t end, std::string* out) const {
    const auto first = static_cast<size_t>(begin - begin_);
    const auto count = static_cast<size_t>(end - begin);
    const size_t size = out->size();
    out->resize(size + count * (1 + sizeof(T)));
    char* next = out->data() + size;
    for (size_t i = first; i < first + count; ++i) {
      if (valid_[i] == 0) {
        *next++ = static_cast<char>(NestedMark::kNull);
        continue;
      }
      *next = static_cast<char>(NestedMark::kValue);
      StoreNestedNumber(Load<T>(values_.data() + i * sizeof(T)), next + 1);
      next += 1 + sizeof(T);
    }
    out->resize(static_cast<size_t>(next - out->data()));
  }

  // Makes what nothing reaches NULL.
  arrow::Status HideRows(int64_t end, const RowMask& reached, arrow::MemoryPool* pool) {
    if (!arrow::internal::may_have_validity_bitmap(array_->type->id())) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bitmap,
                          arrow::AllocateEmptyBitmap(offset_ + array_->length, pool));
    for (int64_t row = begin_; row < end; ++row) {
      const bool is_valid = validity_ == nullptr || BitAt(validity_, offset_ + row);
      if (is_valid && reached[static_cast<size_t>(row - begin_)] != 0) {
        arrow::bit_util::SetBit(bitmap->mutable_data(), offset_ + row);
      }
    }
    array_ = array_->Copy();
    array_->buffers[0] = std::move(bitmap);
    array_->null_count = arrow::kUnknownNullCount;
    return arrow::Status::OK();
  }

  // Decimals and codes may be wider than the type.
  arrow::Status Check(size_t at) const {
    if (!type_.IsDecimal() && !type_.IsEnum()) return arrow::Status::OK();
    const uint8_t* value = values_.data() + at * width_;
    bool fits = true;
    VisitNestedNumber(type_.physical(), [&](auto zero) {
      using T = decltype(zero);
      if constexpr (!std::is_floating_point_v<T>) {
        const auto number = static_cast<int128_t>(Load<T>(value));
        fits = number >= limits_.min && number <= limits_.max;
      }
    });
    if (fits) return arrow::Status::OK();
    return SqlError(sqlstate::kNumericOutOfRange, "a value is out of range for " + type_.ToString());
  }

  int64_t begin_;
  size_t width_;
  ValueLimits limits_;
  std::unique_ptr<ArrowColumnReader> reader_;  // strings point into what it holds
  std::vector<uint8_t> values_;
  std::vector<uint8_t> valid_;
};

// LIST and MAP, with offsets of 4 or 8 bytes; ARRAY, or a fixed_size_list as a LIST.
class ListNode : public Node {
 public:
  using Node::Node;

  arrow::Status Load(int64_t begin, int64_t end, const RowMask& reached, arrow::MemoryPool* pool) {
    switch (array_->type->id()) {
      case arrow::Type::LARGE_LIST:
        is_large_ = true;
        break;
      case arrow::Type::FIXED_SIZE_LIST:
        fixed_size_ = static_cast<const arrow::FixedSizeListType&>(*array_->type).list_size();
        break;
      case arrow::Type::LIST:
      case arrow::Type::MAP:
        break;
      default:
        return Mismatch(*array_->type, type_);
    }
    const bool fits = type_.id() == TypeId::kArray ? fixed_size_ == static_cast<int64_t>(type_.info().size)
                                                   : (type_.id() == TypeId::kMap) == IsArrowMap();
    if (!fits) return Mismatch(*array_->type, type_);
    const int64_t first = begin == end ? 0 : First(begin);
    const int64_t last = begin == end ? 0 : First(end);
    const RowMask below = ReachedElements(begin, end, reached);
    std::shared_ptr<arrow::ArrayData> child = array_->child_data[0];
    if (type_.id() != TypeId::kMap) {
      return Node::Make(child, ElementType(type_), first, last, below, pool).Value(&element_);
    }
    // Entries are structs without NULLs; their fields lie behind the struct's own offset.
    const int64_t shift = child->offset;
    ARROW_RETURN_NOT_OK(
        Node::Make(child->child_data[0], MapKeyType(type_), first + shift, last + shift, below, pool).Value(&element_));
    ARROW_RETURN_NOT_OK(
        Node::Make(child->child_data[1], MapValueType(type_), first + shift, last + shift, below, pool).Value(&value_));
    entry_shift_ = shift;
    return arrow::Status::OK();
  }

  arrow::Status AppendBody(int64_t row, std::string* out) const override {
    const int64_t last = First(row + 1);
    if (type_.id() == TypeId::kMap) return AppendEntries(First(row), last, out);
    ARROW_RETURN_NOT_OK(element_->AppendParts(First(row), last, out));
    if (type_.id() == TypeId::kList) AppendNestedMark(NestedMark::kEnd, out);
    return arrow::Status::OK();
  }

 private:
  RowMask ReachedElements(int64_t begin, int64_t end, const RowMask& reached) const {
    const RowMask lists = ReachedBelow(begin, end, reached);
    RowMask elements;
    if (lists.empty()) return elements;
    const int64_t first = First(begin);
    elements.resize(static_cast<size_t>(First(end) - first));
    for (int64_t row = begin; row < end; ++row) {
      std::fill(elements.begin() + (First(row) - first), elements.begin() + (First(row + 1) - first),
                lists[static_cast<size_t>(row - begin)]);
    }
    return elements;
  }

  bool IsArrowMap() const { return array_->type->id() == arrow::Type::MAP; }

  int64_t First(int64_t row) const {
    if (fixed_size_ >= 0) return (offset_ + row) * fixed_size_;
    const auto* offsets = array_->buffers[1]->data();
    return is_large_ ? reinterpret_cast<const int64_t*>(offsets)[offset_ + row]
                     : reinterpret_cast<const int32_t*>(offsets)[offset_ + row];
  }

  arrow::Status AppendEntries(int64_t first, int64_t last, std::string* out) const {
    std::vector<std::pair<size_t, size_t>> places;
    for (int64_t i = first + entry_shift_; i < last + entry_shift_; ++i) {
      const size_t begin = out->size();
      ARROW_RETURN_NOT_OK(element_->AppendPart(i, out));
      places.emplace_back(begin, out->size() - begin);
      ARROW_RETURN_NOT_OK(value_->AppendPart(i, out));
    }
    return FinishNestedMap(places, out);
  }

  bool is_large_ = false;
  int64_t fixed_size_ = -1;
  int64_t entry_shift_ = 0;
  std::unique_ptr<Node> element_;  // keys of a MAP
  std::unique_ptr<Node> value_;
};

class StructNode : public Node {
 public:
  using Node::Node;

  arrow::Status Load(int64_t begin, int64_t end, const RowMask& reached, arrow::MemoryPool* pool) {
    const std::vector<TypeField>& fields = type_.info().fields;
    if (array_->type->id() != arrow::Type::STRUCT || array_->child_data.size() != fields.size()) {
      return Mismatch(*array_->type, type_);
    }
    const RowMask below = ReachedBelow(begin, end, reached);
    for (size_t i = 0; i < fields.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(fields_.emplace_back(), Node::Make(array_->child_data[i], fields[i].type, offset_ + begin,
                                                               offset_ + end, below, pool));
    }
    return arrow::Status::OK();
  }

  arrow::Status AppendBody(int64_t row, std::string* out) const override {
    for (const auto& field : fields_) ARROW_RETURN_NOT_OK(field->AppendPart(offset_ + row, out));
    return arrow::Status::OK();
  }

 private:
  std::vector<std::unique_ptr<Node>> fields_;
};

class UnionNode : public Node {
 public:
  using Node::Node;

  arrow::Status Load(int64_t begin, int64_t end, const RowMask& reached, arrow::MemoryPool* pool) {
    const std::vector<TypeField>& fields = type_.info().fields;
    is_dense_ = array_->type->id() == arrow::Type::DENSE_UNION;
    if ((!is_dense_ && array_->type->id() != arrow::Type::SPARSE_UNION) || array_->child_data.size() != fields.size()) {
      return Mismatch(*array_->type, type_);
    }
    members_by_code_ = static_cast<const arrow::UnionType&>(*array_->type).child_ids();
    const int64_t first = is_dense_ ? 0 : offset_ + begin;
    const auto last_of = [&](const arrow::ArrayData& child) { return is_dense_ ? child.length : offset_ + end; };
    std::vector<RowMask> below;
    for (const auto& child : array_->child_data) below.emplace_back(static_cast<size_t>(last_of(*child) - first));
    for (int64_t row = begin; row < end; ++row) {
      if (!reached.empty() && reached[static_cast<size_t>(row - begin)] == 0) continue;
      below[Member(row)][static_cast<size_t>(Place(row) - first)] = 1;
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto& child = array_->child_data[i];
      ARROW_ASSIGN_OR_RAISE(members_.emplace_back(),
                            Node::Make(child, fields[i].type, first, last_of(*child), below[i], pool));
    }
    return arrow::Status::OK();
  }

  bool IsNull(int64_t row) const override { return members_[Member(row)]->IsNull(Place(row)); }

  arrow::Status AppendBody(int64_t row, std::string* out) const override {
    AppendNestedNumber(static_cast<uint8_t>(Member(row)), out);
    return members_[Member(row)]->AppendBody(Place(row), out);
  }

 private:
  size_t Member(int64_t row) const {
    const auto code = reinterpret_cast<const int8_t*>(array_->buffers[1]->data())[offset_ + row];
    return static_cast<size_t>(members_by_code_[static_cast<size_t>(code)]);
  }
  int64_t Place(int64_t row) const {
    if (!is_dense_) return offset_ + row;
    return reinterpret_cast<const int32_t*>(array_->buffers[2]->data())[offset_ + row];
  }

  bool is_dense_ = true;
  std::vector<int> members_by_code_;
  std::vector<std::unique_ptr<Node>> members_;
};

template <typename T, typename... Args>
arrow::Result<std::unique_ptr<Node>> Loaded(std::unique_ptr<T> node, Args&&... args) {
  ARROW_RETURN_NOT_OK(node->Load(std::forward<Args>(args)...));
  return std::unique_ptr<Node>(std::move(node));
}

arrow::Result<std::unique_ptr<Node>> Node::Make(std::shared_ptr<arrow::ArrayData> array, LogicalType type,
                                                int64_t begin, int64_t end, const RowMask& reached,
                                                arrow::MemoryPool* pool) {
  switch (type.id()) {
    case TypeId::kList:
    case TypeId::kArray:
    case TypeId::kMap:
      return Loaded(std::make_unique<ListNode>(std::move(array), type), begin, end, reached, pool);
    case TypeId::kStruct:
      return Loaded(std::make_unique<StructNode>(std::move(array), type), begin, end, reached, pool);
    case TypeId::kUnion:
      return Loaded(std::make_unique<UnionNode>(std::move(array), type), begin, end, reached, pool);
    default:
      return Loaded(std::make_unique<LeafNode>(std::move(array), type, begin), end, reached, pool);
  }
}

class NestedReaderOfArrow : public ArrowColumnReader {
 public:
  NestedReaderOfArrow(LogicalType type, std::unique_ptr<Node> root, ScratchVector scratch, arrow::MemoryPool* pool)
      : type_(type), root_(std::move(root)), scratch_(std::move(scratch)), arena_(pool) {}

  arrow::Status Read(int64_t row, uint32_t count, Vector* out) override {
    scratch_.ResetFlat(type_);
    auto* refs = scratch_.data<StringRef>();
    uint8_t* validity = nullptr;
    for (uint32_t i = 0; i < count; ++i) {
      refs[i] = StringRef();
      if (root_->IsNull(row + i)) {
        if (validity == nullptr) validity = scratch_.UseValidity();
        ClearBit(validity, i);
        continue;
      }
      bytes_.clear();
      ARROW_RETURN_NOT_OK(root_->AppendBody(row + i, &bytes_));
      if (bytes_.size() > INT32_MAX) {
        return SqlError(sqlstate::kInvalidParameter, "a nested value takes more than 2 GiB");
      }
      ARROW_ASSIGN_OR_RAISE(refs[i], arena_.Copy(bytes_));
    }
    *out = scratch_.vector();
    return arrow::Status::OK();
  }

 private:
  LogicalType type_;
  std::unique_ptr<Node> root_;
  ScratchVector scratch_;
  StringArena arena_;
  std::string bytes_;
};

class EnumReader : public ArrowColumnReader {
 public:
  EnumReader(LogicalType type, std::unique_ptr<ArrowColumnReader> texts, ScratchVector flat, ScratchVector codes)
      : type_(type), texts_(std::move(texts)), flat_(std::move(flat)), codes_(std::move(codes)) {}

  arrow::Status Read(int64_t row, uint32_t count, Vector* out) override {
    Vector piece;
    ARROW_RETURN_NOT_OK(texts_->Read(row, count, &piece));
    const Vector& texts = Flatten(piece, Selection::All(count), count, flat_);
    codes_.ResetFlat(type_);
    if (texts.validity != nullptr) CopyBitmap(texts.validity, count, codes_.UseValidity());
    const bool wide = type_.physical() == PhysicalType::kUInt16;
    for (uint32_t i = 0; i < count; ++i) {
      uint32_t code = 0;
      if (texts.IsValid(i)) {
        const std::string_view text = texts.values<StringRef>()[i].view();
        const std::optional<uint32_t> label = type_.info().FindLabel(text);
        if (!label) {
          return SqlError(sqlstate::kInvalidTextRepresentation,
                          "\"" + std::string(text) + "\" is no label of " + type_.ToString());
        }
        code = *label;
      }
      if (wide) {
        codes_.data<uint16_t>()[i] = static_cast<uint16_t>(code);
      } else {
        codes_.data<uint8_t>()[i] = static_cast<uint8_t>(code);
      }
    }
    *out = codes_.vector();
    return arrow::Status::OK();
  }

 private:
  LogicalType type_;
  std::unique_ptr<ArrowColumnReader> texts_;
  ScratchVector flat_;
  ScratchVector codes_;
};

}  // namespace

arrow::Result<std::unique_ptr<ArrowColumnReader>> MakeNestedReader(std::shared_ptr<arrow::ArrayData> array,
                                                                   LogicalType type, arrow::MemoryPool* pool) {
  const int64_t length = array->length;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<Node> root, Node::Make(std::move(array), type, 0, length, {}, pool));
  ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(type, pool));
  return std::make_unique<NestedReaderOfArrow>(type, std::move(root), std::move(scratch), pool);
}

arrow::Result<std::unique_ptr<ArrowColumnReader>> MakeEnumReader(std::shared_ptr<arrow::ArrayData> array,
                                                                 LogicalType type, arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const LogicalType given, FromArrowType(*array->type));
  if (given.id() != TypeId::kVarchar) return Mismatch(*array->type, type);
  ARROW_ASSIGN_OR_RAISE(auto texts, ArrowColumnReader::Make(std::move(array), given, pool));
  ARROW_ASSIGN_OR_RAISE(ScratchVector flat, ScratchVector::Make(given, pool));
  ARROW_ASSIGN_OR_RAISE(ScratchVector codes, ScratchVector::Make(type, pool));
  return std::make_unique<EnumReader>(type, std::move(texts), std::move(flat), std::move(codes));
}

}  // namespace llkv
