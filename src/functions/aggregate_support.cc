// What aggregates share.
#include "functions/aggregate_support.h"

namespace llkv {

Selection ValidRows(const Vector& vector, const Selection& selection, uint16_t* room) {
  if (vector.validity == nullptr) return selection;
  if (vector.form == VectorForm::kConstant) return vector.IsConstantNull() ? Selection{room, 0} : selection;
  const uint32_t count = SelectBits(vector.validity, true, selection, room);
  return count == selection.count ? selection : Selection{room, count};
}

BoundAggregate MakeAggregate(const AggregateFunction& self, std::vector<LogicalType> arguments, LogicalType result,
                             uint32_t state_size) {
  BoundAggregate bound;
  bound.name = self.name;
  bound.argument_types = std::move(arguments);
  bound.return_type = result;
  bound.state_size = state_size;
  return bound;
}

}  // namespace llkv
