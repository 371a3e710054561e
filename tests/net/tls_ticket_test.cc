// SPDX-License-Identifier: Apache-2.0
//
// Clients that come back with a ticket: to whom, for how long, and who they are then.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <chrono>
#include <string>
#include <utility>

#include <weft/concurrency/testing.h>
#include <weft/net/internal/tls/ticket_keys.h>

#include "tls_certificates.h"
#include "tls_talk.h"

namespace weft {
namespace {

using internal::TicketKeys;
using Session = internal::TlsSession;

std::shared_ptr<const internal::ClientContext> AnyClientOf(TlsVersion version) {
  auto client = AnyClient();
  if (version == TlsVersion::k12) SSL_CTX_set_max_proto_version(client->ctx, TLS1_2_VERSION);
  return client;
}

Session::Ticket TicketFrom(const Tls& tls,
                           const std::shared_ptr<const internal::ClientContext>& client) {
  TlsConnection c = Connect(tls, client);
  EXPECT_TRUE(c.Done()) << c.server.session->Failure().reason;
  Session::Ticket ticket = c.client.session->TakeTicket();
  EXPECT_NE(ticket, nullptr);
  return ticket;
}

// A failed handshake is not what may happen to a ticket that is not taken.
bool Resumes(const Tls& tls, const std::shared_ptr<const internal::ClientContext>& client,
             Session::Ticket ticket) {
  TlsConnection c = Connect(tls, client, {.ticket = std::move(ticket)});
  EXPECT_TRUE(c.Done()) << c.server.session->Failure().reason;
  EXPECT_EQ(c.server.session->Info().resumed, c.client.session->Info().resumed);
  return c.server.session->Info().resumed;
}

constexpr TlsVersion kVersions[] = {TlsVersion::k12, TlsVersion::k13};

TEST(TlsTicket, BringsAClientBack) {
  const Tls tls = LocalTls();
  for (const TlsVersion version : kVersions) {
    const auto client = AnyClientOf(version);
    EXPECT_TRUE(Resumes(tls, client, TicketFrom(tls, client)));
    EXPECT_FALSE(Resumes(LocalTls(), client, TicketFrom(tls, client))) << "of another server";
    EXPECT_FALSE(Resumes(tls, client, nullptr));
  }
}

TEST(TlsTicket, BringsAClientBackToOneOfSeveralNames) {
  const Tls tls = LoadTls({.certificates = {MakeCertificate({.alternatives = {"DNS:a.example"}}),
                                            MakeCertificate({.alternatives = {"DNS:b.example"}})}});
  for (const TlsVersion version : kVersions) {
    const auto client = AnyClientOf(version);
    TlsConnection first = Connect(tls, client, {.host = "b.example"});
    TlsConnection again =
        Connect(tls, client, {.host = "b.example", .ticket = first.client.session->TakeTicket()});
    ASSERT_TRUE(again.Done()) << again.server.session->Failure().reason;
    EXPECT_TRUE(again.server.session->Info().resumed);
    EXPECT_EQ(again.server.session->Info().server_name, "b.example");
  }
}

TEST(TlsTicket, LivesThroughAReload) {
  TempFolder folder;
  const auto renewed = [&] {
    return folder.Write("a", MakeCertificate({.alternatives = {"DNS:localhost"}}));
  };
  Tls tls = LoadTls({.certificates = {renewed()}});
  for (const TlsVersion version : kVersions) {
    const auto client = AnyClientOf(version);
    Session::Ticket ticket = TicketFrom(tls, client);
    const std::string before = tls.Certificates()[0].sha256;
    renewed();
    ASSERT_FALSE(tls.Reload());
    EXPECT_NE(tls.Certificates()[0].sha256, before);
    EXPECT_TRUE(Resumes(tls, client, std::move(ticket)));
  }
}

TEST(TlsTicket, IsGoodAtAllWhoShareAFileOfKeys) {
  TempFolder folder;
  const std::string first(80, 'a'), second(80, 'b');
  const std::string file = folder.Write("keys", first);
  const TlsServerOptions options{
      .certificates = {MakeCertificate({.alternatives = {"DNS:localhost"}})},
      .ticket_key_file = file};
  for (const TlsVersion version : kVersions) {
    folder.Write("keys", first);
    Tls one = LoadTls(options), other = LoadTls(options);
    const auto client = AnyClientOf(version);
    EXPECT_TRUE(Resumes(other, client, TicketFrom(one, client)));
    Session::Ticket old = TicketFrom(one, client), older = TicketFrom(one, client);
    folder.Write("keys", second + first);
    ASSERT_FALSE(other.Reload());
    EXPECT_TRUE(Resumes(other, client, std::move(old))) << "the old key opens";
    EXPECT_FALSE(Resumes(one, client, TicketFrom(other, client)))
        << "the new one seals, and one does not have it yet";
    folder.Write("keys", second);
    ASSERT_FALSE(other.Reload());
    EXPECT_FALSE(Resumes(other, client, std::move(older))) << "the old key is gone";
  }
}

TEST(TlsTicket, KeysTakeTurnsEachDay) {
  Error err = RunTest([](const Context& ctx) {
    auto keys = *TicketKeys::InMemory();
    const internal::TicketKey first = keys->Sealing();
    ASSERT_FALSE(Sleep(ctx, std::chrono::hours(23)));
    EXPECT_EQ(keys->Sealing().name, first.name);
    ASSERT_FALSE(Sleep(ctx, std::chrono::hours(1)));
    EXPECT_TRUE(keys->Find(first.name).has_value());
    EXPECT_FALSE(keys->Find(first.name)->newest);
    const internal::TicketKey second = keys->Sealing();
    EXPECT_NE(second.name, first.name);
    EXPECT_NE(second.cipher, first.cipher);
    EXPECT_NE(second.mac, first.mac);
    EXPECT_TRUE(keys->Find(second.name)->newest);
    ASSERT_FALSE(Sleep(ctx, std::chrono::hours(23)));
    EXPECT_TRUE(keys->Find(first.name).has_value()) << "for a ticket of its last hour";
    ASSERT_FALSE(Sleep(ctx, std::chrono::hours(1)));
    EXPECT_FALSE(keys->Find(first.name).has_value());
    EXPECT_TRUE(keys->Find(second.name).has_value());
    ASSERT_FALSE(Sleep(ctx, std::chrono::hours(1000)));
    EXPECT_FALSE(keys->Find(second.name).has_value());
    EXPECT_FALSE(keys->Find(internal::TicketKey{}.name).has_value());
  });
  EXPECT_FALSE(err) << err.Message();
}

TEST(TlsTicket, IsGoodForADayAfterItsKeyHasLostItsTurn) {
  Error err = RunTest([](const Context& ctx) {
    for (const TlsVersion version : kVersions) {
      const Tls tls = LocalTls();
      const auto client = AnyClientOf(version);
      Session::Ticket one = TicketFrom(tls, client), other = TicketFrom(tls, client);
      ASSERT_FALSE(Sleep(ctx, std::chrono::hours(25)));
      TlsConnection c = Connect(tls, client, {.ticket = std::move(one)});
      EXPECT_TRUE(c.server.session->Info().resumed);
      Session::Ticket renewed = c.client.session->TakeTicket();
      ASSERT_NE(renewed, nullptr);
      ASSERT_FALSE(Sleep(ctx, std::chrono::hours(23)));
      EXPECT_TRUE(Resumes(tls, client, std::move(renewed)));
      EXPECT_FALSE(Resumes(tls, client, std::move(other)));
    }
  });
  EXPECT_FALSE(err) << err.Message();
}

class TlsTicketOfAClient : public ::testing::Test {
 protected:
  TlsServerOptions Options(const std::string& ca_pem,
                           ClientAuth auth = ClientAuth::kRequire) const {
    return {.certificates = {server_},
            .client_ca_pem = ca_pem,
            .client_auth = auth,
            .ticket_key_file = keys_};
  }

