// ASSERT_OK and ASSERT_OK_AND_ASSIGN: what tests ask of an arrow::Status and an arrow::Result. The test includes
// Google Test itself.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <utility>

/// The test ends where a status is an error.
#define ASSERT_OK(expression)                          \
  do {                                                 \
    const ::arrow::Status status_of_it = (expression); \
    ASSERT_TRUE(status_of_it.ok()) << status_of_it;    \
  } while (false)

#define LLKV_TEST_JOIN_NOW(a, b) a##b
#define LLKV_TEST_JOIN(a, b) LLKV_TEST_JOIN_NOW(a, b)
#define LLKV_TEST_ASSIGN(target, result, expression) \
  auto result = (expression);                        \
  ASSERT_TRUE(result.ok()) << result.status();       \
  target = *std::move(result)

/// `target` (a declaration or a variable) takes the value of an arrow::Result; the test ends where it failed.
#define ASSERT_OK_AND_ASSIGN(target, expression) \
  LLKV_TEST_ASSIGN(target, LLKV_TEST_JOIN(result_of_line_, __LINE__), expression)
