// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/transaction.h>

#include <string>
#include <utility>

#include <weft/clients/postgres/internal/pool_state.h>

namespace weft::postgres {
namespace {

const char* BeginOf(const TransactionOptions& options) {
  switch (options.isolation) {
    case Isolation::kRepeatableRead:
      return options.read_only ? "begin isolation level repeatable read, read only" : "begin isolation level repeatable read";
    case Isolation::kSerializable: return options.read_only ? "begin isolation level serializable, read only" : "begin isolation level serializable";
    default: return options.read_only ? "begin isolation level read committed, read only" : "begin isolation level read committed";
  }
}

// One call of a transaction.
class Turn {
 public:
  explicit Turn(bool& busy) : busy_(busy) {
    if (std::exchange(busy_, true)) weft::internal::AbortMisuse("postgres::Transaction", "two calls at the same time: a connection runs one statement at a time");
  }
  ~Turn() { busy_ = false; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool& busy_;
};

}  // namespace

Transaction::Transaction(internal::PoolState& pool) : pool_(pool) {}
Transaction::~Transaction() = default;

Error Transaction::Begin(const Context& ctx, const TransactionOptions& options) {
  Result<internal::Connections::Lease> lease = pool_.Acquire(ctx);
  if (Error err = lease.Err()) return err;
  connection_ = std::make_unique<internal::Borrowed>(*std::move(lease));
  Error err = (*connection_)->Begin(ctx, BeginOf(options));
  if (err) Rollback(ctx);
  return err;
}

Error Transaction::Commit(const Context& ctx) {
  const Turn turn(busy_);
  return (*connection_)->Commit(ctx);
}

void Transaction::Rollback(const Context& ctx) {
  const Turn turn(busy_);
  (*connection_)->Rollback(ctx);
}

void Transaction::Release() { connection_.reset(); }

Error Transaction::Run(const Context& ctx, std::string_view sql, const internal::Parameters& parameters, internal::ResultHandler& rows) {
  const Turn turn(busy_);
  return (*connection_)->Run(ctx, sql, parameters, rows);
}

Error Transaction::RunCopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) {
  const Turn turn(busy_);
  return (*connection_)->CopyOut(ctx, sql, sink);
}

Result<std::uint64_t> Transaction::RunCopyIn(const Context& ctx, std::string_view sql, const RowSource& source) {
  const Turn turn(busy_);
  std::uint64_t rows = 0;
  const auto from = [&source](internal::Connection& c) {
    CopyWriter writer(c);
    return source(writer);
  };
  if (Error err = (*connection_)->CopyIn(ctx, sql, from, rows)) return err;
  return rows;
}

}  // namespace weft::postgres
