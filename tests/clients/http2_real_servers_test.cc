// SPDX-License-Identifier: Apache-2.0
//
// Other people's servers over HTTP/2, and in front of them a proxy of ours.
#include <string>

#include <gtest/gtest.h>

#include <weft/clients/http/http_client.h>

#include "../kit/run.h"
#include "../e2e/process.h"
#include "../kit/missing_program.h"
#include "http_kit.h"
#include "real_servers_kit.h"

namespace weft {
namespace {

TEST(RealServersHttp2, Go) {
  const std::string go = FindProgram("go");
  if (go.empty()) WEFT_PROGRAM_IS_MISSING("go", "peers");
  const Folder folder;
  Process server(BuildGo(go, folder, "server", kGoServer), {"http2"});
  const std::string base = server.Line();
  OnLoops(1, [&](const Context& ctx) {
    HttpClient client({.http2 = true, .tls = {.insecure_skip_verify = true}});
    ExpectServed(ctx, client, base);
    ExpectEchoes(ctx, client, base);
    EXPECT_EQ(client.Get(ctx, base + "/hello")->Version(), std::pair(2, 0));
    ExpectTrailer(ctx, client, base);
    ExpectHints(ctx, client, base);
    Result<ClientResponse> early = client.Post(ctx, base + "/early", "text/plain", std::string(8'000'000, 'x'));
    ASSERT_TRUE(early.Ok()) << early.Err().Message();
    EXPECT_EQ(early->Status(), 413);
    early = Error::New("gone");
    EXPECT_EQ(client.Stats().opened, 1u);
    ExpectServedThroughProxy(ctx, client, base);
  });
}

}  // namespace
}  // namespace weft
