// SPDX-License-Identifier: Apache-2.0
//
// Servers that end kept connections at every moment of the next request, under one client on several loops. What each server does, and
// each caller, a seed says (seeds.h).
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>
#include <weft/net/dial.h>

#include "http_kit.h"
#include "raw_server.h"
#include "seeds.h"
#include "tcp_kit.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using Random = std::mt19937;

int Below(Random& random, int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); }

// Something between no time at all and the time that a request takes.
void SomeTime(const Context& ctx, Random& random) {
  switch (Below(random, 4)) {
    case 0:
      return;
    case 1:
      for (int turns = Below(random, 20); turns > 0; --turns) Yield();
      return;
    default:
      static_cast<void>(Sleep(ctx, std::chrono::microseconds(Below(random, 400))));
  }
}

// How often the head of each request reached the server, and how often it was responded to.
class Ledger {
 public:
  void NoteSent(const std::string& id) { Note(sent_, id); }
  void NoteServed(const std::string& id) { Note(served_, id); }
  int Sent(const std::string& id) { return Of(sent_, id); }
  int Served(const std::string& id) { return Of(served_, id); }

 private:
  void Note(std::map<std::string, int>& counts, const std::string& id) {
    const std::lock_guard hold(lock_);
    ++counts[id];
  }
  int Of(std::map<std::string, int>& counts, const std::string& id) {
    const std::lock_guard hold(lock_);
    return counts[id];
  }
  std::mutex lock_;
  std::map<std::string, int> sent_;
  std::map<std::string, int> served_;
};

// A server that responds to the first requests of each connection, and then ends it at a moment of its own.
class EndingServer {
 public:
  EndingServer(const Context& ctx, unsigned seed, Ledger& ledger) : seed_(seed), ledger_(ledger), group_(ctx, {.spread = true}) {
    group_.Go("listener", [this](const Context& c) {
      for (unsigned number = 0;; ++number) {
        const auto fd = listener_.Accept(c);
        if (!fd->IsOpen()) return;
        group_.Go("connection", [this, fd, number](const Context& member) {
          TcpConnection connection(std::move(*fd));
          Serve(member, connection, Random(seed_ * 1000 + number));
        });
      }
    });
  }
  ~EndingServer() {
    group_.Cancel();
    static_cast<void>(group_.Wait());
  }
  std::string Url(const std::string& target) const { return listener_.Url(target); }
  std::uint16_t Port() const { return listener_.Port(); }

 private:
  // A request to the end of its body ("end" is the body's); its id. Empty: the client has ended the connection.
  std::string ReadRequest(const Context& ctx, Stream& stream) {
    const std::string head = ReadUntil(ctx, stream, "\r\n\r\n");
    const std::size_t at = head.find(" /");
    if (at == std::string::npos || head.find("\r\n\r\n") == std::string::npos) return {};
    const std::string id = head.substr(at + 2, head.find(' ', at + 1) - at - 2);
    ledger_.NoteSent(id);
    if (head.starts_with("POST") && head.find("the end") == std::string::npos && ReadUntil(ctx, stream, "the end").empty()) return {};
    return id;
  }

  void Serve(const Context& ctx, TcpConnection& connection, Random random) {
    Stream& stream = connection.stream;
    const int ending = Below(random, 6);
    for (int left = Below(random, 4); left >= 0; --left) {
      const std::string id = ReadRequest(ctx, stream);
      if (id.empty()) return;
      ledger_.NoteServed(id);
      const std::string_view last = left == 0 && ending == 5 ? "Connection: close\r\n" : "";
      std::string response = "HTTP/1.1 200 OK\r\n";
      response.append(last).append("Content-Length: ").append(std::to_string(id.size())).append("\r\n\r\n").append(id);
      if (stream.Write(ctx, response)) return;
    }
    switch (ending) {
      case 0:  // with the response
        return;
      case 1:
        SomeTime(ctx, random);
        return;
      case 2:
        SomeTime(ctx, random);
        return connection.Reset();
      case 3:  // once it has the next request
        static_cast<void>(ReadRequest(ctx, stream));
        return;
      case 4:  // it sends nothing more, and reads on
        SomeTime(ctx, random);
        static_cast<void>(stream.CloseWrite());
        while (!ReadRequest(ctx, stream).empty()) {
        }
        return;
      default:
        static_cast<void>(ReadRequest(ctx, stream));  // which nobody sends
    }
  }

