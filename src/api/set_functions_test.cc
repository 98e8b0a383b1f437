// Table functions over parameters, in statements that run again and again.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "api/testing/query_text.h"
#include "base/testing/status_asserts.h"
#include "llkv/prepared_statement.h"
#include "llkv/session.h"

namespace llkv {
namespace {

class SetFunctionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(engine_, SqlEngine::Open(":memory:"));
    session_.emplace(*engine_->NewSession());
  }

  /// The first column's values of one run with `value`, the rest of a run that is not read to its end dropped.
  static std::string Run(PreparedStatement& prepared, int64_t value, int most = 100) {
    EXPECT_TRUE(prepared.Bind(1, value).ok());
    std::string text;
    for (int i = 0; i < most; ++i) {
      const auto has_row = prepared.Step();
      if (!has_row.ok()) return StateOf(has_row.status());
      if (!*has_row) break;
      text += std::to_string(prepared.Get<int64_t>(0)) + " ";
    }
    prepared.Reset();
    return text;
  }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(SetFunctionsTest, ParametersInFrom) {
  ASSERT_OK_AND_ASSIGN(PreparedStatement prepared, session_->Prepare("SELECT i FROM generate_series(1, $1) g(i)"));
  EXPECT_EQ(Run(prepared, 3), "1 2 3 ");
  EXPECT_EQ(Run(prepared, 0), "");
  EXPECT_EQ(Run(prepared, INT64_MAX, 4), "1 2 3 4 ");
  EXPECT_EQ(Run(prepared, 2), "1 2 ");
}

TEST_F(SetFunctionsTest, ParametersOverRows) {
  ASSERT_EQ(RunSql(*session_, "CREATE TABLE t AS SELECT i, [i, i * 10] AS l FROM range(3) r(i)"), "");
  ASSERT_OK_AND_ASSIGN(PreparedStatement lateral,
                       session_->Prepare("SELECT x + $1 FROM t, unnest(t.l) u(x) WHERE t.i < $1 ORDER BY 1"));
  EXPECT_EQ(Run(lateral, 2), "2 2 3 12 ");
  EXPECT_EQ(Run(lateral, 1), "1 1 ");
  EXPECT_EQ(Run(lateral, 2), "2 2 3 12 ");
  ASSERT_OK_AND_ASSIGN(PreparedStatement exists,
                       session_->Prepare("SELECT i FROM t WHERE EXISTS (SELECT 1 FROM unnest(t.l) u(x) WHERE x = $1)"));
  EXPECT_EQ(Run(exists, 10), "1 ");
  EXPECT_EQ(Run(exists, 7), "");
  EXPECT_EQ(Run(exists, 0), "0 ");
  ASSERT_OK_AND_ASSIGN(PreparedStatement items, session_->Prepare("SELECT generate_series(1, $1) FROM t WHERE i = 1"));
  EXPECT_EQ(Run(items, 3), "1 2 3 ");
  EXPECT_EQ(Run(items, 1), "1 ");
}

}  // namespace
}  // namespace llkv
