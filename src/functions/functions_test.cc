// Every family of scalar functions on constants, aggregates on columns, and range().
#include <arrow/memory_pool.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "functions/function_registry.h"
#include "functions/like_pattern.h"
#include "types/text_parse.h"

namespace llkv {
namespace {

const FunctionRegistry& Registry() {
  static const std::shared_ptr<const FunctionRegistry> registry = FunctionRegistry::MakeDefault();
  return *registry;
}

ScratchVector NewScratch() { return ScratchVector::Make(TypeId::kBoolean, arrow::default_memory_pool()).ValueOrDie(); }

arrow::Result<Value> RunOne(const BoundScalar& bound, const std::vector<Value>& arguments, LogicalType type) {
  StringArena arena(arrow::default_memory_pool());
  KernelContext context;
  context.arena = &arena;
  context.pool = arrow::default_memory_pool();
  context.statement_time_us = 86400000000;
  std::vector<ScratchVector> scratch;
  std::vector<const Vector*> args;
  for (const Value& value : arguments) {
    if (bound.null_rule == NullRule::kPropagate && value.is_null()) return Value::Null(type);
    scratch.push_back(NewScratch());
    SetConstant(value, scratch.back());
  }
  for (const ScratchVector& vector : scratch) args.push_back(&vector.vector());
  ScratchVector out = NewScratch();
  out.ResetFlat(type);
  ARROW_RETURN_NOT_OK(bound.kernel(context, bound.state.get(), args, Selection::All(1), 1, out));
  return GetValue(out.vector(), 0);
}

arrow::Result<Value> Call(std::string_view name, std::vector<Value> arguments, Dialect dialect = Dialect::kDefault) {
  std::vector<LogicalType> types;
  std::vector<const Value*> constants;
  for (const Value& value : arguments) {
    types.push_back(value.type());
    constants.push_back(&value);
  }
  ARROW_ASSIGN_OR_RAISE(const BoundScalar bound, Registry().BindScalar(name, {types, constants, dialect}));
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].type() == bound.argument_types[i]) continue;
    ARROW_ASSIGN_OR_RAISE(const BoundScalar cast,
                          Registry().BindCast(arguments[i].type(), bound.argument_types[i], false, dialect));
    ARROW_ASSIGN_OR_RAISE(arguments[i], RunOne(cast, {arguments[i]}, bound.argument_types[i]));
  }
  return RunOne(bound, arguments, bound.return_type);
}

Value Int(int64_t v) { return Value::Integer(TypeId::kInteger, v); }
Value Text(std::string v) { return Value::Varchar(std::move(v)); }
Value Dec(const char* text, int p, int s) { return ParseValue(text, LogicalType::Decimal(p, s)).ValueOrDie(); }
Value Of(TypeId type, const char* text) { return ParseValue(text, type).ValueOrDie(); }

std::string Show(std::string_view name, std::vector<Value> arguments, Dialect dialect = Dialect::kDefault) {
  const arrow::Result<Value> result = Call(name, std::move(arguments), dialect);
  return result.ok() ? result->ToString() : std::string(GetSqlState(result.status()));
}

TEST(FunctionsTest, Arithmetic) {
  EXPECT_EQ(Show("+", {Int(2147483647), Int(1)}), "22003");
  EXPECT_EQ(Show("/", {Int(-7), Int(2)}), "-3");
  EXPECT_EQ(Show("/", {Int(1), Int(0)}), "22012");
  EXPECT_EQ(Show("/", {Int(1), Int(0)}, Dialect::kSqlite), "NULL");
  EXPECT_EQ(Show("/", {Int(-2147483648), Int(-1)}), "22003");
  EXPECT_EQ(Show("%", {Int(-7), Int(2)}), "-1");
  EXPECT_EQ(Show("-", {Int(-2147483648)}), "22003");
  EXPECT_EQ(Show("+", {Dec("1.10", 3, 2), Int(1)}), "2.10");
  EXPECT_EQ(Show("*", {Dec("1.10", 3, 2), Dec("-0.5", 2, 1)}), "-0.550");
  EXPECT_EQ(Show("/", {Dec("1.00", 3, 2), Int(4)}), "0.25");
  EXPECT_EQ(Show("%", {Dec("7.5", 3, 1), Int(2)}), "1.5");
  EXPECT_EQ(Show("+", {Int(1), Value::Double(0.5)}), "1.5");
  EXPECT_EQ(Show("*", {Value::Double(1e308), Int(10)}), "22003");
  EXPECT_EQ(Show("+", {Value::Null(), Int(1)}), "NULL");
  EXPECT_EQ(Show("+", {Text("a"), Text("b")}), "22P02");
}

