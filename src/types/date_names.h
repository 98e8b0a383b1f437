// The English names of months and weekdays.
#pragma once

#include <string_view>

namespace llkv {

/// January is 0. The short form is the first three letters.
inline constexpr std::string_view kMonthNames[] = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
/// Sunday is 0. The short form is the first three letters.
inline constexpr std::string_view kWeekdayNames[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                     "Thursday", "Friday", "Saturday"};

}  // namespace llkv
