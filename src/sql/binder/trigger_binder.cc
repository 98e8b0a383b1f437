// CREATE TRIGGER, and the statements that would fire one.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sql/binder/statement_binders.h"

namespace llkv {

arrow::Result<BoundCreateTrigger> BindCreateTrigger(BindState& state, const AstCreateTrigger& create) {
  if (create.temporary) return Refuse("temporary triggers", create.range.position);
  if (create.instead_of_position >= 0) return Refuse("INSTEAD OF triggers", create.instead_of_position);
  if (create.num_parameters > 0) return Refuse("parameters in a trigger", create.range.position);
  BoundCreateTrigger result;
  ARROW_ASSIGN_OR_RAISE(result.table, TargetTable(state, create.table));
  ARROW_ASSIGN_OR_RAISE(const AstName* name, PlainName(create.name));
  result.trigger.name = name->text;
  result.name_position = name->range.position;
  result.if_not_exists = create.if_not_exists;
  switch (create.event) {
    case AstTriggerEvent::kInsert:
      result.trigger.event = TriggerSchema::Event::kInsert;
      break;
    case AstTriggerEvent::kUpdate:
      result.trigger.event = TriggerSchema::Event::kUpdate;
      break;
    case AstTriggerEvent::kDelete:
      result.trigger.event = TriggerSchema::Event::kDelete;
      break;
  }
  if (!create.columns.empty()) {
    ARROW_ASSIGN_OR_RAISE(result.trigger.columns, TargetColumns(*result.table, create.columns));
  }
  result.trigger.sql = create.text;
  return result;
}

arrow::Status RefuseTriggers(const TableSchema& table, TriggerSchema::Event event, const std::vector<bool>& changed,
                             int64_t position) {
  for (const TriggerSchema& trigger : table.triggers) {
    if (trigger.event != event) continue;
    const bool is_meant = trigger.columns.empty() || std::any_of(trigger.columns.begin(), trigger.columns.end(),
                                                                 [&](uint32_t ordinal) { return changed[ordinal]; });
    if (!is_meant) continue;
    return Refuse(fmt::format("running a trigger (\"{}\" of table \"{}\")", trigger.name, table.name), position);
  }
  return arrow::Status::OK();
}

}  // namespace llkv
