// Text of every type: what is read back, what is refused.
#include <gtest/gtest.h>

#include "base/error.h"
#include "types/coercion.h"
#include "types/decimal.h"
#include "types/text_format.h"
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

TEST(TextTest, TimestampsOfOtherUnits) {
  EXPECT_EQ(RoundTrip("2001-04-20 14:42:11.5", TypeId::kTimestampS), "2001-04-20 14:42:12");
  EXPECT_EQ(RoundTrip("1901-04-20 14:42:11.8885", TypeId::kTimestampMs), "1901-04-20 14:42:11.888");
  EXPECT_EQ(RoundTrip("2001-04-20 14:42:11.123456789", TypeId::kTimestampNs), "2001-04-20 14:42:11.123456789");
  EXPECT_EQ(RoundTrip("1677-09-21 00:12:43.145224193", TypeId::kTimestampNs), "1677-09-21 00:12:43.145224193");
  EXPECT_EQ(RoundTrip("1677-09-20", TypeId::kTimestampNs), "22008");
  EXPECT_EQ(RoundTrip("2262-04-12", TypeId::kTimestampNs), "22008");
  EXPECT_EQ(RoundTrip("0044-03-15 BC", TypeId::kTimestampS), "0044-03-15 00:00:00 BC");
}

TEST(TextTest, TimesWithAZone) {
  const auto in = [](std::string_view text, const char* zone) {
    const auto value = ParseValue(text, TypeId::kTimestampTz, *TimeZone::Find(zone));
    if (!value.ok()) return std::string(GetSqlState(value.status()));
    char out[kMaxTextBytes];
    return std::string(out, FormatTimestampTz(static_cast<int64_t>(value->integer()), *TimeZone::Find(zone), out));
  };
  EXPECT_EQ(in("2024-07-01 12:00:00", "Europe/Berlin"), "2024-07-01 12:00:00+02");
  EXPECT_EQ(in("2024-07-01 12:00:00Z", "Europe/Berlin"), "2024-07-01 14:00:00+02");
  EXPECT_EQ(in("2024-01-01T12:00:00.5-03:30", "Europe/Berlin"), "2024-01-01 16:30:00.5+01");
  EXPECT_EQ(in("2024-07-01 12:00 America/New_York", "UTC"), "2024-07-01 16:00:00+00");
  EXPECT_EQ(in("2024-07-01", "Asia/Kolkata"), "2024-07-01 00:00:00+05:30");
  EXPECT_EQ(in("0044-03-15 12:00:00+00 BC", "UTC"), "0044-03-15 12:00:00+00 BC");
  EXPECT_EQ(in("1890-01-01 00:00:00", "Europe/Berlin"), "1890-01-01 00:00:00+00:53:28");
  // Skipped and repeated local times.
  EXPECT_EQ(in("2024-03-31 02:30:00", "Europe/Berlin"), "2024-03-31 03:30:00+02");
  EXPECT_EQ(in("2024-10-27 02:30:00", "Europe/Berlin"), "2024-10-27 02:30:00+01");
  // Rules of years to come.
  EXPECT_EQ(in("2150-07-01 12:00:00", "Europe/Berlin"), "2150-07-01 12:00:00+02");
  EXPECT_EQ(in("2024-07-01 12:00 Nowhere/Town", "UTC"), "22007");
  EXPECT_EQ(in("2024-07-01 12:00+25", "UTC"), "22007");
  EXPECT_EQ(in("294300-01-01", "UTC"), "22008");
  EXPECT_EQ(RoundTrip("12:00:00+02", TypeId::kTimeTz), "12:00:00+02");
  EXPECT_EQ(RoundTrip("12:00:00.25 -03:30", TypeId::kTimeTz), "12:00:00.25-03:30");
  EXPECT_EQ(RoundTrip("24:00:00", TypeId::kTimeTz), "24:00:00+00");
  EXPECT_EQ(RoundTrip("12:00:00+16", TypeId::kTimeTz), "22007");
}

TEST(TextTest, NamesOfTimeZones) {
  EXPECT_EQ(TimeZone::Find("utc")->name(), "UTC");
  EXPECT_EQ(TimeZone::Find("+05:30")->OffsetAt(0), 19800);
  for (const char* bad : {"", "/etc/passwd", "../etc/passwd", "file:UTC", "Mars/Base", "+99"}) {
    EXPECT_EQ(GetSqlState(TimeZone::Find(bad).status()), sqlstate::kInvalidParameter) << bad;
  }
}

