// The table of interned descriptions, and the stored form of types.
#include "types/type_info.h"

#include <arrow/type.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/mutex.h"

namespace llkv {

namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = Lower(c);
  return lower;
}

void AppendVarint(uint64_t value, std::string* out) {
  while (value >= 0x80) {
    out->push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out->push_back(static_cast<char>(value));
}

void AppendText(std::string_view text, std::string* out) {
  AppendVarint(text.size(), out);
  out->append(text);
}

arrow::Status Invalid(std::string message) { return SqlError(sqlstate::kInvalidParameter, std::move(message)); }

/// All descriptions of the process. Grows only.
class TypeTable {
 public:
  static TypeTable& Get() {
    // Never destroyed: types may outlive every other static object.
    static auto* table = new TypeTable();
    return *table;
  }

  LogicalType Intern(TypeInfo info) LLKV_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    std::unique_ptr<const TypeInfo>& slot = infos_[info.encoded];
    if (slot == nullptr) slot = std::make_unique<const TypeInfo>(std::move(info));
    return LogicalType::Described(slot->id, slot.get());
  }

 private:
  Mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<const TypeInfo>> infos_ LLKV_GUARDED_BY(mutex_);
};

std::shared_ptr<arrow::Field> ArrowField(const std::string& name, LogicalType type, bool stored) {
  return stored ? arrow::field(name, ToStoredArrowType(type)) : ToArrowField(name, type);
}

arrow::FieldVector ArrowFields(const TypeInfo& info, bool stored) {
  arrow::FieldVector fields;
  for (const TypeField& field : info.fields) fields.push_back(ArrowField(field.name, field.type, stored));
  return fields;
}

std::shared_ptr<arrow::DataType> MakeArrow(const TypeInfo& info, bool stored) {
  switch (info.id) {
    case TypeId::kEnum: {
      const auto codes = info.labels.size() <= 256 ? arrow::uint8() : arrow::uint16();
      return stored ? codes : arrow::dictionary(codes, arrow::utf8(), /*ordered=*/true);
    }
    case TypeId::kList:
      return arrow::list(ArrowField("item", info.fields[0].type, stored));
    case TypeId::kArray:
      return arrow::fixed_size_list(ArrowField("item", info.fields[0].type, stored), static_cast<int32_t>(info.size));
    case TypeId::kMap:
      return std::make_shared<arrow::MapType>(ArrowField("key", info.fields[0].type, stored)->WithNullable(false),
                                              ArrowField("value", info.fields[1].type, stored));
    case TypeId::kUnion:
      return arrow::dense_union(ArrowFields(info, stored));
    default:
      return arrow::struct_(ArrowFields(info, stored));
  }
}

void AppendInfo(const TypeInfo& info, std::string* out) {
  out->push_back(static_cast<char>(info.id));
  out->append(2, '\0');
  if (info.id == TypeId::kEnum) {
    AppendVarint(info.labels.size(), out);
    for (const std::string& label : info.labels) AppendText(label, out);
    return;
  }
  if (info.id == TypeId::kArray) AppendVarint(info.size, out);
  const bool named = info.id == TypeId::kStruct || info.id == TypeId::kUnion;
  if (named) AppendVarint(info.fields.size(), out);
  for (const TypeField& field : info.fields) {
    if (named) AppendText(field.name, out);
    AppendType(field.type, out);
  }
}

