// SqlPrinter: expressions. Levels order how tightly operations bind; where SQLite and PostgreSQL differ, an operand
// counts as too loose for either.
#include "sql/parser/printer.h"

#include <utility>

#include "sql/parser/keywords.h"
#include "sql/parser/sql_printer.h"

namespace llkv {

namespace {

constexpr int kOr = 1;
constexpr int kAnd = 2;
constexpr int kNot = 3;
constexpr int kPredicate = 4;
constexpr int kOther = 6;
constexpr int kAdditive = 7;
constexpr int kMultiplicative = 8;
constexpr int kPower = 9;
constexpr int kSuffix = 10;
constexpr int kSign = 11;
constexpr int kPrimary = 12;

struct OpText {
  std::string_view text;
  int level;
};

OpText TextOf(AstBinaryOp op) {
  switch (op) {
    case AstBinaryOp::kAdd:
      return {" + ", kAdditive};
    case AstBinaryOp::kSubtract:
      return {" - ", kAdditive};
    case AstBinaryOp::kMultiply:
      return {" * ", kMultiplicative};
    case AstBinaryOp::kDivide:
      return {" / ", kMultiplicative};
    case AstBinaryOp::kIntegerDivide:
      return {" // ", kMultiplicative};
    case AstBinaryOp::kModulo:
      return {" % ", kMultiplicative};
    case AstBinaryOp::kPower:
      return {" ^ ", kPower};
    case AstBinaryOp::kConcat:
      return {" || ", kOther};
    case AstBinaryOp::kBitAnd:
      return {" & ", kOther};
    case AstBinaryOp::kBitOr:
      return {" | ", kOther};
    case AstBinaryOp::kBitXor:
      return {" # ", kOther};
    case AstBinaryOp::kShiftLeft:
      return {" << ", kOther};
    case AstBinaryOp::kShiftRight:
      return {" >> ", kOther};
    case AstBinaryOp::kEqual:
      return {" = ", kPredicate};
    case AstBinaryOp::kNotEqual:
      return {" <> ", kPredicate};
    case AstBinaryOp::kLess:
      return {" < ", kPredicate};
    case AstBinaryOp::kLessEqual:
      return {" <= ", kPredicate};
    case AstBinaryOp::kGreater:
      return {" > ", kPredicate};
    case AstBinaryOp::kGreaterEqual:
      return {" >= ", kPredicate};
    case AstBinaryOp::kIsDistinctFrom:
      return {" IS DISTINCT FROM ", kPredicate};
    case AstBinaryOp::kIsNotDistinctFrom:
      return {" IS NOT DISTINCT FROM ", kPredicate};
    case AstBinaryOp::kArrow:
      return {" -> ", kOther};
    case AstBinaryOp::kArrowText:
      return {" ->> ", kOther};
    case AstBinaryOp::kRegexMatch:
      return {" ~ ", kOther};
    case AstBinaryOp::kRegexMatchCaseless:
      return {" ~* ", kOther};
    case AstBinaryOp::kRegexNotMatch:
      return {" !~ ", kOther};
    case AstBinaryOp::kRegexNotMatchCaseless:
      return {" !~* ", kOther};
    case AstBinaryOp::kContains:
      return {" @> ", kOther};
    case AstBinaryOp::kContainedBy:
      return {" <@ ", kOther};
    case AstBinaryOp::kOverlaps:
      return {" && ", kOther};
    case AstBinaryOp::kStartsWith:
      return {" ^@ ", kOther};
  }
  return {};
}

int LevelOf(const AstExpr& expr) {
  switch (expr.kind) {
    case AstExprKind::kLogical:
      return expr.As<AstLogical>().is_and ? kAnd : kOr;
    case AstExprKind::kUnary:
      switch (expr.As<AstUnary>().op) {
        case AstUnaryOp::kNot:
          return kNot;
        case AstUnaryOp::kBitNot:
          return kOther;
        default:
          return kSign;
      }
    case AstExprKind::kBinary:
      return TextOf(expr.As<AstBinary>().op).level;
    case AstExprKind::kIs:
    case AstExprKind::kLike:
    case AstExprKind::kBetween:
    case AstExprKind::kInList:
    case AstExprKind::kInSubquery:
    case AstExprKind::kQuantified:
      return kPredicate;
    case AstExprKind::kCollate:
    case AstExprKind::kAtTimeZone:
      return kSuffix;
    default:
      return kPrimary;
  }
}

bool IsPlainIdentifier(std::string_view name) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  for (char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (!plain) return false;
  }
  return true;
}

std::string Doubled(std::string_view text, char quote) {
  std::string out(1, quote);
  for (char c : text) {
    out.push_back(c);
    if (c == quote) out.push_back(c);
  }
  out.push_back(quote);
  return out;
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  if (IsPlainIdentifier(name) && LookUpKeyword(name) == Keyword::kNone) return std::string(name);
  return Doubled(name, '"');
}

std::string QuoteString(std::string_view text) { return Doubled(text, '\''); }

void SqlPrinter::Name(const AstName& name) { Text(name.quoted ? Doubled(name.text, '"') : name.text); }

void SqlPrinter::Names(const std::vector<AstName>& names, std::string_view separator) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) Text(separator);
    Name(names[i]);
  }
}

