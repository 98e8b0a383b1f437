// Time zones: which local time an instant is, by the system's zone data. Here so that only one file knows where zone
// data comes from.
#pragma once

#include <arrow/result.h>
#include <cctz/time_zone.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace llkv {

/// A time zone: a small value; what it refers to is loaded once and never freed. Thread-safe.
class TimeZone {
 public:
  /// UTC.
  TimeZone();

  /// By name ("Europe/Berlin"), as in the IANA database; "UTC", "GMT" and "Z" in any case; or a fixed distance from UTC
  /// ("+02", "-03:30"; east is positive). Error 22023.
  static arrow::Result<TimeZone> Find(std::string_view name);

  const std::string& name() const { return *name_; }

  /// Seconds east of UTC at an instant (seconds since 1970 UTC).
  int32_t OffsetAt(int64_t utc_seconds) const;

  /// What the zone's time is called at an instant: "CET", "CEST"; "+02" where it has no name.
  std::string AbbreviationAt(int64_t utc_seconds) const;

  /// The instant of a local time (seconds since 1970-01-01 00:00:00 local). A local time that the clocks skipped is
  /// read by the offset before the change, one that came twice by the offset after it, as PostgreSQL has it.
  int64_t ToUtc(int64_t local_seconds) const;

  /// Local microseconds of an instant in microseconds, and back; false where that does not fit 64 bits.
  bool LocalMicros(int64_t utc_micros, int64_t* local) const;
  bool UtcMicros(int64_t local_micros, int64_t* utc) const;

  bool operator==(const TimeZone& other) const { return name_ == other.name_; }

 private:
  TimeZone(cctz::time_zone zone, std::string_view name);

  cctz::time_zone zone_;
  /// One for each name, never freed: statements copy zones.
  const std::string* name_;
};

/// Reads "+02", "-0330", "+05:30:15": false where it is none or further than 15:59:59 from UTC.
bool ParseUtcOffset(std::string_view text, int32_t* seconds);

}  // namespace llkv
