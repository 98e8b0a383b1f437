// libedit's readline interface around Shell.
#include "prompt.h"

#include <editline/readline.h>

#include <cstdio>
#include <cstdlib>

#include "llkv/engine.h"

namespace llkv::cli {

void RunPrompt(Shell& shell, const std::string& database) {
  std::printf("LLKV %s, database %s. Statements end in a semicolon; .help lists commands.\n",
              std::string(Version()).c_str(), database.c_str());
  using_history();
  while (!shell.done()) {
    char* line = readline(shell.has_pending() ? "  ...> " : "llkv> ");
    if (line == nullptr) {
      std::printf("\n");
      break;
    }
    if (line[0] != '\0') add_history(line);
    shell.AddLine(line, "");
    std::free(line);
  }
  shell.FinishInput();
}

}  // namespace llkv::cli
