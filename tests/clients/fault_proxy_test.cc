// SPDX-License-Identifier: Apache-2.0
//
// A network that cuts, resets, half-closes, stops and delays, at every byte of a request and of a response, over real TCP: each request has
// its response or an Error that is true, and what comes after it on the same client is not touched by it.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "fault_proxy.h"
#include "http_kit.h"
#include "raw_server.h"

namespace weft {
namespace {

using namespace std::chrono_literals;
using Kind = Fault::Kind;
using Way = Fault::Way;

constexpr std::string_view kLength = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A: b\r\n\r\nhello";
constexpr std::string_view kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nSum: 5\r\n\r\n";
constexpr std::string_view kUntilClose = "HTTP/1.0 200 OK\r\n\r\nhello";

// Counts whole requests, of which each has a body that ends in "the end", and responds with the same bytes to all of them.
class TcpServer {
 public:
  TcpServer(const Context& ctx, std::string_view response) : group_(ctx) {
    group_.Go("listener", [this, response](const Context& c) {
      for (;;) {
        const auto fd = listener_.Accept(c);
        if (!fd->IsOpen()) return;
        group_.Go("connection", [this, fd, response](const Context& member) {
          TcpConnection connection(std::move(*fd));
          Serve(member, connection.stream, response);
        });
      }
    });
  }
  ~TcpServer() {
    group_.Cancel();
    static_cast<void>(group_.Wait());
  }
  std::uint16_t Port() const { return listener_.Port(); }
  std::string Url(const std::string& target = "/") const { return listener_.Url(target); }
  int WholeRequests() const { return whole_; }

 private:
  void Serve(const Context& ctx, Stream& stream, std::string_view response) {
    for (;;) {
      std::string got = ReadUntil(ctx, stream, "\r\n\r\n");
      if (got.find("\r\n\r\n") == std::string::npos) return;
      if (got.starts_with("POST")) {
        // In chunks the last of them belongs to it.
        const std::string_view last = got.find("chunked") != std::string::npos ? "0\r\n\r\n" : "the end";
        if (got.find(last) == std::string::npos) got = ReadUntil(ctx, stream, last);
        if (got.find(last) == std::string::npos) return;
      }
      ++whole_;
      if (stream.Write(ctx, response) || response == kUntilClose) return;
    }
  }

