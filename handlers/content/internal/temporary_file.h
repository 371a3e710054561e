// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_TEMPORARY_FILE_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_TEMPORARY_FILE_H_

#include <cstdint>
#include <memory>
#include <string>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::internal {

// An open file without a name, which is deleted with its descriptor. Making and deleting it waits in
// the pool (Offload).
class TemporaryFile {
 public:
  // In this folder; in $TMPDIR, or /tmp, if that is empty.
  static Result<std::unique_ptr<TemporaryFile>> Make(const Context& ctx, const std::string& folder);

  explicit TemporaryFile(int fd) : fd_(fd) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile();

  int fd() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_TEMPORARY_FILE_H_
