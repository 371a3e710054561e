// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/multipart_form.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <weft/concurrency/file_read.h>
#include <weft/concurrency/file_write.h>
#include <weft/handlers/content/internal/temporary_file.h>

namespace weft {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kFirstPiece = 4 * 1024;  // most files of a form of many are small

// What a part costs in addition to its bytes.
constexpr std::size_t kPartOverhead = 256;

}  // namespace

MultipartFile::MultipartFile() noexcept = default;
MultipartFile::MultipartFile(MultipartFile&&) noexcept = default;
MultipartFile& MultipartFile::operator=(MultipartFile&&) noexcept = default;
MultipartFile::~MultipartFile() = default;

int MultipartFile::fd() const { return file_ != nullptr ? file_->fd() : -1; }

Result<std::size_t> MultipartFile::Read(const Context& ctx, std::span<char> buffer) {
  buffer =
      buffer.first(static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), size_ - read_)));
  if (buffer.empty()) return std::size_t{0};
  if (file_ == nullptr) {
    std::memcpy(buffer.data(), text_.data() + read_, buffer.size());
    read_ += buffer.size();
    return buffer.size();
  }
  Result<std::size_t> n = ReadFileAt(ctx, file_->fd(), buffer, offset_ + read_);
  if (n.Ok()) read_ += *n;
  return n;
}

// Reads part after part, and counts the memory that they take.
class MultipartForm::Loader {
 public:
  Loader(Request& r, const MultipartFormOptions& options)
      : ctx_(r.Ctx()), options_(options), reader_(r, options.parts) {}

  Error Load(MultipartForm& form) {
    while (true) {
      const Result<MultipartPart*> part = reader_.Next(ctx_);
      if (Error err = part.Err()) return err;
      if (*part == nullptr) return {};
      const std::size_t cost = kPartOverhead + (*part)->Name().size() + (*part)->FileName().size() +
                               (*part)->ContentType().size();
      if (!Take(cost)) return kTooLarge.Wrap("the fields of a form");
      if (Error err = (*part)->IsFile() ? LoadFile(**part, form) : LoadField(**part, form)) {
        return err;
      }
    }
  }

 private:
  std::size_t Room() const { return options_.memory_max - used_; }
  bool Take(std::size_t bytes) {
    if (bytes > Room()) return false;
    used_ += bytes;
    return true;
  }
  bool TakeForFile(std::size_t bytes) {
    const std::size_t files_max = options_.memory_max - options_.memory_max / 4;
    return used_ <= files_max && bytes <= files_max - used_ && Take(bytes);
  }
  Error LoadField(MultipartPart& part, MultipartForm& form) {
    Result<std::string> value = part.ReadAll(ctx_, Room());
    if (Error err = value.Err()) return err;
    used_ += value->size();
    form.fields_.fields_.emplace_back(part.Name(), *std::move(value));
    return {};
  }

  Error LoadFile(MultipartPart& part, MultipartForm& form) {
    MultipartFile file;
    file.name_ = part.Name();
    file.file_name_ = part.FileName();
    file.content_type_ = part.ContentType();
    if (Error err = LoadContent(part, file)) return err;
    form.files_.push_back(std::move(file));
    return {};
  }

  // In memory as long as there is room; then what is already there moves to the disk with the rest.
  Error LoadContent(MultipartPart& part, MultipartFile& file) {
    while (true) {
      const std::size_t held = file.text_.size();
      file.text_.resize(held + std::clamp(held, kFirstPiece, kPiece));
      const Result<std::size_t> n = part.Read(ctx_, std::span(file.text_).subspan(held));
      file.text_.resize(held + (n.Ok() ? *n : 0));
      if (Error err = n.Err()) return err;
      if (*n == 0) break;
      file.size_ += *n;
      if (file.file_ == nullptr && TakeForFile(*n)) continue;
      if (file.file_ == nullptr) {
        used_ -= held;
        if (Error err = PutOnDisk(file)) return err;
      }
      if (file.text_.size() < kPiece) continue;
      if (Error err = Flush(file)) return err;
    }
    if (file.file_ == nullptr) {
      file.text_.shrink_to_fit();
      return {};
    }
    if (Error err = Flush(file)) return err;
    file.text_ = std::string();
    disk_used_ += file.size_;
    return {};
  }

  // A descriptor for each would let one request take a thousand.
  Error PutOnDisk(MultipartFile& file) {
    if (disk_ == nullptr) {
      Result<std::unique_ptr<internal::TemporaryFile>> made =
          internal::TemporaryFile::Make(ctx_, options_.folder);
      if (Error err = made.Err()) return err;
      disk_ = *std::move(made);
    }
    file.file_ = disk_;
    file.offset_ = disk_used_;
    return {};
  }

  Error Flush(MultipartFile& file) {
    const std::uint64_t at = file.offset_ + file.size_ - file.text_.size();
    if (Error err = WriteFileAt(ctx_, file.file_->fd(), file.text_, at)) {
      return err.Wrap("keep a file of the form");
    }
    file.text_.clear();
    return {};
  }

  const Context& ctx_;
  const MultipartFormOptions& options_;
  MultipartReader reader_;
  std::size_t used_ = 0;
  std::shared_ptr<internal::TemporaryFile> disk_;  // of all files that are not in memory
  std::uint64_t disk_used_ = 0;
};

Result<MultipartForm> MultipartForm::Read(Request& r, const MultipartFormOptions& options) {
  MultipartForm form;
  Loader loader(r, options);
  if (Error err = loader.Load(form)) return err;
  return form;
}

MultipartFile* MultipartForm::File(std::string_view name) {
  const auto found = std::find_if(files_.begin(), files_.end(), [name](const MultipartFile& file) {
    return file.Name() == name;
  });
  return found != files_.end() ? &*found : nullptr;
}

Result<MultipartForm> ReadMultipartForm(Request& r, const MultipartFormOptions& options) {
  return MultipartForm::Read(r, options);
}

}  // namespace weft
