// StatementParser: COPY, EXPLAIN, SET, SHOW, PRAGMA, transactions, maintenance, prepared statements.
#include <algorithm>
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

AstStatementPtr StatementParser::ParseCopy() {
  auto copy = std::make_unique<AstCopy>();
  Advance();
  if (AtWord("from") && At(Keyword::kDatabase, 1)) return ParseUnsupported("COPY FROM DATABASE");
  if (Accept(TokenKind::kLeftParen)) {
    copy->query = ParseQuery();
    Expect(TokenKind::kRightParen, "\")\"");
    Expect(Keyword::kTo, "TO");
  } else {
    copy->table = ParseQualifiedName("a table or a query in parentheses");
    if (At(TokenKind::kLeftParen)) copy->columns = ParseParenthesizedNames();
    copy->is_from = AcceptOr(Keyword::kFrom, "FROM");
    if (!copy->is_from) Expect(Keyword::kTo, "TO");
  }
  if (!Accept(Keyword::kStdin) && !Accept(Keyword::kStdout)) {
    if (AtString()) {
      copy->file = ParseLiteral();
    } else if (At(TokenKind::kQuestion) || At(TokenKind::kDollarParameter)) {
      copy->file = ParseParameter();
    } else if (At(TokenKind::kLeftParen)) {
      FailUnsupported("a computed file name", Begin());
    } else {
      Note("a file's name in quotes");
      FailHere();
    }
  }
  ParseCopyOptions(copy.get());
  return copy;
}

/// [WITH] (FORMAT csv, HEADER, …), or PostgreSQL's old form: CSV HEADER DELIMITER '|'.
void StatementParser::ParseCopyOptions(AstCopy* copy) {
  const bool with = AcceptOr(Keyword::kWith, "WITH");
  if (At(TokenKind::kLeftParen)) {
    copy->options = ParseParenthesizedOptions();
    return;
  }
  if (with && AtEnd()) {
    Note("\"(\"");
    FailHere();
  }
  while (!failed() && At(TokenKind::kWord)) {
    AstOption option;
    option.range.position = Begin();
    option.name = MakeName(Peek()).key;
    Advance();
    if (option.name == "delimiter" || option.name == "null" || option.name == "quote" || option.name == "escape" ||
        option.name == "encoding") {
      Accept(Keyword::kAs);
      if (!AtString()) {
        Note("a string");
        FailHere();
        return;
      }
      option.values.push_back(ParseLiteral());
    } else if (option.name == "csv" || option.name == "binary") {
      option.values.push_back(MakeLiteral(AstLiteralKind::kString, option.name, option.range.position));
      option.name = "format";
    } else if (option.name != "header") {
      Fail("42601", "\"" + option.name + "\" is no option of COPY", option.range.position);
      return;
    }
    option.range.end = PreviousEnd();
    copy->options.push_back(std::move(option));
  }
}

AstStatementPtr StatementParser::ParseExplain() {
  auto explain = std::make_unique<AstExplain>();
  Advance();
  if (Accept(Keyword::kQuery, Keyword::kPlan)) explain->query_plan = true;
  explain->analyze = Accept(Keyword::kAnalyze) || Accept(Keyword::kAnalyse);
  if (At(TokenKind::kLeftParen) && !AtQueryStart(1) && !At(TokenKind::kLeftParen, 1)) {
    explain->options = ParseParenthesizedOptions();
    for (const AstOption& option : explain->options) {
      if (option.name == "analyze" && option.values.empty()) explain->analyze = true;
      if (option.name != "format" || option.values.size() != 1 || option.values[0] == nullptr) continue;
      const AstExpr& value = *option.values[0];
      std::string format;
      if (const auto* column = value.TryAs<AstColumnRef>()) format = column->parts.front().key;
      if (const auto* literal = value.TryAs<AstLiteral>()) format = literal->text;
      std::transform(format.begin(), format.end(), format.begin(),
                     [](unsigned char c) { return static_cast<char>(tolower(c)); });
      explain->format = format == "json"   ? AstExplainFormat::kJson
                        : format == "text" ? AstExplainFormat::kText
                                           : AstExplainFormat::kOther;
    }
  }
  const int64_t begin = Begin();
  explain->statement = ParseStatementNode();
  if (!failed()) explain->statement->range = {begin, PreviousEnd()};
  return explain;
}

