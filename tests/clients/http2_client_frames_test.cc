// SPDX-License-Identifier: Apache-2.0
//
// The client over HTTP/2, with a server of which the test writes every frame. Titles name the section of RFC 9113.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "../kit/run.h"
#include "http_kit.h"
#include "raw_http2_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;

// RFC 9113 section 7.
constexpr std::uint32_t kNoError = 0, kInternalError = 2, kRefusedStream = 7, kCancel = 8;

std::string GoAway(std::uint32_t last, std::uint32_t code = 0) {
  std::string payload;
  for (const std::uint32_t number : {last, code}) {
    for (int shift = 24; shift >= 0; shift -= 8) payload += static_cast<char>(number >> shift & 0xFF);
  }
  return h2::Frame(h2::frame_type::kGoAway, 0, 0, payload);
}
std::string ResetOf(std::uint32_t stream, std::uint32_t code) { return h2::NumberFrame(h2::frame_type::kReset, stream, code); }
std::string Whole(std::uint32_t stream, std::string_view body = "text") { return ResponseOf(stream, "200") + h2::Data(stream, body, true); }

// One connection on which every request gets the same frames.
RawHttp2Server::Serve Sends(std::function<std::string(std::uint32_t)> frames, bool close = false) {
  return [=](Http2Peer& peer, TcpConnection& connection, int) {
    if (!peer.Begin()) return;
    while (const std::uint32_t stream = peer.Request()) {
      peer.Send(frames(stream));
      if (!close) continue;
      static_cast<void>(connection.stream.CloseWrite());
      return peer.Rest();
    }
  };
}

// Frames of a response that is none, and what the client makes of it.
struct BadResponse {
  const char* section;
  std::function<std::string(std::uint32_t)> frames;
  ClientFailure::Kind kind;
};

