// ReaderBase: one checkpoint of a database file as a reader has it open, with the pin that keeps what it reaches; and
// the buffers that a reader gives out, which keep what they lie in.
#pragma once

#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "base/mutex.h"
#include "pager/file/base_pins.h"
#include "pager/file/blob_reader.h"
#include "pager/file/recovery.h"
#include "pager/file/segment_space.h"
#include "pager/file/storage_file.h"

namespace llkv::file {

/// The segments that buffers of this process lie in. A buffer needs its segment, not the checkpoint that it was read
/// through: where a newer checkpoint still has the segment, the pin moves there. Any thread.
class HeldSegments {
 public:
  /// A buffer over mapped `bytes` of the file, inside `segment` as of checkpoint `sequence`.
  std::shared_ptr<arrow::Buffer> Hold(const StorageFile& file, std::span<const uint8_t> bytes, uint64_t segment,
                                      const std::shared_ptr<BasePins>& pins, uint64_t sequence);
  /// The reader has gone over to a checkpoint: moves the pins of segments that it has too.
  void MoveTo(const SegmentSpace& space, uint64_t sequence);

 private:
  Mutex mutex_;
  std::map<uint64_t, std::weak_ptr<BasePin>> segments_ LLKV_GUARDED_BY(mutex_);
};

/// What the file is to this process.
struct OpenedFile {
  explicit OpenedFile(std::unique_ptr<StorageFile> opened) : file(std::move(opened)), nodes(*file) {}
  const std::unique_ptr<StorageFile> file;
  FileNodeSource nodes;
  HeldSegments held;
};

/// Any thread.
struct ReaderBase {
  ReaderBase(std::shared_ptr<OpenedFile> opened_file, const HeaderSlot& slot, const PagerOptions& options,
             const std::shared_ptr<BasePins>& base_pins)
      : opened(std::move(opened_file)),
        header(slot),
        space(*opened->file, options),
        pins(base_pins),
        pin(base_pins, slot.sequence) {}

  const std::shared_ptr<OpenedFile> opened;
  const HeaderSlot header;
  SegmentSpace space;
  const std::shared_ptr<BasePins> pins;
  const BasePin pin;
};

}  // namespace llkv::file
