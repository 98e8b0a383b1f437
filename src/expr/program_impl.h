// A compiled program: nodes in an order where children come first. Private to this folder.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "expr/program.h"

namespace llkv {

enum class NodeKind : uint8_t { kInput, kConstant, kFunction, kConjunction, kCase, kCoalesce };

/// A constant's Vector and the memory that it points to.
struct ConstantStorage {
  Value value;
  Vector vector;
  alignas(64) std::array<uint8_t, 128> data{};
  alignas(64) std::array<uint8_t, 64> validity{};
};

struct ProgramNode {
  NodeKind kind = NodeKind::kInput;
  LogicalType type;
  int64_t position = -1;
  std::vector<uint32_t> children;             // nodes before this one
  uint32_t input_index = 0;                   // kInput: in Batch::columns
  std::unique_ptr<ConstantStorage> constant;  // kConstant
  BoundScalar function;                       // kFunction
  bool is_and = true;                         // kConjunction
  bool reads_strings = false;                 // kFunction: an argument is VARCHAR or BLOB
};

struct Program::Impl {
  std::vector<ProgramNode> nodes;
  std::vector<uint32_t> outputs;
};

}  // namespace llkv
