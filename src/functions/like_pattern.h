// LIKE patterns, compiled: the common shapes (equal, prefix, suffix, contains, words in order) without backtracking.
#pragma once

#include <arrow/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace llkv {

/// Where `needle` begins in `text`, or npos. For short texts and needles faster than memmem.
size_t FindBytes(std::string_view text, std::string_view needle);

/// Does `text` contain `needle`?
inline bool ContainsBytes(std::string_view text, std::string_view needle) {
  return FindBytes(text, needle) != std::string_view::npos;
}

/// Whose case does not count.
enum class LikeFold : uint8_t { kNone, kAscii, kUnicode };

class LikePattern {
 public:
  /// `escape` is one character, or empty for none. Error 22025.
  static arrow::Result<LikePattern> Make(std::string_view pattern, std::string_view escape, LikeFold fold);

  bool Matches(std::string_view text) const;

 private:
  // One stretch between '%'s. `wild` has a mark for each character of `text` that is '_'.
  struct Piece {
    std::string text;
    bool has_wildcard = false;
    std::vector<bool> wild;
  };

  bool MatchesFolded(std::string_view text) const;
  /// Bytes that `piece` takes at the start of `text`; -1 where it does not match.
  static int64_t MatchAt(const Piece& piece, std::string_view text);
  static int64_t Find(const Piece& piece, std::string_view text, size_t* begin);
  bool MatchesSuffix(const Piece& piece, std::string_view text) const;

  std::vector<Piece> pieces_;  // at least one; '%' stands between them
  LikeFold fold_ = LikeFold::kNone;
};

}  // namespace llkv
