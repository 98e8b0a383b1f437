// ctest-labels: crash
// Random histories of a ColumnStore against a plain map: appends of any fields, unsorted, with ids that come again,
// deletes, compactions, checkpoints, sort indexes, reopenings and power losses; after each step what the store gives is
// what the map has, and readers that began earlier give what the map had.
#include <arrow/array.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "api/testing/query_text.h"
#include "api/testing/store_batches.h"
#include "os/testing/sim_disk.h"
#include "pager/registry.h"

namespace llkv {
namespace {

using ScalarPtr = std::shared_ptr<arrow::Scalar>;
/// Cells that have a value.
using Row = std::map<LogicalFieldId, ScalarPtr>;
using Model = std::map<uint64_t, Row>;

struct Field {
  LogicalFieldId id;
  std::string name;
  std::shared_ptr<arrow::DataType> type;
};

std::vector<Field> AllFields() {
  return {{UserField(0), "zero", arrow::int64()},
          {UserField(1), "text", arrow::utf8()},
          {UserField(2), "real", arrow::float64()},
          {UserField(3), "flag", arrow::boolean()},
          {UserField(4), "day", arrow::date32()},
          {UserField(5), "money", arrow::decimal128(12, 2)},
          {UserField(6), "bytes", arrow::binary()},
          {UserField(7), "small", arrow::uint8()},
          {{FieldNamespace::kMvcc, 1}, "created_by", arrow::uint64()},
          {{FieldNamespace::kCatalog, 1}, "label", arrow::utf8()}};
}

bool SameValue(const arrow::Scalar& a, const arrow::Scalar& b) {
  return a.Equals(b, arrow::EqualOptions().nans_equal(true).signed_zeros_equal(true));
}

/// Negative, 0, positive, as a sort index orders.
int CompareScalars(const arrow::Scalar& a, const arrow::Scalar& b) {
  const auto three_way = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (a.type->id()) {
    case arrow::Type::INT64:
      return three_way(static_cast<const arrow::Int64Scalar&>(a).value,
                       static_cast<const arrow::Int64Scalar&>(b).value);
    case arrow::Type::UINT64:
      return three_way(static_cast<const arrow::UInt64Scalar&>(a).value,
                       static_cast<const arrow::UInt64Scalar&>(b).value);
    case arrow::Type::UINT8:
      return three_way(static_cast<const arrow::UInt8Scalar&>(a).value,
                       static_cast<const arrow::UInt8Scalar&>(b).value);
    case arrow::Type::BOOL:
      return three_way(static_cast<const arrow::BooleanScalar&>(a).value,
                       static_cast<const arrow::BooleanScalar&>(b).value);
    case arrow::Type::DATE32:
      return three_way(static_cast<const arrow::Date32Scalar&>(a).value,
                       static_cast<const arrow::Date32Scalar&>(b).value);
    case arrow::Type::DECIMAL128:
      return three_way(static_cast<const arrow::Decimal128Scalar&>(a).value,
                       static_cast<const arrow::Decimal128Scalar&>(b).value);
    case arrow::Type::DOUBLE: {
      const double x = static_cast<const arrow::DoubleScalar&>(a).value;
      const double y = static_cast<const arrow::DoubleScalar&>(b).value;
      if (std::isnan(x) || std::isnan(y)) return three_way(std::isnan(x), std::isnan(y));
      return three_way(x, y);
    }
    default:
      return static_cast<const arrow::BaseBinaryScalar&>(a).view().compare(
          static_cast<const arrow::BaseBinaryScalar&>(b).view());
  }
}

bool Passes(const ScalarPtr& cell, CompareOp op, const std::vector<ScalarPtr>& values) {
  if (op == CompareOp::kIsNull) return cell == nullptr;
  if (cell == nullptr) return false;
  if (op == CompareOp::kIsNotNull) return true;
  return std::any_of(values.begin(), values.end(), [&](const ScalarPtr& value) {
    if (!value->is_valid) return false;
    const int order = CompareScalars(*cell, *value);
    switch (op) {
      case CompareOp::kNotEqual:
        return order != 0;
      case CompareOp::kLess:
        return order < 0;
      case CompareOp::kLessEqual:
        return order <= 0;
      case CompareOp::kGreater:
        return order > 0;
      case CompareOp::kGreaterEqual:
        return order >= 0;
      default:
        return order == 0;
    }
  });
}

class History {
 public:
  /// On `disk`, or in memory where it is null.
  History(uint64_t seed, SimDisk* disk) : rng_(seed), seed_(seed), disk_(disk), fields_(AllFields()) {}

