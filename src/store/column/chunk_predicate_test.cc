// Predicates on every encoding against a naive evaluation, pruning, and what evaluation costs.
#include "store/column/chunk_predicate.h"

#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <random>

#include "store/column/predicate_kernels.h"
#include "store/column/row_group_writer.h"
#include "store/column/testing/column_data.h"

namespace llkv {
namespace {

using testing::AllTypes;
using testing::FlatColumn;
using testing::kAllSpreads;
using testing::RandomValues;
using testing::Spread;

constexpr PredicateOp kAllOps[] = {PredicateOp::kEqual,     PredicateOp::kNotEqual,  PredicateOp::kLess,
                                   PredicateOp::kLessEqual, PredicateOp::kGreater,   PredicateOp::kGreaterEqual,
                                   PredicateOp::kIsNull,    PredicateOp::kIsNotNull, PredicateOp::kIn};

std::unique_ptr<const ColumnChunk> MakeChunk(LogicalType type, const std::vector<Value>& values) {
  RowGroupWriter writer({{FieldId(1), type}}, arrow::default_memory_pool());
  const FlatColumn column(type, values);
  for (uint32_t first = 0; first < values.size(); first += kMaxBatchRows) {
    const uint32_t n = std::min<uint32_t>(kMaxBatchRows, static_cast<uint32_t>(values.size()) - first);
    const Vector vector = column.GetVector(first);
    std::vector<RowId> ids;
    for (uint32_t i = 0; i < n; ++i) ids.push_back(RowId(first + i));
    EXPECT_TRUE(writer.Append(Batch{std::span(&vector, 1), n, Selection::All(n)}, ids).ok());
  }
  EncodedRowGroup row_group = writer.Finish().ValueOrDie();
  ChunkDescriptor descriptor = row_group.descriptor.columns[0];
  std::shared_ptr<arrow::Buffer> blob;
  if (!row_group.column_pieces[0].empty()) {
    blob = arrow::ConcatenateBuffers(row_group.column_pieces[0]).ValueOrDie();
    descriptor.key = PhysicalKey(1);
  }
  return ColumnChunk::Open(descriptor, blob, 1, arrow::default_memory_pool()).ValueOrDie();
}

bool NaivePasses(const ScanPredicate& predicate, const Value& value) {
  if (predicate.op == PredicateOp::kIsNull) return value.is_null();
  if (predicate.op == PredicateOp::kIsNotNull) return !value.is_null();
  if (value.is_null()) return false;
  for (const Value& other : predicate.values) {
    if (other.is_null()) continue;
    const int order = CompareValues(value, other);
    switch (predicate.op) {
      case PredicateOp::kEqual:
        return order == 0;
      case PredicateOp::kNotEqual:
        return order != 0;
      case PredicateOp::kLess:
        return order < 0;
      case PredicateOp::kLessEqual:
        return order <= 0;
      case PredicateOp::kGreater:
        return order > 0;
      case PredicateOp::kGreaterEqual:
        return order >= 0;
      default:
        if (order == 0) return true;
    }
  }
  return false;
}

ScanPredicate RandomPredicate(LogicalType type, PredicateOp op, Spread spread, const std::vector<Value>& values,
                              std::mt19937_64& random) {
  ScanPredicate predicate;
  predicate.op = op;
  if (op == PredicateOp::kIsNull || op == PredicateOp::kIsNotNull) return predicate;
  const size_t count = op == PredicateOp::kIn ? random() % 6 : 1;
  for (size_t i = 0; i < count; ++i) {
    switch (random() % 5) {
      case 0:
        predicate.values.push_back(RandomValues(type, Spread::kExtreme, 1, 10, random)[0]);
        break;
      case 1:
        predicate.values.push_back(RandomValues(type, spread, 1, 0, random)[0]);
        break;
      default:
        predicate.values.push_back(values[random() % values.size()]);
    }
  }
  return predicate;
}

std::vector<uint32_t> Rows(const Selection& selection) {
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < selection.count; ++i) rows.push_back(selection[i]);
  return rows;
}

/// Evaluates on the chunk, batch after batch, and compares with the naive answer.
void ExpectSameRows(const std::vector<ScanPredicate>& predicates, const std::vector<const ColumnChunk*>& chunks,
                    const std::vector<const std::vector<Value>*>& columns, std::mt19937_64& random) {
  ChunkPredicates conjunction;
  for (size_t i = 0; i < predicates.size(); ++i) {
    const arrow::Status status = conjunction.Add(predicates[i], chunks[i]);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }
  std::vector<uint16_t> out(kMaxBatchRows + kRowsSlack);
  ColumnScratch scratch(arrow::default_memory_pool());
  const auto num_rows = static_cast<uint32_t>(columns[0]->size());
  uint64_t num_passed = 0;
  for (uint32_t first = 0; first < num_rows; first += kMaxBatchRows) {
    const uint32_t n = std::min(kMaxBatchRows, num_rows - first);
    std::vector<uint16_t> input;
    const bool is_dense = random() % 2 == 0;
    for (uint32_t row = 0; row < n; ++row) {
      if (!is_dense && random() % 3 == 0) input.push_back(static_cast<uint16_t>(row));
    }
    const Selection selection =
        is_dense ? Selection::All(n) : Selection{input.data(), static_cast<uint32_t>(input.size())};
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < selection.count; ++i) {
      bool passes = true;
      for (size_t p = 0; p < predicates.size(); ++p) {
        passes &= NaivePasses(predicates[p], (*columns[p])[first + selection[i]]);
      }
      if (passes) expected.push_back(selection[i]);
    }
    ASSERT_EQ(Rows(*conjunction.Evaluate(first, n, selection, scratch, out.data())), expected);
    num_passed += expected.size();
  }
  EXPECT_TRUE(conjunction.outcome() != PredicateOutcome::kNone || num_passed == 0);
}

