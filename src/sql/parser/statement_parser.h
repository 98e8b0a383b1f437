// The recursive-descent parser of one statement; parser.h is its public face. Here, in one class over several files, so
// that expressions, queries and statements can call each other.
//
// Errors are sticky: the first one is kept, the cursor jumps to the end, and every function returns what it has, so
// that no caller checks. The tree is thrown away then; between the error and the return, children may be null.
#pragma once

#include <arrow/status.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/parser/ast.h"
#include "sql/parser/lexer.h"
#include "sql/parser/parser.h"

namespace llkv {

class StatementParser {
 public:
  /// `sql` and `tokens` must outlive it.
  StatementParser(std::string_view sql, const StatementTokens& tokens, const ParserOptions& options)
      : sql_(sql),
        tokens_(tokens.tokens.data()),
        last_(tokens.tokens.size() - 1),
        lexer_error_(tokens.error),
        options_(options) {}

  /// Each parses all the tokens, else fails; see status().
  AstStatementPtr ParseWholeStatement();
  AstExprPtr ParseWholeExpression();
  AstTypeName ParseWholeType();

  const arrow::Status& status() const { return status_; }

 private:
  /// One level of recursion, and of tree height: beyond the limit it fails the parse. It keeps, for its level, the
  /// height of the trees made so far, so that chains that a loop builds leftwards count too.
  class Nesting {
   public:
    explicit Nesting(StatementParser* parser, int cost = 1)
        : parser_(parser), cost_(cost), saved_height_(parser->height_) {
      parser_->depth_ += cost_;
      parser_->height_ = 0;
      parser_->CheckDepth();
    }
    ~Nesting() {
      parser_->depth_ -= cost_;
      parser_->height_ = std::max(saved_height_, parser_->height_ + cost_);
    }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    StatementParser* parser_;
    int cost_;
    int saved_height_;
  };

  // Cursor.
  const Token& Peek(size_t ahead = 0) const { return tokens_[std::min(pos_ + ahead, last_)]; }
  bool At(TokenKind kind, size_t ahead = 0) const { return Peek(ahead).kind == kind; }
  bool At(Keyword keyword, size_t ahead = 0) const { return Peek(ahead).keyword == keyword; }
  bool AtEnd() const { return pos_ == last_; }
  /// The word `text` (lower case), which need not be a keyword.
  bool AtWord(std::string_view text, size_t ahead = 0) const;
  void Advance() { pos_ = std::min(pos_ + 1, last_); }
  bool Accept(TokenKind kind);
  bool Accept(Keyword keyword);
  bool Accept(Keyword first, Keyword second);
  bool AcceptWord(std::string_view text);
  /// As Accept, and remembers `expected` for the message of an error at this token.
  template <typename T>
  bool AcceptOr(T what, const char* expected) {
    if (Accept(what)) return true;
    Note(expected);
    return false;
  }
  template <typename T>
  void Expect(T what, const char* expected) {
    if (!AcceptOr(what, expected)) FailHere();
  }
  int64_t Begin() const { return Peek().begin; }
  int64_t PreviousEnd() const { return pos_ == 0 ? 0 : tokens_[pos_ - 1].end; }
  std::string_view Text(const Token& token) const { return sql_.substr(token.begin, token.end - token.begin); }

  // Errors.
  bool failed() const { return failed_; }
  void Note(const char* expected);
  /// 42601 at the current token, with what was noted there.
  void FailHere();
  void Fail(std::string_view state, std::string message, int64_t position, std::string hint = {});
  /// 0A000.
  void FailUnsupported(std::string what, int64_t position);
  void FailLexer(const Token& token);
  std::string Hint() const;
  void CheckDepth();
  /// Counts a node put above what this level has parsed.
  void Wrap() {
    ++height_;
    CheckDepth();
  }

  // Nodes.
  template <typename T>
  std::unique_ptr<T> Node(int64_t begin) const {
    auto node = std::make_unique<T>();
    node->range.position = begin;
    node->position = begin;
    return node;
  }
  template <typename T>
  std::unique_ptr<T> Done(std::unique_ptr<T> node) const {
    node->range.end = PreviousEnd();
    return node;
  }

  // Names and lists (statement_parser.cc).
  bool IsName(const Token& token) const;
  bool IsBareAlias(const Token& token) const;
  AstName MakeName(const Token& token) const;
  AstName ParseName(const char* expected);
  AstName ParseLabel(const char* expected);
  AstQualifiedName ParseQualifiedName(const char* expected);
  std::vector<AstName> ParseNameList();
  std::vector<AstName> ParseParenthesizedNames();
  std::string ParseString(const char* expected);
  bool AtString(size_t ahead = 0) const;
  int64_t ParseInteger(const char* expected);
  std::vector<AstExprPtr> ParseExprList();
  void SkipBalanced();
  /// Options (name value, name = value, …) with or without parentheses; see AstOption.
  std::vector<AstOption> ParseParenthesizedOptions();
  AstOption ParseOption();

