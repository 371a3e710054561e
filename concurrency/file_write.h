// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_FILE_WRITE_H_
#define WEFT_CONCURRENCY_FILE_WRITE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/error.h>

namespace weft {

// Writes all of `data` into an open file, from `offset` on, on a thread of the pool (Offload),
// since nobody can know whether the kernel will wait for the disk; the fiber is parked meanwhile.
// When the pool refuses more work, it writes in place. The descriptor's own position stays, so
// several may write to different places of one file. The descriptor stays the caller's and stays
// open until it returns. Under a done context it writes nothing; a write that has begun is waited
// for. Errors are those of pwrite(2), after which a part of the data may have been written.
//
//   if (weft::Error err = weft::WriteFileAt(ctx, fd, piece, offset)) return err;
Error WriteFileAt(const Context& ctx, int fd, std::string_view data, std::uint64_t offset);

struct SaveOptions {
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  bool sync = false;  // the disk has it when SaveTo returns: fsync of the file and of its folder
  std::uint64_t max = kUnlimited;  // bytes; more are kTooLarge
  int mode = 0644;                 // of the file, less the umask
};

namespace internal {

// A file that comes into being beside its final place, and is gone if it does not get there. All of
// its calls wait in the pool.
class SavedFile {
 public:
  SavedFile(std::string path, const SaveOptions& options)
      : path_(std::move(path)), options_(options) {}
  SavedFile(const SavedFile&) = delete;
  SavedFile& operator=(const SavedFile&) = delete;
  ~SavedFile();

  Error Open(const Context& ctx);
  // Room for what comes next; not empty.
  std::span<char> Room() { return {buffer_.get() + buffered_, kBuffer - buffered_}; }
  // So much of the room has been filled.
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

// Reads all that is left into a file. It is written beside `path`, under a name of its own
// ("upload.1f3a...tmp"), and renamed at the end, so that nobody sees a half of it, and an older
// file is replaced at once or not at all. On an Error, also of a context that ends, nothing is
// left. Returns the bytes of the file. It suspends as the reader does and while the pool writes;
// memory: 64 KiB, whatever the size. The path is the caller's: never one that a client has chosen.
//
//   weft::Result<std::uint64_t> size = weft::SaveTo(ctx, r.Body(), path, {.max = 100 << 20});
template <Reader R>
Result<std::uint64_t> SaveTo(const Context& ctx, R& from, std::string path,
                             const SaveOptions& options = {}) {
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

#endif  // WEFT_CONCURRENCY_FILE_WRITE_H_
