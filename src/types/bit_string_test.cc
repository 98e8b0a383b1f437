// Bit strings: text, packed bytes, order, and bytes that are none.
#include "types/bit_string.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace llkv {
namespace {

std::string Bits(std::string_view text) {
  std::string bytes;
  EXPECT_TRUE(BitStringFromText(text, &bytes));
  return bytes;
}

TEST(BitStringTest, RoundTripsAndOrders) {
  std::mt19937_64 random(1);
  std::vector<std::string> texts;
  for (size_t size = 0; size < 40; ++size) {
    for (int i = 0; i < 10; ++i) {
      std::string text;
      for (size_t k = 0; k < size; ++k) text.push_back(random() % 2 == 0 ? '0' : '1');
      texts.push_back(text);
    }
  }
  for (const std::string& a : texts) {
    const std::string bytes = Bits(a);
    ASSERT_TRUE(IsBitString(bytes));
    EXPECT_EQ(BitStringToText(bytes), a);
    EXPECT_EQ(BitStringView(bytes).size(), a.size());
    EXPECT_EQ(BitStringView(bytes).CountOnes(), static_cast<uint64_t>(std::count(a.begin(), a.end(), '1')));
    std::string back;
    ASSERT_TRUE(BitStringFromPacked(BitStringToPacked(bytes), &back));
    EXPECT_EQ(back, bytes);
    for (const std::string& b : texts) EXPECT_EQ(bytes < Bits(b), a < b) << a << " " << b;
  }
  EXPECT_EQ(BitStringToPacked(Bits("0101")), std::string("\x04\x50"));
  EXPECT_EQ(BitStringToPacked(Bits("")), std::string(1, '\0'));
}

TEST(BitStringTest, RefusesWhatIsNone) {
  std::string bytes;
  EXPECT_FALSE(BitStringFromText("01 ", &bytes));
  EXPECT_FALSE(BitStringFromPacked("", &bytes));
  EXPECT_FALSE(BitStringFromPacked("\x01", &bytes));
  EXPECT_FALSE(BitStringFromPacked("\x08\x01", &bytes));
  EXPECT_FALSE(BitStringFromPacked("\x04\x51", &bytes));
  // Any bytes are read without harm.
  std::mt19937_64 random(2);
  for (int i = 0; i < 10000; ++i) {
    std::string any(random() % 6, '\0');
    for (char& c : any) c = static_cast<char>(random());
    const std::string text = BitStringToText(any);
    if (IsBitString(any)) {
      EXPECT_EQ(Bits(text), any);
    }
  }
}

}  // namespace
}  // namespace llkv
