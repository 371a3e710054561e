// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_AWAIT_H_
#define WEFT_CONCURRENCY_AWAIT_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/asio/await_adapters.h>
#include <weft/concurrency/internal/asio/await_handler.h>
#include <weft/concurrency/internal/asio/await_result.h>
#include <weft/concurrency/per_loop.h>

// The bridge to Asio, for people who bring Asio code: any asynchronous operation of Asio, Beast or
// what is built on them becomes a blocking call under a context. This is the only header of weft
// that includes Asio.
//
//   weft::Error Fetch(const weft::Context& ctx, std::string_view path, std::string& out) {
//     auto endpoints = weft::Resolve(ctx, "backend.internal", "8081");
//     if (weft::Error err = endpoints.Err()) return err;
//     boost::asio::ip::tcp::socket socket(weft::CurrentExecutor());
//     auto connected = boost::asio::async_connect(socket, *endpoints, weft::Await(ctx));
//     if (weft::Error err = connected.Err()) return err.Wrap("connect");
//     ...
//   }

namespace weft {

// What Await and AwaitPartial return: a completion token. It refers to the context, so write it
// into the call.
template <internal::AwaitForm kForm>
class [[nodiscard]] AwaitToken {
 public:
  explicit AwaitToken(const Context& ctx) noexcept : ctx_(&ctx) {}
  const Context& Ctx() const noexcept { return *ctx_; }

 private:
  const Context* ctx_;
};

// Makes the operation park the fiber until it has ended, and return its outcome, by the arguments
// of its completion handler:
//
//   void(), void(ec)             Error
//   void(ec, T), void(T)         Result<T>
//   void(ec, A, B), void(A, B)   Result<std::tuple<A, B>>
//
// where ec is an error code of Boost or std, an Error, or a std::exception_ptr.
//
// When the context ends while the operation is pending, the operation is cancelled (Asio's terminal
// cancellation) and the call returns the context's error, never operation_aborted. If it has
// succeeded all the same, the success is what comes back. The call returns only when the operation
// has ended, because its buffers may lie on the caller's stack: one that ignores cancellation ends
// when it ends (async_resolve does so: use Resolve). Under a done context nothing is started. A
// cancelled operation leaves its object as Asio says, which is for most streams: only good for
// closing.
//
// This holds in every shape that an outcome has. Adapters (as_tuple, append, prepend,
// bind_executor, deferred and others) and groups of operations (make_parallel_group) put error
// codes among the values: after the context has ended, one of them that is set means that the
// operation was cut off, and the call returns the context's error; without that they stay where
// they are, and the call succeeds. AwaitPartial keeps the values beside the error, such as those of
// a group of which a part had succeeded. An operation without any code cannot tell: it counts as
// cut off if it listened to the cancel. redirect_error(Await(ctx), ec) leaves in ec what the
// operation failed with, and is a success for the call; the context's error is what the call
// returns, and ec has its code (such as Errc::kDeadlineExceeded), also when nothing was started.
// bind_cancellation_slot(slot, Await(ctx)) adds a way to cancel: the context does so as well.
//
// The operation is started, completed and cancelled where its object lives, whichever that is: this
// loop, another one, a strand, or an io_context that a thread of the user runs. An object whose
// executor runs on several threads at once must be used through a strand. If that io_context is
// destroyed with the operation in it, the call ends with kClosed; if nobody runs it, the call never
// returns. Other adapters around the token than redirect_error and bind_cancellation_slot hide the
// object's executor in Boost before 1.84; around an operation on an object of another loop they
// must not be used then.
//
// Aborts on a plain thread (use Run there) and in a raw Asio handler. Exceptions that starting the
// operation throws go on to the caller. In RunTest, operations are on real time: virtual time
// stands still while one is pending.
inline AwaitToken<internal::AwaitForm::kWhole> Await(const Context& ctx) noexcept {
  return AwaitToken<internal::AwaitForm::kWhole>(ctx);
}

// The same, but keeps the value beside the error, for operations that may end early with something
// done:
//
//   void(ec, T), void(T)         std::pair<Error, T>
//   void(ec, A, B), void(A, B)   std::pair<Error, std::tuple<A, B>>
//
// The value is T() if the operation was not started or never completed.
//
//   auto [err, size] = boost::asio::async_read(socket, buffer, weft::AwaitPartial(ctx));
inline AwaitToken<internal::AwaitForm::kPartial> AwaitPartial(const Context& ctx) noexcept {
  return AwaitToken<internal::AwaitForm::kPartial>(ctx);
}

// The executor of the running fiber's loop, to build Asio objects on. Such an object belongs to the
// loop: only fibers of this loop, or operations under Await, may use it, and it must be destroyed
// before the loop ends, at the latest when the function given to Run or ListenAndServe ends (a
// PerLoop takes care of that by itself). What is still pending when the loop ends is destroyed
// without being called. Raw handlers run on the loop's own stack: they must be short, and must not
// wait or throw. Throws std::system_error at the first use on a loop if too few descriptors are
// left. Aborts on a plain thread. Never suspends.
boost::asio::any_io_executor CurrentExecutor();

// Looks up the addresses of a host and a service, "backend.internal" and "8081" or "ldap"
// (getaddrinfo), in the order in which they should be tried: for async_connect. Numeric ones cost
// nothing; else the look-up blocks a thread of the Offload pool and parks the fiber. When the
// context ends it returns at once and the look-up goes on without it, so the end of Run may have to
// wait for the resolver's timeout. On a plain thread it blocks the caller. Errors name host and
// service; Is(HostNotFound) as in Asio: err.Is(boost::asio::error::host_not_found).
Result<std::vector<boost::asio::ip::tcp::endpoint>> Resolve(const Context& ctx, std::string_view host, std::string_view service);

namespace internal {

// The same. `held` is let go when the look-up has ended, which may be after the call.
Result<std::vector<boost::asio::ip::tcp::endpoint>> ResolveHolding(const Context& ctx, std::string_view host, std::string_view service,
                                                                   std::shared_ptr<void> held);

}  // namespace internal

}  // namespace weft

template <weft::internal::AwaitForm kForm, class R, class... Args>
class boost::asio::async_result<weft::AwaitToken<kForm>, R(Args...)> {
 public:
  using return_type = typename weft::internal::AwaitReturn<kForm, typename weft::internal::AwaitArguments<Args...>::Values>::type;

  template <class Initiation, class... InitArgs>
  static return_type initiate(Initiation&& initiation, weft::AwaitToken<kForm> token, InitArgs&&... args) {
    weft::internal::AwaitOpOf<Args...> op(token.Ctx());
    if (op.MayStart()) {
      auto start = [&](auto handler) {
        std::forward<Initiation>(initiation)(std::move(handler), std::forward<InitArgs>(args)...);
      };
      weft::internal::StartAndWait(op, start, weft::internal::FirstExecutor(initiation, args...));
    }
    return op.template Take<kForm>();
  }
};

#endif  // WEFT_CONCURRENCY_AWAIT_H_
