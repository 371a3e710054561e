// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/socket.h>

#include <system_error>
#include <thread>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

// Responses that fail after their head.
Error FailInChunks(ResponseWriter& w, Request&) {
  if (Error err = w.Write("some")) return err;
  if (Error err = w.Flush()) return err;
  return Error::New("broken");
}

Error FailWithLength(ResponseWriter& w, Request& r) {
  w.Header().Set("Content-Length", "100");
  return FailInChunks(w, r);
}

Error EndTooEarly(ResponseWriter& w, Request&) {
  w.Header().Set("Content-Length", "100");
  if (Error err = w.Write("some")) return err;
  return w.Flush();
}

Error AbortByHand(ResponseWriter& w, Request&) {
  if (Error err = w.Write("some")) return err;
  if (Error err = w.Flush()) return err;
  w.Abort();
  return {};
}

Error AbortLargeByHand(ResponseWriter& w, Request&) {
  if (Error err = w.Write(Pattern(100'000))) return err;
  w.Abort();
  return {};
}

class AbortedResponse : public ::testing::TestWithParam<Error (*)(ResponseWriter&, Request&)> {};

TEST_P(AbortedResponse, DoesNotLookComplete) {
  Virtually([](const Context& ctx) {
    Site site(ctx, GetParam());
    Client client = site.Connect();

    client.Send(kGet);
    const Error err = client.raw().ReadResponse(ctx).Err();

    EXPECT_TRUE(err);
    EXPECT_EQ(site.Count("aborted: "), 1);
    EXPECT_EQ(site.Count("failed "), 0);
    Client other = site.Connect();  // the server lives
    EXPECT_TRUE(other.SilentFor(seconds(1)));
  });
}

TEST_P(AbortedResponse, LetsEarlierResponsesArrive) {
  Virtually([](const Context& ctx) {
    const Handler failing = GetParam();
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      return r.Path() == "/" ? failing(w, r) : w.Write(r.Target());
    });
    Client client = site.Connect();

    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet) +
                std::string(kGet));

    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_TRUE(client.raw().ReadResponse(ctx).Err());
  });
}

// Many clients take any end of the connection for the end of the response, whatever its framing has announced.
TEST_P(AbortedResponse, ResetsTheConnection) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  Site site(Background(), GetParam(), options);
  Client client = site.Connect();

  client.Send(kGet);
  const Error err = client.raw().ReadToEnd(Background()).Err();

  EXPECT_TRUE(err.Is(std::errc::connection_reset)) << err.Message();
}

// Where the end of the connection is the end of the response, only a reset can tell.
TEST_P(AbortedResponse, ResetsTheConnectionOfHttp10) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  Site site(Background(), GetParam(), options);
  Client client = site.Connect();

  client.Send("GET / HTTP/1.0\r\n\r\n");
  const Error err = client.raw().ReadResponse(Background()).Err();

  EXPECT_TRUE(err.Is(std::errc::connection_reset) || err.Is(kClosed)) << err.Message();
}

INSTANTIATE_TEST_SUITE_P(Ways, AbortedResponse,
                         ::testing::Values(FailInChunks, FailWithLength, EndTooEarly, AbortByHand, AbortLargeByHand));

// The kernel forgets with a reset what the client has not acknowledged: it waits for that.
TEST(AbortedResponses, LoseNothingThatWasSentToASlowReader) {
  const std::string sent = Pattern(1'000'000);
  ServerOptions options;
  options.address = "127.0.0.1:0";
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    if (r.Version().second == 1) w.Header().Set("Content-Length", "2000000");
    if (Error err = w.Write(sent)) return err;
    if (Error err = w.Flush()) return err;
    if (r.Path() == "/error") return Error::New("broken");
    w.Abort();
    return {};
  }, options);
  for (const std::string request : {"GET /abort HTTP/1.0", "GET /error HTTP/1.0", "GET /abort HTTP/1.1", "GET /error HTTP/1.1"}) {
    Client client = site.Connect();
    const int small = 16 * 1024;
    setsockopt(client.raw().Descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);

    client.Send(request + "\r\nHost: h\r\n\r\n");
    client.Until("\r\n\r\n");
    std::size_t got = 0;
    Error end;
    while (!end) {
      const Result<std::string> some = client.raw().ReadSome(Background());
      end = some.Err();
      if (some.Ok() && some->empty()) break;
      if (some.Ok()) got += some->size();
      std::this_thread::yield();
    }

    EXPECT_EQ(got, sent.size()) << request;
    EXPECT_TRUE(end.Is(std::errc::connection_reset)) << request << ": " << end.Message();
  }
}

TEST(AbortedResponses, AreResetWhenAClientThatReadsNothingHasStalled) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.write_stall_timeout = std::chrono::milliseconds(100);
  Site site(Background(), [](ResponseWriter& w, Request&) -> Error {
    if (Error err = w.Write(Pattern(1'000'000))) return err;
    if (Error err = w.Flush()) return err;
    return Error::New("broken");
  }, options);
  Client client = site.Connect();
  const int small = 16 * 1024;
  setsockopt(client.raw().Descriptor(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);

  client.Send(kGet);
  pollfd reset{client.raw().Descriptor(), POLLERR, 0};

  EXPECT_EQ(poll(&reset, 1, /*ms=*/10'000), 1);
}

TEST(AbortedResponses, AreResetIfADrainEndsAnHttp10Response) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.drain_timeout = Duration::zero();
  options.cancel_grace = Duration::zero();
  Event leave;
  Site site(Background(), [&](ResponseWriter& w, Request&) -> Error {
    if (Error err = w.Write(Pattern(10'000))) return err;
    if (Error err = w.Flush()) return err;
    return leave.Wait(Background());
  }, options);
  Client client = site.Connect();

  client.Send("GET / HTTP/1.0\r\n\r\n");
  client.Until("\r\n\r\n");
  site.server().BeginDrain();
  const Error end = client.raw().ReadToEnd(Background()).Err();
  leave.Set();

  EXPECT_TRUE(end.Is(std::errc::connection_reset)) << end.Message();
  EXPECT_TRUE(site.Stop().Is(kServerClosing));
}

// The kernel throws away what it has not sent yet when a connection is closed while something lies there unread.
TEST(AbortedResponses, LetALargeEarlierResponseArrive) {
  const std::string large = Pattern(1'000'000);
  ServerOptions options;
  options.address = "127.0.0.1:0";
  options.loops = 1;
  Event aborted;
  Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error {
    if (r.Path() == "/large") return w.Write(large);
    if (r.Path() == "/abort") {
      w.Abort();
      aborted.Set();
    }
    return {};
  }, options);
  Client client = site.Connect();
  Client other = site.Connect();

  client.Send("GET /large HTTP/1.1\r\nHost: h\r\n\r\nGET /abort HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(100'000, 'x'));
  (void)aborted.Wait(Background());
  other.Get("/");  // its loop is through with the first connection

  EXPECT_EQ(client.ReadResponse().body, large);
}

TEST(AbortedResponses, SendNothingBeforeTheirHead) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write("some")) return err;
      w.Abort();
      return {};
    });
    Client client = site.Connect();

    client.Send(kGet);

    EXPECT_EQ(client.ToEnd(), "");
  });
}

TEST(AbortedResponses, AreNotLostForAClientThatStillSends) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  Site site(Background(), FailWithLength, options);
  for (int i = 0; i < 20; ++i) {
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + Pattern(50'000));

    client.Until("\r\n\r\nsome");
    EXPECT_TRUE(client.raw().ReadToEnd(Background()).Err().Is(std::errc::connection_reset));
  }
}

}  // namespace
}  // namespace weft