TEST(ChunkPredicateTest, EveryTypeEncodingAndOperatorIsExact) {
  uint64_t seed = 1;
  for (const LogicalType type : AllTypes()) {
    for (const Spread spread : kAllSpreads) {
      for (const int null_percent : {0, 25}) {
        std::mt19937_64 random(seed++);
        const std::vector<Value> values = RandomValues(type, spread, 2500, null_percent, random);
        const auto chunk = MakeChunk(type, values);
        const FlatColumn flat(type, values);
        for (const PredicateOp op : kAllOps) {
          for (int round = 0; round < 3; ++round) {
            const ScanPredicate predicate = RandomPredicate(type, op, spread, values, random);
            std::string text;
            for (const Value& value : predicate.values) text += " " + value.ToSql();
            SCOPED_TRACE(type.ToString() + " spread " + std::to_string(static_cast<int>(spread)) + " op " +
                         std::to_string(static_cast<int>(op)) + text + " seed " + std::to_string(seed - 1));
            ExpectSameRows({predicate}, {chunk.get()}, {&values}, random);
            // Hot rows: the same on flat vectors.
            const Vector batch = flat.GetVector(0);
            const auto on_flat = VectorPredicate::Prepare(predicate, batch);
            ASSERT_TRUE(on_flat.ok());
            std::vector<uint64_t> mask(32, ~uint64_t{0});
            on_flat->Evaluate(batch, 2000, mask.data());
            for (uint32_t row = 0; row < 2000; ++row) {
              ASSERT_EQ(((mask[row / 64] >> (row % 64)) & 1) != 0, NaivePasses(predicate, values[row])) << row;
            }
            if (HasFatalFailure()) return;
          }
        }
      }
    }
  }
}

