// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_TLS13_RECORDS_H_
#define WEFT_TESTS_KIT_TLS13_RECORDS_H_

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "openssl_client.h"

namespace weft {

// What a record says that it holds (RFC 8446 section 5.1).
enum class ContentType : unsigned char { kAlert = 21, kHandshake = 22, kData = 23 };

// Records of TLS 1.3 that OpenSSL does not make: of any type and content, under the keys of a client's connection. That client sends
// nothing by itself any more after its handshake; it goes on reading.
class Tls13Records {
 public:
  // Before the handshake.
  explicit Tls13Records(OpensslClient& client) {
    SSL* const ssl = client.get();
    SSL_set_min_proto_version(ssl, TLS1_3_VERSION);
    SSL_set_ciphersuites(ssl, "TLS_AES_128_GCM_SHA256");
    SSL_set_app_data(ssl, this);
    SSL_CTX_set_keylog_callback(SSL_get_SSL_CTX(ssl), [](const SSL* from, const char* line) {
      static_cast<Tls13Records*>(SSL_get_app_data(from))->Learn(line);
    });
  }
  Tls13Records(const Tls13Records&) = delete;
  Tls13Records& operator=(const Tls13Records&) = delete;

  // RFC 8446 section 5.2.
  std::string Seal(ContentType type, std::string_view content) {
    constexpr std::size_t kTag = 16;
    std::string plain(content);
    plain.push_back(static_cast<char>(type));
    const std::size_t size = plain.size() + kTag;
    std::string record = {'\x17', '\x03', '\x03', static_cast<char>(size >> 8), static_cast<char>(size & 0xff)};
    std::string nonce = iv_;
    for (std::size_t i = 0; i < 8; ++i) nonce[nonce.size() - 1 - i] ^= static_cast<char>(number_ >> (8 * i));
    ++number_;
    EVP_CIPHER_CTX* const cipher = EVP_CIPHER_CTX_new();
    EVP_EncryptInit_ex(cipher, EVP_aes_128_gcm(), nullptr, Bytes(key_), Bytes(nonce));
    int made = 0;
    EVP_EncryptUpdate(cipher, nullptr, &made, Bytes(record), static_cast<int>(record.size()));
    std::string sealed(size, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(sealed.data());
    EVP_EncryptUpdate(cipher, to, &made, Bytes(plain), static_cast<int>(plain.size()));
    EVP_EncryptFinal_ex(cipher, to + made, &made);
    if (EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTag, to + plain.size()) != 1) std::abort();
    EVP_CIPHER_CTX_free(cipher);
    return record + sealed;
  }
  std::string Data(std::string_view text) { return Seal(ContentType::kData, text); }
  std::string Alert(unsigned char level, unsigned char description) {
    return Seal(ContentType::kAlert, std::string{static_cast<char>(level), static_cast<char>(description)});
  }
  // Other keys from here on; the server has to change its own, too, if that is `requested` (section 4.6.3).
  std::string UpdateKeys(bool requested) {
    std::string record = Seal(ContentType::kHandshake, std::string{'\x18', '\0', '\0', '\x01', requested ? '\x01' : '\0'});
    Use(Expand(secret_, "traffic upd", 32));
    return record;
  }

 private:
  static const unsigned char* Bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

  // HKDF-Expand-Label (section 7.1) with an empty context, for no more than one block.
  static std::string Expand(const std::string& secret, const std::string& label, std::size_t size) {
    const std::string full = "tls13 " + label;
    const std::string info = std::string{'\0', static_cast<char>(size), static_cast<char>(full.size())} + full + std::string{'\0', '\x01'};
    std::array<unsigned char, 32> block;
    unsigned made = 0;
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), Bytes(info), info.size(), block.data(), &made);
    return std::string(reinterpret_cast<const char*>(block.data()), size);
  }
  void Use(std::string secret) {
    secret_ = std::move(secret);
    key_ = Expand(secret_, "key", 16);
    iv_ = Expand(secret_, "iv", 12);
    number_ = 0;
  }
  // A line of NSS's format: a label, the client's random, the secret.
  void Learn(std::string_view line) {
    if (!line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")) return;
    line.remove_prefix(line.rfind(' ') + 1);
    std::string secret;
    for (; line.size() >= 2; line.remove_prefix(2))
      secret.push_back(static_cast<char>(std::strtol(std::string(line.substr(0, 2)).c_str(), nullptr, 16)));
    Use(std::move(secret));
  }

  std::string secret_, key_, iv_;
  std::uint64_t number_ = 0;  // of the next record under this key
};

}  // namespace weft

#endif  // WEFT_TESTS_KIT_TLS13_RECORDS_H_
