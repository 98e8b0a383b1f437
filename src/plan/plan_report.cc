// See plan_report.h.
#include "plan/plan_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "types/json_text.h"

namespace llkv {
namespace {

const NodeMeasures* Find(const PlanMeasures* measures, const LogicalPlan& node) {
  if (measures == nullptr) return nullptr;
  const auto found = measures->nodes.find(&node);
  return found == measures->nodes.end() ? nullptr : &found->second;
}

/// Of the nodes that have both an estimate and rows.
struct QErrors {
  double max = 1;
  double log_sum = 0;
  size_t count = 0;

  void Add(const LogicalPlan& node, const NodeMeasures* measured) {
    if (measured == nullptr || !measured->rows || node.estimated_rows < 0) return;
    const double error = QError(node.estimated_rows, *measured->rows);
    max = std::max(max, error);
    log_sum += std::log(error);
    ++count;
  }
  double mean() const { return count == 0 ? 1 : std::exp(log_sum / static_cast<double>(count)); }
};

std::string OperatorText(const OperatorMeasures& each) {
  std::string text = fmt::format("[{} rows={} time={:.3f}ms", each.name, each.rows, each.time_ms);
  if (each.memory_bytes > 0) text += fmt::format(" memory={}", each.memory_bytes);
  if (each.spilled_bytes > 0) text += fmt::format(" spilled={}", each.spilled_bytes);
  for (const auto& [name, value] : each.counters) text += fmt::format(" {}={}", name, value);
  return text + "]";
}

/// Writes a plan's nodes as JSON without recursion: plans may be deep.
class JsonWriter {
 public:
  JsonWriter(const PlanMeasures* measures, bool with_estimates)
      : measures_(measures), with_estimates_(with_estimates) {}

  std::string Write(const LogicalPlan& plan) {
    text_ = "{\n  \"plan\": ";
    Open(plan);
    while (!open_.empty()) {
      Level& level = open_.back();
      if (level.next_child == level.node->children.size()) {
        Close();
        continue;
      }
      text_ += level.next_child == 0 ? "\n" + Indent() + "  " : ",\n" + Indent() + "  ";
      Open(*level.node->children[level.next_child++]);
    }
    if (measures_ != nullptr) {
      text_ += fmt::format(
          ",\n  \"time_ms\": {:.3f},\n  \"memory_bytes\": {},\n  \"spilled_bytes\": {},\n  \"max_q_error\": {:.2f},\n  "
          "\"mean_q_error\": {:.2f}",
          measures_->time_ms, measures_->memory_bytes, measures_->spilled_bytes, errors_.max, errors_.mean());
    }
    return text_ + "\n}";
  }

 private:
  struct Level {
    const LogicalPlan* node;
    size_t next_child = 0;
  };

  std::string Indent() const { return std::string(open_.size() * 4, ' '); }

  void Open(const LogicalPlan& node) {
    open_.push_back({&node});
    const std::string indent = Indent();
    text_ += "{\n" + indent + "\"node\": " + JsonQuote(PlanNodeTitle(node));
    const std::string detail = PlanNodeDetail(node);
    if (!detail.empty()) text_ += ",\n" + indent + "\"detail\": " + JsonQuote(detail);
    if (with_estimates_ && node.estimated_rows >= 0) {
      text_ += fmt::format(",\n{}\"estimated_rows\": {:.0f}", indent, node.estimated_rows);
    }
    if (const NodeMeasures* measured = Find(measures_, node)) {
      errors_.Add(node, measured);
      if (measured->rows) text_ += fmt::format(",\n{}\"rows\": {}", indent, *measured->rows);
      if (measured->rows && node.estimated_rows >= 0) {
        text_ += fmt::format(",\n{}\"q_error\": {:.2f}", indent, QError(node.estimated_rows, *measured->rows));
      }
      WriteOperators(*measured, indent);
    }
    text_ += ",\n" + indent + "\"children\": [";
  }

  void WriteOperators(const NodeMeasures& measured, const std::string& indent) {
    text_ += ",\n" + indent + "\"operators\": [";
    const char* separator = "";
    for (const OperatorMeasures& each : measured.operators) {
      text_ += fmt::format(
          "{}\n{}  {{\"name\": {}, \"rows\": {}, \"time_ms\": {:.3f}, \"memory_bytes\": {}, \"spilled_bytes\": {}",
          separator, indent, JsonQuote(each.name), each.rows, each.time_ms, each.memory_bytes, each.spilled_bytes);
      for (const auto& [name, value] : each.counters) text_ += fmt::format(", {}: {}", JsonQuote(name), value);
      text_ += "}";
      separator = ",";
    }
    text_ += measured.operators.empty() ? "]" : "\n" + indent + "]";
  }

  void Close() {
    const std::string indent = Indent();
    const bool has_children = !open_.back().node->children.empty();
    open_.pop_back();
    text_ += (has_children ? "\n" + indent : std::string()) + "]\n" + indent.substr(2) + "}";
  }

  const PlanMeasures* measures_;
  const bool with_estimates_;
  std::string text_;
  std::vector<Level> open_;
  QErrors errors_;
};

}  // namespace

double QError(double estimated_rows, uint64_t rows) {
  const double estimated = std::max(1.0, estimated_rows);
  const double real = std::max(1.0, static_cast<double>(rows));
  return std::max(estimated / real, real / estimated);
}

std::string PlanReportText(const LogicalPlan& plan, const PlanMeasures& measures) {
  std::string text;
  QErrors errors;
  std::vector<std::pair<const LogicalPlan*, size_t>> stack{{&plan, 0}};
  while (!stack.empty()) {
    const auto [node, depth] = stack.back();
    stack.pop_back();
    text += std::string(depth * 2, ' ') + PlanNodeTitle(*node);
    const std::string detail = PlanNodeDetail(*node);
    if (!detail.empty()) text += " " + detail;
    const NodeMeasures* measured = Find(&measures, *node);
    errors.Add(*node, measured);
    if (node->estimated_rows >= 0) text += fmt::format(" (~{:.0f} rows)", node->estimated_rows);
    if (measured != nullptr && measured->rows) text += fmt::format(" rows={}", *measured->rows);
    text += "\n";
    if (measured != nullptr) {
      for (const OperatorMeasures& each : measured->operators) {
        text += std::string(depth * 2 + 4, ' ') + OperatorText(each) + "\n";
      }
    }
    for (size_t i = node->children.size(); i > 0; --i) stack.emplace_back(node->children[i - 1].get(), depth + 1);
  }
  text += fmt::format("time: {:.3f} ms\npeak memory: {} bytes\nspilled: {} bytes\n", measures.time_ms,
                      measures.memory_bytes, measures.spilled_bytes);
  if (errors.count > 0) {
    text += fmt::format("q-error of {} estimates: {:.2f} at most, {:.2f} in the mean\n", errors.count, errors.max,
                        errors.mean());
  }
  return text;
}

std::string PlanReportJson(const LogicalPlan& plan, const PlanMeasures* measures, bool with_estimates) {
  return JsonWriter(measures, with_estimates).Write(plan);
}

}  // namespace llkv
