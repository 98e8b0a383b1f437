// GroupCache: domains of key columns and their codes.
#include "exec/operators/aggregate_cache.h"

#include <algorithm>

#include "base/cpu_dispatch.h"
#include "vector/bitmap.h"
#include "vector/row_layout_types.h"

namespace llkv {
namespace {

template <typename F>
void VisitInteger(PhysicalType type, F&& f) {
  switch (type) {
    case PhysicalType::kInt8:
      return f(int8_t{});
    case PhysicalType::kInt16:
      return f(int16_t{});
    case PhysicalType::kInt32:
      return f(int32_t{});
    case PhysicalType::kInt64:
      return f(int64_t{});
    case PhysicalType::kUInt16:
      return f(uint16_t{});
    case PhysicalType::kUInt32:
      return f(uint32_t{});
    case PhysicalType::kUInt64:
      return f(uint64_t{});
    default:
      return f(uint8_t{});
  }
}

template <bool kHasNulls, typename T>
void AddTyped(const Vector& key, uint64_t first, uint32_t null_code, uint32_t size, const Selection& selection,
              uint32_t* index) {
  const T* values = key.values<T>();
  ForEachRow(selection, [&](uint32_t row) {
    auto code = static_cast<uint32_t>(static_cast<uint64_t>(values[row]) - first);
    if constexpr (kHasNulls) code = key.IsValid(row) ? code : null_code;
    index[row] = index[row] * size + code;
  });
}

}  // namespace

bool GroupCache::FindDomain(const Vector& key, Domain* domain) {
  *domain = Domain{key.form, 0, 0, 0, key.validity != nullptr};
  switch (key.form) {
    case VectorForm::kConstant:
      domain->size = 1;
      return true;
    case VectorForm::kDictionary:
      domain->dictionary_id = key.dictionary_id;
      domain->size = key.dictionary_size;
      return key.dictionary_size <= kMaxEntries;
    case VectorForm::kFlat:
    case VectorForm::kNarrow:
      break;
    default:
      return false;
  }
  if (key.type.physical() == PhysicalType::kBool && key.form == VectorForm::kFlat) {
    domain->size = 2;
    return true;
  }
  const PhysicalType physical = key.type.physical();
  if (!IsPhysicalInteger(physical) || (physical == PhysicalType::kInt128 && key.form == VectorForm::kFlat))
    return false;
  if (key.storage == PhysicalType::kInt128) return false;
  if (key.range.known) {
    if (key.range.max < key.range.min || key.range.max - key.range.min >= static_cast<int128_t>(kMaxEntries)) {
      return false;
    }
    domain->base = static_cast<int64_t>(key.range.min);
    domain->size = static_cast<uint64_t>(key.range.max - key.range.min) + 1;
    return static_cast<int128_t>(domain->base) == key.range.min;
  }
  const PhysicalType stored = key.form == VectorForm::kNarrow ? key.storage : physical;
  if (stored != PhysicalType::kUInt8 && stored != PhysicalType::kInt8) return false;
  const int64_t lowest = stored == PhysicalType::kInt8 ? -128 : 0;
  domain->base = lowest + (key.form == VectorForm::kNarrow ? key.base : 0);
  domain->size = 256;
  return true;
}

arrow::Result<bool> GroupCache::Prepare(std::span<const Vector> keys, const Selection& selection) {
  next_domains_.resize(keys.size());
  uint64_t num_entries = 1;
  bool lasts = true;
  for (size_t i = 0; i < keys.size(); ++i) {
    Domain& domain = next_domains_[i];
    if (!FindDomain(keys[i], &domain)) return false;
    num_entries *= domain.size + (domain.has_nulls ? 1 : 0);
    if (num_entries > kMaxEntries) return false;
    if (domain.form == VectorForm::kConstant || (domain.form == VectorForm::kDictionary && domain.dictionary_id == 0)) {
      lasts = false;
    }
  }
  if (!lasts || next_domains_ != domains_) {
    if (!lasts && num_entries > selection.count) return false;
    ARROW_RETURN_NOT_OK(entries_.Resize(static_cast<int64_t>(num_entries)));
    Clear();
    std::swap(domains_, next_domains_);
  }
  ForEachRow(selection, [&](uint32_t row) { index_[row] = 0; });
  for (size_t i = 0; i < keys.size(); ++i) AddCodes(keys[i], domains_[i], selection);
  return true;
}

void GroupCache::AddCodes(const Vector& key, const Domain& domain, const Selection& selection) {
  const auto null_code = static_cast<uint32_t>(domain.size);
  const auto size = static_cast<uint32_t>(domain.size + (domain.has_nulls ? 1 : 0));
  if (domain.form == VectorForm::kConstant) {
    const uint32_t code = key.IsConstantNull() ? null_code : 0;
    ForEachRow(selection, [&](uint32_t row) { index_[row] = index_[row] * size + code; });
    return;
  }
  const PhysicalType stored = key.form == VectorForm::kFlat ? key.type.physical() : key.storage;
  // Values are base + stored for the narrow form, so that the first code is a stored value.
  const int64_t offset = key.form == VectorForm::kNarrow ? key.base : 0;
  const uint64_t first = static_cast<uint64_t>(domain.base) - static_cast<uint64_t>(offset);
  VisitInteger(stored, [&](auto tag) {
    using T = decltype(tag);
    if (domain.has_nulls) {
      AddTyped<true, T>(key, first, null_code, size, selection, index_);
    } else {
      AddTyped<false, T>(key, first, null_code, size, selection, index_);
    }
  });
}

uint32_t GroupCache::Lookup(const Selection& selection, uint8_t** states, uint16_t* missing) const {
  uint32_t num_missing = 0;
  uint8_t* const* entries = entries_.data();
  ForEachRow(selection, [&](uint32_t row) {
    uint8_t* state = entries[index_[row]];
    states[row] = state;
    missing[num_missing] = static_cast<uint16_t>(row);
    num_missing += state == nullptr ? 1U : 0U;
  });
  return num_missing;
}

void GroupCache::Remember(const uint16_t* missing, uint32_t count, uint8_t* const* states) {
  for (uint32_t k = 0; k < count; ++k) entries_[index_[missing[k]]] = states[missing[k]];
}

namespace {

struct PackCodesLoop {
  static LLKV_INLINE uint32_t Run(const uint32_t* codes, uint8_t* packed, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) packed[i] = static_cast<uint8_t>(codes[i]);
    return count;
  }
};

struct EqualCodesLoop {
  static LLKV_INLINE uint32_t Run(const uint8_t* codes, uint8_t wanted, uint8_t* mask, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) mask[i] = codes[i] == wanted ? 1 : 0;
    return count;
  }
};

}  // namespace

