// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/self_signed.h>

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include <array>

#include <weft/net/internal/tls/openssl.h>

namespace weft::internal {
namespace {

constexpr long kHour = 3600;
constexpr long kYear = 365 * 24 * kHour;

Error Failed() {
  return Error::New(std::string("a certificate could not be made: ") + LastReason());
}

bool IsAddress(const std::string& name) {
  std::array<unsigned char, 16> bytes;
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

// A name goes into the configuration language of OpenSSL's extensions, where other characters mean
// something.
bool IsName(const std::string& name) {
  return !name.empty() && name.size() <= 253 &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_*") ==
             std::string::npos;
}

bool AddExtension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

bool Fill(X509* certificate, EVP_PKEY* key, const std::vector<std::string>& names,
          const std::string& alternatives) {
  std::array<unsigned char, 16> serial;
  if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) return false;
  serial[0] &= 0x7F;  // RFC 5280 section 4.1.2.2: positive
  const std::unique_ptr<BIGNUM, OpensslFree<&BN_free>> number(
      BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  // Of RFC 5280's 64 characters; a common name is for people only.
  const std::string common = names.front().substr(0, 64);
  X509_NAME* const subject = X509_get_subject_name(certificate);
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
         X509_set_version(certificate, X509_VERSION_3) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kHour) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), kYear) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         AddExtension(certificate, NID_subject_alt_name, alternatives) &&
         AddExtension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         X509_sign(certificate, key, EVP_sha256()) != 0;
}

}  // namespace

Result<TlsCertificate> MakeSelfSigned(const std::vector<std::string>& names) {
  if (names.empty())
    return Error::New(
        "Tls::SelfSigned: no name is given: name the hosts that clients ask for, such as "
        "localhost");
  std::string alternatives;
  for (const std::string& name : names) {
    const bool address = IsAddress(name);
    if (!address && !IsName(name))
      return Error::New("Tls::SelfSigned: \"" + name + "\" is neither a host name nor an address");
    alternatives +=
        (alternatives.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  ERR_clear_error();
  const KeyPtr key(EVP_EC_gen("P-256"));
  const X509Ptr certificate(X509_new());
  if (key == nullptr || certificate == nullptr ||
      !Fill(certificate.get(), key.get(), names, alternatives))
    return Failed();

  const BioPtr certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(certificate_text.get(), certificate.get()) != 1 ||
      PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return Failed();
  }
  return TlsCertificate{.certificate_pem = Written(certificate_text.get()),
                        .key_pem = Written(key_text.get())};
}

}  // namespace weft::internal
