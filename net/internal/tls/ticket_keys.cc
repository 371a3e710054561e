// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/ticket_keys.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include <weft/net/internal/tls/pem_source.h>

namespace weft::internal {
namespace {

static_assert(sizeof(TicketKey) == 80);

bool Randomize(TicketKey& key) {
  return RAND_priv_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key) == 1;
}

}  // namespace

Result<std::shared_ptr<TicketKeys>> TicketKeys::InMemory() {
  std::shared_ptr<TicketKeys> keys(new TicketKeys);
  const std::lock_guard guard(keys->mutex_);
  keys->turns_ = true;
  keys->keys_.reserve(4);  // never more than three, so no copy stays in freed memory
  Held first{{}, Now()};
  if (!Randomize(first.key))
    return Error::New("OpenSSL provides no random bytes for the keys of tickets");
  keys->keys_.push_back(first);
  return keys;
}

Result<std::shared_ptr<TicketKeys>> TicketKeys::FromFile(const std::string& file) {
  Result<std::string> bytes = ReadWhole("ticket key file", file);
  if (Error err = bytes.Err()) return err;
  if (bytes->size() % sizeof(TicketKey) != 0) {
    return Error::New("ticket key file " + file + ": has " + std::to_string(bytes->size()) +
                      " bytes, but each key has 80: make one with: openssl rand 80");
  }
  std::shared_ptr<TicketKeys> keys(new TicketKeys);
  const std::lock_guard guard(keys->mutex_);
  for (std::size_t at = 0; at < bytes->size(); at += sizeof(TicketKey)) {
    Held& held = keys->keys_.emplace_back();
    std::memcpy(&held.key, bytes->data() + at, sizeof held.key);
  }
  OPENSSL_cleanse(bytes->data(), bytes->size());
  return keys;
}

TicketKeys::~TicketKeys() {
  OPENSSL_cleanse(keys_.data(), keys_.size() * sizeof(Held));
}

void TicketKeys::TurnLocked() {
  if (!turns_) return;
  const TimePoint now = Now();
  // The old key stays in use if there are no random bytes for a new one, which is not known to happen.
  if (now - keys_.front().made >= kTicketKeyTurn) {
    Held next{{}, now};
    if (Randomize(next.key)) keys_.insert(keys_.begin(), next);
  }
  while (keys_.size() > 1 && now - keys_.back().made >= kTicketKeyEnd) {
    OPENSSL_cleanse(&keys_.back(), sizeof(Held));
    keys_.pop_back();
  }
}

TicketKey TicketKeys::Sealing() {
  const std::lock_guard guard(mutex_);
  TurnLocked();
  return keys_.front().key;
}

std::optional<TicketKeys::Opening> TicketKeys::Find(std::span<const unsigned char, 16> name) {
  const std::lock_guard guard(mutex_);
  TurnLocked();
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const Held& held) {
    return std::equal(name.begin(), name.end(), held.key.name.begin());
  });
  if (found == keys_.end()) return std::nullopt;
  return Opening{found->key, found == keys_.begin()};
}

}  // namespace weft::internal
