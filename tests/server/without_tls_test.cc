// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <weft/concurrency/testing.h>
#include <weft/net/internal/tls/client_context.h>
#include <weft/net/tls.h>
#include <weft/server/testing.h>

namespace weft {
namespace {

TEST(WithoutTls, LoadFailsAndSaysSo) {
  const std::string expected =
      "weft was built without TLS: build it with -DWEFT_TLS=ON, for which it needs OpenSSL";
  EXPECT_EQ(Tls::Load({}).Err().Message(), expected);
  EXPECT_EQ(Tls::SelfSigned({"localhost"}).Err().Message(), expected);
  EXPECT_EQ(internal::ClientContext::Load({}).Err().Message(), expected);
}

TEST(WithoutTls, PlainTextIsServedAsEver) {
  const Error err = RunTest([](const Context& ctx) -> Error {
    TestServer server(ctx, [](ResponseWriter& w, Request& r) {
      return w.Write(r.Tls() == nullptr && !r.Secure() ? "plain" : "TLS");
    });
    Result<TestClient> client = server.Connect(ctx);
    if (Error failed = client.Err()) return failed;
    const Result<TestResponse> response = client->Get(ctx, "/");
    if (Error failed = response.Err()) return failed;
    EXPECT_EQ(response->body, "plain");
    return server.Stop();
  });
  EXPECT_FALSE(err) << err.Message();
}

}  // namespace
}  // namespace weft
