// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_NET_TLS_CERTIFICATES_H_
#define WEFT_TESTS_NET_TLS_CERTIFICATES_H_

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <weft/net/tls_options.h>

namespace weft {

// What a certificate of a test is to say.
struct CertificateSpec {
  std::string common_name = "test";
  std::vector<std::string> alternatives =
      {};            // "DNS:localhost", "IP:127.0.0.1", "URI:spiffe://a/b", "email:a@b"
  int rsa_bits = 0;  // 0: an EC key
  std::string curve = "P-256";
  long from_seconds = -3600;
  long until_seconds = 24 * 3600;
  const TlsCertificate* issuer = nullptr;  // null: signed by itself
  bool ca = false;
  const char* digest = "SHA256";
};

// A key and a certificate, as text. Aborts if OpenSSL cannot make it.
TlsCertificate MakeCertificate(const CertificateSpec& spec);

// The key of `one`, encrypted; and its certificate in DER.
std::string EncryptKey(const TlsCertificate& one, const char* passphrase);
std::string CertificateDer(const TlsCertificate& one);

// A folder for one test.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string Path(std::string_view name) const { return folder_ / name; }
  // Writes a file, or replaces it by another one, as programs do that renew certificates. Returns
  // its path.
  std::string Write(std::string_view name, std::string_view content) const;
  // Certificate and key as NAME.pem and NAME.key.
  TlsCertificate Write(std::string_view name, const TlsCertificate& one) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace weft

#endif  // WEFT_TESTS_NET_TLS_CERTIFICATES_H_
