// What the binder makes of one statement: a plan to run, or a plain description of what the engine is to do. Here so
// that the engine needs no syntax trees. Must not know how any of it is carried out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "catalog/schema.h"
#include "plan/logical_plan.h"
#include "types/logical_type.h"
#include "types/value.h"

namespace llkv {

/// What running a plan does, and so what the statement reports.
enum class QueryEffect : uint8_t {
  kRows,      // SELECT, VALUES, DESCRIBE, SHOW TABLES: the plan's rows are the result
  kInsert,    // the plan gives one BIGINT, the number of rows; the rest likewise
  kUpdate,    // UPDATE
  kDelete,    // DELETE, TRUNCATE
  kCopyFrom,  // COPY t FROM: a LogicalInsert over a LogicalFileScan
  kCopyTo,    // COPY … TO
};

/// A table or view that a bound statement looked at: a cached plan is stale once the object's version has changed.
struct UsedObject {
  TableId id;
  bool is_view = false;
  bool operator==(const UsedObject&) const = default;
};

/// A statement that is one plan.
struct BoundQuery {
  BoundStatementPlan plan;
  QueryEffect effect = QueryEffect::kRows;
  /// The table that is written; not set (0) for kRows and kCopyTo.
  TableId target;
  std::vector<UsedObject> used;
  /// The plan holds what binding saw of catalog lists or files (SHOW TABLES, DESCRIBE, COPY FROM): never cache it.
  bool cacheable = true;
};

/// EXPLAIN [ANALYZE] of a statement that is one plan. The engine optimizes `query.plan` and shows it.
struct BoundExplain {
  bool analyze = false;
  /// EXPLAIN (COSTS off): without the optimizer's estimates.
  bool costs = true;
  /// FORMAT JSON: one row with one object.
  bool json = false;
  BoundQuery query;
};

/// CREATE TABLE, checked in itself: names, types, constraints, and that DEFAULT and CHECK expressions bind. That the
/// name is free is checked by the engine when it creates.
struct BoundCreateTable {
  /// Without ids. CHECKs are named as written, else as PostgreSQL does: TABLE_COLUMN_check, TABLE_check, with a number
  /// where that is taken.
  TableSchema schema;
  int64_t name_position = -1;
  bool if_not_exists = false;
  bool or_replace = false;
  /// CREATE TABLE … AS: gives the rows, column i for column i, of its type. The engine puts a LogicalInsert with
  /// `bulk` above it once the table has an id.
  std::optional<BoundStatementPlan> source;
  std::vector<UsedObject> used;
};

struct BoundCreateView {
  /// Without an id. The SQL is printed from the query's tree: it parses alone. All column names are given.
  ViewSchema schema;
  int64_t name_position = -1;
  bool if_not_exists = false;
  bool or_replace = false;
  std::vector<UsedObject> used;
};

/// CREATE INDEX, checked in itself. That its name is free is checked by the engine when it creates.
struct BoundCreateIndex {
  /// The table, as it is before.
  TableSchemaPtr table;
  /// Without an id.
  IndexSchema index;
  int64_t name_position = -1;
  bool if_not_exists = false;
  std::vector<UsedObject> used;
};

/// CREATE TRIGGER, checked in itself. That its name is free is checked by the engine when it creates.
struct BoundCreateTrigger {
  /// The table, as it is before.
  TableSchemaPtr table;
  TriggerSchema trigger;
  int64_t name_position = -1;
  bool if_not_exists = false;
};

/// REINDEX: all indexes, those of a table, or one.
struct BoundReindex {
  enum class What : uint8_t { kAll, kTable, kIndex, kTableOrIndex };
  What what = What::kAll;
  std::string name;
  int64_t position = -1;
};

struct BoundCreateType {
  /// Without an id.
  TypeSchema schema;
  int64_t name_position = -1;
  bool if_not_exists = false;
  bool or_replace = false;
};

/// DROP TABLE, DROP VIEW, DROP INDEX, DROP TYPE, DROP TRIGGER of one or more names; the engine looks them up, so that
/// IF EXISTS and wrong kinds are judged in one place.
struct BoundDrop {
  struct Item {
    std::string name;
    int64_t position = -1;
  };
  enum class Kind : uint8_t { kTable, kView, kIndex, kType, kTrigger };
  Kind kind = Kind::kTable;
  bool if_exists = false;
  bool cascade = false;
  std::vector<Item> items;
  /// DROP TRIGGER … ON table; empty without it.
  std::string trigger_table;
};

/// SET name = value, RESET name, and PRAGMA name = value. Which settings exist is the engine's knowledge.
struct BoundSet {
  /// Lower case; "all" for RESET ALL.
  std::string name;
  int64_t name_position = -1;
  bool reset = false;
  /// One value unless reset; words come as VARCHAR in lower case, literals as themselves.
  Value value;
  int64_t value_position = -1;
};

/// SHOW name, where no table has that name: one row, the setting's value.
struct BoundShowSetting {
  std::string name;
  int64_t position = -1;
};

/// PRAGMA name or PRAGMA name(values …), the ones that answer with rows or do something.
struct BoundPragma {
  /// Lower case.
  std::string name;
  int64_t position = -1;
  std::vector<Value> values;
};

/// BEGIN, COMMIT, ROLLBACK. Modes that would have no effect are refused in binding.
struct BoundTransaction {
  enum class Action : uint8_t { kBegin, kCommit, kRollback };
  Action action = Action::kBegin;
  bool read_only = false;
  int64_t position = -1;
};

/// VACUUM of the whole database.
struct BoundVacuum {
  int64_t position = 0;
};

struct BoundCheckpoint {
  int64_t position = -1;
};

using BoundStatement = std::variant<BoundQuery, BoundExplain, BoundCreateTable, BoundCreateView, BoundCreateIndex,
                                    BoundCreateType, BoundCreateTrigger, BoundReindex, BoundDrop, BoundSet,
                                    BoundShowSetting, BoundPragma, BoundTransaction, BoundCheckpoint, BoundVacuum>;

}  // namespace llkv
