// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A handler that no deadline ends.
Error EchoForLong(ResponseWriter& w, Request& r) {
  r.LongLived();
  return Echo(w, r);
}

constexpr std::string_view kPost = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

// Sends a chunk of this size again and again, at most `count` times, and tells when the server has closed.
Duration TrickleUntilClosed(const Context& ctx, Client& client, std::size_t size, Duration every, int count) {
  const TimePoint begin = Now();
  const std::string chunk = Chunked(Pattern(size), size);
  const std::string_view piece = std::string_view(chunk).substr(0, chunk.size() - 5);  // without the last chunk
  for (int i = 0; i < count && !client.raw().Send(ctx, piece); ++i) {
    const CancelScope scope = WithTimeout(ctx, every);
    const Result<std::string> some = client.raw().ReadSome(scope.ctx);
    if (some.Ok() || !some.Err().Is(kDeadlineExceeded)) break;
  }
  return Now() - begin;
}

TEST(MinimumProgress, AByteNowAndThenDoesNotHoldARequestForever) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      const Result<std::string> all = r.Body().ReadAll();
      return all.Ok() ? w.Write(*all) : all.Err();
    });
    Client client = site.Connect();

    client.Send(kPost);
    const Duration after = TrickleUntilClosed(ctx, client, 1, seconds(4), 1000);

    EXPECT_EQ(after, seconds(30));
    EXPECT_EQ(site.Count("timeout body stall"), 1);
  });
}

TEST(MinimumProgress, ABodyAboveTheMinimumMayTakeAsLongAsItLikes) {
  Virtually([](const Context& ctx) {
    std::size_t got = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      r.Body().SetLimit(kUnlimited);
      const Result<std::string> all = r.Body().ReadAll();
      if (Error err = all.Err()) return err;
      got = all->size();
      return w.Write("whole");
    });
    Client client = site.Connect();

    client.Send(kPost);
    const Duration after = TrickleUntilClosed(ctx, client, 150, seconds(4), 500);
    client.Send("0\r\n\r\n");

    EXPECT_EQ(after, seconds(2000));
    EXPECT_EQ(client.ReadResponse().body, "whole");
    EXPECT_EQ(got, 500u * 150);
  });
}

TEST(MinimumProgress, AcceptsOneByteAtATimeIfConfigured) {
  Virtually([](const Context& ctx) {
    ServerOptions options;
    options.progress_bytes_min = 1;
    Site site(ctx, EchoForLong, options);
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n");
    for (int i = 0; i < 10; ++i) {
      (void)Sleep(ctx, seconds(29));
      client.Send("x");
    }

    EXPECT_EQ(client.ReadResponse().body, "xxxxxxxxxx");
  });
}

TEST(MinimumProgress, TheEndOfTheBodyIsEnoughHoweverShortItIs) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Echo);
    Client client = site.Connect();

    for (int i = 0; i < 10; ++i) {
      client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
      (void)Sleep(ctx, seconds(29));
      client.Send("x");
      EXPECT_EQ(client.ReadResponse().body, "x");
    }
  });
}

TEST(MinimumProgress, TheClientDoesNotPayForASlowHandler) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      for (char piece[1];;) {
        const Result<std::size_t> n = r.Body().Read(piece);
        if (Error err = n.Err()) return err;
        if (*n == 0) return w.Write("whole");
        if (Error err = Sleep(r.Ctx(), seconds(100))) return err;
      }
    });
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
    for (int i = 0; i < 5; ++i) {
      client.Send("x");
      (void)Sleep(ctx, seconds(101));  // of which the handler waits one second for the next byte
    }

    EXPECT_EQ(client.ReadResponse().body, "whole");
  });
}

TEST(MinimumProgress, AbortsAResponseThatIsReadByteByByte) {
  Virtually([](const Context& ctx) {
    Error seen;
    const TimePoint begin = Now();
    TimePoint failed;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      r.LongLived();
      while (!seen) seen = w.Write(Pattern(100'000));
      failed = Now();
      return seen;
    });
    Client client = site.Connect();

    client.Send(kGet);
    for (int i = 0; i < 100 && !seen; ++i) {
      char byte;
      (void)recv(client.raw().Descriptor(), &byte, 1, MSG_DONTWAIT);
      (void)Sleep(ctx, milliseconds(900));
    }

    EXPECT_TRUE(seen.Is(kTimeout)) << seen.Message();
    EXPECT_EQ(failed - begin, seconds(30));
    EXPECT_EQ(site.Count("timeout write stall"), 1);
  });
}

}  // namespace
}  // namespace weft
