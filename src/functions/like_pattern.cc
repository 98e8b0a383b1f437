// LIKE patterns, compiled and matched: the pieces between '%'s are found greedily from the left, which is exact because
// the last one is anchored at the end.
#include "functions/like_pattern.h"

#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "base/error.h"
#include "functions/unicode.h"
#include "functions/utf8.h"

namespace llkv {

namespace {

char Fold(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

#if defined(__SSE2__)
// Candidates among 16 positions from `text` on: first and last byte of the needle agree.
inline unsigned Candidates(const char* text, __m128i first, __m128i last, size_t last_offset) {
  const __m128i head = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
  const __m128i tail = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + last_offset));
  return static_cast<unsigned>(
      _mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(head, first), _mm_cmpeq_epi8(tail, last))));
}
#endif

}  // namespace

size_t FindBytes(std::string_view text, std::string_view needle) {
  const size_t size = needle.size();
  if (size == 0) return 0;
  if (text.size() < size) return std::string_view::npos;
#if defined(__SSE2__)
  const size_t positions = text.size() - size + 1;
  if (positions >= 16) {
    const __m128i first = _mm_set1_epi8(needle.front());
    const __m128i last = _mm_set1_epi8(needle.back());
    for (size_t at = 0;;) {
      // The last block overlaps the one before it rather than reading past the end.
      if (at + 16 > positions) at = positions - 16;
      unsigned mask = Candidates(text.data() + at, first, last, size - 1);
      for (; mask != 0; mask &= mask - 1) {
        const size_t found = at + static_cast<size_t>(__builtin_ctz(mask));
        if (size <= 2 || std::memcmp(text.data() + found + 1, needle.data() + 1, size - 2) == 0) return found;
      }
      if (at + 16 == positions) return std::string_view::npos;
      at += 16;
    }
  }
#endif
  return text.find(needle);
}

arrow::Result<LikePattern> LikePattern::Make(std::string_view pattern, std::string_view escape, LikeFold fold) {
  if (!escape.empty() && CharacterBytes(escape, 0) != escape.size()) {
    return SqlError(sqlstate::kInvalidEscape, "an escape is one character");
  }
  LikePattern result;
  result.fold_ = fold;
  result.pieces_.emplace_back();
  std::string lower;
  for (size_t at = 0; at < pattern.size();) {
    const uint32_t size = CharacterBytes(pattern, at);
    std::string_view character = pattern.substr(at, size);
    at += size;
    bool literal = false;
    if (!escape.empty() && character == escape) {
      if (at == pattern.size()) {
        return SqlError(sqlstate::kInvalidEscape, "a LIKE pattern must not end with its escape character");
      }
      const uint32_t escaped = CharacterBytes(pattern, at);
      character = pattern.substr(at, escaped);
      at += escaped;
      literal = true;
    }
    if (!literal && character == "%") {
      result.pieces_.emplace_back();
      continue;
    }
    Piece& piece = result.pieces_.back();
    const bool wild = !literal && character == "_";
    piece.has_wildcard = piece.has_wildcard || wild;
    lower.clear();
    if (fold == LikeFold::kUnicode) AppendConverted<LowerCode>(character, &lower);
    for (const char c : fold == LikeFold::kUnicode ? std::string_view(lower) : character) {
      piece.text.push_back(fold == LikeFold::kNone ? c : Fold(c));
      piece.wild.push_back(wild);
    }
  }
  return result;
}

int64_t LikePattern::MatchAt(const Piece& piece, std::string_view text) {
  if (!piece.has_wildcard) return text.starts_with(piece.text) ? static_cast<int64_t>(piece.text.size()) : -1;
  size_t at = 0;
  for (size_t i = 0; i < piece.text.size(); ++i) {
    if (at >= text.size()) return -1;
    if (piece.wild[i]) {
      at += CharacterBytes(text, at);
    } else if (text[at++] != piece.text[i]) {
      return -1;
    }
  }
  return static_cast<int64_t>(at);
}

// The first match of `piece` within `text`: where it begins, and its bytes; -1 where there is none.
int64_t LikePattern::Find(const Piece& piece, std::string_view text, size_t* begin) {
  if (!piece.has_wildcard) {
    *begin = FindBytes(text, piece.text);
    if (*begin == std::string_view::npos) return -1;
    return static_cast<int64_t>(piece.text.size());
  }
  for (size_t at = 0; at <= text.size();) {
    const int64_t size = MatchAt(piece, text.substr(at));
    if (size >= 0) {
      *begin = at;
      return size;
    }
    if (at == text.size()) break;
    at += CharacterBytes(text, at);
  }
  return -1;
}

bool LikePattern::MatchesSuffix(const Piece& piece, std::string_view text) const {
  if (!piece.has_wildcard) return text.ends_with(piece.text);
  // A piece has a fixed number of characters: go back as many.
  size_t at = text.size();
  for (size_t i = 0; i < piece.text.size(); ++i) {
    if (!piece.wild[i] && IsContinuation(piece.text[i])) continue;
    if (at == 0) return false;
    --at;
    while (at > 0 && IsContinuation(text[at])) --at;
  }
  return MatchAt(piece, text.substr(at)) == static_cast<int64_t>(text.size() - at);
}

bool LikePattern::MatchesFolded(std::string_view text) const {
  const Piece& first = pieces_.front();
  if (pieces_.size() == 1) return MatchAt(first, text) == static_cast<int64_t>(text.size());
  if (pieces_.size() == 3 && first.text.empty() && pieces_[2].text.empty() && !pieces_[1].has_wildcard) {
    return ContainsBytes(text, pieces_[1].text);
  }
  const int64_t prefix = MatchAt(first, text);
  if (prefix < 0) return false;
  text.remove_prefix(static_cast<size_t>(prefix));
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    if (pieces_[i].text.empty()) continue;
    size_t begin = 0;
    const int64_t size = Find(pieces_[i], text, &begin);
    if (size < 0) return false;
    text.remove_prefix(begin + static_cast<size_t>(size));
  }
  return MatchesSuffix(pieces_.back(), text);
}

bool LikePattern::Matches(std::string_view text) const {
  if (fold_ == LikeFold::kNone) return MatchesFolded(text);
  char room[256];
  if (text.size() <= sizeof(room)) {
    char all = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      all = static_cast<char>(all | text[i]);
      room[i] = Fold(text[i]);
    }
    const bool is_ascii = static_cast<unsigned char>(all) < 0x80;
    if (is_ascii || fold_ == LikeFold::kAscii) return MatchesFolded({room, text.size()});
  }
  std::string folded;
  if (fold_ == LikeFold::kUnicode) {
    AppendConverted<LowerCode>(text, &folded);
  } else {
    folded = text;
    for (char& c : folded) c = Fold(c);
  }
  return MatchesFolded(folded);
}

}  // namespace llkv