void SqlPrinter::Exprs(const std::vector<AstExprPtr>& exprs) {
  for (size_t i = 0; i < exprs.size(); ++i) {
    if (i > 0) Text(", ");
    Expr(*exprs[i]);
  }
}

void SqlPrinter::Operand(const AstExpr& expr, int level) {
  const bool parentheses = all_ ? LevelOf(expr) < kPrimary : LevelOf(expr) < level;
  if (parentheses) Text("(");
  Expr(expr);
  if (parentheses) Text(")");
}

void SqlPrinter::Literal(const AstLiteral& literal) {
  switch (literal.literal) {
    case AstLiteralKind::kNull:
      return Text("NULL");
    case AstLiteralKind::kBoolean:
      return Text(literal.boolean ? "TRUE" : "FALSE");
    case AstLiteralKind::kInteger:
    case AstLiteralKind::kDecimal:
    case AstLiteralKind::kFloat:
      return Text(literal.text);
    case AstLiteralKind::kString:
      return Text(QuoteString(literal.text));
    case AstLiteralKind::kBits:
      return Text("b'" + literal.text + "'");
    case AstLiteralKind::kBlob: {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      Text("x'");
      for (char c : literal.text) {
        const auto byte = static_cast<unsigned char>(c);
        out_.push_back(kDigits[byte >> 4]);
        out_.push_back(kDigits[byte & 15]);
      }
      return Text("'");
    }
  }
}

void SqlPrinter::Interval(const AstIntervalLiteral& interval) {
  Text("INTERVAL ");
  if (interval.value->Is<AstLiteral>() || interval.value->Is<AstParameter>()) {
    Expr(*interval.value);
  } else {
    Text("(");
    Expr(*interval.value);
    Text(")");
  }
  if (!interval.unit.empty()) Text(" " + interval.unit);
}

void SqlPrinter::Parameter(const AstParameter& parameter) {
  switch (parameter.style) {
    case AstParameterStyle::kAnonymous:
      return Text("?");
    case AstParameterStyle::kNumbered:
      return Text("$" + std::to_string(parameter.index));
    case AstParameterStyle::kNamed:
      // Behind a $, a name with another one in it would begin a string.
      return Text((parameter.name.find('$') == std::string::npos ? "$" : "@") + parameter.name);
  }
}

