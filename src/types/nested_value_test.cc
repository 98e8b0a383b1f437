// Types with descriptions and their values as bytes: interning, spelling, limits, order, text, and any bytes at all.
#include "types/nested_value.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "types/coercion.h"
#include "types/type_info.h"

namespace llkv {
namespace {

LogicalType Must(const arrow::Result<LogicalType>& type) {
  EXPECT_TRUE(type.ok()) << type.status();
  return type.ok() ? *type : LogicalType();
}
LogicalType ListOf(LogicalType element) { return Must(MakeListType(element)); }

std::string FromText(LogicalType type, std::string_view text) {
  const arrow::Result<std::string> bytes = NestedFromText(type, text);
  EXPECT_TRUE(bytes.ok()) << text << ": " << bytes.status();
  if (bytes.ok()) {
    EXPECT_TRUE(IsNestedValue(type, *bytes)) << text;
  }
  return bytes.ok() ? *bytes : std::string();
}

TEST(TypeInfoTest, EqualTypesAreOne) {
  const LogicalType a = ListOf(TypeId::kInteger);
  EXPECT_EQ(a, ListOf(TypeId::kInteger));
  EXPECT_NE(a, ListOf(TypeId::kBigInt));
  EXPECT_NE(Must(MakeStructType({{"a", TypeId::kInteger}})), Must(MakeStructType({{"b", TypeId::kInteger}})));
  EXPECT_NE(Must(MakeArrayType(a, 2)), Must(MakeArrayType(a, 3)));
  EXPECT_EQ(Must(MakeArrayType(a, 2)).ToString(), "INTEGER[][2]");
  EXPECT_EQ(Must(MakeStructType({{"a", a}, {"b c", LogicalType::Decimal(9, 2)}})).ToString(),
            "STRUCT(a INTEGER[], \"b c\" DECIMAL(9,2))");
  EXPECT_EQ(Must(MakeMapType(TypeId::kVarchar, a)).ToString(), "MAP(VARCHAR, INTEGER[])");
  EXPECT_EQ(Must(MakeEnumType({"a", "it's"})).ToString(), "ENUM('a', 'it''s')");
}

TEST(TypeInfoTest, HasLimits) {
  LogicalType type = TypeId::kInteger;
  for (int i = 0; i < kMaxTypeDepth; ++i) type = ListOf(type);
  EXPECT_FALSE(MakeListType(type).ok());
  EXPECT_FALSE(MakeArrayType(TypeId::kInteger, 0).ok());
  EXPECT_FALSE(MakeArrayType(Must(MakeArrayType(TypeId::kInteger, 2000)), 2000).ok());
  EXPECT_FALSE(MakeStructType({}).ok());
  EXPECT_FALSE(MakeStructType({{"a", TypeId::kInteger}, {"A", TypeId::kInteger}}).ok());
  EXPECT_FALSE(MakeEnumType({}).ok());
  EXPECT_FALSE(MakeEnumType({"a", "a"}).ok());
  // Twice as large a level: what is made of few pointers may not have an endless description.
  LogicalType doubled = TypeId::kInteger;
  arrow::Result<LogicalType> result = doubled;
  for (int i = 0; i < 30 && result.ok(); ++i) {
    doubled = *result;
    result = MakeStructType({{"a", doubled}, {"b", doubled}});
  }
  EXPECT_FALSE(result.ok());
}

TEST(TypeInfoTest, AnyBytesAreATypeOrNone) {
  const LogicalType type = Must(MakeStructType({{"a", ListOf(Must(MakeEnumType({"x", "y"})))},
                                                {"m", Must(MakeMapType(TypeId::kVarchar, LogicalType::Decimal(9, 2)))},
                                                {"r", Must(MakeArrayType(TypeId::kDouble, 3))}}));
  std::string bytes;
  AppendType(type, &bytes);
  size_t size = 0;
  EXPECT_EQ(DecodeType(bytes + "more", &size), type);
  EXPECT_EQ(size, bytes.size());
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    EXPECT_FALSE(DecodeType(std::string_view(bytes).substr(0, cut), &size).has_value()) << cut;
  }
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string mutated = bytes;
    for (int n = 0; n < 2; ++n) mutated[random() % mutated.size()] = static_cast<char>(random());
    const auto decoded = DecodeType(mutated, &size);
    if (!decoded) continue;
    std::string again;
    AppendType(*decoded, &again);
    EXPECT_LE(size, mutated.size());
  }
  // A hundred levels of lists.
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += std::string("\x21\0\0", 3);
  EXPECT_FALSE(DecodeType(deep + std::string("\x04\0\0", 3), &size).has_value());
}

