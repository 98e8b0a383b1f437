// Functions that give another row's value: lag and lead by distance, first_value and its kin by place in the frame.
#include "functions/function_registry.h"

namespace llkv {

void RegisterValues(FunctionRegistry& registry) {
  const auto add = [&](const char* name, WindowKind kind, size_t least, size_t most, const char* description,
                       const char* example) {
    WindowFunction function;
    function.name = name;
    function.description = description;
    function.example = example;
    function.kind = kind;
    function.min_arguments = least;
    function.max_arguments = most;
    function.may_ignore_nulls = true;
    registry.Add(std::move(function));
  };
  add("lag", WindowKind::kLag, 1, 3, "Value of the row that is n (1) rows before, else the default (NULL).",
      "lag(a, 1, 0) OVER (ORDER BY b)");
  add("lead", WindowKind::kLead, 1, 3, "Value of the row that is n (1) rows behind, else the default (NULL).",
      "lead(a, 1, 0) OVER (ORDER BY b)");
  add("first_value", WindowKind::kFirstValue, 1, 1, "Value of the frame's first row.",
      "first_value(a) OVER (ORDER BY b)");
  add("last_value", WindowKind::kLastValue, 1, 1, "Value of the frame's last row.", "last_value(a) OVER (ORDER BY b)");
  add("nth_value", WindowKind::kNthValue, 2, 2, "Value of the frame's row number n, from 1.",
      "nth_value(a, 2) OVER (ORDER BY b)");
}

}  // namespace llkv
