// StatementParser: which statement the first words begin, and the ends of a parse.
#include <algorithm>
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

AstStatementPtr StatementParser::ParseWholeStatement() {
  const int64_t begin = Begin();
  AstStatementPtr statement = ParseStatementNode();
  if (!failed() && !AtEnd()) {
    Note("the end of the statement");
    FailHere();
  }
  if (failed()) return nullptr;
  statement->range = {begin, PreviousEnd()};
  statement->num_parameters = static_cast<int32_t>(parameter_names_.size());
  statement->parameter_names = std::move(parameter_names_);
  return statement;
}

AstExprPtr StatementParser::ParseWholeExpression() {
  AstExprPtr expr = ParseExpr();
  if (!AtEnd()) {
    Note("an operator");
    Note("the end of the expression");
    FailHere();
  }
  return expr;
}

AstTypeName StatementParser::ParseWholeType() {
  AstTypeName type = ParseType();
  if (!AtEnd()) {
    Note("the end of the type");
    FailHere();
  }
  return type;
}

AstStatementPtr StatementParser::ParseQueryStatement() {
  auto statement = std::make_unique<AstQueryStatement>();
  statement->query = ParseQuery();
  return statement;
}

/// WITH before a query or before INSERT, UPDATE, DELETE.
AstStatementPtr StatementParser::ParseWithStatement() {
  const size_t start = pos_;
  // What follows the common tables decides; they are skipped here by their parentheses and read again.
  size_t depth = 0;
  for (; !AtEnd(); Advance()) {
    if (At(TokenKind::kLeftParen)) ++depth;
    if (At(TokenKind::kRightParen) && depth > 0) --depth;
    if (depth > 0) continue;
    if (At(Keyword::kSelect) || At(Keyword::kValues) || At(Keyword::kFrom) || At(Keyword::kTable)) break;
    const bool dml = At(Keyword::kInsert) || At(Keyword::kUpdate) || At(Keyword::kDelete) || At(Keyword::kReplace);
    if (dml && pos_ > start && tokens_[pos_ - 1].kind == TokenKind::kRightParen) break;
    if (At(Keyword::kMerge) && tokens_[pos_ - 1].kind == TokenKind::kRightParen) return ParseUnsupported("MERGE");
  }
  const Keyword body = Peek().keyword;
  pos_ = start;
  if (body != Keyword::kInsert && body != Keyword::kUpdate && body != Keyword::kDelete && body != Keyword::kReplace) {
    return ParseQueryStatement();
  }
  bool recursive = false;
  std::vector<AstCommonTable> with;
  ParseWith(&recursive, &with);
  AstStatementPtr statement = ParseStatementNode();
  if (failed()) return nullptr;
  const auto attach = [&](auto& node) {
    node.recursive = recursive;
    node.with = std::move(with);
  };
  if (statement->Is<AstInsert>()) attach(statement->As<AstInsert>());
  if (statement->Is<AstUpdate>()) attach(statement->As<AstUpdate>());
  if (statement->Is<AstDelete>()) attach(statement->As<AstDelete>());
  return statement;
}

/// Skips the statement's text.
AstStatementPtr StatementParser::ParseUnsupported(std::string what) {
  auto statement = std::make_unique<AstUnsupported>();
  statement->what = std::move(what);
  while (!AtEnd()) {
    if (At(TokenKind::kError)) {
      FailLexer(Peek());
      return nullptr;
    }
    Advance();
  }
  return statement;
}

AstStatementPtr StatementParser::ParseStatementNode() {
  Nesting nesting(this);
  if (failed()) return nullptr;
  switch (Peek().keyword) {
    case Keyword::kSelect:
    case Keyword::kFrom:
    case Keyword::kValues:
    case Keyword::kTable:
      return ParseQueryStatement();
    case Keyword::kWith:
      return ParseWithStatement();
    case Keyword::kInsert:
    case Keyword::kReplace:
      return ParseInsert();
    case Keyword::kUpdate:
      return ParseUpdate();
    case Keyword::kDelete:
      return ParseDelete();
    case Keyword::kTruncate:
      return ParseTruncate();
    case Keyword::kCreate:
      return ParseCreate();
    case Keyword::kDrop:
      return ParseDrop();
    case Keyword::kAlter:
      return ParseAlter();
    case Keyword::kBegin:
    case Keyword::kStart:
    case Keyword::kCommit:
    case Keyword::kEnd:
    case Keyword::kRollback:
    case Keyword::kAbort:
    case Keyword::kSavepoint:
    case Keyword::kRelease:
      return ParseTransaction();
    default:
      if (At(TokenKind::kLeftParen)) return ParseQueryStatement();
      return ParseKeywordStatement();
  }
}

/// The statements that are neither queries nor changes of data, schema or transaction.
AstStatementPtr StatementParser::ParseKeywordStatement() {
  switch (Peek().keyword) {
    case Keyword::kCopy:
      return ParseCopy();
    case Keyword::kExplain:
      return ParseExplain();
    case Keyword::kSet:
      return ParseSet();
    case Keyword::kReset:
      return ParseReset();
    case Keyword::kShow:
      return ParseShow();
    case Keyword::kDescribe:
    case Keyword::kDesc:
      return ParseDescribe(false);
    case Keyword::kSummarize:
      return ParseDescribe(true);
    case Keyword::kPragma:
      return ParsePragma();
    case Keyword::kCheckpoint:
    case Keyword::kForce:
      return ParseCheckpoint();
    case Keyword::kVacuum:
    case Keyword::kAnalyze:
    case Keyword::kAnalyse:
      return ParseVacuum();
    case Keyword::kPrepare:
      return ParsePrepare();
    case Keyword::kExecute:
      return ParseExecute();
    case Keyword::kDeallocate:
      return ParseDeallocate();
    case Keyword::kReindex:
      return ParseReindex();
    case Keyword::kAttach:
    case Keyword::kDetach:
    case Keyword::kUse:
    case Keyword::kCall:
    case Keyword::kMerge:
    case Keyword::kPivot:
    case Keyword::kUnpivot:
    case Keyword::kInstall:
    case Keyword::kLoad:
    case Keyword::kExport:
    case Keyword::kImport:
    case Keyword::kComment:
    case Keyword::kGrant:
    case Keyword::kRevoke: {
      std::string what(Text(Peek()));
      std::transform(what.begin(), what.end(), what.begin(),
                     [](unsigned char c) { return static_cast<char>(toupper(c)); });
      return ParseUnsupported(std::move(what));
    }
    default:
      Note("a statement");
      for (const char* word : {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP"}) Note(word);
      if (!failed() && !At(TokenKind::kError)) {
        const std::string hint = Hint();
        num_notes_ = 1;
        Fail("42601",
             AtEnd() ? "there is no statement"
                     : "syntax error at \"" + std::string(Text(Peek())) + "\": expected a statement",
             Begin(), hint);
      }
      FailHere();
      return nullptr;
  }
}

}  // namespace llkv