  void Run(int num_steps) {
    Open();
    for (int step = 0; step < num_steps && !::testing::Test::HasFailure(); ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed_) + " step " + std::to_string(step));
      Step();
      CheckSome();
    }
    if (::testing::Test::HasFailure()) return;
    CheckHeld();
    CheckAll();
    held_.clear();
    ASSERT_OK(store_->Close());
  }

 private:
  struct Held {
    std::shared_ptr<arrow::RecordBatchReader> reader;
    std::vector<LogicalFieldId> fields;
    Model model;
  };

  uint64_t Random(uint64_t n) { return rng_() % n; }

  void Open() {
    store_.reset();
    PagerOptions options;
    options.address_space_bytes = uint64_t{1} << 30;
    options.min_segment_bytes = uint64_t{1} << 16;
    options.file_system = disk_;
    auto pager = disk_ != nullptr ? OpenPager("/store", options) : OpenPager(":memory:");
    ASSERT_TRUE(pager.ok()) << pager.status();
    ColumnStoreOptions store_options;
    store_options.background = false;
    ASSERT_OK_AND_ASSIGN(store_, ColumnStore::Make(*std::move(pager), store_options));
  }

  uint64_t RandomId() {
    switch (Random(8)) {
      case 0:
        return rng_();
      case 1:
        return std::numeric_limits<uint64_t>::max() - Random(3);
      case 2:
        return 5000 + Random(20000);
      default:
        return Random(150);
    }
  }

  ScalarPtr RandomScalar(const arrow::DataType& type) {
    if (Random(5) == 0) return arrow::MakeNullScalar(type.GetSharedPtr());
    const uint64_t n = Random(4) == 0 ? rng_() : Random(40);
    switch (type.id()) {
      case arrow::Type::INT64:
        return std::make_shared<arrow::Int64Scalar>(static_cast<int64_t>(n) - 20);
      case arrow::Type::UINT64:
        return std::make_shared<arrow::UInt64Scalar>(n);
      case arrow::Type::UINT8:
        return std::make_shared<arrow::UInt8Scalar>(static_cast<uint8_t>(n));
      case arrow::Type::BOOL:
        return std::make_shared<arrow::BooleanScalar>(n % 2 == 0);
      case arrow::Type::DATE32:
        return std::make_shared<arrow::Date32Scalar>(static_cast<int32_t>(n % 100000));
      case arrow::Type::DECIMAL128:
        return std::make_shared<arrow::Decimal128Scalar>(arrow::Decimal128(static_cast<int64_t>(n % 1000000) - 20),
                                                         type.GetSharedPtr());
      case arrow::Type::DOUBLE: {
        if (n == 7) return std::make_shared<arrow::DoubleScalar>(std::numeric_limits<double>::quiet_NaN());
        return std::make_shared<arrow::DoubleScalar>(static_cast<double>(n) / 4 - 3);
      }
      case arrow::Type::BINARY:
        return std::make_shared<arrow::BinaryScalar>(arrow::Buffer::FromString(RandomText(n)));
      default:
        return std::make_shared<arrow::StringScalar>(RandomText(n));
    }
  }

  std::string RandomText(uint64_t n) {
    std::string text = "text " + std::to_string(n);
    // Longer than what bounds keep.
    if (n % 11 == 3) text.insert(0, std::string(40 + n % 3, 'a'));
    return n % 13 == 5 ? "" : text;
  }

  std::vector<Field> RandomFields() {
    std::vector<Field> some = fields_;
    std::shuffle(some.begin(), some.end(), rng_);
    // Fields come up one after the other.
    num_used_ = std::min(fields_.size(), num_used_ + Random(2));
    std::erase_if(some, [this](const Field& field) { return field.id >= fields_[num_used_ - 1].id && num_used_ < 10; });
    some.resize(std::min(some.size(), static_cast<size_t>(Random(5))));
    return some;
  }

