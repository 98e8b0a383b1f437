// 128-bit integers: the type of HUGEINT and of wide decimals, with text conversion.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace llkv {

__extension__ using int128_t = __int128;
__extension__ using uint128_t = unsigned __int128;

inline constexpr int128_t kInt128Max = static_cast<int128_t>((static_cast<uint128_t>(1) << 127) - 1);
inline constexpr int128_t kInt128Min = -kInt128Max - 1;

/// Decimal digits, with '-' where negative.
std::string Int128ToString(int128_t value);
std::string Uint128ToString(uint128_t value);

/// Optional sign and digits only; nothing where the text is anything else or does not fit.
std::optional<int128_t> ParseInt128(std::string_view text);

}  // namespace llkv
