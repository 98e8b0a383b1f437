// ColumnStore: columns of Arrow data under row ids, in one file, without SQL.
//
//   ARROW_ASSIGN_OR_RAISE(auto store, llkv::ColumnStore::Open("readings.llkv"));
//   const llkv::LogicalFieldId kTemperature = llkv::UserField(1);
//   auto schema = arrow::schema({llkv::RowIdField(), llkv::FieldFor(kTemperature, "temperature", arrow::float64())});
//   ARROW_RETURN_NOT_OK(store->Append(*arrow::RecordBatch::Make(schema, num_rows, {row_ids, temperatures})));
//   ARROW_ASSIGN_OR_RAISE(auto reader, store->Scan({.fields = {kTemperature}}));
//
// A row is named by a row id, any 64-bit number that the caller chooses; a column by a logical field id. A cell, one
// field of one row, has a value or is NULL: no difference is made between a NULL that was written and a cell that never
// was.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type_fwd.h>

#include <compare>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "llkv/engine.h"
#include "llkv/error.h"

namespace llkv {

class Pager;

/// Who a field belongs to: the high 16 bits of its id.
enum class FieldNamespace : uint16_t {
  kUser = 0,     ///< data
  kMvcc = 1,     ///< metadata of versions, such as who made and who deleted a row
  kRowId = 2,    ///< shadows of the row ids; the store's own, read-only
  kCatalog = 3,  ///< columns of a catalog that a program keeps in the store
};

/// Names a column for the store's life: a namespace and a number of 48 bits.
struct LogicalFieldId {
  static constexpr int kNumberBits = 48;
  uint64_t value = 0;

  constexpr LogicalFieldId() = default;
  /// `number` is below 2^48; higher bits are dropped.
  constexpr LogicalFieldId(FieldNamespace space, uint64_t number)
      : value((static_cast<uint64_t>(space) << kNumberBits) | (number & ((uint64_t{1} << kNumberBits) - 1))) {}

  constexpr FieldNamespace space() const { return static_cast<FieldNamespace>(value >> kNumberBits); }
  constexpr uint64_t number() const { return value & ((uint64_t{1} << kNumberBits) - 1); }
  constexpr auto operator<=>(const LogicalFieldId&) const = default;
};

/// A field of user data.
constexpr LogicalFieldId UserField(uint64_t number) { return {FieldNamespace::kUser, number}; }
/// The row id itself, as a field: for projections and predicates. Never NULL; cannot be written.
inline constexpr LogicalFieldId kRowIdField{FieldNamespace::kRowId, 0};

/// The name of the row-id column in batches that go in and come out.
inline constexpr std::string_view kRowIdColumnName = "row_id";
/// The key under which an arrow::Field's metadata has the logical field id, in decimal.
inline constexpr std::string_view kFieldIdMetadataKey = "llkv.field_id";

/// The column "row_id", uint64, not nullable.
std::shared_ptr<arrow::Field> RowIdField();
/// A nullable field with its id in the metadata.
std::shared_ptr<arrow::Field> FieldFor(LogicalFieldId id, std::string name, std::shared_ptr<arrow::DataType> type);
/// The id in a field's metadata; nothing where there is none.
std::optional<LogicalFieldId> FieldIdOf(const arrow::Field& field);

/// Row ids from first to last, both included.
struct RowIdRange {
  uint64_t first = 0;
  uint64_t last = std::numeric_limits<uint64_t>::max();
  bool operator==(const RowIdRange&) const = default;
};

enum class CompareOp : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsNull,
  kIsNotNull,
  kIn,
};

/// `field op values`. A row passes where that is true; a comparison with a NULL cell passes no row.
struct FieldPredicate {
  LogicalFieldId field;
  CompareOp op = CompareOp::kEqual;
  /// One for comparisons, any number for kIn, none for kIsNull and kIsNotNull. Of the field's type, or of one from
  /// which they convert without loss. A NULL matches nothing.
  std::vector<std::shared_ptr<arrow::Scalar>> values = {};
};

struct ScanOptions {
  /// What comes out, in this order.
  std::vector<LogicalFieldId> fields = {};
  /// Puts the column "row_id" before the fields.
  bool with_row_ids = true;
  /// Rows in any of them; they may overlap, and none means all rows. A scan looks at the store once for each.
  std::vector<RowIdRange> ranges = {};
  /// All must hold.
  std::vector<FieldPredicate> predicates = {};
  /// Rows of a batch at most; at least 1.
  int64_t batch_rows = 65536;
};

/// What is asked of a sort index.
struct SortedScanOptions {
  /// What comes out behind the row id, in this order.
  std::vector<LogicalFieldId> fields = {};
  /// Bounds of the sorted field's values, both included; null: none. Converted as a predicate's values are.
  std::shared_ptr<arrow::Scalar> min = nullptr;
  std::shared_ptr<arrow::Scalar> max = nullptr;
  bool descending = false;
  int64_t batch_rows = 8192;
};

