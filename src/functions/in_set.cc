// x IN (constants): a bitmap over a small range of integers, a hash table of 128-bit keys, or one of texts.
#include "functions/in_set.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "base/hash.h"
#include "functions/arithmetic_loops.h"
#include "types/calendar.h"
#include "vector/any_ref.h"

namespace llkv {

namespace {

struct BytesHash {
  size_t operator()(std::string_view text) const { return HashBytes(text.data(), text.size()); }
};

struct AnyHash {
  size_t operator()(std::string_view value) const { return HashAny(value); }
};
struct AnyEqual {
  bool operator()(std::string_view a, std::string_view b) const { return CompareAny(a, b) == 0; }
};

// Open addressing over integers; a key equals itself only.
class IntegerSet {
 public:
  explicit IntegerSet(std::vector<int128_t> keys) {
    size_t size = 8;
    while (size < keys.size() * 3) size *= 2;
    slots_.resize(size);
    used_.resize(size);
    for (const int128_t key : keys) {
      size_t slot = Slot(key);
      while (used_[slot] != 0 && slots_[slot] != key) slot = (slot + 1) & (slots_.size() - 1);
      slots_[slot] = key;
      used_[slot] = 1;
    }
  }
  bool Contains(int128_t key) const {
    size_t slot = Slot(key);
    while (used_[slot] != 0) {
      if (slots_[slot] == key) return true;
      slot = (slot + 1) & (slots_.size() - 1);
    }
    return false;
  }

 private:
  size_t Slot(int128_t key) const {
    const uint64_t hash = HashInt64(static_cast<uint64_t>(key) ^ static_cast<uint64_t>(key >> 64));
    return static_cast<size_t>(hash) & (slots_.size() - 1);
  }
  std::vector<int128_t> slots_;
  std::vector<uint8_t> used_;
};

struct InSetState {
  std::vector<std::string> texts;  // owns what `strings` views
  std::unordered_set<std::string_view, BytesHash> strings;
  std::unordered_set<std::string_view, AnyHash, AnyEqual> anys;  // in place of `strings`
  std::unique_ptr<IntegerSet> integers;
};

uint64_t DoubleBits(double value) {
  if (value != value) return 0x7FF8000000000000U;
  if (value == 0) value = 0;  // -0 equals 0
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

// What equal values have in common, as one integer.
int128_t KeyOf(const Value& value) {
  switch (value.type().physical()) {
    case PhysicalType::kFloat:
    case PhysicalType::kDouble:
      return DoubleBits(value.floating());
    case PhysicalType::kInterval:
      return IntervalLength(value.interval());
    default:
      return value.integer();
  }
}

// Calls f(row, is_member) for each selected row.
template <typename F>
void ForEachMember(const InSetState& state, const Vector& input, const Selection& selection, uint32_t num_rows, F&& f) {
  switch (input.type.physical()) {
    case PhysicalType::kString: {
      const Input<StringRef> values(input);
      if (input.type.IsAny()) {
        return ForEachRow(selection, [&](uint32_t row) { f(row, state.anys.contains(values[row].view())); });
      }
      return ForEachRow(selection, [&](uint32_t row) { f(row, state.strings.contains(values[row].view())); });
    }
    case PhysicalType::kFloat: {
      const Input<float> values(input);
      return ForEachRow(selection, [&](uint32_t row) {
        f(row, state.integers->Contains(DoubleBits(static_cast<double>(values[row]))));
      });
    }
    case PhysicalType::kDouble: {
      const Input<double> values(input);
      return ForEachRow(selection, [&](uint32_t row) { f(row, state.integers->Contains(DoubleBits(values[row]))); });
    }
    case PhysicalType::kInterval: {
      const Input<Interval> values(input);
      return ForEachRow(selection,
                        [&](uint32_t row) { f(row, state.integers->Contains(IntervalLength(values[row]))); });
    }
    default: {
      alignas(64) int128_t buffer[kMaxBatchRows];
      const Operand<int128_t> values = LoadInt128(input, DenseCount(selection, num_rows), buffer);
      return ForEachRow(selection, [&](uint32_t row) { f(row, state.integers->Contains(values[row])); });
    }
  }
}

arrow::Status InSetKernel(KernelContext& /*context*/, const void* raw_state, KernelArgs args,
                          const Selection& selection, uint32_t num_rows, ScratchVector& out) {
  const auto& state = *static_cast<const InSetState*>(raw_state);
  uint8_t* result = out.data<uint8_t>();
  ForEachMember(state, *args[0], selection, num_rows,
                [&](uint32_t row, bool member) { result[row] = static_cast<uint8_t>(member); });
  return arrow::Status::OK();
}

uint32_t InSetSelect(const void* raw_state, KernelArgs args, const Selection& selection, uint32_t num_rows,
                     uint16_t* rows) {
  const auto& state = *static_cast<const InSetState*>(raw_state);
  uint32_t count = 0;
  ForEachMember(state, *args[0], selection, num_rows, [&](uint32_t row, bool member) {
    rows[count] = static_cast<uint16_t>(row);
    count += member ? 1 : 0;
  });
  return count;
}

}  // namespace

BoundScalar MakeInSet(LogicalType type, std::span<const Value> values) {
  auto state = std::make_shared<InSetState>();
  if (type.physical() == PhysicalType::kString) {
    state->texts.reserve(values.size());
    for (const Value& value : values) state->texts.push_back(value.bytes());
    for (const std::string& text : state->texts) {
      if (type.IsAny()) {
        state->anys.insert(text);
      } else {
        state->strings.insert(text);
      }
    }
  } else {
    std::vector<int128_t> keys;
    for (const Value& value : values) keys.push_back(KeyOf(value));
    state->integers = std::make_unique<IntegerSet>(std::move(keys));
  }
  BoundScalar bound;
  bound.name = "in_set";
  bound.argument_types = {type};
  bound.return_type = TypeId::kBoolean;
  bound.kernel = InSetKernel;
  bound.select = InSetSelect;
  bound.state = std::move(state);
  bound.state_is_derived = false;
  bound.accepted_forms = kFormsNarrow;
  bound.per_dictionary_entry = true;
  return bound;
}

}  // namespace llkv