AstSetScope StatementParser::ParseSetScope() {
  const bool followed_by_name = Peek(1).kind == TokenKind::kWord && !At(Keyword::kTo, 1);
  if (!followed_by_name) return AstSetScope::kDefault;
  if (Accept(Keyword::kSession)) return AstSetScope::kSession;
  if (Accept(Keyword::kLocal)) return AstSetScope::kLocal;
  if (Accept(Keyword::kGlobal)) return AstSetScope::kGlobal;
  if (Accept(Keyword::kVariable)) return AstSetScope::kVariable;
  return AstSetScope::kDefault;
}

/// A value of SET, PRAGMA or an option: an expression, where a bare word such as ON is a name.
AstExprPtr StatementParser::ParseSettingValue() {
  const Token& token = Peek();
  if (At(TokenKind::kStar)) {
    auto star = Node<AstStar>(token.begin);
    Advance();
    return Done(std::move(star));
  }
  const TokenKind next = Peek(1).kind;
  const bool alone = next == TokenKind::kEnd || next == TokenKind::kComma || next == TokenKind::kRightParen;
  const bool constant = At(Keyword::kTrue) || At(Keyword::kFalse) || At(Keyword::kNull) || At(Keyword::kDefault);
  if (token.kind == TokenKind::kWord && alone && !constant) {
    auto column = Node<AstColumnRef>(token.begin);
    column->parts.push_back(MakeName(token));
    Advance();
    return Done(std::move(column));
  }
  return ParseExpr();
}

