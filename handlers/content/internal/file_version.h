// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_CONTENT_INTERNAL_FILE_VERSION_H_
#define WEFT_HANDLERS_CONTENT_INTERNAL_FILE_VERSION_H_

#include <sys/stat.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace weft::internal {

// What distinguishes the versions of a file, for ETag and Last-Modified.
struct FileVersion {
  // `coding`: of the bytes; the same file in another coding is another representation.
  FileVersion(const struct stat& facts, std::string_view coding);

  std::string etag;
  std::optional<std::chrono::sys_seconds> modified;
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_CONTENT_INTERNAL_FILE_VERSION_H_
