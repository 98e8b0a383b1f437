// The function registry: what a function is called, what it takes and gives, and the kernel that computes it over
// Vectors.
//
// A function is added by a file under scalar/, aggregate/, window/ or table/ that defines
// Register<FileName>(FunctionRegistry&). Operators (+, =, LIKE, …) are functions too, registered under their symbol: +
// - * / % (+ and - also with one argument), = <> < <= > >=, || & | << >> ~, and as words: not, is_null, is_not_null,
// is_true, is_not_true, is_false, is_not_false, is_distinct_from, is_not_distinct_from, like, ilike and "similar to"
// (text, pattern[, escape]), regex_match (~; the others as ~* !~ !~*), extract (text constant, value). Comparisons take
// the text constants that they are given as literals of the other side's type.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "types/logical_type.h"
#include "types/time_zone.h"
#include "types/value.h"
#include "vector/scratch.h"
#include "vector/vector.h"

namespace llkv {

class StopToken;

/// Meanings that dialects give to the same text. Default: PostgreSQL's.
enum class Dialect : uint8_t { kDefault, kSqlite };

/// What a running kernel may use beside its arguments. One a thread and a query.
struct KernelContext {
  arrow::MemoryPool* pool = nullptr;
  StringArena* arena = nullptr;      // result strings; lives until the consumer is done with the batch
  int64_t statement_time_us = 0;     // now(), fixed a statement, microseconds since 1970 UTC
  uint64_t* random_state = nullptr;  // random()
  /// What setseed leaves for the session's next statements; may be null.
  std::atomic<uint64_t>* session_seed = nullptr;
  /// The session's time zone; null is UTC. What goes by it is kStable.
  const TimeZone* zone = nullptr;
  /// What long loops poll; may be null.
  const StopToken* stop = nullptr;

  const TimeZone& time_zone() const;
  /// 57014 once the statement is to stop. Loops over what a whole group has poll it at least each 10 ms.
  arrow::Status CheckStop() const;
};

/// Computes one batch: out[row] for every row of `selection`; other rows may be computed too (dense loops are faster)
/// but must never fail and their results are unspecified. `args` may have any form that the overload accepts (see
/// `accepted_forms`), else they arrive flat or constant. The kernel fills out.vector() (any form; flat unless it knows
/// better) and its range where it can. With NullRule::kPropagate the caller sets validity; the kernel ignores it but
/// must not fail on NULL rows: rows with a NULL argument are not in `selection`.
/// Where a row is an error, the kernel returns it as the batch's Status.
using ScalarKernel = arrow::Status (*)(KernelContext& context, const void* state, std::span<const Vector* const> args,
                                       const Selection& selection, uint32_t num_rows, ScratchVector& out);

/// The same as a filter: writes the rows of `selection` where the BOOLEAN result is TRUE to `rows` (room for
/// kMaxBatchRows; may be selection.rows), ascending, and returns how many. Rows with a NULL argument are not in
/// `selection`. Only for functions that cannot fail.
using ScalarSelectKernel = uint32_t (*)(const void* state, std::span<const Vector* const> args,
                                        const Selection& selection, uint32_t num_rows, uint16_t* rows);

/// What a function makes of NULL arguments.
enum class NullRule : uint8_t {
  kPropagate,  // NULL where any argument is NULL; the program does it
  kKernel,     // the kernel reads and writes validity itself (AND, OR, IS NULL, coalesce, concat, …)
};

/// Which forms a kernel takes beside flat and constant, as bits.
enum FormBits : uint8_t {
  kFormsFlat = 0,
  kFormsNarrow = 1 << 0,
  kFormsDictionary = 1 << 1,
  kFormsOffsets = 1 << 2,
};

/// When the same arguments give the same result.
enum class Volatility : uint8_t {
  kImmutable,  // always: may be folded
  kStable,     // within a statement: now()
  kVolatile,   // never: random()
};

/// A scalar function chosen for given argument types.
struct BoundScalar {
  std::string name;
  std::vector<LogicalType> argument_types;  // the arguments are cast to these
  LogicalType return_type;
  ScalarKernel kernel = nullptr;
  std::shared_ptr<const void>
      state;  // what binding prepared (a compiled pattern, a scale), read-only, shared by threads
  /// `state` follows from the name, the types and the constant arguments alone: two such functions with equal
  /// arguments are the same computation.
  bool state_is_derived = true;
  /// A faster form of `kernel` for filters, for any form in accepted_forms; may be null.
  ScalarSelectKernel select = nullptr;
  NullRule null_rule = NullRule::kPropagate;
  Volatility volatility = Volatility::kImmutable;
  uint8_t accepted_forms = kFormsFlat;
  /// Some arguments make it an error (overflow, division by zero). Never hoisted above its guard, pushed below a join,
  /// or folded.
  bool can_fail = false;
  /// It is cheaper to run once a dictionary entry and map the codes (functions of one string column and constants).
  bool per_dictionary_entry = false;
};

/// What binding a function may look at.
struct BindInput {
  std::span<const LogicalType> argument_types;
  std::span<const Value* const> constants;  // null where an argument is not a constant
  Dialect dialect = Dialect::kDefault;
};

/// A name with all its overloads. `bind` answers with the best overload, or an error (42883 where none fits) whose
/// message names the types; nothing is cast that would lose meaning.
struct ScalarFunction {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::string example;
  arrow::Result<BoundScalar> (*bind)(const ScalarFunction& self, const BindInput& input) = nullptr;
};

/// An aggregate chosen for given argument types. States are `state_size` plain bytes, 8-byte aligned, that may be moved
/// by memcpy; what does not fit (strings of min/max) lies in the arena. Where states_are_lists, a combined state may
/// refer to what its source has in the source's arena.
struct BoundAggregate {
  std::string name;
  std::vector<LogicalType> argument_types;
  LogicalType return_type;
  uint32_t state_size = 0;
  std::shared_ptr<const void> state;
  uint8_t accepted_forms = kFormsFlat;
  bool distinct_is_noop = false;  // min, max
  /// The order of the rows decides the result: ORDER BY in the call sorts them, and over a window they come in the
  /// window's order.
  bool order_matters = false;
  /// A state holds all that it was fed: combining states costs as much as feeding them again.
  bool states_are_lists = false;

