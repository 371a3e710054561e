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
#include <weft/concurrency/internal/asio/await_result.h>
#include <weft/concurrency/per_loop.h>

// The bridge to Asio, for code that already uses it: every asynchronous operation of Asio, Beast
// and what is built on them becomes a blocking call under a context. This is the only header of
// concurrency/ that includes Asio.
//
//   weft::Error Ping(const weft::Context& ctx) {
//     auto endpoints = weft::Resolve(ctx, "backend.internal", "8081");
//     if (weft::Error err = endpoints.Err()) return err;
//     boost::asio::ip::tcp::socket socket(weft::CurrentExecutor());
//     auto connected = boost::asio::async_connect(socket, *endpoints, weft::Await(ctx));
//     if (weft::Error err = connected.Err()) return err.Wrap("connect");
//     auto sent = boost::asio::async_write(socket, boost::asio::buffer("ping"), weft::Await(ctx));
//     return sent.Err();
//   }

namespace weft {

// The completion token that Await and AwaitPartial return. It refers to the context, so write it
// directly into the call.
template <internal::AwaitForm kForm>
class [[nodiscard]] AwaitToken {
 public:
  explicit AwaitToken(const Context& ctx) noexcept : ctx_(&ctx) {}
  const Context& Ctx() const noexcept { return *ctx_; }

 private:
  const Context* ctx_;
};

// Parks the fiber until the operation has completed, and makes the call return its outcome. The
// type depends on the arguments of the operation's completion handler:
//
//   void(), void(ec)             Error
//   void(ec, T), void(T)         Result<T>
//   void(ec, A, B), void(A, B)   Result<std::tuple<A, B>>
//
// where ec is an error code of Boost or std, an Error, or a std::exception_ptr.
//
// Cancellation. If the context ends while the operation is pending, the operation is canceled
// (Asio's terminal cancellation), and the call returns the context's error, never
// operation_aborted. If the operation succeeds nevertheless, the success is returned. The call
// returns only when the operation has completed, because its buffers may lie on the caller's stack.
// So an operation that ignores cancellation delays the return; async_resolve does, so use Resolve
// instead. Under a context that is already done nothing is started. A canceled operation leaves its
// object in the state that Asio documents; most streams can then only be closed.
//
// Adapters. Adapters (as_tuple, append, prepend, bind_executor, deferred and others) and groups of
// operations (make_parallel_group) pass error codes as values. If the context has ended, one such
// code that is set means that the operation was cut off, and the call returns the context's error.
// Otherwise they are values, and the call succeeds. AwaitPartial keeps the values in both cases,
// such as those of a group that has partly succeeded. An operation without any code counts as cut
// off if it listened to the cancellation. redirect_error(Await(ctx), ec) puts the operation's
// failure into ec, and the call itself succeeds. The context's error is still what the call
// returns, and ec then has its code (such as Errc::kDeadlineExceeded), even if nothing was started.
// bind_cancellation_slot(slot, Await(ctx)) adds a second way to cancel, next to the context.
//
// Where it runs. The operation is started, completed and canceled where its object lives: on this
// loop, on another one, on a strand, or in an io_context that a thread of yours runs. An object
// whose executor runs on several threads at once must be used through a strand. If that io_context
// is destroyed with the operation in it, the call ends with kClosed; if no thread runs it, the call
// never returns. Before Boost 1.84, adapters other than redirect_error and bind_cancellation_slot
// hide the object's executor. Do not use them there on an object of another loop.
//
// Aborts on a plain thread (use Run there) and in a raw Asio handler. Exceptions thrown when the
// operation is started are passed to the caller. In RunTest, operations take real time: virtual
// time stands still while one is pending.
inline AwaitToken<internal::AwaitForm::kWhole> Await(const Context& ctx) noexcept {
  return AwaitToken<internal::AwaitForm::kWhole>(ctx);
}

// The same, but returns the value as well as the error, for operations that may have done a part of
// their work when they fail:
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

// The executor of the running fiber's loop, for constructing Asio objects. Such an object belongs
// to the loop: only fibers of this loop, or operations under Await, may use it. It must be
// destroyed before the loop ends, so no later than when the function given to Run or ListenAndServe
// returns. A PerLoop (per_loop.h) takes care of that.
//
// What is still pending when the loop ends is destroyed without being called. Raw handlers run on
// the loop's own stack, so they must be short, and must not wait or throw. Throws std::system_error
// at the first use on a loop if too few descriptors are left. Aborts on a plain thread. Never
// suspends.
boost::asio::any_io_executor CurrentExecutor();

// Looks up the addresses of a host and a service by getaddrinfo(3), such as "backend.internal" and
// "8081", or "ldap" as the service. The result is in the order in which the addresses should be
// tried, for async_connect. Numeric addresses cost nothing. Otherwise the lookup blocks a thread of
// the Offload pool and parks the fiber; on a plain thread it blocks the caller.
//
// If the context ends, it returns at once and the lookup continues without it, so the end of Run
// may have to wait for the resolver's timeout. Errors name the host and the service, and compare
// with Asio's, as in err.Is(boost::asio::error::host_not_found).
Result<std::vector<boost::asio::ip::tcp::endpoint>> Resolve(const Context& ctx,
                                                            std::string_view host,
                                                            std::string_view service);

}  // namespace weft

#include <weft/concurrency/internal/asio/await_completion.h>  // IWYU pragma: export

#endif  // WEFT_CONCURRENCY_AWAIT_H_
