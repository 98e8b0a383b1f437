// llkv_bench: times SQL in LLKV through its public API, and a plain loop over a file's bytes, for bench/run.py.
//
//   llkv_bench sql DATABASE THREADS RUNS FILE…   one JSON line a file: its name, seconds of each run, the rows of the
//   last
//   llkv_bench stream DATABASE THREADS RUNS FILE  the same for reading batches of BIGINT columns to the end; what is
//   printed
//                                                of them is their number and of each column sum(value * position) mod
//                                                2^64
//   llkv_bench loop FILE THREADS RUNS            the same for the sum of a file's 64-bit words through a mapping
//   llkv_bench first DATABASE SQL                the same for opening a database and the first batch of one query
//   llkv_bench exec DATABASE THREADS SETUP FILE  runs the SQL of SETUP, then that of FILE, and times the latter
//   llkv_bench append DATABASE THREADS SETUP TABLE ARROW  the same for appending the batches of an Arrow file, mapped
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "llkv/engine.h"

namespace {

double Seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string JsonString(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

std::string JsonRows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches) {
  std::string out = "[";
  bool first = true;
  for (const auto& batch : batches) {
    for (int64_t row = 0; row < batch->num_rows(); ++row) {
      out += first ? "[" : ",[";
      first = false;
      for (int i = 0; i < batch->num_columns(); ++i) {
        if (i > 0) out += ",";
        std::string text;
        llkv::AppendValueText(*batch->column(i), row, &text);
        out += batch->column(i)->IsNull(row) ? "null" : JsonString(text);
      }
      out += "]";
    }
  }
  return out + "]";
}

void PrintLine(const std::string& name, const std::vector<double>& seconds, const std::string& rows) {
  std::string times;
  for (double s : seconds) times += fmt::format("{}{:.9f}", times.empty() ? "" : ",", s);
  std::printf("{\"name\":%s,\"seconds\":[%s],\"rows\":%s}\n", JsonString(name).c_str(), times.c_str(), rows.c_str());
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

arrow::Status RunSql(const std::string& database, int threads, int runs, const std::vector<std::string>& files) {
  llkv::EngineOptions options;
  options.num_threads = threads;
  ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open(database, options));
  ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
  for (const std::string& file : files) {
    const std::string sql = ReadFile(file);
    std::vector<double> seconds;
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    // The first run warms the cache and is not counted.
    for (int run = 0; run <= runs; ++run) {
      const double start = Seconds();
      ARROW_ASSIGN_OR_RAISE(auto reader, session.Query(sql));
      ARROW_ASSIGN_OR_RAISE(batches, reader->ToRecordBatches());
      if (run > 0) seconds.push_back(Seconds() - start);
    }
    PrintLine(file, seconds, JsonRows(batches));
  }
  return arrow::Status::OK();
}

/// Of rows whose columns are all BIGINT without NULLs: their number, and of each column the sum of value times
/// position.
class Fingerprint {
 public:
  arrow::Status Add(const arrow::RecordBatch& batch) {
    sums_.resize(static_cast<size_t>(batch.num_columns()));
    for (size_t i = 0; i < sums_.size(); ++i) {
      const auto& column = *batch.column_data(static_cast<int>(i));
      if (column.type->id() != arrow::Type::INT64 || column.GetNullCount() > 0)
        return arrow::Status::Invalid("stream wants BIGINT columns without NULLs");
      const auto* values = column.GetValues<uint64_t>(1);
      for (int64_t row = 0; row < batch.num_rows(); ++row)
        sums_[i] += values[row] * static_cast<uint64_t>(num_rows_ + row + 1);
    }
    num_rows_ += batch.num_rows();
    return arrow::Status::OK();
  }

  std::string ToJson() const {
    std::string out = fmt::format("[[\"{}\"", num_rows_);
    for (const uint64_t sum : sums_) out += fmt::format(",\"{}\"", sum);
    return out + "]]";
  }

 private:
  int64_t num_rows_ = 0;
  std::vector<uint64_t> sums_;
};

arrow::Status RunStream(const std::string& database, int threads, int runs, const std::string& file) {
  llkv::EngineOptions options;
  options.num_threads = threads;
  ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open(database, options));
  ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
  const std::string sql = ReadFile(file);
  std::vector<double> seconds;
  Fingerprint fingerprint;
  for (int run = 0; run <= runs; ++run) {
    const double start = Seconds();
    ARROW_ASSIGN_OR_RAISE(auto reader, session.Query(sql));
    std::shared_ptr<arrow::RecordBatch> batch;
    while (true) {
      ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
      if (batch == nullptr) break;
      if (run == 0) ARROW_RETURN_NOT_OK(fingerprint.Add(*batch));
    }
    if (run > 0) seconds.push_back(Seconds() - start);
  }
  PrintLine(file, seconds, fingerprint.ToJson());
  return arrow::Status::OK();
}

arrow::Status RunFirst(const std::string& database, const std::string& sql) {
  const double start = Seconds();
  ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open(database, llkv::EngineOptions{}));
  ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
  ARROW_ASSIGN_OR_RAISE(auto reader, session.Query(sql));
  std::shared_ptr<arrow::RecordBatch> batch;
  ARROW_RETURN_NOT_OK(reader->ReadNext(&batch));
  const double seconds = Seconds() - start;
  PrintLine(database, {seconds}, batch == nullptr ? "[]" : JsonRows({batch}));
  return arrow::Status::OK();
}