AstStatementPtr StatementParser::ParseSet() {
  auto set = std::make_unique<AstSet>();
  Advance();
  if (At(Keyword::kTransaction) || (At(Keyword::kSession) && AtWord("characteristics", 1))) {
    return ParseUnsupported("SET TRANSACTION");
  }
  set->scope = ParseSetScope();
  set->name_range.position = Begin();
  if (Accept(Keyword::kTime, Keyword::kZone)) {
    set->name = "time zone";
    set->name_range.end = PreviousEnd();
    set->values.push_back(ParseSettingValue());
    return set;
  }
  set->name = ParseQualifiedName("a setting").parts.back().key;
  set->name_range.end = PreviousEnd();
  Note("\"=\"");
  if (!Accept(TokenKind::kEqual)) Expect(Keyword::kTo, "TO");
  if (Accept(Keyword::kDefault)) {
    set->reset = true;
    return set;
  }
  do {
    set->values.push_back(ParseSettingValue());
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return set;
}

AstStatementPtr StatementParser::ParseReset() {
  auto set = std::make_unique<AstSet>();
  Advance();
  set->reset = true;
  set->scope = ParseSetScope();
  set->name_range.position = Begin();
  if (Accept(Keyword::kAll)) {
    set->name = "all";
  } else {
    set->name = ParseQualifiedName("a setting").parts.back().key;
  }
  set->name_range.end = PreviousEnd();
  return set;
}

AstStatementPtr StatementParser::ParseShow() {
  auto show = std::make_unique<AstShow>();
  Advance();
  show->name_range.position = Begin();
  const bool all_tables = Accept(Keyword::kAll, Keyword::kTables);
  const bool objects = !all_tables && (At(Keyword::kTables) || At(Keyword::kDatabases) || At(Keyword::kSchemas));
  if (objects) {
    show->name = MakeName(Peek()).key;
    Advance();
    if (At(Keyword::kFrom)) FailUnsupported("SHOW TABLES FROM", Begin());
  } else if (all_tables) {
    show->name = "all tables";
  } else if (AtQueryStart() && !At(Keyword::kTable)) {
    show->show = AstShowKind::kDescribeQuery;
    show->query = ParseQuery();
  } else {
    show->show = AstShowKind::kSetting;
    if (Accept(Keyword::kAll)) {
      show->name = "all";
    } else {
      Note("TABLES");
      show->table = ParseQualifiedName("a setting");
      show->name = show->table.parts.back().key;
    }
  }
  show->name_range.end = PreviousEnd();
  return show;
}

AstStatementPtr StatementParser::ParseDescribe(bool summarize) {
  auto show = std::make_unique<AstShow>();
  Advance();
  show->name_range.position = Begin();
  if (AtEnd() && !summarize) {
    show->name = "tables";
    return show;
  }
  const bool table = Accept(Keyword::kTable);
  if (!table && (AtQueryStart() || At(TokenKind::kLeftParen))) {
    show->show = AstShowKind::kDescribeQuery;
    show->query = ParseQuery();
  } else {
    show->show = AstShowKind::kDescribeTable;
    if (At(TokenKind::kString)) {
      show->table.range = {Peek().begin, Peek().end};
      show->table.parts.push_back(ParseLabel("a table"));
    } else {
      show->table = ParseQualifiedName("a table or a query");
    }
    show->name = show->table.parts.back().key;
  }
  if (summarize) show->show = AstShowKind::kSummarize;
  show->name_range.end = PreviousEnd();
  return show;
}

AstStatementPtr StatementParser::ParsePragma() {
  auto pragma = std::make_unique<AstPragma>();
  Advance();
  pragma->name = ParseQualifiedName("a pragma");
  if (AcceptOr(TokenKind::kEqual, "\"=\"")) {
    pragma->has_assignment = true;
    pragma->values.push_back(ParseSettingValue());
  } else if (AcceptOr(TokenKind::kLeftParen, "\"(\"")) {
    if (!At(TokenKind::kRightParen)) {
      do {
        pragma->values.push_back(ParseSettingValue());
      } while (AcceptOr(TokenKind::kComma, "a comma"));
    }
    Expect(TokenKind::kRightParen, "\")\"");
  }
  return pragma;
}

AstStatementPtr StatementParser::ParseTransaction() {
  auto transaction = std::make_unique<AstTransaction>();
  const auto skip_word = [&] {
    if (!Accept(Keyword::kTransaction)) Accept(Keyword::kWork);
  };
  const Keyword first = Peek().keyword;
  Advance();
  switch (first) {
    case Keyword::kStart:
      Expect(Keyword::kTransaction, "TRANSACTION");
      ParseTransactionModes(transaction.get());
      break;
    case Keyword::kBegin:
      ParseTransactionModes(transaction.get());
      break;
    case Keyword::kCommit:
    case Keyword::kEnd:
      transaction->action = AstTransactionAction::kCommit;
      skip_word();
      break;
    case Keyword::kSavepoint:
      transaction->action = AstTransactionAction::kSavepoint;
      transaction->savepoint = ParseName("a savepoint");
      break;
    case Keyword::kRelease:
      transaction->action = AstTransactionAction::kRelease;
      Accept(Keyword::kSavepoint);
      transaction->savepoint = ParseName("a savepoint");
      break;
    default:
      transaction->action = AstTransactionAction::kRollback;
      skip_word();
      if (!AcceptOr(Keyword::kTo, "TO")) break;
      transaction->action = AstTransactionAction::kRollbackTo;
      Accept(Keyword::kSavepoint);
      transaction->savepoint = ParseName("a savepoint");
  }
  return transaction;
}

/// DEFERRED and its kin, TRANSACTION, ISOLATION LEVEL …, READ ONLY, READ WRITE, in any order.
void StatementParser::ParseTransactionModes(AstTransaction* transaction) {
  while (!failed() && !AtEnd()) {
    const int64_t begin = Begin();
    if (At(Keyword::kDeferred) || At(Keyword::kImmediate) || At(Keyword::kExclusive) || At(Keyword::kConcurrent)) {
      transaction->mode = MakeName(Peek()).key;
      transaction->mode_position = begin;
      Advance();
    } else if (Accept(Keyword::kIsolation)) {
      Expect(Keyword::kLevel, "LEVEL");
      transaction->mode_position = begin;
      if (Accept(Keyword::kSerializable)) {
        transaction->isolation = "serializable";
      } else if (Accept(Keyword::kSnapshot)) {
        transaction->isolation = "snapshot";
      } else if (Accept(Keyword::kRepeatable, Keyword::kRead)) {
        transaction->isolation = "repeatable read";
      } else if (Accept(Keyword::kRead, Keyword::kCommitted)) {
        transaction->isolation = "read committed";
      } else if (Accept(Keyword::kRead, Keyword::kUncommitted)) {
        transaction->isolation = "read uncommitted";
      } else {
        Note("an isolation level");
        FailHere();
      }
    } else if (Accept(Keyword::kRead, Keyword::kOnly)) {
      transaction->read_only = true;
    } else if (Accept(Keyword::kRead, Keyword::kWrite)) {
      transaction->read_only = false;
    } else if (!Accept(Keyword::kTransaction) && !Accept(Keyword::kWork) && !Accept(TokenKind::kComma)) {
      Note("a transaction mode");
      return;
    }
  }
}

AstStatementPtr StatementParser::ParseCheckpoint() {
  auto checkpoint = std::make_unique<AstCheckpoint>();
  checkpoint->force = Accept(Keyword::kForce);
  Expect(Keyword::kCheckpoint, "CHECKPOINT");
  if (!AtEnd()) checkpoint->database = ParseName("a database");
  return checkpoint;
}

/// VACUUM and ANALYZE.
AstStatementPtr StatementParser::ParseVacuum() {
  auto vacuum = std::make_unique<AstVacuum>();
  vacuum->vacuum = Accept(Keyword::kVacuum);
  if (vacuum->vacuum) vacuum->full = Accept(Keyword::kFull);
  vacuum->analyze = Accept(Keyword::kAnalyze) || Accept(Keyword::kAnalyse);
  if (At(TokenKind::kLeftParen)) FailUnsupported("VACUUM with options", Begin());
  if (Accept(Keyword::kInto)) {
    vacuum->into = ParseExpr();
    return vacuum;
  }
  if (AtEnd()) return vacuum;
  vacuum->table = ParseQualifiedName("a table");
  if (At(TokenKind::kLeftParen)) vacuum->columns = ParseParenthesizedNames();
  if (Accept(Keyword::kInto)) vacuum->into = ParseExpr();
  return vacuum;
}

AstStatementPtr StatementParser::ParsePrepare() {
  auto prepare = std::make_unique<AstPrepare>();
  Advance();
  prepare->name = ParseName("a name");
  if (Accept(TokenKind::kLeftParen)) {
    do {
      prepare->types.push_back(ParseType());
    } while (AcceptOr(TokenKind::kComma, "a comma"));
    Expect(TokenKind::kRightParen, "\")\"");
  }
  Expect(Keyword::kAs, "AS");
  const int64_t begin = Begin();
  prepare->statement = ParseStatementNode();
  if (failed()) return nullptr;
  // Its parameters are the inner statement's: EXECUTE gives their values.
  prepare->statement->range = {begin, PreviousEnd()};
  prepare->statement->num_parameters = static_cast<int32_t>(parameter_names_.size());
  prepare->statement->parameter_names = std::move(parameter_names_);
  parameter_names_.clear();
  return prepare;
}

AstStatementPtr StatementParser::ParseExecute() {
  auto execute = std::make_unique<AstExecute>();
  Advance();
  execute->name = ParseName("a name");
  if (!AcceptOr(TokenKind::kLeftParen, "\"(\"")) return execute;
  bool named = false;
  while (!failed() && !At(TokenKind::kRightParen)) {
    AstName name;
    if (At(TokenKind::kWord) && (At(TokenKind::kColonEquals, 1) || At(TokenKind::kFatArrow, 1))) {
      name = MakeName(Peek());
      Advance();
      Advance();
      named = true;
    }
    execute->argument_names.push_back(std::move(name));
    execute->arguments.push_back(ParseExpr());
    if (!AcceptOr(TokenKind::kComma, "a comma")) break;
  }
  Expect(TokenKind::kRightParen, "\")\"");
  if (!named) execute->argument_names.clear();
  return execute;
}

AstStatementPtr StatementParser::ParseDeallocate() {
  auto deallocate = std::make_unique<AstDeallocate>();
  Advance();
  Accept(Keyword::kPrepare);
  if (!Accept(Keyword::kAll)) deallocate->name = ParseName("a name");
  return deallocate;
}

}  // namespace llkv