TEST(Http2ClientFrames, RejectsMalformedResponses) {
  const std::vector<BadResponse> table{
      {"8.1.1: less than Content-Length", [](std::uint32_t s) { return ResponseOf(s, "200", {{"content-length", "5"}}) + h2::Data(s, "text", true); }, ClientFailure::kMalformed},
      {"8.1.1: more than Content-Length", [](std::uint32_t s) { return ResponseOf(s, "200", {{"content-length", "3"}}) + h2::Data(s, "text", true); }, ClientFailure::kMalformed},
      {"8.1.1: Content-Length and no body", [](std::uint32_t s) { return ResponseOf(s, "200", {{"content-length", "3"}}, true); }, ClientFailure::kMalformed},
      {"8.2.1: upper case", [](std::uint32_t s) { return ResponseOf(s, "200", {{"X-Upper", "1"}}, true); }, ClientFailure::kMalformed},
      {"8.2.1: a line feed", [](std::uint32_t s) { return ResponseOf(s, "200", {{"x", "a\nb"}}, true); }, ClientFailure::kMalformed},
      {"8.2.2: connection", [](std::uint32_t s) { return ResponseOf(s, "200", {{"connection", "close"}}, true); }, ClientFailure::kMalformed},
      {"8.2.2: transfer-encoding", [](std::uint32_t s) { return ResponseOf(s, "200", {{"transfer-encoding", "chunked"}}, true); }, ClientFailure::kMalformed},
      {"8.2.2: upgrade", [](std::uint32_t s) { return ResponseOf(s, "200", {{"upgrade", "x"}}, true); }, ClientFailure::kMalformed},
      {"8.3: after a field", [](std::uint32_t s) { return h2::Headers(s, {{"x", "1"}, {":status", "200"}}); }, ClientFailure::kMalformed},
      {"8.3: of a request", [](std::uint32_t s) { return ResponseOf(s, "200", {{":path", "/"}}, true); }, ClientFailure::kMalformed},
      {"8.3.2: no status", [](std::uint32_t s) { return h2::Headers(s, {{"x", "1"}}); }, ClientFailure::kMalformed},
      {"8.3.2: two", [](std::uint32_t s) { return ResponseOf(s, "200", {{":status", "200"}}, true); }, ClientFailure::kMalformed},
      {"8.3.2: no number", [](std::uint32_t s) { return ResponseOf(s, "2x0", {}, true); }, ClientFailure::kMalformed},
      {"8.3.2: below 100", [](std::uint32_t s) { return ResponseOf(s, "099", {}, true); }, ClientFailure::kMalformed},
      {"8.6: 101", [](std::uint32_t s) { return ResponseOf(s, "101", {}, true); }, ClientFailure::kMalformed},
      {"8.1: an interim response ends the stream", [](std::uint32_t s) { return ResponseOf(s, "103", {}, true); }, ClientFailure::kMalformed},
      {"8.1: a body of 204", [](std::uint32_t s) { return ResponseOf(s, "204") + h2::Data(s, "text", true); }, ClientFailure::kMalformed},
      {"8.1: trailers that do not end the stream", [](std::uint32_t s) { return ResponseOf(s, "200") + h2::Data(s, "text") + h2::Headers(s, {{"x", "1"}}, false); }, ClientFailure::kMalformed},
      {"8.1: data before the head", [](std::uint32_t s) { return h2::Data(s, "text", true); }, ClientFailure::kMalformed},
      {"5.4.2: reset", [](std::uint32_t s) { return ResetOf(s, kInternalError); }, ClientFailure::kReset},
      {"5.4.2: reset with NO_ERROR before the head", [](std::uint32_t s) { return ResetOf(s, kNoError); }, ClientFailure::kReset},
      {"5.4.2: reset with NO_ERROR in the body", [](std::uint32_t s) { return ResponseOf(s, "200") + h2::Data(s, "te") + ResetOf(s, kNoError); }, ClientFailure::kReset},
      {"5.4.2: reset with CANCEL in the body", [](std::uint32_t s) { return ResponseOf(s, "200") + h2::Data(s, "te") + ResetOf(s, kCancel); }, ClientFailure::kReset},
      {"8.4: a push", [](std::uint32_t s) { return h2::Frame(h2::frame_type::kPushPromise, h2::frame_flag::kEndHeaders, s, std::string("\0\0\0\2", 4) + h2::Block(h2::GetFields())); }, ClientFailure::kMalformed},
      {"5.1: data on an idle stream", [](std::uint32_t s) { return h2::Data(s + 2, "text"); }, ClientFailure::kMalformed},
      {"4.2: a frame that is too large", [](std::uint32_t s) { return ResponseOf(s, "200") + h2::Data(s, std::string(20'000, 'x'), true); }, ClientFailure::kMalformed},
      {"4.3: no HPACK", [](std::uint32_t s) { return h2::Frame(h2::frame_type::kHeaders, h2::frame_flag::kEndHeaders, s, "\xFF\xFF\xFF\xFF\xFF"); }, ClientFailure::kMalformed},
      {"6.9: a window of nothing", [](std::uint32_t) { return h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, 0); }, ClientFailure::kMalformed},
  };
  OnLoops(1, [&table](const Context& ctx) {
    for (const BadResponse& bad : table) {
      SCOPED_TRACE(bad.section);
      RawHttp2Server server(ctx, Sends(bad.frames));
      HttpClient client(server.Options());
      ExpectFailure(GetAll(ctx, client, server.Url()).Err(), bad.kind, true);
    }
  });
}

TEST(Http2ClientFrames, Section8_1_TheHeadOfAResponseIsLimited) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, Sends([](std::uint32_t s) { return ResponseOf(s, "200", {{"x", std::string(10'000, 'x')}}, true); }));
    HttpClientOptions options = server.Options();
    options.head_bytes_max = 8'000;
    HttpClient client(options);
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kTooLarge, true);
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kTooLarge, true);
    EXPECT_EQ(server.Connections(), 1);
  });
}

TEST(Http2ClientFrames, Section8_1_InterimResponsesAreReported) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, Sends([](std::uint32_t s) { return ResponseOf(s, "100") + ResponseOf(s, "103", {{"link", "</a>"}}) + Whole(s); }));
    HttpClient client(server.Options());
    std::string seen;
    ClientRequest request("GET", server.Url());
    request.OnInterim([&](int status, const Fields& fields) { seen += std::to_string(status) + std::string(fields.Get("Link")); });
    EXPECT_EQ(*client.Do(ctx, request)->ReadAll(ctx), "text");
    EXPECT_EQ(seen, "103</a>");
  });
}

