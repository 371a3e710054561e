// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/connection_search.h>

#include <optional>
#include <utility>

#include <weft/clients/http/internal/client_shared.h>
#include <weft/clients/http/internal/http2/client_multiplexer.h>
#include <weft/clients/http/internal/stream_line.h>

namespace weft::internal {

bool ConnectionSearch::Joined(std::uint64_t after) { return connections_.multiplexers().Join(pool_, after, stream_); }

// Until there is a connection with room, the requests that need one wait for the request that opens it; with HTTP/1.1, each gets
// its own. If there are as many connections as allowed, requests wait for a stream, in order.
Result<ConnectionSearch::Found> ConnectionSearch::Run(const Context& ctx, const OutgoingRequest& request, bool fresh, std::uint64_t number) {
  const TimePoint until = request.response_timeout == kUnlimited ? TimePoint::max() : Now() + request.response_timeout;
  const auto joined = [this] { return Found{nullptr, stream_.connection()->served}; };
  struct InLine {
    InLine(ClientShared& client, StreamLine& line) : counted(client), place(line) {}
    const ClientShared::Wait counted;
    StreamLine::Place place;
  };
  for (std::optional<InLine> waits;;) {
    if (waits || pool_.line.Empty()) {
      if (Joined(fresh ? number : 0)) return joined();
      if (!fresh) {
        if (std::unique_ptr<ClientWire> idle = connections_.TakeIdle(pool_, !MayBeRepeated(request))) return Found{std::move(idle), true};
      }
      const bool may_connect = pool_.speaks_http1 || (pool_.attempt == nullptr && KeptMultiplexers::MayConnect(pool_));
      if (may_connect) {
        waits.reset();
        return Connect(ctx);
      }
      // There are enough new ones, or on their way: an older one will do.
      if (fresh && Joined(0)) return joined();
      if (!KeptMultiplexers::CanShare(pool_) && pool_.attempt != nullptr) {
        waits.reset();
        if (Error err = AwaitAttempt(ctx)) return err;
        continue;
      }
    }
    if (!waits) waits.emplace(connections_.client(), pool_.line);
    if (Error err = AwaitRoom(ctx, until, waits->place)) return err;
  }
}

// It is first in the queue when it comes back.
Error ConnectionSearch::AwaitRoom(const Context& ctx, TimePoint until, StreamLine::Place& place) {
  do {
    const LoopSignal::Outcome outcome = place.Wait(ctx, until);
    if (outcome == LoopSignal::Outcome::kContextDone) return ctx.Err().Wrap("wait for a stream to " + request_.url.origin);
    if (outcome == LoopSignal::Outcome::kTimedOut) return request_.Failure(ClientFailure::kBusy, "the server accepts no more streams");
  } while (!place.IsFirst());
  return {};
}

// If a server agrees to HTTP/2 and never begins to speak it, the next request tries again.
Error ConnectionSearch::AwaitAttempt(const Context& ctx) {
  const std::shared_ptr<SharedAttempt> attempt = pool_.attempt;
  const CancelScope limit = WithTimeout(ctx, connections_.client().options.connect_timeout);
  if (!attempt->done.Wait(limit.ctx)) return attempt->failure;
  if (Error err = ctx.Err()) return err.Wrap("connect to " + request_.url.origin);
  attempt->End(pool_);
  return request_.Failure(ClientFailure::kTimedOut, "not connected in time");
}

Result<ConnectionSearch::Found> ConnectionSearch::Connect(const Context& ctx) {
  struct Attempt {
    explicit Attempt(OriginPool& of) : pool(of) { pool.attempt = own; }
    ~Attempt() {
      if (own != nullptr) own->End(pool);
    }
    OriginPool& pool;
    std::shared_ptr<SharedAttempt> own = std::make_shared<SharedAttempt>();
  } attempt(pool_);
  Result<std::unique_ptr<ClientWire>> made = connections_.Open(ctx, request_.url, pool_, /*http2=*/true);
  if (Error err = made.Err()) {
    if (!ctx.Err()) attempt.own->failure = err;
    return err;
  }
  pool_.speaks_http1 = !Connector::IsHttp2(**made);
  if (pool_.speaks_http1) return Found{*std::move(made), false};
  std::unique_ptr<SocketWire> socket(static_cast<SocketWire*>((*std::move(made)).release()));
  connections_.multiplexers().Share(pool_, std::move(socket), stream_, attempt.own);
  attempt.own = nullptr;
  return Found{};
}

}  // namespace weft::internal
