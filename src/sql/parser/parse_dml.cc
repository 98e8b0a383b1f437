// StatementParser: INSERT, UPDATE, DELETE, TRUNCATE.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

AstConflictAction StatementParser::ParseConflictAction() {
  if (Accept(Keyword::kReplace)) return AstConflictAction::kReplace;
  if (Accept(Keyword::kIgnore)) return AstConflictAction::kIgnore;
  if (Accept(Keyword::kAbort)) return AstConflictAction::kAbort;
  if (Accept(Keyword::kFail)) return AstConflictAction::kFail;
  if (Accept(Keyword::kRollback)) return AstConflictAction::kRollback;
  Note("REPLACE, IGNORE, ABORT, FAIL or ROLLBACK");
  FailHere();
  return AstConflictAction::kNone;
}

AstStatementPtr StatementParser::ParseInsert() {
  auto insert = std::make_unique<AstInsert>();
  if (At(Keyword::kReplace)) {
    insert->or_action = AstConflictAction::kReplace;
    insert->or_action_position = Begin();
    Advance();
  } else {
    Advance();
    if (At(Keyword::kOr)) {
      insert->or_action_position = Begin();
      Advance();
      insert->or_action = ParseConflictAction();
    }
  }
  Expect(Keyword::kInto, "INTO");
  insert->table = ParseQualifiedName("a table");
  if (Accept(Keyword::kAs)) insert->alias = ParseLabel("an alias");
  if (At(TokenKind::kLeftParen) && !AtQueryStart(1) && !At(TokenKind::kLeftParen, 1)) {
    insert->columns = ParseParenthesizedNames();
  }
  if (At(Keyword::kOverriding)) FailUnsupported("OVERRIDING", Begin());
  if (At(Keyword::kBy)) {
    Advance();
    if (Accept(Keyword::kName)) {
      insert->by_name = true;
    } else {
      Expect(Keyword::kPosition, "NAME or POSITION");
    }
  }
  insert->source = ParseInsertSource();
  while (At(Keyword::kOn) && !failed()) insert->on_conflict.push_back(ParseOnConflict());
  insert->returning = ParseReturning();
  return insert;
}

/// VALUES or a query; null for DEFAULT VALUES.
AstQueryPtr StatementParser::ParseInsertSource() {
  if (Accept(Keyword::kDefault, Keyword::kValues)) return nullptr;
  if (!AtQueryStart() && !At(TokenKind::kLeftParen)) {
    Note("VALUES");
    Note("SELECT");
    Note("DEFAULT VALUES");
    FailHere();
    return nullptr;
  }
  return ParseQuery();
}

AstOnConflict StatementParser::ParseOnConflict() {
  AstOnConflict conflict;
  conflict.range.position = Begin();
  Advance();
  Expect(Keyword::kConflict, "CONFLICT");
  if (Accept(TokenKind::kLeftParen)) {
    conflict.target = ParseOrderList();
    Expect(TokenKind::kRightParen, "\")\"");
    if (Accept(Keyword::kWhere)) conflict.target_where = ParseExpr();
  } else if (Accept(Keyword::kOn)) {
    Expect(Keyword::kConstraint, "CONSTRAINT");
    conflict.constraint = ParseName("a constraint");
  }
  Expect(Keyword::kDo, "DO");
  if (AcceptOr(Keyword::kNothing, "NOTHING")) {
    conflict.do_nothing = true;
  } else {
    Expect(Keyword::kUpdate, "UPDATE");
    Expect(Keyword::kSet, "SET");
    conflict.assignments = ParseAssignments();
    if (Accept(Keyword::kWhere)) conflict.where = ParseExpr();
  }
  conflict.range.end = PreviousEnd();
  return conflict;
}

std::vector<AstAssignment> StatementParser::ParseAssignments() {
  std::vector<AstAssignment> assignments;
  do {
    AstAssignment assignment;
    assignment.range.position = Begin();
    if (At(TokenKind::kLeftParen)) {
      assignment.columns = ParseParenthesizedNames();
    } else {
      assignment.columns.push_back(ParseName("a column"));
      if (At(TokenKind::kDot) || At(TokenKind::kLeftBracket))
        FailUnsupported("assigning to a part of a column", Begin());
    }
    Expect(TokenKind::kEqual, "\"=\"");
    assignment.value = ParseExpr();
    assignment.range.end = PreviousEnd();
    assignments.push_back(std::move(assignment));
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  return assignments;
}

std::vector<AstSelectItem> StatementParser::ParseReturning() {
  if (!AcceptOr(Keyword::kReturning, "RETURNING")) return {};
  return ParseSelectItems();
}

AstStatementPtr StatementParser::ParseUpdate() {
  auto update = std::make_unique<AstUpdate>();
  Advance();
  if (At(Keyword::kOr)) {
    update->or_action_position = Begin();
    Advance();
    update->or_action = ParseConflictAction();
  }
  if (At(Keyword::kOnly)) Advance();
  update->table = ParseTarget(true);
  Expect(Keyword::kSet, "SET");
  update->assignments = ParseAssignments();
  if (AcceptOr(Keyword::kFrom, "FROM")) update->from = ParseFromList();
  if (AcceptOr(Keyword::kWhere, "WHERE")) update->where = ParseExpr();
  update->returning = ParseReturning();
  if (At(Keyword::kOrder) || At(Keyword::kLimit)) FailUnsupported("UPDATE with ORDER BY or LIMIT", Begin());
  return update;
}

AstStatementPtr StatementParser::ParseDelete() {
  auto remove = std::make_unique<AstDelete>();
  Advance();
  Expect(Keyword::kFrom, "FROM");
  remove->table = ParseTarget(true);
  if (AcceptOr(Keyword::kUsing, "USING")) remove->using_items = ParseFromList();
  if (AcceptOr(Keyword::kWhere, "WHERE")) remove->where = ParseExpr();
  remove->returning = ParseReturning();
  if (At(Keyword::kOrder) || At(Keyword::kLimit)) FailUnsupported("DELETE with ORDER BY or LIMIT", Begin());
  return remove;
}

AstStatementPtr StatementParser::ParseTruncate() {
  auto truncate = std::make_unique<AstTruncate>();
  Advance();
  Accept(Keyword::kTable);
  truncate->table = ParseQualifiedName("a table");
  return truncate;
}

}  // namespace llkv
