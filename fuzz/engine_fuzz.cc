// Any text as a script through a whole engine in memory.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  llkv::fuzz::RunScript(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