// The response is whole, and the reset says only that the rest of the request is not wanted.
TEST(Http2ClientFrames, Section8_1_AnEarlyResponseAndAReset) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, Sends([](std::uint32_t s) { return ResponseOf(s, "413") + h2::Data(s, "no", true) + ResetOf(s, kNoError); }));
    HttpClient client(server.Options());
    for (int i = 0; i < 3; ++i) {
      Result<ClientResponse> response = client.Post(ctx, server.Url(), "text/plain", std::string(8'000'000, 'x'));
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Status(), 413);
      EXPECT_EQ(*response->ReadAll(ctx), "no");
    }
    EXPECT_EQ(server.Connections(), 1);
  });
}

// The server says neither that it wants no more, nor does it open a window for more. The client ends the stream as soon as the response has
// ended, even if nobody has read it yet; and likewise one whose body it has not begun to send.
TEST(Http2ClientFrames, Section8_1_TheRestOfARequestIsCanceledOnceTheResponseHasEnded) {
  for (const char* how : {"whole", "in pieces", "asked before"}) {
    SCOPED_TRACE(how);
    OnLoops(1, [how = std::string_view(how)](const Context& ctx) {
      Event canceled;
      RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
        if (!peer.Begin()) return;
        const std::uint32_t stream = peer.Request();
        peer.Send(ResponseOf(stream, "413") + h2::Data(stream, "no", true));
        const std::optional<h2::SeenFrame> reset = peer.Until(h2::frame_type::kReset);
        if (reset && reset->header.stream == stream && reset->Number() == kCancel) canceled.Set();
        peer.Rest();
      });
      HttpClient client(server.Options());
      ClientRequest request("POST", server.Url());
      PiecesBody pieces(std::vector<std::string>(100, std::string(100'000, 'x')));
      request.SetBody(std::string(8'000'000, 'x'));
      if (how == "in pieces") request.SetBody(pieces);
      if (how == "asked before") request.ExpectContinue(1h);
      Result<ClientResponse> response = client.Do(ctx, request);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(response->Status(), 413);
      const CancelScope limit = WithTimeout(ctx, 5s);
      EXPECT_FALSE(canceled.Wait(limit.ctx)) << "the client has sent no RST_STREAM(CANCEL)";
      EXPECT_EQ(*response->ReadAll(ctx), "no");
      EXPECT_EQ(client.Stats().idle, 1u);
    });
  }
}

// Of every prefix of a response the client says that it is none.
TEST(Http2ClientFrames, Section8_1_CutAtEveryByte) {
  OnLoops(1, [](const Context& ctx) {
    const std::string frames = ResponseOf(1, "200", {{"x", "1"}}) + h2::Data(1, "te") + h2::Data(1, "xt") + h2::Headers(1, {{"sum", "4"}});
    for (std::size_t cut = 0; cut <= frames.size(); ++cut) {
      RawHttp2Server server(ctx, Sends([&](std::uint32_t) { return frames.substr(0, cut); }, /*close=*/true));
      HttpClient client(server.Options());
      const Result<std::string> all = GetAll(ctx, client, server.Url());
      if (cut == frames.size()) {
        EXPECT_EQ(*all, "text");
        continue;
      }
      const ClientFailure* failure = all.Err().As<ClientFailure>();
      ASSERT_NE(failure, nullptr) << cut;
      EXPECT_TRUE(failure->kind == ClientFailure::kEnded || failure->kind == ClientFailure::kReset) << cut << all.Err().Message();
      EXPECT_TRUE(failure->processed);
    }
  });
}

TEST(Http2ClientFrames, Section8_7_ARefusedStreamWasNotProcessed) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, Sends([](std::uint32_t s) { return ResetOf(s, kRefusedStream); }));
    HttpClient client(server.Options());
    ExpectFailure(client.Post(ctx, server.Url(), "text/plain", "text").Err(), ClientFailure::kReset, false);
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kReset, false);
    EXPECT_EQ(server.Connections(), 1);
  });
}

