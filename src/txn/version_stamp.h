// Version stamps: the 64-bit numbers in a row's created_by and deleted_by, and the snapshots that read them.
//
// Two number spaces share the 64 bits. The high bit clear: a commit timestamp (0 is before every commit, so in
// deleted_by it means "not deleted"). The high bit set: a running transaction (31 bits) and one of its commands (32
// bits). Stamps of running transactions are in memory only; a commit replaces them with its timestamp before any
// snapshot can be at that timestamp.
#pragma once

#include <cstdint>

#include "base/ids.h"

namespace llkv {

using VersionStamp = uint64_t;

inline constexpr VersionStamp kInFlightBit = uint64_t{1} << 63;
/// created_by of a row that no snapshot will ever see (rolled back, or never used).
inline constexpr VersionStamp kAbortedStamp = ~uint64_t{0};

/// The high half of a running transaction's stamps: never 0, never that of kAbortedStamp.
constexpr uint32_t OwnTag(TxnId id) { return 0x80000000u | static_cast<uint32_t>(id.value % 0x7FFFFFFEu); }
constexpr VersionStamp InFlightStamp(uint32_t own_tag, uint32_t command) {
  return (static_cast<uint64_t>(own_tag) << 32) | command;
}
constexpr bool IsInFlight(VersionStamp stamp) { return (stamp & kInFlightBit) != 0; }

/// What a statement sees: commits up to `ts`, and its own transaction's commands before `command`. Plain data; a
/// SnapshotPin (txn.h) is what keeps old versions alive for it.
///
/// One with own writes (`own_tag` not 0) is meaningful only while its transaction runs.
struct Snapshot {
  CommitTs ts;
  uint32_t own_tag = 0;
  uint32_t command = 0;

  /// Whether a change with this stamp has happened, as this snapshot sees it.
  constexpr bool Sees(VersionStamp stamp) const {
    if (!IsInFlight(stamp)) return stamp <= ts.value;
    return static_cast<uint32_t>(stamp >> 32) == own_tag && static_cast<uint32_t>(stamp) < command;
  }
  /// Whether a row with these stamps is there.
  constexpr bool SeesRow(VersionStamp created_by, VersionStamp deleted_by) const {
    return Sees(created_by) && (deleted_by == 0 || !Sees(deleted_by));
  }
};

}  // namespace llkv
