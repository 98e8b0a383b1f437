// Expressions of the syntax tree: what the text says, with byte positions, before any name or type is known. Here so
// that the parser, the printer and the binder share one plain-data form. Must not know tables, types or functions.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace llkv {

struct AstQuery;
struct AstExpr;
using AstExprPtr = std::unique_ptr<AstExpr>;
using AstQueryPtr = std::unique_ptr<AstQuery>;

/// A byte range [position, end) of the script that was parsed.
struct AstRange {
  int64_t position = 0;
  int64_t end = 0;
};

/// An identifier. Names are compared by `key`, and shown by `text`.
struct AstName {
  /// As written, without quotes (doubled quotes resolved).
  std::string text;
  /// Unquoted: `text` in lower case (ASCII). Quoted: `text` itself.
  std::string key;
  bool quoted = false;
  AstRange range;

  bool empty() const { return text.empty(); }
};

/// A possibly qualified name, outermost qualifier first: [catalog.][schema.]name.
struct AstQualifiedName {
  std::vector<AstName> parts;
  AstRange range;

  const AstName& name() const { return parts.back(); }
};

/// A type as written: BIGINT, DECIMAL(12, 2), VARCHAR[], STRUCT(a INT, b TEXT), TIMESTAMP WITH TIME ZONE.
struct AstTypeName {
  /// Lower case, words separated by one space: "double precision", "timestamp with time zone", "struct".
  std::string name;
  /// The name was in quotes: `name` is as written then.
  bool quoted = false;
  /// Numbers in parentheses: precision, scale, length.
  std::vector<int64_t> arguments;
  /// ENUM's labels.
  std::vector<std::string> labels;
  /// STRUCT and UNION members, MAP key and value; `child_names` is empty or as long as `children`.
  std::vector<AstTypeName> children;
  std::vector<AstName> child_names;
  /// One entry for each [] or [n], innermost first; an entry without a value is [].
  std::vector<std::optional<int64_t>> array_sizes;
  AstRange range;
};

enum class AstExprKind : uint8_t {
  kLiteral,
  kTypedLiteral,
  kIntervalLiteral,
  kColumnRef,
  kStar,
  kParameter,
  kUnary,
  kBinary,
  kLogical,
  kIs,
  kLike,
  kBetween,
  kInList,
  kInSubquery,
  kExists,
  kSubquery,
  kQuantified,
  kCase,
  kCast,
  kFunction,
  kRow,
  kList,
  kStruct,
  kSubscript,
  kFieldAccess,
  kCollate,
  kAtTimeZone,
  kDefault,
};

/// The base of all expression nodes. Trees are at most some ParserOptions::max_depth nodes high, so recursive
/// visitors and destructors are safe; what may be long (AND, OR, lists) is n-ary.
struct AstExpr {
  explicit AstExpr(AstExprKind node_kind) : kind(node_kind) {}
  virtual ~AstExpr() = default;
  AstExpr(const AstExpr&) = delete;
  AstExpr& operator=(const AstExpr&) = delete;

  /// True where the node is a T.
  template <typename T>
  bool Is() const {
    return kind == T::kKind;
  }
  /// The node as a T; its kind must be T's.
  template <typename T>
  const T& As() const {
    assert(kind == T::kKind);
    return static_cast<const T&>(*this);
  }
  template <typename T>
  T& As() {
    assert(kind == T::kKind);
    return static_cast<T&>(*this);
  }
  /// The node as a T, or null where it is of another kind.
  template <typename T>
  const T* TryAs() const {
    return kind == T::kKind ? static_cast<const T*>(this) : nullptr;
  }

  const AstExprKind kind;
  /// The whole expression's text. Parentheses around it are not part of it.
  AstRange range;
  /// Where an error about this node points: the operator of a binary expression, else the node's start.
  int64_t position = 0;
};

/// Gives a node type its kind.
template <AstExprKind K>
struct AstExprBase : AstExpr {
  static constexpr AstExprKind kKind = K;
  AstExprBase() : AstExpr(K) {}
};

enum class AstLiteralKind : uint8_t {
  kNull,
  kBoolean,
  /// Digits, of any length, or 0x…: `text` holds decimal or hexadecimal digits as written, without underscores.
  kInteger,
  /// Digits with a point and no exponent: an exact DECIMAL in PostgreSQL's meaning.
  kDecimal,
  /// With an exponent.
  kFloat,
  kString,
  /// `text` holds the bytes, decoded from x'…'.
  kBlob,
  /// `text` holds the digits 0 and 1.
  kBits,
};

struct AstLiteral : AstExprBase<AstExprKind::kLiteral> {
  AstLiteralKind literal = AstLiteralKind::kNull;
  bool boolean = false;
  /// The digits, the string or the bytes; empty for NULL and booleans.
  std::string text;
};

/// DATE '1995-01-01', TIMESTAMP '…', and any other type name before a string.
struct AstTypedLiteral : AstExprBase<AstExprKind::kTypedLiteral> {
  AstTypeName type;
  std::string text;
};

