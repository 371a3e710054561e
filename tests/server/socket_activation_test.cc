// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include <weft/net/internal/activation.h>
#include <weft/net/internal/listener.h>

namespace weft::internal {
namespace {

// As for a process 42.
std::string Find(const std::string& which, const std::string& fds, const std::string& names, const std::string& pid = "42") {
  const Result<int> found = Activation{fds, pid, names, 42}.Find(which);
  return found.Ok() ? std::to_string(*found) : found.Err().Message();
}

TEST(Activation, FindsTheSocketThatIsMeant) {
  EXPECT_EQ(Find("", "1", ""), "3");
  EXPECT_EQ(Find("", "1", "web"), "3");
  EXPECT_EQ(Find("web", "1", "web"), "3");
  EXPECT_EQ(Find("admin", "3", "web:admin:feed"), "4");
  EXPECT_EQ(Find("feed", "3", "web:admin:feed"), "5");
  EXPECT_EQ(Find("4", "3", "web:admin:feed"), "4");
  EXPECT_EQ(Find("4", "2", ""), "4");
  EXPECT_EQ(Find("app.socket", "2", "app.socket:other.socket"), "3");
}

TEST(Activation, SaysWhatWasFoundInstead) {
  struct Case {
    std::string which;
    std::string fds;
    std::string names;
    std::string pid;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"", "", "", "", "LISTEN_FDS is not set: no socket unit has started this process"},
      {"", "", "web", "42", "LISTEN_FDS is not set: no socket unit has started this process"},
      {"", "one", "", "42", "LISTEN_FDS is \"one\"; it must be a number"},
      {"", "-1", "", "42", "LISTEN_FDS is \"-1\"; it must be a number"},
      {"", "1", "", "", "LISTEN_PID is not set and this is process 42: the sockets are for another one"},
      {"", "1", "", "41", "LISTEN_PID is 41 and this is process 42: the sockets are for another one"},
      {"", "1", "", "42x", "LISTEN_PID is 42x and this is process 42: the sockets are for another one"},
      {"", "0", "", "42", "LISTEN_FDS is 0: no socket was passed"},
      {"", "2147483647", "", "42", "LISTEN_FDS is 2147483647: no socket was passed"},
      {"", "100000", "", "42", "LISTEN_FDS is 100000; at most 4096 sockets are accepted"},
      {"", "2", "web:admin", "42", "2 sockets match (3, 4); say which, there are 3 \"web\", 4 \"admin\""},
      {"web", "3", "web:admin:web", "42", "2 sockets match (3, 5); say which, there are 3 \"web\", 4 \"admin\", 5 \"web\""},
      {"feed", "2", "web:admin", "42", "no such socket was passed; there are 3 \"web\", 4 \"admin\""},
      {"feed", "2", "web", "42", "no such socket was passed; there are 3 \"web\", 4"},
      {"feed", "1", "", "42", "no such socket was passed; there are 3"},
      {"5", "2", "", "42", "no such socket was passed; there are 3, 4"},
      {"2", "2", "", "42", "no such socket was passed; there are 3, 4"},
  };
  for (const Case& c : cases) EXPECT_EQ(Find(c.which, c.fds, c.names, c.pid), c.expected);
}

TEST(Activation, IsNotForTheChildrenOfItsProcess) {
  setenv("LISTEN_FDS", "1", 1);
  setenv("LISTEN_PID", "1", 1);  // which is not this process

  const Error err = Listener::Open({.address = "systemd:"}).Err();

  EXPECT_EQ(err.Message().find("listen on systemd:: LISTEN_PID is 1 and this is process "), 0u) << err.Message();
  EXPECT_STREQ(std::getenv("LISTEN_FDS"), "1");  // the environment is not ours to change
  unsetenv("LISTEN_FDS");
  unsetenv("LISTEN_PID");
}

}  // namespace
}  // namespace weft::internal
