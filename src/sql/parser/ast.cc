// What the syntax tree's headers declare and cannot define: members of types that are incomplete there.
#include "sql/parser/ast.h"

namespace llkv {

AstQuery::AstQuery() = default;
AstQuery::~AstQuery() = default;

}  // namespace llkv
