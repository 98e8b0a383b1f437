// Reads a URI's scheme and hands the rest to the backend.
#include "pager/registry.h"

#include <algorithm>
#include <string>

#include "base/error.h"

namespace llkv {

void RegisterBackendsPagers(PagerRegistry& registry);

PagerRegistry::PagerRegistry() { RegisterBackendsPagers(*this); }

const PagerRegistry::Backend* PagerRegistry::Find(std::string_view scheme) const {
  for (const Backend& backend : backends_) {
    if (backend.scheme == scheme) return &backend;
  }
  return nullptr;
}

std::string_view SchemeOf(std::string_view uri) {
  if (uri == ":memory:") return "memory";
  const size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  const std::string_view scheme = uri.substr(0, colon);
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_scheme = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  if (!is_letter(scheme.front()) || !std::all_of(scheme.begin(), scheme.end(), is_scheme)) return {};
  return scheme;
}

arrow::Result<std::unique_ptr<Pager>> OpenPager(std::string_view uri, const PagerOptions& options) {
  const PagerRegistry registry;
  std::string_view scheme = SchemeOf(uri);
  std::string path(uri);
  if (scheme.empty()) {
    scheme = "file";
  } else if (uri != ":memory:") {
    path = uri.substr(scheme.size() + 1);
  }
  if (path.empty()) {
    return SqlError(sqlstate::kInvalidParameter, "the database's path is empty in '" + std::string(uri) + "'");
  }
  const PagerRegistry::Backend* backend = registry.Find(scheme);
  if (backend == nullptr) {
    std::string known;
    for (const PagerRegistry::Backend& b : registry.backends()) known += (known.empty() ? "" : ", ") + b.scheme;
    return SqlError(sqlstate::kFeatureNotSupported,
                    "no storage backend is named '" + std::string(scheme) + "' (in '" + std::string(uri) +
                        "'); there are: " + known,
                    SqlErrorDetail::kNoPosition, "for a file of that name write './" + std::string(uri) + "'");
  }
  return backend->open(path, options);
}

}  // namespace llkv
