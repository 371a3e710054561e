// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_RUNTIME_SAVED_FILE_H_
#define WEFT_CONCURRENCY_INTERNAL_RUNTIME_SAVED_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/file_write.h>

namespace weft {

namespace internal {

// A file that is written next to its final path, and removed if it does not get there. All of its calls wait in the pool.
class SavedFile {
 public:
  SavedFile(std::string path, const SaveOptions& options) : path_(std::move(path)), options_(options) {}
  SavedFile(const SavedFile&) = delete;
  SavedFile& operator=(const SavedFile&) = delete;
  ~SavedFile();

  Error Open(const Context& ctx);
  // Room for the next bytes; not empty.
  std::span<char> Room() { return {buffer_.get() + buffered_, kBuffer - buffered_}; }
  // This many bytes of the room have been filled.
  Error Filled(const Context& ctx, std::size_t bytes);
  Result<std::uint64_t> Finish(const Context& ctx);

 private:
  static constexpr std::size_t kBuffer = 64 * 1024;

  Error OpenInPlace();
  Error FinishInPlace();
  void Remove() noexcept;
  Error Named(Error error) const;

  const std::string path_;
  const SaveOptions options_;
  std::string temporary_;  // not empty: there is such a file
  int fd_ = -1;
  std::unique_ptr<char[]> buffer_;
  std::size_t buffered_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace internal

template <Reader R>
Result<std::uint64_t> SaveTo(const Context& ctx, R& from, std::string path, const SaveOptions& options) {
  internal::SavedFile file(std::move(path), options);
  if (Error err = file.Open(ctx)) return err;
  while (true) {
    const Result<std::size_t> n = from.Read(ctx, file.Room());
    if (Error err = n.Err()) return err;
    if (*n == 0) return file.Finish(ctx);
    if (Error err = file.Filled(ctx, *n)) return err;
  }
}

}  // namespace weft

#endif  // WEFT_CONCURRENCY_INTERNAL_RUNTIME_SAVED_FILE_H_
