// engine_mutations SECONDS SEED FOLDER: changed scripts of FOLDER's *.slt files through a whole engine in memory, for
// so long. Prints how many; a script that crashes is in last_script.sql of the working folder. It needs no libFuzzer,
// so that every sanitized build runs it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine_input.h"
#include "sql_mutator.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: engine_mutations SECONDS SEED FOLDER\n");
    return 2;
  }
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[3])) {
    if (entry.path().extension() == ".slt") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::vector<std::string>> files;
  for (const std::string& path : paths) {
    files.push_back(llkv::fuzz::ReadStatements(path));
    if (files.back().empty()) files.pop_back();
  }
  if (files.empty()) {
    std::fprintf(stderr, "there are no statements in %s\n", argv[3]);
    return 2;
  }
  llkv::fuzz::SqlMutator mutator(std::move(files), std::strtoull(argv[2], nullptr, 10));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(std::atoi(argv[1]));
  int num_scripts = 0;
  for (; std::chrono::steady_clock::now() < end; ++num_scripts) {
    const std::string script = mutator.Next();
    std::ofstream("last_script.sql") << script;
    llkv::fuzz::RunScript(script);
  }
  std::printf("%d scripts\n", num_scripts);
  return 0;
}
