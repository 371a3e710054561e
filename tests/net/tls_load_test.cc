// SPDX-License-Identifier: Apache-2.0
//
// What Tls::Load takes, and what it says of what it does not take.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <weft/net/internal/tls/client_context.h>
#include <weft/net/tls.h>

#include "tls_certificates.h"

namespace weft {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string MessageOf(TlsServerOptions options) {
  return Tls::Load(std::move(options)).Err().Message();
}

class TlsLoad : public ::testing::Test {
 protected:
  TempFolder folder_;
  TlsCertificate good_ = MakeCertificate({.alternatives = {"DNS:localhost"}});
};

TEST_F(TlsLoad, TakesFilesAndTexts) {
  EXPECT_EQ(MessageOf({.certificates = {good_}}), "");
  EXPECT_EQ(MessageOf({.certificates = {folder_.Write("good", good_)}}), "");
  TlsCertificate mixed = {.certificate_file = folder_.Write("c.pem", good_.certificate_pem),
                          .key_pem = good_.key_pem};
  EXPECT_EQ(MessageOf({.certificates = {mixed}}), "");
  const std::string both =
      folder_.Write("both.pem", good_.key_pem + "a comment\n" + good_.certificate_pem);
  EXPECT_EQ(MessageOf({.certificates = {{.certificate_file = both, .key_file = both}}}), "");
}

TEST_F(TlsLoad, TakesRsaAndEveryCurveThatIsStrongEnough) {
  EXPECT_EQ(MessageOf({.certificates = {MakeCertificate({.rsa_bits = 2048})}}), "");
  for (const char* const curve : {"P-256", "P-384", "P-521"})
    EXPECT_EQ(MessageOf({.certificates = {MakeCertificate({.curve = curve})}}), "");
}

// Each Error names the file or the option, what is wrong with it, and what to do.
TEST_F(TlsLoad, SaysWhatIsWrongWithWhichFile) {
  const TlsCertificate other = MakeCertificate({});
  const TlsCertificate ca = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate files = folder_.Write("good", good_);
  const auto with_certificate = [&](std::string file) {
    return TlsCertificate{.certificate_file = std::move(file), .key_file = files.key_file};
  };
  const auto with_key = [&](std::string file) {
    return TlsCertificate{.certificate_file = files.certificate_file, .key_file = std::move(file)};
  };
  const auto own_key = [&](const CertificateSpec& spec) {
    return folder_.Write("own", MakeCertificate(spec));
  };
  struct Case {
    TlsCertificate given;
    std::string expected;
  };
  const std::string missing = folder_.Path("missing"), empty = folder_.Write("empty", ""),
                    text = folder_.Write("text", "hello\n");
  const std::string der = folder_.Write("der", CertificateDer(good_)),
                    encrypted = folder_.Write("encrypted", EncryptKey(good_, "secret"));
  const std::string damaged = folder_.Write(
      "damaged",
      good_.certificate_pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const std::string damaged_key = folder_.Write(
      "damaged.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  const std::string directory = folder_.Path("");
  const Case cases[] = {
      {{},
       "certificates[0].certificate_file and certificates[0].certificate_pem are both empty: set "
       "one of them"},
      {{.certificate_pem = good_.certificate_pem},
       "certificates[0].key_file and certificates[0].key_pem are both empty: set one of them"},
      {{.certificate_file = "a", .certificate_pem = "b"},
       "certificates[0].certificate_file and certificates[0].certificate_pem are both set: set one "
       "of them"},
      {with_certificate(missing),
       "certificate file " + missing + ": check its name: No such file or directory"},
      {with_key(missing), "key file " + missing + ": check its name: No such file or directory"},
      {with_certificate(directory),
       "certificate file " + directory + ": name the file in it: Is a directory"},
      {with_certificate(empty), "certificate file " + empty + ": is empty"},
      {with_certificate(text),
       "certificate file " + text + ": is not PEM: it has no \"-----BEGIN CERTIFICATE-----\""},
      {with_key(text),
       "key file " + text + ": is not PEM: it has no \"-----BEGIN PRIVATE KEY-----\""},
      {with_certificate(der), "certificate file " + der +
                                  ": is not PEM: it has no \"-----BEGIN CERTIFICATE-----\"; "
                                  "convert it with: openssl x509 -inform der"},
      {with_certificate(files.key_file),
       "certificate file " + files.key_file +
           ": holds a private key and no certificate: are the two files swapped?"},
      {with_key(files.certificate_file),
       "key file " + files.certificate_file +
           ": holds a certificate and no private key: are the two files swapped?"},
      {with_key(encrypted),
       "key file " + encrypted +
           ": is encrypted: write it without a passphrase with: openssl pkey -in FILE -out FILE"},
      {with_key(folder_.Write("other", other).key_file),
       "key file " + folder_.Path("other.key") + ": does not belong to certificate file " +
           files.certificate_file +
           ": give the key that its request was made with, and the certificate first"},
      {own_key({.rsa_bits = 1024}),
       "certificate file " + folder_.Path("own.pem") +
           ": has an RSA key of 1024 bits, which is too weak: make one with RSA 2,048 or P-256"},
      {{.certificate_pem = "x", .key_pem = "y"},
       "certificates[0].certificate_pem: is not PEM: it has no \"-----BEGIN CERTIFICATE-----\""},
  };
  for (const Case& one : cases) EXPECT_EQ(MessageOf({.certificates = {one.given}}), one.expected);

  EXPECT_THAT(MessageOf({.certificates = {with_certificate(damaged)}}),
              StartsWith("certificate file " + damaged + ": certificate 2 in it is damaged: "));
  EXPECT_THAT(MessageOf({.certificates = {with_key(damaged_key)}}),
              StartsWith("key file " + damaged_key + ": holds a private key that is damaged: "));
  EXPECT_THAT(
      MessageOf({.certificates = {own_key({.issuer = &ca, .digest = "SHA1"})}}),
      HasSubstr("own.pem: is signed with SHA1, which is too weak: have it signed with SHA-256"));
  EXPECT_EQ(MessageOf({}),
            "TlsServerOptions: certificates is empty: name a certificate and its key");
}

TEST_F(TlsLoad, LooksAtTheDatesOfTheWholeChain) {
  const TlsCertificate old_ca = MakeCertificate(
      {.common_name = "ca", .from_seconds = -200, .until_seconds = -100, .ca = true});
  const TlsCertificate under_it = MakeCertificate({.issuer = &old_ca});
  const TlsCertificate chain = {
      .certificate_pem = under_it.certificate_pem + old_ca.certificate_pem,
      .key_pem = under_it.key_pem};
  EXPECT_THAT(
      MessageOf({.certificates = {folder_.Write("old", MakeCertificate({.until_seconds = -1}))}}),
      ::testing::MatchesRegex(".*old.pem: expired on [0-9-]+ [0-9:]+ UTC: renew it"));
  EXPECT_THAT(MessageOf({.certificates = {MakeCertificate({.from_seconds = 3600})}}),
              ::testing::MatchesRegex(
                  ".*: is not valid before .* UTC: use it then, or set the clock of this machine"));
  EXPECT_THAT(MessageOf({.certificates = {chain}}), HasSubstr(": certificate 2 in it expired on "));
}

TEST_F(TlsLoad, KeepsTheCodeOfAFileThatCannotBeRead) {
  const TlsCertificate missing{.certificate_file = folder_.Path("missing"), .key_pem = "x"};
  EXPECT_TRUE(
      Tls::Load({.certificates = {missing}}).Err().Is(std::errc::no_such_file_or_directory));
  const TlsCertificate locked = folder_.Write("locked", good_);
  ASSERT_EQ(chmod(locked.key_file.c_str(), 0), 0);
  if (access(locked.key_file.c_str(), R_OK) == 0) GTEST_SKIP() << "this user may read everything";
  EXPECT_THAT(MessageOf({.certificates = {locked}}),
              HasSubstr("give the user of this process the right to read it: Permission denied"));
}

TEST_F(TlsLoad, ChecksWhatIsSaidOfClients) {
  const std::string pem = MakeCertificate({.common_name = "ca", .ca = true}).certificate_pem;
  EXPECT_EQ(
      MessageOf(
          {.certificates = {good_}, .client_ca_pem = pem, .client_auth = ClientAuth::kRequest}),
      "");
  EXPECT_EQ(MessageOf({.certificates = {good_}, .client_auth = ClientAuth::kRequire}),
            "client_auth asks clients for a certificate, but no CA is trusted: set client_ca_file "
            "or client_ca_pem");
  EXPECT_EQ(MessageOf({.certificates = {good_}, .client_ca_pem = pem}),
            "client_ca_file or client_ca_pem is set, but clients are not asked for certificates: set client_auth to "
            "kRequest or kRequire");
  const std::string missing = folder_.Path("ca.pem");
  EXPECT_EQ(MessageOf({.certificates = {good_},
                       .client_ca_file = missing,
                       .client_auth = ClientAuth::kRequire}),
            "client CA file " + missing + ": check its name: No such file or directory");
}

TEST_F(TlsLoad, ChecksTheFileOfTicketKeys) {
  const std::string file = folder_.Write("tickets", std::string(48, 'x'));
  EXPECT_EQ(MessageOf({.certificates = {good_}, .ticket_key_file = file}),
            "ticket key file " + file +
                ": has 48 bytes, but each key has 80: make one with: openssl rand 80");
  folder_.Write("tickets", std::string(160, 'x'));
  EXPECT_EQ(MessageOf({.certificates = {good_}, .ticket_key_file = file}), "");
}

TEST_F(TlsLoad, DescribesCertificates) {
  const TlsCertificate ca = MakeCertificate({.common_name = "ca", .ca = true});
  const TlsCertificate one = MakeCertificate(
      {.common_name = "b\xC3\xBCro",
       .alternatives = {"DNS:b.example", "DNS:*.a.example", "IP:192.0.2.1", "IP:2001:db8::1",
                        "URI:spiffe://example/x", "email:me@a.example"},
       .issuer = &ca});
  Result<Tls> tls = Tls::Load({.certificates = {folder_.Write("one", one), good_}});
  ASSERT_TRUE(tls.Ok()) << tls.Err().Message();
  const std::vector<CertificateInfo> infos = tls->Certificates();
  ASSERT_EQ(infos.size(), 2u);
  const CertificateInfo& info = infos[0];
  EXPECT_EQ(info.subject, "CN=b\xC3\xBCro");
  EXPECT_EQ(info.issuer, "CN=ca");
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"b.example", "*.a.example"}));
  EXPECT_EQ(info.ip_addresses, (std::vector<std::string>{"192.0.2.1", "2001:db8::1"}));
  EXPECT_EQ(info.uris, (std::vector<std::string>{"spiffe://example/x"}));
  EXPECT_EQ(info.emails, (std::vector<std::string>{"me@a.example"}));
  EXPECT_EQ(info.not_after - info.not_before, std::chrono::hours(25));
  EXPECT_GT(info.not_after, std::chrono::system_clock::now());
  EXPECT_EQ(info.sha256.size(), 64u);
  EXPECT_EQ(info.pem, one.certificate_pem);
  EXPECT_EQ(info.source, "certificate file " + folder_.Path("one.pem"));
  EXPECT_EQ(infos[1].source, "certificates[1].certificate_pem");
  EXPECT_NE(infos[1].sha256, info.sha256);
}

