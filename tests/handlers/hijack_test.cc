// SPDX-License-Identifier: Apache-2.0
//
// Hijack as handlers and middleware see it, with the Recorder in place of a server.
#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>
#include <weft/handlers/middleware/recover.h>
#include <weft/handlers/routing/mux.h>
#include <weft/handlers/testing.h>

namespace weft {
namespace {

using ::testing::HasSubstr;

Error Echo(ResponseWriter& w, Request&) {
  Result<Stream> stream = w.Hijack();
  if (Error err = stream.Err()) return err;
  std::array<char, 16> piece;
  for (;;) {
    const Result<std::size_t> n = stream->Read(piece);
    if (Error err = n.Err()) return err;
    if (*n == 0) return {};
    if (Error err = stream->Write({piece.data(), *n})) return err;
  }
}

std::string AllOf(MemoryStream& stream) {
  std::string all;
  std::array<char, 64> piece;
  for (;;) {
    const Result<std::size_t> n = stream.Read(Background(), piece);
    EXPECT_TRUE(n.Ok());
    if (n.Err() || *n == 0) return all;
    all.append(piece.data(), *n);
  }
}

TEST(RecorderHijack, PlaysTheClientThatTheTestHasWritten) {
  Recorder recorder;
  MemoryStream client = recorder.ClientStream();
  ASSERT_FALSE(client.Write(Background(), "said beforehand"));
  client.CloseWrite();

  recorder.Serve(Echo, RequestBuilder());

  EXPECT_TRUE(recorder.Hijacked());
  EXPECT_TRUE(recorder.LongLived());
  EXPECT_EQ(recorder.Status(), 0);
  EXPECT_FALSE(recorder.Err());
  EXPECT_EQ(AllOf(client), "said beforehand");
}

TEST(RecorderHijack, LetsATestTalkWithTheHandler) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    Recorder recorder;
    MemoryStream client = recorder.ClientStream({.buffer_bytes = 4});
    Group group(ctx);
    group.Go("handler", [&](const Context& c) { recorder.Serve(Echo, RequestBuilder().Context(c)); });
    for (const std::string_view word : {"one", "two"}) {
      if (Error failed = client.Write(ctx, word)) return failed;
      std::array<char, 3> back;
      if (Error failed = client.Read(ctx, back).Err()) return failed;
      EXPECT_EQ(std::string_view(back.data(), 3), word);
    }
    client.Close();
    return group.Wait();
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(RecorderHijack, WithoutAStreamIsAnError) {
  Recorder recorder;
  recorder.Serve(Echo, RequestBuilder());
  EXPECT_THAT(recorder.Err().Message(), HasSubstr("ClientStream"));
  EXPECT_EQ(recorder.Status(), 500);

  const MemoryStream client = recorder.ClientStream();
  recorder.Serve([](ResponseWriter&, Request&) {}, RequestBuilder());
  EXPECT_FALSE(recorder.Hijacked());
  recorder.Serve(Echo, RequestBuilder());  // the stream was for one request
  EXPECT_FALSE(recorder.Hijacked());
}

TEST(RecorderHijack, KeepsTheHeadOfA101) {
  const auto to_echo = [](ResponseWriter& w, Request& r) {
    w.Header().Set("Upgrade", "echo");
    w.WriteHeader(101);
    return Echo(w, r);
  };
  Recorder recorder;
  MemoryStream client = recorder.ClientStream();
  client.CloseWrite();
  recorder.Serve(to_echo, RequestBuilder().Header("Connection", "keep-alive, upgrade").Header("Upgrade", "other, Echo"));

  EXPECT_EQ(recorder.Status(), 101);
  EXPECT_EQ(recorder.Header().Get("Connection"), "Upgrade");

  client = recorder.ClientStream();
  recorder.Serve(to_echo, RequestBuilder());
  EXPECT_EQ(recorder.Status(), 426);
  EXPECT_EQ(recorder.Header().Get("Upgrade"), "echo");
}

TEST(RecorderHijack, AWriteToAClientThatHasClosedIsClientGone) {
  Recorder recorder;
  MemoryStream client = recorder.ClientStream();
  client.Close();
  recorder.Serve(
      [](ResponseWriter& w, Request&) -> Error {
        Result<Stream> stream = w.Hijack();
        EXPECT_TRUE(stream->Write("x").Is(kClientGone));
        EXPECT_TRUE(stream->Write("x").Is(kClientGone));
        EXPECT_EQ(w.BytesWritten(), 0u);
        return {};
      },
      RequestBuilder());
}

TEST(RecorderHijack, ABodyIsReadFirst) {
  for (const RequestBuilder& request : {RequestBuilder("POST").Body("body"), RequestBuilder("POST").BodyInPieces({"bo", "dy"})}) {
    Recorder recorder;
    MemoryStream client = recorder.ClientStream();
    client.CloseWrite();
    recorder.Serve(
        [](ResponseWriter& w, Request& r) -> Error {
          EXPECT_THAT(w.Hijack().Err().Message(), HasSubstr("body"));
          if (Error err = r.Body().ReadAll().Err()) return err;
          return w.Hijack().Err();
        },
        request);
    EXPECT_FALSE(recorder.Err()) << recorder.Err().Message();
    EXPECT_TRUE(recorder.Hijacked());
  }
}

// What the handler has said on its stream is not followed by an answer of somebody else.
TEST(RecorderHijack, MiddlewareForFailedHandlersAddsNothing) {
  std::string reported;
  const Middleware recover = Recover([&](const Request&, const Error& error) { reported = error.Message(); });
  Recorder recorder;
  MemoryStream client = recorder.ClientStream();
  recorder.Serve(recover([](ResponseWriter& w, Request&) -> Error {
    Result<Stream> stream = w.Hijack();
    if (Error err = stream->Write("goodbye")) return err;
    throw std::runtime_error("lost");
  }), RequestBuilder());

  EXPECT_EQ(AllOf(client), "goodbye");
  EXPECT_EQ(reported, "lost");
  EXPECT_FALSE(recorder.Aborted());
}

TEST(OffersUpgrade, ListensToBothFieldsAndTheVersion) {
  struct Row {
    const char* connection;
    const char* upgrade;
    bool offered;
  };
  for (const Row& row : {Row{"upgrade", "websocket", true}, Row{"Upgrade", "WebSocket", true}, Row{"close ,\tUPGRADE", "a/1,websocket ,b", true},
                         Row{"upgrades", "websocket", false}, Row{"upgrade", "websocket/13", false}, Row{"upgrade", "", false},
                         Row{"", "websocket", false}, Row{"close", "websocket", false}, Row{"upgrade", ", ,", false}}) {
    for (const int minor : {0, 1}) {
      Recorder recorder;
      recorder.Serve(
          [&](ResponseWriter&, Request& r) {
            EXPECT_EQ(r.OffersUpgrade("websocket"), row.offered && minor == 1) << row.connection << '|' << row.upgrade;
          },
          RequestBuilder().Version(1, minor).Header("Connection", row.connection).Header("Upgrade", row.upgrade));
    }
  }
}

TEST(MuxConnect, GoesToPatternsThatNameTheMethod) {
  const auto say = [](std::string text) {
    return [text](ResponseWriter& w, Request& r) {
      w.Header().Set("X-Pattern", r.Pattern());
      return HttpError(403, text);
    };
  };
  Mux mux;
  mux.Handle("/", say("all")).Handle("b.test/", say("all of b"));
  const auto ask = [&mux](const char* target) {
    Recorder recorder;
    recorder.Serve(mux, RequestBuilder("CONNECT", target));
    return std::to_string(recorder.Status()) + ' ' + std::string(recorder.Header().Get("X-Pattern"));
  };
  EXPECT_EQ(ask("a.test:443"), "501 ");  // a pattern for all methods does not ask for tunnels

  mux.Handle("CONNECT /", say("tunnel")).Handle("CONNECT a.test/", say("tunnel to a"));
  EXPECT_EQ(ask("a.test:443"), "403 CONNECT a.test/");
  EXPECT_EQ(ask("b.test:443"), "403 CONNECT /");
  EXPECT_EQ(ask("[::1]:443"), "403 CONNECT /");
}

}  // namespace
}  // namespace weft
