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

#include "../kit/run.h"
#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "http_kit.h"
#include "real_servers_kit.h"

namespace weft {
namespace {

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
    ExpectTrailer(ctx, client, base);
    ExpectHints(ctx, client, base);
    ClientRequest upgrade("GET", base + "/upgrade");
    upgrade.Header().Set("Upgrade", "websocket");
    Result<Stream> stream = client.Do(ctx, upgrade)->TakeStream();
    ASSERT_TRUE(stream.Ok()) << stream.Err().Message();
    EXPECT_FALSE(stream->Write(ctx, "ping"));
    std::array<char, 10> piece;
    EXPECT_EQ(*stream->Read(ctx, piece), 4u);
    ExpectServedThroughProxy(ctx, client, base);
  });
}

TEST(RealServers, Go) {
  const std::string go = FindProgram("go");
  if (go.empty()) WEFT_PROGRAM_IS_MISSING("go", "peers");
  const Folder folder;
  Process server(BuildGo(go, folder, "server", kGoServer), {});
  const std::string base = server.Line();
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client;
    ExpectServed(ctx, client, base);
    EXPECT_EQ(client.Stats().opened, 1u);
    ExpectTrailer(ctx, client, base);
    ExpectHints(ctx, client, base);
    ExpectEchoes(ctx, client, base);
    ExpectServedThroughProxy(ctx, client, base);
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
