// VectorPredicate: translation of a predicate for a form, and its evaluation.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "store/column/chunk_predicate.h"
#include "store/column/predicate_kernels.h"

namespace llkv {
namespace {

// Relative costs of a row.
constexpr uint32_t kLookupCost = 16;
constexpr uint32_t kSetCost = 40;
constexpr uint32_t kWideCost = 32;
constexpr uint32_t kStringCost = 100;
/// A list of more integers is searched; of fewer, each is compared.
constexpr size_t kMaxMaskWords = kMaxBatchRows / 64;

struct StorageLimits {
  int128_t min = 0;
  int128_t max = 0;
};

template <typename T>
StorageLimits LimitsOf() {
  return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

/// Of stored integers of up to 64 bits; both 0 for others.
StorageLimits LimitsOf(PhysicalType type) {
  switch (type) {
    case PhysicalType::kInt8:
      return LimitsOf<int8_t>();
    case PhysicalType::kInt16:
      return LimitsOf<int16_t>();
    case PhysicalType::kInt32:
      return LimitsOf<int32_t>();
    case PhysicalType::kInt64:
      return LimitsOf<int64_t>();
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return LimitsOf<uint8_t>();
    case PhysicalType::kUInt16:
      return LimitsOf<uint16_t>();
    case PhysicalType::kUInt32:
      return LimitsOf<uint32_t>();
    case PhysicalType::kUInt64:
      return LimitsOf<uint64_t>();
    default:
      return {};
  }
}

int128_t IntervalNanos(const Interval& interval) {
  constexpr int128_t kDayNanos = int128_t{86400} * 1000000000;
  return (int128_t{interval.months} * 30 + interval.days) * kDayNanos + interval.nanos;
}

struct Range128 {
  int128_t low;
  int128_t high;
  bool negate;
};

/// The values that pass a comparison with a number, as a range; empty where low > high.
Range128 RangeOf(PredicateOp op, int128_t value) {
  switch (op) {
    case PredicateOp::kEqual:
      return {value, value, false};
    case PredicateOp::kNotEqual:
      return {value, value, true};
    case PredicateOp::kLess:
      if (value == kInt128Min) return {1, 0, false};
      return {kInt128Min, value - 1, false};
    case PredicateOp::kLessEqual:
      return {kInt128Min, value, false};
    case PredicateOp::kGreater:
      if (value == kInt128Max) return {1, 0, false};
      return {value + 1, kInt128Max, false};
    default:
      return {value, kInt128Max, false};
  }
}

bool Passes(PredicateOp op, int order) {
  switch (op) {
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

/// Calls f(get) where get(row) is the text of a row, for either form of strings.
template <typename F>
void WithTexts(const Vector& vector, F&& f) {
  if (vector.form == VectorForm::kOffsets) {
    const int32_t* offsets = vector.values<int32_t>();
    const char* bytes = static_cast<const char*>(vector.dictionary);
    f([offsets, bytes](uint32_t row) {
      return std::string_view(bytes + offsets[row], static_cast<size_t>(offsets[row + 1] - offsets[row]));
    });
  } else {
    const auto* refs = vector.values<StringRef>();
    f([refs](uint32_t row) { return refs[row].view(); });
  }
}

uint64_t LoadEight(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

/// Text in kOffsets form equal to one text: lengths and first eight bytes settle nearly all rows without a branch.
/// Eight bytes may be loaded at any offset, since owners pad what Vectors point to.
void MaskTextEquality(const Vector& vector, uint32_t num_rows, std::string_view text, bool negate, uint64_t* mask) {
  const int32_t* offsets = vector.values<int32_t>();
  const char* bytes = static_cast<const char*>(vector.dictionary);
  const auto size = static_cast<int32_t>(text.size());
  const uint64_t head_mask = size >= 8 ? ~uint64_t{0} : (uint64_t{1} << (size * 8)) - 1;
  char head_bytes[8] = {};
  std::memcpy(head_bytes, text.data(), std::min<size_t>(text.size(), 8));
  const uint64_t head = LoadEight(head_bytes);
  for (uint32_t word = 0; word * 64 < num_rows; ++word) {
    if (mask[word] == 0) continue;
    const uint32_t end = std::min<uint32_t>(num_rows - word * 64, 64);
    const int32_t* block = offsets + word * 64;
    uint64_t equal = 0;
    for (uint32_t i = 0; i < end; ++i) {
      const bool is_candidate = (block[i + 1] - block[i] == size) & ((LoadEight(bytes + block[i]) & head_mask) == head);
      equal |= static_cast<uint64_t>(is_candidate) << i;
    }
    if (size > 8) {
      for (uint64_t left = equal & mask[word]; left != 0; left &= left - 1) {
        const auto bit = static_cast<uint32_t>(__builtin_ctzll(left));
        if (std::memcmp(bytes + block[bit] + 8, text.data() + 8, text.size() - 8) != 0) equal &= ~(uint64_t{1} << bit);
      }
    }
    mask[word] &= negate ? ~equal : equal;
  }
}

bool IsSet(const std::vector<uint64_t>& bits, size_t i) { return ((bits[i / 64] >> (i % 64)) & 1) != 0; }

}  // namespace

arrow::Result<VectorPredicate> VectorPredicate::Prepare(const ScanPredicate& predicate, const Vector& shape,
                                                        PredicateCounters* counters) {
  VectorPredicate prepared;
  prepared.op_ = predicate.op;
  if (shape.form == VectorForm::kRunEnd) return NotSupported("predicates on run-end vectors");
  const bool is_null_test = predicate.op == PredicateOp::kIsNull || predicate.op == PredicateOp::kIsNotNull;
  if (!is_null_test && predicate.op != PredicateOp::kIn && predicate.values.size() != 1) {
    return SqlError(sqlstate::kInvalidParameter, "a comparison takes one value");
  }
  for (const Value& value : predicate.values) {
    if (!value.is_null() && value.type() != shape.type) {
      return SqlError(sqlstate::kInvalidParameter, "a predicate's value is not of its column's type");
    }
  }
  if (counters != nullptr) counters->predicates_prepared.fetch_add(1, std::memory_order_relaxed);
  if (shape.form == VectorForm::kConstant) {
    ARROW_RETURN_NOT_OK(prepared.PrepareConstant(predicate, shape));
  } else if (is_null_test) {
    prepared.kind_ = predicate.op == PredicateOp::kIsNull ? Kind::kIsNull : Kind::kNotNull;
    prepared.cost_ = 1;
  } else if (shape.form == VectorForm::kDictionary) {
    ARROW_RETURN_NOT_OK(prepared.PrepareDictionary(predicate, shape, counters));
  } else if (predicate.op == PredicateOp::kIn) {
    ARROW_RETURN_NOT_OK(prepared.PrepareIn(predicate, shape));
  } else {
    ARROW_RETURN_NOT_OK(prepared.PrepareComparison(predicate, shape));
  }
  return prepared;
}

PredicateOutcome VectorPredicate::outcome() const {
  if (kind_ == Kind::kNone) return PredicateOutcome::kNone;
  return kind_ == Kind::kAll ? PredicateOutcome::kAll : PredicateOutcome::kSome;
}

arrow::Status VectorPredicate::PrepareConstant(const ScanPredicate& predicate, const Vector& shape) {
  const bool is_null = shape.IsConstantNull();
  if (predicate.op == PredicateOp::kIsNull || predicate.op == PredicateOp::kIsNotNull) {
    kind_ = is_null == (predicate.op == PredicateOp::kIsNull) ? Kind::kAll : Kind::kNone;
    return arrow::Status::OK();
  }
  if (is_null) return arrow::Status::OK();
  const Value constant = GetValue(shape, 0);
  const PredicateOp op = predicate.op == PredicateOp::kIn ? PredicateOp::kEqual : predicate.op;
  for (const Value& value : predicate.values) {
    if (!value.is_null() && Passes(op, CompareValues(constant, value))) kind_ = Kind::kAll;
  }
  return arrow::Status::OK();
}

void VectorPredicate::SetRange(int128_t low, int128_t high, int128_t type_min, int128_t type_max) {
  low = std::max(low, type_min);
  high = std::min(high, type_max);
  if (low > high) {
    kind_ = negate_ ? Kind::kNotNull : Kind::kNone;
  } else if (low == type_min && high == type_max) {
    kind_ = negate_ ? Kind::kNone : Kind::kNotNull;
  } else {
    kind_ = Kind::kRange;
    low_ = static_cast<uint64_t>(low);
    span_ = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  }
}

void VectorPredicate::PrepareIntegers(PredicateOp op, int128_t value, const Vector& shape) {
  const PhysicalType storage = shape.form == VectorForm::kNarrow ? shape.storage : shape.type.physical();
  Range128 range = RangeOf(op, value);
  negate_ = range.negate;
  if (storage == PhysicalType::kInt128) {
    kind_ = range.low > range.high ? Kind::kNone : Kind::kWide;
    wide_low_ = range.low;
    wide_high_ = range.high;
    cost_ = kWideCost;
    return;
  }
  const StorageLimits limits = LimitsOf(storage);
  // Bounds relative to the base, kept inside 128 bits: what lies outside the storage type is cut off anyway.
  const int128_t base = shape.form == VectorForm::kNarrow ? shape.base : 0;
  range.low =
      range.low < limits.min + base ? limits.min : (range.low > limits.max + base ? limits.max + 1 : range.low - base);
  range.high = range.high > limits.max + base ? limits.max
                                              : (range.high < limits.min + base ? limits.min - 1 : range.high - base);
  width_ = static_cast<uint8_t>(PhysicalWidth(storage));
  cost_ = width_;
  SetRange(range.low, range.high, limits.min, limits.max);
}

void VectorPredicate::PrepareFloats(PredicateOp op, double value, const Vector& shape) {
  const bool is_single = shape.type.physical() == PhysicalType::kFloat;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  auto next = [is_single](double x, double toward) {
    return is_single ? static_cast<double>(std::nextafter(static_cast<float>(x), static_cast<float>(toward)))
                     : std::nextafter(x, toward);
  };
  kind_ = Kind::kFloat;
  cost_ = is_single ? 4 : 8;
  float_low_ = -kInfinity;
  float_high_ = kInfinity;
  // Without NaN: an empty range. NaN equals itself and is greater than every number.
  auto nothing = [this] {
    float_low_ = kInfinity;
    float_high_ = -kInfinity;
  };
  const bool is_nan = value != value;
  switch (op) {
    case PredicateOp::kEqual:
    case PredicateOp::kNotEqual:
      negate_ = op == PredicateOp::kNotEqual;
      with_nan_ = is_nan;
      float_low_ = float_high_ = value;
      if (is_nan) nothing();
      return;
    case PredicateOp::kLess:
      if (is_nan) return;
      float_high_ = next(value, -kInfinity);
      if (value == -kInfinity) nothing();
      return;
    case PredicateOp::kLessEqual:
      with_nan_ = is_nan;
      if (!is_nan) float_high_ = value;
      return;
    case PredicateOp::kGreater:
      with_nan_ = !is_nan;
      if (is_nan || value == kInfinity) return nothing();
      float_low_ = next(value, kInfinity);
      return;
    default:
      with_nan_ = true;
      if (is_nan) return nothing();
      float_low_ = value;
      return;
  }
}

arrow::Status VectorPredicate::PrepareComparison(const ScanPredicate& predicate, const Vector& shape) {
  const Value& value = predicate.values[0];
  if (value.is_null()) return arrow::Status::OK();  // kNone
  const PhysicalType physical = shape.type.physical();
  switch (physical) {
    case PhysicalType::kString:
      kind_ = Kind::kString;
      text_ = value.bytes();
      cost_ = kStringCost;
      return arrow::Status::OK();
    case PhysicalType::kInterval: {
      const Range128 range = RangeOf(predicate.op, IntervalNanos(value.interval()));
      kind_ = Kind::kInterval;
      negate_ = range.negate;
      wide_low_ = range.low;
      wide_high_ = range.high;
      cost_ = kWideCost;
      return arrow::Status::OK();
    }
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      PrepareFloats(predicate.op, value.floating(), shape);
      return arrow::Status::OK();
    default:
      PrepareIntegers(predicate.op, value.integer(), shape);
      return arrow::Status::OK();
  }
}

arrow::Status VectorPredicate::PrepareIn(const ScanPredicate& predicate, const Vector& shape) {
  const PhysicalType storage = shape.form == VectorForm::kNarrow ? shape.storage : shape.type.physical();
  if (shape.type.physical() == PhysicalType::kString) {
    for (const Value& value : predicate.values) {
      if (!value.is_null()) texts_.push_back(value.bytes());
    }
    std::sort(texts_.begin(), texts_.end());
    kind_ = texts_.empty() ? Kind::kNone : Kind::kStringSet;
    cost_ = kStringCost * 2;
    return arrow::Status::OK();
  }
  const StorageLimits limits = LimitsOf(storage);
  if (limits.max == 0) {
    // Floating values, intervals and 128-bit integers: lists of these are short.
    for (const Value& value : predicate.values) {
      ScanPredicate equality{predicate.column, PredicateOp::kEqual, {value}};
      VectorPredicate part;
      ARROW_RETURN_NOT_OK(part.PrepareComparison(equality, shape));
      if (part.kind_ != Kind::kNone) parts_.push_back(std::move(part));
    }
    kind_ = parts_.empty() ? Kind::kNone : Kind::kAnyOf;
    cost_ = kWideCost * static_cast<uint32_t>(parts_.size());
    return arrow::Status::OK();
  }
  width_ = static_cast<uint8_t>(PhysicalWidth(storage));
  const int128_t base = shape.form == VectorForm::kNarrow ? shape.base : 0;
  const uint64_t width_mask = width_ == 8 ? ~uint64_t{0} : (uint64_t{1} << (width_ * 8)) - 1;
  for (const Value& value : predicate.values) {
    if (value.is_null() || value.integer() < limits.min + base || value.integer() > limits.max + base) continue;
    set_.push_back(static_cast<uint64_t>(value.integer() - base) & width_mask);
  }
  std::sort(set_.begin(), set_.end());
  set_.erase(std::unique(set_.begin(), set_.end()), set_.end());
  if (set_.empty()) return arrow::Status::OK();  // kNone
  if (set_.back() - set_.front() == set_.size() - 1) {
    kind_ = Kind::kRange;
    low_ = set_.front();
    span_ = set_.size() - 1;
    cost_ = width_;
  } else if (width_ <= 2) {
    kind_ = Kind::kLookup;
    table_.assign(width_ == 1 ? 4 : 1024, 0);
    for (const uint64_t value : set_) table_[value / 64] |= uint64_t{1} << (value % 64);
    cost_ = kLookupCost;
  } else {
    kind_ = Kind::kSet;
    cost_ = kSetCost;
  }
  return arrow::Status::OK();
}

arrow::Status VectorPredicate::PrepareDictionary(const ScanPredicate& predicate, const Vector& shape,
                                                 PredicateCounters* counters) {
  const uint32_t size = shape.dictionary_size;
  width_ = static_cast<uint8_t>(PhysicalWidth(shape.storage));
  Vector entries;
  entries.type = shape.type;
  entries.storage = shape.type.physical();
  entries.data = shape.dictionary;
  ARROW_ASSIGN_OR_RAISE(const VectorPredicate on_entry, Prepare(predicate, entries));
  std::vector<uint64_t> matching((size_t{size} + 63) / 64, ~uint64_t{0});
  if (size % 64 != 0 && !matching.empty()) matching.back() = (uint64_t{1} << (size % 64)) - 1;
  on_entry.Evaluate(entries, size, matching.data());
  if (counters != nullptr) counters->dictionary_entries.fetch_add(size, std::memory_order_relaxed);
  SetCodes(matching, size);
  return arrow::Status::OK();
}

void VectorPredicate::SetCodes(const std::vector<uint64_t>& matching, uint32_t num_entries) {
  uint32_t first = num_entries;
  uint32_t last = 0;
  uint32_t count = 0;
  for (uint32_t i = 0; i < num_entries; ++i) {
    if (!IsSet(matching, i)) continue;
    first = std::min(first, i);
    last = i;
    ++count;
  }
  if (count == 0) {
    kind_ = Kind::kNone;
  } else if (count == num_entries) {
    kind_ = Kind::kNotNull;
    cost_ = 1;
  } else if (last - first == count - 1 || width_ > 2) {
    kind_ = Kind::kRange;
    low_ = first;
    span_ = last - first;
    cost_ = width_;
    if (last - first == count - 1) return;
    kind_ = Kind::kSet;
    for (uint32_t i = first; i <= last; ++i) {
      if (IsSet(matching, i)) set_.push_back(i);
    }
    cost_ = kSetCost;
  } else {
    kind_ = Kind::kLookup;
    table_ = matching;
    table_.resize(width_ == 1 ? 4 : 1024);
    cost_ = kLookupCost;
  }
}

void VectorPredicate::Evaluate(const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  const uint32_t num_words = (num_rows + 63) / 64;
  switch (kind_) {
    case Kind::kNone:
      std::fill(mask, mask + num_words, 0);
      return;
    case Kind::kAll:
      return;
    case Kind::kIsNull:
      if (vector.validity == nullptr) {
        std::fill(mask, mask + num_words, 0);
      } else {
        MaskValidity(vector.validity, num_rows, false, mask);
      }
      return;
    default:
      break;
  }
  if (vector.validity != nullptr) MaskValidity(vector.validity, num_rows, true, mask);
  if (kind_ != Kind::kNotNull) EvaluateStored(vector, num_rows, mask);
}

void VectorPredicate::EvaluateStored(const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  switch (kind_) {
    case Kind::kRange:
      switch (width_) {
        case 1:
          return MaskRange(vector.values<uint8_t>(), num_rows, static_cast<uint8_t>(low_), static_cast<uint8_t>(span_),
                           negate_, mask);
        case 2:
          return MaskRange(vector.values<uint16_t>(), num_rows, static_cast<uint16_t>(low_),
                           static_cast<uint16_t>(span_), negate_, mask);
        case 4:
          return MaskRange(vector.values<uint32_t>(), num_rows, static_cast<uint32_t>(low_),
                           static_cast<uint32_t>(span_), negate_, mask);
        default:
          return MaskRange(vector.values<uint64_t>(), num_rows, low_, span_, negate_, mask);
      }
    case Kind::kFloat:
      if (vector.type.physical() == PhysicalType::kFloat) {
        return MaskFloatRange(vector.values<float>(), num_rows, static_cast<float>(float_low_),
                              static_cast<float>(float_high_), with_nan_, negate_, mask);
      }
      return MaskFloatRange(vector.values<double>(), num_rows, float_low_, float_high_, with_nan_, negate_, mask);
    case Kind::kLookup:
      if (width_ == 1) return MaskLookup(vector.values<uint8_t>(), num_rows, table_.data(), mask);
      return MaskLookup(vector.values<uint16_t>(), num_rows, table_.data(), mask);
    case Kind::kSet: {
      auto is_in = [&](uint64_t value) { return std::binary_search(set_.begin(), set_.end(), value); };
      if (width_ == 4) {
        return MaskEach(num_rows, mask, [&](uint32_t row) { return is_in(vector.values<uint32_t>()[row]); });
      }
      return MaskEach(num_rows, mask, [&](uint32_t row) { return is_in(vector.values<uint64_t>()[row]); });
    }
    case Kind::kWide:
    case Kind::kInterval:
      return EvaluateWide(vector, num_rows, mask);
    case Kind::kString:
    case Kind::kStringSet:
      return EvaluateStrings(vector, num_rows, mask);
    case Kind::kAnyOf:
      return EvaluateAnyOf(vector, num_rows, mask);
    default:
      return;
  }
}

void VectorPredicate::EvaluateWide(const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  auto passes = [this](int128_t value) { return (value >= wide_low_ && value <= wide_high_) != negate_; };
  if (kind_ == Kind::kInterval) {
    return MaskEach(num_rows, mask,
                    [&](uint32_t row) { return passes(IntervalNanos(vector.values<Interval>()[row])); });
  }
  MaskEach(num_rows, mask, [&](uint32_t row) { return passes(vector.values<int128_t>()[row]); });
}

void VectorPredicate::EvaluateStrings(const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  const std::string_view text = text_;
  const bool is_equality = op_ == PredicateOp::kEqual || op_ == PredicateOp::kNotEqual;
  if (kind_ == Kind::kString && is_equality && vector.form == VectorForm::kOffsets) {
    return MaskTextEquality(vector, num_rows, text, op_ == PredicateOp::kNotEqual, mask);
  }
  WithTexts(vector, [&](auto get) {
    if (kind_ == Kind::kStringSet) {
      MaskEach(num_rows, mask,
               [&](uint32_t row) { return std::binary_search(texts_.begin(), texts_.end(), get(row), std::less<>()); });
    } else if (op_ == PredicateOp::kEqual) {
      MaskEach(num_rows, mask, [&](uint32_t row) { return get(row) == text; });
    } else if (op_ == PredicateOp::kNotEqual) {
      MaskEach(num_rows, mask, [&](uint32_t row) { return get(row) != text; });
    } else {
      MaskEach(num_rows, mask, [&](uint32_t row) { return Passes(op_, get(row).compare(text)); });
    }
  });
}

void VectorPredicate::EvaluateAnyOf(const Vector& vector, uint32_t num_rows, uint64_t* mask) const {
  // In steps of a batch: a dictionary may have more entries.
  const auto width = static_cast<uint32_t>(PhysicalWidth(vector.type.physical()));
  for (uint32_t first = 0; first < num_rows; first += kMaxBatchRows) {
    const uint32_t n = std::min(kMaxBatchRows, num_rows - first);
    Vector part_vector = vector;
    part_vector.data = static_cast<const uint8_t*>(vector.data) + size_t{first} * width;
    uint64_t any[kMaxMaskWords] = {};
    const uint32_t num_words = (n + 63) / 64;
    for (const VectorPredicate& part : parts_) {
      uint64_t passed[kMaxMaskWords];
      std::copy(mask + first / 64, mask + first / 64 + num_words, passed);
      part.EvaluateStored(part_vector, n, passed);
      for (uint32_t word = 0; word < num_words; ++word) any[word] |= passed[word];
    }
    std::copy(any, any + num_words, mask + first / 64);
  }
}

}  // namespace llkv
