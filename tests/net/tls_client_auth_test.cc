// SPDX-License-Identifier: Apache-2.0
//
// Clients that show a certificate.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "tls_certificates.h"
#include "tls_talk.h"

namespace weft {
namespace {

using FailureKind = internal::TlsFailure::Kind;

class TlsClientAuth : public ::testing::Test {
 protected:
  TlsServerOptions Options(ClientAuth auth) const {
    return {.certificates = {MakeCertificate({.alternatives = {"DNS:localhost"}})},
            .client_ca_pem = auth == ClientAuth{} ? std::string() : ca_.certificate_pem,
            .client_auth = auth};
  }
  std::shared_ptr<const internal::ClientContext> ClientWith(
      const TlsCertificate& certificate) const {
    return LoadClient({.certificate = certificate, .insecure_skip_verify = true});
  }

  const TlsCertificate ca_ = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate good_ = MakeCertificate(
      {.common_name = "billing", .alternatives = {"URI:spiffe://example/billing"}, .issuer = &ca_});
  const TlsCertificate stranger_ = MakeCertificate({.common_name = "billing"});
};

TEST_F(TlsClientAuth, LetsInWhoIsWanted) {
  struct Case {
    ClientAuth auth;
    const TlsCertificate* shown;
    bool done;
    std::string subject;
  };
  const Case cases[] = {
      {ClientAuth{}, nullptr, true, ""},
      {ClientAuth{}, &good_, true, ""},
      {ClientAuth::kRequest, nullptr, true, ""},
      {ClientAuth::kRequest, &good_, true, "CN=billing"},
      {ClientAuth::kRequest, &stranger_, false, ""},
      {ClientAuth::kRequire, nullptr, false, ""},
      {ClientAuth::kRequire, &good_, true, "CN=billing"},
      {ClientAuth::kRequire, &stranger_, false, ""},
  };
  for (const Case& one : cases) {
    for (const bool tls12 : {false, true}) {
      SCOPED_TRACE(std::to_string(static_cast<int>(one.auth)) +
                   (one.shown != nullptr ? " shown" : " not shown") + (tls12 ? " TLS 1.2" : ""));
      const Tls tls = LoadTls(Options(one.auth));
      const auto client = one.shown != nullptr ? ClientWith(*one.shown) : AnyClient();
      if (tls12) SSL_CTX_set_max_proto_version(client->ctx, TLS1_2_VERSION);
      TlsConnection c = Connect(tls, client);
      ASSERT_EQ(c.server.session->HandshakeDone(), one.done) << c.server.session->Failure().reason;
      if (!one.done) {
        EXPECT_EQ(c.server.session->Failure().kind, FailureKind::kPeerCertificate)
            << c.server.session->Failure().reason;
        continue;
      }
      const TlsInfo& info = c.server.session->Info();
      EXPECT_EQ(info.peer_certificate ? info.peer_certificate->subject : "", one.subject);
      if (one.subject.empty()) continue;
      EXPECT_EQ(info.peer_certificate->uris,
                (std::vector<std::string>{"spiffe://example/billing"}));
      EXPECT_EQ(info.peer_certificate->pem, good_.certificate_pem);
    }
  }
}

TEST_F(TlsClientAuth, SaysWhyACertificateIsNotGood) {
  const Tls tls = LoadTls(Options(ClientAuth::kRequire));
  EXPECT_STREQ(Connect(tls, AnyClient()).server.session->Failure().reason,
               "peer did not return a certificate");
  EXPECT_STREQ(Connect(tls, ClientWith(stranger_)).server.session->Failure().reason,
               "self-signed certificate");
}

TEST_F(TlsClientAuth, TrustsACaThatIsNotARoot) {
  const TlsCertificate middle =
      MakeCertificate({.common_name = "middle", .issuer = &ca_, .ca = true});
  const TlsCertificate leaf = MakeCertificate({.common_name = "leaf", .issuer = &middle});
  TlsServerOptions options = Options(ClientAuth::kRequire);
  options.client_ca_pem = middle.certificate_pem;
  const Tls tls = LoadTls(options);
  EXPECT_TRUE(Connect(tls, ClientWith(leaf)).Done());
  EXPECT_FALSE(Connect(tls, ClientWith(good_)).server.session->HandshakeDone())
      << "the root above it is not trusted";

  const Tls by_root = LoadTls(Options(ClientAuth::kRequire));
  const TlsCertificate chain{.certificate_pem = leaf.certificate_pem + middle.certificate_pem,
                             .key_pem = leaf.key_pem};
  EXPECT_TRUE(Connect(by_root, ClientWith(chain)).Done());
  EXPECT_FALSE(Connect(by_root, ClientWith(leaf)).server.session->HandshakeDone())
      << "the chain is not whole";
}

TEST_F(TlsClientAuth, RefusesACertificateThatHasExpired) {
  const auto client = AnyClient();
  // The library would not load it.
  const TlsCertificate old =
      MakeCertificate({.from_seconds = -100, .until_seconds = -50, .issuer = &ca_});
  TempFolder folder;
  const TlsCertificate files = folder.Write("old", old);
  ASSERT_EQ(SSL_CTX_use_certificate_chain_file(client->ctx, files.certificate_file.c_str()), 1);
  ASSERT_EQ(SSL_CTX_use_PrivateKey_file(client->ctx, files.key_file.c_str(), SSL_FILETYPE_PEM), 1);
  TlsConnection c = Connect(LoadTls(Options(ClientAuth::kRequest)), client);
  EXPECT_STREQ(c.server.session->Failure().reason, "certificate has expired");
}

}  // namespace
}  // namespace weft