/// INTERVAL '90' day, INTERVAL '1 year 2 days', INTERVAL 3 MONTH, INTERVAL (x) DAY.
struct AstIntervalLiteral : AstExprBase<AstExprKind::kIntervalLiteral> {
  /// A string or integer literal, or any expression in parentheses.
  AstExprPtr value;
  /// Lower case and singular ("day", "month", "millisecond"), or a range as "year to month"; empty where the string
  /// says.
  std::string unit;
};

/// a, t.a, s.t.a, c.s.t.a; the last part is the column (or a struct's field: the binder decides).
struct AstColumnRef : AstExprBase<AstExprKind::kColumnRef> {
  std::vector<AstName> parts;
};

/// * or t.*, in a select list or as a function's only argument.
struct AstStar : AstExprBase<AstExprKind::kStar> {
  std::vector<AstName> qualifier;
};

enum class AstParameterStyle : uint8_t { kAnonymous, kNumbered, kNamed };

/// ?, ?5, $5, :name, @name, $name.
struct AstParameter : AstExprBase<AstExprKind::kParameter> {
  AstParameterStyle style = AstParameterStyle::kAnonymous;
  /// One-based. An anonymous or new named parameter takes the largest index so far plus one; a name seen before, its
  /// own.
  int32_t index = 0;
  /// Without its prefix character; empty unless named.
  std::string name;
};

enum class AstUnaryOp : uint8_t { kPlus, kMinus, kNot, kBitNot };

struct AstUnary : AstExprBase<AstExprKind::kUnary> {
  AstUnaryOp op = AstUnaryOp::kPlus;
  AstExprPtr operand;
};

enum class AstBinaryOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kIntegerDivide,  // a // b
  kModulo,
  kPower,   // a ^ b, a ** b
  kConcat,  // a || b
  kBitAnd,
  kBitOr,
  kBitXor,  // a # b
  kShiftLeft,
  kShiftRight,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIsDistinctFrom,     // also SQLite's a IS NOT b
  kIsNotDistinctFrom,  // also SQLite's a IS b
  kArrow,              // a -> b
  kArrowText,          // a ->> b
  kRegexMatch,         // a ~ b
  kRegexMatchCaseless,
  kRegexNotMatch,
  kRegexNotMatchCaseless,
  kContains,     // a @> b
  kContainedBy,  // a <@ b
  kOverlaps,     // a && b
  kStartsWith,   // a ^@ b
};

struct AstBinary : AstExprBase<AstExprKind::kBinary> {
  AstBinaryOp op = AstBinaryOp::kAdd;
  AstExprPtr left;
  AstExprPtr right;
};

/// a AND b AND c …, a OR b OR c …: two or more operands, however many stand in a row.
struct AstLogical : AstExprBase<AstExprKind::kLogical> {
  bool is_and = true;
  std::vector<AstExprPtr> operands;
};

enum class AstIsTest : uint8_t { kNull, kTrue, kFalse, kUnknown };

/// a IS [NOT] NULL | TRUE | FALSE | UNKNOWN, a ISNULL, a NOTNULL.
struct AstIs : AstExprBase<AstExprKind::kIs> {
  AstIsTest test = AstIsTest::kNull;
  bool negated = false;
  AstExprPtr operand;
};

enum class AstLikeOp : uint8_t { kLike, kILike, kGlob, kSimilarTo, kRegexp, kMatch };

struct AstLike : AstExprBase<AstExprKind::kLike> {
  AstLikeOp op = AstLikeOp::kLike;
  bool negated = false;
  AstExprPtr operand;
  AstExprPtr pattern;
  /// Null without ESCAPE.
  AstExprPtr escape;
};

struct AstBetween : AstExprBase<AstExprKind::kBetween> {
  bool negated = false;
  bool symmetric = false;
  AstExprPtr operand;
  AstExprPtr low;
  AstExprPtr high;
};

/// a [NOT] IN (x, y, …); the list is empty for SQLite's a IN ().
struct AstInList : AstExprBase<AstExprKind::kInList> {
  bool negated = false;
  AstExprPtr operand;
  std::vector<AstExprPtr> values;
};

/// a [NOT] IN (SELECT …), and SQLite's a IN t, which is read as a IN (SELECT * FROM t). Rows compare as a whole: the
/// operand may be an AstRow.
struct AstInSubquery : AstExprBase<AstExprKind::kInSubquery> {
  bool negated = false;
  AstExprPtr operand;
  AstQueryPtr query;
};

/// EXISTS (SELECT …). NOT EXISTS is a kNot above it.
struct AstExists : AstExprBase<AstExprKind::kExists> {
  AstQueryPtr query;
};

/// (SELECT …) as a value; ARRAY(SELECT …) where `as_array`.
struct AstSubquery : AstExprBase<AstExprKind::kSubquery> {
  AstQueryPtr query;
  bool as_array = false;
};

/// a op ANY (SELECT …), a op ALL (SELECT …), or over a list value in place of the query.
struct AstQuantified : AstExprBase<AstExprKind::kQuantified> {
  AstBinaryOp op = AstBinaryOp::kEqual;
  bool all = false;
  AstExprPtr operand;
  /// Exactly one of the two is set.
  AstQueryPtr query;
  AstExprPtr list;
};

