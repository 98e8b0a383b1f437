// The whole syntax tree: statements, queries, expressions.
#pragma once

#include "sql/parser/ast_expr.h"       // IWYU pragma: export
#include "sql/parser/ast_query.h"      // IWYU pragma: export
#include "sql/parser/ast_statement.h"  // IWYU pragma: export
