// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_TICKET_KEYS_H_
#define WEFT_NET_INTERNAL_TLS_TICKET_KEYS_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>

namespace weft::internal {

// One key under which tickets are sealed (RFC 5077 section 4): 80 bytes, in this order.
struct TicketKey {
  std::array<unsigned char, 16> name{};    // sent as part of the ticket
  std::array<unsigned char, 32> mac{};     // HMAC-SHA-256
  std::array<unsigned char, 32> cipher{};  // AES-256-CBC
};

// For how long a client may resume with a ticket, how long a key in memory seals new ones, and for
// how long it opens old ones.
inline constexpr Duration kTicketLifetime = std::chrono::hours(24);
inline constexpr Duration kTicketKeyTurn = std::chrono::hours(24);
inline constexpr Duration kTicketKeyEnd = kTicketKeyTurn + kTicketLifetime;

// The keys of all connections of a Tls. From any thread. A key is copied out, so that a later change
// does not affect a call in progress.
class TicketKeys {
 public:
  // Made here; a new one takes its turn when the newest is as old as kTicketKeyTurn, by weft's
  // clock.
  static Result<std::shared_ptr<TicketKeys>> InMemory();
  // Those of a file, for as long as this object lives: the first seals, all open.
  static Result<std::shared_ptr<TicketKeys>> FromFile(const std::string& file);

  ~TicketKeys();
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;

  TicketKey Sealing();
  struct Opening {
    TicketKey key;
    bool newest = false;  // else the client gets a new ticket, sealed with the newest
  };
  std::optional<Opening> Find(std::span<const unsigned char, 16> name);

 private:
  struct Held {
    TicketKey key;
    TimePoint made;
  };
  TicketKeys() = default;
  void TurnLocked() WEFT_REQUIRES(mutex_);

  bool turns_ = false;
  ThreadMutex mutex_;
  std::vector<Held> keys_ WEFT_GUARDED_BY(mutex_);  // newest first
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_TICKET_KEYS_H_
