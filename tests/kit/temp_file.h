// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_TEMP_FILE_H_
#define WEFT_TESTS_KIT_TEMP_FILE_H_

#include <fcntl.h>
#include <stdlib.h>  // mkstemp
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace weft {

// Text of that size no two parts of which are the same.
inline std::string Numbers(std::size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += std::to_string(i) + ' ';
  text.resize(size);
  return text;
}

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
  // The same. False: the kernel keeps it, or this file system does not tell what is in memory.
  bool BecomesCold() {
    char byte;
    const iovec part{&byte, 1};
    if (pread(fd_, &byte, 1, 0) != 1 || preadv2(fd_, &part, 1, 0, RWF_NOWAIT) != 1) return false;
    Cool();
    return IsCold(0);
  }
  // Whether this byte is not in memory. Unlike a read that must not wait, the question does not make the kernel read ahead.
  bool IsCold(std::uint64_t offset) const {
    constexpr std::uint64_t kPage = 4096;
    void* const page = mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd_, static_cast<off_t>(offset / kPage * kPage));
    EXPECT_NE(page, MAP_FAILED);
    unsigned char in_memory = 1;
    EXPECT_EQ(mincore(page, kPage, &in_memory), 0);
    munmap(page, kPage);
    return (in_memory & 1) == 0;
  }
  // A read that must not wait starts to read ahead, and may find the bytes that the disk has brought at once. So what is to be seen with
  // a cold file is seen at one of so many tries...
  static constexpr int kTries = 100;
  // ...or never, where the disk is quicker than a look most of the time: then this is false.
  bool LooksCold() {
    int cold = 0;
    for (int i = 0; i < kTries; ++i) {
      char byte;
      const iovec part{&byte, 1};
      if (!BecomesCold()) return false;
      if (preadv2(fd_, &part, 1, 0, RWF_NOWAIT) < 0 && errno == EAGAIN) ++cold;
    }
    return cold > kTries / 2;
  }

 private:
  int fd_ = -1;
};

}  // namespace weft

#endif  // WEFT_TESTS_KIT_TEMP_FILE_H_
