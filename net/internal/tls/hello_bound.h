// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_HELLO_BOUND_H_
#define WEFT_NET_INTERNAL_TLS_HELLO_BOUND_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace weft::internal {

// Inspects what a client sends before its bytes are encrypted, and rejects a ClientHello that
// announces more than any client needs (RFC 8446 section 4): OpenSSL reserves memory for the size that
// the first four bytes announce, up to 128 KiB, before any of it has arrived.
class HelloBound {
 public:
  static constexpr std::uint32_t kMax = 16 * 1024;  // one with post-quantum keys and a ticket has 2 KiB

  // The next bytes, in order. `after_change`: what follows a change_cipher_spec is still in plain text,
  // as in TLS 1.3; in 1.2 it is encrypted. False: too large.
  bool Take(std::span<const char> ciphertext, bool after_change);

 private:
  bool TakePayload(std::span<const char> payload);

  // Of the record and of the message in it: the head, how much of that is here, and what is left of the rest.
  std::array<unsigned char, 5> record_{};
  std::array<unsigned char, 4> message_{};
  std::uint8_t record_size_ = 0;
  std::uint8_t message_size_ = 0;
  std::uint16_t payload_left_ = 0;
  std::uint32_t message_left_ = 0;
  bool changed_ = false;
  bool encrypted_ = false;
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_HELLO_BOUND_H_
