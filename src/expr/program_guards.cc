// Running a program: AND, OR, CASE and COALESCE, and functions of dictionaries' entries.
#include <arrow/memory_pool.h>

#include <atomic>
#include <cstring>
#include <optional>

#include "base/error.h"
#include "expr/program_state.h"
#include "vector/bitmap.h"

namespace llkv {

namespace {

// Ids of dictionaries that programs make: apart from those of chunks, which count from 1.
uint64_t NextDictionaryId() {
  static std::atomic<uint64_t> next{uint64_t{1} << 63};
  return next.fetch_add(1, std::memory_order_relaxed);
}

template <typename T>
void CopyRows(const Vector& from, const Selection& selection, ScratchVector& to) {
  T* out = to.data<T>();
  const T* values = from.values<T>();
  if (from.form == VectorForm::kConstant) {
    const T value = *values;
    ForEachRow(selection, [&](uint32_t row) { out[row] = value; });
  } else {
    ForEachRow(selection, [&](uint32_t row) { out[row] = values[row]; });
  }
}

// Values and validity of the selected rows of a flat or constant Vector.
void CopySelected(const Vector& from, const Selection& selection, ScratchVector& to) {
  switch (PhysicalWidth(from.type.physical())) {
    case 1:
      CopyRows<uint8_t>(from, selection, to);
      break;
    case 2:
      CopyRows<uint16_t>(from, selection, to);
      break;
    case 4:
      CopyRows<uint32_t>(from, selection, to);
      break;
    case 8:
      CopyRows<uint64_t>(from, selection, to);
      break;
    default:
      CopyRows<uint128_t>(from, selection, to);
  }
  if (from.validity == nullptr) {
    if (to.vector().validity == nullptr) return;
    ForEachRow(selection, [&](uint32_t row) { SetBit(to.validity(), row); });
    return;
  }
  uint8_t* bits = to.vector().validity == nullptr ? to.UseValidity() : to.validity();
  const bool constant = from.form == VectorForm::kConstant;
  ForEachRow(selection, [&](uint32_t row) { SetBitTo(bits, row, GetBit(from.validity, constant ? 0 : row)); });
}

}  // namespace

// Rows leave as soon as a term decides them: FALSE for AND, TRUE for OR. What stays to the end has the other value, or
// is NULL where a term was.
arrow::Status ProgramState::Impl::RunConjunction(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  NodeState& state = states[id];
  ARROW_ASSIGN_OR_RAISE(ScratchVector * out, Scratch(id));
  out->ResetFlat(TypeId::kBoolean);
  uint8_t* result = out->data<uint8_t>();
  const uint8_t deciding = node.is_and ? 0 : 1;
  std::memset(result, deciding, batch->num_rows);
  uint16_t* rows = Rows(state.rows);
  uint8_t* nulls = nullptr;
  Selection undecided = selection;
  for (const uint32_t child : node.children) {
    if (undecided.count == 0) break;
    std::optional<Narrowed> narrowed;
    if (child != node.children.front()) narrowed.emplace(*this);
    ARROW_ASSIGN_OR_RAISE(const Vector* term, EvaluateFlat(child, undecided));
    const bool constant = term->form == VectorForm::kConstant;
    if (constant && !term->IsConstantNull()) {
      if (*term->values<uint8_t>() == deciding) undecided = {rows, 0};
      continue;
    }
    if (term->validity == nullptr) {
      const uint32_t count = SelectBytes(term->values<uint8_t>(), node.is_and, undecided, rows);
      if (count != undecided.count) undecided = {rows, count};
      continue;
    }
    if (nulls == nullptr) nulls = out->UseValidity();
    const uint8_t* values = term->values<uint8_t>();
    uint32_t count = 0;
    ForEachRow(undecided, [&](uint32_t row) {
      const bool valid = !constant && GetBit(term->validity, row);
      if (!valid) ClearBit(nulls, row);
      rows[count] = static_cast<uint16_t>(row);
      count += !valid || values[row] != deciding ? 1 : 0;
    });
    undecided = {rows, count};
  }
  if (nulls == nullptr) {
    ForEachRow(undecided, [&](uint32_t row) { result[row] = deciding ^ 1; });
    return arrow::Status::OK();
  }
  // A row that a later term decided is not NULL, whatever an earlier one was.
  alignas(64) uint8_t unknown[kMaxBatchRows / 8];
  CopyBitmap(nulls, kMaxBatchRows, unknown);
  FillBitmap(nulls, kMaxBatchRows, true);
  ForEachRow(undecided, [&](uint32_t row) {
    result[row] = deciding ^ 1;
    SetBitTo(nulls, row, GetBit(unknown, row));
  });
  return arrow::Status::OK();
}

arrow::Status ProgramState::Impl::TakeBranch(uint32_t id, uint32_t branch, const Selection& selection,
                                             ValueRange* range, bool* first) {
  if (selection.count == 0) return arrow::Status::OK();
  const Narrowed narrowed(*this);
  ARROW_ASSIGN_OR_RAISE(const Vector* result, EvaluateFlat(branch, selection));
  CopySelected(*result, selection, *states[id].scratch);
  if (result->IsConstantNull()) return arrow::Status::OK();
  if (*first) {
    *range = result->range;
  } else if (range->known && result->range.known) {
    range->min = std::min(range->min, result->range.min);
    range->max = std::max(range->max, result->range.max);
  } else {
    *range = {};
  }
  *first = false;
  return arrow::Status::OK();
}

arrow::Status ProgramState::Impl::RunCase(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  NodeState& state = states[id];
  ARROW_ASSIGN_OR_RAISE(ScratchVector * out, Scratch(id));
  out->ResetFlat(node.type);
  uint16_t* rows = Rows(state.rows);
  uint16_t* taken_rows = Rows(state.taken);
  Selection undecided = selection;
  ValueRange range;
  bool first = true;
  for (size_t i = 0; i + 1 < node.children.size() && undecided.count > 0; i += 2) {
    std::optional<Narrowed> narrowed;
    if (i > 0) narrowed.emplace(*this);
    ARROW_ASSIGN_OR_RAISE(const Selection taken, Filter(node.children[i], undecided, taken_rows));
    ARROW_RETURN_NOT_OK(TakeBranch(id, node.children[i + 1], taken, &range, &first));
    if (taken.count == 0) continue;
    undecided = {rows, SubtractSelection(undecided, taken, rows)};
  }
  ARROW_RETURN_NOT_OK(TakeBranch(id, node.children.back(), undecided, &range, &first));
  out->vector().range = range;
  return arrow::Status::OK();
}

arrow::Status ProgramState::Impl::RunCoalesce(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  ARROW_ASSIGN_OR_RAISE(ScratchVector * out, Scratch(id));
  out->ResetFlat(node.type);
  uint16_t* rows = Rows(states[id].rows);
  Selection undecided = selection;
  ValueRange range;
  bool first = true;
  for (const uint32_t child : node.children) {
    if (undecided.count == 0) break;
    ARROW_RETURN_NOT_OK(TakeBranch(id, child, undecided, &range, &first));
    if (out->vector().validity == nullptr) break;
    undecided = {rows, SelectBits(out->validity(), false, undecided, rows)};
  }
  out->vector().range = range;
  return arrow::Status::OK();
}

// Runs the function over the dictionary's entries, in pieces of a batch.
arrow::Status ProgramState::Impl::FillDictionary(uint32_t id, uint32_t argument, DictionaryCache& cache) {
  const ProgramNode& node = program->impl().nodes[id];
  const Vector& encoded = *states[id].arguments[argument];
  ScratchVector& out = *states[id].scratch;
  const auto width = static_cast<uint32_t>(PhysicalWidth(node.type.physical()));
  if (encoded.dictionary_size > cache.capacity || cache.data == nullptr) {
    if (cache.data != nullptr) context.pool->Free(cache.data, cache.allocated, 64);
    cache.data = nullptr;
    cache.capacity = std::max<uint32_t>(encoded.dictionary_size, 256);
    cache.allocated = int64_t{cache.capacity} * width + 64;
    ARROW_RETURN_NOT_OK(context.pool->Allocate(cache.allocated, 64, &cache.data));
    std::memset(cache.data, 0, static_cast<size_t>(cache.allocated));
  }
  if (cache.arena == nullptr) cache.arena = std::make_unique<StringArena>(context.pool);
  cache.arena->Reset();
  KernelContext entry_context = context;
  entry_context.arena = cache.arena.get();
  std::vector<const Vector*> args = states[id].arguments;
  const auto entry_width = static_cast<uint32_t>(PhysicalWidth(encoded.type.physical()));
  for (uint32_t begin = 0; begin < encoded.dictionary_size; begin += kMaxBatchRows) {
    const uint32_t count = std::min(kMaxBatchRows, encoded.dictionary_size - begin);
    Vector entries;
    entries.type = encoded.type;
    entries.storage = encoded.type.physical();
    entries.data = static_cast<const uint8_t*>(encoded.dictionary) + size_t{begin} * entry_width;
    entries.range = encoded.range;
    args[argument] = &entries;
    out.ResetFlat(node.type);
    ARROW_RETURN_NOT_OK(
        node.function.kernel(entry_context, node.function.state.get(), args, Selection::All(count), count, out));
    const Vector& results = out.vector();
    if (results.form == VectorForm::kNarrow) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector wide, ScratchVector::Make(node.type, context.pool));
      const Vector& flat = Flatten(results, Selection::All(count), count, wide);
      std::memcpy(cache.data + size_t{begin} * width, flat.data, size_t{count} * width);
    } else {
      std::memcpy(cache.data + size_t{begin} * width, results.data, size_t{count} * width);
    }
  }
  cache.size = encoded.dictionary_size;
  cache.source_id = encoded.dictionary_id;
  cache.result_id = NextDictionaryId();
  return arrow::Status::OK();
}

