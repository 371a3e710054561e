// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_MULTIPART_FORM_H_
#define WEFT_HANDLERS_CONTENT_MULTIPART_FORM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/handlers/content/form.h>
#include <weft/handlers/content/multipart.h>
#include <weft/handlers/request.h>

namespace weft {

namespace internal {
class TemporaryFile;
}

struct MultipartFormOptions {
  MultipartOptions parts = {};
  // How many bytes of the form may be in memory: fields, names and files. Files use at most three
  // quarters of it, so that there is room for the names of others. Files that do not fit go to the
  // disk; fields and names that do not fit are an error.
  std::size_t memory_max = 1024 * 1024;
  // Where files go that do not fit; empty: $TMPDIR, or /tmp. They are in one file, one after the
  // other, so a form takes at most one descriptor. That file has no name, so nothing of it remains,
  // not even after a crash.
  std::string folder = {};
};

// A file of a MultipartForm. It may be moved, and may outlive the form and the request.
class MultipartFile {
 public:
  MultipartFile(MultipartFile&&) noexcept;
  MultipartFile& operator=(MultipartFile&&) noexcept;
  // If it is the last one of its form on the disk, this frees their file, through the pool
  // (Offload), and may suspend.
  ~MultipartFile();

  // As for MultipartPart.
  std::string_view Name() const WEFT_LIFETIMEBOUND { return name_; }
  std::string_view FileName() const WEFT_LIFETIMEBOUND { return file_name_; }
  std::string_view ContentType() const WEFT_LIFETIMEBOUND { return content_type_; }
  std::uint64_t Size() const { return size_; }

  // The whole content, if it is in memory; otherwise empty, and fd() is open.
  std::string_view Text() const WEFT_LIFETIMEBOUND { return text_; }
  // A descriptor of the file on the disk whose Size() bytes from Offset() on are the content; open
  // for reading as long as this object lives. -1 if the content is in memory. Other files of the
  // form may be in it too, so do not change its length and position.
  //   return w.SendFile(file.fd(), file.Offset(), file.Size());
  int fd() const;
  std::uint64_t Offset() const { return offset_; }

  // Continues reading where the last call stopped: at least one byte, 0 at the end. It may suspend,
  // for the disk. This makes a file a Reader: weft::SaveTo(ctx, file, path) keeps it.
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer);

 private:
  friend class MultipartForm;
  MultipartFile() noexcept;

  std::string name_;
  std::string file_name_;
  std::string content_type_;
  std::uint64_t size_ = 0;
  std::uint64_t read_ = 0;
  std::uint64_t offset_ = 0;
  std::string text_;
  std::shared_ptr<internal::TemporaryFile> file_;
};

// A whole form with files: multipart/form-data, as browsers and `curl -F` send it. If files may be
// too large for the disk, or are to be inspected before they have arrived, use MultipartReader.
class MultipartForm {
 public:
  // Reads the whole body, up to its limit (Body::SetLimit). It suspends while the body arrives and,
  // for large files, while the disk takes them. Errors are those of MultipartReader and of the
  // disk; 413 if the fields alone exceed memory_max. Use ReadMultipartForm.
  static Result<MultipartForm> Read(Request& r, const MultipartFormOptions& options);

  // Everything that is not a file.
  const Form& Fields() const WEFT_LIFETIMEBOUND { return fields_; }
  // In the client's order.
  std::vector<MultipartFile>& Files() { return files_; }
  // The first file of this name; null if there is none.
  MultipartFile* File(std::string_view name);

 private:
  class Loader;
  Form fields_;
  std::vector<MultipartFile> files_;
};

// Reads the body of a request as a form with files.
//
//   r.Body().SetLimit(20 << 20);
//   weft::Result<weft::MultipartForm> form = weft::ReadMultipartForm(r);
//   if (weft::Error err = form.Err()) return err;
//   weft::MultipartFile* photo = form->File("photo");
//   if (photo == nullptr) return weft::HttpError(400, "photo is missing");
Result<MultipartForm> ReadMultipartForm(Request& r, const MultipartFormOptions& options = {});

}  // namespace weft

#endif  // WEFT_HANDLERS_CONTENT_MULTIPART_FORM_H_
