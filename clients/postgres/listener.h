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

// What a NOTIFY said.
struct Notification {
  std::string channel, payload;
  // Something may have been missed: the first call has it, the first after each reconnect, and one after
  // each Add of a new channel, all without channel and payload. Look for yourself what there is.
  bool gap = false;
};

// Waits for NOTIFY. One connection of its own, outside of connections_max, for each Run.
//
//   weft::postgres::Listener jobs(db);
//   group.Go("job listener", [&](const weft::Context& ctx) {
//     return jobs.Run(ctx, [&](const weft::postgres::Notification&) { wake.Set(); });   // a gap as well
//   });
//   if (weft::Error err = jobs.Add(ctx, "new_job")) return err;
//
// The server keeps no notification for those that do not listen, so what was sent while the
// connection was down is lost. `gap` says when to look: code that treats it as a notification needs
// nothing else, at the start or later.
//
// It does not work behind a pooler in transaction mode. Built and destroyed anywhere; outlived by
// the Pool.
class Listener {
 public:
  explicit Listener(Pool& pool);
  ~Listener();  // Run must have returned
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Calls f(const Notification&) for each, in the caller's fiber, until the context ends, which is
  // the Error, or f returns one (f may return nothing). Connects by itself, and anew after 100 ms to 5
  // s, at random, when the connection is lost. Also ends with the server's Error (a Failure) if that
  // refuses to listen, as a standby does. One Run at a time.
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

  // Listens to one more channel, or to one less; any text is a name, and is taken as it is. From any
  // fiber or thread, also while Run runs: then it waits until the server knows, or until the
  // connection is lost, after which Run tells the server by itself. Not from f.
  Error Add(const Context& ctx, std::string channel);
  Error Remove(const Context& ctx, std::string channel);

 private:
  Error RunWith(const Context& ctx, const std::function<Error(const Notification&)>& f);

  const std::unique_ptr<internal::ListenerState> state_;
};

}  // namespace weft::postgres

#endif  // WEFT_CLIENTS_POSTGRES_LISTENER_H_