TEST(FunctionsTest, MathAndBits) {
  EXPECT_EQ(Show("round", {Dec("2.345", 4, 3), Int(2)}), "2.35");
  EXPECT_EQ(Show("round", {Dec("-2.5", 2, 1)}), "-3");
  EXPECT_EQ(Show("round", {Int(1250), Int(-2)}), "1300");
  EXPECT_EQ(Show("round", {Value::Double(2.567), Int(1)}), "2.6");
  EXPECT_EQ(Show("floor", {Dec("-2.5", 2, 1)}), "-3");
  EXPECT_EQ(Show("ceil", {Dec("2.1", 2, 1)}), "3");
  EXPECT_EQ(Show("abs", {Int(-5)}), "5");
  EXPECT_EQ(Show("sqrt", {Int(-1)}), "2201F");
  EXPECT_EQ(Show("power", {Int(2), Int(10)}), "1024");
  EXPECT_EQ(Show("ln", {Int(0)}), "2201E");
  EXPECT_EQ(Show("sign", {Dec("-2.5", 2, 1)}), "-1");
  EXPECT_EQ(Show("&", {Int(6), Int(3)}), "2");
  EXPECT_EQ(Show("<<", {Int(1), Int(31)}), "22003");
  EXPECT_EQ(Show("<<", {Int(1), Int(4)}), "16");
  EXPECT_EQ(Show("greatest", {Int(1), Value::Null(), Int(3)}), "3");
  EXPECT_EQ(Show("coalesce", {Value::Null(), Int(3)}), "3");
  EXPECT_EQ(Show("nullif", {Int(3), Int(3)}), "NULL");
  EXPECT_EQ(Show("typeof", {Int(3)}), "INTEGER");
}

TEST(FunctionsTest, Texts) {
  EXPECT_EQ(Show("length", {Text("añb")}), "3");
  EXPECT_EQ(Show("octet_length", {Text("añb")}), "4");
  EXPECT_EQ(Show("substring", {Text("añbcd"), Int(2), Int(2)}), "ñb");
  EXPECT_EQ(Show("substring", {Text("abc"), Int(-1), Int(3)}), "a");
  EXPECT_EQ(Show("substring", {Text("abc"), Int(-2), Int(2)}, Dialect::kSqlite), "bc");
  EXPECT_EQ(Show("substring", {Text("abc"), Int(1), Int(-1)}), "22011");
  EXPECT_EQ(Show("left", {Text("abc"), Int(-1)}), "ab");
  EXPECT_EQ(Show("right", {Text("abc"), Int(2)}), "bc");
  EXPECT_EQ(Show("trim", {Text("  x ")}), "x");
  EXPECT_EQ(Show("ltrim", {Text("xxy"), Text("x")}), "y");
  EXPECT_EQ(Show("upper", {Text("aéжz")}), "AÉЖZ");
  EXPECT_EQ(Show("replace", {Text("abab"), Text("a"), Text("xx")}), "xxbxxb");
  EXPECT_EQ(Show("lpad", {Text("7"), Int(3), Text("0")}), "007");
  EXPECT_EQ(Show("reverse", {Text("añb")}), "bña");
  EXPECT_EQ(Show("concat", {Text("a"), Value::Null(), Int(1)}), "a1");
  EXPECT_EQ(Show("concat_ws", {Text("-"), Text("a"), Value::Null(), Text("b")}), "a-b");
  EXPECT_EQ(Show("||", {Text("a"), Int(1)}), "a1");
  EXPECT_EQ(Show("||", {Int(2), Int(1)}), "42883");
  EXPECT_EQ(Show("split_part", {Text("a,b,c"), Text(","), Int(-1)}), "c");
  EXPECT_EQ(Show("strpos", {Text("añb"), Text("b")}), "3");
  EXPECT_EQ(Show("chr", {Int(8364)}), "€");
  EXPECT_EQ(Show("hex", {Text("ab")}), "6162");
}

