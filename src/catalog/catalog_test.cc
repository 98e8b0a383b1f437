// The catalog under transactions: what is created is private until COMMIT, dropped tables stay for older snapshots, and
// all of it is there again after reopening.
#include "catalog/catalog.h"
#include "base/testing/status_asserts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "catalog/schema_codec.h"
#include "store/storage.h"
#include "store/table_store.h"
#include "store/testing/memory_pager.h"

namespace llkv {
namespace {

TableSchema Table(const std::string& name) {
  TableSchema schema;
  schema.name = name;
  schema.columns.push_back({FieldId(0), "Id", TypeId::kInteger, true, std::nullopt});
  schema.columns.push_back({FieldId(0), "price", LogicalType::Decimal(15, 2), false, "0.5"});
  schema.primary_key = {0};
  schema.checks.push_back({"positive", "price > 0"});
  return schema;
}

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    pager_ = testing::OpenMemoryPager();
    Open();
  }
  void Open() {
    StorageOptions options;
    options.txn.lock_timeout_ms = 0;
    catalog_.reset();
    storage_.reset();
    storage_ = Storage::Open(pager_, options).ValueOrDie();
    catalog_ = Catalog::Open(storage_.get()).ValueOrDie();
  }
  std::unique_ptr<Transaction> Begin() {
    auto txn = storage_->txns().Begin();
    EXPECT_TRUE(txn->BeginStatement().ok());
    return txn;
  }
  std::vector<std::string> Names(const Transaction& txn) {
    std::vector<std::string> names;
    for (const auto& table : catalog_->GetSnapshot(txn)->Tables()) names.push_back(table->name);
    for (const auto& view : catalog_->GetSnapshot(txn)->Views()) names.push_back(view->name);
    return names;
  }
  using NameList = std::vector<std::string>;

  std::shared_ptr<Pager> pager_;
  std::unique_ptr<Storage> storage_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, ACreatedTableIsPrivateUntilCommit) {
  auto txn = Begin();
  auto other = Begin();
  const TableSchemaPtr created = catalog_->CreateTable(*txn, Table("Orders")).ValueOrDie();
  EXPECT_GE(created->id.value, kFirstUserTableId);
  EXPECT_EQ(created->primary_key_name, "Orders_pkey");
  EXPECT_NE(created->columns[0].field, created->columns[1].field);
  EXPECT_EQ(Names(*txn), NameList{"Orders"});
  EXPECT_NE(catalog_->GetSnapshot(*txn)->FindTable("oRDERS"), nullptr);
  EXPECT_EQ(Names(*other), NameList{});
  EXPECT_EQ(GetSqlState(catalog_->CreateTable(*txn, Table("orders")).status()), sqlstate::kDuplicateTable);
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(Names(*other), NameList{});
  EXPECT_EQ(Names(*Begin()), NameList{"Orders"});
  // The older transaction may not take the name, which it does not see.
  EXPECT_EQ(GetSqlState(catalog_->CreateTable(*other, Table("orders")).status()), sqlstate::kSerializationFailure);
  storage_->txns().Rollback(*other);
  for (const bool with_checkpoint : {false, true}) {
    if (with_checkpoint) {
      ASSERT_OK(storage_->Checkpoint());
    }
    Open();
    const TableSchemaPtr table = catalog_->GetSnapshot(*Begin())->FindTable("orders");
    ASSERT_NE(table, nullptr);
    EXPECT_EQ(EncodeTableSchema(*table), EncodeTableSchema(*created));
    EXPECT_EQ(catalog_->GetStore(table->id).ValueOrDie()->layout().columns.size(), 2u);
  }
}

TEST_F(CatalogTest, RollbackAndAFailedStatementLeaveNoTrace) {
  auto txn = Begin();
  ASSERT_OK(catalog_->CreateTable(*txn, Table("a")).status());
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(catalog_->CreateTable(*txn, Table("b")).status());
  const TableId b = catalog_->GetSnapshot(*txn)->FindTable("b")->id;
  txn->UndoStatement();
  EXPECT_EQ(Names(*txn), NameList{"a"});
  EXPECT_EQ(GetSqlState(catalog_->GetStore(b).status()), sqlstate::kUndefinedTable);
  ASSERT_OK(txn->BeginStatement());
  ASSERT_OK(catalog_->CreateTable(*txn, Table("b")).status());
  storage_->txns().Rollback(*txn);
  EXPECT_EQ(Names(*Begin()), NameList{});
  txn = Begin();
  ASSERT_OK(catalog_->CreateTable(*txn, Table("a")).status());
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(Names(*Begin()), NameList{"a"});
}

