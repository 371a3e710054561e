// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/connection.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include <weft/clients/postgres/failure.h>
#include <weft/clients/postgres/internal/error_of.h>
#include <weft/clients/postgres/internal/real_time_waits.h>
#include <weft/clients/postgres/internal/statement_check.h>

namespace weft::postgres::internal {
namespace {

// Younger ones are not looked at before they are used: in a busy pool that would be a call of the kernel for each query.
// In real time: in RunTest the clock of weft may stand still while servers come and go.
constexpr std::int64_t kCheckAfterNs = 10'000'000;

// Of statements whose rows, if any, do not matter.
struct Affected final : ResultHandler {
  Error OnColumns(const ResultView&) override { return {}; }
  Error OnRows(const ResultView&) override { return {}; }
  void OnAffected(std::uint64_t n) override { rows = n; }
  std::uint64_t rows = 0;
};

}  // namespace

Connection::Connection(Shared& shared, std::unique_ptr<Wire> wire)
    : shared_(shared), wire_(std::move(wire)), statements_(shared.options.statements_max) {}

bool Connection::Check() noexcept {
  wire_->DropNotifications();
  return !Lost() && (RealTimeWaits::RealNow() - used_ns_ < kCheckAfterNs || wire_->Check());
}

Error Connection::Run(const Context& ctx, std::string_view sql, const Parameters& parameters, ResultHandler& rows) {
  if (Error err = CheckText(sql)) return err;
  if (const int number = parameters.WithZeroByte(); number != 0) {
    return Error::New("postgres: parameter $" + std::to_string(number) + " has a zero byte, which text in PostgreSQL cannot hold, or a time outside of the years 1 to 9999");
  }
  const bool in_transaction = InTransaction();
  Delivery to{rows};
  Error err = RunOnce(ctx, sql, parameters, to);
  if (!to.stale || to.delivered) return err;
  statements_.GiveUp(sql);
  // In a transaction it is too late: that has failed, or would.
  if (in_transaction) return err;
  Delivery again{rows};
  return RunOnce(ctx, sql, parameters, again);
}

Error Connection::RunOnce(const Context& ctx, std::string_view sql, const Parameters& parameters, Delivery& to) {
  if (Error err = ctx.Err()) return err;
  const StatementCache::Statement* statement = nullptr;
  if (shared_.options.prepare) {
    const Result<const StatementCache::Statement*> prepared = Prepared(ctx, sql, to);
    if (Error err = prepared.Err()) return LostWhilePreparing(err);
    statement = *prepared;
    // Before it has an effect. What comes back is looked at again: another session of a pooler's may see other tables.
    if (Error err = statement != nullptr ? to.rows.OnColumns(ResultView(statement->columns.get())) : Error()) {
      to.stale = to.known;  // the columns may have changed since
      return err;
    }
  }
  // Ended by the server right after it had prepared the statement.
  if (Lost()) return LostBefore("the statement", wire_->Farewell(), shared_.origin);
  std::array<const char*, 16> few;  // spares an allocation
  std::vector<const char*> many(parameters.Count() > static_cast<int>(few.size()) ? static_cast<std::size_t>(parameters.Count()) : 0);
  const char** const values = many.empty() ? few.data() : many.data();
  parameters.Pointers(values);
  const int sent = statement != nullptr
                       ? PQsendQueryPrepared(wire_->Raw(), statement->name.c_str(), parameters.Count(), values, nullptr, nullptr, 0)
                       : PQsendQueryParams(wire_->Raw(), std::string(sql).c_str(), parameters.Count(), nullptr, values, nullptr, nullptr, 0);
  if (Error err = Sent(sent)) return err;
  if (to.rows.RowByRow()) PQsetSingleRowMode(wire_->Raw());
  return Receive(ctx, to);
}

Error Connection::Command(const Context& ctx, const char* sql) {
  if (Error err = ctx.Err()) return err;
  if (Error err = Sent(PQsendQuery(wire_->Raw(), sql))) return err;
  return FinishCommand(ctx);
}

// libpq takes no command only when the connection is lost, or out of memory.
Error Connection::Sent(int sent) {
  if (sent == 1) return {};
  lost_ = true;
  return OfConnect(PQerrorMessage(wire_->Raw()), shared_.origin);
}

Error Connection::FinishCommand(const Context& ctx, std::uint64_t* rows) {
  Affected affected;
  Delivery to{affected};
  Error err = Receive(ctx, to);
  if (rows != nullptr) *rows = affected.rows;
  return err;
}

Error Connection::OfFailed(const PGresult* result) const { return OfResult(result, shared_.origin, wire_->Lost() ? &wire_->Farewell() : nullptr); }

Error Connection::Receive(const Context& ctx, Delivery& to) {
  const bool sent = PQflush(wire_->Raw()) == 0;
  Wire::UnderContext waits(*wire_, ctx, sent);
  Error failure = sent ? Error() : wire_->Flush(waits);
  bool ended = false;
  while (!failure && !to.stop && !ended) {
    Result<PgResult> next = wire_->Next(waits);
    failure = next.Err();
    ended = !failure && *next == nullptr;
    if (failure || ended) break;
    if (!to.verdict) to.verdict = Take(next->get(), to);
    if (to.keep != nullptr) *to.keep = *std::move(next);
  }
  if (!ended) Stop(ctx);
  used_ns_ = RealTimeWaits::RealNow();
  if (to.thrown) std::rethrow_exception(to.thrown);
  return to.verdict ? to.verdict : failure;
}

Error Connection::Take(PGresult* result, Delivery& to) {
  switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_SINGLE_TUPLE: {
      Error err = Deliver(ResultView(result), to);
      to.rows.OnAffected(std::strtoull(PQcmdTuples(result), nullptr, 10));
      return err;
    }
    case PGRES_COMMAND_OK: {
      // A statement without rows where rows are asked for fails by its columns: it has none.
      Error err = std::exchange(to.described, true) ? Error() : to.rows.OnColumns(ResultView(result));
      to.rows.OnAffected(std::strtoull(PQcmdTuples(result), nullptr, 10));
      return err;
    }
    case PGRES_EMPTY_QUERY: return Error::New("postgres: the statement is empty");
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH: to.stop = true; return Error::New("postgres: use CopyIn or CopyOut for COPY");
    default: to.stale = !to.prepared.empty() && IsStale(result, to.prepared, to.known); return OfFailed(result);
  }
}

