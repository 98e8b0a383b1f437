// Programs: kernels through expressions, NULL logic, guards, dictionaries, narrow columns.
#include "expr/program.h"

#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "vector/bitmap.h"

namespace llkv {
namespace {

const FunctionRegistry& Registry() {
  static const std::shared_ptr<const FunctionRegistry> registry = FunctionRegistry::MakeDefault();
  return *registry;
}

BoundExprPtr CastTo(BoundExprPtr expr, LogicalType type) {
  if (expr->type == type) return expr;
  BoundScalar cast = Registry().BindCast(expr->type, type, false, Dialect::kDefault).ValueOrDie();
  std::vector<BoundExprPtr> children;
  children.push_back(std::move(expr));
  return BoundExpr::Function(std::move(cast), std::move(children));
}

template <typename... Children>
BoundExprPtr Call(std::string_view name, Children... children) {
  std::vector<BoundExprPtr> args;
  (args.push_back(std::move(children)), ...);
  std::vector<LogicalType> types;
  std::vector<const Value*> constants;
  for (const BoundExprPtr& arg : args) {
    types.push_back(arg->type);
    constants.push_back(arg->IsConstant() ? &arg->value : nullptr);
  }
  BoundScalar bound = Registry().BindScalar(name, {types, constants, Dialect::kDefault}).ValueOrDie();
  for (size_t i = 0; i < args.size(); ++i) args[i] = CastTo(std::move(args[i]), bound.argument_types[i]);
  return BoundExpr::Function(std::move(bound), std::move(args));
}

BoundExprPtr Int(int64_t value) { return BoundExpr::Constant(Value::Integer(TypeId::kInteger, value)); }
BoundExprPtr Text(std::string value) { return BoundExpr::Constant(Value::Varchar(std::move(value))); }
BoundExprPtr Col(uint64_t id, LogicalType type) {
  return BoundExpr::Column(ColumnId(id), type, "c" + std::to_string(id));
}

template <typename T>
Vector FlatVector(LogicalType type, const std::vector<T>& values, const uint8_t* validity = nullptr) {
  Vector vector;
  vector.type = type;
  vector.storage = type.physical();
  vector.data = values.data();
  vector.validity = validity;
  return vector;
}

class ProgramTest : public ::testing::Test {
 protected:
  void SetColumns(std::vector<Vector> columns, uint32_t num_rows) {
    columns_ = std::move(columns);
    batch_.columns = columns_;
    batch_.num_rows = num_rows;
    batch_.selection = Selection::All(num_rows);
    for (uint32_t i = 0; i < columns_.size(); ++i) layout_[ColumnId(i)] = i;
  }

  arrow::Result<std::vector<std::string>> Run(const BoundExpr& expr) {
    const BoundExpr* exprs[] = {&expr};
    ARROW_ASSIGN_OR_RAISE(auto program, Program::Compile(exprs, layout_, {}));
    ARROW_ASSIGN_OR_RAISE(state_, ProgramState::Make(program, {}));
    ARROW_RETURN_NOT_OK(state_->Evaluate(batch_));
    std::vector<std::string> texts;
    ForEachRow(batch_.selection,
               [&](uint32_t row) { texts.push_back(GetValue(state_->outputs()[0], row).ToString()); });
    return texts;
  }

  arrow::Result<std::vector<uint32_t>> RunFilter(const BoundExpr& expr) {
    const BoundExpr* exprs[] = {&expr};
    ARROW_ASSIGN_OR_RAISE(auto program, Program::Compile(exprs, layout_, {}));
    ARROW_ASSIGN_OR_RAISE(state_, ProgramState::Make(program, {}));
    uint16_t rows[kMaxBatchRows];
    ARROW_ASSIGN_OR_RAISE(const Selection selection, state_->Filter(batch_, rows));
    std::vector<uint32_t> result;
    ForEachRow(selection, [&](uint32_t row) { result.push_back(row); });
    return result;
  }