bool Like(std::string_view text, std::string_view pattern) {
  return LikePattern::Make(pattern, "\\", LikeFold::kNone)->Matches(text);
}

TEST(FunctionsTest, LikePatterns) {
  EXPECT_TRUE(Like("forest green", "forest%"));
  EXPECT_TRUE(Like("the green forest is large enough", "%green%"));
  EXPECT_TRUE(Like("xxxxxxxxxxxxxxxxxxxxxxxxgreen", "%green%"));
  EXPECT_FALSE(Like("the grey forest is large enough", "%green%"));
  EXPECT_TRUE(Like("LARGE BRASS", "%BRASS"));
  EXPECT_TRUE(Like("a special kind of requests", "%special%requests%"));
  EXPECT_FALSE(Like("requests special", "%special%requests%"));
  EXPECT_TRUE(Like("añb", "a_b"));
  EXPECT_TRUE(Like("xxañb", "%a_b"));
  EXPECT_FALSE(Like("ab", "a_b"));
  EXPECT_TRUE(Like("aXbXcd", "a%_d"));
  EXPECT_TRUE(Like("50%", "50\\%"));
  EXPECT_FALSE(Like("50x", "50\\%"));
  EXPECT_TRUE(Like("", "%"));
  EXPECT_FALSE(Like("", "_%"));
  EXPECT_FALSE(LikePattern::Make("x\\", "\\", LikeFold::kNone).ok());
  EXPECT_EQ(Show("like", {Text("ABC"), Text("abc")}, Dialect::kSqlite), "true");
  EXPECT_EQ(Show("ilike", {Text("ABC"), Text("%b%")}), "true");
}

TEST(FunctionsTest, Dates) {
  EXPECT_EQ(Show("+", {Of(TypeId::kDate, "1996-01-31"), Value::OfInterval({1, 0, 0})}), "1996-02-29 00:00:00");
  EXPECT_EQ(Show("-", {Of(TypeId::kDate, "1996-03-01"), Of(TypeId::kDate, "1996-02-01")}), "29");
  EXPECT_EQ(Show("+", {Of(TypeId::kDate, "1996-01-31"), Int(1)}), "1996-02-01");
  EXPECT_EQ(Show("date_part", {Text("year"), Of(TypeId::kDate, "1996-03-01")}), "1996");
  EXPECT_EQ(Show("week", {Of(TypeId::kDate, "2021-01-03")}), "53");
  EXPECT_EQ(Show("date_trunc", {Text("month"), Of(TypeId::kTimestamp, "1996-03-17 12:34:56")}), "1996-03-01 00:00:00");
  EXPECT_EQ(Show("make_date", {Int(1992), Int(2), Int(30)}), "22008");
  EXPECT_EQ(Show("age", {Of(TypeId::kDate, "2001-04-10"), Of(TypeId::kDate, "1957-06-13")}), "43 years 9 mons 27 days");
  EXPECT_EQ(Show("strftime", {Of(TypeId::kDate, "1992-01-02"), Text("%d.%m.%Y %a")}), "02.01.1992 Thu");
  EXPECT_EQ(Show("current_date", {}), "1970-01-02");
  EXPECT_EQ(Show("*", {Value::OfInterval({0, 0, 1000000000}), Int(90)}), "00:01:30");
}

