// Symbols: learning, encoding and decoding of text, and hostile bytes.
#include "store/column/text_symbols.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace llkv {
namespace {

/// Texts behind each other in memory that is readable beyond their end.
class Texts {
 public:
  explicit Texts(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) bytes_ += text;
    bytes_.append(8, '\0');
    size_t at = 0;
    for (const std::string& text : texts) {
      views_.emplace_back(bytes_.data() + at, text.size());
      at += text.size();
    }
  }
  const std::vector<std::string_view>& views() const { return views_; }

 private:
  std::string bytes_;
  std::vector<std::string_view> views_;
};

void ExpectRoundTrip(const std::vector<TextSymbol>& symbols, const std::vector<std::string_view>& texts,
                     size_t* num_codes) {
  const TextEncoder encoder(symbols);
  TextDecoder decoder;
  ASSERT_TRUE(decoder.Parse(SerializeSymbols(symbols)));
  for (const std::string_view text : texts) {
    std::vector<uint8_t> codes(text.size() * 2 + 1);
    const uint8_t* end = encoder.Encode(text, codes.data());
    *num_codes += static_cast<size_t>(end - codes.data());
    ASSERT_EQ(decoder.DecodedSize(codes.data(), end), text.size());
    std::string again(static_cast<size_t>(end - codes.data()) * 8 + 8, '\0');
    const char* out = decoder.Decode(codes.data(), end, again.data());
    ASSERT_EQ(std::string_view(again.data(), static_cast<size_t>(out - again.data())), text);
  }
}

TEST(TextSymbolsTest, ProseIsHalvedAndMore) {
  std::mt19937_64 random(1);
  static constexpr const char* kWords[] = {"carefully", "final", "deposits", "detect",
                                           "slyly",     "agai",  "regular",  "packages"};
  std::vector<std::string> texts;
  size_t num_bytes = 0;
  for (int i = 0; i < 500; ++i) {
    std::string text;
    for (int word = 0; word < 5; ++word) text += std::string(kWords[random() % 8]) + " ";
    num_bytes += text.size();
    texts.push_back(text);
  }
  const Texts sample(texts);
  size_t num_codes = 0;
  ExpectRoundTrip(LearnSymbols(sample.views()), sample.views(), &num_codes);
  EXPECT_LT(num_codes, num_bytes / 3);
}

TEST(TextSymbolsTest, AnyBytesRoundTrip) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::string> texts;
    const uint64_t alphabet = 1 + random() % 256;
    for (int i = 0; i < 300; ++i) {
      std::string text(random() % 40, '\0');
      for (char& c : text) c = static_cast<char>(random() % alphabet);
      texts.push_back(text);
    }
    const Texts all(texts);
    // Learned from some, and used for others too.
    const std::vector<std::string_view> sample(all.views().begin(),
                                               all.views().begin() + static_cast<ptrdiff_t>(random() % 300));
    size_t num_codes = 0;
    ExpectRoundTrip(LearnSymbols(sample), all.views(), &num_codes);
    if (HasFatalFailure()) return;
  }
}

TEST(TextSymbolsTest, NoSampleGivesEscapesOnly) {
  const Texts texts({"abc", ""});
  size_t num_codes = 0;
  ExpectRoundTrip(LearnSymbols({}), texts.views(), &num_codes);
  EXPECT_EQ(num_codes, 6U);
}

TEST(TextSymbolsTest, LearningIsRepeatable) {
  const Texts texts({"banana", "bandana", "ananas", "an apple"});
  EXPECT_EQ(LearnSymbols(texts.views()), LearnSymbols(texts.views()));
}

TEST(TextSymbolsTest, HostileTablesAndCodesNeverCrash) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20000; ++round) {
    std::string table(random() % 60, '\0');
    for (char& c : table) c = static_cast<char>(random() % 4 == 0 ? random() : random() % 9);
    TextDecoder decoder;
    if (!decoder.Parse(table)) continue;
    std::vector<uint8_t> codes(random() % 50);
    for (uint8_t& code : codes) code = static_cast<uint8_t>(random() % 3 == 0 ? kTextEscape : random());
    const uint8_t* end = codes.data() + codes.size();
    std::string out(codes.size() * 8 + 8, '\0');
    decoder.Decode(codes.data(), end, out.data());
    EXPECT_LE(decoder.DecodedSize(codes.data(), end), out.size());
  }
}

}  // namespace
}  // namespace llkv
