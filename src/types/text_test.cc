// Text of every type: what is read back, what is refused.
#include <gtest/gtest.h>

#include "base/error.h"
#include "types/coercion.h"
#include "types/decimal.h"
#include "types/text_parse.h"

namespace llkv {
namespace {

std::string RoundTrip(std::string_view text, LogicalType type) {
  const arrow::Result<Value> value = ParseValue(text, type);
  return value.ok() ? value->ToString() : std::string(GetSqlState(value.status()));
}

TEST(TextTest, Numbers) {
  EXPECT_EQ(RoundTrip(" -128 ", TypeId::kTinyInt), "-128");
  EXPECT_EQ(RoundTrip("128", TypeId::kTinyInt), "22003");
  EXPECT_EQ(RoundTrip("12x", TypeId::kInteger), "22P02");
  EXPECT_EQ(RoundTrip("-170141183460469231731687303715884105728", TypeId::kHugeInt),
            "-170141183460469231731687303715884105728");
  EXPECT_EQ(RoundTrip("-0.005", LogicalType::Decimal(5, 2)), "-0.01");
  EXPECT_EQ(RoundTrip("1e3", LogicalType::Decimal(5, 1)), "1000.0");
  EXPECT_EQ(RoundTrip("1000", LogicalType::Decimal(4, 1)), "22003");
  EXPECT_EQ(RoundTrip("99999999999999999999999999999999999999", LogicalType::Decimal(38, 0)),
            "99999999999999999999999999999999999999");
  EXPECT_EQ(RoundTrip("0.1", TypeId::kDouble), "0.1");
  EXPECT_EQ(RoundTrip("100000", TypeId::kDouble), "100000");
  EXPECT_EQ(RoundTrip("1e15", TypeId::kDouble), "1e+15");
  EXPECT_EQ(RoundTrip("-inf", TypeId::kDouble), "-Infinity");
  EXPECT_EQ(RoundTrip("1e400", TypeId::kDouble), "22003");
  EXPECT_EQ(RoundTrip("3.4", TypeId::kReal), "3.4");
  EXPECT_EQ(RoundTrip("Yes", TypeId::kBoolean), "true");
}

TEST(TextTest, DatesAndTimes) {
  EXPECT_EQ(RoundTrip("1992-1-2", TypeId::kDate), "1992-01-02");
  EXPECT_EQ(RoundTrip("1900-02-29", TypeId::kDate), "22008");
  EXPECT_EQ(RoundTrip("2000-02-29", TypeId::kDate), "2000-02-29");
  EXPECT_EQ(RoundTrip("0044-03-15 BC", TypeId::kDate), "0044-03-15 BC");
  EXPECT_EQ(RoundTrip("yesterday", TypeId::kDate), "22007");
  EXPECT_EQ(RoundTrip("1992-01-02T03:04:05.678900Z", TypeId::kTimestamp), "1992-01-02 03:04:05.6789");
  EXPECT_EQ(RoundTrip("1969-12-31 23:59:59.5", TypeId::kTimestamp), "1969-12-31 23:59:59.5");
  EXPECT_EQ(RoundTrip("24:00:00", TypeId::kTime), "24:00:00");
  EXPECT_EQ(RoundTrip("25:00", TypeId::kTime), "22008");
  EXPECT_EQ(RoundTrip("1 year 2 months -3 days 04:05:06.7", TypeId::kInterval), "1 year 2 mons -3 days +04:05:06.7");
  EXPECT_EQ(RoundTrip("1.5 hours ago", TypeId::kInterval), "-01:30:00");
  EXPECT_EQ(RoundTrip("soon", TypeId::kInterval), "22007");
  EXPECT_EQ(RoundTrip("\\x00ff", TypeId::kBlob), "\\x00ff");
}

TEST(TextTest, TypesByName) {
  EXPECT_EQ(*TypeFromName("Numeric", {15, 2}, 0), LogicalType::Decimal(15, 2));
  EXPECT_EQ(*TypeFromName("double precision", {}, 0), LogicalType(TypeId::kDouble));
  EXPECT_EQ(GetSqlState(TypeFromName("decimal", {39, 0}, 3).status()), sqlstate::kInvalidParameter);
  EXPECT_EQ(GetSqlState(TypeFromName("uuid", {}, 3).status()), sqlstate::kFeatureNotSupported);
  EXPECT_EQ(GetSqlState(TypeFromName("nonsense", {}, 3).status()), sqlstate::kUndefinedObject);
}

TEST(TextTest, CommonTypes) {
  EXPECT_EQ(CommonType(TypeId::kInteger, TypeId::kUInteger), LogicalType(TypeId::kBigInt));
  EXPECT_EQ(CommonType(TypeId::kInteger, LogicalType::Decimal(5, 2)), LogicalType::Decimal(12, 2));
  EXPECT_EQ(CommonType(TypeId::kDate, TypeId::kTimestamp), LogicalType(TypeId::kTimestamp));
  EXPECT_FALSE(CommonType(TypeId::kInteger, TypeId::kVarchar).has_value());
  EXPECT_EQ(DecimalAddType(LogicalType::Decimal(10, 2), LogicalType::Decimal(5, 4)), LogicalType::Decimal(13, 4));
}

}  // namespace
}  // namespace llkv
