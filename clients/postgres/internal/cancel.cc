// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/internal/cancel.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>

#include <weft/clients/postgres/internal/cancel_tls.h>
#include <weft/clients/postgres/internal/real_time_waits.h>

#if !defined(LIBPQ_HAS_ASYNC_CANCEL)
// libpq has these since 17. One that is newer than the headers here may be loaded, because its name has not changed.
extern "C" {
struct pg_cancel_conn;
using PGcancelConn = pg_cancel_conn;
[[gnu::weak]] PGcancelConn* PQcancelCreate(PGconn* connection);
[[gnu::weak]] int PQcancelStart(PGcancelConn* cancel);
[[gnu::weak]] PostgresPollingStatusType PQcancelPoll(PGcancelConn* cancel);
[[gnu::weak]] int PQcancelSocket(const PGcancelConn* cancel);
[[gnu::weak]] char* PQcancelErrorMessage(const PGcancelConn* cancel);
[[gnu::weak]] void PQcancelFinish(PGcancelConn* cancel);
}
#endif

namespace weft::postgres::internal {
namespace {

bool LibpqCancels() {
#if defined(LIBPQ_HAS_ASYNC_CANCEL)
  return true;
#else
  return PQcancelCreate != nullptr;
#endif
}

// Over TLS where the connection is.
Error SendByLibpq(const Context& ctx, PGconn* connection, Duration bound, bool& in_doubt) {
  struct Finish {
    void operator()(PGcancelConn* cancel) const { PQcancelFinish(cancel); }
  };
  const std::unique_ptr<PGcancelConn, Finish> cancel(PQcancelCreate(connection));
  if (cancel == nullptr || PQcancelStart(cancel.get()) == 0) return Error::New("libpq cannot cancel");
  const std::int64_t end = RealTimeWaits::RealNow() + bound.count();
  in_doubt = true;
  for (PostgresPollingStatusType next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQcancelPoll(cancel.get())) {
    if (next == PGRES_POLLING_FAILED) return Error::New(PQcancelErrorMessage(cancel.get()));
    // Its socket may be another one after each step.
    RealTimeWaits waits(ctx, PQcancelSocket(cancel.get()), Duration(end - RealTimeWaits::RealNow()));
    if (Error err = waits.Wait(next == PGRES_POLLING_READING ? FdEvents::kRead : FdEvents::kWrite).Err()) return err;
  }
  in_doubt = false;
  return {};
}

Error SystemError(const char* what) { return Error(std::error_code(errno, std::generic_category())).Wrap(what); }

struct Target {
  sockaddr_storage address{};
  socklen_t size = 0;
  std::int32_t pid = 0, key = 0;
};

// libpq keeps the key to itself. What PQgetCancel gives begins, from 8.4 to 17, with these four; that the process is the one that the
// public PQbackendPID names shows that it does here.
Error FindTarget(PGconn* connection, Target& out) {
  if (PQlibVersion() >= 180000) return Error::New("this version of libpq keeps the key for a cancel in another way");
  struct Layout {
    struct {
      sockaddr_storage address;
      socklen_t size;
    } server;
    int pid, key;
  };
  struct Free {
    void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
  };
  const std::unique_ptr<PGcancel, Free> cancel(PQgetCancel(connection));
  if (cancel == nullptr) return Error::New("the connection is lost");
  Layout seen;
  std::memcpy(&seen, static_cast<const void*>(cancel.get()), sizeof seen);
  if (seen.pid != PQbackendPID(connection) || seen.server.size == 0 || seen.server.size > sizeof seen.server.address) {
    return Error::New("this version of libpq keeps the key for a cancel in another way");
  }
  out.address = seen.server.address;
  out.size = seen.server.size;
  out.pid = seen.pid;
  out.key = seen.key;
  return {};
}

struct Descriptor {
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  int fd;
};

Error Connect(int fd, const Target& target, Waits& waits) {
  if (connect(fd, reinterpret_cast<const sockaddr*>(&target.address), target.size) == 0) return {};
  // A full backlog of a unix socket is EAGAIN, and no event reports when there is room.
  if (errno != EINPROGRESS) return SystemError("connect");
  if (Error err = waits.Wait(FdEvents::kWrite).Err()) return err;
  int code = 0;
  socklen_t size = sizeof code;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) return SystemError("connect");
  return std::error_code(code, std::generic_category());
}

// "Cancel request" of the protocol, section 55.2.8 of the manual (53.2.8 in later ones).
Error SendByHand(const Context& ctx, CancelTls& tls, PGconn* connection, Duration bound, bool& in_doubt) {
  Target target;
  if (Error err = FindTarget(connection, target)) return err;
  const Descriptor socket{::socket(target.address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.fd < 0) return SystemError("socket");
  RealTimeWaits waits(ctx, socket.fd, bound);
  if (Error err = Connect(socket.fd, target, waits)) return err;
  const std::uint32_t words[] = {htonl(16), htonl(80877102), htonl(static_cast<std::uint32_t>(target.pid)),
                                 htonl(static_cast<std::uint32_t>(target.key))};
  const std::string_view packet(reinterpret_cast<const char*>(words), sizeof words);
  const CancelScope bounded = WithTimeout(ctx, bound);  // for the certificates
  const std::unique_ptr<CancelLayer> layer = PQsslInUse(connection) != 0 ? tls.MakeLayer(bounded.ctx, connection, socket.fd) : MakePlainLayer(socket.fd);
  in_doubt = true;
  if (Error err = layer->Send(packet, waits)) return err;
  if (Error err = layer->AwaitEnd(waits)) return err;
  in_doubt = false;
  return {};
}

}  // namespace

Error SendCancel(const Context& ctx, CancelTls& tls, PGconn* connection, Duration bound, bool& in_doubt) {
  return LibpqCancels() ? SendByLibpq(ctx, connection, bound, in_doubt) : SendByHand(ctx, tls, connection, bound, in_doubt);
}

}  // namespace weft::postgres::internal
