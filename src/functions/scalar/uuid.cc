// Random UUIDs.
#include "types/uuid.h"

#include <random>

#include "functions/binding.h"
#include "functions/kernel.h"

namespace llkv {

namespace {

uint64_t Random64(std::random_device& device) { return (uint64_t{device()} << 32) | device(); }

// From the system's entropy, not from the session's seed: sessions must not repeat each other.
arrow::Status RandomUuidKernel(KernelContext& /*context*/, const void* /*state*/, KernelArgs /*args*/,
                               const Selection& selection, uint32_t /*num_rows*/, ScratchVector& out) {
  try {
    std::random_device device;
    ForEachRow(selection, [&](uint32_t row) {
      const uint64_t high = Random64(device);
      out.data<int128_t>()[row] = UuidFromRandom(high, Random64(device));
    });
  } catch (const std::exception& failure) {
    return SqlError(sqlstate::kIoError, std::string("the system gives no random numbers: ") + failure.what());
  }
  return arrow::Status::OK();
}

arrow::Result<BoundScalar> BindRandomUuid(const ScalarFunction& self, const BindInput& input) {
  static const std::vector<Overload> overloads = {
      {{}, TypeId::kUuid, RandomUuidKernel, false, false, NullRule::kPropagate, Volatility::kVolatile}};
  return BindOverloads(self, input, overloads);
}

}  // namespace

void RegisterUuid(FunctionRegistry& registry) {
  registry.Add(
      ScalarFunction{"gen_random_uuid", {"uuid", "uuidv4"}, "A random UUID.", "gen_random_uuid()", BindRandomUuid});
}

}  // namespace llkv
