// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_TEMP_FILE_H_
#define WEFT_TESTS_TEMP_FILE_H_

#include <fcntl.h>
#include <stdlib.h>  // mkstemp
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft {

// A file without a name, for one test.
class TempFile {
 public:
  explicit TempFile(std::string_view content = {}) {
    const char* folder = std::getenv("TMPDIR");
    std::string path = std::string(folder != nullptr ? folder : "/tmp") + "/weft_test.XXXXXX";
    fd_ = mkstemp(path.data());
    EXPECT_GE(fd_, 0) << path;
    EXPECT_EQ(unlink(path.c_str()), 0);
    Append(content);
  }
  ~TempFile() { close(fd_); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;

  int fd() const { return fd_; }
  void Append(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = write(fd_, text.data(), text.size());
      ASSERT_GT(n, 0);
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  void Truncate(std::uint64_t size) { EXPECT_EQ(ftruncate(fd_, static_cast<off_t>(size)), 0); }
  // Asks the kernel to forget what it keeps of the file in memory; not every file system does.
  void Cool() {
    EXPECT_EQ(fsync(fd_), 0);
    EXPECT_EQ(posix_fadvise(fd_, 0, 0, POSIX_FADV_DONTNEED), 0);
  }

 private:
  int fd_ = -1;
};

}  // namespace weft

#endif  // WEFT_TESTS_TEMP_FILE_H_
