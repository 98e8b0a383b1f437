// Binds the TPC-H queries and statements of SQLite's select1 to select3, and checks the plans' shape.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "sql/binder/testing/fake_catalog.h"

namespace llkv {
namespace {

std::filesystem::path TestData() {
  const char* path = std::getenv("LLKV_TEST_DATA");
  return path == nullptr ? std::filesystem::path("../shared") : std::filesystem::path(path);
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Tpch, AllQueriesBind) {
  const std::filesystem::path folder = TestData() / "tpch";
  if (!std::filesystem::exists(folder / "schema.sql")) {
    const char* required = std::getenv("LLKV_REQUIRE_TEST_DATA");
    if (required != nullptr && std::string(required) == "1") FAIL() << "no test data at " << folder;
    GTEST_SKIP() << "no test data at " << folder;
  }
  BinderHarness harness;
  harness.Create(ReadFile(folder / "schema.sql"));
  for (int number = 1; number <= 22; ++number) {
    const std::string name = (number < 10 ? "q0" : "q") + std::to_string(number) + ".sql";
    const std::string plan = harness.Plan(ReadFile(folder / "queries" / name));
    EXPECT_EQ(plan.find('@'), std::string::npos) << name << "\n" << plan;
    EXPECT_EQ(plan.find("WRONG"), std::string::npos) << name << "\n" << plan;
    if (std::getenv("LLKV_PRINT_PLANS") != nullptr) std::cout << name << "\n" << plan << "\n";
  }
}

TEST(SqliteSelect, ShapesOfSelect1To3Bind) {
  BinderHarness harness;
  harness.options.dialect = Dialect::kSqlite;
  harness.Create("CREATE TABLE t1(a INTEGER, b INTEGER, c INTEGER, d INTEGER, e INTEGER)");
  const char* queries[] = {
      R"(SELECT CASE WHEN c>(SELECT avg(c) FROM t1) THEN a*2 ELSE b*10 END FROM t1 ORDER BY 1)",
      R"(SELECT a+b*2+c*3+d*4+e*5, CASE WHEN a<b-3 THEN 111 WHEN a<=b THEN 222 WHEN a<b+3 THEN 333 ELSE 444
          END, abs(b-c), (a+b+c+d+e)/5, a+b*2+c*3 FROM t1 WHERE (e>c OR e<d) AND d>e AND EXISTS(SELECT 1 FROM
          t1 AS x WHERE x.b<t1.b) ORDER BY 4,2,1,3,5)",
      R"(SELECT c, d-e, CASE a+1 WHEN b THEN 111 WHEN c THEN 222 WHEN d THEN 333 WHEN e THEN 444 ELSE 555
          END, a+b*2+c*3+d*4, e FROM t1 WHERE d NOT BETWEEN 110 AND 150 OR c BETWEEN b-2 AND d+2 OR (e>c OR
          e<d) ORDER BY 1,5,3,2,4)",
      R"(SELECT (SELECT count(*) FROM t1 AS x WHERE x.b<t1.b), (SELECT count(*) FROM t1 AS x WHERE x.c>t1.c
          AND x.d<t1.d) FROM t1 WHERE coalesce(a,b,c,d,e)<>0 ORDER BY 2,1)",
      R"(SELECT a FROM t1 WHERE EXISTS(SELECT 1 FROM t1 AS x WHERE x.b<t1.b) OR (e>a AND e<b) OR b IS NOT
          NULL ORDER BY 1)",
      R"(SELECT c-d, a-b FROM t1 WHERE (c<=d-2 OR c>=d+2) AND EXISTS(SELECT 1 FROM t1 AS x WHERE x.b<t1.b))",
  };
  for (const char* query : queries) {
    const std::string plan = harness.Plan(query);
    EXPECT_EQ(plan.find('@'), std::string::npos) << query << "\n" << plan;
    EXPECT_EQ(plan.find("WRONG"), std::string::npos) << query << "\n" << plan;
    if (std::getenv("LLKV_PRINT_PLANS") != nullptr) std::cout << query << "\n" << plan << "\n";
  }
}

}  // namespace
}  // namespace llkv