  const unsigned seed_;
  Ledger& ledger_;
  TcpListener listener_;
  Group group_;
};

enum class Call { kGet, kPost, kPostWithKey, kUpload, kUploadWithKey };

struct Outcome {
  Error error;
  std::string body;
};

Outcome Ask(const Context& ctx, HttpClient& client, const std::string& url, Call kind) {
  ClientRequest request(kind == Call::kGet ? "GET" : "POST", url);
  if (kind == Call::kPostWithKey || kind == Call::kUploadWithKey) request.Header().Set("Idempotency-Key", "k");
  PiecesBody pieces({"a piece, ", "another, ", "the end"});
  if (kind == Call::kUpload || kind == Call::kUploadWithKey) request.SetBody(pieces);
  if (kind == Call::kPost || kind == Call::kPostWithKey) request.SetBody("all of it, the end");
  Result<ClientResponse> response = client.Do(ctx, request);
  if (Error err = response.Err()) return {err, {}};
  Result<std::string> body = response->ReadAll(ctx);
  if (Error err = body.Err()) return {err, {}};
  return {{}, *std::move(body)};
}

void Expect(Ledger& ledger, const std::string& id, Call kind, const Outcome& outcome) {
  const bool may_be_sent_again = kind != Call::kPost && kind != Call::kUpload;
  const int sent = ledger.Sent(id);
  const int served = ledger.Served(id);
  EXPECT_LE(sent, may_be_sent_again ? 2 : 1) << id;
  if (!outcome.error) {
    EXPECT_EQ(outcome.body, id);
    EXPECT_EQ(served, 1) << id;
    return;
  }
  EXPECT_EQ(served, 0) << id << ": " << outcome.error.Message();
  // The second attempt is on a connection that is not kept, and those serve their first request.
  EXPECT_FALSE(may_be_sent_again) << id << ": " << outcome.error.Message();
  const ClientFailure* const failure = outcome.error.As<ClientFailure>();
  ASSERT_NE(failure, nullptr) << id << ": " << outcome.error.Message();
  EXPECT_TRUE(failure->kind == ClientFailure::kEnded || failure->kind == ClientFailure::kReset) << outcome.error.Message();
  EXPECT_TRUE(failure->processed || sent == 0) << id << ": " << outcome.error.Message();
}

void Play(unsigned seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random choice(seed);
  const int loops = 1 + Below(choice, 4);
  const Error err = weft::Run(Background(), {.loops = loops}, [&](const Context& ctx) -> Error {
    Ledger ledger;
    EndingServer server(ctx, seed, ledger);
    HttpClientOptions options;
    options.idle_per_origin_max = Below(choice, 4) == 0 ? 1 : 64;
    if (Below(choice, 4) == 0) {
      options.dial = [&](const Context& c, const DialTarget&) { return Dial(c, "127.0.0.1:" + std::to_string(server.Port())); };
    }
    const CancelScope limit = WithTimeout(ctx, 60s);  // a request that is lost without an Error
    HttpClient client(options);
    Group callers(limit.ctx, {.spread = true});
    for (int caller = 0; caller < 6; ++caller) {
      callers.Go([&, caller](const Context& c) {
        Random random(seed * 100 + static_cast<unsigned>(caller));
        for (int i = 0; i < 10; ++i) {
          const std::string id = std::to_string(caller) + "-" + std::to_string(i);
          const auto kind = static_cast<Call>(Below(random, 5));
          Expect(ledger, id, kind, Ask(c, client, server.Url("/" + id), kind));
          SomeTime(c, random);
        }
      });
    }
    if (Error failed = callers.Wait()) return failed;
    EXPECT_EQ(client.Stats().in_use, 0u);
    EXPECT_EQ(client.Stats().waiting, 0u);
    return {};
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(IdleEnds, AtEveryMomentOfARequest) { PlaySeeds(50, Play); }

}  // namespace
}  // namespace weft
