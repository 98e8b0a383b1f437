// Comparison loops: dense ones per CPU level, sparse ones by row, narrow columns in their storage type.
#include "functions/compare_loops.h"

#include <cstring>
#include <limits>

namespace llkv {

namespace {

template <CompareOp op, typename T>
struct CompareColumns {
  static LLKV_INLINE void Run(const T* left, const T* right, uint8_t* out, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(CompareScalars<op, T>(left[i], right[i]));
  }
};

template <CompareOp op, typename T>
struct CompareConstant {
  static LLKV_INLINE void Run(const T* left, const T* right, uint8_t* out, uint32_t count) {
    const T constant = *right;
    for (uint32_t i = 0; i < count; ++i) out[i] = static_cast<uint8_t>(CompareScalars<op, T>(left[i], constant));
  }
};

// Types whose dense loops are worth compiling for each CPU level, and which may be read at unselected rows.
template <typename T>
inline constexpr bool kIsPlain = std::is_arithmetic_v<T>;

template <CompareOp op, typename T>
void CompareTyped(const T* left, const T* right, bool right_constant, const Selection& selection, uint32_t num_rows,
                  uint8_t* out) {
  if constexpr (kIsPlain<T>) {
    if (PrefersDense(selection, num_rows)) {
      const uint32_t count = DenseCount(selection, num_rows);
      if (right_constant) {
        Dispatch<CompareConstant<op, T>>(left, right, out, count);
      } else {
        Dispatch<CompareColumns<op, T>>(left, right, out, count);
      }
      return;
    }
  }
  const uint32_t mask = right_constant ? 0 : ~uint32_t{0};
  ForEachRow(selection, [&](uint32_t row) {
    out[row] = static_cast<uint8_t>(CompareScalars<op, T>(left[row], right[row & mask]));
  });
}

template <CompareOp op, typename T>
uint32_t SelectTyped(const T* left, const T* right, bool right_constant, const Selection& selection, uint32_t num_rows,
                     uint16_t* rows) {
  if constexpr (kIsPlain<T>) {
    if (PrefersDense(selection, num_rows)) {
      alignas(64) uint8_t bytes[kMaxBatchRows + 64];
      CompareTyped<op, T>(left, right, right_constant, selection, num_rows, bytes);
      return SelectBytes(bytes, true, selection, rows);
    }
  }
  const uint32_t mask = right_constant ? 0 : ~uint32_t{0};
  uint32_t count = 0;
  ForEachRow(selection, [&](uint32_t row) {
    rows[count] = static_cast<uint16_t>(row);
    count += CompareScalars<op, T>(left[row], right[row & mask]) ? 1 : 0;
  });
  return count;
}

// What to do with a comparison whose types and operator are known at compile time: fill bytes or select rows.
struct BytesSink {
  const Selection& selection;
  uint32_t num_rows;
  uint8_t* out;

  template <CompareOp op, typename T>
  void Compare(const T* left, const T* right, bool right_constant) {
    CompareTyped<op, T>(left, right, right_constant, selection, num_rows, out);
  }
  void All(bool result) { std::memset(out, result ? 1 : 0, num_rows); }
};

struct RowsSink {
  const Selection& selection;
  uint32_t num_rows;
  uint16_t* rows;
  uint32_t count = 0;

