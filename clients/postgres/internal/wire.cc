// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/wire.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>
#include <utility>

#include <weft/concurrency/run.h>

namespace weft::postgres::internal {

Result<std::unique_ptr<Wire>> Wire::Make(PGconn* connection) {
  const int duplicate = fcntl(PQsocket(connection), F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) {
    const std::error_code code(errno, std::generic_category());
    PQfinish(connection);
    return Error(code).Wrap("postgres: watch a connection");
  }
  return std::unique_ptr<Wire>(new Wire(connection, duplicate));
}

Wire::Wire(PGconn* connection, int duplicate) : connection_(connection), watched_(duplicate, {.waits_for = "postgres"}) {
  PQsetnonblocking(connection_, 1);
  PQsetNoticeReceiver(connection_, &OnNotice, this);
}

Wire::~Wire() {
  watched_.Forget();
  PQfinish(connection_);
  close(watched_.Descriptor());
}

// Between statements libpq takes an error for a notice.
void Wire::OnNotice(void* self, const PGresult* notice) {
  const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  if (severity == nullptr || std::strcmp(severity, "FATAL") != 0) return;
  Wire& wire = *static_cast<Wire*>(self);
  wire.fatal_ = true;
  const char* state = PQresultErrorField(notice, PG_DIAG_SQLSTATE);
  const char* text = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  wire.farewell_.sqlstate = state != nullptr ? state : "";
  wire.farewell_.detail = text != nullptr ? text : "";
}

bool Wire::Check() noexcept {
  for (pollfd look = {Socket(), POLLIN, 0}; poll(&look, 1, 0) > 0;) {
    if (!TakeInput()) return false;
    (void)PQisBusy(connection_);  // reads the messages
    if (Lost()) return false;
  }
  return !Lost();
}

Error Wire::Flush(Waits& waits) {
  while (PQflush(connection_) == 1) {
    const Result<FdEvents> ready = waits.Wait(FdEvents::kReadWrite);
    if (Error err = ready.Err()) return err;
    // A server that cannot send stops reading.
    if (Includes(*ready, FdEvents::kRead) && !TakeInput()) return {};
  }
  return {};
}

Result<PgResult> Wire::Next(Waits& waits) {
  while (PQisBusy(connection_) != 0) {
    if (Error err = waits.Wait(FdEvents::kRead).Err()) return err;
    // If it fails, what the server has said last may be among what is here.
    if (!TakeInput()) break;
  }
  PgResult result(PQgetResult(connection_));
  if (result != nullptr) OnNotice(this, result.get());
  return result;
}

Result<std::string_view> Wire::NextCopyRow(Waits& waits) {
  for (;;) {
    char* row = nullptr;
    const int size = PQgetCopyData(connection_, &row, 1);
    row_.reset(row);
    if (size > 0) return std::string_view(row, static_cast<std::size_t>(size));
    if (size < 0) return std::string_view();
    if (Error err = waits.Wait(FdEvents::kRead).Err()) return err;
    if (!TakeInput()) return std::string_view();
  }
}

// What has just been asked for is not here yet, and an end that was reported earlier ends the wait: a look would cost a tenth of a query. Later
// there may be more than the last read took.
Result<FdEvents> Wire::UnderContext::Wait(FdEvents events) {
  if (std::exchange(sent_, false)) {
    if (Error err = wire_.watched_.WaitAfterEagain(ctx_, events)) return err;
    return events;
  }
  pollfd look = {wire_.Socket(), 0, 0};
  if (Includes(events, FdEvents::kRead)) look.events |= POLLIN;
  if (Includes(events, FdEvents::kWrite)) look.events |= POLLOUT;
  if (poll(&look, 1, 0) > 0) {
    if (Error err = ctx_.Err()) return err;
    Yield();  // there may always be more
    return events;
  }
  if (Error err = wire_.watched_.WaitAfterEagain(ctx_, events)) return err;
  return events;
}

}  // namespace weft::postgres::internal
