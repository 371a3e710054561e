// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_POOL_H_
#define WEFT_CLIENTS_POSTGRES_POOL_H_

#include <memory>
#include <type_traits>
#include <utility>

#include <weft/clients/postgres/copy.h>         // IWYU pragma: export
#include <weft/clients/postgres/failure.h>      // IWYU pragma: export
#include <weft/clients/postgres/options.h>      // IWYU pragma: export
#include <weft/clients/postgres/statements.h>   // IWYU pragma: export
#include <weft/clients/postgres/transaction.h>  // IWYU pragma: export
#include <weft/concurrency/pool_stats.h>

namespace weft::postgres {

namespace internal {
class PoolState;
}

// Connections to a PostgreSQL database, version 12 or later. Component weft::postgres; see docs/postgres.md.
//
//   weft::postgres::Pool db({.conninfo = "host=db.internal dbname=shop user=app"});
//   ...
//   weft::Result<std::optional<std::string>> title =
//       db.QueryOne<std::string>(r.Ctx(), "select title from notes where id = $1", id);
//
// One for the process: it is built anywhere, also before there is a loop, never fails and connects
// to nothing until it is used, and serves all loops, schedulers and plain threads. It starts no
// fiber and no thread. A connection that a call of its own has found lost, or too old, is closed;
// each call that needs one more makes it.
//
// Each call takes a connection for itself. State that a statement leaves on one (SET, LISTEN,
// temporary tables, advisory locks) is found by whoever gets it next: use InTransaction with SET
// LOCAL. A transaction that a statement leaves open is rolled back and is an Error.
class Pool final : public Statements, public Copying {
 public:
  explicit Pool(PoolOptions options);
  // Closes what is idle. Aborts while a call is under way. May park.
  ~Pool();

  // Runs f in a transaction: commits if f returns no Error, else rolls back and returns that. f is
  // called with (const Context&, Transaction&) and returns an Error, or a Result<T>, which
  // InTransaction returns then. It runs again after 40001 and 40P01, with attempts_max above 1: so it
  // must have no effects beside the transaction's. An exception rolls back and goes on to the caller.
  //
  //   weft::Error err = db.InTransaction(ctx, [&](const weft::Context& c, weft::postgres::Transaction& tx) -> weft::Error {
  //     if (weft::Error e = tx.Execute(c, "update accounts set cents = cents - $2 where id = $1", from, cents).Err()) return e;
  //     return tx.Execute(c, "update accounts set cents = cents + $2 where id = $1", to, cents).Err();
  //   }, {.isolation = weft::postgres::Isolation::kSerializable, .attempts_max = 5});
  //
  // Within f use `tx`: a call of the pool takes another connection, and waits for it while this one
  // is held; after acquire_timeout that is an Error, which names the fibers that hold them all.
  //
  // A context that ends in f, or before COMMIT, rolls back, under cancel_grace. COMMIT itself is not
  // canceled: its verdict is waited for, for cancel_grace. If the connection is lost in it, nobody
  // knows, and Failure::commit_unknown is set.
  template <class F>
  auto InTransaction(const Context& ctx, F f, const TransactionOptions& options = {}) {
    using Out = std::invoke_result_t<F&, const Context&, Transaction&>;
    for (int attempt = 1;; ++attempt) {
      Transaction transaction(*state_);
      if (Error err = transaction.Begin(ctx, options)) return Out(std::move(err));
      Out out = transaction.Call(ctx, f);
      Error failure = ErrorOf(out);
      if (!failure) failure = transaction.Commit(ctx);
      if (!failure) return out;
      transaction.Rollback(ctx);
      if (attempt >= options.attempts_max || !MayRunAgain(failure)) return Out(std::move(failure));
      transaction.Release();
      if (Error err = PauseBefore(ctx, attempt + 1)) return Out(std::move(err));
    }
  }

  // Whether the database can be reached and serves: for probes and at the start.
  Error Ping(const Context& ctx);

  // From any thread. For Metrics::Add.
  PoolStats Stats() const;
  // Closes what is idle and too old; see ResourcePool.
  void Trim() noexcept;

 private:
  friend class Transaction;
  friend class Listener;
  Error Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters, internal::ResultHandler& rows) override;
  Error RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) override;
  Result<std::uint64_t> RunCopyIn(const Context& ctx, std::string_view sql, const RowSource& source) override;

  static Error ErrorOf(const Error& out) { return out; }
  template <class T>
  static Error ErrorOf(const Result<T>& out) {
    return out.Err();
  }
  static bool MayRunAgain(const Error& failure);
  static Error PauseBefore(const Context& ctx, int attempt);

  const std::unique_ptr<internal::PoolState> state_;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_POOL_H_
