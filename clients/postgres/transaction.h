// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_TRANSACTION_H_
#define WEFT_CLIENTS_POSTGRES_TRANSACTION_H_

#include <cstdint>
#include <exception>
#include <memory>
#include <type_traits>

#include <weft/clients/postgres/copy.h>
#include <weft/clients/postgres/statements.h>

namespace weft::postgres {

namespace internal {
class Borrowed;
class PoolState;
}

class Pool;

// What a transaction sees of others, in PostgreSQL's terms (its documentation, section 13.2). Each
// statement sees what was committed before it; or all see what was committed before the first one;
// or the outcome is one that the transactions could have had one after the other. The last two may
// fail with a serialization failure (40001), after which they should be run again.
enum class Isolation : std::uint8_t { kReadCommitted, kRepeatableRead, kSerializable };

// The third argument of Pool::InTransaction.
//
//   db.InTransaction(ctx, move, {.isolation = weft::postgres::Isolation::kSerializable,
//                                .attempts_max = 5});
struct TransactionOptions {
  Isolation isolation = Isolation::kReadCommitted;
  // The server rejects statements that write (25006).
  bool read_only = false;
  // Above 1: after a serialization failure or a deadlock it runs again from the start. The function
  // is then called again, so it must have no side effects outside of the transaction.
  int attempts_max = 1;
};

// The transaction inside of Pool::InTransaction, on a connection of its own, with the functions of
// Statements and Copying. One call at a time: fibers that share it take turns. If a statement
// fails, everything after it fails with 25P02, until it rolls back to a savepoint.
//
// It is committed when the function returns without an Error, and rolled back when it returns one
// or throws. It must not be used after the function has returned. Pool::InTransaction has an
// example.
class Transaction final : public Statements, public Copying {
 private:
  friend class Pool;
  explicit Transaction(internal::PoolState& pool);
  ~Transaction();
  Error Begin(const Context& ctx, const TransactionOptions& options);
  Error Commit(const Context& ctx);
  void Rollback(const Context& ctx);
  void Release();
  template <class F>
  auto Call(const Context& ctx, F& f) {
    std::exception_ptr thrown;
    try {
      return f(ctx, *this);
    } catch (...) {
      thrown = std::current_exception();
    }
    Rollback(ctx);  // no fiber may park while it handles an exception
    std::rethrow_exception(thrown);
  }

  Error Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters,
            internal::ResultHandler& rows) override;
  Error RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) override;
  Result<std::uint64_t> RunCopyIn(const Context& ctx, std::string_view sql,
                                  const RowSource& source) override;

  internal::PoolState& pool_;
  std::unique_ptr<internal::Borrowed> connection_;
  bool busy_ = false;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_TRANSACTION_H_
