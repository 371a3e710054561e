// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <weft/concurrency/group.h>

#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

ServerOptions AnyBody() {
  ServerOptions options;
  options.body_bytes_max = kUnlimited;
  return options;
}

struct Upload {
  std::size_t size;
  std::size_t chunk;  // 0: by Content-Length
  std::size_t piece;  // bytes that are sent at once; 0: all
};

class RequestBody : public ::testing::TestWithParam<Upload> {};

TEST_P(RequestBody, ArrivesHoweverItIsFramedAndSplit) {
  const auto [size, chunk, piece] = GetParam();
  const std::string body = Pattern(size);
  std::string request = "POST / HTTP/1.1\r\nHost: h\r\n";
  request += chunk == 0 ? "Content-Length: " + std::to_string(size) + "\r\n\r\n" + body
                        : "Transfer-Encoding: chunked\r\n\r\n" + Chunked(body, chunk);
  Virtually([&, cut = piece == 0 ? request.size() : piece](const Context& ctx) {
    Site site(ctx, Echo, AnyBody());
    Client client = site.Connect();
    Group group(ctx);

    group.Go("sender", [&](const Context& c) -> Error {
      for (std::size_t at = 0; at < request.size(); at += cut) {
        if (Error err = client.raw().Send(c, std::string_view(request).substr(at, cut))) return err;
        if (cut != request.size()) {
          if (Error err = Sleep(c, std::chrono::microseconds(1))) return err;
        }
      }
      return {};
    });

    EXPECT_EQ(client.ReadResponse().body, body);
    EXPECT_FALSE(group.Wait());
  });
}

INSTANTIATE_TEST_SUITE_P(Sizes, RequestBody,
                         ::testing::Values(Upload{0, 0, 0}, Upload{1, 0, 0}, Upload{1, 0, 1}, Upload{5000, 0, 1},
                                         Upload{100'000, 0, 1000}, Upload{5'000'000, 0, 0}, Upload{0, 1, 0},
                                         Upload{0, 1, 1}, Upload{1000, 1, 1}, Upload{5000, 1000, 7},
                                         Upload{100'000, 1, 0}, Upload{100'000, 16'384, 999},
                                         Upload{3'000'000, 70'000, 0}, Upload{3'000'000, 3'000'000, 0}));

TEST(RequestBodies, AreNotReadBeforeTheHandlerReads) {
  const std::string body = Pattern(8'000'000);
  Virtually([&](const Context& ctx) {
    Event go;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (Error err = go.Wait(r.Ctx())) return err;
      Result<std::string> all = r.Body().ReadAll();
      if (Error err = all.Err()) return err;
      return w.Write(*all == body ? "same" : "other");
    }, AnyBody());
    Client client = site.Connect();
    Event sent;
    Group group(ctx);

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 8000000\r\n\r\n");
    group.Go("sender", [&](const Context& c) -> Error {
      if (Error err = client.raw().Send(c, body)) return err;
      sent.Set();
      return {};
    });
    (void)Sleep(ctx, seconds(20));
    EXPECT_FALSE(sent.IsSet());
    go.Set();

    EXPECT_EQ(client.ReadResponse().body, "same");
    EXPECT_FALSE(group.Wait());
  });
}

TEST(RequestBodies, TrailersAreThereAtTheEnd) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Trailer().Has("Sum")) return w.Write("too early");
      if (Error err = r.Body().ReadAll().Err()) return err;
      return w.Write(r.Trailer().Get("Sum"));
    });
    Client client = site.Connect();

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 42\r\n\r\n");

    EXPECT_EQ(client.ReadResponse().body, "42");
    EXPECT_EQ(client.Get("/").body, "");
  });
}

struct Limit {
  const char* framing;
  const char* body;
  std::uint64_t raised;  // by the handler; 0: not
  int status;
};

TEST(RequestBodies, AreRejectedAboveTheLimit) {
  const Limit rows[] = {
      {"Content-Length: 10", "0123456789", 0, 200},
      {"Content-Length: 11", "0123456789a", 0, 413},
      {"Content-Length: 11", "0123456789a", 11, 200},
      {"Content-Length: 11", "", 0, 413},  // told before it is sent
      {"Transfer-Encoding: chunked", "a\r\n0123456789\r\n0\r\n\r\n", 0, 200},
      {"Transfer-Encoding: chunked", "b\r\n0123456789a\r\n0\r\n\r\n", 0, 413},
      {"Transfer-Encoding: chunked", "6\r\n012345\r\n5\r\n6789a\r\n0\r\n\r\n", 0, 413},
      {"Transfer-Encoding: chunked", "b\r\n0123456789a\r\n0\r\n\r\n", 20, 200},
      {"Content-Length: 21", "", 20, 413},
  };
  for (const Limit& row : rows) {
    SCOPED_TRACE(std::string(row.framing) + " " + row.body);
    Virtually([&](const Context& ctx) {
      ServerOptions options;
      options.body_bytes_max = 10;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        if (row.raised != 0) r.Body().SetLimit(row.raised);
        if (Error err = r.Body().ReadAll().Err()) return err;
        return w.Write("taken");
      }, options);
      Client client = site.Connect();

      client.Send(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + row.framing + "\r\n\r\n" + row.body);

      EXPECT_EQ(client.ReadResponse().status, row.status);
      EXPECT_EQ(site.Count("limit body bytes " + std::to_string(row.raised != 0 ? row.raised : 10)), row.status == 413 ? 1 : 0);
    });
  }
}