  std::vector<Vector> columns_;
  Batch batch_;
  ColumnLayout layout_;
  std::unique_ptr<ProgramState> state_;
};

using Strings = std::vector<std::string>;

TEST_F(ProgramTest, IntegerArithmeticChecksOverflow) {
  const std::vector<int32_t> a = {1, 2, 2147483647};
  SetColumns({FlatVector(TypeId::kInteger, a)}, 3);
  EXPECT_EQ(*Run(*Call("-", Col(0, TypeId::kInteger), Int(1))), (Strings{"0", "1", "2147483646"}));
  const auto overflow = Run(*Call("+", Col(0, TypeId::kInteger), Int(1)));
  ASSERT_FALSE(overflow.ok());
  EXPECT_EQ(GetSqlState(overflow.status()), sqlstate::kNumericOutOfRange);
}

TEST_F(ProgramTest, RowsThatAreNullOrUnselectedNeverFail) {
  const std::vector<int64_t> a = {1, INT64_MAX, INT64_MAX, 4};
  std::vector<uint8_t> validity(64, 0);
  for (const uint32_t row : {0U, 2U, 3U}) SetBit(validity.data(), row);
  SetColumns({FlatVector(TypeId::kBigInt, a, validity.data())}, 4);
  const std::vector<uint16_t> rows = {0, 1, 3};
  batch_.selection = {rows.data(), 3};
  EXPECT_EQ(*Run(*Call("+", Col(0, TypeId::kBigInt), Int(1))), (Strings{"2", "NULL", "5"}));
}

TEST_F(ProgramTest, DecimalProductOfNarrowColumnsStaysNarrow) {
  const std::vector<int32_t> price = {100000, 250050};
  const std::vector<uint8_t> discount = {5, 10};
  Vector p;
  p.type = LogicalType::Decimal(15, 2);
  p.form = VectorForm::kNarrow;
  p.storage = PhysicalType::kInt32;
  p.data = price.data();
  Vector d = p;
  d.storage = PhysicalType::kUInt8;
  d.data = discount.data();
  SetColumns({p, d}, 2);
  const LogicalType type = LogicalType::Decimal(15, 2);
  const auto expr = Call("*", Col(0, type), Call("-", Int(1), Col(1, type)));
  EXPECT_EQ(*Run(*expr), (Strings{"950.0000", "2250.4500"}));
  EXPECT_EQ(state_->outputs()[0].form, VectorForm::kNarrow);
}

TEST_F(ProgramTest, DecimalsGoOnIn128Bits) {
  const std::vector<int64_t> a = {999999999999999999, -999999999999999999};
  SetColumns({FlatVector(LogicalType::Decimal(18, 0), a)}, 2);
  const LogicalType type = LogicalType::Decimal(18, 0);
  EXPECT_EQ(*Run(*Call("*", Col(0, type), Col(0, type))),
            (Strings{"999999999999999998000000000000000001", "999999999999999998000000000000000001"}));
}

TEST_F(ProgramTest, AndOrFollowThreeValuedLogic) {
  const std::vector<uint8_t> a = {1, 1, 1, 0, 0, 0, 0, 0, 0};
  const std::vector<uint8_t> b = {1, 0, 0, 1, 0, 0, 1, 0, 0};
  std::vector<uint8_t> va(64, 0);
  std::vector<uint8_t> vb(64, 0);
  for (const uint32_t row : {0U, 1U, 2U, 3U, 4U, 5U}) SetBit(va.data(), row);
  for (const uint32_t row : {0U, 1U, 3U, 4U, 6U, 7U}) SetBit(vb.data(), row);
  SetColumns({FlatVector(TypeId::kBoolean, a, va.data()), FlatVector(TypeId::kBoolean, b, vb.data())}, 9);
  const auto both = [&](bool is_and) {
    std::vector<BoundExprPtr> children;
    children.push_back(Col(0, TypeId::kBoolean));
    children.push_back(Col(1, TypeId::kBoolean));
    return BoundExpr::Conjunction(is_and, std::move(children));
  };
  EXPECT_EQ(*Run(*both(true)), (Strings{"true", "false", "NULL", "false", "false", "false", "NULL", "false", "NULL"}));
  EXPECT_EQ(*Run(*both(false)), (Strings{"true", "true", "true", "true", "false", "NULL", "true", "NULL", "NULL"}));
  EXPECT_EQ(*RunFilter(*both(true)), (std::vector<uint32_t>{0}));
  EXPECT_EQ(*RunFilter(*both(false)), (std::vector<uint32_t>{0, 1, 2, 3, 6}));
}

TEST_F(ProgramTest, CaseGuardsWhatCanFail) {
  const std::vector<int32_t> a = {2147483647, 5, 7};
  SetColumns({FlatVector(TypeId::kInteger, a)}, 3);
  auto expr = std::make_unique<BoundExpr>();
  expr->kind = ExprKind::kCase;
  expr->type = TypeId::kInteger;
  expr->children.push_back(Call("<", Col(0, TypeId::kInteger), Int(6)));
  expr->children.push_back(Call("+", Col(0, TypeId::kInteger), Int(1)));
  expr->children.push_back(Call("=", Col(0, TypeId::kInteger), Int(7)));
  expr->children.push_back(BoundExpr::Constant(Value::Null(TypeId::kInteger)));
  expr->children.push_back(Col(0, TypeId::kInteger));
  EXPECT_EQ(*Run(*expr), (Strings{"2147483647", "6", "NULL"}));
}

TEST_F(ProgramTest, ComparesNarrowColumnsInTheirStorage) {
  const std::vector<uint8_t> codes = {0, 10, 200};
  Vector narrow;
  narrow.type = TypeId::kInteger;
  narrow.form = VectorForm::kNarrow;
  narrow.storage = PhysicalType::kUInt8;
  narrow.base = 1000;
  narrow.data = codes.data();
  SetColumns({narrow}, 3);
  const auto filter = [&](const char* op, int64_t constant) {
    return *RunFilter(*Call(op, Col(0, TypeId::kInteger), Int(constant)));
  };
  EXPECT_EQ(filter("<", 1010), (std::vector<uint32_t>{0}));
  EXPECT_EQ(filter(">=", 1010), (std::vector<uint32_t>{1, 2}));
  EXPECT_EQ(filter("<", 5000), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(filter(">", 5000), (std::vector<uint32_t>{}));
  EXPECT_EQ(filter("<>", -5), (std::vector<uint32_t>{0, 1, 2}));
}

TEST_F(ProgramTest, DictionariesAreComparedByEntry) {
  const std::vector<StringRef> entries = {StringRef("red"), StringRef("green"), StringRef("blue")};
  const std::vector<uint8_t> codes = {0, 1, 2, 1, 0};
  Vector column;
  column.type = TypeId::kVarchar;
  column.form = VectorForm::kDictionary;
  column.storage = PhysicalType::kUInt8;
  column.data = codes.data();
  column.dictionary = entries.data();
  column.dictionary_size = 3;
  column.dictionary_id = 17;
  SetColumns({column}, 5);
  EXPECT_EQ(*RunFilter(*Call("=", Col(0, TypeId::kVarchar), Text("green"))), (std::vector<uint32_t>{1, 3}));
  auto in = std::make_unique<BoundExpr>();
  in->kind = ExprKind::kIn;
  in->type = TypeId::kBoolean;
  in->children.push_back(Col(0, TypeId::kVarchar));
  in->children.push_back(Text("red"));
  in->children.push_back(Text("blue"));
  in->children.push_back(BoundExpr::Constant(Value::Null(TypeId::kVarchar)));
  EXPECT_EQ(*Run(*in), (Strings{"true", "NULL", "true", "NULL", "true"}));
  EXPECT_EQ(*RunFilter(*in), (std::vector<uint32_t>{0, 2, 4}));
}

TEST_F(ProgramTest, FiltersNarrowTermByTerm) {
  std::vector<int64_t> a(2048);
  std::vector<double> b(2048);
  for (size_t i = 0; i < a.size(); ++i) {
    a[i] = static_cast<int64_t>(i);
    b[i] = static_cast<double>(i % 7);
  }
  SetColumns({FlatVector(TypeId::kBigInt, a), FlatVector(TypeId::kDouble, b)}, 2048);
  std::vector<BoundExprPtr> terms;
  terms.push_back(Call(">=", Col(0, TypeId::kBigInt), Int(100)));
  terms.push_back(Call("<", Col(0, TypeId::kBigInt), Int(200)));
  terms.push_back(Call("=", Col(1, TypeId::kDouble), BoundExpr::Constant(Value::Double(3))));
  const std::vector<uint32_t> rows = *RunFilter(*BoundExpr::Conjunction(true, std::move(terms)));
  std::vector<uint32_t> expected;
  for (uint32_t i = 100; i < 200; ++i) {
    if (i % 7 == 3) expected.push_back(i);
  }
  EXPECT_EQ(rows, expected);
}

TEST_F(ProgramTest, ConstantsAreFoldedAndTextLiteralsTakeTheOtherType) {
  EXPECT_EQ(EvaluateConstant(*CastTo(Text(" 1994-01-01 "), TypeId::kDate))->ToString(), "1994-01-01");
  const auto date = CastTo(Text("1998-12-01"), TypeId::kDate);
  const auto moved = Call("-", date->Clone(), BoundExpr::Constant(Value::OfInterval({0, 90, 0})));
  EXPECT_EQ(EvaluateConstant(*moved)->ToString(), "1998-09-02 00:00:00");
  const std::vector<int32_t> days = {8766, 9000};
  SetColumns({FlatVector(TypeId::kDate, days)}, 2);
  EXPECT_EQ(*RunFilter(*Call(">", Col(0, TypeId::kDate), Text("1994-01-01"))), (std::vector<uint32_t>{1}));
}

}  // namespace
}  // namespace llkv
