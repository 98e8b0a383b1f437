// Text to tokens. Here because the parser, the splitter and the fuzzer share it. Knows no grammar beyond where a
// statement ends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/parser/keywords.h"
#include "sql/parser/parser.h"

namespace llkv {

enum class TokenKind : uint8_t {
  kEnd,
  /// Text that is no token; Lexer::error() says why.
  kError,
  /// An unquoted identifier or keyword.
  kWord,
  kQuotedName,
  kString,
  /// E'…' with backslashes.
  kEscapeString,
  /// $$…$$, $tag$…$tag$.
  kDollarString,
  kBlob,
  /// b'0101'.
  kBits,
  kInteger,
  kDecimal,
  kFloat,
  /// ?, ?5.
  kQuestion,
  /// $5, $name.
  kDollarParameter,
  kLeftParen,
  kRightParen,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kComma,
  kSemicolon,
  kDot,
  kColon,
  kDoubleColon,
  kColonEquals,
  kFatArrow,
  kPlus,
  kMinus,
  kStar,
  kDoubleStar,
  kSlash,
  kDoubleSlash,
  kPercent,
  kCaret,
  kConcat,
  kAmpersand,
  kPipe,
  kSquareRoot,  // |/
  kCubeRoot,    // ||/
  kHash,
  kTilde,
  kTildeStar,
  kNotTilde,
  kNotTildeStar,
  kLikeOperator,
  kILikeOperator,
  kNotLikeOperator,
  kNotILikeOperator,
  kShiftLeft,
  kShiftRight,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kArrow,
  kArrowText,
  kContains,
  kContainedBy,
  kOverlaps,
  kStartsWith,
  kAt,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  /// kNone unless a kWord that the grammar knows.
  Keyword keyword = Keyword::kNone;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// Reads tokens one after another. `sql` must outlive it and be shorter than 4 GiB.
class Lexer {
 public:
  Lexer(std::string_view sql, SqlDialect dialect, size_t offset) : sql_(sql), dialect_(dialect), offset_(offset) {}

  /// The next token, kEnd at the end, for ever.
  Token Next();

  /// Why the last kError token is none; a static text.
  const char* error() const { return error_; }
  /// The last kError token, or the comment at the end, is cut off by the end of the text.
  bool unterminated() const { return unterminated_; }

 private:
  char At(size_t index) const { return index < sql_.size() ? sql_[index] : '\0'; }
  void SkipBlanks();
  bool SkipBlockComment();
  Token Make(TokenKind kind, size_t begin, size_t end);
  Token Fail(const char* message, size_t begin, size_t end, bool unterminated);
  Token Word(size_t begin);
  Token Number(size_t begin);
  Token HexNumber(size_t begin);
  Token Quoted(TokenKind kind, size_t begin, size_t open, char close, const char* message);
  Token EscapeString(size_t begin);
  Token Dollar(size_t begin);
  Token Blob(size_t begin);
  Token Bits(size_t begin);
  Token Operator(size_t begin);
  Token Punctuation(size_t begin, char c, char next);

  std::string_view sql_;
  SqlDialect dialect_;
  size_t offset_;
  const char* error_ = nullptr;
  bool unterminated_ = false;
  bool open_comment_ = false;
};

/// The tokens of one statement, from an offset up to its semicolon or the end of the text.
struct StatementTokens {
  /// Without the semicolon; ends in a kEnd token that stands where the semicolon or the end is.
  std::vector<Token> tokens;
  /// Behind the semicolon, or the end of the text.
  size_t next_offset = 0;
  /// A semicolon ended it.
  bool terminated = false;
  bool unterminated_token = false;
  /// Of the first kError token, else null.
  const char* error = nullptr;
};

/// Reads one statement's tokens into `out`, whose memory it reuses. The body of CREATE TRIGGER … BEGIN … END keeps its
/// semicolons.
void ReadStatementTokens(std::string_view sql, SqlDialect dialect, size_t offset, StatementTokens* out);

/// The text of a kString, kEscapeString, kDollarString, kQuotedName, kBlob or kBits token: quotes off, doubled quotes,
/// escapes and hexadecimal digits resolved.
std::string DecodeToken(std::string_view sql, const Token& token);

}  // namespace llkv
