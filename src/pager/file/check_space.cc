// FilePager: compares the counts of live bytes, by which segments become free, with what is reached.
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "pager/file/file_pager.h"

namespace llkv::file {

arrow::Status FilePager::CheckSpace() {
  ARROW_RETURN_NOT_OK(CheckUsable());
  MutexLock checkpoint_lock(checkpoint_mutex_);
  MutexLock lock(commit_mutex_);
  // After a failed sync the state is an older one than the counts are of.
  ARROW_RETURN_NOT_OK(refusal_);
  FileCore& core = *core_;
  std::map<uint64_t, uint64_t> reached;
  std::vector<std::string> outside;
  const auto count = [&](const std::string& what, Extent place) {
    const Segment segment = core.space.FindAround(place.offset - sizeof(EntryHeader));
    const bool is_inside =
        segment.kind == SegmentKind::kData && place.offset + place.length <= segment.offset + segment.used;
    if (!is_inside) outside.push_back(what + " at byte " + std::to_string(place.offset));
    reached[segment.offset] += EntryBytes(place.length);
  };
  ARROW_RETURN_NOT_OK(Newest().state->directory.ForEach(
      core.nodes, [&](uint64_t key, Extent place) { count("the blob of key " + std::to_string(key), place); }));
  ARROW_RETURN_NOT_OK(checkpoint_directory_.ForEachReplaced(KeyDirectory(), core.nodes,
                                                            [&](Extent place) { count("a directory node", place); }));
  count("the checkpoint record", header_.checkpoint);
  if (!outside.empty()) return Corrupted("'" + path_ + "': " + outside.front() + " is outside of all data segments");
  for (const Segment& segment : core.space.Segments()) {
    if (segment.kind != SegmentKind::kData || segment.live == reached[segment.offset]) continue;
    return Corrupted("'" + path_ + "': the segment at byte " + std::to_string(segment.offset) + " counts " +
                     std::to_string(segment.live) + " live bytes and has " + std::to_string(reached[segment.offset]));
  }
  return arrow::Status::OK();
}

}  // namespace llkv::file
