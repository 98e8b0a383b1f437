// StatementParser: CREATE TRIGGER in SQLite's form, whose body is a list of statements.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

AstStatementPtr StatementParser::ParseCreateTrigger(bool temporary, int64_t begin) {
  auto create = std::make_unique<AstCreateTrigger>();
  create->range.position = begin;
  create->temporary = temporary;
  Advance();
  create->if_not_exists = ParseIfNotExists();
  create->name = ParseQualifiedName("a trigger's name");
  if (AtWord("instead")) {
    create->instead_of_position = Begin();
    Advance();
    if (!AcceptWord("of")) FailHere();
  } else if (!AcceptWord("before")) {
    AcceptWord("after");
  }
  ParseTriggerEvent(create.get());
  if (At(Keyword::kOr)) FailUnsupported("a trigger for several events", Begin());
  Expect(Keyword::kOn, "ON");
  create->table = ParseQualifiedName("a table");
  if (AtWord("referencing")) FailUnsupported("REFERENCING", Begin());
  if (AcceptWord("for")) {
    AcceptWord("each");
    if (AtWord("statement")) FailUnsupported("FOR EACH STATEMENT", Begin());
    if (!AcceptWord("row")) {
      Note("ROW");
      FailHere();
    }
  }
  if (AcceptOr(Keyword::kWhen, "WHEN")) ParseExpr();
  if (At(Keyword::kExecute)) FailUnsupported("a trigger that executes a function", Begin());
  ParseTriggerBody();
  if (failed()) return nullptr;
  create->text = std::string(sql_.substr(static_cast<size_t>(begin), static_cast<size_t>(PreviousEnd() - begin)));
  return create;
}

void StatementParser::ParseTriggerEvent(AstCreateTrigger* create) {
  if (AcceptOr(Keyword::kInsert, "INSERT")) return;
  if (AcceptOr(Keyword::kDelete, "DELETE")) {
    create->event = AstTriggerEvent::kDelete;
  } else if (AcceptOr(Keyword::kUpdate, "UPDATE")) {
    create->event = AstTriggerEvent::kUpdate;
    if (AcceptWord("of")) create->columns = ParseNameList();
  } else {
    if (AtWord("truncate")) FailUnsupported("a trigger for TRUNCATE", Begin());
    FailHere();
  }
}

/// BEGIN, statements that each end in a semicolon, END.
void StatementParser::ParseTriggerBody() {
  Expect(Keyword::kBegin, "BEGIN");
  do {
    const bool allowed = At(Keyword::kInsert) || At(Keyword::kReplace) || At(Keyword::kUpdate) ||
                         At(Keyword::kDelete) || At(Keyword::kSelect) || At(Keyword::kValues) || At(Keyword::kWith);
    if (!allowed) {
      for (const char* word : {"INSERT", "UPDATE", "DELETE", "SELECT"}) Note(word);
      FailHere();
      return;
    }
    ParseStatementNode();
    Expect(TokenKind::kSemicolon, "a semicolon");
  } while (!failed() && !At(Keyword::kEnd));
  Expect(Keyword::kEnd, "END");
}

}  // namespace llkv