  void (*initialize)(const void* bound, uint8_t* state) = nullptr;
  /// For each selected row i: update states[i] with row i. `states` has one pointer for each row position of the batch.
  arrow::Status (*update)(KernelContext&, const void* bound, std::span<const Vector* const> args, const Selection&,
                          uint32_t num_rows, uint8_t* const* states) = nullptr;
  /// All selected rows into one state: the path of ungrouped aggregates, at memory speed.
  arrow::Status (*update_single)(KernelContext&, const void* bound, std::span<const Vector* const> args,
                                 const Selection&, uint32_t num_rows, uint8_t* state) = nullptr;
  /// targets[i] absorbs sources[i], `count` of them, in order: a target may be a later pair's source, or stand in
  /// several pairs. Sources stay as they are.
  arrow::Status (*combine)(KernelContext&, const void* bound, const uint8_t* const* sources, uint8_t* const* targets,
                           uint32_t count) = nullptr;
  /// Results of `count` states into rows 0 … count-1 of `out`, validity included.
  arrow::Status (*finalize)(KernelContext&, const void* bound, const uint8_t* const* states, uint32_t count,
                            ScratchVector& out) = nullptr;
};

/// An aggregate function's name with all its overloads. count(*) is bound with no arguments.
struct AggregateFunction {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::string example;
  arrow::Result<BoundAggregate> (*bind)(const AggregateFunction& self, const BindInput& input) = nullptr;
};

/// What a call with OVER computes.
enum class WindowKind : uint8_t {
  kRowNumber,
  kRank,
  kDenseRank,
  kPercentRank,
  kCumeDist,
  kNtile,
  kLag,
  kLead,
  kFirstValue,
  kLastValue,
  kNthValue,
  kAggregate,  // an aggregate function over the frame
};

/// A function that stands with OVER alone, computed by exec. The first argument of those that give values may be of any
/// type, and the third (a default) is unified with it; all others are BIGINT.
struct WindowFunction {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::string example;
  WindowKind kind = WindowKind::kRowNumber;
  size_t min_arguments = 0;
  size_t max_arguments = 0;
  /// Null where the result is of the first argument's type.
  LogicalType return_type{};
  /// Takes IGNORE NULLS.
  bool may_ignore_nulls = false;
};

/// Rows of a table function (range, …) in batches; see BoundTableFunction.
class TableFunctionSource {
 public:
  virtual ~TableFunctionSource() = default;
  /// Next rows of this source; 0 rows at the end. Vectors are valid until the next call. Thread-safe only if each
  /// thread has its own source: `Split` of the bound function gives independent parts.
  virtual arrow::Result<Batch> Next(KernelContext& context) = 0;
};

/// A table function bound to constant arguments.
class BoundTableFunction {
 public:
  virtual ~BoundTableFunction() = default;
  /// Independent parts that together are the result, in order; `part` < num_parts().
  virtual uint64_t num_parts() const = 0;
  virtual arrow::Result<std::unique_ptr<TableFunctionSource>> MakeSource(uint64_t part) const = 0;
  virtual double estimated_rows() const = 0;
  std::vector<std::string> column_names;
  std::vector<LogicalType> column_types;
};

struct TableFunction {
  std::string name;
  std::vector<std::string> aliases;
  std::string description;
  std::string example;
  arrow::Result<std::shared_ptr<const BoundTableFunction>> (*bind)(const TableFunction& self,
                                                                   std::span<const Value> arguments) = nullptr;
};

/// All functions by name, without regard to case. Immutable once built; one for a process is enough, shared by threads.
class FunctionRegistry {
 public:
  /// With every function of this library.
  static std::shared_ptr<const FunctionRegistry> MakeDefault();

  void Add(ScalarFunction function);
  void Add(AggregateFunction function);
  void Add(WindowFunction function);
  void Add(TableFunction function);

  /// Null where there is none. Valid as long as the registry.
  const ScalarFunction* FindScalar(std::string_view name) const;
  const AggregateFunction* FindAggregate(std::string_view name) const;
  const WindowFunction* FindWindow(std::string_view name) const;
  const TableFunction* FindTable(std::string_view name) const;

  /// Errors: 42883 for an unknown name (with the nearest one as a hint) or for types that no overload takes.
  arrow::Result<BoundScalar> BindScalar(std::string_view name, const BindInput& input) const;
  arrow::Result<BoundAggregate> BindAggregate(std::string_view name, const BindInput& input) const;

  /// A cast. `safe` gives NULL where the value does not fit (TRY_CAST). Error 42846 where the pair makes no sense.
  arrow::Result<BoundScalar> BindCast(LogicalType from, LogicalType to, bool safe, Dialect dialect) const;

 private:
  std::unordered_map<std::string, ScalarFunction> scalars_;
  std::unordered_map<std::string, AggregateFunction> aggregates_;
  std::unordered_map<std::string, WindowFunction> windows_;
  std::unordered_map<std::string, TableFunction> tables_;
};

}  // namespace llkv
