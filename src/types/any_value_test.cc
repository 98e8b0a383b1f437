// ANY values: order, hashes, images and numbers of text, on values chosen where integers and doubles part.
#include "types/any_value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace llkv {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

std::string I(int64_t value) { return AnyOfInteger(value); }
std::string R(double value) { return AnyOfReal(value); }
std::string T(std::string_view text) { return AnyOfBytes(AnyTag::kText, text); }
std::string B(std::string_view bytes) { return AnyOfBytes(AnyTag::kBlob, bytes); }

/// Classes of equal values, ascending.
const std::vector<std::vector<std::string>>& Ordered() {
  static const std::vector<std::vector<std::string>> classes = {
      {R(-INFINITY)},
      {R(-1e300)},
      {I(kMin), R(-0x1p63)},
      {I(kMin + 1)},
      {I(-9007199254740993)},
      {I(-9007199254740992), R(-9007199254740992.0)},
      {R(-1.5)},
      {I(-1), R(-1)},
      {I(0), R(0.0), R(-0.0)},
      {R(5e-324)},
      {I(1), R(1)},
      {R(1.5)},
      {I(9007199254740992), R(9007199254740992.0)},
      {I(9007199254740993)},
      {I(9007199254740994), R(9007199254740994.0)},
      {I(kMax - 1)},
      {I(kMax)},
      {R(0x1p63)},
      {R(INFINITY)},
      {R(NAN)},
      {T("")},
      {T("1")},
      {T(std::string_view("1\0", 2))},
      {T("a")},
      {T("\xFF")},
      {B("")},
      {B("1")},
      {B("a")},
  };
  return classes;
}

TEST(AnyValue, OrderHashesAndImagesAgree) {
  const auto& classes = Ordered();
  for (size_t i = 0; i < classes.size(); ++i) {
    for (size_t k = 0; k < classes.size(); ++k) {
      for (const std::string& a : classes[i]) {
        for (const std::string& b : classes[k]) {
          const int wanted = i < k ? -1 : (i > k ? 1 : 0);
          EXPECT_EQ(CompareAny(a, b), wanted) << i << " " << k;
          const std::string image_a = AnyKeyImage(a);
          const std::string image_b = AnyKeyImage(b);
          EXPECT_EQ(image_a.compare(image_b) < 0, wanted < 0) << i << " " << k;
          EXPECT_EQ(image_a == image_b, wanted == 0) << i << " " << k;
          uint8_t prefix_a[15];
          uint8_t prefix_b[15];
          WriteAnyPrefix(a, prefix_a, sizeof(prefix_a));
          WriteAnyPrefix(b, prefix_b, sizeof(prefix_b));
          const int prefixes = std::memcmp(prefix_a, prefix_b, sizeof(prefix_a));
          EXPECT_TRUE(prefixes == 0 || (prefixes < 0) == (wanted < 0)) << i << " " << k;
          if (wanted == 0) {
            EXPECT_EQ(HashAny(a), HashAny(b));
            EXPECT_EQ(prefixes, 0);
          }
        }
      }
    }
    EXPECT_EQ(CompareAny(AnyOfKeyImage(AnyKeyImage(classes[i][0])), classes[i][0]), 0) << i;
  }
}

TEST(AnyValue, AnyBytesAreSafe) {
  for (const std::string_view bytes : {std::string_view(), std::string_view("\1", 1), std::string_view("\2abc", 4),
                                       std::string_view("\0\0", 2), std::string_view("\x09x", 2)}) {
    EXPECT_FALSE(IsAnyValue(bytes));
    static_cast<void>(CompareAny(bytes, I(1)));
    static_cast<void>(HashAny(bytes));
    static_cast<void>(AnyKeyImage(bytes));
    static_cast<void>(AnyToText(bytes));
    static_cast<void>(AnyOfKeyImage(bytes));
  }
}

TEST(AnyValue, NumbersOfText) {
  const auto prefix = [](std::string_view text) {
    const AnyNumber number = NumberFromPrefix(text);
    return number.is_integer ? std::to_string(number.integer) : "r" + std::to_string(number.real);
  };
  EXPECT_EQ(prefix(" 12abc"), "12");
  EXPECT_EQ(prefix("-.5x"), "r-0.500000");
  EXPECT_EQ(prefix("1e2"), "r100.000000");
  EXPECT_EQ(prefix("1e"), "1");
  EXPECT_EQ(prefix("+7"), "7");
  EXPECT_EQ(prefix("."), "0");
  EXPECT_EQ(prefix("abc"), "0");
  EXPECT_EQ(prefix("0x10"), "0");
  EXPECT_EQ(prefix("9223372036854775808"), "r9223372036854775808.000000");
  EXPECT_FALSE(NumberFromText("12abc").has_value());
  EXPECT_FALSE(NumberFromText("").has_value());
  EXPECT_TRUE(NumberFromText(" 3.0 ")->is_integer);
  EXPECT_FALSE(NumberFromText("3.5")->is_integer);
  EXPECT_TRUE(std::isinf(NumberFromPrefix("1e999").real));
  EXPECT_EQ(NumberFromPrefix("1e-999").real, 0);
}

TEST(AnyValue, TextOfReals) {
  const auto text = [](double value) { return AnyToText(R(value)); };
  EXPECT_EQ(text(1), "1.0");
  EXPECT_EQ(text(0.1 + 0.2), "0.3");
  EXPECT_EQ(text(1e20), "1.0e+20");
  EXPECT_EQ(text(1.5e300), "1.5e+300");
  EXPECT_EQ(text(-0.0), "0.0");
  EXPECT_EQ(text(-INFINITY), "-Inf");
}

}  // namespace
}  // namespace llkv