  // Types (parse_type.cc).
  AstTypeName ParseType();
  std::string ParseTypeWords();
  void ParseTypeArguments(AstTypeName* type);
  void ParseTypeMembers(AstTypeName* type);
  void ParseTimeZoneWords(AstTypeName* type);
  void ParseArraySuffix(AstTypeName* type);

  // Expressions (parse_expr.cc, parse_primary.cc, parse_call.cc).
  AstExprPtr ParseExpr(int min_level = 0);
  AstExprPtr ParsePrefix();
  AstExprPtr ParsePrefixCall(std::string_view function);
  bool ParseOverlaps(AstExprPtr* left, int min_level);
  bool ParseInfix(AstExprPtr* left, int min_level);
  bool ParseKeywordInfix(AstExprPtr* left, int min_level);
  bool ParseMembership(AstExprPtr* left, int min_level);
  bool ParseOperatorInfix(AstExprPtr* left, int min_level);
  bool ParsePostfix(AstExprPtr* left, int min_level);
  void ParseIs(AstExprPtr* left, int level);
  bool AtNormalForm() const;
  bool ParseIsNormalized(AstExprPtr* left, bool negated, int64_t position);
  void ParseIn(AstExprPtr* left, bool negated, int64_t position);
  void ParseBetween(AstExprPtr* left, bool negated, int64_t position, int level);
  void ParseLike(AstExprPtr* left, AstLikeOp op, bool negated, int64_t position, int level);
  void ParseLogical(AstExprPtr* left, bool is_and, int level);
  void ParseSubscript(AstExprPtr* left);
  void MakeIs(AstExprPtr* left, AstIsTest test, bool negated, int64_t position);
  bool ParseQuantified(AstExprPtr* left, AstBinaryOp op, int64_t position);
  bool PercentEndsLimit() const;

  AstExprPtr ParsePrimary();
  AstExprPtr ParseWordPrimary();
  AstExprPtr ParseKeywordPrimary();
  AstExprPtr ParseNameOrCall();
  AstExprPtr ParseParenthesized();
  AstExprPtr ParseLiteral();
  AstExprPtr ParseParameter();
  AstExprPtr ParseNamedParameter();
  int32_t ParameterIndex(const std::string& name);
  AstExprPtr ParseCase();
  AstExprPtr ParseCast(bool is_try);
  AstExprPtr ParseExists();
  AstExprPtr ParseInterval();
  std::string ParseIntervalUnit();
  bool AtIntervalUnit(size_t ahead = 0) const;
  AstExprPtr ParseArray();
  AstExprPtr ParseBracketList();
  AstExprPtr ParseStructLiteral();
  AstExprPtr ParseMapLiteral();
  AstExprPtr ParseTypedLiteral();
  bool AtTypedLiteral() const;
  bool AtTypeArgumentsAndString() const;
  AstExprPtr ParseSubqueryExpr(int64_t begin);
  AstExprPtr MakeLiteral(AstLiteralKind kind, std::string text, int64_t begin);

  std::unique_ptr<AstFunction> MakeCall(std::string_view name, int64_t begin, const Token& name_token);
  AstExprPtr ParseCall(AstQualifiedName name);
  void ParseCallArguments(AstFunction* call);
  void ParseCallSuffix(AstFunction* call);
  AstExprPtr ParseExtract();
  AstExprPtr ParseNormalize();
  AstExprPtr ParseSubstring();
  AstExprPtr ParsePosition();
  AstExprPtr ParseTrim();
  AstExprPtr ParseOverlay();
  AstWindow ParseWindowSpecification();
  AstFrame ParseFrame();
  AstFrameBound ParseFrameBound();

  // Queries (parse_query.cc, parse_from.cc).
  bool AtQueryStart(size_t ahead = 0) const;
  bool AtQueryContinuation() const;
  AstQueryPtr ParseQuery();
  AstQueryPtr ContinueQuery(AstQueryPtr first);
  AstQueryBodyPtr AsBody(AstQueryPtr query);
  void ParseWith(bool* recursive, std::vector<AstCommonTable>* with);
  AstCommonTable ParseCommonTable();
  AstQueryBodyPtr ParseQueryBody(int min_level);
  AstQueryBodyPtr ContinueQueryBody(AstQueryBodyPtr left, int min_level);
  AstQueryBodyPtr ParseQueryPrimary();
  AstQueryBodyPtr ParseSelect();
  AstQueryBodyPtr ParseValues();
  AstQueryBodyPtr ParseTableQuery();
  void ParseSelectTail(AstSelect* select);
  void ParseQueryTail(AstQuery* query);
  void ParseLimit(AstQuery* query);
  void ParseFetch(AstQuery* query);
  std::vector<AstSelectItem> ParseSelectItems();
  AstSelectItem ParseSelectItem();
  AstExprPtr ParseStarItem();
  void RefuseStarOptions();
  AstGroupingElement ParseGroupingElement();
  std::vector<AstGroupingElement> ParseGroupingList();
  std::vector<AstOrderItem> ParseOrderList();
  AstOrderItem ParseOrderItem();
  void ParseOrderDirection(AstOrderItem* item);
  AstQueryPtr SelectStarFrom(AstFromItemPtr item) const;
  AstQueryPtr BodyQuery(AstQueryBodyPtr body) const;

