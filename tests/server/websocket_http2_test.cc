// SPDX-License-Identifier: Apache-2.0
//
// WebSockets that are streams of HTTP/2 (RFC 8441): how they open and end, and what they share. The tests of websocket_test.cc and its kin run over
// HTTP/2 as well (server.WebSocketOverHttp2).
#include <optional>

#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>

#include "websocket_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

ServerOptions WithExtendedConnect(ServerOptions options = {}) {
  options = Http2Options(std::move(options));
  options.http2_extended_connect = true;
  return options;
}

// Opens them on one connection.
class Streams {
 public:
  Streams(const Context& ctx, const Site& site) : ctx_(ctx), connection_(std::make_shared<RawHttp2>(ctx, site)) {}

  std::unique_ptr<Http2WebSocketWire> Wire(std::vector<Fields::Field> more = {}, std::string_view target = "/ws") {
    const std::uint32_t stream = std::exchange(next_, next_ + 2);
    return std::make_unique<Http2WebSocketWire>(ctx_, connection_, stream, target, std::move(more));
  }
  WsClient Open() { return WsClient(Wire()); }
  RawHttp2& connection() { return *connection_; }

 private:
  const Context ctx_;
  const std::shared_ptr<RawHttp2> connection_;
  std::uint32_t next_ = 1;
};

TEST(WebSocketHttp2, OpensByAnExtendedConnect) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::string chosen;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Set-Cookie", "seen=1");
      Result<WebSocket> socket = AcceptWebSocket(w, r, {.protocols = {"chat.v2", "chat.v1"}});
      if (Error err = socket.Err()) return err;
      chosen = socket->Protocol();
      return socket->Receive(r.Ctx()).Err();
    }, WithExtendedConnect());
    Streams streams(ctx, site);
    const auto settings = streams.connection().Until(h2::frame_type::kSettings);
    ASSERT_TRUE(settings.has_value());
    EXPECT_NE(settings->payload.find(std::string("\x00\x08\x00\x00\x00\x01", 6)), std::string::npos);  // ENABLE_CONNECT_PROTOCOL
    const auto wire = streams.Wire({{"sec-websocket-protocol", "mqtt, chat.v1"}, {"sec-websocket-extensions", "permessage-deflate"}});
    EXPECT_EQ(wire->Status(), 200);
    EXPECT_EQ(wire->Header("sec-websocket-protocol"), "chat.v1");
    EXPECT_EQ(wire->Header("set-cookie"), "seen=1");
    for (const std::string_view none : {"sec-websocket-accept", "sec-websocket-extensions", "upgrade", "connection", "content-length", "content-type"}) {
      EXPECT_EQ(wire->Header(none), "") << none;
    }
    EXPECT_EQ(chosen, "chat.v1");
  });
}

TEST(WebSocketHttp2, RejectsWhatIsNoHandshake) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket(), WithExtendedConnect());
    Streams streams(ctx, site);
    for (const std::string_view other : {"8", "14", "13, 8", ""}) {
      const auto wire = streams.Wire({{"sec-websocket-version", other}});
      EXPECT_EQ(wire->Status(), 400) << other;
      EXPECT_EQ(wire->Header("sec-websocket-version"), "13");
    }
    // Another protocol than this handler's.
    RawHttp2 client(ctx, site);
    client.Send(h2::Headers(1, {{":method", "CONNECT"}, {":protocol", "chat"}, {":scheme", "http"}, {":path", "/ws"}, {":authority", "h.test"}}, false));
    EXPECT_EQ(client.Await(1).status, 426);
  });
}

// Every 2xx would open the WebSocket (RFC 8441 section 5), with a page for its frames.
TEST(WebSocketHttp2, APageIsNoWebSocket) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/flushed") {
        if (Error err = w.Write("a page")) return err;
        return w.Flush();
      }
      return r.Path() == "/none" ? HttpError(404) : w.Write("a page");
    }, WithExtendedConnect());
    Streams streams(ctx, site);
    EXPECT_EQ(streams.Wire({}, "/page")->Status(), 501);
    EXPECT_EQ(streams.Wire({}, "/none")->Status(), 404);
    EXPECT_EQ(site.Count("failed"), 0);
    EXPECT_EQ(streams.Wire({}, "/flushed")->Status(), 501);
  });
}