/// What Gather does with row ids that no row has.
enum class MissingRows : uint8_t {
  kNull,  ///< gives a row of NULLs (with its id)
  kDrop,  ///< leaves them out
  kFail,  ///< 42704
};

/// A field that some Append has named.
struct FieldInfo {
  LogicalFieldId id;
  /// That of the Append that named it first.
  std::string name;
  /// In which values come out.
  std::shared_ptr<arrow::DataType> type;
  bool has_sort_index = false;
};

/// What is known of one field's values now.
struct FieldStatistics {
  LogicalFieldId field;
  /// Rows whose cell has a value.
  uint64_t num_values = 0;
  /// About how many different values.
  double num_distinct = 0;
  /// Bounds: no value is outside, and a row may have been deleted that made them; long text is cut to a lower or higher
  /// bound. Null where nothing is known, as for a field without values, or of lists, structs and maps that are stored.
  std::shared_ptr<arrow::Scalar> min;
  std::shared_ptr<arrow::Scalar> max;
  /// Encoded bytes of its stored chunks.
  uint64_t size_bytes = 0;
};

struct StoreStatistics {
  uint64_t num_rows = 0;
  /// By id.
  std::vector<FieldStatistics> fields;
};

/// One column of one row group, as it is stored.
struct ChunkLayout {
  LogicalFieldId field;
  /// "flat", "constant", "dictionary", "narrow", "run_end", "text", "decimal", "nested", …; "hot" for rows in memory.
  std::string encoding;
  uint64_t num_nulls = 0;
  uint64_t size_bytes = 0;
};

/// Rows that are stored together.
struct RowGroupLayout {
  /// Row groups of one segment have the same fields.
  uint64_t segment = 0;
  /// In memory, made durable by the log; the next checkpoint stores it.
  bool is_hot = false;
  uint64_t num_rows = 0;
  /// Rows among them that were deleted or written anew, and stay until compaction.
  uint64_t num_deleted = 0;
  /// The row ids are in there.
  RowIdRange row_ids;
  std::vector<ChunkLayout> chunks;
};

struct StoreLayout {
  std::vector<RowGroupLayout> row_groups;
  /// Bytes of the file by what they are for: what the newest commit needs, what it does not, and what readers keep.
  uint64_t bytes_live = 0;
  uint64_t bytes_dead = 0;
  uint64_t bytes_pinned = 0;
  uint64_t log_bytes = 0;
  uint64_t file_bytes = 0;
};

/// What was read and written since the store was opened.
struct IoStatistics {
  /// Of scans: row groups and chunk bytes that were looked at, and those that statistics spared.
  uint64_t row_groups_scanned = 0;
  uint64_t row_groups_skipped = 0;
  uint64_t chunk_bytes_scanned = 0;
  uint64_t chunk_bytes_skipped = 0;
  uint64_t rows_scanned = 0;
  uint64_t rows_passed = 0;
  /// Of the file below.
  uint64_t num_commits = 0;
  uint64_t num_syncs = 0;
  uint64_t num_blobs_read = 0;
  uint64_t blob_bytes_read = 0;
  uint64_t bytes_written = 0;
};

struct ColumnStoreOptions {
  /// Refuses every change; the file must exist. Another process may write it meanwhile: each call sees every commit
  /// that was acknowledged before it.
  bool read_only = false;
  /// Makes the file where it is missing.
  bool create_if_missing = true;
  /// What Append, Delete and Compact wait for.
  Synchronous synchronous = Synchronous::kFull;
  /// For files; other backends have no choice.
  IoMode io = IoMode::kMap;
  /// Whether a thread makes checkpoints beside the callers. Off, changes do it now and then, and wait for it.
  bool background = true;
};

/// One open store. Every call is safe from any thread; changes are made one after the other, and readers neither wait
/// for them nor they for readers. Each change is one atomic commit: after a crash it is there whole or not at all.
///
/// Errors that any call may give: 55006 after Close; 58030 and 53100 of the file below; 53200 where memory runs out;
/// XX001 for damaged bytes. Of changes: 25006 in a store that is opened read-only.
class ColumnStore {
 public:
  struct Impl;
  /// For the library itself.
  explicit ColumnStore(std::shared_ptr<Impl> impl);

