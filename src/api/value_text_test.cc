// The text of a result's values is that of a cast to VARCHAR, for every type.
#include <arrow/record_batch.h>
#include <gtest/gtest.h>

#include <string>

#include "api/testing/query_text.h"
#include "llkv/session.h"

namespace llkv {
namespace {

TEST(ValueTextTest, IsThatOfACast) {
  auto engine = MakeMemoryEngine();
  ASSERT_OK_AND_ASSIGN(Session session, engine->NewSession());
  for (const char* value : {"TRUE",
                            "FALSE",
                            "(-128)::TINYINT",
                            "(-32768)::SMALLINT",
                            "2147483647",
                            "(-9223372036854775807)::BIGINT",
                            "99999999999999999999999999999999999999::HUGEINT",
                            "255::UTINYINT",
                            "65535::USMALLINT",
                            "4294967295::UINTEGER",
                            "18446744073709551615::UBIGINT",
                            "0.1::REAL",
                            "16777216::REAL",
                            "-1.25e100::DOUBLE",
                            "'NaN'::DOUBLE",
                            "'-inf'::DOUBLE",
                            "0.1::DOUBLE",
                            "12.30",
                            "-0.05::DECIMAL(4,2)",
                            "1234567890.12::DECIMAL(18,2)",
                            "-0.0000000001::DECIMAL(38,10)",
                            "'text'",
                            "''",
                            "'\\x00ff'::BLOB",
                            "DATE '1969-12-31'",
                            "DATE '0001-01-01'",
                            "TIME '23:59:59.999999'",
                            "TIME '01:00:00'",
                            "TIMESTAMP '2024-02-29 01:02:03.000004'",
                            "TIMESTAMP '1900-01-01 00:00:00'",
                            "INTERVAL '1 year -2 days 3 seconds'",
                            "NULL"}) {
    const std::string expression(value);
    EXPECT_EQ(QueryText(session, "SELECT " + expression),
              QueryText(session, "SELECT CAST(" + expression + " AS VARCHAR)"))
        << value;
  }
}

}  // namespace
}  // namespace llkv