  TcpListener listener_;
  int whole_ = 0;
  Group group_;
};

enum class Method { kGet, kPost, kUpload };

Result<std::string> Ask(const Context& ctx, HttpClient& client, const std::string& url, Method method) {
  ClientRequest request(method == Method::kGet ? "GET" : "POST", url);
  PiecesBody pieces({"some, ", "the end"});
  if (method == Method::kPost) request.SetBody("all, the end");
  if (method == Method::kUpload) request.SetBody(pieces);
  Result<ClientResponse> response = client.Do(ctx, request);
  if (Error err = response.Err()) return err;
  if (response->Status() != 200) return Error::New(std::to_string(response->Status()));
  return response->ReadAll(ctx);
}

std::string TextOf(const Result<std::string>& body) { return body.Ok() ? *body : body.Err().Message(); }

// How many bytes one exchange has each way.
std::size_t BytesToServer(const Context& ctx, Method method, std::string_view response) {
  TcpServer server(ctx, response);
  TcpListener between;
  HttpClient client;
  std::size_t bytes = 0;
  Group group(ctx);
  group.Go([&](const Context& c) {
    TcpConnection from(std::move(*between.Accept(c)));
    const std::string end = method == Method::kGet ? "\r\n\r\n" : method == Method::kPost ? "the end" : "0\r\n\r\n";
    bytes = ReadUntil(c, from.stream, end).size();
    static_cast<void>(from.stream.Write(c, response));
  });
  EXPECT_EQ(TextOf(Ask(ctx, client, between.Url(), method)), "hello");
  EXPECT_FALSE(group.Wait());
  return bytes;
}

// The first connection has the fault; what comes after it finds the way free.
void Cut(const Context& ctx, std::string_view response, Method method, Fault fault, std::size_t whole) {
  const std::string what = "kind " + std::to_string(static_cast<int>(fault.kind)) + " after " + std::to_string(fault.after) + " of " + std::to_string(whole) +
               (fault.way == Way::kToClient ? " to the client, " : " to the server, ") + "method " + std::to_string(static_cast<int>(method));
  // Who waits at a way that has stopped waits for its context.
  const CancelScope limit = WithCancel(ctx);
  const bool waits = fault.after < whole || (response == kUntilClose && fault.way == Way::kToClient);
  if (fault.kind == Kind::kStop && waits) fault.when_hit = [&] { limit.cancel(kDeadlineExceeded); };
  TcpServer server(ctx, response);
  FaultProxy proxy(ctx, server.Port(), [&](int connection) { return connection == 0 ? fault : Fault(); });
  HttpClient client;
  const Result<std::string> body = Ask(limit.ctx, client, proxy.Url(), method);
  // The end of a connection is the end of such a body, whoever has made it, but for a reset.
  const bool until_close = response == kUntilClose && fault.way == Way::kToClient && fault.after >= whole - 5;
  const bool all_here = fault.after == whole && (response != kUntilClose || fault.way == Way::kToServer);
  if (all_here && (fault.way == Way::kToClient || fault.kind == Kind::kHalfClose || fault.kind == Kind::kStop)) {
    EXPECT_EQ(TextOf(body), "hello") << what;
    return;  // the fault is still on this connection, which is kept
  } else if (until_close && (fault.kind == Kind::kClose || fault.kind == Kind::kHalfClose)) {
    EXPECT_EQ(TextOf(body), std::string("hello").substr(0, fault.after - (whole - 5))) << what;
  } else if (fault.kind == Kind::kStop) {
    EXPECT_TRUE(!body.Ok() && body.Err().Is(kDeadlineExceeded)) << what << ": " << body.Err().Message();
  } else {
    ASSERT_FALSE(body.Ok()) << *body;
    const ClientFailure* const failure = body.Err().As<ClientFailure>();
    ASSERT_NE(failure, nullptr) << what << ": " << body.Err().Message();
    EXPECT_TRUE(failure->kind == ClientFailure::kEnded || failure->kind == ClientFailure::kReset) << what << ": " << body.Err().Message();
    EXPECT_TRUE(failure->processed) << what << ": " << body.Err().Message();
  }
  EXPECT_TRUE(server.WholeRequests() == 0 || fault.way == Way::kToClient || fault.after == whole) << what;
  const int before = server.WholeRequests();
  EXPECT_LE(before, 1) << what;
  EXPECT_EQ(TextOf(Ask(ctx, client, proxy.Url(), method)), "hello") << what;
  // The first may still be on its way, if all of it was sent.
  EXPECT_TRUE(server.WholeRequests() == before + 1 || fault.way == Way::kToClient || fault.after == whole) << what;
}

void CutEverywhere(std::string_view response, Method method) {
  OnLoops(1, [&](const Context& ctx) {
    const std::size_t to_server = BytesToServer(ctx, method, response);
    ASSERT_GT(to_server, 20u);
    Group group(ctx, {.limit = 32});
    for (const Kind kind : {Kind::kClose, Kind::kReset, Kind::kHalfClose, Kind::kStop}) {
      for (std::size_t after = 0; after <= response.size(); ++after) {
        group.Go([&, kind, after](const Context& c) { Cut(c, response, method, {.kind = kind, .way = Way::kToClient, .after = after}, response.size()); });
      }
      for (std::size_t after = 0; after <= to_server; ++after) {
        group.Go([&, kind, after](const Context& c) { Cut(c, response, method, {.kind = kind, .way = Way::kToServer, .after = after}, to_server); });
      }
    }
    EXPECT_FALSE(group.Wait());
  });
}

TEST(FaultProxy, CutsAGet) { CutEverywhere(kLength, Method::kGet); }
TEST(FaultProxy, CutsAPost) { CutEverywhere(kChunked, Method::kPost); }
TEST(FaultProxy, CutsAnUpload) { CutEverywhere(kLength, Method::kUpload); }
TEST(FaultProxy, CutsABodyWithoutLength) { CutEverywhere(kUntilClose, Method::kGet); }

// Whatever pieces the network makes of it.
TEST(FaultProxy, DelaysEveryByte) {
  OnLoops(1, [&](const Context& ctx) {
    for (const std::string_view response : {kLength, kChunked, kUntilClose}) {
      for (const Method method : {Method::kGet, Method::kPost, Method::kUpload}) {
        TcpServer server(ctx, response);
        FaultProxy proxy(ctx, server.Port(), [](int) { return Fault{.piece = 1, .delay = std::chrono::microseconds(50)}; });
        HttpClient client;
        for (int i = 0; i < 2; ++i) EXPECT_EQ(TextOf(Ask(ctx, client, proxy.Url(), method)), "hello");
        EXPECT_EQ(server.WholeRequests(), 2);
      }
    }
  });
}

// Behind a gateway: what an upstream's connection does is the upstream's fault, and no part of a response passes for a whole one.
void CutUpstream(const Context& ctx, std::string_view response, Method method, const Fault& fault) {
  const std::string what = "kind " + std::to_string(static_cast<int>(fault.kind)) + " after " + std::to_string(fault.after);
  TcpServer server(ctx, response);
  FaultProxy proxy(ctx, server.Port(), [&](int connection) { return connection == 0 ? fault : Fault(); });
  HttpClient inner;
  UpstreamPool pool(inner, {.addresses = {"127.0.0.1:" + std::to_string(proxy.Port())}});
  ServerOptions options;
  options.address = "127.0.0.1:0";
  TestServer front(ctx, ReverseProxy(pool), options);
  HttpClient client;
  const Result<std::string> body = Ask(ctx, client, front.Bound(), method);
  if (body.Ok()) {
    EXPECT_EQ(*body, "hello") << what;
  } else if (const ClientFailure* const failure = body.Err().As<ClientFailure>()) {
    EXPECT_TRUE(failure->kind == ClientFailure::kEnded || failure->kind == ClientFailure::kReset) << what << ": " << body.Err().Message();
  } else {
    EXPECT_EQ(body.Err().Message(), "502") << what;
  }
  EXPECT_EQ(body.Ok(), fault.after == response.size() || (method == Method::kGet && server.WholeRequests() == 2)) << what;
  EXPECT_LE(server.WholeRequests(), method == Method::kGet ? 2 : 1) << what;
}

TEST(FaultProxy, CutsAnUpstreamOfAGateway) {
  OnLoops(1, [&](const Context& ctx) {
    for (const std::string_view response : {kLength, kChunked}) {
      Group group(ctx, {.limit = 16});
      for (const Kind kind : {Kind::kClose, Kind::kReset, Kind::kHalfClose}) {
        for (const Method method : {Method::kGet, Method::kPost}) {
          for (std::size_t after = 0; after <= response.size(); ++after) {
            group.Go([&, kind, method, after](const Context& c) { CutUpstream(c, response, method, {.kind = kind, .after = after}); });
          }
        }
      }
      EXPECT_FALSE(group.Wait());
    }
  });
}

// In front of it: a part of an upload never reaches the upstream as a whole one.
void CutClient(const Context& ctx, Method method, const Fault& fault, std::size_t whole) {
  const std::string what = "kind " + std::to_string(static_cast<int>(fault.kind)) + " after " + std::to_string(fault.after) + " of " + std::to_string(whole);
  TcpServer server(ctx, kLength);
  HttpClient inner;
  UpstreamPool pool(inner, {.addresses = {"127.0.0.1:" + std::to_string(server.Port())}});
  ServerOptions options;
  options.address = "127.0.0.1:0";
  TestServer front(ctx, ReverseProxy(pool), options);
  FaultProxy proxy(ctx, static_cast<std::uint16_t>(std::stoi(front.Bound().substr(front.Bound().rfind(':') + 1))), [&](int) { return fault; });
  HttpClient client;
  const Result<std::string> body = Ask(ctx, client, proxy.Url(), method);
  if (body.Ok()) {
    EXPECT_EQ(*body, "hello") << what;
    EXPECT_EQ(fault.after, whole) << what;
  }
  EXPECT_TRUE(server.WholeRequests() == 0 || fault.after == whole) << what;
  EXPECT_EQ(TextOf(Ask(ctx, client, front.Bound(), method)), "hello") << what;
}

TEST(FaultProxy, CutsAClientOfAGateway) {
  OnLoops(1, [&](const Context& ctx) {
    for (const Method method : {Method::kPost, Method::kUpload}) {
      const std::size_t whole = BytesToServer(ctx, method, kLength);
      Group group(ctx, {.limit = 16});
      for (const Kind kind : {Kind::kClose, Kind::kReset, Kind::kHalfClose}) {
        for (std::size_t after = 0; after <= whole; ++after) {
          group.Go([&, kind, after](const Context& c) { CutClient(c, method, {.kind = kind, .way = Way::kToServer, .after = after}, whole); });
        }
      }
      EXPECT_FALSE(group.Wait());
    }
  });
}

}  // namespace
}  // namespace weft