void SqlPrinter::Unary(const AstUnary& unary) {
  if (unary.op == AstUnaryOp::kNot) {
    Text("NOT ");
    return Operand(*unary.operand, kNot);
  }
  const char sign = unary.op == AstUnaryOp::kPlus ? '+' : unary.op == AstUnaryOp::kMinus ? '-' : '~';
  out_.push_back(sign);
  const size_t begin = out_.size();
  Operand(*unary.operand, kSign);
  // Two signs in a row would begin a comment or another operator.
  const char next = out_[begin];
  if (next == '-' || next == '+' || next == '~') out_.insert(begin, 1, ' ');
}

void SqlPrinter::Binary(const AstBinary& binary) {
  const OpText op = TextOf(binary.op);
  int left = op.level;
  int right = op.level + 1;
  const auto* inner = binary.left->TryAs<AstBinary>();
  const bool chain = inner != nullptr && inner->op == binary.op;
  if (op.level == kPredicate) left = right = kOther;
  if (op.level == kOther) {
    left = chain ? kOther : kSuffix;
    right = kSuffix;
  }
  if (op.level == kPower && !chain) left = kSuffix;
  Operand(*binary.left, left);
  Text(op.text);
  Operand(*binary.right, right);
}

void SqlPrinter::Logical(const AstLogical& logical) {
  for (size_t i = 0; i < logical.operands.size(); ++i) {
    if (i > 0) Text(logical.is_and ? " AND " : " OR ");
    Operand(*logical.operands[i], logical.is_and ? kNot : kAnd);
  }
}

void SqlPrinter::Is(const AstIs& is) {
  static constexpr std::string_view kTests[] = {"NULL", "TRUE", "FALSE", "UNKNOWN"};
  Operand(*is.operand, kOther);
  Text(is.negated ? " IS NOT " : " IS ");
  Text(kTests[static_cast<size_t>(is.test)]);
}

void SqlPrinter::Like(const AstLike& like) {
  static constexpr std::string_view kOps[] = {"LIKE ", "ILIKE ", "GLOB ", "SIMILAR TO ", "REGEXP ", "MATCH "};
  Operand(*like.operand, kOther);
  Text(like.negated ? " NOT " : " ");
  Text(kOps[static_cast<size_t>(like.op)]);
  Operand(*like.pattern, kOther);
  if (like.escape == nullptr) return;
  Text(" ESCAPE ");
  Operand(*like.escape, kOther);
}

void SqlPrinter::Between(const AstBetween& between) {
  Operand(*between.operand, kOther);
  Text(between.negated ? " NOT BETWEEN " : " BETWEEN ");
  if (between.symmetric) Text("SYMMETRIC ");
  Operand(*between.low, kOther);
  Text(" AND ");
  Operand(*between.high, kOther);
}

void SqlPrinter::InList(const AstInList& in) {
  Operand(*in.operand, kOther);
  Text(in.negated ? " NOT IN (" : " IN (");
  Exprs(in.values);
  Text(")");
}

void SqlPrinter::Quantified(const AstQuantified& quantified) {
  Operand(*quantified.operand, TextOf(quantified.op).level == kPredicate ? kOther : kSuffix);
  Text(TextOf(quantified.op).text);
  Text(quantified.all ? "ALL " : "ANY ");
  if (quantified.query != nullptr) return Subquery(*quantified.query);
  Text("(");
  Expr(*quantified.list);
  Text(")");
}

void SqlPrinter::Case(const AstCase& node) {
  Text("CASE");
  if (node.operand != nullptr) {
    Text(" ");
    Expr(*node.operand);
  }
  for (const AstCaseBranch& branch : node.branches) {
    Text(" WHEN ");
    Expr(*branch.when);
    Text(" THEN ");
    Expr(*branch.then);
  }
  if (node.otherwise != nullptr) {
    Text(" ELSE ");
    Expr(*node.otherwise);
  }
  Text(" END");
}

