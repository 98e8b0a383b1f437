// What Unicode's tables say of characters: their cases, their classes, normal forms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llkv {

/// One code point for one, in no language: 'ß' has no upper case of its own.
uint32_t UpperCode(uint32_t code);
uint32_t LowerCode(uint32_t code);
/// As the first letter of a word: differs from UpperCode for digraphs.
uint32_t TitleCode(uint32_t code);

/// A letter, mark or number.
bool IsAlphanumeric(uint32_t code);
/// Does Unicode (the version of the tables) give it a meaning?
bool IsAssigned(uint32_t code);

/// Appends `text` with every character converted.
template <uint32_t (*convert)(uint32_t)>
void AppendConverted(std::string_view text, std::string* out);

enum class NormalForm : uint8_t { kNfc, kNfd, kNfkc, kNfkd };

/// Text in normal forms and without case. Keeps memory between calls; for one thread.
class TextNormalizer {
 public:
  /// Appends `text` in a normal form.
  void Normalize(NormalForm form, std::string_view text, std::string* out);
  /// Appends `text` with full case folding: 'ß' becomes "ss".
  void FoldCase(std::string_view text, std::string* out);

 private:
  void Append(int options, std::string_view text, std::string* out);

  std::vector<int32_t> codes_;
};

}  // namespace llkv
