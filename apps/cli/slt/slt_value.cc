// Rendering, sorting and hashing of values.
#include "slt/slt_value.h"

#include <md5.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace llkv::slt {

namespace {

/// The integer that a text starts with, blanks before it skipped; "0" where there is none.
std::string LeadingInteger(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n\r\f\v");
  if (begin == std::string_view::npos) return "0";
  text.remove_prefix(begin);
  const bool negative = text.front() == '-';
  if (negative || text.front() == '+') text.remove_prefix(1);
  size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  size_t zeros = 0;
  while (zeros < end && text[zeros] == '0') ++zeros;
  if (zeros == end) return "0";
  return (negative ? "-" : "") + std::string(text.substr(zeros, end - zeros));
}

std::string TruncatedReal(double value) {
  if (!std::isfinite(value)) return "0";
  char buffer[400];
  std::snprintf(buffer, sizeof(buffer), "%.0f", std::trunc(value));
  return std::string(buffer) == "-0" ? "0" : buffer;
}

/// %.3f with at most 16 significant digits, zeros after them.
std::string ThreeDigits(double value) {
  if (std::isnan(value)) return "NULL";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "Inf";
  char buffer[400];
  std::snprintf(buffer, sizeof(buffer), "%.3f", value);
  std::string text = buffer;
  constexpr int kMaxDigits = 16;
  int digits = 0;
  for (char c : text) {
    const bool significant = c >= '0' && c <= '9' && (digits > 0 || c != '0');
    if (significant) ++digits;
  }
  if (digits <= kMaxDigits) return text;
  std::snprintf(buffer, sizeof(buffer), "%.15e", value);
  const std::string rounded = buffer;
  // Sixteen digits and an exponent, written out.
  const size_t mark = rounded.find('e');
  const int exponent = std::atoi(rounded.c_str() + mark + 1);
  std::string mantissa;
  for (char c : rounded.substr(0, mark)) {
    if (c >= '0' && c <= '9') mantissa += c;
  }
  const auto integral = static_cast<size_t>(exponent) + 1;
  mantissa.resize(std::max(mantissa.size(), integral + 3), '0');
  return (value < 0 ? "-" : "") + mantissa.substr(0, integral) + "." + mantissa.substr(integral, 3);
}

}  // namespace

std::string RenderByLetter(const Value& value, char letter) {
  if (value.kind == ValueKind::kNull) return "NULL";
  const bool integer = value.kind == ValueKind::kInteger || value.kind == ValueKind::kBoolean;
  if (letter == 'I') {
    if (integer) return std::to_string(value.integer);
    return value.kind == ValueKind::kReal ? TruncatedReal(value.real) : LeadingInteger(value.text);
  }
  if (letter == 'R') {
    if (integer) return ThreeDigits(static_cast<double>(value.integer));
    return ThreeDigits(value.kind == ValueKind::kReal ? value.real : std::strtod(value.text.c_str(), nullptr));
  }
  if (value.text.empty()) return "(empty)";
  std::string text = value.text;
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '@';
  }
  return text;
}

std::string RenderByType(const Value& value) {
  if (value.kind == ValueKind::kNull) return "NULL";
  if (value.text.empty()) return "(empty)";
  std::string text;
  for (char c : value.text) {
    if (c == '\0') {
      text += "\\0";
    } else {
      text += c;
    }
  }
  return text;
}

void SortValues(SortMode mode, size_t num_columns, std::vector<std::string>* values) {
  if (mode == SortMode::kValues) {
    std::sort(values->begin(), values->end());
  } else if (mode == SortMode::kRows && num_columns == 1) {
    std::sort(values->begin(), values->end());
  } else if (mode == SortMode::kRows && num_columns > 1) {
    std::vector<std::vector<std::string>> rows(values->size() / num_columns);
    for (size_t i = 0; i < rows.size() * num_columns; ++i) rows[i / num_columns].push_back(std::move((*values)[i]));
    std::sort(rows.begin(), rows.end());
    for (size_t i = 0; i < rows.size() * num_columns; ++i)
      (*values)[i] = std::move(rows[i / num_columns][i % num_columns]);
  }
}

std::string HashValues(const std::vector<std::string>& values) {
  MD5_CTX context;
  MD5Init(&context);
  for (const std::string& value : values) {
    MD5Update(&context, reinterpret_cast<const uint8_t*>(value.data()), value.size());
    MD5Update(&context, reinterpret_cast<const uint8_t*>("\n"), 1);
  }
  char digits[MD5_DIGEST_STRING_LENGTH];
  return MD5End(&context, digits);
}

}  // namespace llkv::slt
