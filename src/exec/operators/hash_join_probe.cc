// The probe of a hash join.
#include "exec/operators/hash_join_probe.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "vector/row_hash.h"

namespace llkv {
namespace {

/// Fewer matches a row than this on average: rounds, which copy nothing of the left side.
constexpr uint64_t kPairsFromMatches = 4;

/// A left row that may have further matches.
struct Lookup {
  uint64_t key;  // packed key, or hash
  const JoinEntry* next;
  const JoinEntry* end;
  uint16_t position;
};

enum class Phase : uint8_t { kNewInput, kMatches, kTail };

struct ProbeState : LaneState {
  explicit ProbeState(const KernelContext& kernel)
      : pool(kernel.pool), key_flattener(kernel.pool), left_flattener(kernel.pool) {}
  arrow::MemoryPool* pool;

  ExprSetState keys;
  ExprSetState residual;
  ExprSetState in_term;
  ColumnFlattener key_flattener;
  ColumnFlattener left_flattener;
  std::vector<Vector> flat_keys;
  std::vector<ScratchVector> right;  // stored columns of candidates
  std::vector<ScratchVector> left;   // left columns of pairs
  std::vector<ScratchVector> mark;   // one BOOLEAN
  std::vector<Vector> pair_columns;
  std::vector<Vector> output;

  Phase phase = Phase::kNewInput;
  bool as_pairs = false;
  bool has_candidates = false;  // those of the next round were found at once
  uint32_t num_lookups = 0;
  uint32_t rounds = 0;
  Lookup lookups[kMaxBatchRows];
  uint8_t found[kMaxBatchRows];    // by position: a match
  uint8_t unknown[kMaxBatchRows];  // by position: IN would be NULL
  // Candidates of the round at hand.
  uint32_t num_candidates = 0;
  uint16_t positions[kMaxBatchRows];  // left row
  const uint8_t* rows[kMaxBatchRows];
  uint32_t ranks[kMaxBatchRows];  // in a dense table
  uint16_t lanes[kMaxBatchRows];
  uint16_t failed[kMaxBatchRows];
  uint16_t selected[kMaxBatchRows];
  uint16_t in_rows[kMaxBatchRows];
  uint64_t hashes[kMaxBatchRows];
  uint64_t words[GroupKeys::kMaxWords * kMaxBatchRows];
};

class HashJoinProbe : public Operator {
 public:
  HashJoinProbe(std::shared_ptr<HashJoinPlan> plan, std::shared_ptr<HashJoinTable> table)
      : plan_(std::move(plan)), table_(std::move(table)) {}

  arrow::Result<std::unique_ptr<LaneState>> MakeState(LaneContext& lane) override {
    auto state = std::make_unique<ProbeState>(lane.kernel);
    ARROW_RETURN_NOT_OK(state->keys.Prepare(plan_->left_keys(), lane.kernel));
    if (plan_->has_residual()) ARROW_RETURN_NOT_OK(state->residual.Prepare(plan_->residual(), lane.kernel));
    if (plan_->has_in_term()) ARROW_RETURN_NOT_OK(state->in_term.Prepare(plan_->in_term(), lane.kernel));
    for (const LogicalType type : plan_->columns().stored_types) {
      ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(type, lane.query->pool));
      state->right.push_back(std::move(column));
    }
    ARROW_ASSIGN_OR_RAISE(ScratchVector mark, ScratchVector::Make(TypeId::kBoolean, lane.query->pool));
    state->mark.push_back(std::move(mark));
    state->output.resize(plan_->columns().outputs.size());
    return state;
  }

