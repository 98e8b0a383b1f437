// Strong ids: numbers that must not be mixed up. Each is a 64-bit value with comparison, hashing and nothing else.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace llkv {

/// A 64-bit number of one kind. `Tag` only makes kinds distinct.
template <typename Tag>
struct Id {
  uint64_t value = 0;

  constexpr Id() = default;
  constexpr explicit Id(uint64_t v) : value(v) {}
  constexpr auto operator<=>(const Id&) const = default;
};

/// Names a blob in a pager. 0 is never allocated: it means "none".
using PhysicalKey = Id<struct PhysicalKeyTag>;
/// Names a table or a view for ever; never reused.
using TableId = Id<struct TableIdTag>;
/// Names a column of one table for ever; renames and reorders keep it.
using FieldId = Id<struct FieldIdTag>;
/// Names one version of one row of a table.
using RowId = Id<struct RowIdTag>;
/// Names a transaction while it runs. 0 means "none".
using TxnId = Id<struct TxnIdTag>;
/// A commit's place in the log; a snapshot is one of these. 0 is before every commit.
using CommitTs = Id<struct CommitTsTag>;

}  // namespace llkv

template <typename Tag>
struct std::hash<llkv::Id<Tag>> {
  size_t operator()(const llkv::Id<Tag>& id) const noexcept {
    uint64_t x = id.value * 0x9E3779B97F4A7C15u;
    return static_cast<size_t>(x ^ (x >> 32));
  }
};
