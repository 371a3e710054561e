// SPDX-License-Identifier: Apache-2.0
//
// The last bytes of a hijacked stream, when its handler has closed it: the kernel goes on sending what it has, and so does a layer above it.
#include <cstdint>
#include <string>
#include <vector>

#include <weft/server/server_stats.h>

#include "hijack_kit.h"

namespace weft {
namespace {

using std::chrono::seconds;

// Over TLS or not.
class HijackedTail : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam() && !TlsExists()) GTEST_SKIP() << "built without TLS";
  }
  static ServerOptions Options() {
    ServerOptions options;
    if (GetParam()) options.tls = TestCertificate();
    return options;
  }
  static Client Connected(const Context& ctx, const Site& site) {
    if (!GetParam()) return site.Connect();
    return {ctx, *TestClient::DialTls(ctx, site.server().Bound(), {.ca_pem = TestCertificate().Certificates().front().pem, .server_name = "test"})};
  }
  static Client Upgraded(const Context& ctx, const Site& site) {
    Client client = Connected(ctx, site);
    client.Send(kUpgrade);
    EXPECT_EQ(client.ReadResponse().status, 101);
    return client;
  }
  // Up to the client's end, which is how many bytes it wants.
  static Error WriteAsManyAsAskedFor(Stream& stream) {
    const Result<std::string> size = AllOf(stream);
    if (Error err = size.Err()) return err;
    return stream.Write(Pattern(std::stoul(*size)));
  }
};

// From what the socket takes at once to more than it and a layer hold together.
TEST_P(HijackedTail, ReachesAClientThatHasClosedItsSideAndReadsLate) {
  Virtually([](const Context& ctx) {
    Site site(ctx, AfterSwitch([](Stream& stream, ResponseWriter&, Request&) { return WriteAsManyAsAskedFor(stream); }), Options());
    for (std::size_t size = 32 * 1024; size <= 512 * 1024; size += 16 * 1024) {
      Client client = Upgraded(ctx, site);
      client.Send(std::to_string(size));
      client.raw().CloseSend();
      (void)Sleep(ctx, seconds(7));

      const std::string all = client.ToEnd();

      EXPECT_EQ(all.size(), size);
      EXPECT_TRUE(all == Pattern(size));
      if (GetParam()) {
        EXPECT_TRUE(client.raw().SawCloseNotify()) << size;
      }
    }
    EXPECT_FALSE(site.Stop());
  });
}

TEST_P(HijackedTail, IsNotWaitedForWithoutEnd) {
  Virtually([](const Context& ctx) {
    ServerOptions options = Options();
    options.linger_timeout = seconds(20);
    std::uint64_t writing = 0;
    Site site(ctx, AfterSwitch([&](Stream& stream, ResponseWriter&, Request&) {
      ++writing;
      const Error err = WriteAsManyAsAskedFor(stream);
      --writing;
      return err;
    }), options);
    std::vector<Client> clients;
    for (std::size_t size = 32 * 1024; size <= 256 * 1024; size += 16 * 1024) {
      clients.push_back(Upgraded(ctx, site));
      clients.back().Send(std::to_string(size));
      clients.back().raw().CloseSend();
    }
    (void)Sleep(ctx, seconds(21));

    ASSERT_EQ(ListServers().size(), 1u);
    EXPECT_EQ(ListServers().front().connections, writing);
    EXPECT_LT(writing, clients.size());
  });
}

INSTANTIATE_TEST_SUITE_P(Layers, HijackedTail, ::testing::Bool(), [](const auto& row) { return std::string(row.param ? "Tls" : "Plain"); });

}  // namespace
}  // namespace weft
