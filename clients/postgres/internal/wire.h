// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_INTERNAL_WIRE_H_
#define WEFT_CLIENTS_POSTGRES_INTERNAL_WIRE_H_

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include <weft/clients/postgres/failure.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/concurrency/wait_fd.h>

namespace weft::postgres::internal {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, FreeResult>;

// How libpq is waited for: under a context while a call is in progress, by real time while the server is made to stop.
class Waits {
 public:
  // It may return although nothing is ready.
  virtual Result<FdEvents> Wait(FdEvents events) = 0;

 protected:
  ~Waits() = default;
};

// Whether OpenSSL has read bytes that libpq has not taken yet, for which the socket would never become ready (cancel_tls.cc).
bool TlsHolds(PGconn* connection);

// libpq's connection, which speaks the protocol and never blocks, and the descriptor that is watched for it. libpq closes its own socket
// as soon as the connection is lost, in the middle of a call; so the watched one is a duplicate.
class Wire {
 public:
  // Takes a connection over that is established. An error: no descriptor is left.
  static Result<std::unique_ptr<Wire>> Make(PGconn* connection);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  PGconn* Raw() const { return connection_; }
  int Socket() const { return watched_.Descriptor(); }
  // What the server has said when it ended the connection; `detail` is its message.
  const Failure& Farewell() const { return farewell_; }
  bool Lost() const { return fatal_ || PQstatus(connection_) == CONNECTION_BAD; }
  // Between two statements: whether it is still there. Reads what came meanwhile; does not suspend.
  bool Check() noexcept;

  // Those of a LISTEN on a connection of the pool: they would never be read.
  void DropNotifications() noexcept {
    while (PGnotify* one = PQnotifies(connection_)) PQfreemem(one);
  }
  // Takes what is there, also what TLS holds of it. False: the connection is lost.
  bool TakeInput() {
    bool good = PQconsumeInput(connection_) != 0;
    while (good && TlsHolds(connection_)) good = PQconsumeInput(connection_) != 0;
    return good;
  }

  // Until everything is with the kernel. Errors are those of the wait: a lost connection is what Next reports.
  Error Flush(Waits& waits);
  // The next result of what was sent; null: the end. A lost connection is a result, too.
  Result<PgResult> Next(Waits& waits);
  // Of COPY ... TO STDOUT: the next row, in memory that is valid until the next call; empty: the end, see Next for how it was.
  Result<std::string_view> NextCopyRow(Waits& waits);

  // Waits under a context, for the caller's fiber.
  class UnderContext final : public Waits {
   public:
    // `sent`: all of what was asked for is on its way, and nothing has been read or waited for since.
    UnderContext(Wire& wire, const Context& ctx, bool sent = false) : wire_(wire), ctx_(ctx), sent_(sent) {}
    Result<FdEvents> Wait(FdEvents events) override;

   private:
    Wire& wire_;
    const Context& ctx_;
    bool sent_;
  };

 private:
  Wire(PGconn* connection, int duplicate);
  static void OnNotice(void* self, const PGresult* notice);
  struct FreeRow {
    void operator()(char* row) const { PQfreemem(row); }
  };

  PGconn* const connection_;
  FdWaiter watched_;
  bool fatal_ = false;  // the server has said that it ends the connection
  Failure farewell_;
  std::unique_ptr<char, FreeRow> row_;
};

}  // namespace weft::postgres::internal

#endif  // WEFT_CLIENTS_POSTGRES_INTERNAL_WIRE_H_