// Streams above the last one that GOAWAY names go elsewhere, also such as may not be repeated; others are finished.
TEST(Http2ClientFrames, Section6_8_GoAway) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, [](Http2Peer& peer, TcpConnection&, int connection) {
      if (!peer.Begin()) return;
      if (connection > 0) {
        while (const std::uint32_t stream = peer.Request()) peer.Send(Whole(stream, "second"));
        return;
      }
      EXPECT_EQ(peer.Request(), 1u);
      EXPECT_EQ(peer.Request(), 3u);
      peer.Send(GoAway(1) + Whole(1, "first"));
      peer.Rest();
    });
    HttpClient client(server.Options());
    Group group(ctx);
    std::string all[2];
    for (std::string& each : all) {
      group.Go("request", [&](const Context& c) -> Error {
        Result<ClientResponse> response = client.Post(c, server.Url(), "text/plain", "text");
        if (Error err = response.Err()) return err;
        each = *response->ReadAll(c);
        return {};
      });
    }
    const Error err = group.Wait();
    EXPECT_FALSE(err) << err.Message();
    EXPECT_EQ(all[0], "first");
    EXPECT_EQ(all[1], "second");
    EXPECT_EQ(server.Connections(), 2);
  });
}

// A request whose head waits for room in the socket was not sent.
TEST(Http2ClientFrames, Section6_8_GoAwayWhileAHeadWaits) {
  OnLoops(1, [](const Context& ctx) {
    Event stuck;
    Event asked;
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int connection) {
      constexpr std::uint32_t kMost = 0x7FFFFFFF;
      if (!peer.Begin(h2::Settings({{4, kMost}}))) return;
      std::uint32_t stream = peer.Request();
      if (connection == 0) {
        peer.Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, kMost - 65535));
        stuck.Set();
        if (asked.Wait(ctx)) return;
        peer.Send(GoAway(stream) + Whole(stream, "first"));
        return peer.Rest();
      }
      for (; stream != 0; stream = peer.Request()) peer.Send(Whole(stream, "second"));
    });
    HttpClient client(server.Options());
    const std::string large(64'000'000, 'x');
    Group group(ctx);
    group.Go("upload", [&](const Context& c) {
      Result<ClientResponse> response = client.Post(c, server.Url(), "text/plain", large);
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      EXPECT_EQ(*response->ReadAll(c), "first");
    });
    ASSERT_FALSE(stuck.Wait(ctx));
    group.Go("waits", [&](const Context& c) {
      for (int i = 0; i < 1000; ++i) Yield();  // the socket is full by now; if it is not, the outcome is the same
      asked.Set();
      const Result<std::string> all = GetAll(c, client, server.Url());
      ASSERT_TRUE(all.Ok()) << all.Err().Message();
      EXPECT_EQ(*all, "second");
    });
    EXPECT_FALSE(group.Wait());
    EXPECT_EQ(server.Connections(), 2);
  });
}

TEST(Http2ClientFrames, Section6_8_GoAwayWhileIdle) {
  OnLoops(1, [](const Context& ctx) {
    Event gone;
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin()) return;
      peer.Send(Whole(peer.Request()));
      peer.Send(GoAway(0x7FFFFFFF));
      peer.Rest();
      gone.Set();
    });
    HttpClient client(server.Options());
    for (int i = 1; i <= 3; ++i) {
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
      ASSERT_FALSE(gone.Wait(ctx));
      EXPECT_EQ(server.Connections(), i);
    }
  });
}

