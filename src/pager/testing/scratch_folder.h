// A folder of its own for a test, removed with it.
#pragma once

#include <string>

namespace llkv {

class ScratchFolder {
 public:
  /// Made under the system's folder for temporary files; aborts the test where that fails.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace llkv
