// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_CONNECTION_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_CONNECTION_H_

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <weft/clients/postgres/internal/parameters.h>
#include <weft/clients/postgres/internal/result_view.h>
#include <weft/clients/postgres/internal/shared.h>
#include <weft/clients/postgres/internal/statement_cache.h>
#include <weft/clients/postgres/internal/wire.h>

namespace weft::postgres::internal {

// One connection, which one call at a time uses. After a call it is idle (ReadyForQuery), in a transaction or not, or Lost.
class Connection {
 public:
  using RowSink = std::function<Error(std::string_view row)>;
  // Where the data of a COPY comes from: it is called once.
  using CopySource = std::function<Error(Connection&)>;

  static Result<std::unique_ptr<Connection>> Open(const Context& ctx, Shared& shared);
  Connection(Shared& shared, std::unique_ptr<Wire> wire);

  Error Run(const Context& ctx, std::string_view sql, const Parameters& parameters, ResultHandler& rows);
  // Without parameters, several if need be.
  Error Command(const Context& ctx, const char* sql);
  // BEGIN, of some kind.
  Error Begin(const Context& ctx, const char* sql);
  // Its end is waited for also after the context's, for cancel_grace, and it is not canceled.
  Error Commit(const Context& ctx);
  Error CopyOut(const Context& ctx, std::string_view sql, const RowSink& sink);
  Error CopyIn(const Context& ctx, std::string_view sql, const CopySource& source, std::uint64_t& rows);
  // From within a CopySource.
  Error PutCopyData(const Context& ctx, std::string_view data);
  // If it is in a transaction. Under cancel_grace, also after the context's end.
  void Rollback(const Context& ctx);

  bool InTransaction() const { return PQtransactionStatus(wire_->Raw()) != PQTRANS_IDLE; }
  bool Lost() const { return lost_ || wire_->Lost(); }
  // Between two statements: whether it is still good.
  bool Check() noexcept;
  Wire& OnWire() { return *wire_; }
  Shared& OfPool() { return shared_; }

 private:
  // What one statement brings, and to whom.
  struct Delivery {
    ResultHandler& rows;
    std::string_view prepared = {};  // its name; empty: it is not prepared
    bool known = false;              // it was prepared by an earlier call
    PgResult* keep = nullptr;        // takes its last result
    bool described = false, delivered = false;
    bool stale = false;  // it has not run: the server does not know the name, or the columns have changed
    bool stop = false;   // the rest is not wanted
    Error verdict = {};
    std::exception_ptr thrown = nullptr;
  };
  Error RunOnce(const Context& ctx, std::string_view sql, const Parameters& parameters, Delivery& to);
  // Null: run it without.
  Result<const StatementCache::Statement*> Prepared(const Context& ctx, std::string_view sql, Delivery& to);
  Result<const StatementCache::Statement*> Prepare(const Context& ctx, std::string_view sql, std::string name, Delivery& to);
  Error DeallocateGivenUp(const Context& ctx, const std::string& first);
  Error Sent(int sent);
  Error Receive(const Context& ctx, Delivery& to);
  Error Take(PGresult* result, Delivery& to);
  Error Deliver(const ResultView& view, Delivery& to);
  Error FinishCommand(const Context& ctx, std::uint64_t* rows = nullptr);
  Error EnterCopy(const Context& ctx, std::string_view sql, ExecStatusType wanted);
  Error OfFailed(const PGresult* result) const;
  // Makes the server stop, and throws away what it still sends; the connection is idle after that, or Lost.
  void Stop(const Context& ctx);
  Error Drain(Waits& waits);

  Shared& shared_;
  const std::unique_ptr<Wire> wire_;
  StatementCache statements_;
  bool lost_ = false;
  Error copy_failure_;  // of the first write that failed, in the COPY that is under way
  std::int64_t used_ns_ = 0;  // in real time, as of the server's other deeds
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_CONNECTION_H_