/// Checks what all have in common, and gives the one description.
arrow::Result<LogicalType> Finish(TypeInfo info) {
  size_t bytes = 0;
  uint64_t slots = 0;
  for (const TypeField& field : info.fields) {
    if (field.type.IsAny())
      return NotSupported("dynamic values (ANY) in lists, structs and the like are not supported");
    const bool described = field.type.IsEnum() || field.type.IsNested();
    slots += described ? field.type.info().num_slots : 1;
    info.depth = std::max(info.depth, described ? field.type.info().depth : 0);
    bytes += field.name.size() + (described ? field.type.info().encoded.size() : 3);
  }
  for (const std::string& label : info.labels) bytes += label.size() + 1;
  ++info.depth;
  if (info.depth > kMaxTypeDepth) {
    return Invalid("types nest at most " + std::to_string(kMaxTypeDepth) + " levels deep");
  }
  if (info.id == TypeId::kArray || info.id == TypeId::kStruct) info.num_slots = slots * std::max(info.size, 1U);
  if (info.num_slots > kMaxTypeSlots) {
    return Invalid("arrays within arrays hold at most " + std::to_string(kMaxTypeSlots) + " values");
  }
  if (bytes > kMaxTypeBytes) return Invalid("the description of a type takes more than a megabyte");
  AppendInfo(info, &info.encoded);
  info.arrow_type = MakeArrow(info, false);
  info.stored_arrow_type = MakeArrow(info, true);
  return TypeTable::Get().Intern(std::move(info));
}

/// A name as SQL needs it.
std::string QuoteName(const std::string& name) {
  const bool plain =
      !name.empty() && (name[0] < '0' || name[0] > '9') && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
      });
  if (plain) return name;
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + "\"";
}

arrow::Status CheckNames(const std::vector<TypeField>& fields, const char* what) {
  if (fields.empty()) return Invalid(std::string("a ") + what + " has at least one field");
  if (fields.size() > kMaxTypeFields) {
    return Invalid(std::string("a ") + what + " has at most " + std::to_string(kMaxTypeFields) + " fields");
  }
  std::vector<std::string> names;
  for (const TypeField& field : fields) names.push_back(LowerCase(field.name));
  if (std::all_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); })) {
    return arrow::Status::OK();
  }
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end()) return Invalid(std::string("a ") + what + " has two fields named \"" + *twice + "\"");
  if (names.front().empty()) return Invalid(std::string("a field of a ") + what + " has no name");
  return arrow::Status::OK();
}

/// Types at the front of bytes. `rest` is empty and `ok` false after a failure.
class TypeReader {
 public:
  explicit TypeReader(std::string_view bytes) : rest_(bytes) {}

  std::string_view rest() const { return rest_; }

  std::optional<LogicalType> Next(int depth) {
    if (depth > kMaxTypeDepth || rest_.size() < 3) return std::nullopt;
    const auto id = static_cast<uint8_t>(rest_[0]);
    const auto precision = static_cast<uint8_t>(rest_[1]);
    const auto scale = static_cast<uint8_t>(rest_[2]);
    rest_.remove_prefix(3);
    if (static_cast<TypeId>(id) == TypeId::kDecimal) {
      if (precision < 1 || precision > 38 || scale > precision) return std::nullopt;
      return LogicalType::Decimal(precision, scale);
    }
    if (precision != 0 || scale != 0) return std::nullopt;
    if (IsPlainTypeId(id)) return LogicalType(static_cast<TypeId>(id));
    const arrow::Result<LogicalType> type = NextDescribed(static_cast<TypeId>(id), depth);
    if (!type.ok()) return std::nullopt;
    return *type;
  }

 private:
  static arrow::Status Damaged() { return arrow::Status::Invalid("not a type"); }

  arrow::Result<LogicalType> Child(int depth) {
    const std::optional<LogicalType> type = Next(depth + 1);
    if (!type) return Damaged();
    return *type;
  }

