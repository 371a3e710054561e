// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_SHARED_ORIGIN_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_SHARED_ORIGIN_H_

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/semaphore.h>
#include <weft/net/internal/tls/session.h>

namespace weft::internal {

// What all loops share about one scheme, host and port: its limits, which are of the process, and the ticket with which a TLS
// connection is resumed. From any thread.
class SharedOrigin {
 public:
  SharedOrigin(std::string text, std::uint32_t requests_max) : name(std::move(text)), slots(requests_max) {}

  TlsSession::Ticket TakeTicket() {
    const std::lock_guard hold(lock_);
    return std::move(ticket_);
  }
  void KeepTicket(TlsSession::Ticket ticket) {
    const std::lock_guard hold(lock_);
    ticket_.swap(ticket);
  }

  const std::string name;
  Semaphore slots;                        // one for each request
  std::atomic<std::uint32_t> waiting{0};  // for one
  std::atomic<std::uint32_t> idle{0};     // kept connections of all loops

 private:
  ThreadMutex lock_;  // for a moment, once for each connection
  TlsSession::Ticket ticket_ WEFT_GUARDED_BY(lock_);
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_SHARED_ORIGIN_H_
