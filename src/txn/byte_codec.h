// ByteWriter and ByteReader: little-endian numbers, varints and strings, for log records and the metadata blobs of
// tables. The reader takes hostile bytes: every read is checked, and nothing is allocated by a length it has not seen.
#pragma once

#include <arrow/status.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace llkv {

static_assert(std::endian::native == std::endian::little, "formats are little-endian and written as they lie");

/// Appends to a byte vector that it owns; Clear keeps the memory.
class ByteWriter {
 public:
  void Clear() { bytes_.clear(); }
  size_t size() const { return bytes_.size(); }
  std::span<const uint8_t> bytes() const { return bytes_; }

  void Raw(const void* data, size_t size) {
    const auto* begin = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  /// A trivially copyable number as it lies in memory.
  template <typename T>
  void Fixed(T value) {
    Raw(&value, sizeof(value));
  }
  void U8(uint8_t value) { bytes_.push_back(value); }
  /// LEB128: seven bits a byte, low ones first.
  void Varint(uint64_t value) {
    while (value >= 0x80) {
      bytes_.push_back(static_cast<uint8_t>(value | 0x80));
      value >>= 7;
    }
    bytes_.push_back(static_cast<uint8_t>(value));
  }
  /// Zigzag, then Varint.
  void SignedVarint(int64_t value) { Varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63)); }
  /// Length, then bytes.
  void String(std::string_view text) {
    Varint(text.size());
    Raw(text.data(), text.size());
  }
  /// Overwrites four bytes written before.
  void PatchU32(size_t offset, uint32_t value) { std::memcpy(bytes_.data() + offset, &value, sizeof(value)); }

 private:
  std::vector<uint8_t> bytes_;
};

/// Reads what ByteWriter wrote. After the first read past the end (or malformed varint) all reads give zeros and ok()
/// is false, so a caller may check once after several reads; loops must check in each round.
class ByteReader {
 public:
  explicit ByteReader(std::span<const uint8_t> bytes) : next_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const { return ok_; }
  size_t remaining() const { return static_cast<size_t>(end_ - next_); }
  bool AtEnd() const { return next_ == end_; }
  /// XX001 naming `what` where a read failed or bytes are left over.
  arrow::Status Finish(std::string_view what) const;
  /// XX001 naming `what` where a read failed.
  arrow::Status Check(std::string_view what) const;

  template <typename T>
  T Fixed() {
    T value{};
    if (remaining() < sizeof(T)) {
      Fail();
      return value;
    }
    std::memcpy(&value, next_, sizeof(T));
    next_ += sizeof(T);
    return value;
  }
  uint8_t U8() { return Fixed<uint8_t>(); }
  uint64_t Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (next_ == end_) break;
      const uint8_t byte = *next_++;
      if (shift == 63 && byte > 1) break;
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    Fail();
    return 0;
  }
  int64_t SignedVarint() {
    const uint64_t value = Varint();
    return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
  }
  /// `size` bytes, in place.
  std::span<const uint8_t> Raw(uint64_t size) {
    if (size > remaining()) {
      Fail();
      return {};
    }
    const uint8_t* begin = next_;
    next_ += size;
    return {begin, static_cast<size_t>(size)};
  }
  /// What was not read yet.
  std::string_view rest() const { return {reinterpret_cast<const char*>(next_), remaining()}; }
  std::string_view String() {
    const std::span<const uint8_t> bytes = Raw(Varint());
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  /// For a value that makes no sense: as a failed read.
  void Fail() {
    ok_ = false;
    next_ = end_;
  }

 private:
  const uint8_t* next_;
  const uint8_t* end_;
  bool ok_ = true;
};

}  // namespace llkv
