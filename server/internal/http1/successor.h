// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_SUCCESSOR_H_
#define WEFT_SERVER_INTERNAL_HTTP1_SUCCESSOR_H_

#include <memory>
#include <string_view>

#include <weft/net/internal/watched_socket.h>

namespace weft::internal::http1 {

class Connection;

// Another protocol that has taken over a connection for good (HTTP/2, by ALPN or by its preface). From then on, the
// Connection passes everything on to it (Client::State::kHttp2). It puts the connection into the shard's lists,
// and ends it by Connection::Close or CloseGently, but not before its last request has ended.
//
// Like everything of a connection it runs on the loop's thread, and never throws: without memory it ends itself.
class Successor {
 public:
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;
  virtual ~Successor() = default;

  // Takes over; `first` was read already. The connection may end in here.
  virtual void Begin(std::string_view first) noexcept = 0;
  virtual void OnEvents(WatchedSocket::Ready ready) noexcept = 0;
  // As those of ShardMember.
  virtual void Resume() noexcept = 0;
  virtual void OnTimeout() noexcept = 0;
  virtual void Evict() noexcept = 0;
  virtual void BeginDrain() noexcept = 0;
  virtual void ForceClose() noexcept = 0;

 protected:
  Successor() = default;
};

// Makes them.
class SuccessorMaker {
 public:
  // Throws std::bad_alloc.
  virtual std::unique_ptr<Successor> Make(Connection& connection) = 0;

 protected:
  ~SuccessorMaker() = default;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_SUCCESSOR_H_
