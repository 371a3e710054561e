// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HOSTILE_KIT_H_
#define WEFT_TESTS_HOSTILE_KIT_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>
#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "../kit/sanitized.h"

namespace weft {

inline std::string Get(const std::string& target) { return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

// A number of attackers, smaller where each costs more.
constexpr int Many(int usual) { return kSanitized ? std::max(usual / 10, 4) : usual; }

// A time that a server or a client is given, longer where everything takes longer.
constexpr int Ms(int usual) { return kSanitized ? usual * 3 : usual; }
inline Duration MsTime(int usual) { return std::chrono::milliseconds(Ms(usual)); }

// Under WEFT_TEST_TLS=1 all targets speak TLS, and so do the clients below: what holds for a server holds over both.
bool OverTls();
// Has a target speak TLS, whatever the rest does.
inline constexpr char kWithTls[] = "tls=1";
// Of all clients: the certificates of targets are their own.
const TlsClientOptions& ClientTls();

// What a process uses.
struct Usage {
  int descriptors = 0;
  std::int64_t memory_bytes = 0;  // resident
};

// The server under attack, in a process of its own.
class Target {
 public:
  explicit Target(const std::vector<std::string>& arguments);

  const std::string& Bound() const { return bound_; }
  Usage Measure() const;
  // What its kernel holds because clients have not taken it, all connections together, in bytes.
  std::int64_t Untaken() const;
  // One of the numbers of /stats; -1 if the server does not answer.
  long Stat(std::string_view name) const;
  // Asks the server again and again until `holds`, which is asked between two of its answers. False: it did not for long.
  bool Eventually(const std::function<bool()>& holds) const;
  // Tells it to drain. Its exit code: 0 after a clean drain; with what it has said if that is anything.
  int Stop();

 private:
  Process process_;
  std::string bound_;
};

// Somebody who asks for a page now and then, on a connection that is renewed now and then, and wants an answer to each request.
class PoliteClient {
 public:
  // `forgiving`: may find its connection closed while it does not use it, as the server's limits allow, and tries again once. `http2`: that is
  // what it speaks.
  PoliteClient(std::string bound, bool forgiving, bool http2 = false);
  ~PoliteClient();

  struct Report {
    int answered = 0;
    int failed = 0;
    double p50_ms = 0;
    double p99_ms = 0;
    std::string failure;  // the first one
  };
  Report Stop();

 private:
  void AskUntilStopped();
  bool Ask(bool may_fail);

  const std::string bound_;
  const bool forgiving_;
  const bool http2_;
  std::vector<double> took_ms_;
  Report report_;
  std::vector<TestClient> connection_;  // none or one
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// What is done to a server, and what must hold meanwhile and afterwards.
struct Attack {
  std::vector<std::string> arguments = {};  // of the server
  int rounds = 3;                           // what the first one leaves may stay (pools); what later ones add would be a leak
  std::int64_t growth_max = 4 << 20;        // by all later rounds, in bytes
  int descriptors_once = 0;                 // that the server opens when they are first needed, and keeps
  bool forgiving = false;                   // see PoliteClient
  bool http2 = false;                       // likewise
  double p99_max_ms = kSanitized ? 2000 : 500;
};

// Plays the attack's rounds in a fiber while a polite client asks. Checks that all of its requests were answered, and in time; that
// after each round no handler runs and all descriptors are back; that memory does not grow; that the server drains cleanly.
void Withstand(const Attack& attack, const std::function<void(const Context&, const Target&)>& round);

// Runs `one(ctx, index)` in `count` fibers at once, and waits for all.
void AtOnce(const Context& ctx, int count, const std::function<void(const Context&, int)>& one);

// A client of a target, over TLS if that is what it speaks.
Result<TestClient> TryDial(const Context& ctx, const std::string& bound);
// The same over HTTP/2.
Result<TestClient> TryDialHttp2(const Context& ctx, const std::string& bound);
// The same; a failure to connect fails the test.
TestClient Dial(const Context& ctx, const Target& target);

// A bare connection, for what TestClient does not do.
struct Bare {
  int from = 1;            // comes from 127.0.0.`from`: an address has some 28,000 ports
  int receive_buffer = 0;  // what its kernel takes without it, in bytes; 0: as usual
  int segment = 0;         // bytes of a packet at the most, as on a real network; 0: as the loopback has it
};
// The descriptor, which its owner closes. Blocks the thread.
int ConnectBare(const Target& target, const Bare& how);
void CloseBare(int fd, bool by_reset);

// Sends a byte of `bytes` at a time, and afterwards `filler` for ever, until the server says something or has closed. Returns all that it
// said until the end of the connection.
std::string Trickle(const Context& ctx, TestClient& client, std::string_view bytes, char filler, Duration pause);

// Everything until the end of the connection, in good order or not.
std::string ReadUntilEnd(const Context& ctx, TestClient& client);

// Waits until the connection has been broken, without reading; false if that takes very long.
bool BrokenWithoutReading(const Context& ctx, TestClient& client);

// Sends pieces as they are made until the server does not take more, or has closed; the number of bytes that were sent.
std::uint64_t SendUntilRefused(const Context& ctx, TestClient& client, const std::function<std::string()>& piece, std::uint64_t most);

}  // namespace weft

#endif  // WEFT_TESTS_HOSTILE_KIT_H_
