// Compiling bound expressions: folding constants, sharing common subexpressions, lowering IN.
#include <arrow/memory_pool.h>

#include <cstring>

#include "base/error.h"
#include "base/hash.h"
#include "expr/program_impl.h"
#include "functions/in_set.h"

namespace llkv {

namespace {

// A constant of `type` whose Vector points into its own storage.
std::unique_ptr<ConstantStorage> MakeConstant(Value value, ScratchVector& scratch) {
  auto storage = std::make_unique<ConstantStorage>();
  storage->value = std::move(value);
  SetConstant(storage->value, scratch);
  storage->vector = scratch.vector();
  std::memcpy(storage->data.data(), scratch.data<uint8_t>(), 16);
  storage->vector.data = storage->data.data();
  if (scratch.vector().validity != nullptr) storage->vector.validity = storage->validity.data();
  return storage;
}

class Compiler {
 public:
  static arrow::Result<std::unique_ptr<Compiler>> Make(const ColumnLayout& layout, std::span<const Value> parameters) {
    auto compiler = std::unique_ptr<Compiler>(new Compiler(layout, parameters));
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    ARROW_ASSIGN_OR_RAISE(compiler->scratch_, ScratchOf(pool));
    ARROW_ASSIGN_OR_RAISE(compiler->result_, ScratchOf(pool));
    return compiler;
  }

  arrow::Result<uint32_t> Compile(const BoundExpr& expr) {
    switch (expr.kind) {
      case ExprKind::kColumn:
        return CompileColumn(expr);
      case ExprKind::kConstant:
        return AddConstant(expr.value);
      case ExprKind::kParameter:
        return CompileParameter(expr);
      case ExprKind::kFunction:
        return CompileFunction(expr);
      case ExprKind::kIn:
        return CompileIn(expr);
      case ExprKind::kConjunction:
      case ExprKind::kCase:
        break;
    }
    ProgramNode node = NewNode(expr.kind == ExprKind::kCase ? NodeKind::kCase : NodeKind::kConjunction, expr);
    node.is_and = expr.is_and;
    for (const BoundExprPtr& child : expr.children) {
      ARROW_ASSIGN_OR_RAISE(const uint32_t id, Compile(*child));
      node.children.push_back(id);
    }
    return Share(std::move(node));
  }

  std::vector<ProgramNode> TakeNodes() { return std::move(nodes_); }

 private:
  Compiler(const ColumnLayout& layout, std::span<const Value> parameters) : layout_(layout), parameters_(parameters) {}

  static arrow::Result<std::unique_ptr<ScratchVector>> ScratchOf(arrow::MemoryPool* pool) {
    ARROW_ASSIGN_OR_RAISE(ScratchVector scratch, ScratchVector::Make(TypeId::kBoolean, pool));
    return std::make_unique<ScratchVector>(std::move(scratch));
  }

  static ProgramNode NewNode(NodeKind kind, const BoundExpr& expr) {
    ProgramNode node;
    node.kind = kind;
    node.type = expr.type;
    node.position = expr.position;
    return node;
  }

  arrow::Result<uint32_t> CompileColumn(const BoundExpr& expr) {
    const auto found = layout_.find(expr.column);
    if (found == layout_.end()) {
      return InternalError("the expression reads column " + expr.ToString() + ", which its input does not have");
    }
    ProgramNode node = NewNode(NodeKind::kInput, expr);
    node.input_index = found->second;
    return Share(std::move(node));
  }

  arrow::Result<uint32_t> CompileParameter(const BoundExpr& expr) {
    if (expr.parameter_index >= parameters_.size()) {
      return SqlError(sqlstate::kUndefinedParameter,
                      "parameter " + std::to_string(expr.parameter_index + 1) + " has no value", expr.position);
    }
    const Value& value = parameters_[expr.parameter_index];
    if (value.type() == expr.type || expr.type.id() == TypeId::kNull) return AddConstant(value);
    if (value.is_null()) return AddConstant(Value::Null(expr.type));
    ARROW_ASSIGN_OR_RAISE(BoundScalar cast,
                          FunctionRegistry().BindCast(value.type(), expr.type, false, Dialect::kDefault));
    ProgramNode node = NewNode(NodeKind::kFunction, expr);
    node.function = std::move(cast);
    node.children.push_back(AddConstant(value));
    return AddFunction(std::move(node));
  }

