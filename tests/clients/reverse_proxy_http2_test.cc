// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/reverse_proxy.h>

#include <gtest/gtest.h>

#include <string>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/testing.h>
#include <weft/server/test_network.h>
#include <weft/server/testing.h>

namespace weft {
namespace {

// In HTTP/2 a body needs no field that says so.
TEST(ReverseProxy, PassesABodyOnThatCameByHttp2) {
  const Error failure = RunTest([](const Context& ctx) -> Error {
    TestNetwork network(ctx);
    network.Serve("http://a.internal", [](ResponseWriter& w, Request& r) -> Error {
      const Result<std::string> body = r.Body().ReadAll();
      if (body.Err()) return body.Err();
      return w.Write(std::string(r.Method()) + " " + *body);
    });
    HttpClient inner(network.ClientOptions());
    UpstreamPool pool(inner, {.addresses = {"a.internal"}});
    ServerOptions options;
    options.http2_cleartext = true;
    TestServer front(ctx, ReverseProxy(pool), options);
    Result<TestClient> client = front.ConnectHttp2(ctx);
    if (Error err = client.Err()) return err;
    EXPECT_EQ(client->Do(ctx, "PUT", "/", "transfer-encoding: chunked\r\n", "4\r\ntext\r\n0\r\n\r\n")->body, "PUT text");
    EXPECT_EQ(client->Do(ctx, "PUT", "/", {}, "text")->body, "PUT text");
    EXPECT_EQ(client->Get(ctx, "/")->body, "GET ");
    return {};
  });
  EXPECT_FALSE(failure) << failure.Message();
}

}  // namespace
}  // namespace weft
