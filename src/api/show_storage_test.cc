// SHOW STORAGE over a table's life: hot and cold rows, deleted ones, and what an open reader keeps.
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "api/testing/query_text.h"
#include "llkv/engine.h"

namespace llkv {
namespace {

struct Use {
  std::string name;
  int64_t rows = 0;
  int64_t groups_hot = 0;
  int64_t groups_cold = 0;
  int64_t versions = 0;
  int64_t bytes_live = 0;
  int64_t bytes_dead = 0;
  int64_t bytes_pinned = 0;
};

class ShowStorageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.background = false;
    engine_ = MakeMemoryEngine(options);
    session_.emplace(*engine_->NewSession());
    ASSERT_EQ(RunSql(*session_, "CREATE TABLE t (k BIGINT PRIMARY KEY, v VARCHAR)"), "");
  }
  std::vector<Use> Show() {
    std::vector<Use> uses;
    const std::string text = QueryText(*session_, "SHOW STORAGE");
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find('\n', begin), text.size());
      std::array<std::string, 8> parts;
      size_t part = 0;
      for (size_t i = begin; i < end; ++i) {
        if (text[i] == '|') {
          ++part;
        } else {
          parts[part] += text[i];
        }
      }
      uses.push_back({parts[0], std::stoll(parts[1]), std::stoll(parts[2]), std::stoll(parts[3]), std::stoll(parts[4]),
                      std::stoll(parts[5]), std::stoll(parts[6]), std::stoll(parts[7])});
      begin = end + 1;
    }
    return uses;
  }
  Use ShowT() {
    const std::vector<Use> uses = Show();
    return uses.size() == 1 ? uses[0] : Use{};
  }
  std::string Do(std::string_view sql) { return RunSql(*session_, sql); }

  std::unique_ptr<SqlEngine> engine_;
  std::optional<Session> session_;
};

TEST_F(ShowStorageTest, FollowsATablesLife) {
  EXPECT_EQ(QueryText(*session_, "SHOW STORAGE"), "t|0|0|0|0|0|0|0");
  ASSERT_EQ(Do("INSERT INTO t SELECT i, 'value ' || i FROM generate_series(1, 1000) s(i)"), "");
  EXPECT_EQ(QueryText(*session_, "SHOW STORAGE"), "t|1000|1|0|1000|0|0|0");
  ASSERT_EQ(Do("CHECKPOINT"), "");
  Use use = ShowT();
  EXPECT_EQ(use.name, "t");
  EXPECT_EQ(use.rows, 1000);
  EXPECT_EQ(use.groups_hot, 0);
  EXPECT_EQ(use.groups_cold, 1);
  EXPECT_EQ(use.versions, 1000);
  EXPECT_GT(use.bytes_live, 1000);
  EXPECT_EQ(use.bytes_dead, 0);
  EXPECT_EQ(use.bytes_pinned, 0);
  ASSERT_EQ(Do("DELETE FROM t WHERE k <= 100"), "");
  use = ShowT();
  EXPECT_EQ(use.rows, 900);
  EXPECT_EQ(use.versions, 1000);
  EXPECT_GT(use.bytes_dead, 0);
  // A transaction keeps what it sees; nothing is left of that once it has ended.
  auto other = *engine_->NewSession();
  ASSERT_EQ(RunSql(other, "BEGIN"), "");
  EXPECT_EQ(QueryText(other, "SELECT count(*) FROM t"), "900");
  ASSERT_EQ(Do("DELETE FROM t WHERE k <= 800"), "");
  ASSERT_EQ(Do("CHECKPOINT"), "");
  use = ShowT();
  EXPECT_EQ(use.rows, 200);
  EXPECT_EQ(use.groups_cold, 1);
  EXPECT_EQ(use.versions, 1200);
  EXPECT_EQ(use.bytes_dead, 0);
  EXPECT_GT(use.bytes_pinned, 0);
  EXPECT_EQ(QueryText(other, "SELECT count(*) FROM t"), "900");
  ASSERT_EQ(RunSql(other, "COMMIT"), "");
  ASSERT_EQ(Do("CHECKPOINT"), "");
  use = ShowT();
  EXPECT_EQ(use.versions, 200);
  EXPECT_EQ(use.bytes_pinned, 0);
}

TEST_F(ShowStorageTest, HasARowForEachTableAndNamesItsColumns) {
  ASSERT_EQ(Do("CREATE TABLE a (x BIGINT); CREATE VIEW v AS SELECT 1; INSERT INTO a VALUES (1), (2)"), "");
  EXPECT_EQ(QueryText(*session_, "SHOW STORAGE"), "a|2|1|0|2|0|0|0\nt|0|0|0|0|0|0|0");
  ASSERT_OK_AND_ASSIGN(auto reader, session_->Query("SHOW STORAGE"));
  std::string names;
  for (const auto& field : reader->schema()->fields()) names += field->name() + " ";
  EXPECT_EQ(names, "name rows groups_hot groups_cold versions bytes_live bytes_dead bytes_pinned ");
  ASSERT_OK_AND_ASSIGN(auto prepared, session_->Prepare("SHOW STORAGE"));
  ASSERT_OK_AND_ASSIGN(auto rows, prepared.Query());
  EXPECT_TRUE(rows->schema()->Equals(*reader->schema()));
  EXPECT_EQ(ReaderText(*rows), "a|2|1|0|2|0|0|0\nt|0|0|0|0|0|0|0");
}

}  // namespace
}  // namespace llkv
