// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_POSTGRES_LISTENER_H_
#define WEFT_CLIENTS_POSTGRES_LISTENER_H_

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::postgres {

class Pool;

namespace internal {
class ListenerState;
}

// The contents of a NOTIFY.
struct Notification {
  std::string channel, payload;
  // Something may have been missed. It is set for the first call, for the first one after each
  // reconnect, and for one after each Add of a new channel; these have no channel and payload.
  // Check for yourself what has changed.
  bool gap = false;
};

// Waits for NOTIFY. Each Run uses a connection of its own, which does not count in connections_max.
//
//   weft::postgres::Listener jobs(db);
//   group.Go("job listener", [&](const weft::Context& c) {
//     return jobs.Run(c, [&](const weft::postgres::Notification&) { wake.Set(); });   // also a gap
//   });
//   if (weft::Error err = jobs.Add(ctx, "new_job")) return err;
//
// The server keeps no notification for clients that do not listen, so what was sent while the
// connection was down is lost. `gap` says when to check. Code that treats it like a notification
// needs nothing else, at the start or later.
//
// It does not work through a pooler in transaction mode. It may be made and destroyed anywhere. The
// Pool must outlive it.
class Listener {
 public:
  explicit Listener(Pool& pool);
  ~Listener();  // Run must have returned
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Calls f(const Notification&) for each one, in the caller's fiber, until the context ends, which
  // is then the Error, or f returns an Error (f may return nothing). It connects by itself, and
  // reconnects after 100 ms to 5 s, at random, if the connection is lost. It also ends with the
  // server's Error (a Failure) if the server refuses to listen, as a standby does. Only one Run at
  // a time.
  template <class F>
  Error Run(const Context& ctx, F f) {
    return RunWith(ctx, [&f](const Notification& notification) -> Error {
      if constexpr (std::is_void_v<std::invoke_result_t<F&, const Notification&>>) {
        f(notification);
        return {};
      } else {
        return f(notification);
      }
    });
  }

  // Listens to one more channel, or to one less. Any text is a valid name, and is used unchanged.
  // From any fiber or thread, even while Run runs: it then waits until the server has confirmed, or
  // until the connection is lost, after which Run sends it to the server by itself. Not from f.
  Error Add(const Context& ctx, std::string channel);
  Error Remove(const Context& ctx, std::string channel);

 private:
  Error RunWith(const Context& ctx, const std::function<Error(const Notification&)>& f);

  const std::unique_ptr<internal::ListenerState> state_;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_LISTENER_H_