  void Append() {
    static constexpr uint64_t kSizes[] = {0, 1, 5, 20, 300, 3000};
    size_t num_rows = kSizes[Random(6)];
    const bool is_large = Random(25) == 0;
    if (is_large) num_rows = 33000 + Random(3000);
    const uint64_t first = Random(50000);
    std::vector<uint64_t> ids;
    for (size_t i = 0; i < num_rows; ++i) ids.push_back(is_large ? first + i * (1 + first % 2) : RandomId());
    if (Random(3) == 0) std::sort(ids.begin(), ids.end());
    const std::vector<Field> fields = RandomFields();
    arrow::FieldVector schema;
    arrow::ArrayVector arrays;
    for (const uint64_t id : ids) model_[id];
    for (const Field& field : fields) {
      auto builder = arrow::MakeBuilder(field.type).ValueOrDie();
      for (const uint64_t id : ids) {
        const ScalarPtr value = RandomScalar(*field.type);
        ASSERT_OK(builder->AppendScalar(*value));
        if (value->is_valid) {
          model_[id][field.id] = value;
        } else {
          model_[id].erase(field.id);
        }
      }
      schema.push_back(FieldFor(field.id, field.name, field.type));
      arrays.push_back(*builder->Finish());
      named_.insert(field.id);
    }
    ASSERT_OK(store_->Append(*MakeStoreBatch(ids, schema, arrays)));
  }

  void Delete() {
    std::vector<uint64_t> ids;
    const uint64_t count = Random(4) == 0 ? 3000 : Random(40);
    for (uint64_t i = 0; i < count; ++i) ids.push_back(RandomId());
    uint64_t expected = 0;
    for (const uint64_t id : ids) expected += model_.erase(id);
    ASSERT_OK_AND_ASSIGN(const uint64_t num_deleted, store_->Delete(ids));
    EXPECT_EQ(num_deleted, expected);
  }

  void ToggleSortIndex() {
    if (named_.empty()) return;
    const LogicalFieldId field = *std::next(named_.begin(), static_cast<std::ptrdiff_t>(Random(named_.size())));
    if (indexed_.contains(field) && Random(2) == 0) {
      ASSERT_OK(store_->DropSortIndex(field));
      indexed_.erase(field);
    } else {
      ASSERT_OK(store_->CreateSortIndex(field));
      indexed_.insert(field);
    }
  }

  void Reopen() {
    if (disk_ == nullptr) return;
    CheckHeld();
    held_.clear();
    if (Random(2) == 0) {
      ASSERT_OK(store_->Close());
    } else {
      // What the process would have written is lost, and of what it wrote only what was synced is sure.
      disk_->KillProcess();
      store_.reset();
      disks_.push_back(disk_->AfterPowerLoss(rng_()));
      disk_ = disks_.back().get();
    }
    Open();
  }

  void Step() {
    switch (Random(16)) {
      case 0:
      case 1:
      case 2:
        return Delete();
      case 3: {
        ASSERT_OK(store_->Compact());
        return;
      }
      case 4: {
        ASSERT_OK(store_->Checkpoint());
        return;
      }
      case 5:
        return ToggleSortIndex();
      case 6:
        return Reopen();
      default:
        return Append();
    }
  }

  /// Reads everything and compares it, row by row.
  void Compare(arrow::RecordBatchReader& reader, const std::vector<LogicalFieldId>& fields,
               const std::vector<std::pair<uint64_t, const Row*>>& expected) {
    size_t next = 0;
    while (true) {
      ASSERT_OK_AND_ASSIGN(const auto batch, reader.Next());
      if (batch == nullptr) break;
      ASSERT_OK(batch->ValidateFull());
      ASSERT_LE(next + static_cast<size_t>(batch->num_rows()), expected.size());
      const auto& ids = static_cast<const arrow::UInt64Array&>(*batch->column(0));
      for (int64_t i = 0; i < batch->num_rows(); ++i, ++next) {
        ASSERT_EQ(ids.Value(i), expected[next].first) << "row " << next;
        for (size_t column = 0; column < fields.size(); ++column) {
          const auto& values = batch->column(static_cast<int>(column) + 1);
          const auto cell = expected[next].second->find(fields[column]);
          const bool has_value = cell != expected[next].second->end();
          ASSERT_EQ(values->IsValid(i), has_value) << "row id " << ids.Value(i) << " column " << column;
          if (!has_value) continue;
          ASSERT_OK_AND_ASSIGN(const ScalarPtr value, values->GetScalar(i));
          ASSERT_TRUE(SameValue(*value, *cell->second))
              << "row id " << ids.Value(i) << ": " << value->ToString() << ", not " << cell->second->ToString();
        }
      }
    }
    EXPECT_EQ(next, expected.size());
  }