TEST(TextTest, WideAndByteTypes) {
  EXPECT_EQ(RoundTrip("340282366920938463463374607431768211455", TypeId::kUHugeInt),
            "340282366920938463463374607431768211455");
  EXPECT_EQ(RoundTrip("340282366920938463463374607431768211456", TypeId::kUHugeInt), "22003");
  EXPECT_EQ(RoundTrip("-1", TypeId::kUHugeInt), "22003");
  EXPECT_EQ(RoundTrip("1x", TypeId::kUHugeInt), "22P02");
  EXPECT_EQ(RoundTrip("{00112233445566778899AABBCCDDEEFF}", TypeId::kUuid), "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(RoundTrip("0011-2233-4455-6677-8899-aabb-ccdd-eeff", TypeId::kUuid),
            "00112233-4455-6677-8899-aabbccddeeff");
  EXPECT_EQ(RoundTrip("00112233-4455-6677-8899-aabbccddeef", TypeId::kUuid), "22P02");
  EXPECT_EQ(RoundTrip("001-12233-4455-6677-8899-aabbccddeeff", TypeId::kUuid), "22P02");
  EXPECT_EQ(RoundTrip("0101", TypeId::kBit), "0101");
  EXPECT_EQ(RoundTrip("", TypeId::kBit), "");
  EXPECT_EQ(RoundTrip("012", TypeId::kBit), "22P02");
  EXPECT_EQ(RoundTrip(" [1] ", TypeId::kJson), " [1] ");
  EXPECT_EQ(RoundTrip("[1", TypeId::kJson), "22P02");
  EXPECT_EQ(ParseValue("0101", TypeId::kBit)->ToSql(), "B'0101'");
}

TEST(TextTest, TypesByName) {
  EXPECT_EQ(*TypeFromName("Numeric", {15, 2}, 0), LogicalType::Decimal(15, 2));
  EXPECT_EQ(*TypeFromName("double precision", {}, 0), LogicalType(TypeId::kDouble));
  EXPECT_EQ(GetSqlState(TypeFromName("decimal", {39, 0}, 3).status()), sqlstate::kInvalidParameter);
  EXPECT_EQ(GetSqlState(TypeFromName("jsonb", {}, 3).status()), sqlstate::kFeatureNotSupported);
  EXPECT_EQ(*TypeFromName("Timestamp with time zone", {}, 0), LogicalType(TypeId::kTimestampTz));
  EXPECT_EQ(*TypeFromName("timestamp", {9}, 0), LogicalType(TypeId::kTimestampNs));
  EXPECT_EQ(LogicalType(TypeId::kUHugeInt).ToString(), "UHUGEINT");
  EXPECT_EQ(GetSqlState(TypeFromName("nonsense", {}, 3).status()), sqlstate::kUndefinedObject);
}

TEST(TextTest, CommonTypes) {
  EXPECT_EQ(CommonType(TypeId::kInteger, TypeId::kUInteger), LogicalType(TypeId::kBigInt));
  EXPECT_EQ(CommonType(TypeId::kInteger, LogicalType::Decimal(5, 2)), LogicalType::Decimal(12, 2));
  EXPECT_EQ(CommonType(TypeId::kDate, TypeId::kTimestamp), LogicalType(TypeId::kTimestamp));
  EXPECT_FALSE(CommonType(TypeId::kInteger, TypeId::kVarchar).has_value());
  EXPECT_EQ(CommonType(TypeId::kTimestampNs, TypeId::kTimestampS), LogicalType(TypeId::kTimestampNs));
  EXPECT_EQ(CommonType(TypeId::kTimestampNs, TypeId::kTimestampTz), LogicalType(TypeId::kTimestampTz));
  EXPECT_EQ(CommonType(TypeId::kDate, TypeId::kTimestampMs), LogicalType(TypeId::kTimestampMs));
  EXPECT_EQ(CommonType(TypeId::kUHugeInt, TypeId::kUBigInt), LogicalType(TypeId::kUHugeInt));
  EXPECT_EQ(CommonType(TypeId::kUHugeInt, TypeId::kBigInt), LogicalType(TypeId::kDouble));
  EXPECT_EQ(DecimalAddType(LogicalType::Decimal(10, 2), LogicalType::Decimal(5, 4)), LogicalType::Decimal(13, 4));
}

}  // namespace
}  // namespace llkv
