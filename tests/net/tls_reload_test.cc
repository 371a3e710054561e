// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weft/concurrency/group.h>
#include <weft/concurrency/testing.h>

#include "tls_certificates.h"
#include "tls_talk.h"

namespace weft {
namespace {

class TlsReload : public ::testing::Test {
 protected:
  TlsCertificate Renew(const std::string& common_name) const {
    return folder_.Write(
        "a", MakeCertificate({.common_name = common_name, .alternatives = {"DNS:localhost"}}));
  }
  static std::string Subject(const Tls& tls) { return tls.Certificates().at(0).subject; }
  static std::string ShownBy(const Tls& tls) {
    return Connect(tls, AnyClient()).client.session->Info().peer_certificate->subject;
  }

  TempFolder folder_;
};

TEST_F(TlsReload, ShowsTheNewCertificateToNewConnections) {
  Tls tls = LoadTls({.certificates = {Renew("old")}});
  const Tls copy = tls;
  TlsConnection open = Connect(tls, AnyClient());
  TlsSide late(internal::TlsSession::Server(internal::TlsAccess::Current(tls), nullptr));
  Renew("new");
  EXPECT_EQ(ShownBy(tls), "CN=old");
  ASSERT_FALSE(tls.Reload());
  EXPECT_EQ(ShownBy(tls), "CN=new");
  EXPECT_EQ(ShownBy(copy), "CN=new");
  EXPECT_EQ(Subject(copy), "CN=new");

  ASSERT_TRUE(open.client.Write("still here"));
  Talk(open.client, open.server);
  EXPECT_EQ(open.server.read, "still here");
  TlsSide client(*internal::TlsSession::Client(AnyClient(), "localhost", {}));
  client.Start();
  Talk(client, late);
  ASSERT_TRUE(client.session->HandshakeDone()) << "a connection that had begun before";
  EXPECT_EQ(client.session->Info().peer_certificate->subject, "CN=old");
}

TEST_F(TlsReload, ConnectionsOutliveTheHandle) {
  std::optional<Tls> tls = LoadTls({.certificates = {Renew("a")}});
  TlsConnection c = Connect(*tls, AnyClient());
  TlsSide late(internal::TlsSession::Server(internal::TlsAccess::Current(*tls), nullptr));
  tls.reset();
  ASSERT_TRUE(c.server.Write("x"));
  Talk(c.server, c.client);
  EXPECT_EQ(c.client.read, "x");
  TlsSide client(*internal::TlsSession::Client(AnyClient(), "localhost", {}));
  client.Start();
  Talk(client, late);
  EXPECT_TRUE(client.session->HandshakeDone());
}

TEST_F(TlsReload, KeepsEverythingIfAnythingIsBad) {
  const TlsCertificate ca = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsServerOptions options{
      .certificates = {Renew("old"), folder_.Write("b", MakeCertificate({.common_name = "b"}))},
      .client_ca_file = folder_.Write("ca", ca.certificate_pem),
      .client_auth = ClientAuth::kRequest,
      .ticket_key_file = folder_.Write("keys", std::string(80, 'x'))};
  Tls tls = LoadTls(options);
  Renew("new");
  const struct {
    const char* file;
    std::string good;
  } files[] = {{"b.pem", ""}, {"b.key", ""}, {"ca", ""}, {"keys", ""}};
  for (const auto& file : files) {
    const std::string path = folder_.Path(file.file);
    std::filesystem::rename(path, path + ".good");
    folder_.Write(file.file, "bad");
    const Error err = tls.Reload();
    EXPECT_THAT(err.Message(), ::testing::HasSubstr(path));
    EXPECT_EQ(Subject(tls), "CN=old");
    EXPECT_EQ(ShownBy(tls), "CN=old");
    std::filesystem::rename(path + ".good", path);
  }
  ASSERT_FALSE(tls.Reload());
  EXPECT_EQ(ShownBy(tls), "CN=new");
}

TEST_F(TlsReload, MakesASelfSignedCertificateAnew) {
  Tls tls = LocalTls();
  const std::string before = tls.Certificates()[0].sha256;
  ASSERT_FALSE(tls.Reload());
  EXPECT_NE(tls.Certificates()[0].sha256, before);
}

TEST_F(TlsReload, HappensWhenAFileHasChanged) {
  using std::chrono::minutes;
  Tls tls = LoadTls({.certificates = {Renew("old")}});
  Renew("between");  // before anybody looks
  const Error ended = RunTest([&](const Context& ctx) {
    std::vector<std::string> outcomes;
    Group group(ctx);
    Error returned;
    group.Go("reload", [&](const Context& in) {
      returned = ReloadOnChange(in, tls, minutes(1),
                                [&](const Error& err) { outcomes.push_back(err.Message()); });
    });
    ASSERT_FALSE(Sleep(ctx, minutes(1) + std::chrono::seconds(1)));
    EXPECT_EQ(Subject(tls), "CN=between");
    ASSERT_FALSE(Sleep(ctx, minutes(10)));
    EXPECT_EQ(outcomes, std::vector<std::string>{""}) << "nothing has changed";

    folder_.Write("a.key", "half writ");
    ASSERT_FALSE(Sleep(ctx, minutes(2)));
    ASSERT_EQ(outcomes.size(), 3u) << "each time, as long as it fails";
    EXPECT_THAT(outcomes.back(), ::testing::HasSubstr("a.key: is not PEM"));
    EXPECT_EQ(Subject(tls), "CN=between");

    Renew("new");
    ASSERT_FALSE(Sleep(ctx, minutes(5)));
    ASSERT_EQ(outcomes.size(), 4u);
    EXPECT_EQ(outcomes.back(), "");
    EXPECT_EQ(Subject(tls), "CN=new");
    group.Cancel();
    EXPECT_FALSE(group.Wait());
    EXPECT_TRUE(returned.Is(kCanceled));
  });
  EXPECT_FALSE(ended) << ended.Message();
}

TEST_F(TlsReload, SaysOnceOnStderrWhyItFailsWithoutAnObserver) {
  using std::chrono::minutes;
  Tls tls = LoadTls({.certificates = {Renew("old")}});
  EXPECT_FALSE(tls.LastReload());
  testing::internal::CaptureStderr();
  const Error ended = RunTest([&](const Context& ctx) {
    Group group(ctx);
    group.Go("reload", [&](const Context& in) { static_cast<void>(ReloadOnChange(in, tls, minutes(1))); });
    folder_.Write("a.key", "half writ");
    ASSERT_FALSE(Sleep(ctx, minutes(5)));
    EXPECT_THAT(tls.LastReload().Message(), ::testing::HasSubstr("a.key: is not PEM"));
    EXPECT_EQ(Subject(tls), "CN=old");

    Renew("new");
    ASSERT_FALSE(Sleep(ctx, minutes(2)));
    EXPECT_FALSE(tls.LastReload());

    std::filesystem::remove(folder_.Path("a.pem"));
    ASSERT_FALSE(Sleep(ctx, minutes(5)));
    group.Cancel();
    EXPECT_FALSE(group.Wait());
  });
  const std::string reported = testing::internal::GetCapturedStderr();
  EXPECT_FALSE(ended) << ended.Message();
  EXPECT_EQ(std::count(reported.begin(), reported.end(), '\n'), 2) << reported;
  EXPECT_THAT(reported, ::testing::StartsWith("weft: the certificates could not be reloaded, the old ones stay in use: "));
  EXPECT_THAT(reported, ::testing::HasSubstr("a.key: is not PEM"));
}

// Under ThreadSanitizer this is worth more.
TEST_F(TlsReload, DisturbsNoHandshakeOfOtherThreads) {
  Tls tls = LoadTls({.certificates = {Renew("a")}});
  constexpr int kReloads = 30;
  std::atomic<bool> stop = false;
  std::atomic<int> failed = 0, done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      const auto client = AnyClient();
      internal::TlsSession::Ticket ticket;
      while (!stop) {
        TlsConnection c = Connect(tls, client, {.ticket = std::move(ticket)});
        c.client.Write("x");
        Talk(c.client, c.server);
        ++(c.Done() && c.server.read == "x" ? done : failed);
        ticket = c.client.session->TakeTicket();
      }
    });
  }
  for (int i = 0; i < kReloads; ++i) {
    EXPECT_FALSE(tls.Reload());
    EXPECT_EQ(tls.Certificates().size(), 1u);
  }
  while (done < 10 && failed == 0) std::this_thread::yield();
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace weft