void SqlPrinter::Function(const AstFunction& call) {
  QualifiedName(call.name);
  if (call.without_parentheses) return;
  Text(call.distinct ? "(DISTINCT " : "(");
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    if (i > 0) Text(", ");
    if (i < call.argument_names.size() && !call.argument_names[i].empty()) {
      Name(call.argument_names[i]);
      Text(" := ");
    }
    Expr(*call.arguments[i]);
  }
  if (!call.order_by.empty() && !call.within_group) {
    Text(call.arguments.empty() ? "ORDER BY " : " ORDER BY ");
    OrderList(call.order_by);
  }
  if (call.ignore_nulls) Text(" IGNORE NULLS");
  Text(")");
  if (call.within_group) {
    Text(" WITHIN GROUP (ORDER BY ");
    OrderList(call.order_by);
    Text(")");
  }
  if (call.filter != nullptr) {
    Text(" FILTER (WHERE ");
    Expr(*call.filter);
    Text(")");
  }
  if (call.over == nullptr) return;
  Text(" OVER ");
  if (call.over->is_reference) {
    Name(call.over->base);
  } else {
    Window(*call.over);
  }
}

void SqlPrinter::Struct(const AstStruct& literal) {
  Text(literal.is_map ? "MAP {" : "{");
  for (size_t i = 0; i < literal.values.size(); ++i) {
    if (i > 0) Text(", ");
    if (literal.is_map) {
      Expr(*literal.keys[i]);
    } else {
      Text(literal.names[i].quoted ? QuoteString(literal.names[i].text) : literal.names[i].text);
    }
    Text(": ");
    Expr(*literal.values[i]);
  }
  Text("}");
}

void SqlPrinter::Subscript(const AstSubscript& subscript) {
  Operand(*subscript.operand, kPrimary);
  Text("[");
  if (subscript.low != nullptr) Expr(*subscript.low);
  if (subscript.is_slice) {
    Text(" : ");
    if (subscript.high != nullptr) Expr(*subscript.high);
    if (subscript.step != nullptr) {
      Text(" : ");
      Expr(*subscript.step);
    }
  }
  Text("]");
}

/// Prints an expression made of operators; false where it is another.
bool SqlPrinter::PrintOperation(const AstExpr& expr) {
  switch (expr.kind) {
    case AstExprKind::kUnary:
      Unary(expr.As<AstUnary>());
      return true;
    case AstExprKind::kBinary:
      Binary(expr.As<AstBinary>());
      return true;
    case AstExprKind::kLogical:
      Logical(expr.As<AstLogical>());
      return true;
    case AstExprKind::kIs:
      Is(expr.As<AstIs>());
      return true;
    case AstExprKind::kLike:
      Like(expr.As<AstLike>());
      return true;
    case AstExprKind::kBetween:
      Between(expr.As<AstBetween>());
      return true;
    case AstExprKind::kInList:
      InList(expr.As<AstInList>());
      return true;
    case AstExprKind::kInSubquery:
      Operand(*expr.As<AstInSubquery>().operand, kOther);
      Text(expr.As<AstInSubquery>().negated ? " NOT IN " : " IN ");
      Subquery(*expr.As<AstInSubquery>().query);
      return true;
    case AstExprKind::kQuantified:
      Quantified(expr.As<AstQuantified>());
      return true;
    case AstExprKind::kSubscript:
      Subscript(expr.As<AstSubscript>());
      return true;
    case AstExprKind::kCollate:
      Operand(*expr.As<AstCollate>().operand, kSuffix);
      Text(" COLLATE ");
      QualifiedName(expr.As<AstCollate>().collation);
      return true;
    case AstExprKind::kAtTimeZone:
      Operand(*expr.As<AstAtTimeZone>().operand, kSign);
      Text(" AT TIME ZONE ");
      Operand(*expr.As<AstAtTimeZone>().zone, kSign);
      return true;
    default:
      return false;
  }
}

