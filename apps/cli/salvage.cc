// See salvage.h.
#include "salvage.h"

#include <cstdio>

#include "llkv/salvage.h"
#include "llkv/session.h"

namespace llkv::cli {

int RunSalvage(const std::string& path, const std::string& out) {
  const auto counts =
      Salvage(path, out, [](const std::string& loss) { std::fprintf(stderr, "Lost: %s\n", loss.c_str()); });
  if (!counts.ok()) {
    std::fprintf(stderr, "Error: %s\n", FormatError("", counts.status()).c_str());
    return 1;
  }
  std::printf("%llu tables, %llu views and %llu rows were copied to '%s'\n",
              static_cast<unsigned long long>(counts->num_tables), static_cast<unsigned long long>(counts->num_views),
              static_cast<unsigned long long>(counts->num_rows), out.c_str());
  if (counts->num_losses == 0) return 0;
  std::fprintf(stderr, "%llu things were lost\n", static_cast<unsigned long long>(counts->num_losses));
  return 2;
}

}  // namespace llkv::cli