  template <CompareOp op, typename T>
  void Compare(const T* left, const T* right, bool right_constant) {
    count = SelectTyped<op, T>(left, right, right_constant, selection, num_rows, rows);
  }
  void All(bool result) {
    count = result ? selection.count : 0;
    for (uint32_t i = 0; i < count; ++i) rows[i] = static_cast<uint16_t>(selection[i]);
  }
};

template <typename T, typename Sink>
void WithOperator(CompareOp op, const void* left, const void* right, bool right_constant, Sink& sink) {
  const T* l = static_cast<const T*>(left);
  const T* r = static_cast<const T*>(right);
  switch (op) {
    case CompareOp::kEqual:
      return sink.template Compare<CompareOp::kEqual, T>(l, r, right_constant);
    case CompareOp::kNotEqual:
      return sink.template Compare<CompareOp::kNotEqual, T>(l, r, right_constant);
    case CompareOp::kLess:
      return sink.template Compare<CompareOp::kLess, T>(l, r, right_constant);
    case CompareOp::kLessEqual:
      return sink.template Compare<CompareOp::kLessEqual, T>(l, r, right_constant);
    case CompareOp::kGreater:
      return sink.template Compare<CompareOp::kGreater, T>(l, r, right_constant);
    case CompareOp::kGreaterEqual:
      return sink.template Compare<CompareOp::kGreaterEqual, T>(l, r, right_constant);
  }
}

template <typename Sink>
void WithPhysicalType(PhysicalType type, CompareOp op, const void* left, const void* right, bool right_constant,
                      Sink& sink) {
  switch (type) {
    case PhysicalType::kInt8:
      return WithOperator<int8_t>(op, left, right, right_constant, sink);
    case PhysicalType::kInt16:
      return WithOperator<int16_t>(op, left, right, right_constant, sink);
    case PhysicalType::kInt32:
      return WithOperator<int32_t>(op, left, right, right_constant, sink);
    case PhysicalType::kInt64:
      return WithOperator<int64_t>(op, left, right, right_constant, sink);
    case PhysicalType::kInt128:
      return WithOperator<int128_t>(op, left, right, right_constant, sink);
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return WithOperator<uint8_t>(op, left, right, right_constant, sink);
    case PhysicalType::kUInt16:
      return WithOperator<uint16_t>(op, left, right, right_constant, sink);
    case PhysicalType::kUInt32:
      return WithOperator<uint32_t>(op, left, right, right_constant, sink);
    case PhysicalType::kUInt64:
      return WithOperator<uint64_t>(op, left, right, right_constant, sink);
    case PhysicalType::kFloat:
      return WithOperator<float>(op, left, right, right_constant, sink);
    case PhysicalType::kDouble:
      return WithOperator<double>(op, left, right, right_constant, sink);
    case PhysicalType::kString:
      return WithOperator<StringRef>(op, left, right, right_constant, sink);
    case PhysicalType::kInterval:
      return WithOperator<Interval>(op, left, right, right_constant, sink);
  }
}

template <typename Sink>
void WithType(LogicalType type, CompareOp op, const void* left, const void* right, bool right_constant, Sink& sink) {
  if (type.IsAny()) return WithOperator<AnyRef>(op, left, right, right_constant, sink);
  WithPhysicalType(type.physical(), op, left, right, right_constant, sink);
}

int128_t ConstantInteger(const Vector& vector) {
  if (vector.type.physical() == PhysicalType::kInt128) return *vector.values<int128_t>();
  return VisitInteger64(vector.type.physical(),
                        [&](auto zero) { return static_cast<int128_t>(*vector.values<decltype(zero)>()); });
}

// `column op constant` for values that all lie on one side of the constant: the answer is the same for every row.
bool AnswerOutside(CompareOp op, bool constant_above) {
  switch (op) {
    case CompareOp::kEqual:
      return false;
    case CompareOp::kNotEqual:
      return true;
    case CompareOp::kLess:
    case CompareOp::kLessEqual:
      return constant_above;
    default:
      return !constant_above;
  }
}

// A narrow column against a constant: the constant goes into the storage's domain.
template <typename Sink>
void CompareNarrow(CompareOp op, const Vector& column, const Vector& constant, Sink& sink) {
  const int128_t target = ConstantInteger(constant) - column.base;
  VisitInteger64(column.storage, [&](auto zero) {
    using T = decltype(zero);
    if (target < static_cast<int128_t>(std::numeric_limits<T>::min())) return sink.All(AnswerOutside(op, false));
    if (target > static_cast<int128_t>(std::numeric_limits<T>::max())) return sink.All(AnswerOutside(op, true));
    const T stored = static_cast<T>(target);
    WithOperator<T>(op, column.data, &stored, true, sink);
  });
}

// Both sides as flat values of the type; reading is dense where the loops may read unselected rows.
template <typename Sink>
void CompareFlattened(CompareOp op, const Vector& left, const Vector& right, Sink& sink) {
  alignas(64) int128_t left_values[kMaxBatchRows];
  alignas(64) int128_t right_values[kMaxBatchRows];
  const auto widen = [&](const Vector& input, int128_t* values) {
    if (input.form != VectorForm::kNarrow) {
      const uint32_t count = input.form == VectorForm::kConstant ? 1 : sink.num_rows;
      if (input.type.physical() == PhysicalType::kInt128) {
        std::memcpy(values, input.data, size_t{count} * sizeof(int128_t));
      } else {
        VisitInteger64(input.type.physical(), [&](auto zero) {
          const auto* data = input.values<decltype(zero)>();
          for (uint32_t i = 0; i < count; ++i) values[i] = static_cast<int128_t>(data[i]);
        });
      }
      return;
    }
    VisitInteger64(input.storage, [&](auto zero) {
      const auto* data = input.values<decltype(zero)>();
      for (uint32_t i = 0; i < sink.num_rows; ++i) values[i] = static_cast<int128_t>(data[i]) + input.base;
    });
  };
  widen(left, left_values);
  widen(right, right_values);
  WithOperator<int128_t>(op, left_values, right_values, right.form == VectorForm::kConstant, sink);
}

template <typename Sink>
void CompareAny(CompareOp op, const Vector& left, const Vector& right, Sink& sink) {
  const bool left_narrow = left.form == VectorForm::kNarrow;
  const bool right_narrow = right.form == VectorForm::kNarrow;
  if (left.form == VectorForm::kConstant && right.form != VectorForm::kConstant) {
    return CompareAny(SwapSides(op), right, left, sink);
  }
  if (left_narrow && right.form == VectorForm::kConstant) return CompareNarrow(op, left, right, sink);
  if (left_narrow && right_narrow && left.storage == right.storage && left.base == right.base) {
    return WithPhysicalType(left.storage, op, left.data, right.data, false, sink);
  }
  if (left_narrow || right_narrow) return CompareFlattened(op, left, right, sink);
  if (left.form == VectorForm::kConstant) {
    bool result = false;
    uint8_t byte = 0;
    BytesSink one{Selection::All(1), 1, &byte};
    WithType(left.type, op, left.data, right.data, true, one);
    result = byte != 0;
    return sink.All(result);
  }
  WithType(left.type, op, left.data, right.data, right.form == VectorForm::kConstant, sink);
}

}  // namespace

void CompareVectors(CompareOp op, const Vector& left, const Vector& right, const Selection& selection,
                    uint32_t num_rows, uint8_t* out) {
  BytesSink sink{selection, num_rows, out};
  CompareAny(op, left, right, sink);
}

uint32_t SelectCompare(CompareOp op, const Vector& left, const Vector& right, const Selection& selection,
                       uint32_t num_rows, uint16_t* rows) {
  RowsSink sink{selection, num_rows, rows};
  CompareAny(op, left, right, sink);
  return sink.count;
}

}  // namespace llkv
