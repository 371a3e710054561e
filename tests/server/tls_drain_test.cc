// SPDX-License-Identifier: Apache-2.0
//
// What clients over TLS are told when the server ends: a FIN alone could be anybody's.
#include <weft/http/internal/http2/session.h>

#include "tls_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The client's side of one that has said nothing since.
void ExpectCloseNotify(const Context& ctx, TestClient& client) {
  const Result<std::string> rest = client.ReadToEnd(ctx);
  ASSERT_TRUE(rest.Ok()) << rest.Err().Message();
  EXPECT_EQ(*rest, "");
  EXPECT_TRUE(client.SawCloseNotify());
}

TEST(TlsDrain, SendsCloseNotifyToIdleConnections) {
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    TestClient idle = Connected(ctx, site), silent = Connected(ctx, site);
    EXPECT_EQ(idle.Get(ctx, "/")->body, "x");
    (void)Sleep(ctx, seconds(5));  // so that nobody is about to speak
    const TimePoint begin = Now();

    site.server().BeginDrain();

    ExpectCloseNotify(ctx, idle);
    ExpectCloseNotify(ctx, silent);
    EXPECT_LE(Now() - begin, milliseconds(200));
    EXPECT_FALSE(site.Stop());
  });
}

TEST(TlsDrain, SendsCloseNotifyAfterTheLastResponse) {
  Virtually([](const Context& ctx) {
    Site site(ctx, [](ResponseWriter& w, Request& r) -> Error {
      if (Error err = Sleep(r.Ctx(), seconds(2))) return err;
      return w.Write("late");
    }, WithTls());
    TestClient client = Connected(ctx, site);
    ASSERT_FALSE(client.Send(ctx, kGet));
    (void)Sleep(ctx, seconds(1));

    site.server().BeginDrain();

    const Result<TestResponse> response = client.ReadResponse(ctx);
    ASSERT_TRUE(response.Ok()) << response.Err().Message();
    EXPECT_EQ(response->body, "late");
    EXPECT_EQ(response->Header("Connection"), "close");
    ExpectCloseNotify(ctx, client);
    EXPECT_FALSE(site.Stop());
  });
}

TEST(TlsDrain, SendsCloseNotifyToIdleHttp2Connections) {
  if (!internal::http2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2";
  Virtually([](const Context& ctx) {
    Site site(ctx, Say("x"), WithTls());
    TestClient client = *TestClient::DialHttp2(ctx, site.server().Bound(), Trusting());
    EXPECT_EQ(client.Get(ctx, "/")->body, "x");
    (void)Sleep(ctx, seconds(5));

    site.server().BeginDrain();

    ExpectCloseNotify(ctx, client);
    EXPECT_FALSE(site.Stop());
  });
}

}  // namespace
}  // namespace weft