TEST(WebSocketHttp2, PagesOfOtherOriginsAreRejected) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site same(ctx, EchoWebSocket(), WithExtendedConnect());
    Site listed(ctx, EchoWebSocket(nullptr, nullptr, {.origins = {"https://app.test"}}), WithExtendedConnect());
    Streams to_same(ctx, same), to_listed(ctx, listed);
    const struct {
      std::string_view origin;
      int same, listed;
    } cases[] = {{"https://h.test", 200, 403}, {"http://h.test", 200, 403}, {"https://app.test", 403, 200}, {"https://h.test:8443", 403, 403}, {"null", 403, 403}};
    for (const auto& one : cases) {
      EXPECT_EQ(to_same.Wire({{"origin", one.origin}})->Status(), one.same) << one.origin;
      EXPECT_EQ(to_listed.Wire({{"origin", one.origin}})->Status(), one.listed) << one.origin;
    }
  });
}

TEST(WebSocketHttp2, TooManyLongLivedRequestsAre503) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket(), WithExtendedConnect({.long_lived_max = 1}));
    Streams streams(ctx, site);
    WsClient first = streams.Open();
    EXPECT_EQ(streams.Wire()->Status(), 503);
    first.Send(Text("goes on"));
    EXPECT_EQ(first.Message(), "goes on");
  });
}

TEST(WebSocketHttp2, ManyShareAConnectionWithRequests) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error { return r.Path() == "/ws" ? EchoWebSocket()(w, r) : w.Write("plain"); },
              WithExtendedConnect());
    Streams streams(ctx, site);
    std::vector<WsClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(streams.Open());
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 20; ++i) {
        clients[i].Send(Text(std::to_string(i)));
        EXPECT_EQ(clients[i].Message(), std::to_string(i));
      }
    }
    streams.connection().Send(GetOf(101, "/x"));
    EXPECT_EQ(streams.connection().Await(101).body, "plain");
  });
}

// RFC 8441 section 5: what END_STREAM says here, the end of the connection says over HTTP/1.1. It follows the close frame.
TEST(WebSocketHttp2, TheCloseHandshakeEndsTheStream) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Error outcome;
    Site site(ctx, EchoWebSocket(&outcome), WithExtendedConnect());
    Streams streams(ctx, site);
    RawHttp2& connection = streams.connection();
    static_cast<void>(streams.Wire());
    connection.Send(h2::Data(1, CloseWith(1000)));
    const auto close = connection.Until(h2::frame_type::kData, 1);
    ASSERT_TRUE(close.has_value());
    EXPECT_EQ(close->payload, std::string("\x88\x02\x03\xe8", 4));
    const TimePoint begin = Now();
    const auto end = connection.Until(h2::frame_type::kData, 1);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(end->header.flags, h2::frame_flag::kEndStream);
    EXPECT_EQ(end->payload, "");
    EXPECT_EQ(Now() - begin, 0s);
    EXPECT_TRUE(outcome.Is(kClosed)) << outcome.Message();

    // A client that never ends its side is reset without an error, once nobody waits for it any more.
    const auto reset = connection.Until(h2::frame_type::kReset, 1);
    ASSERT_TRUE(reset.has_value());
    EXPECT_EQ(reset->Number(), 0u);
    EXPECT_EQ(site.Count("failed") + site.Count("aborted") + site.Count("timeout"), 0);
  });
}

TEST(WebSocketHttp2, AResetIsAnAbort) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::optional<Error> received, cause;
    WebSocketClose status;
    Event ended;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/echo") return EchoWebSocket()(w, r);
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      received = socket->Receive(r.Ctx()).Err();
      cause = r.Ctx().Cause();
      status = socket->CloseStatus();
      EXPECT_TRUE(socket->Send(WithoutCancel(r.Ctx()), "to nobody"));
      ended.Set();
      return *received;
    }, WithExtendedConnect());
    Streams streams(ctx, site);
    static_cast<void>(streams.Wire());
    WsClient other(streams.Wire({}, "/echo"));
    streams.connection().Send(h2::Data(1, Text("half").substr(0, 5)) + ResetOf(1));
    ASSERT_FALSE(ended.Wait(ctx));
    EXPECT_TRUE(received->Is(kClientGone)) << received->Message();
    EXPECT_EQ(status.code, 1006);
    EXPECT_TRUE(cause->Is(kClientGone)) << cause->Message();
    other.Send(Text("goes on"));
    EXPECT_EQ(other.Message(), "goes on");
  });
}

