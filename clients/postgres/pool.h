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

// Connections to a PostgreSQL database, version 12 or later (Go's sql.DB). It is in the library
// weft::postgres; see docs/postgres.md.
//
//   weft::postgres::Pool db({.conninfo = "host=db.internal dbname=shop user=app"});
//
//   weft::Result<std::optional<std::string>> title =
//       db.QueryOne<std::string>(r.Ctx(), "select title from notes where id = $1", id);
//
// Use one per process. It may be built anywhere, even before there is a loop. Building it never
// fails. It connects only when it is used, and serves all loops, schedulers and plain threads. It
// starts no fiber and no thread. A call that finds a connection lost or too old closes it, and a
// call that needs another one makes it.
//
// Each call takes a connection for itself. If a statement leaves state on it (SET, LISTEN,
// temporary tables, advisory locks), the next user of the connection sees it: use InTransaction
// with SET LOCAL. A transaction that a statement leaves open is rolled back and is an Error.
class Pool final : public Statements, public Copying {
 public:
  explicit Pool(PoolOptions options);
  // Closes the idle connections. Aborts while a call is in progress. May park.
  ~Pool();

  // Runs f in a transaction: commits if f returns no Error, and otherwise rolls back and returns
  // the Error. f is called with (const Context&, Transaction&) and returns an Error, or a
  // Result<T>, which InTransaction then returns. If attempts_max is above 1 it runs again after
  // 40001 and 40P01, so it must have no effects outside of the transaction. An exception rolls back
  // and is passed to the caller.
  //
  //   weft::Error Move(const weft::Context& ctx, int from, int to, int cents) {
  //     auto move = [&](const weft::Context& c, weft::postgres::Transaction& tx) -> weft::Error {
  //       const char* sql = "update accounts set cents = cents + $2 where id = $1";
  //       if (weft::Error err = tx.Execute(c, sql, from, -cents).Err()) return err;
  //       return tx.Execute(c, sql, to, cents).Err();
  //     };
  //     return db.InTransaction(ctx, move, {.attempts_max = 5});
  //   }
  //
  // In f, use `tx`. A call of the pool takes another connection, and waits for it while this one is
  // held; after acquire_timeout that is an Error, which names the fibers that hold them all.
  //
  // A context that ends in f, or before COMMIT, rolls back, under cancel_grace. COMMIT itself is
  // not canceled: its result is waited for, for cancel_grace. If the connection is lost in it, the
  // outcome is not known, and Failure::commit_unknown is set.
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

  // Whether the database can be reached and is serving: for probes and at startup.
  Error Ping(const Context& ctx);

  // From any thread. For Metrics::Add.
  PoolStats Stats() const;
  // Closes connections that are idle and too old (see ResourcePool), and those that calls have
  // begun and left, if connect_timeout is over.
  void Trim() noexcept;

 private:
  friend class Transaction;
  friend class Listener;
  Error Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters,
            internal::ResultHandler& rows) override;
  Error RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) override;
  Result<std::uint64_t> RunCopyIn(const Context& ctx, std::string_view sql,
                                  const RowSource& source) override;

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
