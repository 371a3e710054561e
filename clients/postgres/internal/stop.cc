// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/connection.h>

#include <weft/clients/postgres/internal/cancel.h>
#include <weft/clients/postgres/internal/real_time_waits.h>

namespace weft::postgres::internal {
namespace {
// After it a cancel is sent again: one that comes before the server has read the statement has no effect.
constexpr std::int64_t kFirstPauseNs = 20'000'000;
}  // namespace

// The connection may be used again once the server has closed the connection of each cancel, so that no signal is under way, and has
// said ReadyForQuery. In any other case it is closed, and the server's own nets, client_connection_check_interval and
// statement_timeout, end the statement.
void Connection::Stop(const Context& ctx) {
  if (Lost()) return;
  const Context calm = WithoutCancel(ctx);
  const Duration grace = shared_.options.cancel_grace;
  RealTimeWaits waits(calm, wire_->Socket(), grace);
  const CancelScope bounded = WithTimeout(calm, grace);
  const Result<Permit> turn = shared_.cancels.Hold(bounded.ctx);
  Error failure = turn.Err();
  // The server ends no statement that it has not read to the end. In a COPY it may not read at all, as when a row waits for a lock, until it is canceled.
  waits.Until(RealTimeWaits::RealNow() + kFirstPauseNs);
  if (!failure) failure = wire_->Flush(waits);
  if (failure.Is(std::errc::timed_out) && RealTimeWaits::RealNow() < waits.Bound()) failure = {};
  // It may have come to its end by itself: if it has, that is here.
  if (!failure) wire_->TakeInput();
  waits.Until(0);
  bool idle = !failure && !Drain(waits), in_doubt = false;
  for (std::int64_t pause = kFirstPauseNs; !failure && !idle && !Lost(); pause *= 2) {
    failure = SendCancel(calm, shared_.cancel_tls, wire_->Raw(), Duration(waits.Bound() - RealTimeWaits::RealNow()), in_doubt);
    // One that could not be sent is no reason not to wait.
    waits.Until(failure ? waits.Bound() : RealTimeWaits::RealNow() + pause);
    const Error err = Drain(waits);
    idle = !err;
    if (err && (!err.Is(std::errc::timed_out) || RealTimeWaits::RealNow() >= waits.Bound())) break;
  }
  if (!idle || in_doubt) lost_ = true;
}

// Sends what is left of the statement. Empty once the server has said ReadyForQuery, or is lost.
Error Connection::Drain(Waits& waits) {
  if (Error err = wire_->Flush(waits)) return err;
  for (;;) {
    Result<PgResult> next = wire_->Next(waits);
    if (Error err = next.Err()) return err;
    if (*next == nullptr) return {};
    switch (PQresultStatus(next->get())) {
      case PGRES_COPY_IN:
      case PGRES_COPY_BOTH:
        PQputCopyEnd(wire_->Raw(), "canceled by the client");
        if (Error err = wire_->Flush(waits)) return err;
        break;
      case PGRES_COPY_OUT:
        for (;;) {
          const Result<std::string_view> row = wire_->NextCopyRow(waits);
          if (Error err = row.Err()) return err;
          if (row->empty()) break;
        }
        break;
      default: break;
    }
  }
}

}  // namespace weft::postgres::internal
