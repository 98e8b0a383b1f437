// OVERLAPS: whether two stretches of time have a point in common. Each is a beginning and an end, or the other way
// round; the end itself does not belong to it.
#include <utility>

#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

// Two ends that may be NULL.
struct Stretch {
  int64_t begin;
  int64_t end;
  bool has_begin;
  bool has_end;

  // The earlier end first; one that is known before one that is not.
  void Order() {
    if (!has_begin || (has_end && begin > end)) {
      std::swap(begin, end);
      std::swap(has_begin, has_end);
    }
  }
};

// 1 and 0; -1 for unknown.
int Overlap(Stretch a, Stretch b) {
  a.Order();
  b.Order();
  if (!a.has_begin || !b.has_begin) return -1;
  if (a.begin == b.begin) return a.has_end && b.has_end ? 1 : -1;
  if (a.begin > b.begin) std::swap(a, b);
  if (!a.has_end) return -1;
  if (b.begin < a.end) return 1;
  return b.has_end ? 0 : -1;
}

template <typename T>
arrow::Status OverlapsKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs args,
                             const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  uint8_t* validity = out.UseValidity();
  const Input<T> values[] = {Input<T>(*args[0]), Input<T>(*args[1]), Input<T>(*args[2]), Input<T>(*args[3])};
  const InputValidity valid[] = {InputValidity(*args[0]), InputValidity(*args[1]), InputValidity(*args[2]),
                                 InputValidity(*args[3])};
  ForEachRow(selection, [&](uint32_t row) {
    const auto side = [&](int first) {
      return Stretch{values[first][row], values[first + 1][row], valid[first][row], valid[first + 1][row]};
    };
    const int result = Overlap(side(0), side(2));
    out.data<uint8_t>()[row] = result == 1 ? 1 : 0;
    SetBitTo(validity, row, result >= 0);
  });
  return arrow::Status::OK();
}

// The second value of a pair may be an INTERVAL: the binder adds it to the first one.
arrow::Result<BoundScalar> BindOverlaps(const ScalarFunction& self, const BindInput& input) {
  const auto all = [](TypeId type, ScalarKernel kernel) {
    return Overload{{type, type, type, type}, TypeId::kBoolean, kernel, false, false, NullRule::kKernel};
  };
  static const std::vector<Overload> overloads = {
      all(TypeId::kTimestamp, OverlapsKernel<int64_t>), all(TypeId::kTimestampTz, OverlapsKernel<int64_t>),
      all(TypeId::kDate, OverlapsKernel<int32_t>), all(TypeId::kTime, OverlapsKernel<int64_t>),
      all(TypeId::kTimeTz, OverlapsKernel<int64_t>)};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterOverlaps(FunctionRegistry& registry) {
  registry.Add(ScalarFunction{"overlaps",
                              {},
                              "Whether two stretches of time overlap.",
                              "(DATE '2001-02-16', DATE '2001-12-21') OVERLAPS (DATE '2001-10-30', DATE '2002-10-30')",
                              BindOverlaps});
}

}  // namespace llkv
