// Rendering by letter, sorting, hashing.
#include "slt/slt_value.h"

#include <gtest/gtest.h>

#include <utility>

namespace llkv::slt {
namespace {

Value Text(std::string text) { return {ValueKind::kText, 0, 0, std::move(text)}; }
Value Integer(int64_t value) { return {ValueKind::kInteger, value, 0, std::to_string(value)}; }
Value Real(double value) { return {ValueKind::kReal, 0, value, std::to_string(value)}; }

TEST(SltValue, Integers) {
  EXPECT_EQ(RenderByLetter(Value{}, 'I'), "NULL");
  EXPECT_EQ(RenderByLetter(Integer(-5), 'I'), "-5");
  EXPECT_EQ(RenderByLetter(Text(" 12abc"), 'I'), "12");
  EXPECT_EQ(RenderByLetter(Text("-007.5"), 'I'), "-7");
  EXPECT_EQ(RenderByLetter(Text("abc"), 'I'), "0");
  EXPECT_EQ(RenderByLetter(Text(""), 'I'), "0");
  EXPECT_EQ(RenderByLetter(Real(-2.9), 'I'), "-2");
  EXPECT_EQ(RenderByLetter(Real(-0.5), 'I'), "0");
  EXPECT_EQ(RenderByLetter(Value{ValueKind::kBoolean, 1, 0, "true"}, 'I'), "1");
  EXPECT_EQ(RenderByLetter(Text("170141183460469231731687303715884105727"), 'I'),
            "170141183460469231731687303715884105727");
}

TEST(SltValue, Reals) {
  EXPECT_EQ(RenderByLetter(Integer(3), 'R'), "3.000");
  EXPECT_EQ(RenderByLetter(Real(0.0005), 'R'), "0.001");
  EXPECT_EQ(RenderByLetter(Real(-1.25), 'R'), "-1.250");
  EXPECT_EQ(RenderByLetter(Text("12.5"), 'R'), "12.500");
  EXPECT_EQ(RenderByLetter(Real(-9223372036854775808.0), 'R'), "-9223372036854776000.000");
  EXPECT_EQ(RenderByLetter(Real(12345678901234.567), 'R'), "12345678901234.570");
  EXPECT_EQ(RenderByLetter(Value{}, 'R'), "NULL");
}

TEST(SltValue, Texts) {
  EXPECT_EQ(RenderByLetter(Text(""), 'T'), "(empty)");
  EXPECT_EQ(RenderByLetter(Text("a\tb\xC3\xA9"), 'T'), "a@b@@");
  EXPECT_EQ(RenderByLetter(Integer(7), 'T'), "7");
  EXPECT_EQ(RenderByType(Text("a\tb\xC3\xA9")), "a\tb\xC3\xA9");
  EXPECT_EQ(RenderByType(Text(std::string("a\0b", 3))), "a\\0b");
  EXPECT_EQ(RenderByType(Text("")), "(empty)");
}

TEST(SltValue, Sorting) {
  std::vector<std::string> values = {"9", "b", "10", "a", "9", "a"};
  SortValues(SortMode::kNone, 2, &values);
  EXPECT_EQ(values[0], "9");
  SortValues(SortMode::kRows, 2, &values);
  EXPECT_EQ(values, (std::vector<std::string>{"10", "a", "9", "a", "9", "b"}));
  SortValues(SortMode::kValues, 2, &values);
  EXPECT_EQ(values, (std::vector<std::string>{"10", "9", "9", "a", "a", "b"}));
}

TEST(SltValue, Hashing) {
  EXPECT_EQ(HashValues({}), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(HashValues({"1", "2"}), "6ddb4095eb719e2a9f0a3f95677d24e0");
}

}  // namespace
}  // namespace llkv::slt