TEST(RequestBodies, WithBrokenFramingGet400AndEndTheConnection) {
  for (const char* body : {"x\r\n", "3\nabc", "3\r\nabcd\r\n", "3 \r\n", "-1\r\n", "3\r\nabc\r\n0\r\nA : b\r\n\r\n"}) {
    SCOPED_TRACE(body);
    Virtually([&](const Context& ctx) {
      Site site(ctx, Echo);
      Client client = site.Connect();

      client.Send(std::string("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n") + body + std::string(kGet));
      const TestResponse response = client.ReadResponse();

      EXPECT_EQ(response.status, 400);
      EXPECT_EQ(response.Header("Connection"), "close");
      EXPECT_TRUE(client.Ended());
    });
  }
}

TEST(RequestBodies, AreMalformedIfTheyEndTooEarly) {
  for (const char* framing : {"Content-Length: 10\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
                              "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"}) {
    SCOPED_TRACE(framing);
    Virtually([&](const Context& ctx) {
      Error seen;
      ServerOptions options;
      options.half_closed_clients = true;
      Site site(ctx, [&](ResponseWriter&, Request& r) -> Error {
        seen = r.Body().ReadAll().Err();
        EXPECT_TRUE(r.Body().ReadAll().Err().Is(kMalformed));
        return seen;
      }, options);
      Client client = site.Connect();

      client.Send(std::string("POST / HTTP/1.1\r\nHost: h\r\n") + framing);
      client.raw().CloseSend();

      EXPECT_EQ(client.ReadResponse().status, 400);
      EXPECT_TRUE(seen.Is(kMalformed)) << seen.Message();
      EXPECT_TRUE(client.Ended());
    });
  }
}

TEST(RequestBodies, TwoFibersMayReadTheBodyAndWriteTheResponseAtOnce) {
  const std::string large = Pattern(2'000'000);
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Error read;
      Group group(r.Ctx());
      group.Go("reader", [&](const Context&) { read = r.Body().ReadAll().Err(); });
      if (Error err = w.Write(large)) return err;
      if (Error err = group.Wait()) return err;
      return read ? read : w.Write("both");
    }, AnyBody());
    Client client = site.Connect();
    Group group(ctx);

    client.Send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
    group.Go("sender", [&](const Context& c) { return client.raw().Send(c, large); });

    EXPECT_EQ(client.ReadResponse().body, large + "both");
    EXPECT_FALSE(group.Wait());
  });
}

// What an in-memory stream takes at once.
std::size_t StreamCapacity() {
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  const std::string much = Pattern(10'000'000);
  const ssize_t taken = send(ends[0], much.data(), much.size(), MSG_NOSIGNAL);
  close(ends[0]);
  close(ends[1]);
  return static_cast<std::size_t>(taken);
}

// The reader's fiber sends what the handler's holds back; meanwhile that one adds to it.
TEST(RequestBodies, AReaderAndAWriterTakeTurnsAtTheSocket) {
  const std::string large = Pattern(StreamCapacity() - 20'000);
  const std::string small = Pattern(4000);
  Virtually([&](const Context& ctx) {
    Event reading;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/large") return w.Write(large);
      if (r.Path() == "/small") return w.Write(small);
      Group group(r.Ctx());
      group.Go("reader", [&](const Context&) {
        reading.Set();
        return r.Body().ReadAll().Err();
      });
      if (Error err = reading.Wait(r.Ctx())) return err;
      for (int i = 0; i < 100; ++i) {
        if (Error err = w.Write(Pattern(5000))) return err;
      }
      return group.Wait();
    });
    Client client = site.Connect();

    // The large response fills the socket, so that the small ones are held back.
    std::string requests = "GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
    for (int i = 0; i < 13; ++i) requests += "GET /small HTTP/1.1\r\nHost: h\r\n\r\n";
    client.Send(requests + "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    EXPECT_FALSE(reading.Wait(ctx));
    (void)Sleep(ctx, seconds(1));

    EXPECT_EQ(client.ReadResponse().body, large);
    for (int i = 0; i < 13; ++i) EXPECT_EQ(client.ReadResponse().body, small);
    client.Send("abc");
    EXPECT_EQ(client.ReadResponse().body.size(), 500'000u);
  });
}

}  // namespace
}  // namespace weft
