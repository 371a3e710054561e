// SPDX-License-Identifier: Apache-2.0
//
// Other people's servers, in plain: what they send is taken, connections are kept, and they are behind the proxy and before it.
#include <cstdlib>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>
#include <weft/handlers/proxy/reverse_proxy.h>
#include <weft/server/testing.h>

#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "http_kit.h"
#include "real_servers_kit.h"

namespace weft {
namespace {

// What all of them serve: /hello a short text, /big five megabytes, /echo the body of the request.
constexpr const char* kNodeServer = R"(
const http = require('http');
const server = http.createServer((q, s) => {
  if (q.url === '/hello') return s.end('hello');
  if (q.url === '/big') { for (let i = 0; i < 50; i++) s.write('x'.repeat(100000)); return s.end(); }
  if (q.url === '/trailer') { s.setHeader('Trailer', 'Sum'); s.write('body'); s.addTrailers({Sum: '4'}); return s.end(); }
  if (q.url === '/hints') { s.writeEarlyHints({link: '</a>'}); return s.end('hints'); }
  if (q.url === '/upgrade') return s.end('no');
  q.pipe(s);
});
server.on('upgrade', (q, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  socket.pipe(socket);
});
server.listen(0, '127.0.0.1', () => console.log('http://127.0.0.1:' + server.address().port));
)";

constexpr const char* kGoServer = R"(
package main

import ("fmt"; "io"; "net"; "net/http"; "strings")

func main() {
	http.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") })
	http.HandleFunc("/big", func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < 50; i++ { io.WriteString(w, strings.Repeat("x", 100000)) }
	})
	http.HandleFunc("/trailer", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum"); io.WriteString(w, "body"); w.Header().Set("Sum", "4")
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { body, _ := io.ReadAll(r.Body); w.Write(body) })
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	fmt.Println("http://" + l.Addr().String())
	http.Serve(l, nil)
}
)";

// The same through a proxy of ours.
void ExpectServedThroughProxy(const Context& ctx, const std::string& base) {
  HttpClient inner;
  UpstreamPool pool(inner, {.addresses = {base}});
  ServerOptions options;
  options.address = "127.0.0.1:0";
  TestServer front(ctx, ReverseProxy(pool), options);
  HttpClient client;
  ExpectServed(ctx, client, front.Bound());
  ExpectEchoes(ctx, client, front.Bound());
}

TEST(RealServers, Node) {
  const std::string node = FindProgram("node");
  if (node.empty()) WEFT_PROGRAM_IS_MISSING("node", "clients");
  const Folder folder;
  Process server(node, {folder.Write("server.js", kNodeServer)});
  const std::string base = server.Line();
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client;
    ExpectServed(ctx, client, base);
    EXPECT_EQ(client.Stats().opened, 1u);
    ExpectEchoes(ctx, client, base);
    Result<ClientResponse> trailer = client.Get(ctx, base + "/trailer");
    EXPECT_EQ(*trailer->ReadAll(ctx), "body");
    EXPECT_EQ(trailer->Trailer().Get("Sum"), "4");
    int hints = 0;
    ClientRequest request("GET", base + "/hints");
    request.OnInterim([&](int status, const Fields&) { hints = status; });
    EXPECT_EQ(*client.Do(ctx, request)->ReadAll(ctx), "hints");
    EXPECT_EQ(hints, 103);
    ClientRequest upgrade("GET", base + "/upgrade");
    upgrade.Header().Set("Upgrade", "websocket");
    Result<Stream> stream = client.Do(ctx, upgrade)->TakeStream();
    ASSERT_TRUE(stream.Ok()) << stream.Err().Message();
    EXPECT_FALSE(stream->Write(ctx, "ping"));
    std::array<char, 10> piece;
    EXPECT_EQ(*stream->Read(ctx, piece), 4u);
    ExpectServedThroughProxy(ctx, base);
  });
}

