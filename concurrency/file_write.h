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

// Writes all of `data` to an open file, from byte `offset` on. The write runs on a thread of the
// pool (offload.h), because there is no way to know whether the kernel will wait for the disk, and
// the fiber is parked meanwhile. If the pool refuses more work, it writes in place. A plain thread
// blocks.
//
//   weft::Error PutRecord(const weft::Context& ctx, int fd, std::string_view record, int number) {
//     return weft::WriteFileAt(ctx, fd, record, static_cast<std::uint64_t>(number) * 512);
//   }
//
// The descriptor's own position does not change, so several callers may write to different places
// of one file. The descriptor belongs to the caller, and must stay open until this returns. Under a
// done context nothing is written; a write that has started is waited for. Errors are those of
// pwrite(2), after which part of the data may have been written.
Error WriteFileAt(const Context& ctx, int fd, std::string_view data, std::uint64_t offset);

struct SaveOptions {
  static constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

  // Whether the data must be on the disk when SaveTo returns: fsync(2) of the file and its folder.
  bool sync = false;
  // At most this many bytes; more fail with kTooLarge.
  std::uint64_t max = kUnlimited;
  // The permissions of the file, reduced by the umask.
  int mode = 0644;
};

// Saves everything that a reader has left as a file, and returns the number of bytes.
//
//   void Upload(weft::ResponseWriter& w, weft::Request& r) {
//     weft::Result<std::uint64_t> size =
//         weft::SaveTo(r.Ctx(), r.Body(), "upload.bin", {.max = 100 << 20});
//     if (!size.Ok()) w.WriteHeader(size.Err().Is(weft::kTooLarge) ? 413 : 500);
//   }
//
// The file is written next to `path`, under a name of its own ("upload.1f3a...tmp"), and renamed at
// the end. So a reader never sees an incomplete file, and an existing one is replaced completely or
// not at all. On an Error, including the end of the context, nothing is left. It suspends as the
// reader does, and while the pool writes. It uses 64 KiB of memory, whatever the size of the file.
//
// The path is yours to choose. Never use one that a client has sent.
template <Reader R>
Result<std::uint64_t> SaveTo(const Context& ctx, R& from, std::string path,
                             const SaveOptions& options = {});

}  // namespace weft

#include <weft/concurrency/internal/runtime/saved_file.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_FILE_WRITE_H_
