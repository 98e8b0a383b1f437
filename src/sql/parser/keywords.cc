// The keyword table: a hash table that the compiler fills.
#include "sql/parser/keywords.h"

#include <array>
#include <cstddef>

namespace llkv {

namespace {

struct Entry {
  std::string_view text;
  WordClass word_class;
};

constexpr Entry kEntries[] = {{"", WordClass::kFree},
#define LLKV_X(name, text, word_class) {text, WordClass::word_class},
                              LLKV_SQL_KEYWORDS(LLKV_X)
#undef LLKV_X
};
constexpr size_t kNumEntries = sizeof(kEntries) / sizeof(kEntries[0]);
constexpr size_t kTableSize = 1024;
static_assert(kNumEntries * 3 < kTableSize);
constexpr size_t kMaxLength = 17;

constexpr size_t HashStep(size_t hash, char lower) {
  return (hash ^ static_cast<size_t>(static_cast<unsigned char>(lower))) * 16777619U;
}

constexpr size_t Slot(size_t hash) { return (hash ^ (hash >> 15)) % kTableSize; }

constexpr std::array<uint16_t, kTableSize> MakeTable() {
  std::array<uint16_t, kTableSize> table{};
  for (size_t i = 1; i < kNumEntries; ++i) {
    size_t hash = 2166136261U;
    for (char c : kEntries[i].text) hash = HashStep(hash, c);
    size_t slot = Slot(hash);
    while (table[slot] != 0) slot = (slot + 1) % kTableSize;
    table[slot] = static_cast<uint16_t>(i);
  }
  return table;
}

constexpr std::array<uint16_t, kTableSize> kTable = MakeTable();

}  // namespace

Keyword LookUpKeyword(std::string_view word) {
  if (word.size() > kMaxLength) return Keyword::kNone;
  char lower[kMaxLength];
  size_t hash = 2166136261U;
  for (size_t i = 0; i < word.size(); ++i) {
    char c = word[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    lower[i] = c;
    hash = HashStep(hash, c);
  }
  const std::string_view folded(lower, word.size());
  for (size_t slot = Slot(hash); kTable[slot] != 0; slot = (slot + 1) % kTableSize) {
    if (kEntries[kTable[slot]].text == folded) return static_cast<Keyword>(kTable[slot]);
  }
  return Keyword::kNone;
}

std::string_view KeywordText(Keyword keyword) { return kEntries[static_cast<size_t>(keyword)].text; }

WordClass ClassOf(Keyword keyword) { return kEntries[static_cast<size_t>(keyword)].word_class; }

}  // namespace llkv
