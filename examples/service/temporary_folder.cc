// SPDX-License-Identifier: Apache-2.0
#include "temporary_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "weft-service-";

// Locks a folder of ours: the descriptor, or -1 if it is in use, or not ours, or gone.
int Lock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return -1;
  struct stat locked{}, named{};
  const bool ours = fstat(fd, &locked) == 0 && locked.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0;
  // Another process may have removed it before we had the lock.
  if (ours && lstat(path.c_str(), &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev) return fd;
  close(fd);
  return -1;
}

void RemoveWhatOthersHaveLeft(const fs::path& top) {
  std::error_code failed, ignored;
  for (fs::directory_iterator entry(top, failed); !failed && entry != fs::directory_iterator(); entry.increment(failed)) {
    if (!entry->path().filename().string().starts_with(kPrefix)) continue;
    const int lock = Lock(entry->path());
    if (lock < 0) continue;
    fs::remove_all(entry->path(), ignored);
    close(lock);
  }
}

}  // namespace

weft::Result<std::unique_ptr<TemporaryFolder>> TemporaryFolder::Make() {
  std::error_code failed;
  const fs::path top = fs::temp_directory_path(failed);
  if (failed) return weft::Error(failed).Wrap("temporary folder");
  RemoveWhatOthersHaveLeft(top);
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::string path = top / std::string(kPrefix).append("XXXXXX");
    if (mkdtemp(path.data()) == nullptr) return weft::Error(std::error_code(errno, std::generic_category())).Wrap(path);
    const int lock = Lock(path);
    if (lock >= 0) return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(std::move(path), lock));
    fs::remove(path, failed);  // one that starts at the same moment has taken it for a leftover
  }
  return weft::Error::New(top.string() + ": no folder in it can be locked");
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_);
}
