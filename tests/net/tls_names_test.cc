// SPDX-License-Identifier: Apache-2.0
//
// Several certificates, chosen by the name that a client asks for; and what a client takes for the
// server it wanted.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

#include <weft/net/internal/tls/server_names.h>

#include "tls_certificates.h"
#include "tls_talk.h"

namespace weft {
namespace {

// The common name of the certificate that a client of this name is shown.
std::string ShownTo(const Tls& tls, const std::string& host,
                    const std::shared_ptr<const internal::ClientContext>& client = AnyClient()) {
  TlsConnection c = Connect(tls, client, {.host = host});
  if (!c.Done()) return std::string("failed: ") + c.server.session->Failure().reason;
  return c.client.session->Info().peer_certificate->subject.substr(3);
}

TlsCertificate Named(const std::string& common_name, std::vector<std::string> dns_names,
                     int rsa_bits = 0) {
  for (std::string& name : dns_names) name = "DNS:" + name;
  return MakeCertificate(
      {.common_name = common_name, .alternatives = std::move(dns_names), .rsa_bits = rsa_bits});
}

TEST(TlsNames, ChooseTheCertificate) {
  const Tls tls =
      LoadTls({.certificates = {Named("first", {"first.example"}),
                                Named("exact", {"www.a.example", "A.Example"}),
                                Named("wild", {"*.a.example"}), Named("again", {"www.a.example"}),
                                Named("old.example", {})}});
  struct Case {
    const char* host;
    const char* shown;
  };
  const Case cases[] = {
      {"first.example", "first"},  {"www.a.example", "exact"},   {"WWW.A.EXAMPLE", "exact"},
      {"www.a.example.", "exact"}, {"a.example", "exact"},       {"b.a.example", "wild"},
      {"x.b.a.example", "first"},  {"unknown.example", "first"}, {"old.example", "old.example"},
      {"127.0.0.1", "first"},      {"example", "first"},
  };
  for (const Case& one : cases) EXPECT_EQ(ShownTo(tls, one.host), one.shown) << one.host;
}

TEST(TlsNames, SayWhichHostsAConnectionServes) {
  const Tls tls = LoadTls({.certificates = {Named("first", {"first.example", "shared.example"}),
                                            Named("second", {"second.example", "shared.example", "*.b.example"})}});
  struct Case {
    const char* connected;
    const char* host;
    bool serves;
  };
  const Case cases[] = {
      {"first.example", "first.example", true},    {"first.example", "FIRST.example.", true},
      {"first.example", "second.example", false},  {"first.example", "x.b.example", false},
      {"first.example", "unknown.example", true},  {"first.example", "127.0.0.1", true},
      {"second.example", "second.example", true},  {"second.example", "x.b.example", true},
      {"second.example", "first.example", false},  {"second.example", "unknown.example", false},
      {"second.example", "shared.example", true},  {"second.example", "", true},
  };
  for (const Case& one : cases) {
    TlsConnection c = Connect(tls, AnyClient(), {.host = one.connected});
    ASSERT_TRUE(c.Done());
    EXPECT_EQ(c.server.session->ServesHost(one.host), one.serves) << one.connected << " asked for " << one.host;
  }
  const Tls alone = LoadTls({.certificates = {Named("alone", {"first.example"})}});
  TlsConnection c = Connect(alone, AnyClient(), {.host = "first.example"});
  ASSERT_TRUE(c.Done());
  EXPECT_TRUE(c.server.session->ServesHost("second.example")) << "no other connection would be any better";
}

TEST(TlsNames, AnyBytesMayBeAsked) {
  internal::ServerNames names;
  names.Add("a.example", 1);
  names.Add("*.a.example", 2);
  names.Add("*", 3);
  names.Add("a*.example", 4);
  names.Add("*.*.example", 5);
  struct Case {
    std::string name;
    std::size_t index;
  };
  const Case cases[] = {
      {"a.example", 1},
      {"x.a.example", 2},
      {"", 0},
      {".", 0},
      {".a.example", 0},
      {"*.a.example", 0},
      {"*", 0},
      {"ab.example", 0},
      {"x.y.example", 0},
      {std::string(255, 'x') + ".a.example", 0},
      {std::string(200, 'x') + ".a.example", 2},
      {std::string(300, '.'), 0},
      {"a.example..", 0},
  };
  for (const Case& one : cases) EXPECT_EQ(names.Find(one.name), one.index) << one.name;
}

TEST(TlsNames, TwoKindsOfKeysForTheSameNamesBelongTogether) {
  const Tls tls =
      LoadTls({.certificates = {Named("other", {"other.example"}), Named("ec", {"a.example"}),
                                Named("rsa", {"a.example"}, 2048)}});
  EXPECT_EQ(ShownTo(tls, "a.example"), "ec");
  const auto rsa_only = AnyClient();
  ASSERT_EQ(SSL_CTX_set1_sigalgs_list(rsa_only->ctx, "rsa_pss_rsae_sha256:rsa_pkcs1_sha256"), 1);
  EXPECT_EQ(ShownTo(tls, "a.example", rsa_only), "rsa");
  EXPECT_EQ(ShownTo(tls, "other.example", rsa_only).substr(0, 7), "failed:");
}

TEST(TlsNames, TheServerLearnsWhomTheClientWanted) {
  const Tls tls = LocalTls();
  TlsConnection c = Connect(tls, AnyClient(), {.host = "some.example"});
  EXPECT_EQ(c.server.session->Info().server_name, "some.example");
  c = Connect(tls, AnyClient(), {.host = "127.0.0.1"});
  EXPECT_EQ(c.server.session->Info().server_name, "");
}

TEST(TlsNames, AClientTakesOnlyTheServerThatItWanted) {
  const TlsCertificate ca = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate other_ca = MakeCertificate({.common_name = "ca", .ca = true});
  const Tls tls =
      LoadTls({.certificates = {MakeCertificate(
                   {.alternatives = {"DNS:a.example", "DNS:*.b.example", "IP:127.0.0.1"},
                    .issuer = &ca})}});
  struct Case {
    const char* host;
    bool taken;
  };
  const auto client = LoadClient({.ca_pem = ca.certificate_pem});
  for (const Case& one :
       {Case{"a.example", true}, Case{"a.example.", true}, Case{"x.b.example", true},
        Case{"127.0.0.1", true}, Case{"b.example", false}, Case{"c.example", false},
        Case{"127.0.0.2", false}}) {
    TlsConnection c = Connect(tls, client, {.host = one.host});
    EXPECT_EQ(c.Done(), one.taken) << one.host << ": " << c.client.session->Failure().reason;
    if (one.taken) continue;
    EXPECT_EQ(c.client.session->Failure().kind, internal::TlsFailure::Kind::kPeerCertificate);
    EXPECT_EQ(c.server.session->HandshakeDone() ? internal::TlsFailure::Kind::kPeerRefused
                                                : c.server.session->Failure().kind,
              internal::TlsFailure::Kind::kPeerRefused);
  }
  EXPECT_FALSE(
      Connect(tls, LoadClient({.ca_pem = other_ca.certificate_pem}), {.host = "a.example"}).Done());
  EXPECT_FALSE(Connect(tls, LoadClient({}), {.host = "a.example"}).Done());
  EXPECT_TRUE(Connect(tls, LoadClient({.ca_pem = ca.certificate_pem, .server_name = "a.example"}),
                      {.host = "c.example"})
                  .Done());
  EXPECT_TRUE(internal::TlsSession::Client(client, "", {}).Err());
}

}  // namespace
}  // namespace weft