  arrow::Result<uint32_t> CompileFunction(const BoundExpr& expr) {
    ProgramNode node = NewNode(NodeKind::kFunction, expr);
    for (const BoundExprPtr& child : expr.children) {
      ARROW_ASSIGN_OR_RAISE(const uint32_t id, Compile(*child));
      node.children.push_back(id);
    }
    node.function = expr.function;
    if (expr.function.name == "coalesce") {
      node.kind = NodeKind::kCoalesce;
      return Share(std::move(node));
    }
    return AddFunction(std::move(node));
  }

  // Constants of the list become one set; the rest are equalities, with NULL as one of the terms.
  arrow::Result<uint32_t> CompileIn(const BoundExpr& expr) {
    ARROW_ASSIGN_OR_RAISE(const uint32_t left, Compile(*expr.children[0]));
    const LogicalType type = expr.children[0]->type;
    std::vector<Value> constants;
    std::vector<uint32_t> terms;
    bool has_null = false;
    for (size_t i = 1; i < expr.children.size(); ++i) {
      ARROW_ASSIGN_OR_RAISE(const uint32_t item, Compile(*expr.children[i]));
      if (nodes_[item].kind == NodeKind::kConstant) {
        const Value& value = nodes_[item].constant->value;
        has_null = has_null || value.is_null();
        if (!value.is_null()) constants.push_back(value);
        continue;
      }
      ProgramNode equality = NewNode(NodeKind::kFunction, expr);
      equality.function = MakeEquality(type);
      equality.children = {left, item};
      ARROW_ASSIGN_OR_RAISE(const uint32_t term, AddFunction(std::move(equality)));
      terms.push_back(term);
    }
    if (!constants.empty()) {
      ARROW_ASSIGN_OR_RAISE(const uint32_t term, AddMembership(expr, type, left, constants));
      terms.insert(terms.begin(), term);
    }
    if (has_null) terms.push_back(AddConstant(Value::Null(TypeId::kBoolean)));
    if (terms.size() == 1) return terms.front();
    if (terms.empty()) return AddConstant(Value::Boolean(false));
    ProgramNode any = NewNode(NodeKind::kConjunction, expr);
    any.is_and = false;
    any.children = std::move(terms);
    return Share(std::move(any));
  }

  arrow::Result<uint32_t> AddMembership(const BoundExpr& expr, LogicalType type, uint32_t left,
                                        const std::vector<Value>& constants) {
    ProgramNode node = NewNode(NodeKind::kFunction, expr);
    node.children = {left};
    if (constants.size() == 1) {
      node.function = MakeEquality(type);
      node.children.push_back(AddConstant(constants.front()));
    } else {
      node.function = MakeInSet(type, constants);
    }
    return AddFunction(std::move(node));
  }

  uint32_t AddConstant(Value value) {
    ProgramNode node;
    node.kind = NodeKind::kConstant;
    node.type = value.type();
    node.constant = MakeConstant(std::move(value), *scratch_);
    return Share(std::move(node));
  }

  arrow::Result<uint32_t> AddFunction(ProgramNode node) {
    node.type = node.function.return_type;
    for (const uint32_t child : node.children) {
      node.reads_strings = node.reads_strings || nodes_[child].type.physical() == PhysicalType::kString;
    }
    if (std::optional<Value> folded = Fold(node)) return AddConstant(std::move(*folded));
    return Share(std::move(node));
  }

  // The value of a function of constants; nothing where it fails: it then does so when it is evaluated, if ever.
  std::optional<Value> Fold(const ProgramNode& node) {
    if (node.function.volatility != Volatility::kImmutable) return std::nullopt;
    std::vector<const Vector*> args;
    for (const uint32_t child : node.children) {
      if (nodes_[child].kind != NodeKind::kConstant) return std::nullopt;
      const Vector& vector = nodes_[child].constant->vector;
      if (node.function.null_rule == NullRule::kPropagate && vector.IsConstantNull()) return Value::Null(node.type);
      args.push_back(&vector);
    }
    StringArena arena(arrow::default_memory_pool());
    KernelContext context;
    context.pool = arrow::default_memory_pool();
    context.arena = &arena;
    result_->ResetFlat(node.type);
    const arrow::Status status =
        node.function.kernel(context, node.function.state.get(), args, Selection::All(1), 1, *result_);
    if (!status.ok()) return std::nullopt;
    return GetValue(result_->vector(), 0);
  }