  arrow::Result<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 35 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<uint8_t>(rest_[0]);
      rest_.remove_prefix(1);
      value |= static_cast<uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    return Damaged();
  }

  arrow::Result<std::string> Text() {
    ARROW_ASSIGN_OR_RAISE(const uint64_t size, Varint());
    if (size > rest_.size()) return Damaged();
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }

  arrow::Result<std::vector<TypeField>> Fields(int depth) {
    ARROW_ASSIGN_OR_RAISE(const uint64_t count, Varint());
    // Each takes four bytes at least.
    if (count > kMaxTypeFields || count * 4 > rest_.size()) return Damaged();
    std::vector<TypeField> fields(count);
    for (TypeField& field : fields) {
      ARROW_ASSIGN_OR_RAISE(field.name, Text());
      ARROW_ASSIGN_OR_RAISE(field.type, Child(depth));
    }
    return fields;
  }

  arrow::Result<LogicalType> NextDescribed(TypeId id, int depth) {
    switch (id) {
      case TypeId::kEnum: {
        ARROW_ASSIGN_OR_RAISE(const uint64_t count, Varint());
        if (count > kMaxEnumLabels || count > rest_.size()) return Damaged();
        std::vector<std::string> labels(count);
        for (std::string& label : labels) {
          ARROW_ASSIGN_OR_RAISE(label, Text());
        }
        return MakeEnumType(std::move(labels));
      }
      case TypeId::kList: {
        ARROW_ASSIGN_OR_RAISE(const LogicalType element, Child(depth));
        return MakeListType(element);
      }
      case TypeId::kArray: {
        ARROW_ASSIGN_OR_RAISE(const uint64_t size, Varint());
        ARROW_ASSIGN_OR_RAISE(const LogicalType element, Child(depth));
        return MakeArrayType(element, static_cast<int64_t>(size));
      }
      case TypeId::kMap: {
        ARROW_ASSIGN_OR_RAISE(const LogicalType key, Child(depth));
        ARROW_ASSIGN_OR_RAISE(const LogicalType value, Child(depth));
        return MakeMapType(key, value);
      }
      case TypeId::kStruct:
      case TypeId::kUnion: {
        ARROW_ASSIGN_OR_RAISE(std::vector<TypeField> fields, Fields(depth));
        return id == TypeId::kStruct ? MakeStructType(std::move(fields)) : MakeUnionType(std::move(fields));
      }
      default:
        return Damaged();
    }
  }

  std::string_view rest_;
};

}  // namespace

std::optional<uint32_t> TypeInfo::FindLabel(std::string_view label) const {
  const auto found =
      std::lower_bound(sorted_labels.begin(), sorted_labels.end(), label,
                       [&](uint32_t number, std::string_view wanted) { return labels[number] < wanted; });
  if (found == sorted_labels.end() || labels[*found] != label) return std::nullopt;
  return *found;
}

std::optional<uint32_t> TypeInfo::FindField(std::string_view name) const {
  for (uint32_t i = 0; i < fields.size(); ++i) {
    const std::string& candidate = fields[i].name;
    if (candidate.size() == name.size() &&
        std::equal(name.begin(), name.end(), candidate.begin(), [](char a, char b) { return Lower(a) == Lower(b); })) {
      return i;
    }
  }
  return std::nullopt;
}

arrow::Result<LogicalType> MakeEnumType(std::vector<std::string> labels) {
  if (labels.empty()) return Invalid("an ENUM has at least one label");
  if (labels.size() > kMaxEnumLabels) {
    return Invalid("an ENUM has at most " + std::to_string(kMaxEnumLabels) + " labels");
  }
  TypeInfo info;
  info.id = TypeId::kEnum;
  info.labels = std::move(labels);
  info.sorted_labels.resize(info.labels.size());
  std::iota(info.sorted_labels.begin(), info.sorted_labels.end(), 0U);
  std::sort(info.sorted_labels.begin(), info.sorted_labels.end(),
            [&](uint32_t a, uint32_t b) { return info.labels[a] < info.labels[b]; });
  const auto twice = std::adjacent_find(info.sorted_labels.begin(), info.sorted_labels.end(),
                                        [&](uint32_t a, uint32_t b) { return info.labels[a] == info.labels[b]; });
  if (twice != info.sorted_labels.end()) return Invalid("an ENUM has the label '" + info.labels[*twice] + "' twice");
  return Finish(std::move(info));
}

arrow::Result<LogicalType> MakeListType(LogicalType element) {
  TypeInfo info;
  info.id = TypeId::kList;
  info.fields = {{"element", element}};
  return Finish(std::move(info));
}

arrow::Result<LogicalType> MakeArrayType(LogicalType element, int64_t size) {
  if (size < 1 || size > kMaxArraySize) {
    return Invalid("the size of an array is 1 to " + std::to_string(kMaxArraySize));
  }
  TypeInfo info;
  info.id = TypeId::kArray;
  info.fields = {{"element", element}};
  info.size = static_cast<uint32_t>(size);
  return Finish(std::move(info));
}

