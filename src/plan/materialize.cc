// See materialize.h.
#include "plan/materialize.h"

#include <utility>

namespace llkv {

LogicalPlanPtr MakeMaterialize(uint32_t id, LogicalPlanPtr definition, LogicalPlanPtr body) {
  auto node = std::make_unique<LogicalMaterialize>();
  node->id = id;
  node->output = body->output;
  node->estimated_rows = body->estimated_rows;
  node->children.push_back(std::move(definition));
  node->children.push_back(std::move(body));
  return node;
}

std::unique_ptr<LogicalMaterializedScan> ReadMaterialized(uint32_t id, std::vector<OutputColumn> output) {
  auto scan = std::make_unique<LogicalMaterializedScan>();
  scan->id = id;
  for (uint32_t i = 0; i < output.size(); ++i) scan->column_indexes.push_back(i);
  scan->output = std::move(output);
  return scan;
}

}  // namespace llkv