  TempFolder folder_;
  const std::string keys_ = folder_.Write("keys", std::string(80, 'k'));
  const TlsCertificate server_ = MakeCertificate({.alternatives = {"DNS:localhost"}});
  const TlsCertificate ca_ = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate other_ca_ = MakeCertificate({.common_name = "other", .ca = true});
  const TlsCertificate mine_ = MakeCertificate({.common_name = "me", .issuer = &ca_});
};

TEST_F(TlsTicketOfAClient, BringsItsIdentityAlong) {
  const Tls tls = LoadTls(Options(ca_.certificate_pem));
  for (const TlsVersion version : kVersions) {
    const auto client = LoadClient({.certificate = mine_, .insecure_skip_verify = true});
    if (version == TlsVersion::k12) SSL_CTX_set_max_proto_version(client->ctx, TLS1_2_VERSION);
    TlsConnection c = Connect(tls, client, {.ticket = TicketFrom(tls, client)});
    ASSERT_TRUE(c.Done()) << c.server.session->Failure().reason;
    EXPECT_TRUE(c.server.session->Info().resumed);
    ASSERT_TRUE(c.server.session->Info().peer_certificate.has_value());
    EXPECT_EQ(c.server.session->Info().peer_certificate->subject, "CN=me");
  }
}

// Else a client would go on for a day whom nobody trusts any more.
TEST_F(TlsTicketOfAClient, DoesNotCountWhereOthersAreTrusted) {
  const auto client = LoadClient({.certificate = mine_, .insecure_skip_verify = true});
  const Tls tls = LoadTls(Options(ca_.certificate_pem));
  EXPECT_TRUE(Resumes(tls, client, TicketFrom(tls, client)));
  EXPECT_FALSE(Resumes(LoadTls(Options(ca_.certificate_pem + other_ca_.certificate_pem)), client,
                       TicketFrom(tls, client)));
  TlsConnection c = Connect(LoadTls(Options(other_ca_.certificate_pem)), client,
                            {.ticket = TicketFrom(tls, client)});
  EXPECT_FALSE(c.server.session->HandshakeDone());
}

// The same server, whose administrator has changed the file: for others, and then to let the first ones in again.
TEST_F(TlsTicketOfAClient, DoesNotCountAfterAReloadThatTrustsOthers) {
  const std::string cas = folder_.Write("cas", ca_.certificate_pem);
  TlsServerOptions options = Options("");
  options.client_ca_pem = "";
  options.client_ca_file = cas;
  for (const TlsVersion version : kVersions) {
    folder_.Write("cas", ca_.certificate_pem);
    Tls tls = LoadTls(options);
    const auto make = [version](const TlsCertificate& shown) {
      auto client = LoadClient({.certificate = shown, .insecure_skip_verify = true});
      if (version == TlsVersion::k12) SSL_CTX_set_max_proto_version(client->ctx, TLS1_2_VERSION);
      return client;
    };
    const auto client = make(mine_);
    TlsConnection open = Connect(tls, client);
    Session::Ticket ticket = TicketFrom(tls, client), late = TicketFrom(tls, client);

    folder_.Write("cas", other_ca_.certificate_pem);
    ASSERT_FALSE(tls.Reload());

    EXPECT_FALSE(Connect(tls, client, {.ticket = std::move(ticket)}).server.session->HandshakeDone());
    const auto other = make(MakeCertificate({.common_name = "they", .issuer = &other_ca_}));
    EXPECT_TRUE(Resumes(tls, other, TicketFrom(tls, other)));
    ASSERT_TRUE(open.client.Write("still here"));
    Talk(open.client, open.server);
    EXPECT_EQ(open.server.read, "still here");

    folder_.Write("cas", ca_.certificate_pem);
    ASSERT_FALSE(tls.Reload());
    EXPECT_TRUE(Resumes(tls, client, std::move(late)));
  }
}

TEST_F(TlsTicketOfAClient, DoesNotTakeTheWayAroundItsCertificate) {
  const auto nobody = AnyClient();
  const Tls open = LoadTls({.certificates = {server_}, .ticket_key_file = keys_});
  const Tls asks = LoadTls(Options(ca_.certificate_pem, ClientAuth::kRequest));
  for (const Tls* from : {&open, &asks}) {
    TlsConnection c = Connect(LoadTls(Options(ca_.certificate_pem)), nobody,
                              {.ticket = TicketFrom(*from, nobody)});
    EXPECT_FALSE(c.server.session->HandshakeDone());
    EXPECT_EQ(c.server.session->Failure().kind, internal::TlsFailure::Kind::kPeerCertificate);
  }
}

TEST_F(TlsTicketOfAClient, EndsWithTheClientsCertificate) {
  // A server that took it while it was good. For the other one, which looks at the dates, it has
  // expired.
  const Tls before = LoadTls(Options(ca_.certificate_pem));
  SSL_CTX_set_verify(internal::TlsAccess::Current(before)->Default(), SSL_VERIFY_PEER,
                     [](int, X509_STORE_CTX*) { return 1; });
  const TlsCertificate old = MakeCertificate(
      {.common_name = "me", .from_seconds = -100, .until_seconds = -50, .issuer = &ca_});
  const TlsCertificate files = folder_.Write("old", old);
  const auto client = AnyClient();
  ASSERT_EQ(SSL_CTX_use_certificate_chain_file(client->ctx, files.certificate_file.c_str()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey_file(client->ctx, files.key_file.c_str(), SSL_FILETYPE_PEM), 1);

  TlsConnection c = Connect(LoadTls(Options(ca_.certificate_pem)), client,
                            {.ticket = TicketFrom(before, client)});
  EXPECT_FALSE(c.server.session->HandshakeDone()) << "resumed, though the certificate has expired";
  EXPECT_STREQ(c.server.session->Failure().reason, "certificate has expired");
}

}  // namespace
}  // namespace weft
