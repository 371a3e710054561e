// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/certificate_info.h>

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

namespace weft::internal {
namespace {

using NamesPtr = std::unique_ptr<GENERAL_NAMES, OpensslFree<&GENERAL_NAMES_free>>;

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0,
                     XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  return Written(bio.get());
}

std::string Hex(const unsigned char* bytes, std::size_t size, const char* digits) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string Serial(X509* certificate) {
  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
  const std::string digits =
      Hex(ASN1_STRING_get0_data(serial), static_cast<std::size_t>(ASN1_STRING_length(serial)),
          "0123456789ABCDEF");
  return (ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER ? "-" : "") + digits;
}

std::string Address(const ASN1_OCTET_STRING* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  const int size = ASN1_STRING_length(bytes);
  if (size == 4 || size == 16)
    inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(bytes), text, sizeof text);
  return text;
}

// Empty if it contains a NUL, with which one name could pass for another one.
std::string Text(const ASN1_STRING* string) {
  std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
                   static_cast<std::size_t>(ASN1_STRING_length(string)));
  return text.find('\0') == std::string::npos ? text : std::string();
}

void AddTo(std::vector<std::string>& list, std::string text) {
  if (!text.empty()) list.push_back(std::move(text));
}

void ReadNames(X509* certificate, CertificateInfo& info) {
  const NamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
    switch (name->type) {
      case GEN_DNS:
        AddTo(info.dns_names, Text(name->d.dNSName));
        break;
      case GEN_IPADD:
        AddTo(info.ip_addresses, Address(name->d.iPAddress));
        break;
      case GEN_EMAIL:
        AddTo(info.emails, Text(name->d.rfc822Name));
        break;
      case GEN_URI:
        AddTo(info.uris, Text(name->d.uniformResourceIdentifier));
        break;
      default:
        break;
    }
  }
}

std::tm Broken(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return parts;
}

std::chrono::system_clock::time_point TimeOf(const ASN1_TIME* time) {
  std::tm parts = Broken(time);
  // Some certificates never expire (RFC 5280 section 4.1.2.5: the year 9999), which is beyond the
  // range of the clock.
  const std::time_t seconds = timegm(&parts);
  constexpr auto kLast =
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::time_point::max());
  if (seconds >= std::chrono::system_clock::to_time_t(kLast)) return kLast;
  return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace

std::string TimeText(const ASN1_TIME* time) {
  const std::tm parts = Broken(time);
  char text[40];
  return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts));
}

CertificateInfo DescribeCertificate(X509* certificate) {
  CertificateInfo info;
  info.subject = NameText(X509_get_subject_name(certificate));
  info.issuer = NameText(X509_get_issuer_name(certificate));
  info.serial = Serial(certificate);
  ReadNames(certificate, info);
  info.not_before = TimeOf(X509_get0_notBefore(certificate));
  info.not_after = TimeOf(X509_get0_notAfter(certificate));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &size);
  info.sha256 = Hex(digest.data(), size, "0123456789abcdef");
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  info.pem = Written(bio.get());
  return info;
}

std::vector<std::string> HostNames(const CertificateInfo& info, X509* certificate) {
  if (!info.dns_names.empty()) return info.dns_names;
  std::vector<std::string> names;
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(const_cast<X509_NAME*>(subject), NID_commonName, -1);
  if (at >= 0) AddTo(names, Text(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
  return names;
}

}  // namespace weft::internal
