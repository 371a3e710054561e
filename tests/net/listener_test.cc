// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>

#include <weft/net/internal/listener.h>

namespace weft::internal {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Outcome = Accepted::Outcome;

Result<Listener> TryOpen(std::string_view address) { return Listener::Open({.address = std::string(address), .backlog = 128}); }

Listener Open(std::string_view address) {
  Result<Listener> listener = TryOpen(address);
  EXPECT_TRUE(listener.Ok()) << listener.Err().Message();
  return std::move(*listener);
}

// A blocking client of whatever this listens on.
Fd Connect(const Listener& listener) {
  SocketAddress address;
  address.size = sizeof address.local;
  EXPECT_EQ(getsockname(listener.Descriptor(), &address.any, &address.size), 0);
  Fd client(socket(address.Family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(connect(client.Get(), &address.any, address.size), 0) << errno;
  return client;
}

int Option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

// A new directory that goes away with its sockets.
class Directory {
 public:
  Directory() { EXPECT_NE(mkdtemp(path_.data()), nullptr); }
  ~Directory() {
    unlink(Path("s").c_str());
    rmdir(path_.c_str());
  }
  std::string Path(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_ = std::string(::testing::TempDir()) + "weftXXXXXX";
};

bool Exists(const std::string& path) {
  struct stat file;
  return lstat(path.c_str(), &file) == 0;
}

TEST(Listener, AcceptsAConnectionThatIsReadyToServe) {
  const Listener listener = Open("127.0.0.1:0");
  const Fd client = Connect(listener);

  const Accepted accepted = listener.Accept();

  ASSERT_EQ(accepted.outcome, Outcome::kConnection);
  EXPECT_NE(fcntl(accepted.fd.Get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted.fd.Get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(Option(accepted.fd.Get(), IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_THAT(FormatPeer(accepted.peer), StartsWith("127.0.0.1:"));
}

TEST(Listener, AcceptDoesNotWait) { EXPECT_EQ(Open("127.0.0.1:0").Accept().outcome, Outcome::kAgain); }

TEST(Listener, ReportsItsBoundAddress) {
  EXPECT_THAT(Open("127.0.0.1:0").Bound(), ::testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_THAT(Open(":0").Bound(), ::testing::MatchesRegex("(\\[::\\]|0\\.0\\.0\\.0):[1-9][0-9]*"));
}

TEST(Listener, AnyAddressTakesIpv4AndIpv6) {
  const Listener listener = Open(":0");
  const std::string port = listener.Bound().substr(listener.Bound().rfind(':'));
  const SocketAddress v4 = *ResolveAddress("127.0.0.1" + port);
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));

  EXPECT_EQ(connect(client.Get(), &v4.any, v4.size), 0);
  EXPECT_THAT(FormatPeer(listener.Accept().peer), StartsWith("127.0.0.1:"));
}

TEST(Listener, AddressInUseIsOneClearLine) {
  const Listener first = Open("127.0.0.1:0");
  const std::string address = first.Bound();

  const Error err = TryOpen(address).Err();

  EXPECT_EQ(err.Message(), "listen on " + address + ": Address already in use");
  EXPECT_TRUE(err.Is(std::errc::address_in_use));
}

TEST(Listener, BadAddressIsAnError) {
  EXPECT_THAT(TryOpen("8080").Err().Message(), StartsWith("listen on 8080: address \"8080\": no port"));
}

TEST(Listener, ServesUnixSocketsAndRemovesTheFile) {
  const Directory directory;
  {
    const Listener listener = Open("unix:" + directory.Path("s"));
    EXPECT_EQ(listener.Bound(), "unix:" + directory.Path("s"));
    const Fd client = Connect(listener);
    const Accepted accepted = listener.Accept();
    ASSERT_EQ(accepted.outcome, Outcome::kConnection);
    EXPECT_EQ(FormatPeer(accepted.peer), "unix");
  }
  EXPECT_FALSE(Exists(directory.Path("s")));
}

TEST(Listener, ServesAbstractUnixNames) {
  const Listener listener = Open("unix:@weft-listener-test-" + std::to_string(getpid()));
  const Fd client = Connect(listener);

  EXPECT_EQ(listener.Accept().outcome, Outcome::kConnection);
  EXPECT_THAT(listener.Bound(), StartsWith("unix:@weft-listener-test-"));
}

TEST(Listener, ReplacesAUnixSocketWithoutAServer) {
  const Directory directory;
  const SocketAddress address = *ResolveAddress("unix:" + directory.Path("s"));
  {
    const Fd dead(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(bind(dead.Get(), &address.any, address.size), 0);
  }
  ASSERT_TRUE(Exists(directory.Path("s")));

  const Listener listener = Open("unix:" + directory.Path("s"));

  const Fd client = Connect(listener);
  EXPECT_EQ(listener.Accept().outcome, Outcome::kConnection);
}

TEST(Listener, LeavesAUnixSocketThatIsAlive) {
  const Directory directory;
  const std::string address = "unix:" + directory.Path("s");
  const Listener first = Open(address);

  EXPECT_EQ(TryOpen(address).Err().Message(), "listen on " + address + ": Address already in use");
  const Fd client = Connect(first);
  EXPECT_EQ(first.Accept().outcome, Outcome::kConnection);
}

TEST(Listener, LeavesAFileThatIsNoSocket) {
  const Directory directory;
  const Fd file(open(directory.Path("s").c_str(), O_CREAT | O_WRONLY, 0600));

  EXPECT_THAT(TryOpen("unix:" + directory.Path("s")).Err().Message(), HasSubstr("not a socket"));
  EXPECT_TRUE(Exists(directory.Path("s")));
}

TEST(Listener, LeavesTheSocketOfASuccessor) {
  const Directory directory;
  Listener old = Open("unix:" + directory.Path("s"));
  ASSERT_EQ(unlink(directory.Path("s").c_str()), 0);
  const Listener successor = Open("unix:" + directory.Path("s"));

  old.Close();

  EXPECT_TRUE(Exists(directory.Path("s")));
}

TEST(Listener, OutOfDescriptorsLeavesTheConnectionInTheBacklog) {
  const Listener listener = Open("127.0.0.1:0");
  const Fd client = Connect(listener);
  rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);

  const Accepted exhausted = listener.Accept();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);

  EXPECT_EQ(exhausted.outcome, Outcome::kExhausted);
  EXPECT_EQ(exhausted.error, EMFILE);
  EXPECT_EQ(listener.Accept().outcome, Outcome::kConnection);
}

TEST(Listener, AClosedOneFailsForGood) {
  Listener listener = Open("127.0.0.1:0");
  listener.Close();

  EXPECT_EQ(listener.Accept().outcome, Outcome::kFatal);
}

TEST(Listener, StopAcceptingKeepsWhatIsInTheBacklog) {
  Listener listener = Open("127.0.0.1:0");
  const Fd client = Connect(listener);

  listener.StopAccepting();

  EXPECT_EQ(listener.Accept().outcome, Outcome::kConnection);
}

TEST(Listener, PassesOverAClientThatGaveUp) {
  const Listener listener = Open("127.0.0.1:0");
  {
    const Fd gone = Connect(listener);
    const linger reset{1, 0};
    ASSERT_EQ(setsockopt(gone.Get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
  }
  const Fd client = Connect(listener);

  // Linux hands out the one that was reset, too: what counts is that none is lost and none ends the listener.
  int connections = 0;
  while (true) {
    const Accepted accepted = listener.Accept();
    if (accepted.outcome != Outcome::kConnection) {
      EXPECT_EQ(accepted.outcome, Outcome::kAgain);
      break;
    }
    ++connections;
  }
  EXPECT_GE(connections, 1);
}

}  // namespace
}  // namespace weft::internal
