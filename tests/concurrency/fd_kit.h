// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_FD_KIT_H_
#define WEFT_TESTS_CONCURRENCY_FD_KIT_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/wait_fd.h>

// What the tests of WaitFd and FdWaiter share.
namespace weft::testing {

inline constexpr FdWaitOptions kOwn{.waits_for = "bytes of the test", .holds_time = false};

// Two connected unix sockets, or the ends of a pipe (the first one reads); non-blocking.
class Pair {
 public:
  enum Kind { kSockets, kPipe };
  explicit Pair(Kind kind = kSockets) {
    const int failed = kind == kPipe ? pipe2(ends_, O_CLOEXEC | O_NONBLOCK) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends_);
    EXPECT_EQ(failed, 0);
  }
  ~Pair() {
    CloseFirst();
    CloseSecond();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  int first() const { return ends_[0]; }
  int second() const { return ends_[1]; }
  void CloseFirst() { Close(ends_[0]); }
  void CloseSecond() { Close(ends_[1]); }

 private:
  static void Close(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
  }
  int ends_[2];
};

inline void Put(int fd, std::string_view bytes = "x") { EXPECT_EQ(write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size())); }
inline void Fill(int fd) {
  const std::string much(64 * 1024, 'x');
  while (write(fd, much.data(), much.size()) > 0) {
  }
}
inline void Empty(int fd) {
  std::string much(64 * 1024, ' ');
  while (read(fd, much.data(), much.size()) > 0) {
  }
}

inline FdEvents Ready(const Result<FdEvents>& result) {
  EXPECT_TRUE(result.Ok()) << result.Err().Message();
  return result.Ok() ? *result : FdEvents();
}

// What the epoll sets of this process watch the descriptor for: the events of each entry.
inline std::vector<std::uint32_t> WatchedFor(int fd) {
  std::vector<std::uint32_t> all;
  for (int each = 0; each < 256; ++each) {
    const int info = open(("/proc/self/fdinfo/" + std::to_string(each)).c_str(), O_RDONLY | O_CLOEXEC);
    if (info < 0) continue;
    std::string text(16 * 1024, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(read(info, text.data(), text.size()), 0)));
    close(info);
    for (std::size_t at = text.find("tfd:"); at != text.npos; at = text.find("tfd:", at + 1)) {
      if (std::stoi(text.substr(at + 4)) == fd) all.push_back(static_cast<std::uint32_t>(std::stoul(text.substr(text.find("events:", at) + 7), nullptr, 16)));
    }
  }
  return all;
}
inline int Entries(int fd) { return static_cast<int>(WatchedFor(fd).size()); }

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_FD_KIT_H_
