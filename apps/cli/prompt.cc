// libedit around Shell. Its own reading of keys starts a read again that a signal broke off, so the keys are read here.
#include "prompt.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cwchar>
#include <memory>
#include <string_view>

#include "llkv/engine.h"
#include "llkv/error.h"

namespace llkv::cli {

namespace {

constexpr int kHistoryLines = 1000;

struct EditorState {
  Shell* shell = nullptr;
  /// The read of a key was broken off by an interrupt.
  bool interrupted = false;
};

EditorState* StateOf(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<EditorState*>(data);
}

char* Prompt(EditLine* editor) {
  static char first[] = "llkv> ";
  static char next[] = "  ...> ";
  return StateOf(editor)->shell->has_pending() ? next : first;
}

/// One character of UTF-8 from the terminal: 1, 0 at the end, -1 where it was interrupted.
int ReadKey(EditLine* editor, wchar_t* key) {
  EditorState* state = StateOf(editor);
  std::mbstate_t decoder{};
  while (true) {
    // An interrupt that came before the wait ends it too.
    pollfd waiting[2] = {{STDIN_FILENO, POLLIN, 0}, {state->shell->wake_descriptor(), POLLIN, 0}};
    const int ready = poll(waiting, 2, -1);
    if (ready < 0 && errno != EINTR) return -1;
    if (ready > 0 && (waiting[1].revents & POLLIN) != 0) {
      uint64_t count = 0;
      const bool drained = read(waiting[1].fd, &count, sizeof(count)) == sizeof(count);
      if (drained && state->shell->TakeInterrupt()) {
        state->interrupted = true;
        errno = EINTR;
        return -1;
      }
    }
    if (ready <= 0 || waiting[0].revents == 0) continue;
    char byte = 0;
    const ssize_t count = read(STDIN_FILENO, &byte, 1);
    if (count == 0) return 0;
    if (count < 0) {
      if (errno == EINTR && !state->shell->TakeInterrupt()) continue;
      state->interrupted = errno == EINTR;
      return -1;
    }
    // What a Ctrl-D becomes that was typed while a statement ran; in a line it would stand in the way of the next one.
    if (byte == '\0') continue;
    const size_t used = std::mbrtowc(key, &byte, 1, &decoder);
    if (used == static_cast<size_t>(-2)) continue;
    if (used == static_cast<size_t>(-1)) *key = L'?';
    return 1;
  }
}

struct EditorDeleter {
  void operator()(EditLine* editor) const { el_end(editor); }
};
struct HistoryDeleter {
  void operator()(History* history) const { history_end(history); }
};

}  // namespace

arrow::Status RunPrompt(Shell& shell, const std::string& database) {
  std::printf("LLKV %s, database %s. Statements end in a semicolon; .help lists commands.\n",
              std::string(Version()).c_str(), database.c_str());
  std::fflush(stdout);
  const std::unique_ptr<History, HistoryDeleter> lines(history_init());
  const std::unique_ptr<EditLine, EditorDeleter> editor(el_init("llkv", stdin, stdout, stderr));
  if (lines == nullptr || editor == nullptr) return SqlError(sqlstate::kIoError, "the terminal cannot be used");
  EditorState state{&shell, false};
  HistEvent event{};
  history(lines.get(), &event, H_SETSIZE, kHistoryLines);
  history(lines.get(), &event, H_SETUNIQUE, 1);
  el_set(editor.get(), EL_CLIENTDATA, &state);
  el_set(editor.get(), EL_PROMPT, Prompt);
  el_set(editor.get(), EL_EDITOR, "emacs");
  el_set(editor.get(), EL_SIGNAL, 0);
  el_set(editor.get(), EL_HIST, history, lines.get());
  el_set(editor.get(), EL_GETCFN, ReadKey);
  while (!shell.done()) {
    int length = 0;
    const char* text = el_gets(editor.get(), &length);
    if (state.interrupted) {
      state.interrupted = false;
      shell.DropPending();
      el_reset(editor.get());
      std::printf("^C\n");
      std::fflush(stdout);
      continue;
    }
    if (text == nullptr || length <= 0) {
      std::printf("\n");
      break;
    }
    std::string_view line(text, static_cast<size_t>(length));
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) history(lines.get(), &event, H_ENTER, std::string(line).c_str());
    shell.AddLine(line, {});
    static_cast<void>(shell.TakeInterrupt());
  }
  shell.FinishInput();
  return arrow::Status::OK();
}

}  // namespace llkv::cli