/// The batches of an Arrow file, one by one, as views of the mapped file.
class MappedBatches : public arrow::RecordBatchReader {
 public:
  explicit MappedBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> file) : file_(std::move(file)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return file_->schema(); }
  arrow::Status ReadNext(std::shared_ptr<arrow::RecordBatch>* batch) override {
    batch->reset();
    return next_ < file_->num_record_batches() ? file_->ReadRecordBatch(next_++).Value(batch) : arrow::Status::OK();
  }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchFileReader> file_;
  int next_ = 0;
};

/// words: DATABASE THREADS SETUP, then FILE of SQL, or TABLE and ARROW.
arrow::Status RunLoad(const std::vector<std::string>& words) {
  llkv::EngineOptions options;
  options.num_threads = std::atoi(words[1].c_str());
  ARROW_ASSIGN_OR_RAISE(auto engine, llkv::SqlEngine::Open(words[0], options));
  ARROW_ASSIGN_OR_RAISE(auto session, engine->NewSession());
  ARROW_RETURN_NOT_OK(session.Execute(ReadFile(words[2])));
  std::shared_ptr<arrow::RecordBatchReader> batches;
  if (words.size() == 5) {
    ARROW_ASSIGN_OR_RAISE(auto input, arrow::io::MemoryMappedFile::Open(words[4], arrow::io::FileMode::READ));
    ARROW_ASSIGN_OR_RAISE(auto file, arrow::ipc::RecordBatchFileReader::Open(input));
    batches = std::make_shared<MappedBatches>(std::move(file));
  }
  const std::string sql = batches == nullptr ? ReadFile(words[3]) : std::string();
  const double start = Seconds();
  if (batches == nullptr) {
    ARROW_RETURN_NOT_OK(session.Execute(sql));
  } else {
    ARROW_RETURN_NOT_OK(session.Append(words[3], batches).status());
  }
  std::printf("{\"seconds\":%.9f}\n", Seconds() - start);
  return arrow::Status::OK();
}

int RunLoop(const std::string& file, int threads, int runs) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0) return 1;
  const auto size = static_cast<size_t>(info.st_size);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return 1;
  const auto* words = static_cast<const uint64_t*>(mapped);
  const size_t count = size / sizeof(uint64_t);
  std::vector<double> seconds;
  uint64_t total = 0;
  for (int run = 0; run <= runs; ++run) {
    const double start = Seconds();
    std::vector<uint64_t> sums(static_cast<size_t>(threads));
    std::vector<std::thread> workers;
    for (size_t t = 0; t < sums.size(); ++t) {
      workers.emplace_back([&, t] {
        uint64_t sum = 0;
        for (size_t i = count * t / sums.size(); i < count * (t + 1) / sums.size(); ++i) sum += words[i];
        sums[t] = sum;
      });
    }
    for (auto& worker : workers) worker.join();
    for (uint64_t sum : sums) total += sum;
    if (run > 0) seconds.push_back(Seconds() - start);
  }
  PrintLine(file, seconds, fmt::format("[[\"{}\"],[\"{}\"]]", size, total));
  munmap(mapped, size);
  close(fd);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() >= 5 && words[1] == "sql") {
    const std::vector<std::string> files(words.begin() + 5, words.end());
    const arrow::Status done = RunSql(words[2], std::atoi(words[3].c_str()), std::atoi(words[4].c_str()), files);
    if (!done.ok()) std::fprintf(stderr, "%s\n", done.ToString().c_str());
    return done.ok() ? 0 : 1;
  }
  if (words.size() == 6 && words[1] == "stream") {
    const arrow::Status done = RunStream(words[2], std::atoi(words[3].c_str()), std::atoi(words[4].c_str()), words[5]);
    if (!done.ok()) std::fprintf(stderr, "%s\n", done.ToString().c_str());
    return done.ok() ? 0 : 1;
  }
  if (words.size() == 4 && words[1] == "first") {
    const arrow::Status done = RunFirst(words[2], words[3]);
    if (!done.ok()) std::fprintf(stderr, "%s\n", done.ToString().c_str());
    return done.ok() ? 0 : 1;
  }
  if (words.size() == 5 && words[1] == "loop") {
    return RunLoop(words[2], std::atoi(words[3].c_str()), std::atoi(words[4].c_str()));
  }
  if ((words.size() == 6 && words[1] == "exec") || (words.size() == 7 && words[1] == "append")) {
    const arrow::Status done = RunLoad({words.begin() + 2, words.end()});
    if (!done.ok()) std::fprintf(stderr, "%s\n", done.ToString().c_str());
    return done.ok() ? 0 : 1;
  }
  std::fprintf(
      stderr,
      "usage: llkv_bench sql DATABASE THREADS RUNS FILE… | llkv_bench loop FILE THREADS RUNS |\n"
      "       llkv_bench stream DATABASE THREADS RUNS FILE |\n"
      "       llkv_bench first DATABASE SQL |\n"
      "       llkv_bench exec DATABASE THREADS SETUP FILE | llkv_bench append DATABASE THREADS SETUP TABLE ARROW\n");
  return 2;
}
