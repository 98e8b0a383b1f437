// Time zones by Google's cctz, which reads the system's zone files and the rules for all years to come that they end
// in.
#include "types/time_zone.h"

#include <chrono>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/mutex.h"
#include "types/calendar.h"
#include "types/time_tz.h"

namespace llkv {

namespace {

cctz::time_point<cctz::seconds> PointAt(int64_t utc_seconds) {
  return cctz::time_point<cctz::seconds>(cctz::seconds(utc_seconds));
}

/// Names reach a path: only what zones are called.
bool IsZoneName(std::string_view name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string_view::npos)
    return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && c != '_' && c != '-' && c != '+' && c != '/') return false;
  }
  return true;
}

bool IsUtcName(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return upper == "UTC" || upper == "GMT" || upper == "Z" || upper == "ZULU";
}

bool TakeTwoDigits(std::string_view* text, int32_t* value) {
  if (text->size() < 2) return false;
  const auto digit = [&](size_t i) { return (*text)[i] >= '0' && (*text)[i] <= '9'; };
  if (!digit(0) || !digit(1)) return false;
  *value = ((*text)[0] - '0') * 10 + ((*text)[1] - '0');
  text->remove_prefix(2);
  return true;
}

const std::string* InternName(std::string_view name) {
  static auto* mutex = new Mutex();
  static auto* names = new std::set<std::string, std::less<>>();
  MutexLock lock(*mutex);
  const auto found = names->find(name);
  return found != names->end() ? &*found : &*names->emplace(name).first;
}

const std::string* UtcName() {
  static const std::string* name = InternName("UTC");
  return name;
}

}  // namespace

TimeZone::TimeZone() : zone_(cctz::utc_time_zone()), name_(UtcName()) {}

TimeZone::TimeZone(cctz::time_zone zone, std::string_view name) : zone_(zone), name_(InternName(name)) {}

arrow::Result<TimeZone> TimeZone::Find(std::string_view name) {
  if (IsUtcName(name)) return TimeZone();
  int32_t offset = 0;
  if (ParseUtcOffset(name, &offset)) {
    return TimeZone(cctz::fixed_time_zone(cctz::seconds(offset)), name);
  }
  cctz::time_zone zone;
  if (!IsZoneName(name) || !cctz::load_time_zone(std::string(name), &zone)) {
    return SqlError(sqlstate::kInvalidParameter, "there is no time zone \"" + std::string(name) + "\"");
  }
  return TimeZone(zone, name);
}

int32_t TimeZone::OffsetAt(int64_t utc_seconds) const { return zone_.lookup(PointAt(utc_seconds)).offset; }

std::string TimeZone::AbbreviationAt(int64_t utc_seconds) const { return zone_.lookup(PointAt(utc_seconds)).abbr; }

int64_t TimeZone::ToUtc(int64_t local_seconds) const {
  const cctz::civil_second civil = cctz::civil_second(1970, 1, 1) + local_seconds;
  const auto found = zone_.lookup(civil);
  const auto point = found.kind == cctz::time_zone::civil_lookup::REPEATED ? found.post : found.pre;
  return point.time_since_epoch().count();
}

bool TimeZone::LocalMicros(int64_t utc_micros, int64_t* local) const {
  const int64_t offset = OffsetAt(FloorDivide(utc_micros, kMicrosPerSecond));
  return !__builtin_add_overflow(utc_micros, offset * kMicrosPerSecond, local);
}

bool TimeZone::UtcMicros(int64_t local_micros, int64_t* utc) const {
  const int64_t seconds = FloorDivide(local_micros, kMicrosPerSecond);
  const int64_t offset = seconds - ToUtc(seconds);
  return !__builtin_sub_overflow(local_micros, offset * kMicrosPerSecond, utc);
}

bool ParseUtcOffset(std::string_view text, int32_t* seconds) {
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return false;
  const bool west = text.front() == '-';
  text.remove_prefix(1);
  int32_t parts[3] = {0, 0, 0};
  if (text.size() == 1 || (text.size() > 1 && text[1] == ':')) {
    if (text.front() < '0' || text.front() > '9') return false;
    parts[0] = text.front() - '0';
    text.remove_prefix(1);
  } else if (!TakeTwoDigits(&text, &parts[0])) {
    return false;
  }
  for (int i = 1; i < 3 && !text.empty(); ++i) {
    if (text.front() == ':') text.remove_prefix(1);
    if (!TakeTwoDigits(&text, &parts[i])) return false;
  }
  if (!text.empty() || parts[1] > 59 || parts[2] > 59) return false;
  const int32_t total = parts[0] * 3600 + parts[1] * 60 + parts[2];
  *seconds = west ? -total : total;
  return total <= kMaxTimeTzOffset;
}

}  // namespace llkv