  /// Opens a store by URI, as SqlEngine::Open does: `:memory:`, the path of a file, or `rocksdb:PATH`. Errors as there,
  /// and 42809 where it holds a SQL database.
  static arrow::Result<std::unique_ptr<ColumnStore>> Open(std::string_view uri, const ColumnStoreOptions& options = {});
  /// The same over a pager that the caller made. `options.read_only` must be the pager's own.
  static arrow::Result<std::unique_ptr<ColumnStore>> Make(std::unique_ptr<Pager> pager,
                                                          const ColumnStoreOptions& options = {});
  /// Closes, and drops what Close would have reported. Readers that still live keep the store open until they end.
  ~ColumnStore();
  ColumnStore(const ColumnStore&) = delete;
  ColumnStore& operator=(const ColumnStore&) = delete;

  /// Writes cells: for each row of the batch, those of the fields that its columns name, NULL included. Cells of fields
  /// that it does not name stay as they are, NULL in a new row. Where a row id comes more than once in the batch, its
  /// last row counts.
  ///
  /// One column is "row_id" (uint64, no NULL), in any order of rows; each other has its id in its metadata (FieldFor).
  /// The first Append that names a field gives it its type; later ones must have a type that holds the same SQL type
  /// (docs/column_store.md). The batch is copied. Errors: 22023 for a missing row-id column or field id, for one of
  /// the wrong type or twice, and for a field of namespace kRowId; 23502 for a NULL row id; 42804 for another type than
  /// the field's; 0A000 for an Arrow type that cannot be stored.
  arrow::Status Append(const arrow::RecordBatch& batch);

  /// Deletes whole rows and gives how many there were; ids without a row, or given twice, do not count.
  arrow::Result<uint64_t> Delete(std::span<const uint64_t> row_ids);

  /// Streams rows in ascending order of their ids, as of the call. The reader keeps what it reads past later changes
  /// and may be used by one thread at a time; its batches own their memory. Row groups whose statistics tell that no
  /// row passes are not touched. Where row groups overlap in their row ids, 30 bytes of memory a row of them are taken
  /// until they are read; Compact parts them. Errors: 42703 for a field that no Append has named; 22023 for values
  /// that do not fit the operator or the field's type.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> Scan(const ScanOptions& options) const;

  /// Gives rows by id, in the order of the ids, which may repeat: a column "row_id", then the fields. Errors: 42703 as
  /// in Scan; 42704 by `missing`.
  arrow::Result<std::shared_ptr<arrow::RecordBatch>> Gather(std::span<const uint64_t> row_ids,
                                                            std::span<const LogicalFieldId> fields,
                                                            MissingRows missing = MissingRows::kNull) const;

  /// The presence index: which rows of `range` have a value in `field` (kRowIdField: which exist), as ascending ranges
  /// that do not touch. Chunks without NULLs are not read for it. 42703 as in Scan.
  arrow::Result<std::vector<RowIdRange>> Presence(LogicalFieldId field, RowIdRange range = {}) const;

  /// Begins to keep the rows of a field in the order of its values; from this commit on every change keeps it so. Does
  /// nothing where there is one. Errors: 42703; 0A000 for a type without an order.
  arrow::Status CreateSortIndex(LogicalFieldId field);
  /// Drops it; 42704 where there is none.
  arrow::Status DropSortIndex(LogicalFieldId field);
  /// Streams the rows that have a value in `field` in the order of the values, those with equal values by row id (both
  /// turned round where descending): the row id, then options.fields. Text is ordered by its bytes, NaN is the greatest
  /// number. The reader is as Scan's. Errors: 42704 where the field has no sort index; 42703 and 22023 as in Scan.
  arrow::Result<std::shared_ptr<arrow::RecordBatchReader>> ScanSorted(LogicalFieldId field,
                                                                      const SortedScanOptions& options = {}) const;

  /// All fields, by id.
  arrow::Result<std::vector<FieldInfo>> Fields() const;
  /// Reads descriptors of chunks, what is in memory, and of the chunks themselves where NULLs are.
  arrow::Result<StoreStatistics> Statistics() const;
  arrow::Result<StoreLayout> Layout() const;
  IoStatistics Io() const;

  /// Writes all rows anew in the order of their ids, with all fields, into full row groups, and sort indexes in the
  /// order of their values; then makes a checkpoint, so that what they replace becomes free. Does nothing where that is
  /// how they are. Changes wait for it, readers do not.
  arrow::Status Compact();
  /// Stores what is in memory and drops the log.
  arrow::Status Checkpoint();

  /// Compares all that is stored with itself and with its checksums, and the sort indexes with the rows. Gives a
  /// sentence for each thing that is wrong, at most 1,000; none where all is well.
  arrow::Result<std::vector<std::string>> CheckIntegrity() const;

  /// What opening found damaged and could do without, a sentence each.
  std::vector<std::string> warnings() const;

  /// Makes a checkpoint and closes the file. 55006 while readers live, and changes nothing. All commits that were
  /// acknowledged are safe whatever it reports.
  arrow::Status Close();

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace llkv