  // The node itself, or an earlier one that computes the same.
  uint32_t Share(ProgramNode node) {
    const bool shareable = node.kind != NodeKind::kFunction || node.function.volatility != Volatility::kVolatile;
    const uint64_t hash = HashOf(node);
    if (shareable) {
      for (const uint32_t candidate : by_hash_[hash]) {
        if (Same(nodes_[candidate], node)) return candidate;
      }
    }
    const auto id = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(std::move(node));
    by_hash_[hash].push_back(id);
    return id;
  }

  static uint64_t HashOf(const ProgramNode& node) {
    uint64_t hash = HashInt64(static_cast<uint64_t>(node.kind) * 256 + static_cast<uint64_t>(node.type.id()));
    hash = CombineHash(hash, node.input_index);
    hash = CombineHash(hash, reinterpret_cast<uint64_t>(node.function.kernel));
    for (const uint32_t child : node.children) hash = CombineHash(hash, child);
    if (node.constant != nullptr) {
      const std::string text = node.constant->value.ToString();
      hash = CombineHash(hash, HashBytes(text.data(), text.size()));
    }
    return hash;
  }

  static bool Same(const ProgramNode& a, const ProgramNode& b) {
    if (a.kind != b.kind || a.type != b.type || a.children != b.children || a.input_index != b.input_index ||
        a.is_and != b.is_and) {
      return false;
    }
    if (a.kind == NodeKind::kConstant) return a.constant->value == b.constant->value;
    if (a.kind != NodeKind::kFunction) return true;
    return a.function.kernel == b.function.kernel && a.function.name == b.function.name &&
           (a.function.state == b.function.state || (a.function.state_is_derived && b.function.state_is_derived));
  }

  const ColumnLayout& layout_;
  std::span<const Value> parameters_;
  std::vector<ProgramNode> nodes_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> by_hash_;
  std::unique_ptr<ScratchVector> scratch_;
  std::unique_ptr<ScratchVector> result_;
};

}  // namespace

arrow::Result<std::shared_ptr<const Program>> Program::Compile(std::span<const BoundExpr* const> exprs,
                                                               const ColumnLayout& layout,
                                                               std::span<const Value> parameters) {
  ARROW_ASSIGN_OR_RAISE(const std::unique_ptr<Compiler> compiler, Compiler::Make(layout, parameters));
  auto impl = std::make_unique<Impl>();
  for (const BoundExpr* expr : exprs) {
    ARROW_ASSIGN_OR_RAISE(const uint32_t node, compiler->Compile(*expr));
    impl->outputs.push_back(node);
  }
  impl->nodes = compiler->TakeNodes();
  return std::shared_ptr<const Program>(new Program(std::move(impl)));
}

Program::Program(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Program::~Program() = default;
uint32_t Program::num_outputs() const { return static_cast<uint32_t>(impl_->outputs.size()); }

arrow::Result<Value> EvaluateConstant(const BoundExpr& expr, std::span<const Value> parameters, const TimeZone* zone) {
  const BoundExpr* exprs[] = {&expr};
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<const Program> program, Program::Compile(exprs, {}, parameters));
  const ProgramNode& node = program->impl().nodes[program->impl().outputs[0]];
  if (node.kind == NodeKind::kConstant) return node.constant->value;
  StringArena arena(arrow::default_memory_pool());
  KernelContext context;
  context.pool = arrow::default_memory_pool();
  context.arena = &arena;
  context.zone = zone;
  ARROW_ASSIGN_OR_RAISE(std::unique_ptr<ProgramState> state, ProgramState::Make(std::move(program), context));
  Batch batch;
  batch.num_rows = 1;
  batch.selection = Selection::All(1);
  ARROW_RETURN_NOT_OK(state->Evaluate(batch));
  return GetValue(state->outputs()[0], 0);
}

}  // namespace llkv
