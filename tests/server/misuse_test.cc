// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "server_kit.h"

namespace weft {
namespace {

// The server's own checks, in a process that may die: what breaks the contract would write into another user's response.
void InFiber(const std::function<void(const Context&)>& body, int loops = 1) {
  RunOptions run;
  run.loops = loops;
  (void)Run(Background(), run, body);
}

void ServeOnce(const Handler& handler, int loops) {
  const auto ask = [&](const Context& ctx) {
    TestServer server(ctx, handler);
    Result<TestClient> client = server.Connect(ctx);
    (void)client->Send(ctx, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)client->ReadToEnd(ctx);
  };
  InFiber(ask, loops);
}

class MisuseDeathTest : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(MisuseDeathTest, TheWriterMustNotBeUsedAfterTheHandlerHasReturned) {
  const auto use_later = [] {
    ResponseWriter* kept = nullptr;
    Event returned;
    InFiber([&](const Context& ctx) {
      TestServer server(ctx, [&](ResponseWriter& w, Request&) { kept = &w; });
      Result<TestClient> client = server.Connect(ctx);
      (void)client->Get(ctx, "/");
      (void)kept->Write("too late");
    });
  };
  EXPECT_DEATH(use_later(), "ResponseWriter::Write.*after its handler has returned");
}

// The exchange serves the next request already.
TEST_F(MisuseDeathTest, TheWriterMustNotBeUsedByTheFiberOfAnEarlierRequest) {
  const auto use_of_other = [] {
    InFiber([](const Context& ctx) {
      Event second;
      ResponseWriter* kept = nullptr;
      Group group(ctx);
      TestServer server(ctx, [&](ResponseWriter& w, Request& r) -> Error {
        kept = &w;
        if (r.Path() == "/1") return {};
        second.Set();
        return Sleep(r.Ctx(), std::chrono::seconds(5));
      });
      Result<TestClient> client = server.Connect(ctx);
      (void)client->Send(ctx, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
      (void)second.Wait(ctx);
      (void)kept->Write("into another user's answer");
    });
  };
  EXPECT_DEATH(use_of_other(), "ResponseWriter::Write.*does not belong to its request");
}

TEST_F(MisuseDeathTest, TheWriterMustNotBeUsedFromASpreadChild) {
  const auto spread = [] {
    ServeOnce([](ResponseWriter& w, Request& r) -> Error {
      Group group(r.Ctx(), {.spread = true});
      for (int i = 0; i < 2; ++i) group.Go([&](const Context&) { return w.Write("x"); });
      return group.Wait();
    }, 2);
  };
  EXPECT_DEATH(spread(), "ResponseWriter::Write.*used from another loop");
}

TEST_F(MisuseDeathTest, TheBodyMustNotBeReadAfterTheHandlerHasReturned) {
  const auto read_later = [] {
    InFiber([&](const Context& ctx) {
      Body* kept = nullptr;
      TestServer server(ctx, [&](ResponseWriter&, Request& r) { kept = &r.Body(); });
      Result<TestClient> client = server.Connect(ctx);
      (void)client->Get(ctx, "/");
      (void)kept->ReadAll();
    });
  };
  EXPECT_DEATH(read_later(), "Body::ReadAll.*after its handler has returned");
}

// Runs a handler that has taken its connection over.
void ServeHijacked(const std::function<Error(Stream&, Request&)>& then, int loops = 1) {
  InFiber([&](const Context& ctx) {
    TestServer server(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      Result<Stream> stream = w.Hijack();
      if (Error err = stream.Err()) return err;
      return then(*stream, r);
    });
    Result<TestClient> client = server.Connect(ctx);
    (void)client->Send(ctx, kGet);
    (void)client->ReadToEnd(ctx);
  }, loops);
}

TEST_F(MisuseDeathTest, AHijackedStreamMustNotBeUsedAfterTheHandlerHasReturned) {
  const auto use_later = [](const std::function<void(Stream&)>& use) {
    InFiber([&](const Context& ctx) {
      Stream kept;
      TestServer server(ctx, [&](ResponseWriter& w, Request&) -> Error {
        Result<Stream> stream = w.Hijack();
        kept = *std::move(stream);
        return {};
      });
      Result<TestClient> client = server.Connect(ctx);
      (void)client->Send(ctx, kGet);
      (void)client->ReadToEnd(ctx);
      use(kept);
    });
  };
  std::array<char, 8> piece;
  EXPECT_DEATH(use_later([&](Stream& s) { (void)s.Read(piece); }), "Stream::Read.*after its handler has returned");
  EXPECT_DEATH(use_later([](Stream& s) { (void)s.Write("x"); }), "Stream::Write.*after its handler has returned");
  EXPECT_DEATH(use_later([](Stream& s) { (void)s.CloseWrite(); }), "Stream::CloseWrite.*after its handler has returned");
  EXPECT_DEATH(use_later([](Stream& s) { s.Close(); }), "Stream::Close.*after its handler has returned");
  use_later([](Stream&) {});  // to let it go is no use
}

TEST_F(MisuseDeathTest, AHijackedStreamMustNotBeUsedFromASpreadChild) {
  const auto spread = [] {
    ServeHijacked([](Stream& stream, Request& r) -> Error {
      Group group(r.Ctx(), {.spread = true});
      for (int i = 0; i < 2; ++i) group.Go([&](const Context&) { return stream.Write("x"); });
      return group.Wait();
    }, 2);
  };
  EXPECT_DEATH(spread(), "Stream::Write.*used from another loop");
}

TEST_F(MisuseDeathTest, AHijackedStreamIsReadByOneFiberAtATime) {
  const auto two = [] {
    ServeHijacked([](Stream& stream, Request& r) -> Error {
      Group group(r.Ctx());
      for (int i = 0; i < 2; ++i) {
        group.Go([&](const Context&) {
          std::array<char, 8> piece;
          return stream.Read(piece).Err();
        });
      }
      return group.Wait();
    });
  };
  EXPECT_DEATH(two(), "Stream::Read.*another fiber is already reading");
}

TEST_F(MisuseDeathTest, AHijackedStreamIsWrittenByOneFiberAtATimeWithOneInLine) {
  const auto three = [] {
    ServeHijacked([](Stream& stream, Request& r) -> Error {
      Group group(r.Ctx());
      group.Go([&](const Context&) { return stream.Write(Pattern(50'000'000)); });
      for (int i = 0; i < 2; ++i) group.Go([&](const Context&) { return stream.Write("x"); });
      return group.Wait();
    });
  };
  EXPECT_DEATH(three(), "Stream::Write.*another fiber is already waiting");
}

}  // namespace
}  // namespace weft
