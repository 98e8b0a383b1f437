// FindFilterTargets: which scans a key comes from unchanged, through every kind of node.
#include "exec/filter_targets.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>

namespace llkv {
namespace {

class FilterTargetsTest : public ::testing::Test {
 protected:
  ColumnId NewId() { return ColumnId(next_id_++); }

  /// A scan of the table's columns 5 and 6.
  std::unique_ptr<LogicalScan> Scan() {
    auto scan = std::make_unique<LogicalScan>();
    scan->column_ordinals = {5, 6};
    scan->output = {{NewId(), TypeId::kBigInt, "a"}, {NewId(), TypeId::kBigInt, "b"}};
    return scan;
  }

  static BoundExprPtr Column(const LogicalPlan& plan, size_t i) {
    return BoundExpr::Column(plan.output[i].id, plan.output[i].type, plan.output[i].name);
  }

  static LogicalPlanPtr Join(JoinType type, LogicalPlanPtr left, LogicalPlanPtr right) {
    auto join = std::make_unique<LogicalJoin>();
    join->type = type;
    join->output = left->output;
    join->output.insert(join->output.end(), right->output.begin(), right->output.end());
    join->children.push_back(std::move(left));
    join->children.push_back(std::move(right));
    return join;
  }

  /// The places in the table of the targets of the plan's i-th column.
  static std::vector<uint32_t> Targets(const LogicalPlan& plan, size_t i) {
    std::vector<uint32_t> columns;
    for (const FilterTarget& target : FindFilterTargets(plan, plan.output[i].id)) columns.push_back(target.column);
    return columns;
  }

  uint64_t next_id_ = 1;
};

using Columns = std::vector<uint32_t>;

TEST_F(FilterTargetsTest, AScanIsItsOwnTargetUnlessItLooksUpAKey) {
  auto scan = Scan();
  EXPECT_EQ(Targets(*scan, 0), Columns{5});
  EXPECT_EQ(Targets(*scan, 1), Columns{6});
  scan->output.push_back({NewId(), TypeId::kBigInt, "row_id"});
  EXPECT_EQ(Targets(*scan, 2), Columns{});
}

TEST_F(FilterTargetsTest, ProjectionsPassColumnsAndNothingComputed) {
  auto project = std::make_unique<LogicalProject>();
  LogicalPlanPtr scan = Scan();
  project->exprs.push_back(Column(*scan, 1));
  project->exprs.push_back(BoundExpr::Constant(Value::BigInt(1)));
  project->output = {{NewId(), TypeId::kBigInt, "b"}, {NewId(), TypeId::kBigInt, "one"}};
  project->children.push_back(std::move(scan));
  EXPECT_EQ(Targets(*project, 0), Columns{6});
  EXPECT_EQ(Targets(*project, 1), Columns{});
}

TEST_F(FilterTargetsTest, JoinsPassTheSideWhoseRowsMayGo) {
  const auto of = [&](JoinType type, size_t column) { return Targets(*Join(type, Scan(), Scan()), column); };
  EXPECT_EQ(of(JoinType::kInner, 0), Columns{5});
  EXPECT_EQ(of(JoinType::kInner, 3), Columns{6});
  EXPECT_EQ(of(JoinType::kLeft, 0), Columns{5});
  EXPECT_EQ(of(JoinType::kLeft, 3), Columns{});
  EXPECT_EQ(of(JoinType::kRight, 0), Columns{});
  EXPECT_EQ(of(JoinType::kRight, 3), Columns{6});
  EXPECT_EQ(of(JoinType::kFull, 0), Columns{});
  EXPECT_EQ(of(JoinType::kFull, 3), Columns{});
}

TEST_F(FilterTargetsTest, AggregatesPassTheirGroups) {
  auto aggregate = std::make_unique<LogicalAggregate>();
  LogicalPlanPtr scan = Scan();
  aggregate->groups.push_back(Column(*scan, 1));
  aggregate->output = {{NewId(), TypeId::kBigInt, "b"}, {NewId(), TypeId::kBigInt, "count"}};
  aggregate->children.push_back(std::move(scan));
  EXPECT_EQ(Targets(*aggregate, 0), Columns{6});
  EXPECT_EQ(Targets(*aggregate, 1), Columns{});
}

TEST_F(FilterTargetsTest, WindowsPassTheirPartitions) {
  auto window = std::make_unique<LogicalWindow>();
  LogicalPlanPtr scan = Scan();
  window->partition_by.push_back(Column(*scan, 0));
  window->output = scan->output;
  window->children.push_back(std::move(scan));
  EXPECT_EQ(Targets(*window, 0), Columns{5});
  EXPECT_EQ(Targets(*window, 1), Columns{});
}

TEST_F(FilterTargetsTest, SortsPassWithoutALimit) {
  const auto sort = [&](bool has_limit) {
    auto node = std::make_unique<LogicalSort>();
    LogicalPlanPtr scan = Scan();
    node->output = scan->output;
    if (has_limit) node->limit = BoundExpr::Constant(Value::BigInt(3));
    node->children.push_back(std::move(scan));
    return node;
  };
  EXPECT_EQ(Targets(*sort(false), 0), Columns{5});
  EXPECT_EQ(Targets(*sort(true), 0), Columns{});
}

TEST_F(FilterTargetsTest, SetOperationsPassEachSide) {
  auto both = std::make_unique<LogicalSetOperation>();
  both->output = {{NewId(), TypeId::kBigInt, "a"}, {NewId(), TypeId::kBigInt, "b"}};
  both->children.push_back(Scan());
  both->children.push_back(Scan());
  EXPECT_EQ(Targets(*both, 1), (Columns{6, 6}));
}

TEST_F(FilterTargetsTest, LimitsPassNothing) {
  auto limit = std::make_unique<LogicalLimit>();
  LogicalPlanPtr scan = Scan();
  limit->output = scan->output;
  limit->children.push_back(std::move(scan));
  EXPECT_EQ(Targets(*limit, 0), Columns{});
}

}  // namespace
}  // namespace llkv
