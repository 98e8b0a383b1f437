// See reader_base.h.
#include "pager/file/reader_base.h"

#include <arrow/buffer.h>

#include <utility>

namespace llkv::file {

namespace {

class HeldBuffer : public arrow::Buffer {
 public:
  HeldBuffer(std::span<const uint8_t> bytes, std::shared_ptr<FileMapping> mapping, std::shared_ptr<BasePin> pin)
      : arrow::Buffer(bytes.data(), static_cast<int64_t>(bytes.size())),
        mapping_(std::move(mapping)),
        pin_(std::move(pin)) {}

 private:
  std::shared_ptr<FileMapping> mapping_;
  std::shared_ptr<BasePin> pin_;
};

}  // namespace

std::shared_ptr<arrow::Buffer> HeldSegments::Hold(const StorageFile& file, std::span<const uint8_t> bytes,
                                                  uint64_t segment, const std::shared_ptr<BasePins>& pins,
                                                  uint64_t sequence) {
  std::shared_ptr<BasePin> pin;
  {
    MutexLock lock(mutex_);
    std::weak_ptr<BasePin>& known = segments_[segment];
    pin = known.lock();
    if (pin == nullptr) {
      pin = std::make_shared<BasePin>(pins, sequence);
      known = pin;
    }
  }
  return std::make_shared<HeldBuffer>(bytes, file.mapping(), std::move(pin));
}

void HeldSegments::MoveTo(const SegmentSpace& space, uint64_t sequence) {
  MutexLock lock(mutex_);
  for (auto it = segments_.begin(); it != segments_.end();) {
    const std::shared_ptr<BasePin> pin = it->second.lock();
    const Segment segment = space.FindAround(it->first);
    const bool stays = pin != nullptr && segment.kind == SegmentKind::kData && segment.offset == it->first;
    if (stays) pin->MoveTo(sequence);
    it = stays ? std::next(it) : segments_.erase(it);
  }
}

}  // namespace llkv::file