  arrow::Result<OperatorResult> Execute(LaneContext& lane, const Batch& input, LaneState& lane_state,
                                        Batch* output) override {
    auto& state = static_cast<ProbeState&>(lane_state);
    if (state.phase == Phase::kNewInput) {
      if (!table_->has_rows() && DropsUnmatchedLeft(plan_->type())) return OperatorResult::kFinished;
      ARROW_RETURN_NOT_OK(LookUp(input, state));
      state.phase = Phase::kMatches;
      state.rounds = 0;
    }
    while (state.phase == Phase::kMatches) {
      if ((++state.rounds & 63) == 0) ARROW_RETURN_NOT_OK(lane.CheckStop());
      if (state.num_lookups == 0 && !state.has_candidates) {
        state.phase = Phase::kTail;
        break;
      }
      ARROW_RETURN_NOT_OK(Round(lane, input, state, output));
      if (output->selection.count == 0) continue;
      if (state.num_lookups > 0 || HasTail()) return OperatorResult::kHaveMore;
      state.phase = Phase::kNewInput;
      return OperatorResult::kNeedInput;
    }
    state.phase = Phase::kNewInput;
    *output = Batch{};
    Tail(input, state, output);
    return OperatorResult::kNeedInput;
  }

 private:
  /// Is something given after all matches of a batch?
  bool HasTail() const { return plan_->type() == JoinType::kSemi || !DropsUnmatchedLeft(plan_->type()); }

  arrow::Status LookUp(const Batch& input, ProbeState& state) {
    ARROW_RETURN_NOT_OK(state.keys.program().Evaluate(input));
    ARROW_ASSIGN_OR_RAISE(const auto keys,
                          state.key_flattener.Flatten(state.keys.program().outputs(), input.selection, input.num_rows));
    state.flat_keys.assign(keys.begin(), keys.end());
    ForEachRow(input.selection, [&](uint32_t row) { state.found[row] = state.unknown[row] = 0; });
    const Selection valid = SelectKeys(input.selection, state);
    const uint64_t* found_by = state.hashes;
    state.num_lookups = 0;
    if (plan_->is_packed()) {
      if (table_->dense() != nullptr) {
        LookUpDense(*table_->dense(), PackedKeys(keys, valid, state), valid, state);
        return arrow::Status::OK();
      }
      plan_->packing().Pack(keys, valid, state.words);
      for (uint32_t i = 0; i < valid.count; ++i) state.hashes[i] = HashInt64(state.words[i]);
      found_by = state.words;
    } else {
      HashRows(keys, valid, state.hashes);
    }
    for (uint32_t i = 0; i < valid.count; ++i) table_->Prefetch(state.hashes[i]);
    uint64_t num_entries = 0;
    for (uint32_t i = 0; i < valid.count; ++i) {
      Lookup& lookup = state.lookups[state.num_lookups];
      if (!table_->Find(state.hashes[i], &lookup.next, &lookup.end)) continue;
      __builtin_prefetch(lookup.next);
      lookup.key = found_by[i];
      lookup.position = static_cast<uint16_t>(valid[i]);
      num_entries += static_cast<uint64_t>(lookup.end - lookup.next);
      ++state.num_lookups;
    }
    state.as_pairs = !plan_->OneMatchIsEnough() && num_entries >= kPairsFromMatches * state.num_lookups;
    return arrow::Status::OK();
  }

  /// The packed keys of the selected rows; a key of 64 bits is its own packed form.
  const uint64_t* PackedKeys(std::span<const Vector> keys, const Selection& valid, ProbeState& state) const {
    if (keys.size() == 1 && valid.IsDense() && keys[0].type.physical() == PhysicalType::kInt64)
      return reinterpret_cast<const uint64_t*>(keys[0].values<int64_t>());
    plan_->packing().Pack(keys, valid, state.words);
    return state.words;
  }

  static void LookUpDense(const DenseJoinTable& table, const uint64_t* keys, const Selection& valid,
                          ProbeState& state) {
    state.as_pairs = false;
    if (table.wants() == DenseJoinTable::Wants::kPresence) {
      for (uint32_t i = 0; i < valid.count; ++i) state.found[valid[i]] = table.Contains(keys[i]) ? 1 : 0;
      return;
    }
    const uint32_t count = table.Find(keys, valid.count, state.ranks, state.positions);
    if (!valid.IsDense()) {
      for (uint32_t i = 0; i < count; ++i) state.positions[i] = valid.rows[state.positions[i]];
    }
    if (table.wants() == DenseJoinTable::Wants::kRow) {
      for (uint32_t i = 0; i < count; ++i) {
        state.rows[i] = table.row(state.ranks[i]);
        __builtin_prefetch(state.rows[i]);
      }
    }
    state.num_candidates = count;
    state.has_candidates = count > 0;
  }

