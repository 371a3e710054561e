// SPDX-License-Identifier: Apache-2.0
#include <weft/net/dial.h>

#include <dlfcn.h>
#include <netdb.h>
#include <netinet/tcp.h>

#include <chrono>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>

#include "stream_kit.h"

// Found before the C library's by everything in this program. "both.test" has an address of each family, of which only the second is served.
extern "C" int getaddrinfo(const char* host, const char* service, const addrinfo* hints, addrinfo** found) {
  using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  static const auto real = reinterpret_cast<Function>(dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name(host != nullptr ? host : "");
  if (name == "nobody.test") return EAI_NONAME;
  if (name != "both.test") return real(host, service, hints, found);
  if (const int code = real("::1", service, hints, found)) return code;
  return real("127.0.0.1", service, hints, &(*found)->ai_next);
}

namespace weft {
namespace {

using namespace weft::testing;
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using internal::SocketAddress;

// A port that nobody listens on: it was just given back.
std::string Refusing() {
  Listening listening;
  const std::string text = listening.Text();
  listening.Close();
  return text;
}

void Converse(const Context& ctx, Stream client, const Listening& listening) {
  Stream server = listening.AcceptStream(ctx);
  EXPECT_FALSE(client.Write(ctx, "ping"));
  EXPECT_EQ(ReadSome(ctx, server), "ping");
  EXPECT_FALSE(server.Write(ctx, "pong"));
  EXPECT_EQ(ReadSome(ctx, client), "pong");
}

TEST(Dial, ConnectsByTcpAndByUnixSockets) {
  InFiber([](const Context& ctx) {
    for (const bool local : {false, true}) {
      const Listening listening(local);
      Converse(ctx, Expect(Dial(ctx, listening.Text())), listening);
    }
  });
}

TEST(Dial, ServesPlainThreads) {
  const Listening listening;
  Converse(Background(), Expect(Dial(Background(), listening.Text())), listening);
}

TEST(Dial, LooksNamesUpAndTriesAllTheirAddresses) {
  InFiber([](const Context& ctx) {
    const Listening listening;
    const Address address{.host = "both.test", .port = ntohs(listening.Bound().v4.sin_port), .path = {}};
    Converse(ctx, Expect(Dial(ctx, address)), listening);
    EXPECT_THAT(Dial(ctx, "nobody.test:80").Err().Message(), StartsWith("dial nobody.test:80: resolve host \"nobody.test\""));
  });
}

TEST(Dial, ReportsARefusal) {
  InFiber([](const Context& ctx) {
    const std::string address = Refusing();
    const Error err = Dial(ctx, address).Err();
    EXPECT_TRUE(err.Is(std::errc::connection_refused)) << err.Message();
    EXPECT_EQ(err.Message(), "dial " + address + ": connect to " + address + ": Connection refused");
    const Error local = Dial(ctx, "unix:@weft-nobody-listens-here").Err();
    EXPECT_TRUE(local.Is(std::errc::connection_refused)) << local.Message();
    EXPECT_TRUE(Dial(ctx, "unix:/nowhere/at/all.sock").Err().Is(std::errc::no_such_file_or_directory));
  });
}

TEST(Dial, ReportsAnAddressThatIsNone) {
  InFiber([](const Context& ctx) {
    for (const char* text : {"localhost", ":80", "systemd:web", "host:y", ""}) {
      EXPECT_THAT(Dial(ctx, text).Err().Message(), StartsWith("dial: address \"" + std::string(text) + "\": ")) << text;
    }
  });
}

// The other side never says anything.
TEST(Dial, ItsContextEndsIt) {
  const Deaf deaf;
  const auto play = [&](const Context& ctx) {
    const std::string address = deaf.listening().Text();
    const Error late = Dial(WithTimeout(ctx, 5ms).ctx, address).Err();
    EXPECT_TRUE(late.Is(kDeadlineExceeded)) << late.Message();
    EXPECT_THAT(late.Message(), HasSubstr(address));
    const CancelScope scope = WithCancel(ctx);
    Group group(ctx);
    group.Go([&](const Context&) { scope.cancel(); });
    EXPECT_TRUE(Dial(scope.ctx, address).Err().Is(kCanceled));
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(Dial(scope.ctx, address).Err().Is(kCanceled)) << "nothing begins under a done context";
  };
  InFiber(play);
  play(Background());
}

TEST(Dial, ItsContextIsNotTheStreams) {
  InFiber([](const Context& ctx) {
    const Listening listening;
    Stream client;
    {
      const CancelScope scope = WithTimeout(ctx, 10s);
      client = Expect(Dial(scope.ctx, listening.Text()));
    }
    Converse(ctx, std::move(client), listening);
  });
}

TEST(Dial, WaitsForRoomInTheBacklogOfAUnixSocket) {
  InFiber([](const Context& ctx) {
    const Deaf deaf(true);
    EXPECT_TRUE(Dial(WithTimeout(ctx, 5ms).ctx, deaf.listening().Text()).Err().Is(kDeadlineExceeded));
    Group group(ctx);
    group.Go([&](const Context& c) -> Error {
      const CancelScope enough = WithTimeout(c, 20s);
      return Dial(enough.ctx, deaf.listening().Text()).Err();
    });
    Yield();
    std::vector<internal::Fd> taken;
    for (int i = 0; i < 2; ++i) taken.push_back(deaf.listening().Accept(ctx));
    EXPECT_FALSE(group.Wait());
  });
}

TEST(Dial, VirtualTimeStandsStillMeanwhile) {
  const Listening listening;
  std::thread server([&] {
    Stream stream = listening.AcceptStream(Background());
    std::this_thread::sleep_for(3ms);  // real time, in which virtual time would have come to its end
    EXPECT_FALSE(stream.Write("at last"));
  });
  const Error err = RunTest([&](const Context& ctx) {
    const TimePoint start = Now();
    const CancelScope limit = WithTimeout(ctx, 1s);
    Stream client = Expect(Dial(limit.ctx, listening.Text()));
    EXPECT_EQ(ReadSome(limit.ctx, client), "at last");
    EXPECT_EQ(Now(), start);
  });
  EXPECT_FALSE(err) << err.Message();
  server.join();
}

// The value of a socket option of the one descriptor of this process that is connected to `listening`.
int OptionOfClient(const Listening& listening, int level, int name) {
  const SocketAddress wanted = listening.Bound();
  for (int fd = 0; fd < 256; ++fd) {
    SocketAddress there;
    there.size = sizeof(there.local);
    if (getpeername(fd, &there.any, &there.size) != 0 || there.Family() != AF_INET || there.v4.sin_port != wanted.v4.sin_port) continue;
    int value = -1;
    socklen_t size = sizeof(value);
    EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
  }
  return -1;
}

TEST(Dial, SetsWhatTheOptionsSay) {
  InFiber([](const Context& ctx) {
    const Listening listening;
    {
      const Stream probed = Expect(Dial(ctx, listening.Text(), {.probe_after = 10s}));
      EXPECT_EQ(OptionOfClient(listening, IPPROTO_TCP, TCP_NODELAY), 1);
      EXPECT_EQ(OptionOfClient(listening, SOL_SOCKET, SO_KEEPALIVE), 1);
      EXPECT_EQ(OptionOfClient(listening, IPPROTO_TCP, TCP_KEEPIDLE), 10);
    }
    EXPECT_EQ(OptionOfClient(listening, SOL_SOCKET, SO_KEEPALIVE), -1) << "closed with its stream";
    const Stream silent = Expect(Dial(ctx, listening.Text(), {.probe_after = Duration::max()}));
    EXPECT_EQ(OptionOfClient(listening, SOL_SOCKET, SO_KEEPALIVE), 0);
  });
}

TEST(Address, IsTextAndBack) {
  struct Case {
    const char* text;
    const char* host;
    int port;
    const char* path;
  };
  for (const Case& c : {Case{"example.org:443", "example.org", 443, ""}, Case{"[::1]:80", "::1", 80, ""}, Case{"unix:/run/app.sock", "", 0, "/run/app.sock"},
                        Case{"unix:@name", "", 0, "@name"}}) {
    const Result<Address> address = Address::Parse(c.text);
    ASSERT_TRUE(address.Ok()) << address.Err().Message();
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->path, c.path);
    EXPECT_EQ(address->Text(), c.text);
  }
}

}  // namespace
}  // namespace weft
