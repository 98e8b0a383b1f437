// See grouping_sets.h.
#include "sql/binder/grouping_sets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "sql/binder/typing.h"

namespace llkv {
namespace {

constexpr size_t kMaxSets = 4096;
constexpr size_t kMaxCubeItems = 12;

arrow::Status TooMany(int64_t position) {
  return SqlError(sqlstate::kStatementTooComplex, fmt::format("more than {} grouping sets", kMaxSets), position);
}

GroupSet Union(const GroupSet& a, const GroupSet& b) {
  GroupSet both;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

}  // namespace

GroupSets RollupSets(const GroupSets& items) {
  GroupSets sets(items.size() + 1);
  for (size_t kept = 1; kept <= items.size(); ++kept) {
    sets[items.size() - kept] = Union(kept == 1 ? GroupSet() : sets[items.size() - kept + 1], items[kept - 1]);
  }
  return sets;
}

arrow::Result<GroupSets> CubeSets(const GroupSets& items, int64_t position) {
  if (items.size() > kMaxCubeItems) return TooMany(position);
  GroupSets sets;
  for (uint32_t left_out = 0; left_out < uint32_t{1} << items.size(); ++left_out) {
    GroupSet& set = sets.emplace_back();
    for (size_t i = 0; i < items.size(); ++i) {
      if ((left_out >> (items.size() - 1 - i) & 1) == 0) set = Union(set, items[i]);
    }
  }
  return sets;
}

arrow::Result<GroupSets> CrossSets(const GroupSets& a, const GroupSets& b, int64_t position) {
  if (a.size() * b.size() > kMaxSets) return TooMany(position);
  GroupSets sets;
  for (const GroupSet& first : a) {
    for (const GroupSet& second : b) sets.push_back(Union(first, second));
  }
  return sets;
}

arrow::Status AddSets(GroupSets more, int64_t position, GroupSets* sets) {
  if (sets->size() + more.size() > kMaxSets) return TooMany(position);
  std::move(more.begin(), more.end(), std::back_inserter(*sets));
  return arrow::Status::OK();
}

void DropEqualSets(GroupSets* sets) {
  GroupSets kept;
  for (GroupSet& set : *sets) {
    if (std::find(kept.begin(), kept.end(), set) == kept.end()) kept.push_back(std::move(set));
  }
  *sets = std::move(kept);
}

arrow::Result<BoundExprPtr> MakeGroupingNumber(BindState& state, const BoundExpr& missing,
                                               std::span<const uint32_t> groups, int64_t position) {
  const auto call = [&](const char* op, BoundExprPtr left, int64_t right) {
    std::vector<BoundExprPtr> arguments;
    arguments.push_back(std::move(left));
    arguments.push_back(BoundExpr::Constant(Value::BigInt(right)));
    return MakeFunction(state, op, std::move(arguments), position);
  };
  BoundExprPtr number;
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto from = static_cast<int64_t>(groups[i]);
    const auto to = static_cast<int64_t>(groups.size() - 1 - i);
    BoundExprPtr bit = missing.Clone();
    if (from > to) {
      ARROW_ASSIGN_OR_RAISE(bit, call(">>", std::move(bit), from - to));
      ARROW_ASSIGN_OR_RAISE(bit, call("&", std::move(bit), int64_t{1} << to));
    } else {
      ARROW_ASSIGN_OR_RAISE(bit, call("&", std::move(bit), int64_t{1} << from));
      if (from < to) {
        ARROW_ASSIGN_OR_RAISE(bit, call("<<", std::move(bit), to - from));
      }
    }
    if (number == nullptr) {
      number = std::move(bit);
      continue;
    }
    std::vector<BoundExprPtr> both;
    both.push_back(std::move(number));
    both.push_back(std::move(bit));
    ARROW_ASSIGN_OR_RAISE(number, MakeFunction(state, "|", std::move(both), position));
  }
  return number;
}

}  // namespace llkv