TEST(ChunkPredicateTest, DecodedEncodingsAreExact) {
  uint64_t seed = 900;
  for (const LogicalType type : AllTypes()) {
    for (const auto shape : {testing::Shape::kRuns, testing::Shape::kText, testing::Shape::kDecimals}) {
      std::mt19937_64 random(seed++);
      const std::vector<Value> values = testing::ShapedValues(type, shape, 5000, 0, random);
      if (values.empty()) continue;
      const auto chunk = MakeChunk(type, values);
      for (const PredicateOp op : kAllOps) {
        for (int round = 0; round < 3; ++round) {
          ScanPredicate predicate{0, op, {}};
          if (op != PredicateOp::kIsNull && op != PredicateOp::kIsNotNull) {
            predicate.values.push_back(values[random() % values.size()]);
            if (op == PredicateOp::kIn) predicate.values.push_back(values[random() % values.size()]);
          }
          SCOPED_TRACE(type.ToString() + " op " + std::to_string(static_cast<int>(op)));
          ExpectSameRows({predicate}, {chunk.get()}, {&values}, random);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST(ChunkPredicateTest, RunsAreEvaluatedOnceEach) {
  std::vector<Value> values;
  for (int i = 0; i < 50000; ++i) values.push_back(Value::Integer(TypeId::kDate, i / 1000));
  const auto chunk = MakeChunk(TypeId::kDate, values);
  ASSERT_EQ(chunk->descriptor().encoding, ChunkEncoding::kRunEnd);
  PredicateCounters counters;
  ChunkPredicates predicates;
  ASSERT_TRUE(predicates.Add({0, PredicateOp::kLess, {Value::Integer(TypeId::kDate, 7)}}, chunk.get(), &counters).ok());
  std::vector<uint16_t> rows(kMaxBatchRows + kRowsSlack);
  ColumnScratch scratch(arrow::default_memory_pool());
  uint32_t count = 0;
  for (uint32_t first = 0; first < 50000; first += kMaxBatchRows) {
    const uint32_t n = std::min(kMaxBatchRows, 50000 - first);
    count += predicates.Evaluate(first, n, Selection::All(n), scratch, rows.data())->count;
  }
  EXPECT_EQ(counters.runs.load(), 50U);
  EXPECT_EQ(count, 7000U);
}

TEST(ChunkPredicateTest, ConjunctionsNarrow) {
  std::mt19937_64 random(77);
  for (int round = 0; round < 60; ++round) {
    std::vector<std::vector<Value>> columns;
    std::vector<std::unique_ptr<const ColumnChunk>> chunks;
    std::vector<ScanPredicate> predicates;
    std::vector<const ColumnChunk*> chunk_pointers;
    std::vector<const std::vector<Value>*> column_pointers;
    const size_t count = 1 + random() % 4;
    for (size_t i = 0; i < count; ++i) {
      const LogicalType type = AllTypes()[random() % AllTypes().size()];
      const Spread spread = kAllSpreads[random() % std::size(kAllSpreads)];
      columns.push_back(RandomValues(type, spread, 3000, 10, random));
      predicates.push_back(RandomPredicate(type, kAllOps[1 + random() % 5], spread, columns.back(), random));
      chunks.push_back(MakeChunk(type, columns.back()));
    }
    for (size_t i = 0; i < count; ++i) {
      chunk_pointers.push_back(chunks[i].get());
      column_pointers.push_back(&columns[i]);
    }
    SCOPED_TRACE(round);
    ExpectSameRows(predicates, chunk_pointers, column_pointers, random);
    if (HasFatalFailure()) return;
  }
}

TEST(ChunkPredicateTest, DictionariesAreEvaluatedOnceAnEntry) {
  std::vector<Value> values;
  for (int i = 0; i < 50000; ++i) values.push_back(Value::Varchar("mode " + std::to_string(i % 7)));
  const auto chunk = MakeChunk(TypeId::kVarchar, values);
  ASSERT_EQ(chunk->descriptor().encoding, ChunkEncoding::kDictionary);
  PredicateCounters counters;
  ChunkPredicates predicates;
  ASSERT_TRUE(predicates.Add({0, PredicateOp::kEqual, {Value::Varchar("mode 3")}}, chunk.get(), &counters).ok());
  std::vector<uint16_t> rows(kMaxBatchRows + kRowsSlack);
  ColumnScratch scratch(arrow::default_memory_pool());
  uint32_t count = 0;
  for (uint32_t first = 0; first < 50000; first += kMaxBatchRows) {
    const uint32_t n = std::min(kMaxBatchRows, 50000 - first);
    count += predicates.Evaluate(first, n, Selection::All(n), scratch, rows.data())->count;
  }
  EXPECT_EQ(counters.dictionary_entries.load(), 7U);
  EXPECT_EQ(count, 7143U);
}

TEST(ChunkPredicateTest, StatisticsPrune) {
  std::vector<Value> values;
  for (int i = 0; i < 1000; ++i) values.push_back(Value::Integer(TypeId::kInteger, 100 + i));
  const auto chunk = MakeChunk(TypeId::kInteger, values);
  auto prune = [&](PredicateOp op, int value) {
    return PruneByStatistics({0, op, {Value::Integer(TypeId::kInteger, value)}}, chunk->descriptor());
  };
  EXPECT_EQ(prune(PredicateOp::kLess, 100), PredicateOutcome::kNone);
  EXPECT_EQ(prune(PredicateOp::kLess, 101), PredicateOutcome::kSome);
  EXPECT_EQ(prune(PredicateOp::kLess, 1100), PredicateOutcome::kAll);
  EXPECT_EQ(prune(PredicateOp::kGreaterEqual, 100), PredicateOutcome::kAll);
  EXPECT_EQ(prune(PredicateOp::kEqual, 99), PredicateOutcome::kNone);
  EXPECT_EQ(prune(PredicateOp::kNotEqual, 99), PredicateOutcome::kAll);
  EXPECT_EQ(PruneByStatistics({0, PredicateOp::kIsNull, {}}, chunk->descriptor()), PredicateOutcome::kNone);
  EXPECT_EQ(PruneByStatistics({0, PredicateOp::kLess, {Value::Null(TypeId::kInteger)}}, chunk->descriptor()),
            PredicateOutcome::kNone);
}

/// Columns of TPC-H's lineitem that its sixth query filters by; prints speeds, asserts none.
TEST(ChunkPredicateTest, SixthQuerysFilterSpeed) {
  constexpr uint32_t kRows = kMaxRowGroupRows;
  std::mt19937_64 random(1);
  const LogicalType money = LogicalType::Decimal(15, 2);
  std::vector<Value> dates;
  std::vector<Value> discounts;
  std::vector<Value> quantities;
  for (uint32_t i = 0; i < kRows; ++i) {
    dates.push_back(Value::Integer(TypeId::kDate, 8036 + static_cast<int>(random() % 2526)));
    discounts.push_back(Value::Integer(money, static_cast<int>(random() % 11)));
    quantities.push_back(Value::Integer(money, (1 + static_cast<int>(random() % 50)) * 100));
  }
  const auto date = MakeChunk(TypeId::kDate, dates);
  const auto discount = MakeChunk(money, discounts);
  const auto quantity = MakeChunk(money, quantities);
  ChunkPredicates predicates;
  ASSERT_TRUE(predicates.Add({0, PredicateOp::kGreaterEqual, {Value::Integer(TypeId::kDate, 8766)}}, date.get()).ok());
  ASSERT_TRUE(predicates.Add({0, PredicateOp::kLess, {Value::Integer(TypeId::kDate, 9131)}}, date.get()).ok());
  ASSERT_TRUE(predicates.Add({1, PredicateOp::kGreaterEqual, {Value::Integer(money, 5)}}, discount.get()).ok());
  ASSERT_TRUE(predicates.Add({1, PredicateOp::kLessEqual, {Value::Integer(money, 7)}}, discount.get()).ok());
  ASSERT_TRUE(predicates.Add({2, PredicateOp::kLess, {Value::Integer(money, 2400)}}, quantity.get()).ok());
  std::vector<uint16_t> rows(kMaxBatchRows + kRowsSlack);
  ColumnScratch scratch(arrow::default_memory_pool());
  uint64_t passed = 0;
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRounds = 200;
  for (int round = 0; round < kRounds; ++round) {
    for (uint32_t first = 0; first < kRows; first += kMaxBatchRows) {
      passed += predicates.Evaluate(first, kMaxBatchRows, Selection::All(kMaxBatchRows), scratch, rows.data())->count;
    }
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const double num_rows = double{kRows} * kRounds;
  const double width = 2.0 + 1.0 + 2.0;
  std::printf("Q6 filter: %.2f G rows/s, %.1f GB/s of encoded columns, %.1f GB/s of flat ones, passed %.2f %%\n",
              num_rows / seconds / 1e9, num_rows * width / seconds / 1e9, num_rows * 20 / seconds / 1e9,
              100.0 * static_cast<double>(passed) / num_rows);
  EXPECT_GT(passed, 0U);
}

/// Predicates on other forms; prints speeds, asserts none.
TEST(ChunkPredicateTest, OtherFormsSpeed) {
  std::mt19937_64 random(1);
  const struct {
    const char* name;
    LogicalType type;
    Spread spread;
    PredicateOp op;
  } cases[] = {{"flat bigint >=", TypeId::kBigInt, Spread::kExtreme, PredicateOp::kGreaterEqual},
               {"double <", TypeId::kDouble, Spread::kWide, PredicateOp::kLess},
               {"dictionary text =", TypeId::kVarchar, Spread::kFew, PredicateOp::kEqual},
               {"flat text =", TypeId::kVarchar, Spread::kWide, PredicateOp::kEqual},
               {"flat text <", TypeId::kVarchar, Spread::kWide, PredicateOp::kLess}};
  for (const auto& item : cases) {
    const std::vector<Value> values = RandomValues(item.type, item.spread, kMaxRowGroupRows, 0, random);
    const auto chunk = MakeChunk(item.type, values);
    ChunkPredicates predicates;
    ASSERT_TRUE(predicates.Add({0, item.op, {values[6]}}, chunk.get()).ok());
    std::vector<uint16_t> rows(kMaxBatchRows + kRowsSlack);
    ColumnScratch scratch(arrow::default_memory_pool());
    uint64_t passed = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < 20; ++round) {
      for (uint32_t first = 0; first < kMaxRowGroupRows; first += kMaxBatchRows) {
        passed += predicates.Evaluate(first, kMaxBatchRows, Selection::All(kMaxBatchRows), scratch, rows.data())->count;
      }
    }
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-18s %.2f ns a row\n", item.name, seconds / 20 / kMaxRowGroupRows * 1e9);
    EXPECT_GT(passed, 0U);
  }
}

}  // namespace
}  // namespace llkv