  /// Rows whose keys can match at all. To IN, where the keys are its own, the others are unknown.
  Selection SelectKeys(const Selection& selection, ProbeState& state) const {
    bool has_nulls = false;
    for (size_t k = 0; k < state.flat_keys.size(); ++k) {
      has_nulls |= state.flat_keys[k].validity != nullptr && !plan_->null_safe()[k];
    }
    if (!has_nulls) return selection;
    uint32_t count = 0;
    ForEachRow(selection, [&](uint32_t row) {
      bool valid = true;
      for (size_t k = 0; k < state.flat_keys.size(); ++k) {
        valid &= plan_->null_safe()[k] || state.flat_keys[k].IsValid(row);
      }
      state.unknown[row] = valid || !plan_->null_aware_key() ? 0 : 1;
      state.selected[count] = static_cast<uint16_t>(row);
      count += valid ? 1U : 0U;
    });
    return {state.selected, count};
  }

  /// One further match of each left row, or a batch of pairs: fills *output where matches are given.
  arrow::Status Round(LaneContext& lane, const Batch& input, ProbeState& state, Batch* output) {
    if (std::exchange(state.has_candidates, false)) {
      // A dense table has one row a key.
    } else if (state.as_pairs) {
      CollectPairs(state, lane.query->exec->batch_rows);
    } else {
      CollectRound(state);
    }
    VerifyKeys(state);
    if (state.num_candidates == 0) return arrow::Status::OK();
    const uint32_t num_positions = state.as_pairs ? state.num_candidates : input.num_rows;
    Selection matches{state.as_pairs ? nullptr : state.positions, state.num_candidates};
    if (GivesPairs(plan_->type()) || plan_->NeedsPairs()) {
      ARROW_RETURN_NOT_OK(MakePairs(input, state, num_positions));
    }
    if (plan_->NeedsPairs()) {
      ARROW_ASSIGN_OR_RAISE(matches, Decide(state, Batch{state.pair_columns, num_positions, matches}));
    }
    if (matches.count == 0) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(NoteMatches(state, matches));
    if (plan_->OneMatchIsEnough()) DropFound(state);
    if (!GivesPairs(plan_->type())) return arrow::Status::OK();
    for (size_t i = 0; i < state.output.size(); ++i) {
      const JoinColumns::Output& column = plan_->columns().outputs[i];
      const uint32_t offset = column.from == JoinColumns::From::kRight ? plan_->columns().num_left : 0;
      state.output[i] = state.pair_columns[offset + column.index];
    }
    *output = Batch{state.output, num_positions, matches};
    return arrow::Status::OK();
  }

  void CollectRound(ProbeState& state) const {
    uint32_t num_candidates = 0;
    uint32_t num_left = 0;
    for (uint32_t k = 0; k < state.num_lookups; ++k) {
      Lookup lookup = state.lookups[k];
      while (lookup.next != lookup.end && lookup.next->key != lookup.key) ++lookup.next;
      if (lookup.next == lookup.end) continue;
      __builtin_prefetch(lookup.next->row);
      state.positions[num_candidates] = lookup.position;
      state.rows[num_candidates++] = (lookup.next++)->row;
      if (lookup.next != lookup.end) state.lookups[num_left++] = lookup;
    }
    state.num_candidates = num_candidates;
    state.num_lookups = num_left;
  }

  static void CollectPairs(ProbeState& state, uint32_t max_pairs) {
    uint32_t num_candidates = 0;
    uint32_t k = 0;
    for (; k < state.num_lookups && num_candidates < max_pairs; ++k) {
      Lookup& lookup = state.lookups[k];
      for (; lookup.next != lookup.end && num_candidates < max_pairs; ++lookup.next) {
        if (lookup.next->key != lookup.key) continue;
        __builtin_prefetch(lookup.next->row);
        state.positions[num_candidates] = lookup.position;
        state.rows[num_candidates++] = lookup.next->row;
      }
      if (lookup.next != lookup.end) break;
    }
    std::copy(state.lookups + k, state.lookups + state.num_lookups, state.lookups);
    state.num_lookups -= k;
    state.num_candidates = num_candidates;
  }

