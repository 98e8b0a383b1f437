// One thread's run of a program: which node is computed for which rows. Private to this folder.
//
// Guards (AND, OR, CASE, COALESCE) narrow the rows for which the nodes below them run. Selections form a chain, from
// the batch's own to the narrowest active one; a node's result is reused where it was computed for a selection of the
// current chain, and computed again otherwise. A result is only overwritten when nothing of the active chain reads it:
// guards copy what they take from a branch before they go on.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "expr/program_impl.h"

namespace llkv {

/// Results of a function for each entry of a dictionary, kept as long as the dictionary stays the same.
struct DictionaryCache {
  uint64_t source_id = 0;  // dictionary_id of the argument; 0: nothing cached
  uint64_t result_id = 0;
  uint32_t size = 0;
  uint32_t capacity = 0;
  uint8_t* data = nullptr;
  int64_t allocated = 0;
  std::unique_ptr<StringArena> arena;
};

/// One node's registers.
struct NodeState {
  uint64_t computed_for = 0;  // id of the selection of the result; 0: none in this batch
  uint64_t flat_for = 0;
  const Vector* result = nullptr;
  const Vector* flat = nullptr;
  std::unique_ptr<ScratchVector> scratch;
  std::unique_ptr<ScratchVector> flat_scratch;
  std::unique_ptr<uint16_t[]> rows;      // guards: rows still undecided; functions: rows without NULLs
  std::unique_ptr<uint16_t[]> taken;     // CASE: rows of a branch
  std::vector<const Vector*> arguments;  // room for a function's call
  std::unique_ptr<DictionaryCache> dictionary;
};

struct ProgramState::Impl {
  Impl(std::shared_ptr<const Program> source, KernelContext kernel_context);
  ~Impl();

  /// Begins a batch.
  void Begin(const Batch& batch);
  arrow::Result<const Vector*> Evaluate(uint32_t id, const Selection& selection);
  /// The same, in flat or constant form.
  arrow::Result<const Vector*> EvaluateFlat(uint32_t id, const Selection& selection);
  /// The rows of `selection` where node `id` is TRUE, in `rows` unless all of a dense selection are.
  arrow::Result<Selection> Filter(uint32_t id, const Selection& selection, uint16_t* rows);

  arrow::Status RunFunction(uint32_t id, const Selection& selection);
  arrow::Result<bool> TryDictionary(uint32_t id, const Selection& selection);
  arrow::Status FillDictionary(uint32_t id, uint32_t argument, DictionaryCache& cache);
  arrow::Status RunConjunction(uint32_t id, const Selection& selection);
  arrow::Status RunCase(uint32_t id, const Selection& selection);
  arrow::Status RunCoalesce(uint32_t id, const Selection& selection);
  arrow::Result<Selection> FilterFunction(uint32_t id, const Selection& selection, uint16_t* rows);
  /// Evaluates a function's arguments into its state's `arguments`, flat where the kernel takes nothing else.
  arrow::Status PrepareArguments(uint32_t id, const Selection& selection);
  /// Copies the selected rows of a branch's result into node `id`'s scratch.
  arrow::Status TakeBranch(uint32_t id, uint32_t branch, const Selection& selection, ValueRange* range, bool* first);

  arrow::Result<ScratchVector*> Scratch(uint32_t id);
  uint16_t* Rows(std::unique_ptr<uint16_t[]>& rows);
  bool InChain(uint64_t selection_id) const;

  /// Makes a narrowed selection the active one while it lives.
  class Narrowed {
   public:
    explicit Narrowed(Impl& impl) : impl_(impl) { impl_.chain.push_back(++impl_.last_selection); }
    ~Narrowed() { impl_.chain.pop_back(); }
    Narrowed(const Narrowed&) = delete;
    Narrowed& operator=(const Narrowed&) = delete;

   private:
    Impl& impl_;
  };

  std::shared_ptr<const Program> program;
  KernelContext context;
  std::unique_ptr<StringArena> own_arena;
  std::vector<NodeState> states;
  std::vector<Vector> outputs;
  std::vector<uint64_t> chain;  // ids of the active selections, widest first
  uint64_t last_selection = 0;
  const Batch* batch = nullptr;
};

}  // namespace llkv