// A PING that comes while no request is under way, or nobody reads, gets its reply all the same.
TEST(Http2ClientFrames, Section6_7_PingsGetAReply) {
  OnLoops(1, [](const Context& ctx) {
    Event replied[2];
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin()) return;
      for (Event& each : replied) {
        const std::uint32_t stream = peer.Request();
        peer.Send(ResponseOf(stream, "200") + h2::Data(stream, "te", &each == &replied[1]) + h2::Frame(h2::frame_type::kPing, 0, 0, "12345678"));
        const std::optional<h2::SeenFrame> pong = peer.Until(h2::frame_type::kPing);
        EXPECT_TRUE(pong && pong->payload == "12345678");
        each.Set();
      }
      peer.Rest();
    });
    HttpClient client(server.Options());
    {
      Result<ClientResponse> response = client.Get(ctx, server.Url());
      ASSERT_TRUE(response.Ok()) << response.Err().Message();
      ASSERT_FALSE(replied[0].Wait(ctx));
    }
    EXPECT_EQ(*GetAll(ctx, client, server.Url()), "te");
    ASSERT_FALSE(replied[1].Wait(ctx));
  });
}

TEST(Http2ClientFrames, Section6_7_ADeadServerIsFound) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin()) return;
      static_cast<void>(peer.Request());
      peer.Rest();
    });
    HttpClientOptions options = server.Options();
    options.ping_after = 20ms;
    HttpClient client(options);
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kStalled, true);
  });
}

// One that replies is slow, not dead.
TEST(Http2ClientFrames, Section6_7_ASlowServerIsNot) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin()) return;
      const std::uint32_t stream = peer.Request();
      for (int pings = 0; pings < 5;) {
        const std::optional<h2::SeenFrame> frame = peer.Next();
        if (!frame) return;
        if (frame->header.type != h2::frame_type::kPing) continue;
        ++pings;
        peer.Send(h2::Frame(h2::frame_type::kPing, h2::frame_flag::kAck, 0, frame->payload));
      }
      peer.Send(Whole(stream));
      peer.Rest();
    });
    HttpClientOptions options = server.Options();
    options.ping_after = 100ms;
    HttpClient client(options);
    EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
  });
}

// Who is too many for a limit that is not known yet waits for it, and goes elsewhere.
TEST(Http2ClientFrames, Section5_1_2_ALimitOfOneStream) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin(h2::Settings({{3, 1}}))) return;
      for (int i = 0; const std::uint32_t stream = peer.Request(); ++i) {
        EXPECT_EQ(stream, static_cast<std::uint32_t>(2 * i + 1));
        peer.Send(Whole(stream));
      }
    });
    HttpClient client(server.Options());
    Group group(ctx);
    for (int i = 0; i < 10; ++i) {
      group.Go("request", [&](const Context& c) { EXPECT_EQ(*GetAll(c, client, server.Url()), "text"); });
    }
    EXPECT_FALSE(group.Wait());
  });
}

// Who waits for a server that agrees to HTTP/2, and then never speaks, waits as for a connection.
TEST(Http2ClientFrames, Section3_4_SettingsThatNeverCome) {
  OnLoops(1, [](const Context& ctx) {
    Event over;
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int connection) {
      if (connection == 0) {
        EXPECT_TRUE(peer.Handshake());
        static_cast<void>(over.Wait(ctx));
        return;
      }
      if (!peer.Begin()) return;
      while (const std::uint32_t stream = peer.Request()) peer.Send(Whole(stream));
    });
    HttpClientOptions options = server.Options();
    options.connect_timeout = 300ms;
    HttpClient client(options);
    EXPECT_FALSE(client.Warm(ctx, server.Url()));
    ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kTimedOut, false);
    EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
    EXPECT_EQ(server.Connections(), 2);
    over.Set();
  });
}

