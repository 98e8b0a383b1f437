// See schema.h.
#include "catalog/schema.h"

namespace llkv {

std::string FoldName(std::string_view name) {
  std::string folded(name);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

std::optional<uint32_t> FindColumn(const TableSchema& table, std::string_view name) {
  const std::string folded = FoldName(name);
  for (uint32_t i = 0; i < table.columns.size(); ++i) {
    if (FoldName(table.columns[i].name) == folded) return i;
  }
  return std::nullopt;
}

}  // namespace llkv
