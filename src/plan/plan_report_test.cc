// PlanReport: text and JSON of a small plan, with and without measures.
#include "plan/plan_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "types/json_text.h"

namespace llkv {
namespace {

using ::testing::HasSubstr;

/// A limit over a values node with an estimate.
LogicalPlanPtr MakePlan() {
  auto values = std::make_unique<LogicalValues>();
  values->output = {{ColumnId(1), TypeId::kBigInt, "a \"quoted\" name"}};
  values->estimated_rows = 4;
  auto limit = std::make_unique<LogicalLimit>();
  limit->output = values->output;
  limit->children.push_back(std::move(values));
  return limit;
}

PlanMeasures MakeMeasures(const LogicalPlan& plan) {
  PlanMeasures measures;
  NodeMeasures& node = measures.nodes[plan.children[0].get()];
  node.rows = 40;
  node.operators.push_back({"values", 40, 1.5, 1024, 512, {{"bytes_read", 7}}});
  measures.memory_bytes = 2048;
  measures.spilled_bytes = 512;
  return measures;
}

TEST(PlanReportTest, QErrorCountsBothWaysAndAtLeastOneRow) {
  EXPECT_EQ(QError(10, 40), 4);
  EXPECT_EQ(QError(40, 10), 4);
  EXPECT_EQ(QError(0, 0), 1);
  EXPECT_EQ(QError(0.1, 5), 5);
}

TEST(PlanReportTest, TextHasALineForEachNodeAndOperator) {
  const LogicalPlanPtr plan = MakePlan();
  const std::string text = PlanReportText(*plan, MakeMeasures(*plan));
  EXPECT_THAT(text, HasSubstr("LIMIT ALL\n  VALUES 0 rows (~4 rows) rows=40\n"));
  EXPECT_THAT(text, HasSubstr("[values rows=40 time=1.500ms memory=1024 spilled=512 bytes_read=7]\n"));
  EXPECT_THAT(text, HasSubstr("peak memory: 2048 bytes\nspilled: 512 bytes\n"));
  EXPECT_THAT(text, HasSubstr("q-error of 1 estimates: 10.00 at most, 10.00 in the mean\n"));
}

TEST(PlanReportTest, JsonIsValidAndHasTheMeasures) {
  const LogicalPlanPtr plan = MakePlan();
  const PlanMeasures measures = MakeMeasures(*plan);
  const std::string with = PlanReportJson(*plan, &measures, true);
  size_t error_at = 0;
  EXPECT_TRUE(IsJson(with, &error_at)) << with;
  EXPECT_THAT(with, HasSubstr("\"estimated_rows\": 4"));
  EXPECT_THAT(with, HasSubstr("\"q_error\": 10.00"));
  EXPECT_THAT(with, HasSubstr("\"bytes_read\": 7"));
  const std::string without = PlanReportJson(*plan, nullptr, false);
  EXPECT_TRUE(IsJson(without, &error_at)) << without;
  EXPECT_EQ(without.find("estimated_rows"), std::string::npos);
}

TEST(PlanReportTest, DeepPlansAreNoRecursion) {
  LogicalPlanPtr plan = MakePlan();
  for (int i = 0; i < 2000; ++i) {
    auto limit = std::make_unique<LogicalLimit>();
    limit->output = plan->output;
    limit->children.push_back(std::move(plan));
    plan = std::move(limit);
  }
  EXPECT_GT(PlanReportJson(*plan, nullptr, true).size(), 2000U);
}

}  // namespace
}  // namespace llkv