arrow::Result<LogicalType> MakeStructType(std::vector<TypeField> fields) {
  ARROW_RETURN_NOT_OK(CheckNames(fields, "STRUCT"));
  TypeInfo info;
  info.id = TypeId::kStruct;
  info.fields = std::move(fields);
  return Finish(std::move(info));
}

arrow::Result<LogicalType> MakeMapType(LogicalType key, LogicalType value) {
  TypeInfo info;
  info.id = TypeId::kMap;
  info.fields = {{"key", key}, {"value", value}};
  return Finish(std::move(info));
}

arrow::Result<LogicalType> MakeUnionType(std::vector<TypeField> members) {
  ARROW_RETURN_NOT_OK(CheckNames(members, "UNION"));
  // The member's number is one byte.
  if (members.size() > 127) return Invalid("a UNION has at most 127 members");
  if (members[0].name.empty()) return Invalid("a UNION's members have names");
  TypeInfo info;
  info.id = TypeId::kUnion;
  info.fields = std::move(members);
  return Finish(std::move(info));
}

bool ContainsType(LogicalType type, TypeId id) {
  if (type.id() == id) return true;
  if (!type.IsNested()) return false;
  const std::vector<TypeField>& fields = type.info().fields;
  return std::any_of(fields.begin(), fields.end(),
                     [&](const TypeField& field) { return ContainsType(field.type, id); });
}

LogicalType WithTextForEnums(LogicalType type) {
  if (type.IsEnum()) return TypeId::kVarchar;
  if (!type.IsNested() || !ContainsType(type, TypeId::kEnum)) return type;
  std::vector<TypeField> fields = type.info().fields;
  for (TypeField& field : fields) field.type = WithTextForEnums(field.type);
  arrow::Result<LogicalType> plain = LogicalType();
  switch (type.id()) {
    case TypeId::kList:
      plain = MakeListType(fields[0].type);
      break;
    case TypeId::kArray:
      plain = MakeArrayType(fields[0].type, type.info().size);
      break;
    case TypeId::kMap:
      plain = MakeMapType(fields[0].type, fields[1].type);
      break;
    case TypeId::kUnion:
      plain = MakeUnionType(std::move(fields));
      break;
    default:
      plain = MakeStructType(std::move(fields));
  }
  // What held with labels holds with less.
  return plain.ok() ? *plain : type;
}

std::string DescribedTypeToString(LogicalType type) {
  const TypeInfo& info = type.info();
  if (type.id() == TypeId::kList) return ElementType(type).ToString() + "[]";
  if (type.id() == TypeId::kArray) return ElementType(type).ToString() + "[" + std::to_string(info.size) + "]";
  std::string text;
  if (type.id() == TypeId::kEnum) {
    for (const std::string& label : info.labels) {
      text += text.empty() ? "ENUM('" : ", '";
      for (const char c : label) text.append(c == '\'' ? 2 : 1, c);
      text += "'";
    }
    return text + ")";
  }
  const char* name = type.id() == TypeId::kMap ? "MAP" : type.id() == TypeId::kUnion ? "UNION" : "STRUCT";
  for (const TypeField& field : info.fields) {
    text += text.empty() ? std::string(name) + "(" : ", ";
    if (type.id() != TypeId::kMap && !info.IsUnnamed()) text += QuoteName(field.name) + " ";
    text += field.type.ToString();
  }
  return text + ")";
}

void AppendType(LogicalType type, std::string* out) {
  if (type.IsEnum() || type.IsNested()) {
    out->append(type.info().encoded);
    return;
  }
  out->push_back(static_cast<char>(type.id()));
  out->push_back(static_cast<char>(type.precision()));
  out->push_back(static_cast<char>(type.scale()));
}

std::optional<LogicalType> DecodeType(std::string_view bytes, size_t* size) {
  TypeReader reader(bytes);
  const std::optional<LogicalType> type = reader.Next(0);
  *size = bytes.size() - reader.rest().size();
  return type;
}

}  // namespace llkv
