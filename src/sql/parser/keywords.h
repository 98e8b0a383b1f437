// The words that the grammar knows, and how freely each may be used as a name. Here because lexer and parser share
// them.
#pragma once

#include <cstdint>
#include <string_view>

namespace llkv {

enum class WordClass : uint8_t {
  /// Never a name without quotes, except after AS and after a dot.
  kReserved,
  /// Names a function before a parenthesis; never a column, a table or an alias without AS.
  kOperator,
  /// A name, but never an alias without AS.
  kNoBareAlias,
  /// A name anywhere.
  kFree,
};

// X(enumerator, text in lower case, class), by the alphabet.
#define LLKV_SQL_KEYWORDS(X)                       \
  X(kAbort, "abort", kFree)                        \
  X(kAction, "action", kFree)                      \
  X(kAdd, "add", kFree)                            \
  X(kAll, "all", kReserved)                        \
  X(kAlter, "alter", kFree)                        \
  X(kAlways, "always", kFree)                      \
  X(kAnalyse, "analyse", kFree)                    \
  X(kAnalyze, "analyze", kFree)                    \
  X(kAnd, "and", kReserved)                        \
  X(kAnti, "anti", kNoBareAlias)                   \
  X(kAny, "any", kReserved)                        \
  X(kArray, "array", kNoBareAlias)                 \
  X(kAs, "as", kReserved)                          \
  X(kAsc, "asc", kReserved)                        \
  X(kAsof, "asof", kNoBareAlias)                   \
  X(kAsymmetric, "asymmetric", kFree)              \
  X(kAt, "at", kNoBareAlias)                       \
  X(kAttach, "attach", kFree)                      \
  X(kAutoincrement, "autoincrement", kFree)        \
  X(kAutoIncrement, "auto_increment", kFree)       \
  X(kBegin, "begin", kFree)                        \
  X(kBetween, "between", kOperator)                \
  X(kBoth, "both", kFree)                          \
  X(kBy, "by", kFree)                              \
  X(kCall, "call", kFree)                          \
  X(kCascade, "cascade", kFree)                    \
  X(kCase, "case", kReserved)                      \
  X(kCast, "cast", kOperator)                      \
  X(kCheck, "check", kReserved)                    \
  X(kCheckpoint, "checkpoint", kFree)              \
  X(kCollate, "collate", kOperator)                \
  X(kColumn, "column", kFree)                      \
  X(kColumns, "columns", kFree)                    \
  X(kComment, "comment", kFree)                    \
  X(kCommit, "commit", kFree)                      \
  X(kCommitted, "committed", kFree)                \
  X(kConcurrent, "concurrent", kFree)              \
  X(kConcurrently, "concurrently", kFree)          \
  X(kConflict, "conflict", kFree)                  \
  X(kConstraint, "constraint", kReserved)          \
  X(kCopy, "copy", kFree)                          \
  X(kCreate, "create", kReserved)                  \
  X(kCross, "cross", kOperator)                    \
  X(kCube, "cube", kFree)                          \
  X(kCurrent, "current", kFree)                    \
  X(kCurrentCatalog, "current_catalog", kFree)     \
  X(kCurrentDate, "current_date", kFree)           \
  X(kCurrentRole, "current_role", kFree)           \
  X(kCurrentSchema, "current_schema", kFree)       \
  X(kCurrentTime, "current_time", kFree)           \
  X(kCurrentTimestamp, "current_timestamp", kFree) \
  X(kCurrentUser, "current_user", kFree)           \
  X(kData, "data", kFree)                          \
  X(kDatabase, "database", kFree)                  \
  X(kDatabases, "databases", kFree)                \
  X(kDate, "date", kFree)                          \
  X(kDay, "day", kFree)                            \
  X(kDeallocate, "deallocate", kFree)              \
  X(kDefault, "default", kReserved)                \
  X(kDeferrable, "deferrable", kFree)              \
  X(kDeferred, "deferred", kFree)                  \
  X(kDelete, "delete", kFree)                      \
  X(kDesc, "desc", kReserved)                      \
  X(kDescribe, "describe", kFree)                  \
  X(kDetach, "detach", kFree)                      \
  X(kDistinct, "distinct", kReserved)              \
  X(kDo, "do", kNoBareAlias)                       \
  X(kDrop, "drop", kFree)                          \
  X(kElse, "else", kReserved)                      \
  X(kEnd, "end", kOperator)                        \
  X(kEscape, "escape", kNoBareAlias)               \
  X(kExcept, "except", kReserved)                  \
  X(kExclude, "exclude", kNoBareAlias)             \
  X(kExclusive, "exclusive", kFree)                \
  X(kExecute, "execute", kFree)                    \
  X(kExists, "exists", kFree)                      \
  X(kExplain, "explain", kFree)                    \
  X(kExport, "export", kFree)                      \
  X(kExtension, "extension", kFree)                \
  X(kExtract, "extract", kFree)                    \
  X(kFail, "fail", kFree)                          \
  X(kFalse, "false", kReserved)                    \
  X(kFetch, "fetch", kNoBareAlias)                 \
  X(kFilter, "filter", kNoBareAlias)               \
  X(kFirst, "first", kFree)                        \
  X(kFollowing, "following", kFree)                \
  X(kFor, "for", kReserved)                        \
  X(kForce, "force", kFree)                        \
  X(kForeign, "foreign", kReserved)                \
  X(kFrom, "from", kReserved)                      \
  X(kFull, "full", kOperator)                      \
  X(kFunction, "function", kFree)                  \
  X(kGenerated, "generated", kFree)                \
  X(kGlob, "glob", kOperator)                      \
  X(kGlobal, "global", kFree)                      \
  X(kGrant, "grant", kFree)                        \
  X(kGroup, "group", kReserved)                    \
  X(kGrouping, "grouping", kFree)                  \
  X(kGroups, "groups", kFree)                      \
  X(kHaving, "having", kReserved)                  \
  X(kHour, "hour", kFree)                          \
  X(kIdentity, "identity", kFree)                  \
  X(kIf, "if", kFree)                              \
  X(kIgnore, "ignore", kFree)                      \
  X(kIlike, "ilike", kOperator)                    \
  X(kImmediate, "immediate", kFree)                \
  X(kImport, "import", kFree)                      \
  X(kIn, "in", kReserved)                          \
  X(kIndex, "index", kFree)                        \
  X(kIndexed, "indexed", kNoBareAlias)             \
  X(kInitially, "initially", kFree)                \
  X(kInner, "inner", kOperator)                    \
  X(kInsert, "insert", kFree)                      \
  X(kInstall, "install", kFree)                    \
  X(kIntersect, "intersect", kReserved)            \
  X(kInterval, "interval", kNoBareAlias)           \
  X(kInto, "into", kReserved)                      \
  X(kIs, "is", kOperator)                          \
  X(kIsnull, "isnull", kOperator)                  \
  X(kIsolation, "isolation", kFree)                \
  X(kJoin, "join", kOperator)                      \
  X(kKey, "key", kFree)                            \
  X(kLast, "last", kFree)                          \
  X(kLateral, "lateral", kReserved)                \
  X(kLeading, "leading", kFree)                    \
  X(kLeft, "left", kOperator)                      \
  X(kLevel, "level", kFree)                        \
  X(kLike, "like", kOperator)                      \
  X(kLimit, "limit", kReserved)                    \
  X(kLoad, "load", kFree)                          \
  X(kLocal, "local", kFree)                        \
  X(kLocaltime, "localtime", kFree)                \
  X(kLocaltimestamp, "localtimestamp", kFree)      \
  X(kMacro, "macro", kFree)                        \
  X(kMap, "map", kFree)                            \
  X(kMatch, "match", kNoBareAlias)                 \
  X(kMaterialized, "materialized", kFree)          \
  X(kMerge, "merge", kFree)                        \
  X(kMicrosecond, "microsecond", kFree)            \
  X(kMillisecond, "millisecond", kFree)            \
  X(kMinute, "minute", kFree)                      \
  X(kMonth, "month", kFree)                        \
  X(kName, "name", kFree)                          \
  X(kNatural, "natural", kOperator)                \
  X(kNext, "next", kFree)                          \
  X(kNo, "no", kFree)                              \
  X(kNot, "not", kReserved)                        \
  X(kNothing, "nothing", kFree)                    \
  X(kNotnull, "notnull", kOperator)                \
  X(kNull, "null", kReserved)                      \
  X(kNulls, "nulls", kFree)                        \
  X(kOffset, "offset", kReserved)                  \
  X(kOn, "on", kReserved)                          \
  X(kOnly, "only", kFree)                          \
  X(kOr, "or", kReserved)                          \
  X(kOrder, "order", kReserved)                    \
  X(kOrdinality, "ordinality", kFree)              \
  X(kOthers, "others", kFree)                      \
  X(kOuter, "outer", kOperator)                    \
  X(kOver, "over", kNoBareAlias)                   \
  X(kOverlay, "overlay", kFree)                    \
  X(kOverriding, "overriding", kFree)              \
  X(kPartition, "partition", kFree)                \
  X(kPercent, "percent", kFree)                    \
  X(kPivot, "pivot", kNoBareAlias)                 \
  X(kPlacing, "placing", kFree)                    \
  X(kPlan, "plan", kFree)                          \
  X(kPolicy, "policy", kFree)                      \
  X(kPosition, "position", kFree)                  \
  X(kPositional, "positional", kNoBareAlias)       \
  X(kPragma, "pragma", kFree)                      \
  X(kPreceding, "preceding", kFree)                \
  X(kPrecision, "precision", kFree)                \
  X(kPrepare, "prepare", kFree)                    \
  X(kPrimary, "primary", kReserved)                \
  X(kPublication, "publication", kFree)            \
  X(kQualify, "qualify", kReserved)                \
  X(kQuery, "query", kFree)                        \
  X(kRange, "range", kFree)                        \
  X(kRead, "read", kFree)                          \
  X(kRecursive, "recursive", kFree)                \
  X(kReferences, "references", kReserved)          \
  X(kRegexp, "regexp", kNoBareAlias)               \
  X(kReindex, "reindex", kFree)                    \
  X(kRelease, "release", kFree)                    \
  X(kRename, "rename", kFree)                      \
  X(kRepeatable, "repeatable", kFree)              \
  X(kReplace, "replace", kNoBareAlias)             \
  X(kReset, "reset", kFree)                        \
  X(kRespect, "respect", kFree)                    \
  X(kRestrict, "restrict", kFree)                  \
  X(kReturning, "returning", kReserved)            \
  X(kRevoke, "revoke", kFree)                      \
  X(kRight, "right", kOperator)                    \
  X(kRole, "role", kFree)                          \
  X(kRollback, "rollback", kFree)                  \
  X(kRollup, "rollup", kFree)                      \
  X(kRow, "row", kFree)                            \
  X(kRowid, "rowid", kFree)                        \
  X(kRows, "rows", kFree)                          \
  X(kSample, "sample", kFree)                      \
  X(kSavepoint, "savepoint", kFree)                \
  X(kSchema, "schema", kFree)                      \
  X(kSchemas, "schemas", kFree)                    \
  X(kSecond, "second", kFree)                      \
  X(kSecret, "secret", kFree)                      \
  X(kSelect, "select", kReserved)                  \
  X(kSemi, "semi", kNoBareAlias)                   \
  X(kSequence, "sequence", kFree)                  \
  X(kSerializable, "serializable", kFree)          \
  X(kSession, "session", kFree)                    \
  X(kSessionUser, "session_user", kFree)           \
  X(kSet, "set", kNoBareAlias)                     \
  X(kSets, "sets", kFree)                          \
  X(kShow, "show", kFree)                          \
  X(kSimilar, "similar", kOperator)                \
  X(kSnapshot, "snapshot", kFree)                  \
  X(kSome, "some", kReserved)                      \
  X(kStart, "start", kFree)                        \
  X(kStdin, "stdin", kFree)                        \
  X(kStdout, "stdout", kFree)                      \
  X(kStored, "stored", kFree)                      \
  X(kStrict, "strict", kFree)                      \
  X(kStruct, "struct", kFree)                      \
  X(kSubstring, "substring", kFree)                \
  X(kSummarize, "summarize", kFree)                \
  X(kSymmetric, "symmetric", kFree)                \
  X(kSystem, "system", kFree)                      \
  X(kTable, "table", kReserved)                    \
  X(kTables, "tables", kFree)                      \
  X(kTablesample, "tablesample", kOperator)        \
  X(kTemp, "temp", kFree)                          \
  X(kTemporary, "temporary", kFree)                \
  X(kThen, "then", kReserved)                      \
  X(kTies, "ties", kFree)                          \
  X(kTime, "time", kFree)                          \
  X(kTimestamp, "timestamp", kFree)                \
  X(kTo, "to", kReserved)                          \
  X(kTrailing, "trailing", kFree)                  \
  X(kTransaction, "transaction", kFree)            \
  X(kTrigger, "trigger", kFree)                    \
  X(kTrim, "trim", kFree)                          \
  X(kTrue, "true", kReserved)                      \
  X(kTruncate, "truncate", kFree)                  \
  X(kTryCast, "try_cast", kFree)                   \
  X(kType, "type", kFree)                          \
  X(kUnbounded, "unbounded", kFree)                \
  X(kUncommitted, "uncommitted", kFree)            \
  X(kUnion, "union", kReserved)                    \
  X(kUnique, "unique", kReserved)                  \
  X(kUnknown, "unknown", kFree)                    \
  X(kUnlogged, "unlogged", kFree)                  \
  X(kUnpivot, "unpivot", kNoBareAlias)             \
  X(kUpdate, "update", kFree)                      \
  X(kUse, "use", kFree)                            \
  X(kUser, "user", kFree)                          \
  X(kUsing, "using", kReserved)                    \
  X(kVacuum, "vacuum", kFree)                      \
  X(kValues, "values", kNoBareAlias)               \
  X(kVariable, "variable", kFree)                  \
  X(kVarying, "varying", kFree)                    \
  X(kView, "view", kFree)                          \
  X(kVirtual, "virtual", kFree)                    \
  X(kWhen, "when", kReserved)                      \
  X(kWhere, "where", kReserved)                    \
  X(kWindow, "window", kReserved)                  \
  X(kWith, "with", kReserved)                      \
  X(kWithin, "within", kNoBareAlias)               \
  X(kWithout, "without", kFree)                    \
  X(kWork, "work", kFree)                          \
  X(kWrite, "write", kFree)                        \
  X(kYear, "year", kFree)                          \
  X(kZone, "zone", kFree)

enum class Keyword : uint16_t {
  kNone,
#define LLKV_X(name, text, word_class) name,
  LLKV_SQL_KEYWORDS(LLKV_X)
#undef LLKV_X
};

/// The keyword of a word in any case, or kNone.
Keyword LookUpKeyword(std::string_view word);

/// Lower case; empty for kNone.
std::string_view KeywordText(Keyword keyword);

/// kFree for kNone.
WordClass ClassOf(Keyword keyword);

}  // namespace llkv
