// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/hello_bound.h>

#include <algorithm>

namespace weft::internal {
namespace {

// Types of records and of messages (RFC 8446 sections 5.1 and 4).
constexpr unsigned char kChangeCipherSpec = 20, kHandshake = 22, kApplicationData = 23;
constexpr unsigned char kClientHello = 1;

}  // namespace

bool HelloBound::Take(std::span<const char> ciphertext, bool after_change) {
  while (!ciphertext.empty() && !encrypted_) {
    if (payload_left_ == 0) {
      record_[record_size_++] = static_cast<unsigned char>(ciphertext.front());
      ciphertext = ciphertext.subspan(1);
      if (record_size_ < record_.size()) continue;
      record_size_ = 0;
      payload_left_ = static_cast<std::uint16_t>(record_[3] << 8 | record_[4]);
      encrypted_ = record_[0] == kApplicationData || (changed_ && !after_change && record_[0] == kHandshake);
      changed_ = changed_ || record_[0] == kChangeCipherSpec;
      continue;
    }
    const std::size_t here = std::min<std::size_t>(payload_left_, ciphertext.size());
    if (record_[0] == kHandshake && !TakePayload(ciphertext.first(here))) return false;
    payload_left_ = static_cast<std::uint16_t>(payload_left_ - here);
    ciphertext = ciphertext.subspan(here);
  }
  return true;
}

bool HelloBound::TakePayload(std::span<const char> payload) {
  while (!payload.empty()) {
    const std::size_t skipped = std::min<std::size_t>(message_left_, payload.size());
    message_left_ -= static_cast<std::uint32_t>(skipped);
    payload = payload.subspan(skipped);
    if (payload.empty()) break;
    message_[message_size_++] = static_cast<unsigned char>(payload.front());
    payload = payload.subspan(1);
    if (message_size_ < message_.size()) continue;
    message_size_ = 0;
    message_left_ = static_cast<std::uint32_t>(message_[1] << 16 | message_[2] << 8 | message_[3]);
    if (message_[0] == kClientHello && message_left_ > kMax) return false;
  }
  return true;
}

}  // namespace weft::internal
