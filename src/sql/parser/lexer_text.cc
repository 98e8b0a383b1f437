// What lies just above single tokens: the values of quoted tokens, and where a statement ends.
#include <cstddef>
#include <string>
#include <string_view>

#include "sql/parser/lexer.h"

namespace llkv {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void AppendUtf8(uint32_t code, std::string* out) {
  if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) code = 0xFFFD;
  if (code < 0x80) {
    out->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    out->push_back(static_cast<char>(0xE0 | (code >> 12)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    out->push_back(static_cast<char>(0xF0 | (code >> 18)));
    out->push_back(static_cast<char>(0x80 | ((code >> 12) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    out->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

/// Reads up to `max_digits` digits of a base from text[*index] on.
uint32_t ReadDigits(std::string_view text, size_t* index, int base, size_t max_digits) {
  uint32_t value = 0;
  for (size_t n = 0; n < max_digits && *index < text.size(); ++n, ++*index) {
    const int digit = HexValue(text[*index]);
    if (digit < 0 || digit >= base) break;
    value = value * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
  }
  return value;
}

/// Resolves the escape whose letter is text[*index], and leaves *index behind it.
void AppendEscape(std::string_view text, size_t* index, std::string* out) {
  const char c = text[(*index)++];
  switch (c) {
    case 'b':
      out->push_back('\b');
      return;
    case 'f':
      out->push_back('\f');
      return;
    case 'n':
      out->push_back('\n');
      return;
    case 'r':
      out->push_back('\r');
      return;
    case 't':
      out->push_back('\t');
      return;
    case 'x':
      out->push_back(static_cast<char>(ReadDigits(text, index, 16, 2)));
      return;
    case 'u':
      AppendUtf8(ReadDigits(text, index, 16, 4), out);
      return;
    case 'U':
      AppendUtf8(ReadDigits(text, index, 16, 8), out);
      return;
    default:
      if (c >= '0' && c <= '7') {
        --*index;
        out->push_back(static_cast<char>(ReadDigits(text, index, 8, 3)));
        return;
      }
      out->push_back(c);
  }
}

std::string DecodeEscapes(std::string_view body) {
  std::string out;
  size_t i = 0;
  while (i < body.size()) {
    if (body[i] == '\\' && i + 1 < body.size()) {
      ++i;
      AppendEscape(body, &i, &out);
    } else {
      if (body[i] == '\'') ++i;
      out.push_back(body[i++]);
    }
  }
  return out;
}

std::string Undouble(std::string_view body, char quote) {
  if (body.find(quote) == std::string_view::npos) return std::string(body);
  std::string out;
  out.reserve(body.size());
  for (size_t i = 0; i < body.size(); ++i) {
    out.push_back(body[i]);
    if (body[i] == quote) ++i;
  }
  return out;
}

}  // namespace

std::string DecodeToken(std::string_view sql, const Token& token) {
  const std::string_view text = sql.substr(token.begin, token.end - token.begin);
  switch (token.kind) {
    case TokenKind::kString:
    case TokenKind::kQuotedName: {
      const char close = text.front() == '[' ? ']' : text.front();
      return Undouble(text.substr(1, text.size() - 2), close);
    }
    case TokenKind::kEscapeString:
      return DecodeEscapes(text.substr(2, text.size() - 3));
    case TokenKind::kDollarString: {
      const size_t tag = text.find('$', 1) + 1;
      return std::string(text.substr(tag, text.size() - 2 * tag));
    }
    case TokenKind::kBits:
      return std::string(text.substr(2, text.size() - 3));
    case TokenKind::kBlob: {
      std::string out;
      for (size_t i = 2; i + 2 < text.size(); i += 2) {
        out.push_back(static_cast<char>(HexValue(text[i]) * 16 + HexValue(text[i + 1])));
      }
      return out;
    }
    default:
      return std::string(text);
  }
}

namespace {

/// Whether the tokens so far begin CREATE … TRIGGER … BEGIN, whose body has semicolons of its own.
bool InTriggerBody(const std::vector<Token>& tokens) {
  if (tokens.empty() || tokens.front().keyword != Keyword::kCreate) return false;
  bool trigger = false;
  for (size_t i = 1; i < tokens.size(); ++i) {
    if (i <= 4 && tokens[i].keyword == Keyword::kTrigger) trigger = true;
    if (trigger && tokens[i].keyword == Keyword::kBegin) return true;
    if (i > 4 && !trigger) return false;
  }
  return false;
}

bool EndsTriggerBody(const std::vector<Token>& tokens) {
  const size_t n = tokens.size();
  return n >= 2 && tokens[n - 1].keyword == Keyword::kEnd && tokens[n - 2].kind == TokenKind::kSemicolon;
}

}  // namespace

void ReadStatementTokens(std::string_view sql, SqlDialect dialect, size_t offset, StatementTokens* out) {
  out->tokens.clear();
  out->terminated = false;
  out->unterminated_token = false;
  out->error = nullptr;
  Lexer lexer(sql, dialect, offset);
  while (true) {
    Token token = lexer.Next();
    if (token.kind == TokenKind::kError && out->error == nullptr) {
      out->error = lexer.error();
      out->unterminated_token = lexer.unterminated();
    }
    const bool ends =
        token.kind == TokenKind::kSemicolon && (!InTriggerBody(out->tokens) || EndsTriggerBody(out->tokens));
    if (!ends && token.kind != TokenKind::kEnd) {
      out->tokens.push_back(token);
      continue;
    }
    out->terminated = ends;
    out->next_offset = token.end;
    token.kind = TokenKind::kEnd;
    token.end = token.begin;
    out->tokens.push_back(token);
    return;
  }
}

}  // namespace llkv
