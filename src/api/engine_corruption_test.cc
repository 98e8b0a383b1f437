// ctest-labels: corruption
// Damaged database files under the whole engine: every answer is the right one or a precise error, PRAGMA
// integrity_check finds every flip in bytes that matter, and salvaging gives rows that were there.
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "api/testing/query_text.h"
#include "base/error.h"
#include "llkv/salvage.h"
#include "os/testing/sim_disk.h"
#include "pager/file/blob_reader.h"
#include "pager/file/log_cursor.h"
#include "pager/file/recovery.h"
#include "pager/registry.h"
#include "pager/testing/scratch_folder.h"

namespace llkv {
namespace {

constexpr char kPath[] = "db";
constexpr char kRows[] = "SELECT k, s, d, f FROM t ORDER BY k";

PagerOptions SmallOptions(FileSystem* file_system) {
  PagerOptions options;
  options.file_system = file_system;
  options.min_segment_bytes = 4 << 10;
  options.max_segment_bytes = 16 << 10;
  options.address_space_bytes = uint64_t{16} << 20;
  options.checkpoint_log_bytes = 2 << 10;
  return options;
}

arrow::Result<std::unique_ptr<SqlEngine>> OpenEngine(SimDisk& disk, bool read_only) {
  PagerOptions options = SmallOptions(&disk);
  options.read_only = read_only;
  ARROW_ASSIGN_OR_RAISE(auto pager, OpenPager(kPath, options));
  EngineOptions engine_options;
  engine_options.num_threads = 1;
  engine_options.read_only = read_only;
  return SqlEngine::Make(std::move(pager), engine_options);
}

struct Sample {
  std::string file;
  /// The rows after each commit that could be the newest one found.
  std::set<std::string> states;
  std::string newest;
  /// Lines of all rows that ever were.
  std::set<std::string> lines;
  /// Bytes that the newest commit or its recovery needs.
  std::vector<file::Extent> live;
  /// Bytes that a check may complain about although nothing needs them: commits before, in the same segment.
  std::vector<file::Extent> neighbours;
  uint64_t last_lsn = 0;
};

/// Cold groups, hot rows in the log, deletes in both, an index, dictionary, narrow, constant and flat chunks.
Sample MakeSample() {
  Sample sample;
  SimDisk disk;
  auto engine = OpenEngine(disk, false).ValueOrDie();
  auto session = engine->NewSession().ValueOrDie();
  const auto remember = [&] {
    sample.newest = QueryText(session, kRows);
    sample.states.insert(sample.newest);
    std::istringstream lines(sample.newest);
    for (std::string line; std::getline(lines, line);) sample.lines.insert(line);
  };
  const auto run = [&](const std::string& sql) {
    EXPECT_EQ(RunSql(session, sql), "") << sql;
    if (sql.find("CREATE TABLE") == std::string::npos) remember();
  };
  run("CREATE TABLE t (k INTEGER PRIMARY KEY, s VARCHAR, d DECIMAL(12, 2), f DOUBLE NOT NULL CHECK (f < 1000))");
  run("INSERT INTO t SELECT i, 'text ' || i % 4, i / 4.0, i / 3.0 FROM range(90) AS r(i)");
  run("CHECKPOINT");
  run("DELETE FROM t WHERE k % 9 = 4");
  run("CHECKPOINT");
  run("CREATE VIEW v AS SELECT * FROM t WHERE k > 5");
  run("INSERT INTO t SELECT i, NULL, -1, 0 FROM range(100, 130) AS r(i)");
  run("CHECKPOINT");
  run("INSERT INTO t VALUES (1000, 'in the log only', 7.5, 1)");
  run("DELETE FROM t WHERE k IN (3, 1000, 110)");
  run("INSERT INTO t VALUES (1001, 'the last', NULL, 2)");
  sample.file = disk.Contents(kPath);
  disk.KillProcess();
  return sample;
}

/// The entries, without padding, and header slots that matter, by the pager's own recovery.
void FindLive(Sample* sample) {
  SimDisk disk;
  disk.SetContents(kPath, sample->file);
  auto file = file::StorageFile::Make(disk.Open(kPath, {.write = false}).ValueOrDie(), uint64_t{16} << 20).ValueOrDie();
  file::SegmentSpace space(*file, SmallOptions(&disk));
  file::FileNodeSource nodes(*file);
  const file::Recovered state = file::Recover(*file, space, nodes, {}).ValueOrDie();
  sample->last_lsn = state.lsn;
  const auto add = [&](file::Extent bytes) {
    sample->live.push_back({bytes.offset - sizeof(file::EntryHeader), bytes.length + sizeof(file::EntryHeader)});
  };
  for (const uint64_t slot : {uint64_t{0}, uint64_t{1}})
    sample->live.push_back({slot * file::kPageBytes, sizeof(file::HeaderSlot)});
  add(state.header.checkpoint);
  file::KeyDirectory::CheckVisitor visitor;
  visitor.node = [&](uint64_t, unsigned, file::Extent place) { add(place); };
  visitor.blob = [](uint64_t, file::Extent) {};
  visitor.damaged = [](file::Extent, const arrow::Status& damage) { ADD_FAILURE() << damage; };
  state.checkpoint_directory.Check(nodes, visitor);
  visitor.node = [](uint64_t, unsigned, file::Extent) {};
  visitor.blob = [&](uint64_t, file::Extent place) { add(place); };
  state.directory.Check(nodes, visitor);
  file::LogPosition start;
  start.segment = space.FindLog(std::min(state.truncated_lsn, state.checkpoint_lsn));
  start.offset = start.segment.offset;
  start.next_lsn = start.segment.since;
  file::LogCursor cursor(*file, start, false);
  while (const auto entry = cursor.Next().ValueOrDie()) {
    file::EntryHeader header;
    std::memcpy(&header, sample->file.data() + entry->offset, sizeof(header));
    const bool is_needed = entry->lsn > std::min(state.truncated_lsn, state.checkpoint_lsn);
    (is_needed ? sample->live : sample->neighbours).push_back({entry->offset, sizeof(header) + header.length});
  }
}

const Sample& TheSample() {
  static const Sample sample = [] {
    Sample made = MakeSample();
    FindLive(&made);
    return made;
  }();
  return sample;
}

bool IsIn(const std::vector<file::Extent>& extents, uint64_t at) {
  return std::any_of(extents.begin(), extents.end(), [at](const file::Extent& extent) {
    return at >= extent.offset && at - extent.offset < extent.length;
  });
}

bool IsLive(const Sample& sample, uint64_t at) { return IsIn(sample.live, at); }

/// Opens these bytes and asks. Returns what became of it.
std::string Try(const Sample& sample, const std::string& bytes, bool read_only, bool is_live, bool is_neighbour,
                const std::string& what) {
  SimDisk disk;
  disk.SetContents(kPath, bytes);
  auto opened = OpenEngine(disk, read_only);
  if (!opened.ok()) {
    const auto state = GetSqlState(opened.status());
    EXPECT_TRUE(state == sqlstate::kDataCorrupted || state == sqlstate::kFeatureNotSupported ||
                state == sqlstate::kUndefinedFile)
        << what << ": " << opened.status();
    return "refused";
  }
  auto session = (*opened)->NewSession().ValueOrDie();
  const std::string rows = QueryText(session, kRows);
  const bool failed = rows.starts_with("error ");
  if (failed) {
    EXPECT_TRUE(rows.starts_with("error XX001") || rows.starts_with("error 42P01")) << what << ": " << rows;
  } else {
    EXPECT_TRUE(sample.states.contains(rows)) << what << ": " << rows;
  }
  const std::string checked = QueryText(session, "PRAGMA integrity_check");
  const bool is_newest = rows == sample.newest;
  if (failed) {
    EXPECT_NE(checked, "ok") << what << ": " << rows;
  }
  // The end of the log may be cut off by a crash at any byte: that is no damage.
  if (is_live && is_newest) {
    EXPECT_NE(checked, "ok") << what;
  }
  if (!is_live && !is_neighbour && is_newest) {
    EXPECT_EQ(checked, "ok") << what;
  }
  if (!is_newest && !failed) return "earlier commit";
  return failed ? "error" : checked == "ok" ? "whole" : "found by the check";
}

TEST(EngineCorruption, TheSampleIsWhole) {
  const Sample& sample = TheSample();
  EXPECT_EQ(Try(sample, sample.file, true, false, false, "undamaged"), "whole");
  EXPECT_EQ(Try(sample, sample.file, false, false, false, "undamaged"), "whole");
}

TEST(EngineCorruption, EveryRegionFlipped) {
  const Sample& sample = TheSample();
  std::map<std::string, int> outcomes;
  uint64_t trial = 0;
  for (size_t at = 0; at < sample.file.size(); ++at) {
    // Of unused bytes and of the inside of entries, some; all of entries' headers and of the first bytes behind them.
    const bool is_live = IsLive(sample, at);
    const bool is_head = is_live && (IsLive(sample, at) && (at % 64 < 8 || at < 2 * file::kPageBytes));
    if (is_head ? at % 2 != 0 && at >= 2 * file::kPageBytes : at % (is_live ? 11 : 211) != 0) continue;
    std::string bytes = sample.file;
    bytes[at] = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
    ++outcomes[Try(sample, bytes, ++trial % 5 != 0, is_live, IsIn(sample.neighbours, at),
                   "flipped byte " + std::to_string(at))];
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(outcomes["whole"], 0);
  EXPECT_GT(outcomes["found by the check"], 0);
  for (const auto& [outcome, count] : outcomes) std::printf("%s: %d\n", outcome.c_str(), count);
}

TEST(EngineCorruption, EveryTruncation) {
  const Sample& sample = TheSample();
  std::map<std::string, int> outcomes;
  for (size_t size = 0; size < sample.file.size(); size += 64) {
    SimDisk disk;
    disk.SetContents(kPath, sample.file.substr(0, size));
    auto opened = OpenEngine(disk, true);
    if (!opened.ok()) {
      ++outcomes["refused"];
      continue;
    }
    auto session = (*opened)->NewSession().ValueOrDie();
    const std::string rows = QueryText(session, kRows);
    EXPECT_TRUE(rows.starts_with("error XX001") || sample.states.contains(rows)) << size << ": " << rows;
    ++outcomes[rows == sample.newest ? "whole" : rows.starts_with("error") ? "error" : "earlier commit"];
  }
  EXPECT_GT(outcomes["refused"], 0);
  for (const auto& [outcome, count] : outcomes) std::printf("%s: %d\n", outcome.c_str(), count);
}

TEST(EngineCorruption, AHeaderSlotThatIsDamagedIsReported) {
  const Sample& sample = TheSample();
  for (const uint64_t slot : {uint64_t{0}, uint64_t{1}}) {
    std::string bytes = sample.file;
    bytes[slot * file::kPageBytes + 64] ^= 1;
    SimDisk disk;
    disk.SetContents(kPath, bytes);
    ASSERT_OK_AND_ASSIGN(auto engine, OpenEngine(disk, true));
    ASSERT_EQ(engine->warnings().size(), 1u);
    EXPECT_NE(engine->warnings()[0].find("header slot " + std::to_string(slot)), std::string::npos);
    ASSERT_OK_AND_ASSIGN(auto session, engine->NewSession());
    EXPECT_EQ(QueryText(session, kRows), sample.newest);
    EXPECT_NE(QueryText(session, "PRAGMA integrity_check").find("header slot " + std::to_string(slot)),
              std::string::npos);
  }
}

class Salvaging : public testing::Test {
 protected:
  /// The rows that salvaging these bytes gives, or the error.
  std::string Rows(const std::string& bytes, std::vector<std::string>* losses, const std::string& sql = kRows) {
    const std::string number = std::to_string(++number_);
    const std::string damaged = folder_.File("damaged" + number);
    const std::string out = folder_.File("out" + number);
    std::ofstream(damaged, std::ios::binary) << bytes;
    const auto counts = Salvage(damaged, out, [&](const std::string& loss) { losses->push_back(loss); });
    if (!counts.ok()) return "error " + StateOf(counts.status());
    EXPECT_EQ(counts->num_losses, losses->size());
    auto engine = SqlEngine::Open(out).ValueOrDie();
    auto session = engine->NewSession().ValueOrDie();
    EXPECT_EQ(QueryText(session, "PRAGMA integrity_check"), "ok");
    return QueryText(session, sql);
  }

  ScratchFolder folder_;
  int number_ = 0;
};

TEST_F(Salvaging, AWholeFileLosesNothing) {
  std::vector<std::string> losses;
  EXPECT_EQ(Rows(TheSample().file, &losses), TheSample().newest);
  EXPECT_EQ(losses, std::vector<std::string>());
  const std::string view = Rows(TheSample().file, &losses, "SELECT count(*) FROM v");
  EXPECT_NE(view, "0");
  EXPECT_FALSE(view.starts_with("error")) << view;
}

TEST_F(Salvaging, HeaderSlotsAndDirectoryAreNotNeeded) {
  std::string bytes = TheSample().file;
  std::fill(bytes.begin(), bytes.begin() + 2 * file::kPageBytes, '\0');
  for (size_t at = 0; at + 64 <= bytes.size(); at += 64) {
    file::EntryHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof(header));
    const auto type = static_cast<file::EntryType>(header.type);
    if (header.magic != file::EntryHeader::kEntryMagic) continue;
    if (type == file::EntryType::kDirectoryNode || type == file::EntryType::kCheckpoint) bytes[at + 64] ^= 1;
  }
  SimDisk disk;
  disk.SetContents(kPath, bytes);
  EXPECT_FALSE(OpenEngine(disk, true).ok());
  std::vector<std::string> losses;
  EXPECT_EQ(Rows(bytes, &losses), TheSample().newest);
}

TEST_F(Salvaging, DamagedFilesGiveRowsThatWereThere) {
  const Sample& sample = TheSample();
  int trial = 0;
  for (size_t at = 8192; at < sample.file.size(); at += 67) {
    if (!IsLive(sample, at) || ++trial % 4 != 0) continue;
    std::string bytes = sample.file;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    std::vector<std::string> losses;
    std::istringstream lines(Rows(bytes, &losses));
    size_t num_rows = 0;
    for (std::string line; std::getline(lines, line); ++num_rows) {
      if (line.starts_with("error 42P01") && !losses.empty()) break;
      EXPECT_TRUE(sample.lines.contains(line)) << "flipped byte " << at << ": " << line;
    }
    if (num_rows + 1 < static_cast<size_t>(std::count(sample.newest.begin(), sample.newest.end(), '\n'))) {
      EXPECT_FALSE(losses.empty()) << "flipped byte " << at;
    }
    if (testing::Test::HasFailure()) return;
  }
}

TEST_F(Salvaging, WhatIsNoDatabaseIsSaidSo) {
  std::vector<std::string> losses;
  EXPECT_EQ(Rows(std::string(100000, 'x'), &losses), "error XX001");
  EXPECT_EQ(StateOf(Salvage(folder_.File("missing"), folder_.File("o"), [](const std::string&) {}).status()), "58P01");
}

}  // namespace
}  // namespace llkv
