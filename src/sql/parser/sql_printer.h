// The printer behind ToSql: one class over two files, expressions and queries. Internal to sql/parser.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/parser/ast.h"
#include "sql/parser/printer.h"

namespace llkv {

class SqlPrinter {
 public:
  explicit SqlPrinter(AstParentheses parentheses) : all_(parentheses == AstParentheses::kAll) {}

  // Expressions (printer.cc).
  void Expr(const AstExpr& expr);
  void Type(const AstTypeName& type);

  // Queries (printer_query.cc).
  void Query(const AstQuery& query);

  std::string Take() { return std::move(out_); }

 private:
  void Text(std::string_view text) { out_ += text; }
  void Name(const AstName& name);
  void Names(const std::vector<AstName>& names, std::string_view separator);
  void QualifiedName(const AstQualifiedName& name) { Names(name.parts, "."); }
  void Exprs(const std::vector<AstExprPtr>& exprs);
  /// In parentheses where it binds less tightly than `level`.
  void Operand(const AstExpr& expr, int level);
  void Literal(const AstLiteral& literal);
  void Interval(const AstIntervalLiteral& interval);
  void Parameter(const AstParameter& parameter);
  void Unary(const AstUnary& unary);
  void Binary(const AstBinary& binary);
  void Logical(const AstLogical& logical);
  void Is(const AstIs& is);
  void Like(const AstLike& like);
  void Between(const AstBetween& between);
  void InList(const AstInList& in);
  void Quantified(const AstQuantified& quantified);
  void Case(const AstCase& node);
  void Function(const AstFunction& call);
  void Struct(const AstStruct& literal);
  void Subscript(const AstSubscript& subscript);
  bool PrintOperation(const AstExpr& expr);

  void Window(const AstWindow& window);
  void Frame(const AstFrame& frame);
  void FrameBound(const AstFrameBound& bound);
  void OrderList(const std::vector<AstOrderItem>& items);
  void OrderDirection(const AstOrderItem& item);
  void Subquery(const AstQuery& query);
  void Body(const AstQueryBody& body);
  void Select(const AstSelect& select);
  void SetOperation(const AstSetOperation& set);
  void Values(const AstValues& values);
  void CommonTable(const AstCommonTable& table);
  void FromList(const std::vector<AstFromItemPtr>& items);
  void FromItem(const AstFromItem& item);
  void Join(const AstJoin& join);
  void Alias(const AstFromItem& item);
  void Grouping(const std::vector<AstGroupingElement>& elements);

  bool all_;
  std::string out_;
};

}  // namespace llkv