TEST_F(CatalogTest, ADroppedTableStaysForOlderSnapshots) {
  auto txn = Begin();
  const TableId id = catalog_->CreateTable(*txn, Table("a")).ValueOrDie()->id;
  ASSERT_OK(storage_->Commit(*txn));
  auto reader = Begin();
  txn = Begin();
  ASSERT_OK(catalog_->DropTable(*txn, "A"));
  EXPECT_EQ(Names(*txn), NameList{});
  ASSERT_OK(txn->BeginStatement());
  const TableId again = catalog_->CreateTable(*txn, Table("a")).ValueOrDie()->id;
  EXPECT_NE(again, id);
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(catalog_->GetSnapshot(*reader)->FindTable("a")->id, id);
  ASSERT_OK(catalog_->GetStore(id).status());
  EXPECT_EQ(catalog_->GetSnapshot(*Begin())->FindTable("a")->id, again);
  EXPECT_EQ(GetSqlState(catalog_->DropTable(*reader, "a")), sqlstate::kSerializationFailure);
  storage_->txns().Rollback(*reader);
  Open();
  EXPECT_EQ(catalog_->GetSnapshot(*Begin())->FindTable("a")->id, again);
  ASSERT_OK(storage_->Checkpoint());
  EXPECT_FALSE(catalog_->GetStore(id).ok());
}

TEST_F(CatalogTest, ViewsAndTablesShareNames) {
  auto txn = Begin();
  ASSERT_OK(catalog_->CreateView(*txn, {TableId(0), "v", "SELECT 1", {"x"}}).status());
  EXPECT_EQ(GetSqlState(catalog_->CreateTable(*txn, Table("V")).status()), sqlstate::kDuplicateTable);
  EXPECT_EQ(GetSqlState(catalog_->DropTable(*txn, "v")), sqlstate::kWrongObjectType);
  EXPECT_EQ(GetSqlState(catalog_->DropView(*txn, "w")), sqlstate::kUndefinedTable);
  ASSERT_OK(storage_->Commit(*txn));
  Open();
  const ViewSchemaPtr view = catalog_->GetSnapshot(*Begin())->FindView("V");
  ASSERT_NE(view, nullptr);
  EXPECT_EQ(view->sql, "SELECT 1");
  EXPECT_EQ(view->column_names, NameList{"x"});
  TableSchema twice = Table("t");
  twice.columns[1].name = "ID";
  txn = Begin();
  EXPECT_EQ(GetSqlState(catalog_->CreateTable(*txn, twice).status()), sqlstate::kDuplicateColumn);
}

TEST_F(CatalogTest, VersionsTellSnapshotsApart) {
  auto first = Begin();
  const uint64_t version = catalog_->GetSnapshot(*first)->version();
  EXPECT_EQ(catalog_->GetSnapshot(*Begin())->version(), version);
  auto txn = Begin();
  ASSERT_OK(catalog_->CreateTable(*txn, Table("a")).status());
  EXPECT_NE(catalog_->GetSnapshot(*txn)->version(), version);
  EXPECT_NE(catalog_->GetSnapshot(*txn)->version() >> 63, 0u);
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_NE(catalog_->GetSnapshot(*Begin())->version(), version);
  EXPECT_EQ(catalog_->GetSnapshot(*first)->version(), version);
}

TEST_F(CatalogTest, TriggersStayWithTheirTable) {
  auto txn = Begin();
  TableSchema schema = *catalog_->CreateTable(*txn, Table("t")).ValueOrDie();
  ASSERT_OK(txn->BeginStatement());
  const TriggerSchema trigger{"Fires", TriggerSchema::Event::kUpdate, {1}, "CREATE TRIGGER …"};
  schema.triggers.push_back(trigger);
  ASSERT_OK(catalog_->ChangeTable(*txn, std::move(schema)).status());
  ASSERT_OK(storage_->Commit(*txn));
  for (const bool with_checkpoint : {false, true}) {
    if (with_checkpoint) {
      ASSERT_OK(storage_->Checkpoint());
    }
    Open();
    const auto reader = Begin();
    const TableSchemaPtr table = catalog_->GetSnapshot(*reader)->FindTableOfTrigger("fires");
    ASSERT_NE(table, nullptr);
    ASSERT_EQ(table->triggers.size(), 1U);
    EXPECT_EQ(table->triggers[0].name, trigger.name);
    EXPECT_EQ(table->triggers[0].event, trigger.event);
    EXPECT_EQ(table->triggers[0].columns, trigger.columns);
    EXPECT_EQ(table->triggers[0].sql, trigger.sql);
  }
  txn = Begin();
  ASSERT_OK(catalog_->DropTable(*txn, "t"));
  ASSERT_OK(storage_->Commit(*txn));
  EXPECT_EQ(catalog_->GetSnapshot(*Begin())->FindTableOfTrigger("fires"), nullptr);
}

TEST(SchemaCodec, DamagedBytesAreErrors) {
  TableSchema schema = Table("t");
  const std::string bytes = EncodeTableSchema(schema);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(DecodeTableSchema(std::string_view(bytes).substr(0, size)).ok());
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int flip : {1, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      static_cast<void>(DecodeTableSchema(damaged));
    }
  }
}

TEST_F(CatalogTest, IdsOfViewsAreNotGivenAgainAfterACrash) {
  auto txn = Begin();
  ViewSchema view;
  view.name = "v";
  view.sql = "SELECT 1";
  ASSERT_OK(catalog_->CreateView(*txn, view).status());
  ASSERT_OK(storage_->Commit(*txn));
  txn.reset();
  Open();
  auto next = Begin();
  ASSERT_OK(catalog_->CreateTable(*next, Table("t")).status());
  ASSERT_OK(storage_->Commit(*next));
  EXPECT_EQ(Names(*Begin()), (NameList{"t", "v"}));
}

}  // namespace
}  // namespace llkv
