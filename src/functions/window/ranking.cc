// Functions of a row's place in its partition: row_number, rank and their kin.
#include "functions/function_registry.h"

namespace llkv {

void RegisterRanking(FunctionRegistry& registry) {
  const auto add = [&](const char* name, WindowKind kind, LogicalType type, const char* description) {
    WindowFunction function;
    function.name = name;
    function.description = description;
    function.example = std::string(name) + "() OVER (ORDER BY a)";
    function.kind = kind;
    function.return_type = type;
    registry.Add(std::move(function));
  };
  add("row_number", WindowKind::kRowNumber, TypeId::kBigInt, "Number of the row in its partition, from 1.");
  add("rank", WindowKind::kRank, TypeId::kBigInt, "Number of the first of the row's peers.");
  add("dense_rank", WindowKind::kDenseRank, TypeId::kBigInt, "Number of the row's group of peers, from 1.");
  add("percent_rank", WindowKind::kPercentRank, TypeId::kDouble, "(rank - 1) / (rows of the partition - 1); 0 of one.");
  add("cume_dist", WindowKind::kCumeDist, TypeId::kDouble, "Share of the partition's rows up to the last peer.");
  WindowFunction ntile;
  ntile.name = "ntile";
  ntile.description = "Number of the row's part, of n parts of the partition that differ by one row at most.";
  ntile.example = "ntile(4) OVER (ORDER BY a)";
  ntile.kind = WindowKind::kNtile;
  ntile.min_arguments = ntile.max_arguments = 1;
  ntile.return_type = TypeId::kBigInt;
  registry.Add(std::move(ntile));
}

}  // namespace llkv