  static std::vector<std::pair<uint64_t, const Row*>> RowsOf(const Model& model) {
    std::vector<std::pair<uint64_t, const Row*>> rows;
    for (const auto& [id, row] : model) rows.emplace_back(id, &row);
    return rows;
  }

  void CheckHeld() {
    for (Held& held : held_) {
      Compare(*held.reader, held.fields, RowsOf(held.model));
      if (::testing::Test::HasFatalFailure()) return;
    }
    held_.clear();
  }

  std::vector<LogicalFieldId> RandomNamed() {
    std::vector<LogicalFieldId> some(named_.begin(), named_.end());
    std::shuffle(some.begin(), some.end(), rng_);
    some.resize(std::min(some.size(), static_cast<size_t>(1 + Random(4))));
    return some;
  }

  void CheckSome() {
    if (::testing::Test::HasFatalFailure()) return;
    switch (Random(6)) {
      case 0:
        return CheckScan();
      case 1:
        return CheckGather();
      case 2:
        return CheckPresence();
      case 3:
        return CheckSorted();
      case 4: {
        if (model_.size() > 5000) return;
        const auto fields = RandomNamed();
        ASSERT_OK_AND_ASSIGN(auto reader, store_->Scan({.fields = fields, .batch_rows = 50}));
        held_.push_back({std::move(reader), fields, model_});
        return;
      }
      default:
        if (held_.size() > 3) return CheckHeld();
        return Random(3) == 0 ? CheckAll() : CheckScan();
    }
  }

  const arrow::DataType& TypeOf(LogicalFieldId id) const {
    return *std::find_if(fields_.begin(), fields_.end(), [id](const Field& one) { return one.id == id; })->type;
  }

  void CheckScan() {
    ScanOptions options;
    options.fields = RandomNamed();
    options.batch_rows = static_cast<int64_t>(1 + Random(3000));
    for (uint64_t i = Random(3); i > 0; --i) {
      const uint64_t first = RandomId();
      options.ranges.push_back({first, first + std::min(Random(1000), ~first)});
    }
    for (uint64_t i = Random(3); i > 0 && !named_.empty(); --i) {
      FieldPredicate predicate;
      predicate.field = RandomNamed()[0];
      predicate.op = static_cast<CompareOp>(Random(9));
      const bool takes_none = predicate.op == CompareOp::kIsNull || predicate.op == CompareOp::kIsNotNull;
      const uint64_t count = takes_none ? 0 : (predicate.op == CompareOp::kIn ? Random(4) : 1);
      for (uint64_t j = 0; j < count; ++j) predicate.values.push_back(RandomScalar(TypeOf(predicate.field)));
      options.predicates.push_back(std::move(predicate));
    }
    std::vector<std::pair<uint64_t, const Row*>> expected = RowsOf(model_);
    std::erase_if(expected, [&](const auto& row) {
      const bool in_range =
          options.ranges.empty() || std::any_of(options.ranges.begin(), options.ranges.end(), [&](const RowIdRange& r) {
            return r.first <= row.first && row.first <= r.last;
          });
      return !in_range || !std::all_of(options.predicates.begin(), options.predicates.end(), [&](const auto& p) {
        const auto cell = row.second->find(p.field);
        return Passes(cell == row.second->end() ? nullptr : cell->second, p.op, p.values);
      });
    });
    ASSERT_OK_AND_ASSIGN(const auto reader, store_->Scan(options));
    Compare(*reader, options.fields, expected);
  }

  void CheckGather() {
    const auto fields = RandomNamed();
    std::vector<uint64_t> ids;
    std::vector<std::pair<uint64_t, const Row*>> expected;
    const bool drops = Random(2) == 0;
    static const Row kNothing;
    for (uint64_t i = Random(200); i > 0; --i) {
      ids.push_back(RandomId());
      const auto found = model_.find(ids.back());
      if (found == model_.end() && drops) continue;
      expected.emplace_back(ids.back(), found == model_.end() ? &kNothing : &found->second);
    }
    ASSERT_OK_AND_ASSIGN(const auto batch,
                         store_->Gather(ids, fields, drops ? MissingRows::kDrop : MissingRows::kNull));
    ASSERT_OK_AND_ASSIGN(const auto reader, arrow::RecordBatchReader::Make({batch}));
    Compare(*reader, fields, expected);
  }