// An exception is kept until the server has stopped: no fiber parks while it handles one.
Error Connection::Deliver(const ResultView& view, Delivery& to) {
  Error err;
  try {
    if (!std::exchange(to.described, true)) err = to.rows.OnColumns(view);
    if (!err && view.Rows() > 0) {
      to.delivered = true;
      err = to.rows.OnRows(view);
    }
  } catch (...) {
    to.thrown = std::current_exception();
  }
  // Where rows come one by one there are more on the way.
  if ((err || to.thrown) && to.rows.RowByRow()) to.stop = true;
  return err;
}

void Connection::Rollback(const Context& ctx) {
  if (Lost() || !InTransaction()) return;
  const Context calm = WithoutCancel(ctx);
  RealTimeWaits waits(calm, wire_->Socket(), shared_.options.cancel_grace);
  Error err = Sent(PQsendQuery(wire_->Raw(), "rollback"));
  if (!err) err = wire_->Flush(waits);
  if (!err) err = Drain(waits);
  if (err || InTransaction()) lost_ = true;
}

Error Connection::Commit(const Context& ctx) {
  if (Error err = ctx.Err()) return err;
  // Lost before, as by idle_in_transaction_session_timeout: then it surely has not happened.
  if (lost_ || !wire_->Check()) return LostBefore("COMMIT", wire_->Farewell(), shared_.origin);
  if (Error err = Sent(PQsendQuery(wire_->Raw(), "commit"))) return err;
  const Context calm = WithoutCancel(ctx);
  std::optional<RealTimeWaits> after;
  Wire::UnderContext during(*wire_, ctx, PQflush(wire_->Raw()) == 0);
  Error verdict, ended;
  bool committed = false;
  for (;;) {
    Waits& waits = after ? static_cast<Waits&>(*after) : during;
    Error err = wire_->Flush(waits);
    Result<PgResult> next = err ? Result<PgResult>(err) : wire_->Next(waits);
    if (next.Err() && !after) {
      ended = next.Err();
      after.emplace(calm, wire_->Socket(), shared_.options.cancel_grace);
      continue;
    }
    if (next.Err()) {
      lost_ = true;
      return committed ? Error() : CommitUnknown(ended, shared_.origin);
    }
    if (*next == nullptr) return verdict;
    if (PQresultStatus(next->get()) != PGRES_COMMAND_OK) {
      if (committed) continue;  // what is lost after that is the connection only
      verdict = OfFailed(next->get());
      if (Lost()) verdict = CommitUnknown(verdict, shared_.origin);
    } else if (committed = std::string_view(PQcmdStatus(next->get())) == "COMMIT"; !committed) {
      verdict = Error::New("postgres: the transaction was rolled back, because a statement in it had failed and its Error was ignored");
    }
  }
}

}  // namespace weft::postgres::internal
