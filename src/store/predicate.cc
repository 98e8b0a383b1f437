// See predicate.h.
#include "store/predicate.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace llkv {

namespace {

/// GCC vectorizes loops whose length is unknown at -O3 only.
#if defined(__GNUC__) && !defined(__clang__)
#define LLKV_VECTORIZED __attribute__((optimize("O3")))
#else
#define LLKV_VECTORIZED
#endif

template <typename T>
struct UnsignedOf {
  using Type = std::make_unsigned_t<T>;
};
template <>
struct UnsignedOf<int128_t> {
  using Type = uint128_t;
};

template <typename T>
constexpr int128_t MinOf() {
  if constexpr (std::is_same_v<T, int128_t>) {
    return kInt128Min;
  } else {
    return std::numeric_limits<T>::min();
  }
}
template <typename T>
constexpr int128_t MaxOf() {
  if constexpr (std::is_same_v<T, int128_t>) {
    return kInt128Max;
  } else {
    return static_cast<int128_t>(std::numeric_limits<T>::max());
  }
}

template <typename T>
LLKV_VECTORIZED void MaskRange(const T* values, T low, T high, uint8_t negated, uint32_t num_rows, uint8_t* mask) {
  using U = typename UnsignedOf<T>::Type;
  const auto first = static_cast<U>(low);
  const auto span = static_cast<U>(static_cast<U>(high) - first);
  for (uint32_t i = 0; i < num_rows; ++i) {
    const bool inside = static_cast<U>(static_cast<U>(values[i]) - first) <= span;
    mask[i] = static_cast<uint8_t>(mask[i] & (static_cast<uint8_t>(inside) ^ negated));
  }
}

template <typename Code>
LLKV_VECTORIZED void MaskByCode(const Code* codes, const uint8_t* passes, uint32_t num_rows, uint8_t* mask) {
  for (uint32_t i = 0; i < num_rows; ++i) mask[i] = static_cast<uint8_t>(mask[i] & passes[codes[i]]);
}

/// base + value saturates: a bound beyond 128 bits is a bound beyond every value.
int128_t SubtractSaturating(int128_t a, int64_t b) {
  int128_t result;
  if (!__builtin_sub_overflow(a, static_cast<int128_t>(b), &result)) return result;
  return b > 0 ? kInt128Min : kInt128Max;
}

}  // namespace

LLKV_VECTORIZED void MaskOutNulls(const Vector& vector, uint32_t num_rows, uint8_t* mask) {
  if (vector.validity == nullptr) return;
  if (vector.form == VectorForm::kConstant) {
    if (vector.IsConstantNull()) std::memset(mask, 0, num_rows);
    return;
  }
  const uint8_t* bits = vector.validity;
  for (uint32_t i = 0; i < num_rows; ++i) {
    mask[i] = static_cast<uint8_t>(mask[i] & ((bits[i >> 3] >> (i & 7)) & 1));
  }
}

uint32_t MaskToSelection(const uint8_t* mask, uint32_t num_rows, uint16_t* rows) {
  uint32_t count = 0;
  uint32_t i = 0;
  for (; i + 8 <= num_rows; i += 8) {
    uint64_t eight;
    std::memcpy(&eight, mask + i, sizeof(eight));
    if (eight == 0) continue;
    if (eight == 0x0101010101010101u) {
      for (uint32_t k = 0; k < 8; ++k) rows[count + k] = static_cast<uint16_t>(i + k);
      count += 8;
      continue;
    }
    while (eight != 0) {
      rows[count++] = static_cast<uint16_t>(i + static_cast<uint32_t>(std::countr_zero(eight)) / 8);
      eight &= eight - 1;
    }
  }
  for (; i < num_rows; ++i) {
    if (mask[i] != 0) rows[count++] = static_cast<uint16_t>(i);
  }
  return count;
}