  std::vector<AstFromItemPtr> ParseFromList();
  AstFromItemPtr ParseFromItem();
  AstFromItemPtr ParseJoins(AstFromItemPtr left, bool until_condition);
  AstFromItemPtr ParseFromPrimary();
  AstFromItemPtr ParseFromParenthesized(bool lateral);
  AstFromItemPtr ParseFromName(bool lateral);
  bool ParseJoinType(AstJoinType* type, bool* natural);
  void ParseAlias(AstFromItem* item);
  AstFromItemPtr ParseTarget(bool bare_alias);
  void ParseIndexHints(AstTableRef* table);

  // Statements (parse_statement.cc, parse_dml.cc, parse_ddl.cc, parse_trigger.cc, parse_command.cc).
  AstStatementPtr ParseStatementNode();
  AstStatementPtr ParseKeywordStatement();
  AstStatementPtr ParseQueryStatement();
  AstStatementPtr ParseWithStatement();
  AstStatementPtr ParseUnsupported(std::string what);

  AstStatementPtr ParseInsert();
  AstStatementPtr ParseUpdate();
  AstStatementPtr ParseDelete();
  AstStatementPtr ParseTruncate();
  AstConflictAction ParseConflictAction();
  AstOnConflict ParseOnConflict();
  std::vector<AstAssignment> ParseAssignments();
  std::vector<AstSelectItem> ParseReturning();
  AstQueryPtr ParseInsertSource();

  AstStatementPtr ParseCreate();
  AstStatementPtr ParseCreateTable(bool or_replace, bool temporary, int64_t begin);
  AstStatementPtr ParseCreateView(bool or_replace, bool temporary, int64_t begin);
  AstStatementPtr ParseCreateType(bool or_replace, int64_t begin);
  AstStatementPtr ParseCreateIndex(bool unique, int64_t begin);
  AstStatementPtr ParseCreateTrigger(bool temporary, int64_t begin);
  void ParseTriggerEvent(AstCreateTrigger* create);
  void ParseTriggerBody();
  void ParseTableElements(AstCreateTable* create);
  void ParseTableOptions(AstCreateTable* create);
  AstColumnDefinition ParseColumnDefinition();
  bool AtConstraint() const;
  AstConstraint ParseColumnConstraint();
  AstConstraint ParseTableConstraint();
  void ParseReferences(AstConstraint* constraint);
  void ParseGenerated(AstConstraint* constraint);
  void ParseConstraintConflict(AstConstraint* constraint);
  std::string ParseReferenceAction();
  bool ParseIfNotExists();
  bool ParseIfExists();
  AstObjectKind ParseObjectKind();
  AstStatementPtr ParseDrop();
  AstStatementPtr ParseReindex();
  AstStatementPtr ParseAlter();
  void ParseAlterAction(AstAlterTable* alter);
  bool ParseCascade();

  AstStatementPtr ParseCopy();
  void ParseCopyOptions(AstCopy* copy);
  AstStatementPtr ParseExplain();
  AstStatementPtr ParseSet();
  AstStatementPtr ParseReset();
  AstStatementPtr ParseShow();
  AstStatementPtr ParseDescribe(bool summarize);
  AstStatementPtr ParsePragma();
  AstStatementPtr ParseTransaction();
  void ParseTransactionModes(AstTransaction* transaction);
  AstStatementPtr ParseCheckpoint();
  AstStatementPtr ParseVacuum();
  AstStatementPtr ParsePrepare();
  AstStatementPtr ParseExecute();
  AstStatementPtr ParseDeallocate();
  AstSetScope ParseSetScope();
  AstExprPtr ParseSettingValue();

  bool sqlite() const { return options_.dialect == SqlDialect::kSqlite; }

  static constexpr size_t kMaxNotes = 10;

  std::string_view sql_;
  const Token* tokens_;
  size_t last_;
  const char* lexer_error_;
  ParserOptions options_;
  size_t pos_ = 0;
  int depth_ = 0;
  int height_ = 0;
  bool failed_ = false;
  arrow::Status status_;
  std::array<const char*, kMaxNotes> notes_ = {};
  size_t num_notes_ = 0;
  size_t notes_pos_ = 0;
  /// By index - 1.
  std::vector<std::string> parameter_names_;
};

}  // namespace llkv
