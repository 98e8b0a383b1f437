// SqlMutator: scripts like those of sqllogictest files, with parts exchanged, dropped, doubled and nested. So most of
// them bind, which random bytes never do.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace llkv::fuzz {

/// The statements of a sqllogictest file, in order.
std::vector<std::string> ReadStatements(const std::string& path);

class SqlMutator {
 public:
  /// `files` are lists of statements, none empty. Equal seeds give equal scripts.
  SqlMutator(std::vector<std::vector<std::string>> files, uint64_t seed);

  /// Statements of one file as they are, and some of them changed.
  std::string Next();

 private:
  using Tokens = std::vector<std::string>;

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  const std::string& AnyToken();
  /// The end of the part in parentheses that begins at `begin`, or begin + 1.
  static size_t PartEnd(const Tokens& tokens, size_t begin);
  void Mutate(Tokens& tokens);
  std::string Mutated(const std::string& statement);

  std::vector<std::vector<std::string>> files_;
  std::vector<Tokens> statements_;  // of all files
  std::mt19937_64 random_;
};

}  // namespace llkv::fuzz
