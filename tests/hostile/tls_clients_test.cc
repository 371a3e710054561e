// SPDX-License-Identifier: Apache-2.0
//
// Clients that break the rules of TLS, or keep them to the letter and to nobody's use. tests/server/tls_reports_test.cc and
// tls_handshake_states_test.cc have what is reported of each, under virtual time.
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include "../kit/openssl_client.h"
#include "../kit/tls13_records.h"
#include "kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

const Duration kPause = MsTime(20);

std::string Argument(const std::string& name, int ms) { return name + "=" + std::to_string(Ms(ms)); }

std::string PostChunked(const std::string& target) { return "POST " + target + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"; }

Attack OverTlsWith(std::vector<std::string> arguments, int rounds = 2) {
  arguments.emplace_back(kWithTls);
  // Each client over TLS costs the server some 14 KB while it is there, and its allocator keeps arenas of such.
  return {.arguments = std::move(arguments), .rounds = rounds, .growth_max = (kSanitized ? 24 : 8) << 20};
}

// One that speaks TLS by itself, and so may do so wrongly.
struct Attacker {
  Attacker(const Context& ctx, const Target& target) : wire(*TestClient::Dial(ctx, target.Bound())), records(tls) {}
  // After a handshake that is like any other.
  static std::unique_ptr<Attacker> Connected(const Context& ctx, const Target& target) {
    auto one = std::make_unique<Attacker>(ctx, target);
    if (!one->tls.Connect(ctx, one->wire)) {
      ADD_FAILURE() << "no handshake";
      std::abort();
    }
    return one;
  }
  void Send(const Context& ctx, std::string_view bytes) { EXPECT_FALSE(wire.Send(ctx, bytes)); }
  // The plaintext until the end of the connection.
  std::string ReadToEnd(const Context& ctx) {
    std::string all;
    for (;;) {
      const std::string some = tls.ReadSome(ctx, wire);
      if (some.empty()) return all;
      all += some;
    }
  }

  TestClient wire;
  OpensslClient tls;
  Tls13Records records;
};

// How far a client goes in its handshake before it stops: all but some bytes of one of its flights.
std::unique_ptr<Attacker> StopInHandshake(const Context& ctx, const Target& target, int kind) {
  auto one = std::make_unique<Attacker>(ctx, target);
  SSL* const ssl = one->tls.get();
  const bool old = kind % 2 == 0;
  if (old) {
    SSL_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
  }
  SSL_do_handshake(ssl);
  std::string flight = one->tls.Sent();
  const auto send = [&](std::size_t bytes) { one->Send(ctx, std::string_view(flight).substr(0, bytes)); };
  switch (kind / 2 % 6) {
    case 0: break;  // not a byte
    case 1: send(1); break;
    case 2: send(flight.size() / 2); break;
    case 3: send(flight.size() - 1); break;
    case 4: send(flight.size()); break;
    default:
      send(flight.size());
      for (flight.clear(); flight.empty(); flight = one->tls.Sent()) {
        const Result<std::string> came = one->wire.ReadSome(ctx);
        if (!came.Ok() || came->empty()) {
          ADD_FAILURE() << "no reply to the ClientHello";
          return one;
        }
        one->tls.Take(*came);
        SSL_do_handshake(ssl);
      }
      send(flight.size() - 1);
  }
  return one;
}

TEST(TlsClients, StoppingInAHandshakeHasItsTimeAndNoFiber) {
  const int count = Many(240);
  Withstand(OverTlsWith({Argument("handshake_timeout", 1000)}), [&](const Context& ctx, const Target& target) {
    const long timeouts = target.Stat("handshake_timeouts");
    const long fibers = target.Stat("fibers");
    const std::int64_t before = target.Measure().memory_bytes;
    const TimePoint begin = Now();
    std::vector<std::unique_ptr<Attacker>> clients;
    for (int i = 0; i < count; ++i) clients.push_back(StopInHandshake(ctx, target, i));
    EXPECT_LE(target.Stat("fibers") - fibers, 2) << "the polite client's request, and this one";
    const std::int64_t each = (target.Measure().memory_bytes - before) / count;
    std::printf("  %ld bytes of the server for each\n", static_cast<long>(each));
    if (!kSanitized) {
      EXPECT_LE(each, 48 * 1024);
    }
    for (const auto& client : clients) static_cast<void>(ReadUntilEnd(ctx, client->wire));
    EXPECT_LE(Now() - begin, MsTime(1000) + seconds(5));
    EXPECT_EQ(target.Stat("handshake_timeouts") - timeouts, count);
  });
}

TEST(TlsClients, SendingByteByByteHasTheTimeOfWhatIsSent) {
  const std::vector<std::string> arguments = {Argument("handshake_timeout", 1000), Argument("header_timeout", 400), Argument("body_stall_timeout", 400)};
  const int count = Many(12);
  Withstand(OverTlsWith(arguments), [&](const Context& ctx, const Target& target) {
    const long handshakes = target.Stat("handshake_timeouts"), heads = target.Stat("header_timeouts"), bodies = target.Stat("body_stalls");
    AtOnce(ctx, 3 * count, [&](const Context& c, int i) {
      if (i % 3 == 0) {
        Attacker one(c, target);
        SSL_do_handshake(one.tls.get());
        static_cast<void>(Trickle(c, one.wire, one.tls.Sent(), 'x', kPause));
        return;
      }
      const auto one = Attacker::Connected(c, target);
      if (i % 3 == 2) one->Send(c, one->records.Data(PostChunked("/sink-long")));
      const std::string record = one->records.Data(i % 3 == 1 ? Get("/" + std::string(2000, 'a')) : "7d0\r\n" + std::string(2000, 'b'));
      const TimePoint begin = Now();
      one->tls.Take(Trickle(c, one->wire, record, 'x', kPause));
      const std::string said = one->ReadToEnd(c);
      EXPECT_TRUE(said.starts_with("HTTP/1.1 408 ")) << said;
      EXPECT_LE(Now() - begin, MsTime(400) + seconds(5));
    });
    EXPECT_EQ(target.Stat("handshake_timeouts") - handshakes, count);
    EXPECT_EQ(target.Stat("header_timeouts") - heads, count);
    EXPECT_EQ(target.Stat("body_stalls") - bodies, count);
  });
}

// As the rules allow: other keys after each few bytes, and it reads what comes of it.
TEST(TlsClients, ServesClientsThatKeepChangingTheirKeys) {
  const int updates = kSanitized ? 200 : 1000;
  Withstand(OverTlsWith({}), [&](const Context& ctx, const Target& target) {
    AtOnce(ctx, 4, [&](const Context& c, int) {
      const auto one = Attacker::Connected(c, target);
      one->Send(c, one->records.Data(PostChunked("/echo")));
      Group sender(c);
      sender.Go("sender", [&](const Context& sending) {
        for (int i = 0; i < updates; i += 50) {
          std::string piece;
          for (int k = 0; k < 50; ++k) piece += one->records.UpdateKeys(/*requested=*/true);
          one->Send(sending, piece + one->records.Data("1\r\nx\r\n"));
        }
        one->Send(sending, one->records.Data("0\r\n\r\n"));
      });
      const CancelScope limit = WithTimeout(c, seconds(30));
      std::string all;
      const auto echoed = [&all] {
        const std::size_t head = std::min(all.find("\r\n\r\n"), all.size());
        return std::count(all.begin() + static_cast<std::ptrdiff_t>(head), all.end(), 'x');
      };
      while (echoed() < updates / 50) {
        const std::string some = one->tls.ReadSome(limit.ctx, one->wire);
        if (some.empty()) break;
        all += some;
      }
      EXPECT_TRUE(all.starts_with("HTTP/1.1 200 ")) << all;
      EXPECT_EQ(echoed(), updates / 50);
      EXPECT_FALSE(sender.Wait());
    });
    EXPECT_EQ(target.Stat("tls_ended"), 0);
  });
}

// Records that a server may not ignore, may, or must end the connection for.
struct Oddity {
  const char* name;
  std::function<std::string(Tls13Records&)> records;
  enum { kReported, kEnd, kIgnored } then;
};
std::string Repeat(int times, const std::function<std::string()>& one) {
  std::string all;
  for (int i = 0; i < times; ++i) all += one();
  return all;
}
const std::vector<Oddity>& Oddities() {
  static const std::vector<Oddity> all = {
      {"a fatal alert", [](Tls13Records& r) { return r.Alert(2, 80); }, Oddity::kReported},
      {"an alert that does not exist", [](Tls13Records& r) { return r.Alert(2, 255); }, Oddity::kReported},
      {"an alert of no level", [](Tls13Records& r) { return r.Alert(9, 10); }, Oddity::kReported},
      {"half an alert", [](Tls13Records& r) { return r.Seal(ContentType::kAlert, "\x02"); }, Oddity::kReported},
      {"two alerts in a record", [](Tls13Records& r) { return r.Seal(ContentType::kAlert, "\x02\x50\x02\x50"); }, Oddity::kReported},
      {"an empty alert", [](Tls13Records& r) { return r.Seal(ContentType::kAlert, ""); }, Oddity::kReported},
      {"an empty handshake message", [](Tls13Records& r) { return r.Seal(ContentType::kHandshake, ""); }, Oddity::kReported},
      {"user_canceled, again and again", [](Tls13Records& r) { return Repeat(10, [&] { return r.Alert(1, 90); }); }, Oddity::kReported},
      {"records of no data, again and again", [](Tls13Records& r) { return Repeat(100, [&] { return r.Data(""); }); }, Oddity::kReported},
      {"a ClientHello", [](Tls13Records& r) { return r.Seal(ContentType::kHandshake, std::string("\x01\0\0\x02xx", 6)); }, Oddity::kReported},
      {"a record in plain text", [](Tls13Records&) { return std::string("\x15\x03\x03\x00\x02\x02\x50", 7); }, Oddity::kReported},
      {"close_notify", [](Tls13Records& r) { return r.Alert(1, 0); }, Oddity::kEnd},
      {"user_canceled", [](Tls13Records& r) { return r.Alert(1, 90); }, Oddity::kIgnored},
      {"some records of no data", [](Tls13Records& r) { return Repeat(10, [&] { return r.Data(""); }); }, Oddity::kIgnored},
      {"half a record", [](Tls13Records& r) { return r.Data("0123456789").substr(0, 20); }, Oddity::kEnd},
      {"a byte of a record", [](Tls13Records&) { return std::string("\x17"); }, Oddity::kEnd},
      {"a byte that begins no record", [](Tls13Records&) { return std::string("?"); }, Oddity::kEnd},
  };
  return all;
}
// What a client is in the middle of.
struct Moment {
  const char* name;
  std::string sends;
  std::string reads;
};
const std::vector<Moment>& Moments() {
  static const std::vector<Moment> all = {
      {"before a request", "", ""},
      {"between requests", Get("/"), "hello"},
      {"in a head", "GET / HTTP/1.1\r\nHo", ""},
      {"in a body", PostChunked("/sink-long") + "5\r\nha", ""},
  };
  return all;
}

TEST(TlsClients, OddRecordsEndOnlyTheirOwnConnection) {
  const int odd = static_cast<int>(Oddities().size()), moments = static_cast<int>(Moments().size());
  const std::vector<std::string> arguments = {Argument("header_timeout", 600), Argument("body_stall_timeout", 600), Argument("idle_timeout", 600)};
  Withstand(OverTlsWith(arguments), [&](const Context& ctx, const Target& target) {
    const long ended = target.Stat("tls_ended");
    std::atomic<long> expected{0};
    AtOnce(ctx, odd * moments, [&](const Context& c, int i) {
      const Oddity& oddity = Oddities()[static_cast<std::size_t>(i % odd)];
      const Moment& moment = Moments()[static_cast<std::size_t>(i / odd)];
      const auto one = Attacker::Connected(c, target);
      if (!moment.sends.empty()) one->Send(c, one->records.Data(moment.sends));
      if (!moment.reads.empty()) {
        EXPECT_NE(one->tls.ReadUntil(c, one->wire, moment.reads), "") << moment.name;
      }
      one->Send(c, oddity.records(one->records));
      if (oddity.then == Oddity::kReported) ++expected;
      const TimePoint begin = Now();
      static_cast<void>(one->ReadToEnd(c));
      EXPECT_LE(Now() - begin, MsTime(600) + seconds(5)) << oddity.name << " " << moment.name;
    });
    EXPECT_EQ(target.Stat("tls_ended") - ended, expected);
  });
}

}  // namespace
}  // namespace weft