uint32_t GroupCache::SplitRows(const Selection& selection, uint32_t num_rows, size_t num_aggregates, Run* runs,
                               uint16_t* rows) const {
  const auto num_codes = static_cast<uint32_t>(std::min<int64_t>(entries_.size(), kMaxRuns + 1));
  if (num_codes > kMaxRuns || num_codes > 2 * num_aggregates || selection.count < 32 * num_codes) return 0;
  alignas(64) uint8_t packed[kMaxBatchRows];
  alignas(64) uint8_t mask[kMaxBatchRows];
  const uint32_t num_positions = selection.IsDense() ? selection.count : num_rows;
  Dispatch<PackCodesLoop>(index_, packed, num_positions);
  uint32_t num_runs = 0;
  for (uint32_t code = 0; code < num_codes; ++code) {
    if (entries_[code] == nullptr) continue;
    Dispatch<EqualCodesLoop>(packed, static_cast<uint8_t>(code), mask, num_positions);
    const uint32_t count = SelectBytes(mask, /*wanted=*/true, selection, rows);
    if (count == 0) continue;
    runs[num_runs++] = {entries_[code], {rows, count}};
    rows += count;
  }
  return num_runs;
}

void GroupCache::Clear() { std::fill(entries_.begin(), entries_.end(), nullptr); }

}  // namespace llkv
