// InputFile and OutputFile: Arrow's stream interfaces in terms of llkv::File.
#include "formats/arrow_io.h"

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"

namespace llkv {

namespace {

class InputFile : public arrow::io::RandomAccessFile {
 public:
  InputFile(std::unique_ptr<File> file, uint64_t size) : file_(std::move(file)), size_(size) {}

  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> GetSize() override { return static_cast<int64_t>(size_); }

  arrow::Result<int64_t> Read(int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, num_bytes, out));
    position_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, num_bytes));
    position_ += buffer->size();
    return buffer;
  }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t num_bytes, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const size_t read, file_->Read(static_cast<uint64_t>(position),
                                                         {static_cast<uint8_t*>(out), static_cast<size_t>(num_bytes)}));
    return static_cast<int64_t>(read);
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t num_bytes) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(num_bytes));
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position, num_bytes, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(read, /*shrink_to_fit=*/false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  std::unique_ptr<File> file_;
  uint64_t size_;
  int64_t position_ = 0;
  bool closed_ = false;
};

class OutputFile : public arrow::io::OutputStream {
 public:
  OutputFile(FileSystem* file_system, std::unique_ptr<File> file, std::string path)
      : file_system_(file_system), file_(std::move(file)), path_(std::move(path)) {}
  ~OutputFile() override {
    if (!closed_) ARROW_UNUSED(OutputFile::Abort());
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  arrow::Status Close() override {
    if (closed_) return arrow::Status::OK();
    ARROW_RETURN_NOT_OK(file_->Sync());
    const std::string temporary = file_->path();
    file_.reset();
    ARROW_RETURN_NOT_OK(file_system_->Rename(temporary, path_));
    closed_ = true;
    return file_system_->SyncDirectoryOf(path_);
  }
  arrow::Status Abort() override {
    if (closed_) return arrow::Status::OK();
    closed_ = true;
    const std::string temporary = path_ + kSuffix;
    file_.reset();
    return file_system_->Unlink(temporary);
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return static_cast<int64_t>(position_); }

  arrow::Status Write(const void* data, int64_t num_bytes) override {
    const std::span<const uint8_t> bytes(static_cast<const uint8_t*>(data), static_cast<size_t>(num_bytes));
    if (closed_) return arrow::Status::Invalid("the file is closed");
    ARROW_RETURN_NOT_OK(file_->Write(position_, bytes));
    position_ += bytes.size();
    return arrow::Status::OK();
  }
  using arrow::io::OutputStream::Write;

  static constexpr const char* kSuffix = ".partial";

 private:
  FileSystem* file_system_;
  std::unique_ptr<File> file_;
  std::string path_;
  uint64_t position_ = 0;
  bool closed_ = false;
};

}  // namespace

arrow::Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInput(FileSystem* file_system,
                                                                      const std::string& path) {
  OpenOptions options;
  options.write = false;
  ARROW_ASSIGN_OR_RAISE(auto file, file_system->Open(path, options));
  ARROW_ASSIGN_OR_RAISE(const uint64_t size, file->Size());
  return std::make_shared<InputFile>(std::move(file), size);
}

arrow::Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutput(FileSystem* file_system, const std::string& path) {
  OpenOptions options;
  options.create = true;
  options.truncate = true;
  ARROW_ASSIGN_OR_RAISE(auto file, file_system->Open(path + OutputFile::kSuffix, options));
  return std::make_shared<OutputFile>(file_system, std::move(file), path);
}

}  // namespace llkv
