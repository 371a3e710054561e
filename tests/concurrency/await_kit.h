// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONCURRENCY_AWAIT_KIT_H_
#define WEFT_TESTS_CONCURRENCY_AWAIT_KIT_H_

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <weft/concurrency/await.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

// What the tests of Await share.
namespace weft::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Runs `main` as the first fiber of a scheduler with this many loops.
inline void RunLoops(int loops, std::function<void(const Context&)> main) {
  RunOptions options;
  options.loops = loops;
  const Error err = Run(Background(), options, [&](const Context& ctx) { main(ctx); });
  EXPECT_FALSE(err) << err.Message();
}
inline void RunLoop(std::function<void(const Context&)> main) { RunLoops(1, std::move(main)); }

// An operation, void(error_code, int), that ends when the test says so, on its executor. Outlives what waits for it.
class ManualOp {
 public:
  enum class OnCancel { kAbort, kIgnore, kNoSlot };

  explicit ManualOp(asio::any_io_executor executor, OnCancel on_cancel = OnCancel::kAbort)
      : executor_(std::move(executor)), on_cancel_(on_cancel) {}

  template <class Token>
  auto Async(Token&& token) {
    return asio::async_initiate<Token, void(error_code, int)>(Initiation{this}, token);
  }

  // Queues the completion.
  void Finish(error_code code, int value) {
    asio::post(executor_, [handler = std::move(handler_), code, value] { (*handler)(code, value); });
  }
  // Destroys the handler without calling it.
  void Drop() { handler_.reset(); }

  bool started = false;
  int cancels = 0;
  asio::cancellation_type_t cancel_type = asio::cancellation_type::none;
  std::thread::id start_thread, cancel_thread;

 private:
  struct AnyHandler {
    virtual ~AnyHandler() = default;
    virtual void operator()(error_code code, int value) = 0;
  };
  template <class H>
  struct HandlerOf final : AnyHandler {
    explicit HandlerOf(H h) : handler(std::move(h)) {}
    void operator()(error_code code, int value) override { std::move(handler)(code, value); }
    H handler;
  };
  struct Initiation {
    using executor_type = asio::any_io_executor;
    executor_type get_executor() const { return op->executor_; }
    template <class H>
    void operator()(H&& handler) {
      op->Start(std::forward<H>(handler));
    }
    ManualOp* op;
  };

  template <class H>
  void Start(H&& handler) {
    started = true;
    start_thread = std::this_thread::get_id();
    auto slot = asio::get_associated_cancellation_slot(handler);
    handler_ = std::make_shared<HandlerOf<std::decay_t<H>>>(std::forward<H>(handler));
    if (on_cancel_ == OnCancel::kNoSlot || !slot.is_connected()) return;
    slot.assign([this](asio::cancellation_type_t type) {
      ++cancels;
      cancel_type = type;
      cancel_thread = std::this_thread::get_id();
      if (on_cancel_ == OnCancel::kAbort && handler_ != nullptr) Finish(asio::error::operation_aborted, 0);
    });
  }

  const asio::any_io_executor executor_;
  const OnCancel on_cancel_;
  std::shared_ptr<AnyHandler> handler_;
};

// Two connected sockets over loopback, both on this executor.
inline std::pair<tcp::socket, tcp::socket> SocketPair(const Context& ctx, const asio::any_io_executor& executor) {
  tcp::acceptor acceptor(executor, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket client(executor), server(executor);
  client.open(tcp::v4());
  error_code code;
  client.non_blocking(true);
  client.connect(acceptor.local_endpoint(), code);  // the kernel completes it: the listener has a backlog
  acceptor.accept(server);
  EXPECT_FALSE(client.async_wait(tcp::socket::wait_write, Await(ctx)));
  return {std::move(client), std::move(server)};
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_CONCURRENCY_AWAIT_KIT_H_