// No more than the windows allow, and the rest as they open.
TEST(Http2ClientFrames, Section5_2_AnUploadWaitsForWindows) {
  OnLoops(1, [](const Context& ctx) {
    RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection&, int) {
      if (!peer.Begin(h2::Settings({{4, 10}}))) return;
      peer.Send(Whole(peer.Request()));  // after which the client knows the settings
      const std::uint32_t stream = peer.Request();
      std::size_t size = 0;
      while (std::optional<h2::SeenFrame> frame = peer.Next()) {
        if (frame->header.type != h2::frame_type::kData) continue;
        EXPECT_LE(frame->header.length, 10u);
        size += frame->header.length;
        if ((frame->header.flags & h2::frame_flag::kEndStream) != 0) break;
        peer.Send(h2::NumberFrame(h2::frame_type::kWindowUpdate, stream, frame->header.length));
      }
      EXPECT_EQ(size, 1000u);
      peer.Send(Whole(stream));
      peer.Rest();
    });
    HttpClient client(server.Options());
    EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
    Result<ClientResponse> response = client.Post(ctx, server.Url(), "text/plain", std::string(1000, 'x'));
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(*response->ReadAll(ctx), "text");
  });
}

// A reset at each state of an upload: before the head of the response, after it, after its end.
TEST(Http2ClientFrames, Section5_4_2_AResetWhileTheRequestIsSent) {
  OnLoops(1, [](const Context& ctx) {
    for (int state = 0; state < 2; ++state) {
      RawHttp2Server server(ctx, Sends([state](std::uint32_t s) { return (state > 0 ? ResponseOf(s, "200") : std::string()) + ResetOf(s, kCancel); }));
      HttpClient client(server.Options());
      ClientRequest request("POST", server.Url());
      std::vector<std::string> many(100, std::string(16'000, 'x'));
      PiecesBody pieces(many);
      request.SetBody(pieces);
      Result<ClientResponse> response = client.Do(ctx, request);
      if (state == 0) {
        ExpectFailure(response.Err(), ClientFailure::kReset, true);
      } else if (response.Ok()) {
        ExpectFailure(response->ReadAll(ctx).Err(), ClientFailure::kReset, true);
      }
      EXPECT_EQ(server.Connections(), 1);
    }
  });
}

// RFC 9113 section 10.5.
TEST(Http2ClientFrames, Section10_5_FloodsEndTheConnection) {
  OnLoops(1, [](const Context& ctx) {
    const std::vector<std::string> floods{h2::Frame(h2::frame_type::kPing, 0, 0, "12345678"), h2::Settings(), h2::Frame(0x77, 0, 0)};
    for (const std::string& one : floods) {
      std::string many;
      for (int i = 0; i < 2000; ++i) many += one;
      RawHttp2Server server(ctx, Sends([&](std::uint32_t) { return many; }));
      HttpClient client(server.Options());
      ExpectFailure(client.Get(ctx, server.Url()).Err(), ClientFailure::kMalformed, true);
    }
  });
}

// What may not be sent twice is not, also on a connection that has served before; what may be is sent anew, once.
TEST(Http2ClientFrames, Section8_7_AKeptConnectionThatEnds) {
  OnLoops(1, [](const Context& ctx) {
    for (const bool resets : {false, true}) {
      int requests = 0;
      RawHttp2Server server(ctx, [&](Http2Peer& peer, TcpConnection& connection, int number) {
        if (!peer.Begin()) return;
        peer.Send(Whole(peer.Request()));
        if (peer.Request() == 0) return;
        ++requests;
        if (number > 0) return peer.Send(Whole(3));
        if (resets) connection.Reset();
      });
      HttpClient client(server.Options());
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
      const Error err = client.Post(ctx, server.Url(), "text/plain", "text").Err();
      const ClientFailure* failure = err.As<ClientFailure>();
      ASSERT_NE(failure, nullptr) << err.Message();
      EXPECT_TRUE(failure->processed);
      EXPECT_EQ(requests, 1);
      EXPECT_EQ(server.Connections(), 1);
      EXPECT_EQ(*GetAll(ctx, client, server.Url()), "text");
    }
  });
}

}  // namespace
}  // namespace weft
