// Faults that the crash suite plants into a FilePager, to show that it would catch them.
#pragma once

namespace llkv {

struct FilePagerTestHooks {
  /// Commits are acknowledged without a sync.
  bool skip_syncs = false;
  /// The commit entry is written before the blobs that it says are there.
  bool commit_before_blobs = false;
  /// A header slot counts although its checksum is wrong.
  bool ignore_header_checksum = false;
  /// Segments are given out again as soon as nothing in them is live, without a checkpoint.
  bool reuse_at_once = false;
};

}  // namespace llkv