TEST(NestedValueTest, BytesHaveTheOrderOfValues) {
  const LogicalType list = ListOf(TypeId::kInteger);
  const std::vector<std::string> ascending = {"[]",        "[-2]", "[-1, 5]", "[0]",   "[0, 0]",
                                              "[0, NULL]", "[1]",  "[1, -7]", "[300]", "[NULL]"};
  for (size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(FromText(list, ascending[i - 1]), FromText(list, ascending[i])) << ascending[i];
  }
  const LogicalType texts = ListOf(TypeId::kVarchar);
  std::vector<std::string> order;
  for (const std::string& text : {std::string(), std::string("\0", 1), std::string("\0b", 2), std::string("a"),
                                  std::string("a\0", 2), std::string("ab")}) {
    std::string bytes;
    AppendNestedPart(TypeId::kVarchar, Value::Varchar(text), &bytes);
    AppendNestedMark(NestedMark::kEnd, &bytes);
    EXPECT_TRUE(IsNestedValue(texts, bytes));
    NestedReader in(bytes);
    EXPECT_TRUE(in.IsValue());
    EXPECT_EQ(in.Body(TypeId::kVarchar), Value::Varchar(text));
    order.push_back(std::move(bytes));
  }
  for (size_t i = 1; i < order.size(); ++i) EXPECT_LT(order[i - 1], order[i]) << i;
  const LogicalType doubles = ListOf(TypeId::kDouble);
  EXPECT_EQ(FromText(doubles, "[-0.0]"), FromText(doubles, "[0]"));
  EXPECT_LT(FromText(doubles, "[-inf]"), FromText(doubles, "[-1.5]"));
  EXPECT_LT(FromText(doubles, "[-1.5]"), FromText(doubles, "[1e300]"));
  EXPECT_LT(FromText(doubles, "[inf]"), FromText(doubles, "[nan]"));
}

TEST(NestedValueTest, TextComesBack) {
  const LogicalType list = ListOf(ListOf(TypeId::kVarchar));
  const LogicalType map = Must(MakeMapType(TypeId::kVarchar, TypeId::kInteger));
  const LogicalType record = Must(MakeStructType({{"a", TypeId::kInteger}, {"b c", list}, {"d", map}}));
  for (const char* text :
       {"{'a': 1, 'b c': [[x, 'it\\'s', 'a,b', '', NULL, 'NULL'], NULL, []], 'd': {k=1, 'l=m'=NULL}}",
        "{'a': NULL, 'b c': NULL, 'd': {}}"}) {
    EXPECT_EQ(NestedToText(record, FromText(record, text)), text);
  }
  EXPECT_EQ(NestedToText(record, FromText(record, "{d: {}}")), "{'a': NULL, 'b c': NULL, 'd': {}}");
  for (const char* bad : {"", "{", "[]", "{a 1}", "{z: 1}", "{a: 1, a: 2}", "{a: x}", "{d: {k=1, k=2}}",
                          "{d: {NULL=1}}", "{a: 1}}", "{b c: [[}"}) {
    EXPECT_FALSE(NestedFromText(record, bad).ok()) << bad;
  }
}

TEST(NestedValueTest, AnyBytesAreAValueOrNone) {
  const LogicalType type = Must(MakeStructType({{"l", ListOf(Must(MakeEnumType({"x", "y"})))},
                                                {"m", Must(MakeMapType(TypeId::kVarchar, LogicalType::Decimal(9, 2)))},
                                                {"r", Must(MakeArrayType(TypeId::kInterval, 2))}}));
  const std::string bytes =
      FromText(type, "{l: [x, NULL, y], m: {a=1.5, b=NULL}, r: ['1 month 2 days 03:00:00', NULL]}");
  std::mt19937 random(2);
  int num_valid = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string mutated = bytes;
    for (auto n = random() % 3; n < 3; ++n) mutated[random() % mutated.size()] = static_cast<char>(random() % 4);
    if (random() % 8 == 0) mutated.resize(random() % mutated.size());
    if (!IsNestedValue(type, mutated)) continue;
    ++num_valid;
    EXPECT_EQ(FromText(type, NestedToText(type, mutated)), mutated);
  }
  EXPECT_GT(num_valid, 0);
}

TEST(NestedValueTest, TypesThatHaveOneInCommon) {
  const LogicalType ints = ListOf(TypeId::kInteger);
  EXPECT_EQ(CommonType(ints, ListOf(TypeId::kDouble)), ListOf(TypeId::kDouble));
  EXPECT_EQ(CommonType(ints, ListOf(TypeId::kNull)), ints);
  EXPECT_EQ(CommonType(ints, Must(MakeArrayType(TypeId::kBigInt, 2))), ListOf(TypeId::kBigInt));
  EXPECT_FALSE(CommonType(ints, ListOf(TypeId::kDate)).has_value());
  const LogicalType a = Must(MakeStructType({{"a", TypeId::kInteger}}));
  EXPECT_EQ(CommonType(a, Must(MakeStructType({{"A", TypeId::kBigInt}}))),
            Must(MakeStructType({{"a", TypeId::kBigInt}})));
  EXPECT_FALSE(CommonType(a, Must(MakeStructType({{"b", TypeId::kInteger}}))).has_value());
  EXPECT_TRUE(ImplicitCastCost(ListOf(TypeId::kNull), ints).has_value());
  EXPECT_FALSE(ImplicitCastCost(ints, TypeId::kVarchar).has_value());
  const LogicalType label = Must(MakeEnumType({"x"}));
  EXPECT_EQ(CommonType(label, TypeId::kVarchar), LogicalType(TypeId::kVarchar));
}

}  // namespace
}  // namespace llkv
