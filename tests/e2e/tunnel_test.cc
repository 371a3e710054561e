// SPDX-License-Identifier: Apache-2.0
//
// The tunnel example as its users run it: a process between a client and a server, each over TCP.
#include <cstdio>
#include <string>
#include <thread>

#include "clients_kit.h"

namespace weft {
namespace {

const std::string kTunnel = std::string(WEFT_EXAMPLES_DIR) + "/tunnel";

std::string WithoutScheme(const std::string& bound) { return bound.substr(std::string("http://").size()); }

// The server behind the tunnel answers with what it was sent.
Error Echo(ResponseWriter& w, Request& r) {
  std::string body = *r.Body().ReadAll();
  return w.Write(std::string(r.Target()) + body);
}

struct TunnelSite {
  TunnelSite() : target(Background(), Echo, Tcp()), tunnel(kTunnel, {"--address", "127.0.0.1:0", "--loops", "2", "--allow", Target()}) {
    const std::string line = tunnel.Line();
    bound = line.substr(std::string("listening on ").size());
  }
  std::string Target() const { return WithoutScheme(target.Bound()); }
  TestClient Open(const std::string& to, int status) const {
    Result<TestClient> client = TestClient::Dial(Background(), bound);
    EXPECT_TRUE(client.Ok());
    EXPECT_FALSE(client->Send(Background(), "CONNECT " + to + " HTTP/1.1\r\nHost: " + to + "\r\n\r\n"));
    const Result<TestResponse> answer = client->ReadResponse(Background(), "CONNECT");
    EXPECT_TRUE(answer.Ok()) << answer.Err().Message();
    EXPECT_EQ(answer.Ok() ? answer->status : 0, status);
    return *std::move(client);
  }
  TestServer target;
  Process tunnel;
  std::string bound;
};

TEST(TunnelExample, CarriesRequestsAndLargeBodiesBothWays) {
  TunnelSite site;
  TestClient client = site.Open(site.Target(), 200);

  EXPECT_EQ(client.Get(Background(), "/1")->body, "/1");
  const std::string body(900'000, 'x');
  EXPECT_TRUE(client.Post(Background(), "/", body)->body == "/" + body);
  client.CloseSend();
  EXPECT_EQ(*client.ReadToEnd(Background()), "");

  site.tunnel.Signal(SIGTERM);
  EXPECT_EQ(site.tunnel.Wait(), 0);
}

TEST(TunnelExample, PassesOnTheEndOfOneDirectionAlone) {
  TunnelSite site;
  TestClient client = site.Open(site.Target(), 200);
  ASSERT_FALSE(client.Send(Background(), "GET /last HTTP/1.1\r\nHost: x\r\n\r\n"));
  client.CloseSend();

  EXPECT_EQ(client.ReadResponse(Background())->body, "/last");
  EXPECT_EQ(*client.ReadToEnd(Background()), "");
}

TEST(TunnelExample, RefusesOtherTargetsAndAllOtherRequests) {
  TunnelSite site;
  site.Open("127.0.0.1:1", 403);
  EXPECT_EQ(Fetch(site.bound, "/").status, 405);

  Process closed(kTunnel, {"--address", "127.0.0.1:0", "--allow", "127.0.0.1:1"});
  site.bound = closed.Line().substr(std::string("listening on ").size());
  site.Open("127.0.0.1:1", 502);  // nobody listens on port 1
}

// A client that we did not write.
TEST(TunnelExample, ServesCurl) {
  WEFT_NEEDS(curl, "curl");
  TunnelSite site;
  Process process(curl, {"--silent", "--show-error", "--proxytunnel", "--proxy", site.bound, "--data", "some text", site.target.Bound() + "/form"});
  EXPECT_EQ(process.Rest(), "/formsome text");
  EXPECT_EQ(process.Wait(), 0) << process.Errors();
}

TEST(TunnelExample, KeepsATunnelInTheDrainUntilItEnds) {
  TunnelSite site;
  TestClient client = site.Open(site.Target(), 200);
  site.tunnel.Signal(SIGTERM);
  EXPECT_EQ(client.Get(Background(), "/still")->body, "/still");
  client.CloseSend();
  EXPECT_EQ(*client.ReadToEnd(Background()), "");
  EXPECT_EQ(site.tunnel.Wait(), 0);
}

}  // namespace
}  // namespace weft