void SqlPrinter::Expr(const AstExpr& expr) {
  if (PrintOperation(expr)) return;
  switch (expr.kind) {
    case AstExprKind::kLiteral:
      return Literal(expr.As<AstLiteral>());
    case AstExprKind::kTypedLiteral:
      Type(expr.As<AstTypedLiteral>().type);
      return Text(" " + QuoteString(expr.As<AstTypedLiteral>().text));
    case AstExprKind::kIntervalLiteral:
      return Interval(expr.As<AstIntervalLiteral>());
    case AstExprKind::kColumnRef:
      return Names(expr.As<AstColumnRef>().parts, ".");
    case AstExprKind::kStar:
      Names(expr.As<AstStar>().qualifier, ".");
      return Text(expr.As<AstStar>().qualifier.empty() ? "*" : ".*");
    case AstExprKind::kParameter:
      return Parameter(expr.As<AstParameter>());
    case AstExprKind::kExists:
      Text("EXISTS ");
      return Subquery(*expr.As<AstExists>().query);
    case AstExprKind::kSubquery:
      if (expr.As<AstSubquery>().as_array) Text("ARRAY");
      return Subquery(*expr.As<AstSubquery>().query);
    case AstExprKind::kCase:
      return Case(expr.As<AstCase>());
    case AstExprKind::kCast:
      Text(expr.As<AstCast>().is_try ? "TRY_CAST(" : "CAST(");
      Expr(*expr.As<AstCast>().operand);
      Text(" AS ");
      Type(expr.As<AstCast>().type);
      return Text(")");
    case AstExprKind::kFunction:
      return Function(expr.As<AstFunction>());
    case AstExprKind::kRow:
      Text("ROW(");
      Exprs(expr.As<AstRow>().values);
      return Text(")");
    case AstExprKind::kList:
      Text("ARRAY[");
      Exprs(expr.As<AstList>().values);
      return Text("]");
    case AstExprKind::kStruct:
      return Struct(expr.As<AstStruct>());
    case AstExprKind::kFieldAccess:
      Text("(");
      Expr(*expr.As<AstFieldAccess>().operand);
      Text(").");
      return Name(expr.As<AstFieldAccess>().field);
    default:
      return Text("DEFAULT");
  }
}

void SqlPrinter::Type(const AstTypeName& type) {
  std::string_view name = type.name;
  constexpr std::string_view kZone = " with time zone";
  const bool zone = name.ends_with(kZone);
  if (zone) name.remove_suffix(kZone.size());
  Text(type.quoted ? Doubled(name, '"') : std::string(name));
  if (!type.arguments.empty() || !type.children.empty() || !type.labels.empty()) Text("(");
  for (size_t i = 0; i < type.labels.size(); ++i) {
    if (i > 0) Text(", ");
    Text(QuoteString(type.labels[i]));
  }
  for (size_t i = 0; i < type.arguments.size(); ++i) {
    if (i > 0) Text(", ");
    Text(std::to_string(type.arguments[i]));
  }
  for (size_t i = 0; i < type.children.size(); ++i) {
    if (i > 0) Text(", ");
    if (i < type.child_names.size()) {
      Name(type.child_names[i]);
      Text(" ");
    }
    Type(type.children[i]);
  }
  if (!type.arguments.empty() || !type.children.empty() || !type.labels.empty()) Text(")");
  if (zone) Text(kZone);
  for (const std::optional<int64_t>& size : type.array_sizes) {
    Text("[" + (size.has_value() ? std::to_string(*size) : std::string()) + "]");
  }
}

std::string ToSql(const AstExpr& expr, AstParentheses parentheses) {
  SqlPrinter printer(parentheses);
  printer.Expr(expr);
  return printer.Take();
}

std::string ToSql(const AstQuery& query, AstParentheses parentheses) {
  SqlPrinter printer(parentheses);
  printer.Query(query);
  return printer.Take();
}

std::string ToSql(const AstTypeName& type) {
  SqlPrinter printer(AstParentheses::kNeeded);
  printer.Type(type);
  return printer.Take();
}

}  // namespace llkv