  /// Drops candidates that only have the same hash.
  void VerifyKeys(ProbeState& state) const {
    if (plan_->is_packed() || state.num_candidates == 0) return;
    for (uint32_t i = 0; i < state.num_candidates; ++i) state.lanes[i] = static_cast<uint16_t>(i);
    uint32_t kept = state.num_candidates;
    uint32_t num_failed = 0;
    for (size_t k = 0; k < state.flat_keys.size() && kept > 0; ++k) {
      kept = MatchColumn(plan_->layout(), k, state.flat_keys[k], state.positions, state.rows, state.lanes, kept,
                         state.failed, &num_failed);
    }
    if (kept == state.num_candidates) return;
    for (uint32_t i = 0; i < kept; ++i) {
      state.positions[i] = state.positions[state.lanes[i]];
      state.rows[i] = state.rows[state.lanes[i]];
    }
    state.num_candidates = kept;
  }

  /// Makes the columns of both sides for all candidates.
  arrow::Status MakePairs(const Batch& input, ProbeState& state, uint32_t num_positions) {
    state.pair_columns.assign(input.columns.begin(), input.columns.begin() + plan_->columns().num_left);
    if (state.as_pairs) {
      ARROW_ASSIGN_OR_RAISE(const auto flat,
                            state.left_flattener.Flatten(state.pair_columns, input.selection, input.num_rows));
      while (state.left.size() < flat.size()) {
        ARROW_ASSIGN_OR_RAISE(ScratchVector column, ScratchVector::Make(flat[state.left.size()].type, state.pool));
        state.left.push_back(std::move(column));
      }
      for (size_t c = 0; c < flat.size(); ++c) {
        TakeColumn(flat[c], state.positions, state.num_candidates, state.left[c]);
        state.pair_columns[c] = state.left[c].vector();
      }
    }
    const uint16_t* positions = state.as_pairs ? nullptr : state.positions;
    const DenseJoinTable* dense = table_->dense();
    const bool has_columns = dense != nullptr && dense->wants() == DenseJoinTable::Wants::kColumns;
    for (size_t c = 0; c < state.right.size(); ++c) {
      if (has_columns) {
        dense->Gather(c, state.ranks, state.num_candidates, positions, num_positions, state.right[c]);
        state.pair_columns.push_back(state.right[c].vector());
        continue;
      }
      GatherColumn(plan_->layout(), plan_->num_stored_keys() + c, state.rows, state.num_candidates, positions,
                   num_positions, state.right[c]);
      state.pair_columns.push_back(state.right[c].vector());
    }
    return arrow::Status::OK();
  }

  /// The pairs that the join's other terms hold for.
  arrow::Result<Selection> Decide(ProbeState& state, Batch pairs) {
    if (plan_->has_residual()) {
      ARROW_ASSIGN_OR_RAISE(pairs.selection, state.residual.program().Filter(pairs, state.selected));
    }
    if (!plan_->has_in_term() || pairs.selection.count == 0) return pairs.selection;
    ARROW_RETURN_NOT_OK(state.in_term.program().Evaluate(pairs));
    const Vector& flat = Flatten(state.in_term.program().outputs()[0], pairs.selection, pairs.num_rows, state.mark[0]);
    uint32_t count = 0;
    ForEachRow(pairs.selection, [&](uint32_t row) {
      if (!flat.IsValid(row)) {
        state.unknown[state.as_pairs ? state.positions[row] : row] = 1;
      } else if (flat.values<uint8_t>()[row] != 0) {
        state.in_rows[count++] = static_cast<uint16_t>(row);
      }
    });
    return Selection{state.in_rows, count};
  }

