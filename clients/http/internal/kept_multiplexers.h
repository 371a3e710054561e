// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_KEPT_MULTIPLEXERS_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_KEPT_MULTIPLEXERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/clients/http/internal/origin_pool.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// The HTTP/2 connections of one client on a loop, each in the pool of its origin. Requests share them, and one without a
// request is as idle as a kept HTTP/1.1 connection. On its loop only.
class KeptMultiplexers final : private http2::ClientMultiplexer::Home {
 public:
  // It keeps the idle connections of both protocols within their bound.
  class Owner {
   public:
    // One has no request any more, and is not counted at its origin yet. It may be dropped in this call, or another one.
    virtual void OnIdle(http2::ClientMultiplexer& connection) noexcept = 0;

   protected:
    ~Owner() = default;
  };

  KeptMultiplexers(ClientShared& client, Loop& loop, Owner& owner) : client_(client), loop_(loop), owner_(owner) {}
  KeptMultiplexers(const KeptMultiplexers&) = delete;
  KeptMultiplexers& operator=(const KeptMultiplexers&) = delete;

  // Gives the stream a place on a connection that was made after the one of this number. False: none has room.
  bool Join(OriginPool& pool, std::uint64_t after, http2::ClientStream& stream);
  // There is one that others can share: it is worth it to wait for a stream.
  static bool CanShare(const OriginPool& pool) noexcept;
  // Few streams on each do not make for many connections. Those whose end cannot be foreseen do not count: they fill their own.
  static bool MayConnect(const OriginPool& pool) noexcept;
  // Begins to speak HTTP/2 on a connection whose server has agreed to that, for this stream and others. The attempt is complete when the
  // server has announced how many that may be.
  void Share(OriginPool& pool, std::unique_ptr<SocketWire> wire, http2::ClientStream& stream, std::shared_ptr<SharedAttempt> attempt);

  // The first of a pool that is idle, of those that have been so since then; null: none.
  static http2::ClientMultiplexer* IdleSince(OriginPool& pool, TimePoint since) noexcept;
  void Drop(http2::ClientMultiplexer& connection) noexcept;

 private:
  static constexpr std::size_t kMultiplexersMax = 2;

  void OnSettled(http2::ClientMultiplexer& connection) noexcept override;
  void OnRoom(http2::ClientMultiplexer& connection) noexcept override;
  void OnUnused(http2::ClientMultiplexer& connection) noexcept override;
  void OnEnd(http2::ClientMultiplexer& connection) noexcept override;
  void NoteUsed(http2::ClientMultiplexer& connection) noexcept;

  ClientShared& client_;
  Loop& loop_;
  Owner& owner_;
  const ClientWire::Pace pace_{.stall = client_.options.stall_timeout};
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_KEPT_MULTIPLEXERS_H_
