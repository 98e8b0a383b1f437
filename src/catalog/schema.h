// Schema values: what the catalog knows of tables and views, as plain immutable data. Binder, plan and optimizer use
// them; this header knows no store, no transaction and no catalog.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/index_id.h"
#include "types/logical_type.h"

namespace llkv {

/// One column of a table.
struct ColumnSchema {
  /// Unique in its table, for ever; given by Catalog::CreateTable where it is 0.
  FieldId field;
  std::string name;
  LogicalType type;
  bool not_null = false;
  /// The text of the DEFAULT expression; empty optional: the default is NULL.
  std::optional<std::string> default_sql;
};

/// A CHECK constraint: the text of an expression over the table's columns that is not FALSE in any row.
struct CheckConstraint {
  std::string name;
  std::string sql;
};

/// One column of an index's key.
struct IndexColumn {
  /// In the table's columns.
  uint32_t ordinal = 0;
  bool descending = false;
  bool nulls_first = false;
};

/// An index that is not the primary key's: of a UNIQUE constraint or of CREATE INDEX.
struct IndexSchema {
  /// Given by the catalog where it is 0.
  IndexId id;
  /// Among those of tables, views and indexes.
  std::string name;
  std::vector<IndexColumn> columns;
  bool is_unique = false;
  /// It is a constraint's, which is dropped with its table only.
  bool is_constraint = false;
};

/// A trigger of a table. It is kept, and does not run: a statement that would fire it is refused.
struct TriggerSchema {
  enum class Event : uint8_t { kInsert = 0, kUpdate = 1, kDelete = 2 };
  /// Among those of all tables' triggers.
  std::string name;
  Event event = Event::kInsert;
  /// UPDATE OF: ordinals in the table's columns; empty: any.
  std::vector<uint32_t> columns;
  /// The CREATE TRIGGER statement as written.
  std::string sql;
};

/// A table. Shared and never changed: a changed table is a new value.
struct TableSchema {
  /// Given by Catalog::CreateTable where it is 0.
  TableId id;
  std::string name;
  /// At least one, in the order of SELECT *; names differ without regard to case.
  std::vector<ColumnSchema> columns;
  /// Ordinals in `columns`, in key order; empty: no primary key. Key columns are not_null.
  std::vector<uint32_t> primary_key;
  /// The constraint's name, for 23505; "NAME_pkey" where the statement gave none.
  std::string primary_key_name;
  /// The primary key's index; given by the catalog where it is 0 and there is a key.
  IndexId primary_key_index;
  /// In the order of their creation.
  std::vector<IndexSchema> indexes;
  std::vector<CheckConstraint> checks;
  /// In the order of their creation.
  std::vector<TriggerSchema> triggers;
};

/// A view: the text of its query, bound anew at each use.
struct ViewSchema {
  /// From the same numbers as tables; given by Catalog::CreateView where it is 0.
  TableId id;
  std::string name;
  /// The SELECT, without CREATE VIEW … AS.
  std::string sql;
  /// Names for the query's columns; empty: the query's own.
  std::vector<std::string> column_names;
};

/// A name for a type. Columns have the type itself: dropping the name changes none.
struct TypeSchema {
  /// From the same numbers as tables; given by Catalog::CreateType where it is 0.
  TableId id;
  std::string name;
  LogicalType type;
};

using TypeSchemaPtr = std::shared_ptr<const TypeSchema>;
using TableSchemaPtr = std::shared_ptr<const TableSchema>;
using ViewSchemaPtr = std::shared_ptr<const ViewSchema>;

/// The ordinal of a column by name without regard to ASCII case, or nothing.
std::optional<uint32_t> FindColumn(const TableSchema& table, std::string_view name);

/// ASCII lower case: what names are compared by.
std::string FoldName(std::string_view name);

}  // namespace llkv
