// Files found, run by a few threads, and reported in order.
#include "slt/slt_files.h"

#include <arrow/device.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace llkv::slt {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFailedFilesShown = 10;

bool IsTestFile(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".slt" || extension == ".test";
}

/// Files in the order of the arguments, those of a folder sorted. Error: a path that is not there.
arrow::Result<std::vector<std::string>> FindFiles(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) return arrow::Status::IOError(path, ": no such file or folder");
    if (!fs::is_directory(status)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> found;
    fs::recursive_directory_iterator entry(path, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry->is_regular_file(error) && IsTestFile(entry->path())) found.push_back(entry->path().string());
    }
    if (error) return arrow::Status::IOError(path, ": ", error.message());
    std::sort(found.begin(), found.end());
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

FileReport FailedReport(const std::string& message) {
  FileReport report;
  report.num_failures = 1;
  report.failures.push_back({0, {}, message});
  return report;
}

FileReport RunFile(const std::string& path, SltEngine engine, const DatabaseFactory& factory) {
  const auto begin = std::chrono::steady_clock::now();
  FileReport report = [&] {
    std::ifstream file(path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file.is_open() || file.bad()) return FailedReport("the file cannot be read");
    arrow::Result<std::unique_ptr<SltDatabase>> database = factory();
    if (!database.ok()) return FailedReport(database.status().message());
    return RunText(text, engine, database->get());
  }();
  report.path = path;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

std::vector<FileReport> RunFiles(const std::vector<std::string>& files, const RunOptions& options,
                                 const DatabaseFactory& factory) {
  std::vector<FileReport> reports(files.size());
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < files.size(); i = next++) reports[i] = RunFile(files[i], options.engine, factory);
  };
  const unsigned wanted =
      options.num_jobs > 0 ? static_cast<unsigned>(options.num_jobs) : std::thread::hardware_concurrency();
  const size_t num_threads = std::min<size_t>(std::max(wanted, 1U), std::max<size_t>(files.size(), 1));
  // Arrow makes it at its first use: before there are threads, since the thread sanitizer does not see into Arrow's
  // library how that is guarded.
  static_cast<void>(arrow::default_cpu_memory_manager());
  std::vector<std::thread> threads;
  for (size_t i = 1; i < num_threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return reports;
}

std::string Indented(const std::string& sql) {
  constexpr size_t kMaxSql = 600;
  std::string out = sql.size() > kMaxSql ? sql.substr(0, kMaxSql) + " ..." : sql;
  for (size_t at = 0; (at = out.find('\n', at)) != std::string::npos; at += 3) out.replace(at, 1, "\n  ");
  return out;
}

void PrintFailures(const FileReport& report) {
  for (const Failure& failure : report.failures) {
    std::printf("FAILED %s:%d\n", report.path.c_str(), failure.line);
    if (!failure.sql.empty()) std::printf("  %s\n", Indented(failure.sql).c_str());
    std::printf("  %s\n", failure.message.c_str());
  }
  const int64_t more = report.num_failures - static_cast<int64_t>(report.failures.size());
  if (more > 0) std::printf("  and %lld more in %s\n", static_cast<long long>(more), report.path.c_str());
}

void PrintStatistics(std::vector<FileReport> reports) {
  FileReport total;
  for (const FileReport& report : reports) {
    total.num_statements += report.num_statements;
    total.num_queries += report.num_queries;
    total.num_skipped_records += report.num_skipped_records;
    total.num_values += report.num_values;
    total.num_failures += report.num_failures;
    total.seconds += report.seconds;
  }
  std::printf("statements %lld, queries %lld, records skipped %lld, records failed %lld, values %lld, seconds %.3f\n",
              static_cast<long long>(total.num_statements), static_cast<long long>(total.num_queries),
              static_cast<long long>(total.num_skipped_records), static_cast<long long>(total.num_failures),
              static_cast<long long>(total.num_values), total.seconds);
  std::sort(reports.begin(), reports.end(), [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  constexpr size_t kSlowest = 5;
  for (size_t i = 0; i < reports.size() && i < kSlowest; ++i) {
    std::printf("  %8.3f s  %s\n", reports[i].seconds, reports[i].path.c_str());
  }
}

}  // namespace

int RunSlt(const std::vector<std::string>& paths, const RunOptions& options, const DatabaseFactory& factory) {
  arrow::Result<std::vector<std::string>> files = FindFiles(paths);
  if (!files.ok()) {
    std::fprintf(stderr, "llkv: %s\n", files.status().message().c_str());
    return 1;
  }
  const std::vector<FileReport> reports = RunFiles(*files, options, factory);
  size_t num_failed = 0;
  size_t num_skipped = 0;
  for (const FileReport& report : reports) {
    if (report.skipped()) ++num_skipped;
    if (!report.failed()) continue;
    if (++num_failed <= kMaxFailedFilesShown) PrintFailures(report);
  }
  if (options.statistics) PrintStatistics(reports);
  const size_t num_passed = reports.size() - num_failed - num_skipped;
  std::printf("%zu passed, %zu failed, %zu skipped\n", num_passed, num_failed, num_skipped);
  return num_failed == 0 && num_passed > 0 ? 0 : 1;
}

}  // namespace llkv::slt
