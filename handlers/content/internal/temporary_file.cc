// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/content/internal/temporary_file.h>

#include <fcntl.h>
#include <stdlib.h>  // mkostemp
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <weft/concurrency/offload.h>

namespace weft::internal {
namespace {

Result<int> Open(const std::string& folder) {
  int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  if (errno == EOPNOTSUPP ||
      errno == EISDIR) {  // a file system, or a kernel, that cannot do without a name
    std::string path = folder + "/weft.XXXXXX";
    fd = mkostemp(path.data(), O_CLOEXEC);
    if (fd >= 0) {
      unlink(path.c_str());
      return fd;
    }
  }
  return Error(std::error_code(errno, std::generic_category())).Wrap("temporary file in " + folder);
}

}  // namespace

Result<std::unique_ptr<TemporaryFile>> TemporaryFile::Make(const Context& ctx,
                                                           const std::string& folder) {
  const char* const usual = std::getenv("TMPDIR");
  const std::string place = !folder.empty()                      ? folder
                            : usual != nullptr && *usual != '\0' ? usual
                                                                 : "/tmp";
  Result<int> fd = Offload(ctx, [&] { return Open(place); });
  if (fd.Err().Is(kRefused)) fd = Open(place);
  if (Error err = fd.Err()) return err;
  return std::make_unique<TemporaryFile>(*fd);
}

TemporaryFile::~TemporaryFile() {
  // Freeing a large file takes the kernel a while.
  const Error err = Offload(Background(), [this] { close(fd_); });
  if (err.Is(kRefused)) close(fd_);
}

}  // namespace weft::internal
