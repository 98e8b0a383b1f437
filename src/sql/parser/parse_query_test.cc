// Queries: every clause, as the printer gives it back, and that the printed text parses to the same.
#include <string>
#include <utility>

#include "sql/parser/parser_test_support.h"

namespace llkv {
namespace {

TEST(ParseQuery, Clauses) {
  const std::pair<const char*, const char*> kCases[] = {
      {"select 1", "SELECT 1"},
      {"SELECT a b, c AS \"d e\" FROM t u", "SELECT a AS b, c AS \"d e\" FROM t AS u"},
      {"SELECT * FROM a, b CROSS JOIN c", "SELECT * FROM a, b CROSS JOIN c"},
      {"SELECT * FROM a LEFT OUTER JOIN b ON a.x = b.x NATURAL JOIN c",
       "SELECT * FROM a LEFT JOIN b ON a.x = b.x NATURAL JOIN c"},
      {"SELECT * FROM a JOIN (b JOIN c USING (x)) ON true", "SELECT * FROM a JOIN (b JOIN c USING (x)) ON TRUE"},
      {"SELECT * FROM a JOIN b LEFT JOIN c ON p ON q", "SELECT * FROM a JOIN (b LEFT JOIN c ON p) ON q"},
      {"SELECT * FROM a SEMI JOIN b USING (x) ANTI JOIN c USING (y)",
       "SELECT * FROM a SEMI JOIN b USING (x) ANTI JOIN c USING (y)"},
      {"SELECT * FROM (SELECT 1) AS t(a)", "SELECT * FROM (SELECT 1) AS t(a)"},
      {"SELECT * FROM ((SELECT 1) UNION ALL (SELECT 2)) t", "SELECT * FROM (SELECT 1 UNION ALL SELECT 2) AS t"},
      {"SELECT * FROM (a JOIN b ON true) t", "SELECT * FROM (SELECT * FROM a JOIN b ON TRUE) AS t"},
      {"SELECT * FROM range(10) r(i), LATERAL (SELECT i) s",
       "SELECT * FROM range(10) AS r(i), LATERAL (SELECT i) AS s"},
      {"SELECT * FROM 'x.parquet'", "SELECT * FROM 'x.parquet'"},
      {"SELECT * FROM (VALUES (1, 2), (3, 4)) v(a, b)", "SELECT * FROM (VALUES (1, 2), (3, 4)) AS v(a, b)"},
      {"FROM t", "SELECT * FROM t"},
      {"FROM t SELECT a WHERE b", "SELECT a FROM t WHERE b"},
      {"TABLE t", "SELECT * FROM t"},
      {"VALUES (1), (2) ORDER BY 1 LIMIT 1", "VALUES (1), (2) ORDER BY 1 LIMIT 1"},
      {"SELECT DISTINCT a FROM t", "SELECT DISTINCT a FROM t"},
      {"SELECT DISTINCT ON (a, b) c FROM t", "SELECT DISTINCT ON (a, b) c FROM t"},
      {"SELECT a FROM t GROUP BY a HAVING count(*) > 1", "SELECT a FROM t GROUP BY a HAVING count(*) > 1"},
      {"SELECT a FROM t GROUP BY ALL ORDER BY ALL DESC", "SELECT a FROM t GROUP BY ALL ORDER BY ALL DESC"},
      {"SELECT 1 FROM t GROUP BY ROLLUP (a, b), CUBE (c), GROUPING SETS ((a, b), ())",
       "SELECT 1 FROM t GROUP BY ROLLUP (a, b), CUBE (c), GROUPING SETS ((a, b), ())"},
      {"SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b) QUALIFY sum(a) OVER w > 1",
       "SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b) QUALIFY sum(a) OVER w > 1"},
      {"SELECT a FROM t ORDER BY a DESC NULLS LAST, 2 LIMIT 10 OFFSET 5",
       "SELECT a FROM t ORDER BY a DESC NULLS LAST, 2 LIMIT 10 OFFSET 5"},
      {"SELECT a FROM t LIMIT 5, 10", "SELECT a FROM t LIMIT 10 OFFSET 5"},
      {"SELECT a FROM t OFFSET 5 ROWS FETCH FIRST 3 ROWS ONLY", "SELECT a FROM t LIMIT 3 OFFSET 5"},
      {"SELECT a FROM t FETCH FIRST 3 ROWS WITH TIES", "SELECT a FROM t FETCH FIRST 3 ROWS WITH TIES"},
      {"SELECT a FROM t LIMIT 10%", "SELECT a FROM t LIMIT 10 PERCENT"},
      {"SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)"},
      {"SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3", "SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3"},
      {"SELECT 1 EXCEPT (SELECT 2 EXCEPT SELECT 3)", "SELECT 1 EXCEPT (SELECT 2 EXCEPT SELECT 3)"},
      {"SELECT 1 UNION BY NAME SELECT 2", "SELECT 1 UNION BY NAME SELECT 2"},
      {"(SELECT 1 ORDER BY 1 LIMIT 1) UNION SELECT 2", "(SELECT 1 ORDER BY 1 LIMIT 1) UNION SELECT 2"},
      {"WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x FROM a), b AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, "
       "b",
       "WITH RECURSIVE a(x) AS (SELECT 1 UNION ALL SELECT x FROM a), b AS NOT MATERIALIZED (SELECT 2) SELECT * FROM a, "
       "b"},
      {"SELECT t.*, a.b.* FROM t", "SELECT t.*, a.b.* FROM t"},
      {"SELECT 1 AS select", "SELECT 1 AS select"},
      {"SELECT interval hour", "SELECT interval AS hour"},
      {"SELECT f(\262 'x')", "SELECT f(\262 'x')"},
      {"SELECT * FROM t INDEXED BY i WHERE a", "SELECT * FROM t INDEXED BY i WHERE a"},
      {"SELECT * FROM t AS u NOT INDEXED", "SELECT * FROM t AS u NOT INDEXED"},
      {"SELECT /* a /* nested */ comment */ 1 -- rest\n, 2", "SELECT 1, 2"},
  };
  for (const auto& [sql, expected] : kCases) {
    const std::string printed = Printed(sql);
    EXPECT_EQ(printed, expected) << sql;
    EXPECT_EQ(Printed(printed), expected) << sql;
  }
}

TEST(ParseQuery, SetOperationsOfSqliteAreOfOneLevel) {
  EXPECT_EQ(Printed("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", SqliteOptions()),
            "(SELECT 1 UNION SELECT 2) INTERSECT SELECT 3");
}

TEST(ParseQuery, NamesThatAreKeywordsElsewhere) {
  for (const char* sql : {"SELECT year, date, key, value, name, type, row, rows, first, last, level FROM data",
                          "SELECT count FROM t action WHERE temp > 1", "SELECT a.index, a.default FROM a",
                          "SELECT replace('a', 'b', 'c')", "SELECT glob('a', 'b'), like('a', 'b')",
                          "SELECT begin, offset_ FROM action"}) {
    EXPECT_EQ(ErrorOf(sql), "ok") << sql;
  }
}

TEST(ParseQuery, RefusesWhatItKnowsAndCannotRepresent) {
  EXPECT_EQ(ErrorOf("SELECT * EXCLUDE (a) FROM t"), "0A000@9: * EXCLUDE is not supported");
  EXPECT_EQ(ErrorOf("SELECT * FROM t TABLESAMPLE 10%"), "0A000@16: TABLESAMPLE is not supported");
  EXPECT_EQ(ErrorOf("SELECT list_filter(l, lambda x: x)"), "0A000@22: a lambda is not supported");
}

}  // namespace
}  // namespace llkv