// Nobody receives when it comes; or what is sent meanwhile finds it out.
TEST(WebSocketHttp2, AResetIsOneWhateverTheHandlerDoes) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    struct Seen {
      Error first, later;
      WebSocketClose status;
      Event done;
    } asleep, sending;
    const Chan<std::string> out(1);
    EXPECT_TRUE(out.TrySend(std::string(500'000, 'x')));
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const bool sleeps = r.Path() == "/sleep";
      Seen& seen = sleeps ? asleep : sending;
      if (sleeps) {
        EXPECT_TRUE(Sleep(r.Ctx(), 1h));
        seen.first = socket->Receive(r.Ctx()).Err();
      } else {
        seen.first = socket->Converse(r.Ctx(), out, [](std::string text) { return text; }, [](const WebSocketMessage&) {});
      }
      seen.later = socket->Receive(WithoutCancel(r.Ctx())).Err();
      seen.status = socket->CloseStatus();
      seen.done.Set();
      return seen.first;
    }, WithExtendedConnect());
    Streams streams(ctx, site);
    static_cast<void>(streams.Wire({}, "/sleep"));
    static_cast<void>(streams.Wire({}, "/send"));
    (void)Sleep(ctx, 1s);
    streams.connection().Send(ResetOf(1) + ResetOf(3));
    for (Seen* seen : {&asleep, &sending}) {
      ASSERT_FALSE(seen->done.Wait(ctx));
      EXPECT_TRUE(seen->first.Is(kClientGone)) << seen->first.Message();
      EXPECT_FALSE(seen->first.Is(kCanceled)) << seen->first.Message();
      EXPECT_TRUE(seen->later.Is(kClientGone)) << seen->later.Message();
      EXPECT_EQ(seen->status.code, 1006);
    }
  });
}

// As HijackedStream.CloseWakesWhoReadsAndWhoWrites, over HTTP/1.1.
TEST(WebSocketHttp2, CloseOfItsStreamWakesWhoReadsAndWhoWrites) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::optional<Error> read, write;
    Event done;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      w.Header().Set("Upgrade", "websocket");
      w.WriteHeader(101);
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return err;
      Group group(r.Ctx());
      group.Go([&](const Context&) {
        char piece[8];
        read = stream->Read(piece).Err();
      });
      group.Go([&](const Context&) { write = stream->Write(Pattern(5'000'000)); });
      group.Go([&](const Context& c) {
        (void)Sleep(c, 1s);
        stream->Close();
        stream->Close();
      });
      static_cast<void>(group.Wait());
      done.Set();
      return {};
    }, WithExtendedConnect());
    Streams streams(ctx, site);
    const TimePoint begin = Now();
    EXPECT_EQ(streams.Wire()->Status(), 200);
    const auto reset = streams.connection().Until(h2::frame_type::kReset, 1);
    ASSERT_TRUE(reset.has_value());
    EXPECT_EQ(reset->Number(), 8u);  // CANCEL
    ASSERT_FALSE(done.Wait(ctx));
    EXPECT_EQ(Now() - begin, 1s);
    EXPECT_TRUE(read && read->Is(kClosed));
    EXPECT_TRUE(write && write->Is(kClosed));
    EXPECT_EQ(site.Count("aborted"), 0);
  });
}

TEST(WebSocketHttp2, TheEndOfTheStreamWithoutACloseFrameIsNoGoodbye) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Error outcome;
    WebSocketClose status;
    Site site(ctx, EchoWebSocket(&outcome, &status), WithExtendedConnect());
    Streams streams(ctx, site);
    static_cast<void>(streams.Wire());
    streams.connection().Send(h2::Data(1, Text("whole") + Text("half").substr(0, 5), /*end=*/true));
    const RawHttp2::Response response = streams.connection().Await(1);
    EXPECT_EQ(response.body.substr(0, 7), "\x81\x05whole");
    EXPECT_TRUE(response.ended);
    EXPECT_TRUE(outcome.Is(kClientGone)) << outcome.Message();
    EXPECT_EQ(status.code, 1006);
  });
}

TEST(WebSocketHttp2, ADrainSays1001AndEndsEachStreamBeforeTheConnection) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Site site(ctx, EchoWebSocket(), WithExtendedConnect());
    Streams streams(ctx, site);
    RawHttp2& connection = streams.connection();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(streams.Wire()->Status(), 200);
    const TimePoint begin = Now();
    site.server().BeginDrain();
    for (int i = 0; i < 2; ++i) EXPECT_EQ(connection.Until(h2::frame_type::kData)->payload, std::string("\x88\x02\x03\xe9", 4));
    for (const std::uint32_t stream : {1u, 3u}) connection.Send(h2::Data(stream, CloseWith(1001)));
    std::vector<std::string> words;
    while (const std::optional<h2::SeenFrame> frame = connection.Next()) {
      const std::string text = RawHttp2::Describe(*frame);
      if (text == "PING") connection.Pong(*frame);
      if (text.starts_with("DATA")) {
        EXPECT_EQ(frame->header.flags, h2::frame_flag::kEndStream);
        connection.Send(h2::Data(frame->header.stream, {}, /*end=*/true));
      }
      if (text.starts_with("DATA") || text.starts_with("GOAWAY") || text.starts_with("RST_STREAM")) words.push_back(text);
    }
    EXPECT_THAT(words, ::testing::ElementsAre("DATA 1", "DATA 3", "GOAWAY 2147483647 0", "GOAWAY 3 0"));
    EXPECT_LT(Now() - begin, 2s);
    EXPECT_FALSE(site.server().Join());
    EXPECT_EQ(site.Count("failed") + site.Count("aborted"), 0);
  });
}

