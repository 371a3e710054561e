// SPDX-License-Identifier: Apache-2.0
#include "tls_certificates.h"

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>  // mkdtemp

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <weft/net/internal/tls/openssl.h>

namespace weft {
namespace {

using internal::BioPtr;
using internal::KeyPtr;
using internal::ReadFrom;
using internal::X509Ptr;

void Need(bool done, const char* what) {
  if (done) return;
  std::fprintf(stderr, "a certificate for a test cannot be made: %s\n", what);
  ERR_print_errors_fp(stderr);
  std::abort();
}

std::string Written(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return std::string(bytes, static_cast<std::size_t>(size));
}

KeyPtr KeyOf(const TlsCertificate& one) {
  return KeyPtr(PEM_read_bio_PrivateKey(ReadFrom(one.key_pem).get(), nullptr, nullptr, nullptr));
}
X509Ptr CertificateOf(const TlsCertificate& one) {
  return X509Ptr(PEM_read_bio_X509(ReadFrom(one.certificate_pem).get(), nullptr, nullptr, nullptr));
}

void AddExtension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  Need(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, value.c_str());
  X509_EXTENSION_free(extension);
}

}  // namespace

TlsCertificate MakeCertificate(const CertificateSpec& spec) {
  const KeyPtr key(spec.rsa_bits != 0 ? EVP_RSA_gen(static_cast<unsigned>(spec.rsa_bits))
                                      : EVP_EC_gen(spec.curve.c_str()));
  Need(key != nullptr, "key");
  const X509Ptr certificate(X509_new());
  X509* const x = certificate.get();
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
  X509_gmtime_adj(X509_getm_notBefore(x), spec.from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(x), spec.until_seconds);
  X509_set_pubkey(x, key.get());
  X509_NAME* const name = X509_get_subject_name(x);
  Need(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(spec.common_name.c_str()),
                                  -1, -1, 0) == 1,
       "subject");
  KeyPtr issuer_key;
  if (spec.issuer != nullptr) {
    issuer_key = KeyOf(*spec.issuer);
    X509_set_issuer_name(x, X509_get_subject_name(CertificateOf(*spec.issuer).get()));
  } else {
    X509_set_issuer_name(x, name);
  }
  if (spec.ca) AddExtension(x, NID_basic_constraints, "critical,CA:TRUE");
  std::string alternatives;
  for (const std::string& one : spec.alternatives)
    alternatives += (alternatives.empty() ? "" : ",") + one;
  if (!alternatives.empty()) AddExtension(x, NID_subject_alt_name, alternatives);
  Need(X509_sign(x, issuer_key != nullptr ? issuer_key.get() : key.get(),
                 EVP_get_digestbyname(spec.digest)) != 0,
       "signature");

  const BioPtr certificate_text(BIO_new(BIO_s_mem())), key_text(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(certificate_text.get(), x);
  PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {.certificate_pem = Written(certificate_text.get()), .key_pem = Written(key_text.get())};
}

std::string EncryptKey(const TlsCertificate& one, const char* passphrase) {
  const BioPtr text(BIO_new(BIO_s_mem()));
  Need(PEM_write_bio_PrivateKey(text.get(), KeyOf(one).get(), EVP_aes_128_cbc(), nullptr, 0,
                                nullptr, const_cast<char*>(passphrase)) == 1,
       "encryption");
  return Written(text.get());
}

std::string CertificateDer(const TlsCertificate& one) {
  const BioPtr bytes(BIO_new(BIO_s_mem()));
  Need(i2d_X509_bio(bytes.get(), CertificateOf(one).get()) == 1, "DER");
  return Written(bytes.get());
}

TempFolder::TempFolder() {
  const char* const temp = std::getenv("TMPDIR");
  std::string path = std::string(temp != nullptr ? temp : "/tmp") + "/weft_test.XXXXXX";
  Need(mkdtemp(path.data()) != nullptr, path.c_str());
  folder_ = path;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TempFolder::Write(std::string_view name, std::string_view content) const {
  const std::filesystem::path path = folder_ / name;
  const std::filesystem::path fresh = path.string() + ".new";
  std::ofstream(fresh, std::ios::binary) << content;
  std::filesystem::rename(fresh, path);
  return path;
}

TlsCertificate TempFolder::Write(std::string_view name, const TlsCertificate& one) const {
  return {.certificate_file = Write(std::string(name) + ".pem", one.certificate_pem),
          .key_file = Write(std::string(name) + ".key", one.key_pem)};
}

}  // namespace weft
