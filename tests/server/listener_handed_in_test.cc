// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <weft/net/internal/listener.h>
#include <weft/server/listen_and_serve.h>

#include "listening_socket.h"
#include "server_kit.h"

namespace weft {
namespace {

using internal::Fd;
using internal::Listener;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

ServerOptions On(const Fd& socket) {
  ServerOptions options;
  options.listener = socket.Get();
  return options;
}

// Whether somebody waits to be accepted.
bool SomebodyWaits(const Fd& listener) {
  pollfd look{listener.Get(), POLLIN, 0};
  return poll(&look, 1, 0) == 1;
}

TEST(HandedInListener, IsServed) {
  const Fd tcp = ListeningSocket("127.0.0.1:0");
  Site site(Background(), Tell, On(tcp));

  EXPECT_EQ(site.server().Bound(), "http://" + internal::FormatBound(tcp.Get()));
  EXPECT_THAT(site.server().Bound(), StartsWith("http://127.0.0.1:"));
  EXPECT_EQ(site.Connect().Get("/x").body, "/x");
  EXPECT_FALSE(site.Stop());
}

TEST(HandedInListener, IsUsedThroughADuplicateThatNoChildInherits) {
  const Fd tcp = ListeningSocket("127.0.0.1:0");
  const Result<Listener> listener = Listener::Adopt(tcp.Get());
  ASSERT_TRUE(listener.Ok());

  EXPECT_NE(listener->Descriptor(), tcp.Get());
  EXPECT_NE(fcntl(listener->Descriptor(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(fcntl(listener->Descriptor(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(tcp.Get(), F_GETFD) & FD_CLOEXEC, 0);  // the caller's own stays as it was
}

TEST(HandedInListener, IsRejectedAtStartupIfItCannotServe) {
  const Fd not_listening(socket(AF_INET, SOCK_STREAM, 0));
  const Fd datagrams(socket(AF_INET, SOCK_DGRAM, 0));
  const Fd file(open("/dev/null", O_RDONLY));
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  const Fd one(pair[0]);
  const Fd other(pair[1]);
  const Fd packets(socket(AF_UNIX, SOCK_SEQPACKET, 0));
  const Fd netlink(socket(AF_NETLINK, SOCK_RAW, 0));
  const auto refusal = [](int fd) {
    ServerOptions options;
    options.listener = fd;
    const std::string message = ListenAndServe(Background(), options, Tell).Message();
    const std::string begin = "the listener that was passed in: descriptor " + std::to_string(fd);
    EXPECT_THAT(message, StartsWith(begin));
    return message.substr(std::min(begin.size(), message.size()));
  };

  EXPECT_EQ(refusal(not_listening.Get()), " is not a listening socket");
  EXPECT_EQ(refusal(one.Get()), " is not a listening socket");
  EXPECT_EQ(refusal(datagrams.Get()), " is not a stream socket");
  EXPECT_EQ(refusal(packets.Get()), " is not a stream socket");
  EXPECT_EQ(refusal(netlink.Get()), " is neither a TCP nor a unix socket");
  EXPECT_EQ(refusal(file.Get()), ": Socket operation on non-socket");
  EXPECT_EQ(refusal(1 << 20), ": Bad file descriptor");
}

TEST(HandedInListener, StaysOpenAndListensAfterTheDrain) {
  Virtually([](const Context& ctx) {
    const Fd socket = AbstractListeningSocket();
    const std::string bound = internal::FormatBound(socket.Get());
    {
      Site site(ctx, Tell, On(socket));
      EXPECT_EQ(site.Connect().Get("/1").body, "/1");
      EXPECT_FALSE(site.Stop());
    }

    EXPECT_TRUE(TestClient::Dial(ctx, bound).Ok());
    EXPECT_TRUE(SomebodyWaits(socket));
  });
}

TEST(HandedInListener, AClientBetweenTwoServersIsServedByTheNext) {
  const CancelScope limit = WithTimeout(Background(), seconds(10));  // a socket that was shut would let nobody in
  for (const bool tcp : {false, true}) {
    const Fd socket = tcp ? ListeningSocket("127.0.0.1:0") : AbstractListeningSocket();
    const std::string bound = internal::FormatBound(socket.Get());
    std::vector<Client> between;
    {
      Site first(Background(), Say("first"), On(socket));
      EXPECT_EQ(first.Connect().Get("/").body, "first");
      EXPECT_FALSE(first.Stop());
    }
    // Nobody serves now; more than one, because a shut backlog would still let one in.
    for (int i = 0; i < 20; ++i) {
      between.emplace_back(limit.ctx, bound);
      between.back().Send(kGet);
    }
    Site second(Background(), Say("second"), On(socket));

    for (Client& client : between) EXPECT_EQ(client.ReadResponse().body, "second");
    EXPECT_FALSE(second.Stop());
  }
}

TEST(HandedInListener, AClientDuringTheDrainWaitsForTheNextServer) {
  Virtually([](const Context& ctx) {
    const Fd socket = AbstractListeningSocket();
    Site first(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(5))) return err;
      return w.Write("first");
    }, On(socket));
    Client old = first.Connect();
    old.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    first.server().BeginDrain();
    (void)Sleep(ctx, seconds(1));

    Client next(ctx, first.server().Bound());
    next.Send(kGet);
    EXPECT_TRUE(next.SilentFor(seconds(1)));
    Site second(ctx, Say("second"), On(socket));

    EXPECT_EQ(next.ReadResponse().body, "second");
    EXPECT_EQ(old.ReadResponse().body, "first");
    EXPECT_FALSE(first.Stop());
  });
}

TEST(HandedInListener, IsServedByTwoAtOnce) {
  Virtually([](const Context& ctx) {
    const Fd socket = AbstractListeningSocket();
    Site old(ctx, Say("served"), On(socket));
    Site young(ctx, Say("served"), On(socket));
    std::vector<Client> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(old.Connect());
      clients.back().Send(kGet);
    }
    old.server().BeginDrain();
    for (int i = 0; i < 10; ++i) {
      clients.push_back(young.Connect());
      clients.back().Send(kGet);
    }

    for (Client& client : clients) EXPECT_EQ(client.ReadResponse().body, "served");
    EXPECT_FALSE(old.Stop());
    EXPECT_FALSE(young.Stop());
  });
}

TEST(HandedInListener, ClientsInTheBacklogAreServedEvenIfNoOtherServerHasIt) {
  Virtually([](const Context& ctx) {
    Fd socket = AbstractListeningSocket();
    ServerOptions options = On(socket);
    options.connections_max = 1;
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(2))) return err;
      return w.Write("served");
    }, options);
    socket.Close();
    Client first = site.Connect();
    first.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));
    Client waits = site.Connect();  // in the backlog: there is no room
    waits.Send(kGet);
    (void)Sleep(ctx, milliseconds(1));

    site.server().BeginDrain();

    EXPECT_EQ(first.ReadResponse().body, "served");
    EXPECT_EQ(waits.ReadResponse().body, "served");
    EXPECT_FALSE(site.Stop());
  });
}

TEST(HandedInListener, ItsFileStays) {
  std::string folder = ::testing::TempDir() + "weftXXXXXX";
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string path = folder + "/socket";
  {
    const Fd socket = ListeningSocket("unix:" + path);
    Site site(Background(), Tell, On(socket));
    EXPECT_EQ(site.server().Bound(), "unix:" + path);
    EXPECT_EQ(site.Connect().Get("/x").body, "/x");
    EXPECT_FALSE(site.Stop());
  }

  EXPECT_EQ(access(path.c_str(), F_OK), 0);
  unlink(path.c_str());
  rmdir(folder.c_str());
}

TEST(HandedInListener, LeavesNoDescriptorBehind) {
  const Fd socket = ListeningSocket("127.0.0.1:0");
  for (int i = 0; i < 3; ++i) {
    Site site(Background(), Tell, On(socket));
    EXPECT_EQ(site.Connect().Get("/x").body, "/x");
    EXPECT_FALSE(site.Stop());
  }
  const Fd next(dup(socket.Get()));

  EXPECT_LT(next.Get(), socket.Get() + 3);  // what the servers had is free again
}

}  // namespace
}  // namespace weft