  void CheckPresence() {
    if (named_.empty()) return;
    const LogicalFieldId field = Random(4) == 0 ? kRowIdField : RandomNamed()[0];
    std::vector<RowIdRange> expected;
    for (const auto& [id, row] : model_) {
      if (field != kRowIdField && !row.contains(field)) continue;
      if (!expected.empty() && expected.back().last + 1 == id) {
        expected.back().last = id;
      } else {
        expected.push_back({id, id});
      }
    }
    ASSERT_OK_AND_ASSIGN(const auto present, store_->Presence(field));
    EXPECT_EQ(present, expected);
  }

  void CheckSorted() {
    if (indexed_.empty()) return;
    const LogicalFieldId field = *std::next(indexed_.begin(), static_cast<std::ptrdiff_t>(Random(indexed_.size())));
    SortedScanOptions options;
    options.fields = RandomNamed();
    options.descending = Random(2) == 0;
    options.batch_rows = static_cast<int64_t>(1 + Random(3000));
    if (Random(2) == 0) options.min = RandomScalar(TypeOf(field));
    if (Random(2) == 0) options.max = RandomScalar(TypeOf(field));
    std::vector<std::pair<uint64_t, const Row*>> expected = RowsOf(model_);
    std::erase_if(expected, [&](const auto& row) {
      const auto cell = row.second->find(field);
      const ScalarPtr value = cell == row.second->end() ? nullptr : cell->second;
      if (value == nullptr) return true;
      return (options.min != nullptr && !Passes(value, CompareOp::kGreaterEqual, {options.min})) ||
             (options.max != nullptr && !Passes(value, CompareOp::kLessEqual, {options.max}));
    });
    std::stable_sort(expected.begin(), expected.end(), [field](const auto& a, const auto& b) {
      return CompareScalars(*a.second->at(field), *b.second->at(field)) < 0;
    });
    if (options.descending) std::reverse(expected.begin(), expected.end());
    ASSERT_OK_AND_ASSIGN(const auto reader, store_->ScanSorted(field, options));
    Compare(*reader, options.fields, expected);
  }

  void CheckAll() {
    const std::vector<LogicalFieldId> all(named_.begin(), named_.end());
    ASSERT_OK_AND_ASSIGN(const auto reader, store_->Scan({.fields = all}));
    Compare(*reader, all, RowsOf(model_));
    ASSERT_OK_AND_ASSIGN(const auto fields, store_->Fields());
    ASSERT_EQ(fields.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(fields[i].has_sort_index, indexed_.contains(all[i]));
    ASSERT_OK_AND_ASSIGN(const StoreStatistics statistics, store_->Statistics());
    EXPECT_EQ(statistics.num_rows, model_.size());
    for (const FieldStatistics& field : statistics.fields) CheckStatistics(field);
    ASSERT_OK_AND_ASSIGN(const auto findings, store_->CheckIntegrity());
    EXPECT_TRUE(findings.empty()) << findings[0];
  }

  void CheckStatistics(const FieldStatistics& field) {
    uint64_t num_values = 0;
    for (const auto& [id, row] : model_) {
      const auto cell = row.find(field.field);
      if (cell == row.end()) continue;
      ++num_values;
      if (field.min == nullptr || field.max == nullptr) continue;
      ASSERT_LE(CompareScalars(*field.min, *cell->second), 0) << field.min->ToString();
      ASSERT_GE(CompareScalars(*field.max, *cell->second), 0) << field.max->ToString();
    }
    EXPECT_EQ(field.num_values, num_values);
  }

  std::mt19937_64 rng_;
  const uint64_t seed_;
  SimDisk* disk_;
  std::vector<std::unique_ptr<SimDisk>> disks_;
  const std::vector<Field> fields_;
  size_t num_used_ = 2;
  std::unique_ptr<ColumnStore> store_;
  Model model_;
  std::set<LogicalFieldId> named_;
  std::set<LogicalFieldId> indexed_;
  std::vector<Held> held_;
};

TEST(ColumnStoreRandomTest, InMemory) {
  for (uint64_t seed = 1; seed <= 5 && !HasFailure(); ++seed) History(seed, nullptr).Run(60);
}

TEST(ColumnStoreRandomTest, OnADiskThatLosesPower) {
  for (uint64_t seed = 101; seed <= 105 && !HasFailure(); ++seed) {
    SimDisk disk;
    History(seed, &disk).Run(60);
  }
}

}  // namespace
}  // namespace llkv
