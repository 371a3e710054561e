// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/connection.h>

#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <weft/clients/postgres/internal/conn_info.h>
#include <weft/clients/postgres/internal/error_of.h>
#include <weft/concurrency/offload.h>
#include <weft/net/client_failure.h>

namespace weft::postgres::internal {
namespace {

Handle Start(const ConnInfo& info) {
  std::vector<const char*> keywords, values;
  for (const auto& [keyword, value] : info) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  Handle connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (connection != nullptr) {
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);  // otherwise the sqlstate is missing
    PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
  }
  return connection;
}

FdEvents Awaited(const HalfMade& making) { return making.next == PGRES_POLLING_READING ? FdEvents::kRead : FdEvents::kWrite; }

// Whether the server has done its part: what has taken too long is not its fault.
bool IsOurTurn(const HalfMade& making) {
  if (making.handle == nullptr || PQsocket(making.handle.get()) < 0) return false;
  pollfd look = {PQsocket(making.handle.get()), static_cast<short>(Awaited(making) == FdEvents::kRead ? POLLIN : POLLOUT), 0};
  return poll(&look, 1, 0) > 0;
}

// Each step runs in the pool of Offload: the client's part of SCRAM is 4,096 rounds of HMAC, 8 ms, and libpq looks names up, and reads
// files, within a step. Sockets are waited for here; libpq may take another one in each step. It continues with the next host
// after a failure only, so one that is `silent` for as long as each may take ends this, and is named, unless it is the last one.
Error Establish(const Context& ctx, HalfMade& making, Shared& shared, std::optional<std::size_t>& silent) {
  PGconn* const connection = making.handle.get();
  const bool several = HostsOf(making.info) > 1;
  while (making.next != PGRES_POLLING_OK) {
    if (making.next == PGRES_POLLING_FAILED) return OfConnect(PQerrorMessage(connection), shared.origin);
    const std::optional<std::size_t> host = several ? FindHost(making.info, connection) : std::nullopt;
    if (host != std::exchange(making.host, host) || !host) making.due = host ? Now() + making.of_each : TimePoint::max();
    const CancelScope turn = host ? WithDeadline(ctx, making.due) : WithCancel(ctx);
    if (Error err = WaitFd(turn.ctx, PQsocket(connection), Awaited(making), {.waits_for = "postgres to connect"}).Err()) {
      const bool turn_over = host && !ctx.Err() && err.Is(kDeadlineExceeded);
      if (!turn_over || !IsOurTurn(making)) {
        if (turn_over) silent = host;
        return err;
      }
      making.due = Now() + making.of_each;  // no call was there to continue meanwhile
    }
    Result<PostgresPollingStatusType> polled = Offload(ctx, [&] { return PQconnectPoll(connection); });
    if (Error err = polled.Err()) return err;
    making.next = *polled;
  }
  return {};
}

// What every connection of ours is set to: forms of values that are read here, and the server's own nets. What a pooler would not keep with the
// connection is left out with `prepare`.
std::vector<std::string> Settings(const PoolOptions& options, int server_version) {
  std::string common = "set datestyle to iso";
  if (options.prepare) common += "; set bytea_output to hex; set extra_float_digits to 1";
  if (options.prepare && !(options.statement_timeout == kUnlimited)) {
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(options.statement_timeout).count();
    common += "; set statement_timeout to " + std::to_string(std::clamp<std::int64_t>(ms, 1, INT32_MAX));
  }
  std::vector<std::string> all = {std::move(common)};
  // Not on all systems that a server may run on.
  if (options.prepare && server_version >= 140000) all.emplace_back("set client_connection_check_interval to 1000");
  return all;
}

// `making`: where to continue, or null; on failure, how far it got, if that is of any use to another caller.
Result<Handle> Connect(const Context& ctx, Shared& shared, std::unique_ptr<HalfMade>& making) {
  const bool goes_on = making != nullptr;
  if (!goes_on) {
    Result<ConnInfo> info = ResolveHosts(ctx, shared.options.conninfo, shared.origin);
    if (Error err = info.Err()) return err;
    making = std::make_unique<HalfMade>();
    making->info = *std::move(info);
    making->of_each = shared.options.connect_timeout / static_cast<std::int64_t>(HostsOf(making->info));
  }
  for (;;) {
    if (making->handle == nullptr) {
      Result<Handle> started = Offload(ctx, [&] { return Start(making->info); });
      if (Error err = started.Err()) return err;
      making->handle = *std::move(started);
      if (making->handle == nullptr) return Error(std::errc::not_enough_memory);
      if (PQstatus(making->handle.get()) == CONNECTION_BAD) {
        const Handle bad = std::move(making->handle);
        return OfConnect(PQerrorMessage(bad.get()), shared.origin);
      }
    }
    std::optional<std::size_t> silent;
    Error err = Establish(ctx, *making, shared, silent);
    if (!err) return std::move(making->handle);
    if (!silent) return err;
    making->info = WithoutHost(std::move(making->info), *silent);
    making->handle.reset();
    making->next = PGRES_POLLING_WRITING;
    making->host.reset();
  }
}

Result<std::unique_ptr<Connection>> OpenOnce(const Context& ctx, Shared& shared, std::unique_ptr<HalfMade>& making) {
  Result<Handle> connected = Connect(ctx, shared, making);
  if (Error err = connected.Err()) return err;
  making.reset();
  Handle handle = *std::move(connected);
  if (!SpeaksTls() && PQsslInUse(handle.get()) != 0) {
    return MakeClientFailure(Errc::kUpstreamFailed, {ClientFailure::kTls, false, shared.origin, "weft was built without TLS (WEFT_TLS=OFF): sslmode=disable"});
  }
  PQsetErrorVerbosity(handle.get(), PQERRORS_DEFAULT);
  const int version = PQserverVersion(handle.get());
  Result<std::unique_ptr<Wire>> wire = Wire::Make(handle.release());
  if (Error err = wire.Err()) return err;
  auto connection = std::make_unique<Connection>(shared, *std::move(wire));
  bool required = true;
  for (const std::string& setting : Settings(shared.options, version)) {
    Error err = connection->Command(ctx, setting.c_str());
    if (err && (required || connection->Lost())) return err.Wrap("set up a connection");
    required = false;
  }
  return connection;
}

// Goes on with what another caller has begun, if there is any, and begins anew if that fails.
Result<std::unique_ptr<Connection>> OpenInTurn(const Context& caller, const Context& ctx, Shared& shared) {
  std::unique_ptr<HalfMade> making = shared.half_made.Take();
  shared.half_made.Trim(shared.options.connect_timeout);
  const Duration left = making != nullptr ? shared.options.connect_timeout - (Now() - making->begun) : Duration();
  const auto timed_out = [&] { shared.gate.Failed(ConnectTimedOut(shared.origin, "to connect")); };
  if (making != nullptr && left <= Duration()) {
    if (!IsOurTurn(*making)) timed_out();
    making.reset();
  }
  if (making != nullptr) {
    const CancelScope rest = WithTimeout(ctx, left);
    Result<std::unique_ptr<Connection>> opened = OpenOnce(rest.ctx, shared, making);
    if (opened.Ok()) return opened;
    if (!ctx.Err()) {
      if (rest.ctx.Err() && opened.Err().Is(kDeadlineExceeded)) timed_out();
      making.reset();
    }
  }
  Result<std::unique_ptr<Connection>> opened = OpenOnce(ctx, shared, making);
  // Only of a caller that has left: what has had its time is of no use.
  const bool useful = making != nullptr && making->handle != nullptr && making->next != PGRES_POLLING_FAILED &&
                      PQstatus(making->handle.get()) != CONNECTION_BAD;
  if (!opened.Ok() && caller.Err() && useful) shared.half_made.Keep(std::move(making));
  return opened;
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::Open(const Context& ctx, Shared& shared) {
  if (shared.invalid) return shared.invalid;
  const CancelScope scope = WithTimeout(ctx, shared.options.connect_timeout);
  const Result<Permit> turn = shared.gate.Enter(scope.ctx);
  Error failure = turn.Err();
  if (!failure) {
    Result<std::unique_ptr<Connection>> opened = OpenInTurn(ctx, scope.ctx, shared);
    if (opened.Ok()) {
      shared.gate.Succeeded();
      return opened;
    }
    failure = opened.Err();
  }
  if (Error err = ctx.Err()) return err;
  if (scope.ctx.Err() && failure.Is(kDeadlineExceeded)) failure = ConnectTimedOut(shared.origin, "to connect");
  if (failure.Is(kRefused)) failure = MakeClientFailure(Errc::kUnavailable, {ClientFailure::kBusy, false, shared.origin, failure.Message()});
  if (turn.Ok()) shared.gate.Failed(failure);
  return failure;
}

}  // namespace weft::postgres::internal
