// Selecting rows by bytes: right at every length, and reading no byte behind the last row (under ASan).
#include "vector/bitmap.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "vector/vector.h"

namespace llkv {
namespace {

TEST(BitmapTest, SelectBytesReadsNothingBehindTheLastRow) {
  uint16_t rows[kMaxBatchRows];
  for (const uint32_t num_rows : {1U, 9U, 31U, 32U, 33U, 63U, 64U, 65U, 100U, 127U, 2047U, 2048U}) {
    const auto bytes = std::make_unique<uint8_t[]>(num_rows);
    for (uint32_t i = 0; i < num_rows; ++i) bytes[i] = i % 3 == 0 ? static_cast<uint8_t>(1 + i % 200) : 0;
    for (const bool wanted : {true, false}) {
      std::vector<uint16_t> expected;
      for (uint32_t i = 0; i < num_rows; ++i) {
        if ((bytes[i] != 0) == wanted) expected.push_back(static_cast<uint16_t>(i));
      }
      const uint32_t count = SelectBytes(bytes.get(), wanted, Selection::All(num_rows), rows);
      EXPECT_EQ(std::vector<uint16_t>(rows, rows + count), expected) << num_rows;
    }
  }
}

}  // namespace
}  // namespace llkv