  arrow::Status NoteMatches(ProbeState& state, const Selection& matches) {
    if (plan_->type() == JoinType::kInner) return arrow::Status::OK();
    bool twice = false;
    ForEachRow(matches, [&](uint32_t row) {
      const uint32_t position = state.as_pairs ? state.positions[row] : row;
      twice |= state.found[position] != 0;
      state.found[position] = 1;
    });
    if (twice && plan_->type() == JoinType::kSingle) {
      return SqlError(sqlstate::kCardinalityViolation,
                      "more than one row returned by a subquery used as an expression");
    }
    if (!MarksRight(plan_->type())) return arrow::Status::OK();
    if (state.as_pairs) {
      ForEachRow(matches, [&](uint32_t row) { MarkRow(state.rows[row]); });
      return arrow::Status::OK();
    }
    // Both lists ascend by left row.
    uint32_t candidate = 0;
    ForEachRow(matches, [&](uint32_t row) {
      while (state.positions[candidate] != row) ++candidate;
      MarkRow(state.rows[candidate]);
    });
    return arrow::Status::OK();
  }

  static void MarkRow(const uint8_t* row) {
    std::atomic_ref<uint8_t> mark(*const_cast<uint8_t*>(row));
    if (mark.load(std::memory_order_relaxed) == 0) mark.store(1, std::memory_order_relaxed);
  }

  static void DropFound(ProbeState& state) {
    uint32_t num_left = 0;
    for (uint32_t k = 0; k < state.num_lookups; ++k) {
      if (state.found[state.lookups[k].position] == 0) state.lookups[num_left++] = state.lookups[k];
    }
    state.num_lookups = num_left;
  }

  /// What is given of left rows after all their matches.
  void Tail(const Batch& input, ProbeState& state, Batch* output) const {
    if (!HasTail()) return;
    Selection rows = input.selection;
    if (plan_->type() == JoinType::kMark) {
      FillMark(input, state);
    } else {
      const bool wants_found = plan_->type() == JoinType::kSemi;
      uint32_t count = 0;
      ForEachRow(input.selection, [&](uint32_t row) {
        state.selected[count] = static_cast<uint16_t>(row);
        const bool found = state.found[row] != 0;
        count += (wants_found ? found : !found && !(IsAnti() && IsUnknown(state, row))) ? 1U : 0U;
      });
      rows = {state.selected, count};
    }
    if (rows.count == 0) return;
    for (size_t i = 0; i < state.output.size(); ++i) {
      const JoinColumns::Output& column = plan_->columns().outputs[i];
      switch (column.from) {
        case JoinColumns::From::kLeft:
          state.output[i] = input.columns[column.index];
          break;
        case JoinColumns::From::kRight:
          state.output[i] = MakeNullVector(column.type);
          break;
        case JoinColumns::From::kMark:
          state.output[i] = state.mark[0].vector();
          break;
      }
    }
    *output = Batch{state.output, input.num_rows, rows};
  }

  bool IsAnti() const { return plan_->type() == JoinType::kAnti; }

  /// Of a left row without a match: is IN's answer NULL?
  bool IsUnknown(const ProbeState& state, uint32_t row) const {
    if (plan_->has_in_term()) return state.unknown[row] != 0;
    if (!plan_->null_aware_key() || !table_->has_rows()) return false;
    return state.unknown[row] != 0 || table_->has_null_key();
  }

  void FillMark(const Batch& input, ProbeState& state) const {
    ScratchVector& mark = state.mark[0];
    mark.ResetFlat(TypeId::kBoolean);
    std::memset(mark.data<uint8_t>(), 0, input.num_rows);
    uint8_t* validity = nullptr;
    ForEachRow(input.selection, [&](uint32_t row) {
      mark.data<uint8_t>()[row] = state.found[row];
      if (state.found[row] != 0 || !IsUnknown(state, row)) return;
      if (validity == nullptr) validity = mark.UseValidity();
      validity[row >> 3] = static_cast<uint8_t>(validity[row >> 3] & ~(1U << (row & 7)));
    });
  }

  std::shared_ptr<HashJoinPlan> plan_;
  std::shared_ptr<HashJoinTable> table_;
};

}  // namespace

std::unique_ptr<Operator> MakeHashJoinProbe(std::shared_ptr<HashJoinPlan> plan, std::shared_ptr<HashJoinTable> table) {
  return std::make_unique<HashJoinProbe>(std::move(plan), std::move(table));
}

}  // namespace llkv