CompiledPredicate::CompiledPredicate(const ScanPredicate& predicate, LogicalType type)
    : column_(predicate.column), type_(type), op_(predicate.op) {
  if (op_ == PredicateOp::kIsNull || op_ == PredicateOp::kIsNotNull) {
    kind_ = op_ == PredicateOp::kIsNull ? Kind::kIsNull : Kind::kIsNotNull;
    return;
  }
  for (const Value& value : predicate.values) {
    if (!value.is_null()) values_.push_back(value);
  }
  if (values_.empty()) return;
  const PhysicalType physical = type.physical();
  if (physical == PhysicalType::kBool || IsPhysicalInteger(physical)) {
    CompileIntegers(predicate);
  } else if (op_ != PredicateOp::kIn) {
    kind_ = Kind::kCompare;
  } else if (physical == PhysicalType::kString) {
    kind_ = Kind::kStrings;
    for (const Value& value : values_) strings_.insert(value.bytes());
  } else {
    kind_ = Kind::kAnyOf;
  }
}

void CompiledPredicate::CompileIntegers(const ScanPredicate& predicate) {
  kind_ = Kind::kRange;
  const int128_t value = values_[0].integer();
  switch (predicate.op) {
    case PredicateOp::kEqual:
    case PredicateOp::kNotEqual:
      low_ = high_ = value;
      negated_ = predicate.op == PredicateOp::kNotEqual;
      return;
    case PredicateOp::kLess:
      if (value == kInt128Min) kind_ = Kind::kNever;
      high_ = value - (value == kInt128Min ? 0 : 1);
      return;
    case PredicateOp::kLessEqual:
      high_ = value;
      return;
    case PredicateOp::kGreater:
      if (value == kInt128Max) kind_ = Kind::kNever;
      low_ = value + (value == kInt128Max ? 0 : 1);
      return;
    case PredicateOp::kGreaterEqual:
      low_ = value;
      return;
    case PredicateOp::kIn:
    case PredicateOp::kIsNull:
    case PredicateOp::kIsNotNull:
      break;
  }
  for (const Value& one : values_) integers_.push_back(one.integer());
  std::sort(integers_.begin(), integers_.end());
  integers_.erase(std::unique(integers_.begin(), integers_.end()), integers_.end());
  low_ = integers_.front();
  high_ = integers_.back();
  const bool is_dense = static_cast<uint128_t>(high_) - static_cast<uint128_t>(low_) == integers_.size() - 1;
  if (!is_dense) kind_ = Kind::kIntegers;
}

