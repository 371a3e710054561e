// SPDX-License-Identifier: Apache-2.0
//
// Other people's proxies, and ours, before a server of ours; and our proxy before them: what was sent arrives, in both directions and at once,
// what is whole is told from what is not, and a client that leaves is noticed at the other end.
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/event.h>
#include <weft/handlers/live/events.h>
#include <weft/handlers/live/websocket.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/handlers/routing/mux.h>
#include <weft/server/testing.h>

#include "../kit/run.h"
#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "http_kit.h"
#include "raw_server.h"
#include "real_servers_kit.h"

namespace weft {
namespace {

// A server of ours that stands last.
class Origin {
 public:
  explicit Origin(const Context& ctx) : server_(ctx, Routes(), Options()) {}

  const std::string& Bound() const { return server_.Bound(); }
  std::string Address() const { return server_.Bound().substr(server_.Bound().find("//") + 2); }
  Event waiting;  // a request to /wait is here
  Event left;     // its client has gone

 private:
  static ServerOptions Options() {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    return options;
  }

  Mux Routes() {
    Mux mux;
    mux.Handle("/hello", [](ResponseWriter& w, Request&) { return w.Write("hello"); });
    mux.Handle("/big", [](ResponseWriter& w, Request&) -> Error {
      for (int i = 0; i < 50; ++i) {
        if (Error err = w.Write(std::string(100'000, 'x'))) return err;
      }
      return {};
    });
    // Reads all before it responds: not every proxy passes on both directions at once.
    mux.Handle("POST /echo", [](ResponseWriter& w, Request& r) -> Error {
      r.Body().SetLimit(kUnlimited);
      const Result<std::string> all = r.Body().ReadAll();
      return all.Ok() ? w.Write(*all) : all.Err();
    });
    // Half a response, of which the rest never comes.
    mux.Handle("/breaks", [](ResponseWriter& w, Request&) -> Error {
      if (Error err = w.Write(std::string(10'000, 'x'))) return err;
      if (Error err = w.Flush()) return err;
      return Error::New("broken off");
    });
    mux.Handle("/wait", [this](ResponseWriter&, Request& r) {
      waiting.Set();
      const Error err = Sleep(r.Ctx(), std::chrono::minutes(1));
      if (err) left.Set();
      return err;
    });
    mux.Handle("/events", [](ResponseWriter& w, Request& r) -> Error {
      Result<EventStream> events = StartEvents(w, r);
      if (Error err = events.Err()) return err;
      if (Error err = events->Send({.data = "first"})) return err;
      return Sleep(r.Ctx(), std::chrono::minutes(1));
    });
    mux.Handle("/socket", [](ResponseWriter& w, Request& r) -> Error {
      Result<WebSocket> socket = AcceptWebSocket(w, r);
      if (Error err = socket.Err()) return err;
      for (;;) {
        const Result<WebSocketMessage> message = socket->Receive(r.Ctx());
        if (Error err = message.Err()) return err.Is(kClosed) ? Error() : err;
        if (Error err = socket->Send(r.Ctx(), message->data)) return err;
      }
    });
    return mux;
  }

  TestServer server_;
};

void ExpectWebSocket(const Context& ctx, HttpClient& client, const std::string& base) {
  ClientRequest request("GET", base + "/socket");
  request.Header().Set("Upgrade", "websocket");
  request.Header().Set("Sec-WebSocket-Version", "13");
  request.Header().Set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  Result<ClientResponse> response = client.Do(ctx, request);
  ASSERT_TRUE(response.Ok()) << response.Err().Message();
  ASSERT_EQ(response->Status(), 101);
  EXPECT_EQ(response->Header().Get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  Result<Stream> stream = response->TakeStream();
  ASSERT_TRUE(stream.Ok()) << stream.Err().Message();
  EXPECT_FALSE(stream->Write(ctx, std::string("\x81\x85\0\0\0\0hello", 11)));
  EXPECT_EQ(ReadUntil(ctx, *stream, "hello"), "\x81\x05hello");
}

// What holds through any number of proxies at this URL.
void ExpectPasses(const Context& ctx, Origin& origin, const std::string& base) {
  HttpClient client;
  ExpectServed(ctx, client, base);
  ExpectEchoes(ctx, client, base);
  ExpectWebSocket(ctx, client, base);

  Result<ClientResponse> events = client.Get(ctx, base + "/events");
  ASSERT_TRUE(events.Ok()) << events.Err().Message();
  std::string seen;
  std::array<char, 256> piece;
  while (seen.find("first") == std::string::npos) {
    const Result<std::size_t> got = events->Read(ctx, piece);
    ASSERT_TRUE(got.Ok()) << got.Err().Message();
    ASSERT_NE(*got, 0u) << seen;
    seen.append(piece.data(), *got);
  }
  events = Error::New("left");

  Result<ClientResponse> breaks = client.Get(ctx, base + "/breaks");
  EXPECT_FALSE(breaks.Ok() && breaks->Status() == 200 && breaks->ReadAll(ctx).Ok()) << "half a response has passed for a whole one";

  const CancelScope leaves = WithCancel(ctx);
  Group group(ctx);
  group.Go("leaves", [&](const Context&) { EXPECT_FALSE(client.Get(leaves.ctx, base + "/wait").Ok()); });
  EXPECT_FALSE(origin.waiting.Wait(ctx));
  leaves.cancel();
  EXPECT_FALSE(group.Wait());
  const CancelScope limit = WithTimeout(ctx, std::chrono::seconds(20));
  EXPECT_FALSE(origin.left.Wait(limit.ctx)) << "the server does not know that the client has left";
}

// The proxy alone, and ours before it. `start` makes a proxy before the server at this address, and returns its URL.
void TestProxy(const std::function<std::string(const Context&, const std::string& address)>& start) {
  OnLoops(1, [&](const Context& ctx) {
    {
      Origin origin(ctx);
      ExpectPasses(ctx, origin, start(ctx, origin.Address()));
    }
    Origin origin(ctx);
    HttpClient inner;
    UpstreamPool pool(inner, {.addresses = {start(ctx, origin.Address())}});
    ServerOptions options;
    options.address = "127.0.0.1:0";
    TestServer front(ctx, ReverseProxy(pool), options);
    ExpectPasses(ctx, origin, front.Bound());
  });
}

TEST(Proxies, Nginx) {
  const std::string nginx = FindProgram("nginx");
  if (nginx.empty()) WEFT_PROGRAM_IS_MISSING("nginx", "peers");
  std::vector<std::unique_ptr<Folder>> folders;
  std::vector<std::unique_ptr<Process>> servers;
  TestProxy([&](const Context&, const std::string& address) {
    const Folder& folder = *folders.emplace_back(std::make_unique<Folder>());
    fs::permissions(folder.path, fs::perms::all);
    const std::string socket = folder.path + "/nginx.sock";
    const std::string config = folder.Write("nginx.conf", "daemon off; master_process off; pid " + folder.path + "/pid; error_log stderr;\n"
        "events {}\n"
        "http { access_log off; client_max_body_size 0; client_body_temp_path " + folder.path + "/b; proxy_temp_path " + folder.path + "/p; fastcgi_temp_path " +
        folder.path + "/f; uwsgi_temp_path " + folder.path + "/u; scgi_temp_path " + folder.path + "/s;\n"
        "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n"
        "upstream weft { server " + address + "; keepalive 8; }\n"
        "server { listen unix:" + socket + "; location / { proxy_pass http://weft; proxy_http_version 1.1; proxy_request_buffering off;\n"
        "  proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; } } }\n");
    servers.push_back(std::make_unique<Process>(nginx, std::vector<std::string>{"-c", config, "-p", folder.path, "-e", "stderr"}));
    AwaitListener(socket);
    return UnixUrl(socket);
  });
}

TEST(Proxies, HAProxy) {
  const std::string haproxy = FindProgram("haproxy");
  if (haproxy.empty()) WEFT_PROGRAM_IS_MISSING("haproxy", "peers");
  std::vector<std::unique_ptr<Folder>> folders;
  std::vector<std::unique_ptr<Process>> servers;
  TestProxy([&](const Context&, const std::string& address) {
    const Folder& folder = *folders.emplace_back(std::make_unique<Folder>());
    const std::string socket = folder.path + "/haproxy.sock";
    const std::string config = folder.Write("haproxy.cfg",
        "global\n  maxconn 200\n"
        "defaults\n  mode http\n  option abortonclose\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n  timeout tunnel 60s\n"
        "frontend front\n  bind unix@" + socket + "\n  default_backend weft\n"
        "backend weft\n  server one " + address + "\n");
    servers.push_back(std::make_unique<Process>(haproxy, std::vector<std::string>{"-db", "-f", config}));
    AwaitListener(socket);
    return UnixUrl(socket);
  });
}

constexpr const char* kGoProxy = R"(
package main

import ("fmt"; "net"; "net/http"; "net/http/httputil"; "net/url"; "os")

func main() {
	to, _ := url.Parse("http://" + os.Args[1])
	proxy := httputil.NewSingleHostReverseProxy(to)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("http://" + l.Addr().String())
	http.Serve(l, proxy)
}
)";

TEST(Proxies, Go) {
  const std::string go = FindProgram("go");
  if (go.empty()) WEFT_PROGRAM_IS_MISSING("go", "peers");
  const Folder folder;
  const std::string program = BuildGo(go, folder, "proxy", kGoProxy);
  std::vector<std::unique_ptr<Process>> servers;
  TestProxy([&](const Context&, const std::string& address) {
    servers.push_back(std::make_unique<Process>(program, std::vector<std::string>{address}));
    return servers.back()->Line();
  });
}

TEST(Proxies, Weft) {
  struct Proxy {
    Proxy(const Context& ctx, const std::string& address) : pool(client, {.addresses = {address}}), server(ctx, ReverseProxy(pool), Tcp()) {}
    static ServerOptions Tcp() {
      ServerOptions options;
      options.address = "127.0.0.1:0";
      return options;
    }
    HttpClient client;
    UpstreamPool pool;
    TestServer server;
  };
  OnLoops(1, [](const Context& ctx) {
    Origin origin(ctx);
    Proxy inner(ctx, origin.Address());
    Proxy outer(ctx, inner.server.Bound());
    ExpectPasses(ctx, origin, outer.server.Bound());
  });
}

}  // namespace
}  // namespace weft
