// JSON: what RFC 8259 takes and refuses, parts by key, index and path, escapes, and texts that are no JSON.
#include "types/json_text.h"

#include <gtest/gtest.h>

#include <random>

namespace llkv {
namespace {

bool Is(std::string_view text) {
  size_t error_at = 0;
  return IsJson(text, &error_at);
}

std::string At(std::string_view json, std::string_view path) {
  std::vector<JsonStep> steps;
  if (!ParseJsonPath(path, &steps)) return "no path";
  return std::string(JsonAtPath(json, steps).value_or("nothing"));
}

TEST(JsonTextTest, TakesJsonAlone) {
  for (const char* text :
       {"null", "true", "false", "0", "-0", "12.5e+3", "1E5", "\"\"", "\"a\\u00e4\\n\\/\"", "[]", "{}",
        " [ 1 , { \"a\" : [ ] } ] \n", "{\"a\":1,\"a\":2}", "\"\xC3\xA4\"", "[[[[]]]]", "{\"\":{}}"}) {
    EXPECT_TRUE(Is(text)) << text;
  }
  for (const char* text :
       {"",      " ",          "nul",    "nulll",   "01",          "-",    "1.",       ".5",    "1e",        "+1",
        "'a'",   "\"",         "\"\n\"", "\"\\x\"", "\"\\u12g4\"", "[1,]", "[,1]",     "[1 2]", "{\"a\"}",   "{\"a\":}",
        "{a:1}", "{\"a\":1,}", "[1]]",   "{]",      "[}",          "NaN",  "Infinity", "1 2",   "[\"a\":1]", "tru"}) {
    EXPECT_FALSE(Is(text)) << text;
  }
  EXPECT_TRUE(Is(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']')));
  EXPECT_FALSE(Is(std::string(kMaxJsonDepth + 1, '[') + std::string(kMaxJsonDepth + 1, ']')));
  size_t error_at = 0;
  EXPECT_FALSE(IsJson("[1, x]", &error_at));
  EXPECT_EQ(error_at, 4U);
  EXPECT_FALSE(Is(std::string_view("1\0", 2)));
}

TEST(JsonTextTest, FindsParts) {
  constexpr std::string_view kJson = R"( {"a": {"b": [1, "x,]", {"c":null}]}, "d e": 2, "k\"": 3, "a/b": 4, "": 5} )";
  ASSERT_TRUE(Is(kJson));
  EXPECT_EQ(At(kJson, "a"), R"({"b": [1, "x,]", {"c":null}]})");
  EXPECT_EQ(At(kJson, "$.a.b[1]"), R"("x,]")");
  EXPECT_EQ(At(kJson, "$.a.b[-1].c"), "null");
  EXPECT_EQ(At(kJson, "$.a.b[#-2]"), R"("x,]")");
  EXPECT_EQ(At(kJson, "$.a.b[3]"), "nothing");
  EXPECT_EQ(At(kJson, "$.a.b[-4]"), "nothing");
  EXPECT_EQ(At(kJson, "$.\"d e\""), "2");
  EXPECT_EQ(At(kJson, "d e"), "2");
  EXPECT_EQ(At(kJson, "k\""), "3");
  EXPECT_EQ(At(kJson, "/a~1b"), "4");
  EXPECT_EQ(At(kJson, "/a/b/0"), "1");
  EXPECT_EQ(At(kJson, "/"), "5");
  EXPECT_EQ(At(kJson, ""), "5");
  EXPECT_EQ(At(kJson, "b"), "nothing");
  EXPECT_EQ(At("[1]", "0"), "nothing");
  EXPECT_EQ(At("5", "$"), "5");
  EXPECT_EQ(At(R"({"a":1,"a":2})", "a"), "2");
  for (const char* path : {"$a", "$.", "$[", "$[x]", "$.*", "$.\"a", "/~2"})
    EXPECT_EQ(At("{}", path), "no path") << path;
  EXPECT_EQ(JsonArrayLength("[1, [2, 3], {\"a\": [4]}]"), 3);
  EXPECT_EQ(JsonArrayLength(" [ ] "), 0);
  EXPECT_EQ(JsonKeys(R"({"a":1,"b\n":[]})"), (std::vector<std::string>{"a", "b\n"}));
}

TEST(JsonTextTest, ResolvesEscapes) {
  EXPECT_EQ(JsonUnescape(R"("a\"\\\/\b\f\n\r\t")"), "a\"\\/\b\f\n\r\t");
  EXPECT_EQ(JsonUnescape(R"("\u0041\u00e4\u20ac\ud83d\ude00")"), "A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80");
  EXPECT_EQ(JsonUnescape(R"("\ud83dx")"), "\xEF\xBF\xBDx");
  EXPECT_EQ(JsonUnescape(R"("\ude00")"), "\xEF\xBF\xBD");
  EXPECT_EQ(JsonQuote("a\"\\\n\x01"), R"("a\"\\\n\u0001")");
  EXPECT_EQ(JsonUnescape(JsonQuote("any \x7F\t\"text\"")), "any \x7F\t\"text\"");
}

TEST(JsonTextTest, ReadsAnyTextWithoutHarm) {
  constexpr std::string_view kPieces = "{}[],:\"\\u0 1ntf.e-";
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n) text.push_back(kPieces[random() % kPieces.size()]);
    const bool is_json = Is(text);
    JsonKindOf(text);
    JsonKeys(text);
    const int64_t length = JsonArrayLength(text);
    JsonElement(text, -1);
    JsonMember(text, "n");
    JsonUnescape(text);
    if (is_json && JsonKindOf(text) == JsonKind::kArray) {
      for (int64_t k = 0; k < length; ++k) EXPECT_TRUE(Is(*JsonElement(text, k))) << text;
    }
  }
}

}  // namespace
}  // namespace llkv