TEST_F(TlsLoad, MakesACertificateForTheseNames) {
  Result<Tls> tls = Tls::SelfSigned({"localhost", "127.0.0.1", "::1", "*.test"});
  ASSERT_TRUE(tls.Ok()) << tls.Err().Message();
  const CertificateInfo info = tls->Certificates().at(0);
  EXPECT_EQ(info.dns_names, (std::vector<std::string>{"localhost", "*.test"}));
  EXPECT_EQ(info.ip_addresses, (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(
      Tls::SelfSigned({}).Err().Message(),
      "Tls::SelfSigned: no name is given: name the hosts that clients ask for, such as localhost");
  for (const char* const bad : {"", "a b", "a,DNS:b", "@section"}) {
    EXPECT_EQ(
        Tls::SelfSigned({bad}).Err().Message(),
        "Tls::SelfSigned: \"" + std::string(bad) + "\" is neither a host name nor an address");
  }
}

TEST_F(TlsLoad, ChecksTheOptionsOfClients) {
  const auto message_of = [](const TlsClientOptions& options) {
    return internal::ClientContext::Load(options).Err().Message();
  };
  EXPECT_EQ(message_of({}), "");
  EXPECT_EQ(message_of({.ca_file = folder_.Path("ca")}),
            "CA file " + folder_.Path("ca") + ": check its name: No such file or directory");
  EXPECT_EQ(message_of({.ca_pem = "x"}),
            "ca_pem: is not PEM: it has no \"-----BEGIN CERTIFICATE-----\"");
  EXPECT_EQ(message_of({.certificate = {.certificate_pem = good_.certificate_pem}}),
            "certificate.key_file and certificate.key_pem are both empty: set one of them");
}

}  // namespace
}  // namespace weft
