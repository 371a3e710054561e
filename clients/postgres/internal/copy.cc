// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/connection.h>

#include <weft/clients/postgres/internal/statement_check.h>
#include <weft/net/client_failure.h>

namespace weft::postgres::internal {

// From the statement to the state in which data goes.
Error Connection::EnterCopy(const Context& ctx, std::string_view sql, ExecStatusType wanted) {
  if (Error err = CheckText(sql)) return err;
  if (Error err = ctx.Err()) return err;
  if (Error err = Sent(PQsendQuery(wire_->Raw(), std::string(sql).c_str()))) return err;
  Wire::UnderContext waits(*wire_, ctx);
  Error failure = wire_->Flush(waits);
  if (!failure) {
    Result<PgResult> next = wire_->Next(waits);
    failure = next.Err();
    if (!failure && *next == nullptr) return Error::New("postgres: the statement is empty");
    if (!failure) {
      const ExecStatusType status = PQresultStatus(next->get());
      if (status == wanted) return {};
      failure = status == PGRES_FATAL_ERROR ? OfFailed(next->get())
                                            : Error::New(wanted == PGRES_COPY_IN ? "postgres: the statement is not COPY ... FROM STDIN"
                                                                                 : "postgres: the statement is not COPY ... TO STDOUT");
    }
  }
  Stop(ctx);
  return failure;
}

Error Connection::CopyOut(const Context& ctx, std::string_view sql, const RowSink& sink) {
  if (Error err = EnterCopy(ctx, sql, PGRES_COPY_OUT)) return err;
  Wire::UnderContext waits(*wire_, ctx);
  Error failure;
  std::exception_ptr thrown;
  while (!failure && !thrown) {
    const Result<std::string_view> row = wire_->NextCopyRow(waits);
    failure = row.Err();
    if (failure) break;
    if (row->empty()) return FinishCommand(ctx);
    try {
      failure = sink(*row);
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  Stop(ctx);
  if (thrown) std::rethrow_exception(thrown);
  return failure;
}

Error Connection::CopyIn(const Context& ctx, std::string_view sql, const CopySource& source, std::uint64_t& rows) {
  if (Error err = EnterCopy(ctx, sql, PGRES_COPY_IN)) return err;
  Error failure;
  std::exception_ptr thrown;
  copy_failure_ = {};
  try {
    failure = source(*this);
  } catch (...) {
    thrown = std::current_exception();
  }
  // Whoever passes over the Error of a write must not insert half of a row.
  if (!failure && !thrown) failure = copy_failure_;
  if (!failure && !thrown) failure = ctx.Err();
  if (!failure && !thrown) {
    if (Error err = Sent(PQputCopyEnd(wire_->Raw(), nullptr))) return err;
    return FinishCommand(ctx, &rows);
  }
  Stop(ctx);
  if (thrown) std::rethrow_exception(thrown);
  return failure;
}

// A write that fails may have sent a part of a row: none may come after it.
Error Connection::PutCopyData(const Context& ctx, std::string_view data) {
  Wire::UnderContext waits(*wire_, ctx);
  while (!copy_failure_ && !data.empty()) {
    copy_failure_ = ctx.Err();
    if (copy_failure_) break;
    const std::string_view piece = data.substr(0, std::size_t{1} << 16);
    if (PQputCopyData(wire_->Raw(), piece.data(), static_cast<int>(piece.size())) <= 0 || Lost()) {
      copy_failure_ = MakeClientFailure(Errc::kUnavailable, {ClientFailure::kReset, true, shared_.origin, "in COPY"});
      break;
    }
    data.remove_prefix(piece.size());
    // What waits for the socket is in libpq's memory: no more than one piece. If the server has rejected a row, it reads the rest all the same.
    copy_failure_ = wire_->Flush(waits);
  }
  return copy_failure_;
}

}  // namespace weft::postgres::internal