// For one dictionary and constants beside it: the result is a dictionary with the same codes.
arrow::Result<bool> ProgramState::Impl::TryDictionary(uint32_t id, const Selection& selection) {
  const ProgramNode& node = program->impl().nodes[id];
  NodeState& state = states[id];
  if (node.function.can_fail || node.function.null_rule != NullRule::kPropagate) return false;
  int argument = -1;
  for (size_t i = 0; i < node.children.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(state.arguments[i], Evaluate(node.children[i], selection));
    const Vector& vector = *state.arguments[i];
    if (vector.form == VectorForm::kConstant && !vector.IsConstantNull()) continue;
    if (vector.form != VectorForm::kDictionary || argument >= 0) return false;
    argument = static_cast<int>(i);
  }
  if (argument < 0) return false;
  const Vector& encoded = *state.arguments[static_cast<size_t>(argument)];
  if (state.dictionary == nullptr) state.dictionary = std::make_unique<DictionaryCache>();
  DictionaryCache& cache = *state.dictionary;
  const bool cached = encoded.dictionary_id != 0 && cache.source_id == encoded.dictionary_id;
  if (!cached) {
    // A dictionary that lives for one batch, or a large one read for few rows, costs more by its entries.
    const uint32_t worth = encoded.dictionary_id != 0 ? 32 : 1;
    if (encoded.dictionary_size / worth > selection.count) return false;
    ARROW_RETURN_NOT_OK(FillDictionary(id, static_cast<uint32_t>(argument), cache));
  }
  ScratchVector& out = *state.scratch;
  out.ResetFlat(node.type);
  Vector& vector = out.vector();
  vector.form = VectorForm::kDictionary;
  vector.storage = encoded.storage;
  vector.data = encoded.data;
  vector.validity = encoded.validity;
  vector.dictionary = cache.data;
  vector.dictionary_size = cache.size;
  vector.dictionary_id = cache.result_id;
  return true;
}

}  // namespace llkv