TEST(RealServers, Go) {
  const std::string go = FindProgram("go");
  if (go.empty()) WEFT_PROGRAM_IS_MISSING("go", "peers");
  const Folder folder;
  const std::string source = folder.Write("server.go", kGoServer);
  const std::string program = folder.path + "/server";
  setenv("GOCACHE", (fs::temp_directory_path() / "weft-go-cache").c_str(), 0);
  setenv("HOME", folder.path.c_str(), 0);
  {
    Process build(go, {"build", "-o", program, source});
    ASSERT_EQ(build.Wait(), 0);
  }
  Process server(program, {});
  const std::string base = server.Line();
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client;
    ExpectServed(ctx, client, base);
    EXPECT_EQ(client.Stats().opened, 1u);
    Result<ClientResponse> trailer = client.Get(ctx, base + "/trailer");
    EXPECT_EQ(*trailer->ReadAll(ctx), "body");
    EXPECT_EQ(trailer->Trailer().Get("Sum"), "4");
    ExpectEchoes(ctx, client, base);
    ExpectServedThroughProxy(ctx, base);
  });
}

TEST(RealServers, H2o) {
  const std::string h2o = FindProgram("h2o");
  if (h2o.empty()) WEFT_PROGRAM_IS_MISSING("h2o", "bench");
  const Folder folder;
  fs::permissions(folder.path, fs::perms::all);
  folder.Write("hello", "hello");
  folder.Write("big", std::string(5'000'000, 'x'));
  const std::string socket = folder.path + "/h2o.sock";
  const std::string user = geteuid() == 0 ? "user: root\n" : "";
  Process server(h2o, {"-c", folder.Write("h2o.conf", user + "listen:\n  port: " + socket + "\n  type: unix\nhosts:\n  default:\n    paths:\n      \"/\":\n        file.dir: " + folder.path + "\n")});
  AwaitListener(socket);
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client;
    ExpectServed(ctx, client, UnixUrl(socket));
    EXPECT_EQ(client.Get(ctx, UnixUrl(socket) + "/missing")->Status(), 404);
    EXPECT_EQ(client.Stats().opened, 1u);
  });
}

// On a unix socket, so that no port has to be chosen.
TEST(RealServers, Nginx) {
  const std::string nginx = FindProgram("nginx");
  if (nginx.empty()) WEFT_PROGRAM_IS_MISSING("nginx", "peers");
  const Folder folder;
  fs::permissions(folder.path, fs::perms::all);
  folder.Write("hello", "hello");
  folder.Write("big", std::string(5'000'000, 'x'));
  const std::string socket = folder.path + "/nginx.sock";
  const std::string config = folder.Write("nginx.conf", "daemon off; master_process off; pid " + folder.path + "/pid; error_log stderr;\n"
      "events {}\n"
      "http { access_log off; client_body_temp_path " + folder.path + "/b; proxy_temp_path " + folder.path + "/p; fastcgi_temp_path " + folder.path +
      "/f; uwsgi_temp_path " + folder.path + "/u; scgi_temp_path " + folder.path + "/s;\n"
      "server { listen unix:" + socket + "; root " + folder.path + "; keepalive_requests 5; } }\n");
  Process server(nginx, {"-c", config, "-p", folder.path, "-e", "stderr"});
  AwaitListener(socket);
  const std::string base = UnixUrl(socket);
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client;
    for (int i = 0; i < 5; ++i) ExpectServed(ctx, client, base);
    EXPECT_EQ(client.Get(ctx, base + "/missing")->Status(), 404);
    EXPECT_EQ(client.Stats().opened, 46u / 5 + 1);
    HttpClient inner;
    UpstreamPool pool(inner, {.addresses = {base}});
    ServerOptions options;
    options.address = "127.0.0.1:0";
    TestServer front(ctx, ReverseProxy(pool), options);
    HttpClient outer;
    for (int i = 0; i < 5; ++i) ExpectServed(ctx, outer, front.Bound());
  });
}

}  // namespace
}  // namespace weft
