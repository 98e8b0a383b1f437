// The part of TableCheck that compares one index with the rows of its table.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "store/index_keys.h"
#include "store/integrity_check.h"
#include "store/key_encoding.h"

namespace llkv {

namespace {

/// Keys are compared in parts of about so many rows and bytes, chosen by hash, to bound the memory.
constexpr uint64_t kMaxPartRows = uint64_t{1} << 22;
constexpr uint64_t kMaxPartBytes = uint64_t{256} << 20;

bool IsInPart(std::string_view key, uint64_t part, uint64_t num_parts) {
  return num_parts == 1 || HashBytes(key.data(), key.size()) % num_parts == part;
}

bool Contains(const SortedKeys& sorted, std::string_view key, RowId row) {
  size_t low = 0;
  size_t high = sorted.size();
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    const int order = sorted.key(middle).compare(key);
    if (order < 0 || (order == 0 && sorted.row(middle) < row)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < sorted.size() && sorted.row(low) == row && sorted.key(low) == key;
}

std::string NameOf(const TableIndex& index) { return "the index \"" + index.layout->name + "\""; }

/// Before a checkpoint succeeds there may be a part for what it seals and one for what came after; rows that were there
/// when an index was made are in its runs.
bool IsInHotPart(const TableIndex& index, std::string_view key, RowId row) {
  return std::any_of(index.hot.begin(), index.hot.end(), [&](const HotIndexEntry& hot) {
    if (!hot.validity.IsActive()) return false;
    const ArtIndex::Entry* found = hot.index->Find(key);
    while (found != nullptr && found->row != row) found = found->older;
    return found != nullptr;
  });
}

}  // namespace

std::string TableCheck::Shown(const TableIndex& index, std::string_view key) const {
  return "(" + KeyToString(PartTypes(*index.layout, table_->types()), index.layout->parts, key) + ")";
}

void TableCheck::CheckIndex(const TableIndex& index) {
  uint64_t num_bytes = 0;
  for (const IndexRunEntry& run : index.runs) {
    num_bytes += run.reader->descriptor().size_bytes;
    CheckRun(index, *run.reader);
  }
  const uint64_t num_parts = 1 + std::max(num_living_ / kMaxPartRows, num_bytes / kMaxPartBytes);
  for (uint64_t part = 0; part < num_parts && !IsStopped(); ++part) CheckKeys(index, part, num_parts);
}

void TableCheck::CheckRun(const TableIndex& index, IndexRunReader& run) {
  if (IsStopped()) return;
  struct Order {
    std::string key;
    RowId row;
    std::string first_key;
    uint64_t num_pairs = 0;
    bool ascends = true;
  } order;
  const auto visit = [](void* context, std::string_view key, RowId row) {
    auto* order = static_cast<Order*>(context);
    if (order->num_pairs == 0) {
      order->first_key = key;
    } else if (key < order->key || (key == order->key && row <= order->row)) {
      order->ascends = false;
    }
    order->key = key;
    order->row = row;
    ++order->num_pairs;
    return true;
  };
  const PhysicalKey root = run.descriptor().root;
  const std::string name = "a run of " + NameOf(index);
  const arrow::Status scanned = run.Scan(std::nullopt, std::nullopt, visit, &order);
  if (!scanned.ok()) return Report(root, name + ": " + scanned.message());
  if (!order.ascends) Report(root, name + " is not sorted");
  if (order.num_pairs != run.descriptor().num_entries) {
    Report(root, name + " has " + std::to_string(order.num_pairs) + " pairs and counts " +
                     std::to_string(run.descriptor().num_entries));
  }
  if (order.first_key != run.descriptor().min_key || order.key != run.descriptor().max_key) {
    Report(root, "the first or last key of " + name + " is not what its descriptor says");
  }
  const arrow::Status filtered = run.CheckFilters();
  if (!filtered.ok()) Report(root, name + ": " + filtered.message());
}

void TableCheck::CollectLiving(const TableIndex& index, const GroupEntry& entry, uint64_t part, uint64_t num_parts,
                               SortedKeys* living) {
  if (entry.hot != nullptr) return CollectLivingHot(index, entry, part, num_parts, living);
  SortedKeys keys;
  // A chunk that cannot be read was reported.
  if (!CollectKeys(*index.layout, table_->types(), *entry.cold, {}, table_->context().pool, &keys).ok()) return;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (IsInPart(keys.key(i), part, num_parts) && IsAlive(keys.row(i))) living->Add(keys.key(i), keys.row(i));
  }
}

void TableCheck::CollectLivingHot(const TableIndex& index, const GroupEntry& entry, uint64_t part, uint64_t num_parts,
                                  SortedKeys* living) {
  std::string key;
  for (uint32_t slot = 0; slot < entry.hot->num_rows(); ++slot) {
    const RowId row(entry.first_row + slot);
    if (!IsAlive(row)) continue;
    EncodeHotKey(*index.layout, *entry.hot, slot, &key);
    if (IsInPart(key, part, num_parts)) living->Add(key, row);
  }
}

void TableCheck::CheckPairs(const TableIndex& index, IndexRunReader& run, uint64_t part, uint64_t num_parts,
                            const SortedKeys& living, SortedKeys* pairs) {
  struct Context {
    TableCheck* check;
    const TableIndex* index;
    const SortedKeys* living;
    SortedKeys* pairs;
    PhysicalKey root;
    uint64_t part;
    uint64_t num_parts;
  } context{this, &index, &living, pairs, run.descriptor().root, part, num_parts};
  const auto visit = [](void* pointer, std::string_view key, RowId row) {
    auto* context = static_cast<Context*>(pointer);
    TableCheck& check = *context->check;
    if (!IsInPart(key, context->part, context->num_parts)) return true;
    context->pairs->Add(key, row);
    if (!Contains(*context->living, key, row) && check.IsAlive(row)) {
      check.Report(context->root, NameOf(*context->index) + " leads from key " + check.Shown(*context->index, key) +
                                      " to row " + std::to_string(row.value) + ", which has another key");
    }
    return check.status_.ok();
  };
  // A run that cannot be read was reported.
  static_cast<void>(run.Scan(std::nullopt, std::nullopt, visit, &context));
}

void TableCheck::CheckUnique(const TableIndex& index, const SortedKeys& living) {
  const IndexLayout& layout = *index.layout;
  const std::vector<LogicalType> types = PartTypes(layout, table_->types());
  for (size_t i = 1; i < living.size(); ++i) {
    if (living.key(i) != living.key(i - 1) || KeyHasNull(types, layout.parts, living.key(i))) continue;
    Report(PhysicalKey(), "the rows " + std::to_string(living.row(i - 1).value) + " and " +
                              std::to_string(living.row(i).value) + " have the same key " +
                              Shown(index, living.key(i)) + " of \"" + layout.name + "\"");
  }
}

void TableCheck::CheckKeys(const TableIndex& index, uint64_t part, uint64_t num_parts) {
  SortedKeys living;
  for (const GroupEntry& entry : state_->groups) CollectLiving(index, entry, part, num_parts, &living);
  living.Sort();
  if (index.layout->is_unique) CheckUnique(index, living);
  SortedKeys pairs;
  for (const IndexRunEntry& run : index.runs) CheckPairs(index, *run.reader, part, num_parts, living, &pairs);
  pairs.Sort();
  for (size_t i = 0; i < living.size(); ++i) {
    const std::string_view key = living.key(i);
    const RowId row = living.row(i);
    const GroupEntry* entry = state_->FindActive(row);
    const bool is_hot = entry != nullptr && entry->hot != nullptr;
    if (Contains(pairs, key, row) || (is_hot && IsInHotPart(index, key, row))) continue;
    Report(PhysicalKey(),
           "the row " + std::to_string(row.value) + " with key " + Shown(index, key) + " is not in " + NameOf(index));
  }
}

}  // namespace llkv
