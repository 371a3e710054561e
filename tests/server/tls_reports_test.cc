// SPDX-License-Identifier: Apache-2.0
//
// What is reported, and of whom, when a server ends a connection over TLS: nobody is sent away without a word to the observer.
#include <sys/socket.h>

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include <weft/http/internal/http2/session.h>

#include "../http/http2_floods.h"
#include "../kit/openssl_client.h"
#include "hijack_kit.h"
#include "tls_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// One line for each event that is about a peer.
class Reports final : public Observer {
 public:
  bool WatchesConnections() const override { return true; }
  void OnConnectionClosed(const ConnectionClosed& e) override { Add("closed " + std::string(Name(e.reason)), e.peer); }
  void OnTlsFailed(const TlsFailed& e) override {
    Add((e.established ? "ended: " : "failed: ") + std::string(e.reason), e.peer);
  }
  void OnTimedOut(const TimedOut& e) override { Add("timeout " + std::string(Name(e.kind)), e.peer); }
  void OnConnectionEvicted(const ConnectionEvicted& e) override {
    EXPECT_GE(e.waited, seconds(2));
    EXPECT_LE(e.waited, seconds(3));
    Add("evicted " + std::string(Name(e.kind)), e.peer);
  }
  void OnBadRequest(const BadRequest& e) override { Add("bad request", e.peer); }
  void OnOutOfMemory(const OutOfMemory& e) override { Add("out of memory", e.peer); }

  std::vector<std::string> Lines() const {
    std::lock_guard hold(lock_);
    return lines_;
  }

 private:
  void Add(std::string what, std::string_view peer) {
    std::lock_guard hold(lock_);
    lines_.push_back(std::move(what.append(" of ").append(peer)));
  }
  mutable std::mutex lock_;
  std::vector<std::string> lines_;
};

// Reads the body, or the stream after an upgrade, to its end.
Error ReadAll(ResponseWriter& w, Request& r) {
  if (r.Method() == "POST") return r.Body().ReadAll().Err();
  if (!r.Header().Has("Upgrade")) return w.Write("x");
  Result<Stream> stream = SwitchToEcho(w);
  if (Error err = stream.Err()) return err;
  return EchoAll(*stream);
}

using Lines = std::vector<std::string>;

// What is reported of a client that does this.
Lines ReportsOf(const std::function<void(const Context&, const TestServer&)>& client, ServerOptions options = {}) {
  Reports reports;
  Virtually([&](const Context& ctx) {
    options.observers = {&reports};
    options.tls = TestCertificate();
    TestServer server(ctx, ReadAll, options);
    client(ctx, server);
    Settle(ctx);
    EXPECT_FALSE(server.Stop());
  });
  return reports.Lines();
}

