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

enum class Isolation : std::uint8_t { kReadCommitted, kRepeatableRead, kSerializable };

struct TransactionOptions {
  Isolation isolation = Isolation::kReadCommitted;
  bool read_only = false;
  // Above 1: after a serialization failure or a deadlock it runs again from the start.
  int attempts_max = 1;
};

// The transaction inside of Pool::InTransaction, on a connection of its own, with the functions of
// Statements and Copying. One call at a time: fibers that share it take turns. If a statement
// fails, everything after it fails with 25P02, unless a savepoint is rolled back to.
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

  Error Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters, internal::ResultHandler& rows) override;
  Error RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) override;
  Result<std::uint64_t> RunCopyIn(const Context& ctx, std::string_view sql, const RowSource& source) override;

  internal::PoolState& pool_;
  std::unique_ptr<internal::Borrowed> connection_;
  bool busy_ = false;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_TRANSACTION_H_
