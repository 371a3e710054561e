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
  // Bytes of the form in memory: fields, names, and files as long as these take no more than three
  // quarters, so that they leave room for the names of others. Files that find none go to the disk;
  // fields and names that find none are an error.
  std::size_t memory_max = 1024 * 1024;
  // Where files go that find no room; empty: $TMPDIR, or /tmp. They lie there one after the other in
  // one file, so a form takes at most one descriptor. It has no name, so nothing is left of it, not
  // even after a crash.
  std::string folder = {};
};

// A file of a MultipartForm. It may be moved, and outlives form and request.
class MultipartFile {
 public:
  MultipartFile(MultipartFile&&) noexcept;
  MultipartFile& operator=(MultipartFile&&) noexcept;
  // The last one of its form on the disk gives their file back to the kernel, through the pool
  // (Offload): it may suspend.
  ~MultipartFile();

  // As MultipartPart has them.
  std::string_view Name() const WEFT_LIFETIMEBOUND { return name_; }
  std::string_view FileName() const WEFT_LIFETIMEBOUND { return file_name_; }
  std::string_view ContentType() const WEFT_LIFETIMEBOUND { return content_type_; }
  std::uint64_t Size() const { return size_; }

  // The whole content, if it is in memory; else empty, and fd() is open.
  std::string_view Text() const WEFT_LIFETIMEBOUND { return text_; }
  // Of the file on the disk in which the content is, Size() bytes from Offset() on; open for reading
  // until this object ends. -1 if the content is in memory. Other files of the form may be in it,
  // too, so leave its length and its position alone.
  //   return w.SendFile(file.fd(), file.Offset(), file.Size());
  int fd() const;
  std::uint64_t Offset() const { return offset_; }

  // Reads on from where the last call stopped: at least one byte, 0 at the end. It may suspend, for
  // the disk. So a file is a Reader: weft::SaveTo(ctx, file, path) keeps it.
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

// A whole form with files: multipart/form-data, as browsers send it and `curl -F`. For forms whose
// files are larger than the disk should hold for a moment, or that are to be looked at before they
// have come, there is MultipartReader.
class MultipartForm {
 public:
  // Reads all of the body, which is at most its limit (Body::SetLimit) long. It suspends while the
  // body comes and, for large files, while the disk takes them. Errors are those of MultipartReader
  // and of the disk; 413 if the fields alone are more than memory_max. Use ReadMultipartForm.
  static Result<MultipartForm> Read(Request& r, const MultipartFormOptions& options);

  // What is no file.
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
