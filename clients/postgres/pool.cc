// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/pool.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

#include <weft/clients/postgres/internal/error_of.h>
#include <weft/clients/postgres/internal/pool_state.h>

namespace weft::postgres {

using internal::Borrowed;
using internal::Connection;
using internal::Connections;

namespace internal {
namespace {

ResourcePoolOptions<std::unique_ptr<Connection>> PoolOptionsOf(Shared& shared) {
  const PoolOptions& options = shared.options;
  return {
      .name = "postgres pool",
      .max = std::max<std::size_t>(options.connections_max, 1),  // a pool of none is `invalid`
      .waiting_max = options.waiting_max,
      .make = [&shared](const Context& ctx) { return Connection::Open(ctx, shared); },
      .check = [](std::unique_ptr<Connection>& connection) { return connection->Check(); },
      .idle_timeout = options.idle_timeout,
      .lifetime_max = options.lifetime_max,
      .acquire_timeout = options.acquire_timeout,
  };
}

// What is called with a connection of its own may not leave a transaction open on it.
Error Settle(const Context& ctx, Connection& connection, Error err) {
  if (connection.Lost() || !connection.InTransaction()) return err;
  connection.Rollback(ctx);
  if (err) return err;
  return Error::New("postgres: the statement left a transaction open, which was rolled back: use InTransaction");
}

}  // namespace

PoolState::PoolState(PoolOptions options) : shared_(std::move(options)), connections_(PoolOptionsOf(shared_)) {}

Result<Connections::Lease> PoolState::Acquire(const Context& ctx) {
  Result<Connections::Lease> lease = connections_.Acquire(ctx);
  if (lease.Ok()) return lease;
  if (Error err = ctx.Err()) return err;
  return OfAcquire(lease.Err(), shared_.origin);
}

}  // namespace internal

Pool::Pool(PoolOptions options) : state_(std::make_unique<internal::PoolState>(std::move(options))) {}

Pool::~Pool() {
  const PoolStats stats = Stats();
  if (stats.in_use + stats.waiting != 0 || state_->Common().listeners != 0) weft::internal::AbortMisuse("postgres::~Pool", "a call, a transaction or a listener still uses it");
}

Error Pool::Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters, internal::ResultHandler& rows) {
  Result<Connections::Lease> lease = state_->Acquire(ctx);
  if (Error err = lease.Err()) return err;
  const Borrowed connection(*std::move(lease));
  Error err = connection->Run(ctx, sql, parameters, rows);
  return internal::Settle(ctx, *connection, std::move(err));
}

Error Pool::RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) {
  Result<Connections::Lease> lease = state_->Acquire(ctx);
  if (Error err = lease.Err()) return err;
  const Borrowed connection(*std::move(lease));
  Error err = connection->CopyOut(ctx, sql, sink);
  return internal::Settle(ctx, *connection, std::move(err));
}

Result<std::uint64_t> Pool::RunCopyIn(const Context& ctx, std::string_view sql, const RowSource& source) {
  Result<Connections::Lease> lease = state_->Acquire(ctx);
  if (Error err = lease.Err()) return err;
  const Borrowed connection(*std::move(lease));
  std::uint64_t rows = 0;
  const auto from = [&source](Connection& c) {
    CopyWriter writer(c);
    return source(writer);
  };
  Error err = connection->CopyIn(ctx, sql, from, rows);
  err = internal::Settle(ctx, *connection, std::move(err));
  if (err) return err;
  return rows;
}

Error Pool::Ping(const Context& ctx) { return QueryOne<std::int32_t>(ctx, "select 1").Err(); }

PoolStats Pool::Stats() const { return state_->All().Stats(); }

void Pool::Trim() noexcept {
  state_->All().Trim();
  state_->Common().half_made.Trim(state_->Common().options.connect_timeout);
}

bool Pool::MayRunAgain(const Error& failure) { return IsSqlState(failure, kSerializationFailure) || IsSqlState(failure, kDeadlockDetected); }

// Those that were in each other's way must not meet again: 0 to 2, 4, 8 ... ms.
Error Pool::PauseBefore(const Context& ctx, int attempt) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto bound = std::chrono::microseconds(std::chrono::milliseconds(1) * (1 << std::min(attempt - 1, 7)));
  return Sleep(ctx, std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(0, bound.count())(random)));
}

}  // namespace weft::postgres
