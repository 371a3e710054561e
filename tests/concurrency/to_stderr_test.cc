// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/base/to_stderr.h>

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include <gtest/gtest.h>

namespace weft::internal {
namespace {

// In place of stderr, while it lives.
class Pipe {
 public:
  Pipe() : stderr_(dup(STDERR_FILENO)) {
    EXPECT_EQ(pipe2(ends_, O_CLOEXEC), 0);
    EXPECT_EQ(dup2(ends_[1], STDERR_FILENO), STDERR_FILENO);
    EXPECT_EQ(fcntl(ends_[0], F_SETFL, O_NONBLOCK), 0);
  }
  ~Pipe() {
    dup2(stderr_, STDERR_FILENO);
    for (const int fd : {stderr_, ends_[0], ends_[1]}) close(fd);
  }
  std::string Read() const {
    std::string all;
    char piece[4096];
    for (ssize_t got = 0; (got = read(ends_[0], piece, sizeof(piece))) > 0;) all.append(piece, static_cast<std::size_t>(got));
    return all;
  }

 private:
  const int stderr_;
  int ends_[2] = {-1, -1};
};

TEST(ToStderr, WritesAllWhereThereIsRoom) {
  const std::string text(20'000, 'x');
  Pipe pipe;
  ToStderr(text);
  EXPECT_EQ(pipe.Read(), text);
}

TEST(ToStderr, DropsWhatNobodyReads) {
  const std::string text(1'000'000, 'x');
  Pipe pipe;
  ToStderr(text);
  ToStderr("more");
  const std::string read = pipe.Read();
  EXPECT_GT(read.size(), 0u);
  EXPECT_LT(read.size(), text.size());
  ToStderr("later");
  EXPECT_EQ(pipe.Read(), "later");
}

}  // namespace
}  // namespace weft::internal