// How far its connection has come.
struct State {
  const char* name;
  std::string sends;      // in TLS, and then
  std::string until = {};  // this has come
};
const std::vector<State>& States() {
  static const std::vector<State> states = {
      {"fresh", ""},
      {"idle", std::string(kGet), "\r\n\r\nx"},
      {"head", "GET / HTTP/1.1\r\nHo"},
      {"body", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf"},
      {"stream", std::string(kUpgrade) + "text", "\r\n\r\ntext"},
  };
  return states;
}

// How it breaks the rules of TLS: what it sends then.
struct Breach {
  const char* reason;
  std::function<std::string(OpensslClient&)> bytes;
  int version_max = TLS1_3_VERSION;
};
const std::vector<Breach>& Breaches() {
  static const std::vector<Breach> breaches = {
      {"decryption failed or bad record mac", [](OpensslClient& client) {
         std::string record = client.Seal("changed");
         record.back() = static_cast<char>(record.back() ^ 1);
         return record;
       }},
      {".*bad record mac", [](OpensslClient& client) { return client.Alert(); }},
      {".+", [](OpensslClient&) { return std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n"); }},
      {"too many records without data", [](OpensslClient& client) {
         std::string records;
         for (int i = 0; i < 1000; ++i) records += client.UpdateKeys(/*requested=*/false);
         return records;
       }},
      {"the client tries to renegotiate", [](OpensslClient& client) {
         EXPECT_EQ(SSL_renegotiate(client.get()), 1);
         SSL_do_handshake(client.get());
         return client.Sent();
       }, TLS1_2_VERSION},
  };
  return breaches;
}

TEST(TlsReports, ReportsAClientThatBreaksTheRulesAfterTheHandshake) {
  for (const State& state : States()) {
    for (const Breach& breach : Breaches()) {
      const Lines lines = ReportsOf([&](const Context& ctx, const TestServer& server) {
        TestClient wire = *TestClient::Dial(ctx, server.Bound());
        OpensslClient client;
        SSL_set_max_proto_version(client.get(), breach.version_max);
        ASSERT_TRUE(client.Connect(ctx, wire));
        if (!state.sends.empty()) {
          ASSERT_FALSE(wire.Send(ctx, client.Seal(state.sends)));
        }
        if (!state.until.empty()) {
          ASSERT_NE(client.ReadUntil(ctx, wire, state.until), "");
        }
        Settle(ctx);
        ASSERT_FALSE(wire.Send(ctx, breach.bytes(client)));
        static_cast<void>(wire.ReadToEnd(ctx));
      });
      EXPECT_THAT(lines, ElementsAre(MatchesRegex("ended: " + std::string(breach.reason) + " of unix"), "closed TLS of unix")) << state.name;
    }
  }
}

TEST(TlsReports, ReportsAnHttp2ClientThatBreaksTheRulesToo) {
  if (!internal::http2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  for (const Breach& breach : Breaches()) {
    const Lines lines = ReportsOf([&](const Context& ctx, const TestServer& server) {
      TestClient wire = *TestClient::Dial(ctx, server.Bound());
      OpensslClient client;
      SSL_set_max_proto_version(client.get(), breach.version_max);
      const unsigned char h2[] = {2, 'h', '2'};
      ASSERT_EQ(SSL_set_alpn_protos(client.get(), h2, sizeof(h2)), 0);
      ASSERT_TRUE(client.Connect(ctx, wire));
      ASSERT_FALSE(wire.Send(ctx, client.Seal(internal::http2::Hello())));
      Settle(ctx);
      ASSERT_FALSE(wire.Send(ctx, breach.bytes(client)));
      static_cast<void>(wire.ReadToEnd(ctx));
    });
    EXPECT_THAT(lines, ElementsAre(MatchesRegex("ended: " + std::string(breach.reason) + " of unix"), "closed TLS of unix"));
  }
}

// In whatever way, in the middle of a record too: that is the client's doing.
TEST(TlsReports, DoesNotReportAClientThatMerelyLeaves) {
  const std::vector<std::function<void(TestClient&)>> ways = {
      [](TestClient& client) { client.CloseSend(); },
      [](TestClient& client) { shutdown(client.Descriptor(), SHUT_WR); },
      [](TestClient& client) {
        EXPECT_EQ(send(client.Descriptor(), "\x17\x03\x03\x00", 4, MSG_NOSIGNAL), 4);
        shutdown(client.Descriptor(), SHUT_WR);
      },
      [](TestClient& client) { client.Reset(); },
  };
  for (const auto& leave : ways) {
    const Lines lines = ReportsOf([&](const Context& ctx, const TestServer& server) {
      TestClient client = *TestClient::DialTls(ctx, server.Bound(), Trusting());
      EXPECT_EQ(client.Get(ctx, "/")->body, "x");
      leave(client);
      Settle(ctx);
    });
    EXPECT_THAT(lines, ElementsAre("closed client of unix"));
  }
}

TEST(TlsReports, SaysOfWhomBeforeARequest) {
  struct Case {
    const char* sends;   // in place of a handshake
    const char* report;
    const char* reason;
  };
  for (const Case& one : {Case{"", "timeout handshake of unix", "closed timeout of unix"}, Case{"\x16\x03\x01", "timeout handshake of unix", "closed timeout of unix"},
                          Case{"GET / HTTP/1.1\r\n\r\n", "bad request of unix", "closed bad request of unix"},
                          Case{"\x16\x04\x01\x01\x01\x01", "failed: .+ of unix", "closed TLS of unix"}}) {
    const Lines lines = ReportsOf([&](const Context& ctx, const TestServer& server) {
      TestClient wire = *TestClient::Dial(ctx, server.Bound());
      ASSERT_FALSE(wire.Send(ctx, one.sends));
      static_cast<void>(wire.ReadToEnd(ctx));
    });
    EXPECT_THAT(lines, ElementsAre(MatchesRegex(one.report), one.reason));
  }
}

TEST(TlsReports, HalfARecordIsReportedAsHalfAHead) {
  const Lines lines = ReportsOf([](const Context& ctx, const TestServer& server) {
    TestClient client = *TestClient::DialTls(ctx, server.Bound(), Trusting());
    ASSERT_EQ(send(client.Descriptor(), "\x17\x03\x03\x00", 4, MSG_NOSIGNAL), 4);
    EXPECT_EQ(client.ReadResponse(ctx)->status, 408);
    static_cast<void>(client.ReadToEnd(ctx));
  });
  EXPECT_THAT(lines, ElementsAre("timeout header of unix", "closed timeout of unix"));
}

// One place for two clients; who is there has waited for two seconds.
Lines ReportsOfEvicting(const std::function<TestClient(const Context&, const TestServer&)>& first) {
  ServerOptions options;
  options.connections_max = 1;
  return ReportsOf([&](const Context& ctx, const TestServer& server) {
    const TestClient evicted = first(ctx, server);
    (void)Sleep(ctx, seconds(2));
    TestClient next = *TestClient::DialTls(ctx, server.Bound(), Trusting());
    EXPECT_EQ(next.Get(ctx, "/", "Connection: close\r\n")->body, "x");
    static_cast<void>(next.ReadToEnd(ctx));
  }, options);
}

TEST(TlsReports, ReportsAClientEvictedForOthers) {
  const auto plain = [](const Context& ctx, const TestServer& server) { return *TestClient::Dial(ctx, server.Bound()); };
  EXPECT_THAT(ReportsOfEvicting(plain), ElementsAre("evicted handshake of unix", "closed evicted of unix", "closed complete of unix"));
  for (const State& state : States()) {
    if (std::string_view(state.name) == "body" || std::string_view(state.name) == "stream") continue;  // is served
    const Lines lines = ReportsOfEvicting([&](const Context& ctx, const TestServer& server) {
      TestClient client = *TestClient::DialTls(ctx, server.Bound(), Trusting());
      EXPECT_FALSE(client.Send(ctx, state.sends));
      EXPECT_TRUE(client.ReadUntil(ctx, state.until).Ok());
      return client;
    });
    const std::string kind = std::string_view(state.name) == "idle" ? "idle" : "header";
    EXPECT_THAT(lines, ElementsAre("evicted " + kind + " of unix", "closed evicted of unix", "closed complete of unix")) << state.name;
  }
}

TEST(TlsReports, AClientWithItsLastResponseIsNotReportedAsEvicted) {
  const Lines lines = ReportsOfEvicting([&](const Context& ctx, const TestServer& server) {
    TestClient client = *TestClient::DialTls(ctx, server.Bound(), Trusting());
    EXPECT_EQ(client.Get(ctx, "/", "Connection: close\r\n")->body, "x");
    return client;
  });
  EXPECT_THAT(lines, ElementsAre("closed complete of unix", "closed complete of unix"));
}

TEST(TlsReports, AnIdleClientOfHttp2ThatMakesRoomIsReported) {
  if (!internal::http2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  const Lines lines = ReportsOfEvicting([&](const Context& ctx, const TestServer& server) {
    TestClient client = *TestClient::DialHttp2(ctx, server.Bound(), Trusting());
    EXPECT_EQ(client.Get(ctx, "/")->body, "x");
    return client;
  });
  EXPECT_THAT(lines, ElementsAre("evicted idle of unix", "closed evicted of unix", "closed complete of unix"));
}

}  // namespace
}  // namespace weft
