// The function registry: names to functions.
#include "functions/function_registry.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "runtime/stop_token.h"

namespace llkv {

arrow::Status KernelContext::CheckStop() const { return stop == nullptr ? arrow::Status::OK() : stop->Check(); }

const TimeZone& KernelContext::time_zone() const {
  static const TimeZone utc;
  return zone == nullptr ? utc : *zone;
}

void RegisterScalarFunctions(FunctionRegistry& registry);
void RegisterAggregateFunctions(FunctionRegistry& registry);
void RegisterWindowFunctions(FunctionRegistry& registry);
void RegisterTableFunctions(FunctionRegistry& registry);

namespace {

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

template <typename Map, typename Function>
void AddTo(Map& map, Function function) {
  for (const std::string& alias : function.aliases) map[alias] = function;
  std::string name = function.name;
  map[std::move(name)] = std::move(function);
}

template <typename Map>
auto FindIn(const Map& map, std::string_view name) -> const typename Map::mapped_type* {
  const auto found = map.find(LowerCase(name));
  return found == map.end() ? nullptr : &found->second;
}

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

template <typename Map>
arrow::Status UnknownFunction(const Map& map, const char* kind, std::string_view name) {
  const std::string lower = LowerCase(name);
  std::string nearest;
  size_t best = 1 + lower.size() / 3;
  for (const auto& [candidate, function] : map) {
    const size_t distance = EditDistance(lower, candidate);
    if (distance < best || (distance == best && candidate < nearest)) {
      best = distance;
      nearest = candidate;
    }
  }
  std::string hint = nearest.empty() ? std::string() : "did you mean \"" + nearest + "\"?";
  return SqlError(sqlstate::kUndefinedFunction,
                  std::string("there is no ") + kind + " named \"" + std::string(name) + "\"",
                  SqlErrorDetail::kNoPosition, std::move(hint));
}

}  // namespace

std::shared_ptr<const FunctionRegistry> FunctionRegistry::MakeDefault() {
  auto registry = std::make_shared<FunctionRegistry>();
  RegisterScalarFunctions(*registry);
  RegisterAggregateFunctions(*registry);
  RegisterWindowFunctions(*registry);
  RegisterTableFunctions(*registry);
  return registry;
}

void FunctionRegistry::Add(ScalarFunction function) { AddTo(scalars_, std::move(function)); }
void FunctionRegistry::Add(AggregateFunction function) { AddTo(aggregates_, std::move(function)); }
void FunctionRegistry::Add(WindowFunction function) { AddTo(windows_, std::move(function)); }
void FunctionRegistry::Add(TableFunction function) { AddTo(tables_, std::move(function)); }

const ScalarFunction* FunctionRegistry::FindScalar(std::string_view name) const { return FindIn(scalars_, name); }
const AggregateFunction* FunctionRegistry::FindAggregate(std::string_view name) const {
  return FindIn(aggregates_, name);
}
const WindowFunction* FunctionRegistry::FindWindow(std::string_view name) const { return FindIn(windows_, name); }
const TableFunction* FunctionRegistry::FindTable(std::string_view name) const { return FindIn(tables_, name); }

arrow::Result<BoundScalar> FunctionRegistry::BindScalar(std::string_view name, const BindInput& input) const {
  const ScalarFunction* function = FindScalar(name);
  if (function == nullptr) return UnknownFunction(scalars_, "function", name);
  return function->bind(*function, input);
}

arrow::Result<BoundAggregate> FunctionRegistry::BindAggregate(std::string_view name, const BindInput& input) const {
  const AggregateFunction* function = FindAggregate(name);
  if (function == nullptr) return UnknownFunction(aggregates_, "aggregate function", name);
  return function->bind(*function, input);
}

}  // namespace llkv
