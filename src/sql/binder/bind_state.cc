// State of a statement's binding, and names.
#include "sql/binder/bind_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace llkv {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      const size_t change = diagonal + (Lower(a[i - 1]) == Lower(b[j - 1]) ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

void BindState::Use(TableId id, bool is_view) {
  const UsedObject object{id, is_view};
  if (std::find(used.begin(), used.end(), object) == used.end()) used.push_back(object);
}

bool SameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && Lower(a[i]) != Lower(b[i])) return false;
  }
  return true;
}

std::string LowerName(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) c = Lower(c);
  return lower;
}

std::string NearestNameHint(std::string_view name, const std::vector<std::string>& candidates) {
  const std::string* nearest = nullptr;
  size_t best = std::max<size_t>(1, name.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < best && distance < name.size()) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? std::string() : fmt::format("did you mean \"{}\"?", *nearest);
}

arrow::Status Refuse(std::string_view what, int64_t position) {
  return NotSupported(fmt::format("{}: not supported", what), position);
}

arrow::Result<const AstName*> PlainName(const AstQualifiedName& name) {
  for (size_t i = 0; i + 1 < name.parts.size(); ++i) {
    if (!SameName(name.parts[i].key, "main")) {
      return Refuse(fmt::format("schema \"{}\": only \"main\" is there", name.parts[i].text),
                    name.parts[i].range.position);
    }
  }
  return &name.name();
}

}  // namespace llkv
