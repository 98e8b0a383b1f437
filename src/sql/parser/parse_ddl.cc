// StatementParser: CREATE, DROP, ALTER.
#include <utility>

#include "sql/parser/statement_parser.h"

namespace llkv {

bool StatementParser::ParseIfNotExists() {
  if (!At(Keyword::kIf) || !At(Keyword::kNot, 1)) return false;
  Advance();
  Advance();
  Expect(Keyword::kExists, "EXISTS");
  return true;
}

bool StatementParser::ParseIfExists() { return Accept(Keyword::kIf, Keyword::kExists); }

bool StatementParser::ParseCascade() {
  if (Accept(Keyword::kCascade)) return true;
  Accept(Keyword::kRestrict);
  return false;
}

AstStatementPtr StatementParser::ParseCreate() {
  const int64_t begin = Begin();
  Advance();
  bool or_replace = false;
  if (Accept(Keyword::kOr)) {
    Expect(Keyword::kReplace, "REPLACE");
    or_replace = true;
  }
  if (At(Keyword::kLocal) || At(Keyword::kGlobal)) Advance();
  bool temporary = Accept(Keyword::kTemp);
  if (!temporary) temporary = Accept(Keyword::kTemporary);
  switch (Peek().keyword) {
    case Keyword::kTable:
      return ParseCreateTable(or_replace, temporary, begin);
    case Keyword::kView:
    case Keyword::kRecursive:
    case Keyword::kMaterialized:
      return ParseCreateView(or_replace, temporary, begin);
    case Keyword::kType:
      if (temporary) break;
      return ParseCreateType(or_replace, begin);
    case Keyword::kUnique:
      Advance();
      if (!At(Keyword::kIndex)) break;
      return ParseCreateIndex(true, begin);
    case Keyword::kIndex:
      return ParseCreateIndex(false, begin);
    case Keyword::kTrigger:
      if (or_replace) break;
      return ParseCreateTrigger(temporary, begin);
    default:
      break;
  }
  static constexpr std::pair<Keyword, const char*> kUnsupported[] = {
      {Keyword::kSchema, "CREATE SCHEMA"},
      {Keyword::kSequence, "CREATE SEQUENCE"},
      {Keyword::kType, "CREATE TYPE"},
      {Keyword::kMacro, "CREATE MACRO"},
      {Keyword::kFunction, "CREATE FUNCTION"},
      {Keyword::kTrigger, "CREATE TRIGGER"},
      {Keyword::kDatabase, "CREATE DATABASE"},
      {Keyword::kSecret, "CREATE SECRET"},
      {Keyword::kRole, "CREATE ROLE"},
      {Keyword::kUser, "CREATE USER"},
      {Keyword::kVirtual, "CREATE VIRTUAL TABLE"},
      {Keyword::kUnlogged, "CREATE UNLOGGED TABLE"},
      {Keyword::kExtension, "CREATE EXTENSION"},
      {Keyword::kPolicy, "CREATE POLICY"},
      {Keyword::kPublication, "CREATE PUBLICATION"},
  };
  for (const auto& [keyword, what] : kUnsupported) {
    if (At(keyword)) return ParseUnsupported(what);
  }
  if (AtWord("persistent")) return ParseUnsupported("CREATE PERSISTENT");
  Note("TABLE");
  Note("VIEW");
  Note("INDEX");
  FailHere();
  return nullptr;
}

AstStatementPtr StatementParser::ParseCreateTable(bool or_replace, bool temporary, int64_t begin) {
  auto create = std::make_unique<AstCreateTable>();
  create->range.position = begin;
  create->or_replace = or_replace;
  create->temporary = temporary;
  Advance();
  create->if_not_exists = ParseIfNotExists();
  create->name = ParseQualifiedName("a table's name");
  if (AcceptOr(TokenKind::kLeftParen, "\"(\"")) ParseTableElements(create.get());
  ParseTableOptions(create.get());
  const bool typeless = [&] {
    for (const AstColumnDefinition& column : create->columns) {
      if (column.type.has_value() || !column.constraints.empty()) return false;
    }
    return create->constraints.empty();
  }();
  if ((create->columns.empty() || typeless) && AcceptOr(Keyword::kAs, "AS")) {
    for (AstColumnDefinition& column : create->columns) create->column_names.push_back(std::move(column.name));
    create->columns.clear();
    create->query = ParseQuery();
    if (Accept(Keyword::kWith, Keyword::kNo)) {
      Expect(Keyword::kData, "DATA");
      create->with_no_data = true;
    } else if (Accept(Keyword::kWith)) {
      Expect(Keyword::kData, "DATA");
    }
  } else if (create->columns.empty() && create->constraints.empty()) {
    FailHere();
  }
  return create;
}

void StatementParser::ParseTableElements(AstCreateTable* create) {
  do {
    if (At(TokenKind::kRightParen) && !create->columns.empty()) break;
    const bool constraint = At(Keyword::kConstraint) || At(Keyword::kPrimary) || At(Keyword::kUnique) ||
                            At(Keyword::kCheck) || At(Keyword::kForeign);
    if (constraint) {
      create->constraints.push_back(ParseTableConstraint());
      // SQLite takes table constraints without commas between them.
      while (!failed() && sqlite() && !At(TokenKind::kComma) && AtConstraint()) {
        create->constraints.push_back(ParseTableConstraint());
      }
    } else {
      if (At(Keyword::kLike)) FailUnsupported("CREATE TABLE with LIKE", Begin());
      create->columns.push_back(ParseColumnDefinition());
    }
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  Expect(TokenKind::kRightParen, "\")\"");
}

void StatementParser::ParseTableOptions(AstCreateTable* create) {
  while (!failed()) {
    const int64_t begin = Begin();
    if (Accept(Keyword::kUsing)) {
      create->storage = ParseName("a kind of storage").key;
      create->storage_range = {begin, PreviousEnd()};
    } else if (At(Keyword::kWith) && At(TokenKind::kLeftParen, 1)) {
      Advance();
      create->options = ParseParenthesizedOptions();
    } else if (At(Keyword::kWithout) && At(Keyword::kRowid, 1)) {
      Advance();
      Advance();
      create->without_rowid = true;
      create->table_options_position = begin;
    } else if (Accept(Keyword::kStrict)) {
      create->strict = true;
      create->table_options_position = begin;
    } else if (At(Keyword::kPartition) || At(Keyword::kOn)) {
      FailUnsupported("this clause of CREATE TABLE", begin);
    } else if ((!create->without_rowid && !create->strict) || !Accept(TokenKind::kComma)) {
      return;
    }
  }
}

AstColumnDefinition StatementParser::ParseColumnDefinition() {
  AstColumnDefinition column;
  column.range.position = Begin();
  Note("a column");
  column.name = ParseName("a constraint");
  if (At(TokenKind::kWord) ? !AtConstraint() : At(TokenKind::kQuotedName)) {
    column.type = ParseType();
  } else {
    Note("a type");
  }
  while (!failed() && AtConstraint()) column.constraints.push_back(ParseColumnConstraint());
  column.range.end = PreviousEnd();
  return column;
}

bool StatementParser::AtConstraint() const {
  switch (Peek().keyword) {
    case Keyword::kConstraint:
    case Keyword::kPrimary:
    case Keyword::kNot:
    case Keyword::kNull:
    case Keyword::kDefault:
    case Keyword::kCheck:
    case Keyword::kUnique:
    case Keyword::kReferences:
    case Keyword::kForeign:
    case Keyword::kCollate:
    case Keyword::kGenerated:
    case Keyword::kAs:
      return true;
    default:
      return false;
  }
}

/// ON CONFLICT action behind a constraint, in SQLite.
void StatementParser::ParseConstraintConflict(AstConstraint* constraint) {
  if (!At(Keyword::kOn) || !At(Keyword::kConflict, 1)) return;
  Advance();
  Advance();
  constraint->on_conflict = ParseConflictAction();
}

AstConstraint StatementParser::ParseColumnConstraint() {
  AstConstraint constraint;
  constraint.range.position = Begin();
  if (Accept(Keyword::kConstraint)) constraint.name = ParseName("a constraint's name");
  if (Accept(Keyword::kPrimary)) {
    Expect(Keyword::kKey, "KEY");
    constraint.kind = AstConstraintKind::kPrimaryKey;
    constraint.descending = Accept(Keyword::kDesc);
    Accept(Keyword::kAsc);
    ParseConstraintConflict(&constraint);
    if (Accept(Keyword::kAutoincrement) || Accept(Keyword::kAutoIncrement)) constraint.autoincrement = true;
  } else if (Accept(Keyword::kUnique)) {
    constraint.kind = AstConstraintKind::kUnique;
    ParseConstraintConflict(&constraint);
  } else if (Accept(Keyword::kNot)) {
    Expect(Keyword::kNull, "NULL");
    constraint.kind = AstConstraintKind::kNotNull;
    ParseConstraintConflict(&constraint);
  } else if (Accept(Keyword::kNull)) {
    constraint.kind = AstConstraintKind::kNull;
  } else if (Accept(Keyword::kDefault)) {
    constexpr int kAboveNot = 35;
    constraint.kind = AstConstraintKind::kDefault;
    constraint.expr = ParseExpr(kAboveNot);
  } else if (Accept(Keyword::kCheck)) {
    constraint.kind = AstConstraintKind::kCheck;
    Expect(TokenKind::kLeftParen, "\"(\"");
    constraint.expr = ParseExpr();
    Expect(TokenKind::kRightParen, "\")\"");
  } else if (At(Keyword::kReferences)) {
    constraint.kind = AstConstraintKind::kForeignKey;
    ParseReferences(&constraint);
  } else if (Accept(Keyword::kCollate)) {
    constraint.kind = AstConstraintKind::kCollate;
    constraint.collation = ParseQualifiedName("a collation");
  } else if (At(Keyword::kGenerated) || At(Keyword::kAs)) {
    ParseGenerated(&constraint);
  } else {
    Note("a constraint");
    FailHere();
  }
  constraint.range.end = PreviousEnd();
  return constraint;
}

/// GENERATED ALWAYS AS (expr) [STORED | VIRTUAL], AS (expr), GENERATED … AS IDENTITY.
void StatementParser::ParseGenerated(AstConstraint* constraint) {
  constraint->kind = AstConstraintKind::kGenerated;
  if (Accept(Keyword::kGenerated)) {
    if (Accept(Keyword::kBy)) {
      Expect(Keyword::kDefault, "DEFAULT");
    } else {
      Expect(Keyword::kAlways, "ALWAYS");
    }
  }
  Expect(Keyword::kAs, "AS");
  if (Accept(Keyword::kIdentity)) {
    constraint->identity = true;
    if (Accept(TokenKind::kLeftParen)) SkipBalanced();
    return;
  }
  Expect(TokenKind::kLeftParen, "\"(\"");
  constraint->expr = ParseExpr();
  Expect(TokenKind::kRightParen, "\")\"");
  constraint->stored = Accept(Keyword::kStored);
  if (!constraint->stored) Accept(Keyword::kVirtual);
}

std::string StatementParser::ParseReferenceAction() {
  if (Accept(Keyword::kCascade)) return "cascade";
  if (Accept(Keyword::kRestrict)) return "restrict";
  if (Accept(Keyword::kNo, Keyword::kAction)) return "no action";
  if (Accept(Keyword::kSet, Keyword::kNull)) return "set null";
  if (Accept(Keyword::kSet, Keyword::kDefault)) return "set default";
  Note("CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION");
  FailHere();
  return {};
}

void StatementParser::ParseReferences(AstConstraint* constraint) {
  Expect(Keyword::kReferences, "REFERENCES");
  constraint->foreign_table = ParseQualifiedName("a table");
  if (At(TokenKind::kLeftParen)) constraint->foreign_columns = ParseParenthesizedNames();
  while (!failed()) {
    if (Accept(Keyword::kOn, Keyword::kDelete)) {
      constraint->on_delete = ParseReferenceAction();
    } else if (Accept(Keyword::kOn, Keyword::kUpdate)) {
      constraint->on_update = ParseReferenceAction();
    } else if (Accept(Keyword::kMatch)) {
      ParseLabel("FULL, PARTIAL or SIMPLE");
    } else if (Accept(Keyword::kNot, Keyword::kDeferrable)) {
      constraint->deferrable = false;
    } else if (Accept(Keyword::kDeferrable)) {
      constraint->deferrable = true;
    } else if (Accept(Keyword::kInitially, Keyword::kDeferred)) {
      constraint->initially_deferred = true;
    } else if (!Accept(Keyword::kInitially, Keyword::kImmediate)) {
      return;
    }
  }
}

AstConstraint StatementParser::ParseTableConstraint() {
  AstConstraint constraint;
  constraint.range.position = Begin();
  if (Accept(Keyword::kConstraint)) constraint.name = ParseName("a constraint's name");
  const auto parse_columns = [&] {
    Expect(TokenKind::kLeftParen, "\"(\"");
    constraint.columns = ParseOrderList();
    Expect(TokenKind::kRightParen, "\")\"");
  };
  if (AcceptOr(Keyword::kPrimary, "PRIMARY KEY")) {
    Expect(Keyword::kKey, "KEY");
    constraint.kind = AstConstraintKind::kPrimaryKey;
    parse_columns();
    ParseConstraintConflict(&constraint);
  } else if (AcceptOr(Keyword::kUnique, "UNIQUE")) {
    constraint.kind = AstConstraintKind::kUnique;
    parse_columns();
    ParseConstraintConflict(&constraint);
  } else if (AcceptOr(Keyword::kCheck, "CHECK")) {
    constraint.kind = AstConstraintKind::kCheck;
    Expect(TokenKind::kLeftParen, "\"(\"");
    constraint.expr = ParseExpr();
    Expect(TokenKind::kRightParen, "\")\"");
    ParseConstraintConflict(&constraint);
  } else if (AcceptOr(Keyword::kForeign, "FOREIGN KEY")) {
    Expect(Keyword::kKey, "KEY");
    constraint.kind = AstConstraintKind::kForeignKey;
    parse_columns();
    ParseReferences(&constraint);
  } else {
    FailHere();
  }
  constraint.range.end = PreviousEnd();
  return constraint;
}

AstStatementPtr StatementParser::ParseCreateView(bool or_replace, bool temporary, int64_t begin) {
  auto create = std::make_unique<AstCreateView>();
  create->range.position = begin;
  create->or_replace = or_replace;
  create->temporary = temporary;
  create->recursive = Accept(Keyword::kRecursive);
  create->materialized = Accept(Keyword::kMaterialized);
  Expect(Keyword::kView, "VIEW");
  create->if_not_exists = ParseIfNotExists();
  create->name = ParseQualifiedName("a view's name");
  if (At(TokenKind::kLeftParen)) create->columns = ParseParenthesizedNames();
  Expect(Keyword::kAs, "AS");
  create->query = ParseQuery();
  return create;
}

AstStatementPtr StatementParser::ParseCreateType(bool or_replace, int64_t begin) {
  auto create = std::make_unique<AstCreateType>();
  create->range.position = begin;
  create->or_replace = or_replace;
  Advance();
  create->if_not_exists = ParseIfNotExists();
  create->name = ParseQualifiedName("a type's name");
  Expect(Keyword::kAs, "AS");
  create->type = ParseType();
  return create;
}

AstStatementPtr StatementParser::ParseCreateIndex(bool unique, int64_t begin) {
  auto create = std::make_unique<AstCreateIndex>();
  create->range.position = begin;
  create->unique = unique;
  Advance();
  if (At(Keyword::kConcurrently)) {
    create->concurrently_position = Begin();
    Advance();
  }
  create->if_not_exists = ParseIfNotExists();
  if (!At(Keyword::kOn)) create->name = ParseQualifiedName("an index's name");
  Expect(Keyword::kOn, "ON");
  create->table = ParseQualifiedName("a table");
  if (Accept(Keyword::kUsing)) {
    create->method_position = Begin();
    create->method = ParseName("an index method").key;
  }
  Expect(TokenKind::kLeftParen, "\"(\"");
  create->columns = ParseOrderList();
  Expect(TokenKind::kRightParen, "\")\"");
  if (Accept(Keyword::kWith)) create->options = ParseParenthesizedOptions();
  if (AcceptOr(Keyword::kWhere, "WHERE")) create->where = ParseExpr();
  return create;
}

AstStatementPtr StatementParser::ParseReindex() {
  auto reindex = std::make_unique<AstReindex>();
  Advance();
  if (AtEnd()) return reindex;
  reindex->what = AstReindexKind::kTableOrIndex;
  if (AcceptOr(Keyword::kTable, "TABLE")) {
    reindex->what = AstReindexKind::kTable;
  } else if (AcceptOr(Keyword::kIndex, "INDEX")) {
    reindex->what = AstReindexKind::kIndex;
  }
  reindex->name = ParseQualifiedName("a table or an index");
  return reindex;
}

AstObjectKind StatementParser::ParseObjectKind() {
  static constexpr std::pair<Keyword, AstObjectKind> kKinds[] = {
      {Keyword::kTable, AstObjectKind::kTable},       {Keyword::kView, AstObjectKind::kView},
      {Keyword::kIndex, AstObjectKind::kIndex},       {Keyword::kSchema, AstObjectKind::kSchema},
      {Keyword::kSequence, AstObjectKind::kSequence}, {Keyword::kType, AstObjectKind::kType},
      {Keyword::kMacro, AstObjectKind::kMacro},       {Keyword::kFunction, AstObjectKind::kMacro},
      {Keyword::kTrigger, AstObjectKind::kTrigger},   {Keyword::kDatabase, AstObjectKind::kDatabase},
  };
  for (const auto& [keyword, kind] : kKinds) {
    if (!Accept(keyword)) continue;
    if (keyword == Keyword::kMacro) Accept(Keyword::kTable);
    return kind;
  }
  return AstObjectKind::kOther;
}

AstStatementPtr StatementParser::ParseDrop() {
  auto drop = std::make_unique<AstDrop>();
  Advance();
  drop->object_position = Begin();
  drop->object = ParseObjectKind();
  if (drop->object == AstObjectKind::kOther) {
    static constexpr Keyword kOthers[] = {Keyword::kSecret,    Keyword::kExtension, Keyword::kMaterialized,
                                          Keyword::kTemporary, Keyword::kRole,      Keyword::kUser};
    for (Keyword other : kOthers) {
      if (At(other)) return ParseUnsupported("DROP of this kind of object");
    }
    Note("TABLE");
    Note("VIEW");
    Note("INDEX");
    FailHere();
    return nullptr;
  }
  drop->if_exists = ParseIfExists();
  do {
    drop->names.push_back(ParseQualifiedName("a name"));
  } while (AcceptOr(TokenKind::kComma, "a comma"));
  if (drop->object == AstObjectKind::kTrigger && Accept(Keyword::kOn))
    drop->trigger_table = ParseQualifiedName("a table");
  drop->cascade = ParseCascade();
  return drop;
}

AstStatementPtr StatementParser::ParseAlter() {
  auto alter = std::make_unique<AstAlterTable>();
  Advance();
  if (Accept(Keyword::kView)) {
    alter->is_view = true;
  } else if (!Accept(Keyword::kTable)) {
    if (AtEnd()) Expect(Keyword::kTable, "TABLE");
    return ParseUnsupported("ALTER of this kind of object");
  }
  alter->if_exists = ParseIfExists();
  alter->table = ParseQualifiedName("a table");
  alter->action_position = Begin();
  ParseAlterAction(alter.get());
  return alter;
}

void StatementParser::ParseAlterAction(AstAlterTable* alter) {
  if (At(Keyword::kAdd) && !At(Keyword::kConstraint, 1) && !At(Keyword::kPrimary, 1) && !At(Keyword::kUnique, 1) &&
      !At(Keyword::kCheck, 1) && !At(Keyword::kForeign, 1)) {
    Advance();
    alter->action = AstAlterAction::kAddColumn;
    Accept(Keyword::kColumn);
    alter->if_column_not_exists = ParseIfNotExists();
    alter->column = ParseColumnDefinition();
  } else if (At(Keyword::kDrop) && !At(Keyword::kConstraint, 1)) {
    Advance();
    alter->action = AstAlterAction::kDropColumn;
    Accept(Keyword::kColumn);
    alter->if_column_exists = ParseIfExists();
    alter->column_name = ParseName("a column");
    alter->cascade = ParseCascade();
  } else if (Accept(Keyword::kRename, Keyword::kTo)) {
    alter->action = AstAlterAction::kRenameTable;
    alter->new_name = ParseName("a name");
  } else if (Accept(Keyword::kRename)) {
    alter->action = AstAlterAction::kRenameColumn;
    Accept(Keyword::kColumn);
    alter->column_name = ParseName("a column");
    if (At(TokenKind::kDot)) FailUnsupported("ALTER TABLE of a part of a column", Begin());
    Expect(Keyword::kTo, "TO");
    alter->new_name = ParseName("a name");
  } else if (At(Keyword::kAlter) || At(Keyword::kAdd) || At(Keyword::kDrop) || At(Keyword::kSet) ||
             At(Keyword::kReset)) {
    ParseUnsupported("ALTER TABLE");
    return;
  } else {
    Note("ADD");
    Note("DROP");
    Note("RENAME");
    FailHere();
    return;
  }
  // Nested fields and lists of actions.
  if (At(TokenKind::kDot) || At(TokenKind::kComma)) {
    alter->action = AstAlterAction::kOther;
    ParseUnsupported("ALTER TABLE");
  }
}

}  // namespace llkv
