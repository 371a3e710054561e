// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/identity.h>

#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include <weft/net/internal/tls/certificate_info.h>

namespace weft::internal {
namespace {

// What RSA 2,048, P-224 and SHA-224 have (NIST SP 800-57 part 1); less is refused by clients, and
// by OpenSSL's level 2.
constexpr int kSecurityBitsMin = 112;

// Never asks the terminal for a passphrase.
int RefusePassphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

// What the text is instead.
std::string NotPem(const PemSource& source, std::string_view wanted) {
  const std::string_view text = source.text;
  const auto holds = [&](std::string_view what) {
    return text.find(what) != std::string_view::npos;
  };
  if (wanted == "CERTIFICATE" && holds("PRIVATE KEY-----"))
    return "holds a private key and no certificate: are the two files swapped?";
  if (wanted == "PRIVATE KEY" && holds("-----BEGIN CERTIFICATE-----")) {
    return "holds a certificate and no private key: are the two files swapped?";
  }
  const bool der = text.front() == '\x30';
  std::string what = "is not PEM: it has no \"-----BEGIN " + std::string(wanted) + "-----\"";
  if (der)
    what += wanted == "CERTIFICATE" ? "; convert it with: openssl x509 -inform der"
                                    : "; convert it with: openssl pkey -inform der";
  return what;
}

std::string Ordinal(std::size_t i) {
  return i == 0 ? std::string() : "certificate " + std::to_string(i + 1) + " in it ";
}

std::string KeyName(EVP_PKEY* key) {
  const char* const name = EVP_PKEY_get0_type_name(key);
  return std::string(name != nullptr ? name : "unknown") + " key of " +
         std::to_string(EVP_PKEY_get_bits(key)) + " bits";
}

Error CheckStrength(const PemSource& source, X509* certificate, std::size_t i) {
  EVP_PKEY* const key = X509_get0_pubkey(certificate);
  if (key == nullptr)
    return source.Wrong(Ordinal(i) + "has a key of a kind that OpenSSL does not know");
  if (EVP_PKEY_get_security_bits(key) < kSecurityBitsMin) {
    return source.Wrong(Ordinal(i) + "has an " + KeyName(key) +
                        ", which is too weak: make one with RSA 2,048 or P-256");
  }
  int digest = 0, bits = 0;
  std::uint32_t flags = 0;
  // Nobody checks the signature of one that signs itself: it is trusted or not.
  const bool own =
      X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  if (!own && X509_get_signature_info(certificate, &digest, nullptr, &bits, &flags) == 1 &&
      bits < kSecurityBitsMin) {
    return source.Wrong(Ordinal(i) + "is signed with " + OBJ_nid2sn(digest) +
                        ", which is too weak: have it signed with SHA-256");
  }
  return {};
}

Error CheckDates(const PemSource& source, X509* certificate, std::size_t i) {
  const ASN1_TIME* const last = X509_get0_notAfter(certificate);
  const ASN1_TIME* const first = X509_get0_notBefore(certificate);
  std::time_t now = std::time(nullptr);
  if (X509_cmp_time(last, &now) <= 0)
    return source.Wrong(Ordinal(i) + "expired on " + TimeText(last) + ": renew it");
  if (X509_cmp_time(first, &now) > 0) {
    return source.Wrong(Ordinal(i) + "is not valid before " + TimeText(first) +
                        ": use it then, or set the clock of this machine");
  }
  return {};
}

Result<KeyPtr> ParseKey(const PemSource& source) {
  ERR_clear_error();
  const BioPtr text = ReadFrom(source.text);
  bool asked = false;
  KeyPtr key(PEM_read_bio_PrivateKey(text.get(), nullptr, &RefusePassphrase, &asked));
  if (key != nullptr) return key;
  if (asked)
    return source.Wrong(
        "is encrypted: write it without a passphrase with: openssl pkey -in FILE -out FILE");
  if (source.text.find("PRIVATE KEY-----") == std::string::npos)
    return source.Wrong(NotPem(source, "PRIVATE KEY"));
  return source.Wrong(std::string("holds a private key that is damaged: ") + LastReason());
}

}  // namespace

Result<std::vector<X509Ptr>> ParseCertificates(const PemSource& source) {
  ERR_clear_error();
  const BioPtr text = ReadFrom(source.text);
  std::vector<X509Ptr> chain;
  bool asked = false;
  while (X509* const one = PEM_read_bio_X509(text.get(), nullptr, &RefusePassphrase, &asked))
    chain.emplace_back(one);
  const unsigned long code = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (!at_end) {
    return source.Wrong("certificate " + std::to_string(chain.size() + 1) +
                        " in it is damaged: " + LastReason());
  }
  ERR_clear_error();
  if (chain.empty()) return source.Wrong(NotPem(source, "CERTIFICATE"));
  return chain;
}

Result<Identity> LoadIdentity(const TlsCertificate& files, std::string_view field) {
  const std::string name(field);
  Result<PemSource> certificates = ReadPem("certificate file", name + ".certificate",
                                           files.certificate_file, files.certificate_pem);
  if (Error err = certificates.Err()) return err;
  Result<PemSource> key_text = ReadPem("key file", name + ".key", files.key_file, files.key_pem);
  if (Error err = key_text.Err()) return err;

  Identity identity;
  Result<std::vector<X509Ptr>> chain = ParseCertificates(*certificates);
  if (Error err = chain.Err()) return err;
  Result<KeyPtr> key = ParseKey(*key_text);
  OPENSSL_cleanse(key_text->text.data(), key_text->text.size());
  if (Error err = key.Err()) return err;
  identity.chain = *std::move(chain);
  identity.key = *std::move(key);
  identity.source = certificates->label;

  for (std::size_t i = 0; i < identity.chain.size(); ++i) {
    if (Error err = CheckStrength(*certificates, identity.chain[i].get(), i)) return err;
    if (Error err = CheckDates(*certificates, identity.chain[i].get(), i)) return err;
  }
  if (X509_check_private_key(identity.Certificate(), identity.key.get()) != 1) {
    ERR_clear_error();
    return key_text->Wrong(
        "does not belong to " + certificates->label +
        ": give the key that its request was made with, and the certificate first");
  }
  return identity;
}

}  // namespace weft::internal
