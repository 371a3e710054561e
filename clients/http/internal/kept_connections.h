// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/kept_multiplexers.h>
#include <weft/clients/http/internal/origin_pool.h>
#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/loop.h>

namespace weft::internal {

// The idle connections of one client on a loop. On its loop only, except for AskToTrim.
class KeptConnections final : private ClientWire::Keeper, private ClientShared::Part, private KeptMultiplexers::Owner {
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

  // Those of HTTP/2, which requests share.
  KeptMultiplexers& multiplexers() { return multiplexers_; }

 private:
  static constexpr Duration kLookEvery = std::chrono::seconds(1);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
  };

  void AskToTrim() noexcept override;
  void OnIdleEnd(ClientWire& wire) noexcept override;
  void OnIdle(http2::ClientMultiplexer& connection) noexcept override;
  void CloseAt(OriginPool& pool, std::size_t index) noexcept;
  void CloseOld();
  void Trim() noexcept;
  void ArmFor(TimePoint when) noexcept;

  struct Timer : LoopTimer {
    explicit Timer(KeptConnections& owner) : LoopTimer([](LoopTimer* self) { static_cast<Timer*>(self)->part.CloseOld(); }), part(owner) {}
    KeptConnections& part;
  };
  // In flight it owns itself: the connections may be gone before it arrives.
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
  std::unordered_map<std::string, OriginPool, Hash, std::equal_to<>> pools_;
  KeptMultiplexers multiplexers_{client_, loop_, *this};
  Timer timer_{*this};
  const std::shared_ptr<TrimTask> trim_ = std::make_shared<TrimTask>(*this);
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_KEPT_CONNECTIONS_H_
