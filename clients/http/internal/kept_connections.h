// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/clients/http/internal/shared_origin.h>
#include <weft/clients/http/internal/stream_line.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

struct OriginPool;

// A connection on its way that several requests may share: the others wait for it. In the hands of all of them.
struct SharedAttempt {
  void End(OriginPool& pool);

  Event done;
  Error failure;  // of all of them
};

// What a loop has of one origin: the idle connections of HTTP/1.1, the one that was used last at the end, and all of HTTP/2.
struct OriginPool {
  struct Kept {
    std::unique_ptr<ClientWire> wire;
    TimePoint since;
  };
  std::shared_ptr<SharedOrigin> shared;
  std::vector<Kept> idle;
  std::vector<std::unique_ptr<http2::ClientMultiplexer>> multiplexers;  // in the order in which they were made
  std::uint64_t multiplexers_made = 0;
  std::shared_ptr<SharedAttempt> attempt;  // under way; null: none
  StreamLine line;                         // for a stream
  bool speaks_http1 = false;               // where HTTP/2 was offered: no request waits to share a connection
  std::uint32_t users = 0;                 // requests of this loop that are under way

  // There is room for the connection of each user when it is through: keeping one cannot fail.
  void AddUser() {
    const std::size_t most = idle.size() + users + 1;
    if (idle.capacity() < most) idle.reserve(std::max(most, 2 * idle.capacity()));
    ++users;
  }
};

// The idle connections that a loop has of one client. On its loop only, except for AskToTrim.
class KeptConnections final : private ClientWire::Keeper, private ClientShared::Part, private http2::ClientMultiplexer::Home {
 public:
  KeptConnections(ClientShared& client, Loop& loop);
  ~KeptConnections();
  KeptConnections(const KeptConnections&) = delete;
  KeptConnections& operator=(const KeptConnections&) = delete;

  Loop& loop() const { return loop_; }
  ClientShared& client() const { return client_; }

  // Valid while it has a user.
  OriginPool& Pool(const std::string& origin);
  // With a user more.
  OriginPool& Use(const std::string& origin) {
    OriginPool& pool = Pool(origin);
    pool.AddUser();
    return pool;
  }

  // The connection that was used last; null: there is none. `sees_its_end`: only one that is known not to have ended.
  std::unique_ptr<ClientWire> TakeIdle(OriginPool& pool, bool sees_its_end);
  // A new one, for a user. `http2`: the server may agree to that. Errors: those of Connector.
  Result<std::unique_ptr<ClientWire>> Open(const Context& ctx, const HttpUrl& url, OriginPool& pool, bool http2);
  // Keeps the connection of a user for the next request, or closes it.
  void Keep(std::unique_ptr<ClientWire> wire) noexcept;
  // Closes that of a user. With what the next one needs to resume its session of TLS.
  void Close(std::unique_ptr<ClientWire> wire) noexcept;
  static void TakeTicket(ClientWire& wire, OriginPool& pool);

  // --- of HTTP/2

  // Gives the stream a place on a connection that was made after the one of this number. False: none has room.
  bool Join(OriginPool& pool, std::uint64_t after, http2::ClientStream& stream);
  // There is one that others can share: it is worth it to wait for a stream.
  static bool CanShare(const OriginPool& pool) noexcept;
  // Few streams on each do not make for many connections. Those whose end cannot be foreseen do not count: they fill their own.
  static bool MayConnect(const OriginPool& pool) noexcept;
  // Begins to speak HTTP/2 on a connection whose server has agreed to that, for this stream and others. The attempt is through when the
  // server has said how many that may be.
  void Share(OriginPool& pool, std::unique_ptr<SocketWire> wire, http2::ClientStream& stream, std::shared_ptr<SharedAttempt> attempt);

 private:
  static constexpr Duration kLookEvery = std::chrono::seconds(1);
  static constexpr std::size_t kMultiplexersMax = 2;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  void AskToTrim() noexcept override;
  void OnIdleEnd(ClientWire& wire) noexcept override;
  void OnSettled(http2::ClientMultiplexer& connection) noexcept override;
  void OnRoom(http2::ClientMultiplexer& connection) noexcept override;
  void OnUnused(http2::ClientMultiplexer& connection) noexcept override;
  void OnEnd(http2::ClientMultiplexer& connection) noexcept override;
  void NoteUsed(http2::ClientMultiplexer& connection) noexcept;
  void Drop(http2::ClientMultiplexer& connection) noexcept;
  // The first of a pool that is idle, of those that have been so since then; null: none.
  static http2::ClientMultiplexer* IdleSince(OriginPool& pool, TimePoint since) noexcept;
  void CloseAt(OriginPool& pool, std::size_t index) noexcept;
  void CloseOld();
  void Trim() noexcept;
  void ArmFor(TimePoint when) noexcept;

  struct Timer : LoopTimer {
    explicit Timer(KeptConnections& owner) : LoopTimer([](LoopTimer* self) { static_cast<Timer*>(self)->part.CloseOld(); }), part(owner) {}
    KeptConnections& part;
  };
  // On its way it owns itself: the connections may be gone before it comes.
  struct TrimTask : LoopTask {
    explicit TrimTask(KeptConnections& owner) : LoopTask([](LoopTask* task) { static_cast<TrimTask*>(task)->Run(); }), part(&owner), loop(owner.loop_) {}
    void Run() noexcept;
    KeptConnections* part;  // null: gone
    Loop& loop;
    std::atomic<bool> asked{false};
    std::shared_ptr<TrimTask> self;  // while it is on its way
  };

  ClientShared& client_;
  Loop& loop_;
  const ClientWire::Pace pace_{.stall = client_.options.stall_timeout};
  std::unordered_map<std::string, OriginPool, Hash, std::equal_to<>> pools_;
  Timer timer_{*this};
  const std::shared_ptr<TrimTask> trim_ = std::make_shared<TrimTask>(*this);
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_