// The window of a stream bounds its Send, and nobody else's.
TEST(WebSocketHttp2, ASendWaitsForTheWindowOfItsStreamAlone) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    std::optional<Error> sent;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/echo") return EchoWebSocket()(w, r);
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      sent = socket->Send(r.Ctx(), std::string(50'000, 'x'));
      return *sent ? *sent : socket->Close(1000);
    }, WithExtendedConnect());
    auto connection = std::make_shared<RawHttp2>(ctx, site, h2::Settings({{4, 10'000}}));  // SETTINGS_INITIAL_WINDOW_SIZE
    WsClient other(std::make_unique<Http2WebSocketWire>(ctx, connection, 1, "/echo"));
    Http2WebSocketWire small(ctx, connection, 3, "/large");
    std::size_t got = 0;
    const auto read = [&](std::size_t until) {
      while (got < until) {
        const auto frame = connection->Until(h2::frame_type::kData, 3);
        ASSERT_TRUE(frame.has_value());
        got += frame->payload.size();
      }
    };
    read(10'000);
    EXPECT_EQ(got, 10'000u);
    (void)Sleep(ctx, 20s);
    EXPECT_FALSE(sent.has_value());
    other.Send(Text("meanwhile"));
    EXPECT_EQ(other.Message(), "meanwhile");
    connection->Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, 3, 100'000));
    read(50'004);
    EXPECT_EQ(got, 50'004u);  // the head of the frame has 4 bytes
    EXPECT_EQ(connection->Until(h2::frame_type::kData, 3)->payload, std::string("\x88\x02\x03\xe8", 4));
    ASSERT_TRUE(sent.has_value());
    EXPECT_FALSE(*sent) << sent->Message();
  });
}

// What nobody receives stays below the window of its stream: no more is let in.
TEST(WebSocketHttp2, AClientMaySendNoMoreThanIsReceived) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    Event go;
    std::size_t received = 0;
    ServerOptions options = WithExtendedConnect();
    options.stream_window_bytes = 64 * 1024;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      if (Error err = go.Wait(r.Ctx())) return err;
      for (;;) {
        const Result<WebSocketMessage> message = socket->Receive(r.Ctx());
        if (message.Err().Is(kClosed)) return {};
        if (Error err = message.Err()) return err;
        received += message->data.size();
      }
    }, options);
    Streams streams(ctx, site);
    static_cast<void>(streams.Wire());
    std::string bytes;
    while (bytes.size() < 65535) bytes += FrameOf({.opcode = kBinary, .payload = Pattern(1000)});
    const std::string rest = bytes.substr(65535);
    for (std::size_t at = 0; at < 65535; at += 13107) streams.connection().Send(h2::Data(1, bytes.substr(at, 13107)));
    while (!streams.connection().SilentFor(5s)) {
      const auto frame = streams.connection().Next();
      ASSERT_TRUE(frame.has_value());
      EXPECT_NE(RawHttp2::Describe(*frame), "WINDOW_UPDATE 1") << "nobody has received anything";
    }
    go.Set();
    ASSERT_TRUE(streams.connection().Until(h2::frame_type::kWindowUpdate, 1).has_value());
    streams.connection().Send(h2::Data(1, rest + CloseWith(1000)));
    EXPECT_EQ(streams.connection().Until(h2::frame_type::kData, 1)->payload, std::string("\x88\x02\x03\xe8", 4));
    EXPECT_EQ(received % 1000, 0u);
    EXPECT_GE(received, 65'000u);
  });
}

TEST(WebSocketHttp2, ABrokenConnectionEndsAllOfThem) {
  NEEDS_HTTP2();
  Virtually([](const Context& ctx) {
    int gone = 0;
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      const Error err = socket->Receive(r.Ctx()).Err();
      gone += r.Ctx().Cause().Is(kClientGone) ? 1 : 0;
      return err;
    }, WithExtendedConnect());
    {
      Streams streams(ctx, site);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(streams.Wire()->Status(), 200);
    }
    (void)Sleep(ctx, 1ms);
    EXPECT_EQ(gone, 3);
  });
}

}  // namespace
}  // namespace weft
