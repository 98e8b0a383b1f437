// Registers FilePager, the default for a path, under "file".
#include "pager/file/file_pager.h"
#include "pager/registry.h"

namespace llkv {

void RegisterFilePager(PagerRegistry& registry);

void RegisterFilePager(PagerRegistry& registry) {
  registry.Add({"file", true, true,
                [](const std::string& path, const PagerOptions& options) { return OpenFilePager(path, options); }});
}

}  // namespace llkv