TEST(FunctionsTest, UnknownNamesGetAHint) {
  const arrow::Result<Value> result = Call("lenght", {Text("a")});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(GetSqlState(result.status()), sqlstate::kUndefinedFunction);
  EXPECT_NE(GetSqlError(result.status())->hint().find("length"), std::string::npos);
}

// An aggregate over a BIGINT column, once into one state and once row by row into two that are combined.
std::string Aggregate(std::string_view name, LogicalType type, const std::vector<int64_t>& values) {
  const LogicalType types[] = {type};
  const BoundAggregate bound = Registry().BindAggregate(name, {types, {}, Dialect::kDefault}).ValueOrDie();
  StringArena arena(arrow::default_memory_pool());
  KernelContext context;
  context.arena = &arena;
  context.pool = arrow::default_memory_pool();
  Vector column;
  column.type = type;
  column.data = values.data();
  const Vector* const arg_array[] = {&column};
  const std::span<const Vector* const> args(arg_array, 1);
  const auto rows = static_cast<uint32_t>(values.size());
  std::vector<std::vector<uint64_t>> room(3, std::vector<uint64_t>(bound.state_size / 8 + 1));
  std::vector<uint8_t*> states;
  for (auto& memory : room) {
    states.push_back(reinterpret_cast<uint8_t*>(memory.data()));
    bound.initialize(bound.state.get(), states.back());
  }
  const auto finish = [&](const uint8_t* state) {
    ScratchVector out = NewScratch();
    EXPECT_TRUE(bound.finalize(context, bound.state.get(), &state, 1, out).ok());
    return GetValue(out.vector(), 0).ToString();
  };
  const Selection all = Selection::All(rows);
  EXPECT_TRUE(bound.update_single(context, bound.state.get(), args, all, rows, states[0]).ok());
  std::vector<uint8_t*> by_row;
  for (uint32_t i = 0; i < rows; ++i) by_row.push_back(states[1 + i % 2]);
  EXPECT_TRUE(bound.update(context, bound.state.get(), args, all, rows, by_row.data()).ok());
  const uint8_t* source = states[2];
  EXPECT_TRUE(bound.combine(context, bound.state.get(), &source, &states[1], 1).ok());
  const std::string single = finish(states[0]);
  EXPECT_EQ(finish(states[1]), single);
  return single;
}

TEST(FunctionsTest, Aggregates) {
  const std::vector<int64_t> values = {INT64_MAX, INT64_MAX, -5, INT64_MIN, 7};
  EXPECT_EQ(Aggregate("sum", TypeId::kBigInt, values), "9223372036854775808");
  EXPECT_EQ(Aggregate("min", TypeId::kBigInt, values), "-9223372036854775808");
  EXPECT_EQ(Aggregate("max", TypeId::kBigInt, values), "9223372036854775807");
  EXPECT_EQ(Aggregate("count", TypeId::kBigInt, values), "5");
  EXPECT_EQ(Aggregate("avg", TypeId::kBigInt, {1, 2, 3, 4}), "2.5");
  EXPECT_EQ(Aggregate("sum", LogicalType::Decimal(12, 2), {150, 275}), "4.25");
  EXPECT_EQ(Aggregate("avg", LogicalType::Decimal(12, 2), {150, 250}), "2");
}

TEST(FunctionsTest, Range) {
  const Value arguments[] = {Value::BigInt(5), Value::BigInt(-5), Value::BigInt(-4)};
  const TableFunction* range = Registry().FindTable("RANGE");
  ASSERT_NE(range, nullptr);
  const auto bound = range->bind(*range, std::span<const Value>(arguments, 3)).ValueOrDie();
  const auto source = bound->MakeSource(0).ValueOrDie();
  KernelContext context;
  context.pool = arrow::default_memory_pool();
  const Batch batch = source->Next(context).ValueOrDie();
  ASSERT_EQ(batch.num_rows, 3U);
  EXPECT_EQ(GetValue(batch.columns[0], 2).ToString(), "-3");
  EXPECT_EQ(source->Next(context)->num_rows, 0U);
}

}  // namespace
}  // namespace llkv
