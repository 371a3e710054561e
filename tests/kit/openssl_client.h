// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_KIT_OPENSSL_CLIENT_H_
#define WEFT_TESTS_KIT_OPENSSL_CLIENT_H_

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <weft/server/testing.h>

namespace weft {

// OpenSSL itself as a client, for what the library does not do as one. It verifies nothing, and has no socket: bytes in, bytes out.
class OpensslClient {
 public:
  OpensslClient() {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_.get());
  }
  SSL* get() const { return ssl_.get(); }

  // What it wants to send, which then counts as sent.
  std::string Sent() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
    std::string sent(bytes, static_cast<std::size_t>(size));
    BIO_reset(SSL_get_wbio(ssl_.get()));
    return sent;
  }
  void Take(std::string_view came) { BIO_write(SSL_get_rbio(ssl_.get()), came.data(), static_cast<int>(came.size())); }

  // What this text becomes on the wire, in one record.
  std::string Seal(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
    return Sent();
  }
  // Other keys for what it sends; the server has to change its own, too, if that is `requested`.
  std::string UpdateKeys(bool requested) {
    EXPECT_EQ(SSL_key_update(ssl_.get(), requested ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED), 1);
    EXPECT_EQ(SSL_do_handshake(ssl_.get()), 1);
    return Sent();
  }
  // A fatal alert, as of a client that has received a changed record.
  std::string Alert() {
    Take(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, '?'));
    char byte = 0;
    EXPECT_NE(SSL_read(ssl_.get(), &byte, 1), 1);
    return Sent();
  }

  // The handshake over a connection. False: it has failed.
  bool Connect(const Context& ctx, TestClient& wire) {
    while (SSL_do_handshake(ssl_.get()) != 1) {
      if (wire.Send(ctx, Sent())) return false;
      const Result<std::string> came = wire.ReadSome(ctx);
      if (!came.Ok() || came->empty()) return false;
      Take(*came);
    }
    return !wire.Send(ctx, Sent());
  }
  // The next plaintext; empty: the connection has ended.
  std::string ReadSome(const Context& ctx, TestClient& wire) {
    for (;;) {
      char plain[4096];
      const int got = SSL_read(ssl_.get(), plain, sizeof(plain));
      if (got > 0) return {plain, static_cast<std::size_t>(got)};
      const Result<std::string> came = wire.ReadSome(ctx);
      if (!came.Ok() || came->empty()) return {};
      Take(*came);
    }
  }
  // Reads until what has come ends like this; empty: the connection has ended before.
  std::string ReadUntil(const Context& ctx, TestClient& wire, std::string_view end) {
    std::string all;
    while (!all.ends_with(end)) {
      const std::string some = ReadSome(ctx, wire);
      if (some.empty()) return {};
      all += some;
    }
    return all;
  }

 private:
  struct Free {
    void operator()(SSL_CTX* ctx) const { SSL_CTX_free(ctx); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Free> ctx_{SSL_CTX_new(TLS_client_method())};
  std::unique_ptr<SSL, Free> ssl_{SSL_new(ctx_.get())};
};

}  // namespace weft

#endif  // WEFT_TESTS_KIT_OPENSSL_CLIENT_H_