bool CompiledPredicate::PassesOrder(int order) const {
  switch (op_) {
    case PredicateOp::kEqual:
      return order == 0;
    case PredicateOp::kNotEqual:
      return order != 0;
    case PredicateOp::kLess:
      return order < 0;
    case PredicateOp::kLessEqual:
      return order <= 0;
    case PredicateOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

template <typename T>
void CompiledPredicate::ApplyToIntegers(const T* values, int64_t base, uint32_t num_rows, uint8_t* mask) const {
  const int128_t low = SubtractSaturating(low_, base);
  const int128_t high = SubtractSaturating(high_, base);
  if (low > MaxOf<T>() || high < MinOf<T>()) {
    if (!negated_) std::memset(mask, 0, num_rows);
    return;
  }
  if (kind_ == Kind::kIntegers) {
    for (uint32_t i = 0; i < num_rows; ++i) {
      if (mask[i] == 0) continue;
      const int128_t value = int128_t{base} + static_cast<int128_t>(values[i]);
      mask[i] = std::binary_search(integers_.begin(), integers_.end(), value) ? 1 : 0;
    }
    return;
  }
  const T clipped_low = static_cast<T>(std::max(low, MinOf<T>()));
  const T clipped_high = static_cast<T>(std::min(high, MaxOf<T>()));
  MaskRange<T>(values, clipped_low, clipped_high, negated_ ? 1 : 0, num_rows, mask);
}

template <typename T>
void CompiledPredicate::ApplyToFloats(const T* values, uint32_t num_rows, uint8_t* mask) const {
  // NaN is the greatest value and equal to itself.
  const auto order = [](T a, T b) {
    if (std::isnan(a) || std::isnan(b)) return static_cast<int>(std::isnan(a)) - static_cast<int>(std::isnan(b));
    return a < b ? -1 : (a > b ? 1 : 0);
  };
  for (uint32_t i = 0; i < num_rows; ++i) {
    if (mask[i] == 0) continue;
    bool passes = false;
    if (kind_ == Kind::kCompare) {
      passes = PassesOrder(order(values[i], static_cast<T>(values_[0].floating())));
    } else {
      for (const Value& value : values_) passes |= order(values[i], static_cast<T>(value.floating())) == 0;
    }
    mask[i] = passes ? 1 : 0;
  }
}

template <typename GetString>
void CompiledPredicate::ApplyToStrings(GetString get, uint32_t num_rows, uint8_t* mask) const {
  if (kind_ == Kind::kStrings) {
    for (uint32_t i = 0; i < num_rows; ++i) {
      if (mask[i] != 0) mask[i] = strings_.contains(get(i)) ? 1 : 0;
    }
    return;
  }
  const std::string_view value = values_[0].bytes();
  if (op_ == PredicateOp::kEqual || op_ == PredicateOp::kNotEqual) {
    const bool wanted = op_ == PredicateOp::kEqual;
    for (uint32_t i = 0; i < num_rows; ++i) {
      if (mask[i] != 0) mask[i] = (get(i) == value) == wanted ? 1 : 0;
    }
    return;
  }
  for (uint32_t i = 0; i < num_rows; ++i) {
    if (mask[i] != 0) mask[i] = PassesOrder(get(i).compare(value)) ? 1 : 0;
  }
}

void CompiledPredicate::ApplyToIntervals(const Interval* values, uint32_t num_rows, uint8_t* mask) const {
  for (uint32_t i = 0; i < num_rows; ++i) {
    if (mask[i] == 0) continue;
    const Value value = Value::OfInterval(values[i]);
    bool passes = false;
    if (kind_ == Kind::kCompare) {
      passes = PassesOrder(CompareValues(value, values_[0]));
    } else {
      for (const Value& wanted : values_) passes |= CompareValues(value, wanted) == 0;
    }
    mask[i] = passes ? 1 : 0;
  }
}

void CompiledPredicate::ApplyToValues(PhysicalType type, const void* values, int64_t base, uint32_t num_rows,
                                      uint8_t* mask) const {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return ApplyToIntegers(static_cast<const uint8_t*>(values), base, num_rows, mask);
    case PhysicalType::kUInt16:
      return ApplyToIntegers(static_cast<const uint16_t*>(values), base, num_rows, mask);
    case PhysicalType::kUInt32:
      return ApplyToIntegers(static_cast<const uint32_t*>(values), base, num_rows, mask);
    case PhysicalType::kUInt64:
      return ApplyToIntegers(static_cast<const uint64_t*>(values), base, num_rows, mask);
    case PhysicalType::kInt8:
      return ApplyToIntegers(static_cast<const int8_t*>(values), base, num_rows, mask);
    case PhysicalType::kInt16:
      return ApplyToIntegers(static_cast<const int16_t*>(values), base, num_rows, mask);
    case PhysicalType::kInt32:
      return ApplyToIntegers(static_cast<const int32_t*>(values), base, num_rows, mask);
    case PhysicalType::kInt64:
      return ApplyToIntegers(static_cast<const int64_t*>(values), base, num_rows, mask);
    case PhysicalType::kInt128:
      return ApplyToIntegers(static_cast<const int128_t*>(values), base, num_rows, mask);
    case PhysicalType::kFloat:
      return ApplyToFloats(static_cast<const float*>(values), num_rows, mask);
    case PhysicalType::kDouble:
      return ApplyToFloats(static_cast<const double*>(values), num_rows, mask);
    case PhysicalType::kString: {
      const auto* refs = static_cast<const StringRef*>(values);
      return ApplyToStrings([refs](uint32_t i) { return refs[i].view(); }, num_rows, mask);
    }
    case PhysicalType::kInterval:
      return ApplyToIntervals(static_cast<const Interval*>(values), num_rows, mask);
  }
}

void CompiledPredicate::ApplyToDictionary(const Vector& vector, uint32_t num_rows, uint8_t* mask,
                                          DictionaryMemo* memo) const {
  if (memo->dictionary != vector.dictionary || memo->passes.size() != vector.dictionary_size) {
    memo->passes.assign(vector.dictionary_size, 1);
    memo->dictionary = vector.dictionary;
    ApplyToValues(type_.physical(), vector.dictionary, 0, vector.dictionary_size, memo->passes.data());
  }
  const uint8_t* passes = memo->passes.data();
  if (vector.storage == PhysicalType::kUInt8) return MaskByCode(vector.values<uint8_t>(), passes, num_rows, mask);
  if (vector.storage == PhysicalType::kUInt16) return MaskByCode(vector.values<uint16_t>(), passes, num_rows, mask);
  MaskByCode(vector.values<uint32_t>(), passes, num_rows, mask);
}

void CompiledPredicate::Apply(const Vector& vector, uint32_t num_rows, uint8_t* mask, DictionaryMemo* memo) const {
  if (kind_ == Kind::kNever) {
    std::memset(mask, 0, num_rows);
    return;
  }
  if (kind_ == Kind::kIsNull) {
    if (vector.form == VectorForm::kConstant ? !vector.IsConstantNull() : vector.validity == nullptr) {
      std::memset(mask, 0, num_rows);
    } else if (vector.form != VectorForm::kConstant) {
      for (uint32_t i = 0; i < num_rows; ++i) mask[i] = static_cast<uint8_t>(mask[i] & (vector.IsValid(i) ? 0 : 1));
    }
    return;
  }
  MaskOutNulls(vector, num_rows, mask);
  if (kind_ == Kind::kIsNotNull) return;
  switch (vector.form) {
    case VectorForm::kFlat:
      return ApplyToValues(type_.physical(), vector.data, 0, num_rows, mask);
    case VectorForm::kNarrow:
      return ApplyToValues(vector.storage, vector.data, vector.base, num_rows, mask);
    case VectorForm::kDictionary:
      return ApplyToDictionary(vector, num_rows, mask, memo);
    case VectorForm::kOffsets: {
      const auto* offsets = vector.values<int32_t>();
      const auto* bytes = static_cast<const char*>(vector.dictionary);
      return ApplyToStrings(
          [offsets, bytes](uint32_t i) {
            return std::string_view(bytes + offsets[i], static_cast<size_t>(offsets[i + 1] - offsets[i]));
          },
          num_rows, mask);
    }
    case VectorForm::kConstant: {
      uint8_t passes = 1;
      if (!vector.IsConstantNull()) ApplyToValues(type_.physical(), vector.data, 0, 1, &passes);
      if (passes == 0) std::memset(mask, 0, num_rows);
      return;
    }
    case VectorForm::kRunEnd:
      return;  // No stored chunk has this form.
  }
}

bool CompiledPredicate::RejectsAll(const ChunkDescriptor& chunk) const {
  const ChunkStatistics& statistics = chunk.statistics;
  if (kind_ == Kind::kNever) return true;
  if (kind_ == Kind::kIsNull) return statistics.num_nulls == 0;
  if (statistics.num_nulls == chunk.num_rows) return true;
  if (kind_ == Kind::kIsNotNull || statistics.min.is_null() || statistics.max.is_null()) return false;
  const auto outside = [&](const Value& value) {
    return CompareValues(value, statistics.min) < 0 || CompareValues(value, statistics.max) > 0;
  };
  switch (op_) {
    case PredicateOp::kEqual:
      return outside(values_[0]);
    case PredicateOp::kIn:
      return std::all_of(values_.begin(), values_.end(), outside);
    case PredicateOp::kLess:
      return CompareValues(statistics.min, values_[0]) >= 0;
    case PredicateOp::kLessEqual:
      return CompareValues(statistics.min, values_[0]) > 0;
    case PredicateOp::kGreater:
      return CompareValues(statistics.max, values_[0]) <= 0;
    case PredicateOp::kGreaterEqual:
      return CompareValues(statistics.max, values_[0]) < 0;
    default:
      return false;
  }
}

}  // namespace llkv
