// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string>
#include <system_error>

#include "../kit/temp_file.h"
#include "server_kit.h"

namespace weft {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using ::testing::Contains;

constexpr std::uint64_t kFileSize = 5'000'000;  // more than sockets hold

// Sends the file, and keeps what that returned.
class Sender {
 public:
  explicit Sender(bool declared) : file_(Pattern(kFileSize)), declared_(declared) {}

  Error operator()(ResponseWriter& w) {
    if (declared_) w.Header().Set("Content-Length", std::to_string(kFileSize));
    err = w.SendFile(file_.fd(), 0, kFileSize);
    written = w.BytesWritten();
    done.Set();
    return err;
  }
  TempFile& file() { return file_; }

  Event done;
  Error err;
  std::uint64_t written = 0;

 private:
  TempFile file_;
  bool declared_;
};

class SendFileFailure : public ::testing::TestWithParam<bool> {};

TEST_P(SendFileFailure, AShrinkingFileAbortsTheResponse) {
  Virtually([](const Context& ctx) {
    Sender sender(GetParam());
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error { return r.Path() == "/" ? sender(w) : w.Write(r.Target()); });
    Client client = site.Connect();
    client.Send("GET /before HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet) + std::string(kGet));
    EXPECT_EQ(client.ReadResponse().body, "/before");
    client.Until("\r\n\r\n");
    (void)Sleep(ctx, seconds(1));
    sender.file().Truncate(kFileSize / 2);

    const std::string came = client.ToEnd();

    EXPECT_LT(came.size(), kFileSize);
    EXPECT_GE(came.size(), kFileSize / 2 - 100);
    EXPECT_FALSE(came.ends_with("\r\n0\r\n\r\n"));
    EXPECT_TRUE(sender.err);
    EXPECT_EQ(sender.written, kFileSize / 2);
    EXPECT_EQ(site.Count("aborted: "), 1);
  });
}

TEST_P(SendFileFailure, GivesUpAClientThatDoesNotRead) {
  Virtually([](const Context& ctx) {
    Sender sender(GetParam());
    ServerOptions options;
    options.write_stall_timeout = seconds(7);
    Site site(ctx, [&](ResponseWriter& w, Request&) { return sender(w); }, options);
    Client client = site.Connect();
    const TimePoint begin = Now();
    client.Send(kGet);

    (void)sender.done.Wait(ctx);

    EXPECT_EQ(Now() - begin, seconds(7));
    EXPECT_TRUE(sender.err.Is(kTimeout));
    EXPECT_LT(sender.written, kFileSize);
    EXPECT_THAT(site.Events(), Contains("timeout " + std::string(Name(TimeoutKind::kWriteStall))));
  });
}

TEST_P(SendFileFailure, KeepsAClientThatTakesItsTime) {
  Virtually([](const Context& ctx) {
    Sender sender(GetParam());
    ServerOptions options;
    options.write_stall_timeout = seconds(7);
    options.request_timeout = seconds(1);
    options.progress_bytes_min = 1;  // the first piece is no more than the head
    Site site(ctx, [&](ResponseWriter& w, Request&) { return sender(w); }, options);
    Client client = site.Connect();
    client.Send(kGet);
    for (bool more = true; more && !sender.done.IsSet();) {
      (void)Sleep(ctx, seconds(5));
      more = !client.Some().empty();
    }
    EXPECT_FALSE(sender.err);
  });
}

TEST_P(SendFileFailure, ADisconnectEndsIt) {
  for (const bool resets : {false, true}) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    Sender sender(GetParam());
    Site site(Background(), [&](ResponseWriter& w, Request& r) -> Error { return r.Path() == "/" ? sender(w) : w.Write(r.Target()); }, options);
    Client client = site.Connect();
    client.Send(kGet);
    client.Until("\r\n\r\n");

    if (resets) {
      client.raw().Reset();
    } else {
      client.raw().Close();
    }
    (void)sender.done.Wait(Background());

    EXPECT_TRUE(sender.err.Is(kClientGone)) << sender.err.Message();
    EXPECT_EQ(site.Connect().Get("/next").body, "/next");
    EXPECT_FALSE(site.Stop());
  }
}

TEST_P(SendFileFailure, AForcedCloseEndsIt) {
  Virtually([](const Context& ctx) {
    Sender sender(GetParam());
    ServerOptions options;
    options.write_stall_timeout = hours(1);
    options.drain_timeout = seconds(4);
    options.cancel_grace = seconds(1);
    Site site(ctx, [&](ResponseWriter& w, Request&) { return sender(w); }, options);
    Client client = site.Connect();
    client.Send(kGet);
    client.Until("\r\n\r\n");
    const TimePoint begin = Now();
    site.server().BeginDrain();

    (void)sender.done.Wait(ctx);

    EXPECT_EQ(Now() - begin, seconds(5));
    EXPECT_TRUE(sender.err.Is(kServerClosing)) << sender.err.Message();
    EXPECT_TRUE(site.Stop().Is(kServerClosing));
  });
}

INSTANTIATE_TEST_SUITE_P(Framing, SendFileFailure, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& each) { return each.param ? "Length" : "Chunked"; });

// Where the end of the connection is the end of the response, only a reset can tell.
TEST(SendFileFailures, OfHttp10AreReset) {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  TempFile file(Pattern(100'000));
  Site site(Background(), [&](ResponseWriter& w, Request&) { return w.SendFile(file.fd(), 0, 100'001); }, options);
  Client client = site.Connect();

  client.Send("GET / HTTP/1.0\r\n\r\n");

  EXPECT_TRUE(client.raw().ReadToEnd(Background()).Err().Is(std::errc::connection_reset));
}

TEST(SendFileFailures, AreNotTheSocketsWhenTheFileIsToBlame) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  for (const int fd : {-1, ends[0]}) {
    Virtually([&](const Context& ctx) {
      Error err;
      Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        if (r.Path() == "/typed") w.Header().Set("Content-Type", "text/plain");
        err = w.SendFile(fd, 0, 100'000);
        return err;
      });
      for (const char* path : {"/typed", "/untyped"}) {
        Client client = site.Connect();
        client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: h\r\n\r\n");
        EXPECT_TRUE(client.raw().ReadResponse(ctx).Err());
        EXPECT_TRUE(err.Is(fd < 0 ? std::errc::bad_file_descriptor : std::errc::invalid_seek)) << err.Message();
      }
    });
  }
  close(ends[0]);
  close(ends[1]);
}

TEST(SendFileFailures, LetTheResponsesBeforeThemArrive) {
  Virtually([](const Context& ctx) {
    TempFile file(Pattern(10'000));
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() != "/") return w.Write(r.Target());
      return w.SendFile(file.fd(), 10'000, 100'000);
    });
    Client client = site.Connect();
    client.Send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n" + std::string(kGet));
    EXPECT_EQ(client.ReadResponse().body, "/1");
    EXPECT_EQ(client.ReadResponse().body, "/2");
    EXPECT_TRUE(client.raw().ReadResponse(ctx).Err());
  });
}

}  // namespace
}  // namespace weft