struct AstCaseBranch {
  AstExprPtr when;
  AstExprPtr then;
};

struct AstCase : AstExprBase<AstExprKind::kCase> {
  /// Null in the searched form.
  AstExprPtr operand;
  std::vector<AstCaseBranch> branches;
  /// Null without ELSE.
  AstExprPtr otherwise;
};

/// CAST(a AS t), a::t, TRY_CAST(a AS t).
struct AstCast : AstExprBase<AstExprKind::kCast> {
  AstExprPtr operand;
  AstTypeName type;
  /// TRY_CAST: NULL where the cast fails.
  bool is_try = false;
};

enum class AstNullsOrder : uint8_t { kDefault, kFirst, kLast };

struct AstOrderItem {
  AstExprPtr expr;
  bool descending = false;
  AstNullsOrder nulls = AstNullsOrder::kDefault;
};

enum class AstFrameUnit : uint8_t { kRows, kRange, kGroups };
enum class AstFrameBoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing
};
enum class AstFrameExclusion : uint8_t { kNoOthers, kCurrentRow, kGroup, kTies };

struct AstFrameBound {
  AstFrameBoundKind kind = AstFrameBoundKind::kUnboundedPreceding;
  /// Set for kPreceding and kFollowing.
  AstExprPtr offset;
};

struct AstFrame {
  AstFrameUnit unit = AstFrameUnit::kRange;
  AstFrameBound start;
  AstFrameBound end;
  AstFrameExclusion exclusion = AstFrameExclusion::kNoOthers;
  int64_t position = -1;
  int64_t exclusion_position = -1;
};

/// What stands in OVER (…) and in the WINDOW clause.
struct AstWindow {
  /// OVER name, or the window that this one extends; empty without one.
  AstName base;
  /// True for OVER name: all else is empty.
  bool is_reference = false;
  std::vector<AstExprPtr> partition_by;
  std::vector<AstOrderItem> order_by;
  std::optional<AstFrame> frame;
  AstRange range;
};

/// name([DISTINCT] arguments [ORDER BY …]) [WITHIN GROUP (ORDER BY …)] [FILTER (WHERE …)] [OVER …].
///
/// Special forms come as plain calls: EXTRACT(f FROM x) as extract('f', x), SUBSTRING(x FROM a FOR b) as
/// substring(x, a, b), POSITION(a IN b) as strpos(b, a), TRIM(LEADING c FROM x) as ltrim(x, c) (trim, rtrim likewise),
/// OVERLAY(x PLACING y FROM a FOR b) as overlay(x, y, a, b), CURRENT_DATE and its kin as calls without arguments.
struct AstFunction : AstExprBase<AstExprKind::kFunction> {
  /// Qualified where it was written so; compare `name.name().key` in lower case.
  AstQualifiedName name;
  /// count(*) has one AstStar.
  std::vector<AstExprPtr> arguments;
  /// Empty, or one entry an argument: f(x := 1) and f(x => 1); an unnamed argument has an empty name.
  std::vector<AstName> argument_names;
  bool distinct = false;
  std::vector<AstOrderItem> order_by;
  /// ORDER BY came as WITHIN GROUP (ORDER BY …).
  bool within_group = false;
  /// IGNORE NULLS.
  bool ignore_nulls = false;
  AstExprPtr filter;
  /// Null unless a window function.
  std::unique_ptr<AstWindow> over;
  /// CURRENT_DATE and its kin, written without parentheses.
  bool without_parentheses = false;
};

/// (a, b) or ROW(a, …).
struct AstRow : AstExprBase<AstExprKind::kRow> {
  std::vector<AstExprPtr> values;
};

/// [a, b] or ARRAY[a, b].
struct AstList : AstExprBase<AstExprKind::kList> {
  std::vector<AstExprPtr> values;
};

/// {'a': 1, b: 2}, or MAP {k: v} where `is_map` (then `keys` holds expressions and `names` is empty).
struct AstStruct : AstExprBase<AstExprKind::kStruct> {
  bool is_map = false;
  std::vector<AstName> names;
  std::vector<AstExprPtr> keys;
  std::vector<AstExprPtr> values;
};

/// a[i], a[i:j], a[i:j:k]; absent parts are null.
struct AstSubscript : AstExprBase<AstExprKind::kSubscript> {
  AstExprPtr operand;
  bool is_slice = false;
  AstExprPtr low;
  AstExprPtr high;
  AstExprPtr step;
};

/// (a).b, where the operand is no column name.
struct AstFieldAccess : AstExprBase<AstExprKind::kFieldAccess> {
  AstExprPtr operand;
  AstName field;
};

struct AstCollate : AstExprBase<AstExprKind::kCollate> {
  AstExprPtr operand;
  AstQualifiedName collation;
};

/// a AT TIME ZONE z.
struct AstAtTimeZone : AstExprBase<AstExprKind::kAtTimeZone> {
  AstExprPtr operand;
  AstExprPtr zone;
};

/// DEFAULT as a value, in INSERT … VALUES and UPDATE … SET.
struct AstDefault : AstExprBase<AstExprKind::kDefault> {};

}  // namespace llkv
