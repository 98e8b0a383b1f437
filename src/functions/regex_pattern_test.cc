// Regular expressions: which match counts, and what RE2's syntax is given. What SQL sees is in tests/slt.
#include "functions/regex_pattern.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace llkv {

namespace {

std::string FirstMatch(std::string_view pattern, std::string_view text, uint32_t group = 0) {
  arrow::Result<RegexPattern> compiled = RegexPattern::Make(pattern, "");
  if (!compiled.ok()) return std::string(GetSqlState(compiled.status()));
  RegexSearch search(*compiled);
  if (!search.Find(text, 0)) return "none";
  return std::string(search.group(group).value_or("NULL"));
}

TEST(RegexPatternTest, GreedDecidesForTheWholeExpression) {
  EXPECT_EQ(FirstMatch("a|ab", "ab"), "ab");
  EXPECT_EQ(FirstMatch("a+?b*", "abb"), "a");
  EXPECT_EQ(FirstMatch("(?:a+?){2}b*", "aabb"), "aa");
  EXPECT_EQ(FirstMatch("(.*)(\\d+)(.*)", "abc01234xyz", 1), "abc0123");
  EXPECT_EQ(FirstMatch("(.*?)(\\d+)(.*)", "abc01234xyz", 2), "0");
}

TEST(RegexPatternTest, TextWithoutMemoryIsEmpty) {
  EXPECT_EQ(FirstMatch("^$", std::string_view()), "");
  EXPECT_EQ(FirstMatch("(x)?", std::string_view(), 1), "NULL");
  EXPECT_EQ(FirstMatch("x", std::string_view()), "none");
}

TEST(RegexPatternTest, SearchGoesOnBehindEmptyMatches) {
  const RegexPattern pattern = *RegexPattern::Make("x*", "");
  RegexSearch search(pattern);
  std::vector<size_t> begins;
  const std::string_view text = "é€x";
  for (size_t from = 0; search.Find(text, from); from = search.next()) begins.push_back(search.begin());
  EXPECT_EQ(begins, (std::vector<size_t>{0, 2, 5, 6}));
}

TEST(RegexPatternTest, WhatCannotBeSaid) {
  EXPECT_EQ(FirstMatch("(a)\\1", "aa"), "0A000");
  EXPECT_EQ(FirstMatch("a(?=b)", "ab"), "0A000");
  EXPECT_EQ(FirstMatch("\\m(a|b)", "a"), "0A000");
  EXPECT_EQ(FirstMatch("\\pL", "a"), "2201B");
  EXPECT_EQ(FirstMatch("\\Qa", "a"), "2201B");
  EXPECT_EQ(FirstMatch(std::string(300, '(') + std::string(300, ')'), "a"), "2201B");
  EXPECT_EQ(FirstMatch("((((a{200}){200}){200}){200})", "a"), "2201B");
}

}  // namespace

}  // namespace llkv
