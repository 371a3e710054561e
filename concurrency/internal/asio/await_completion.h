// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_COMPLETION_H_
#define WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_COMPLETION_H_

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <weft/concurrency/await.h>
#include <weft/concurrency/internal/asio/await_adapters.h>
#include <weft/concurrency/internal/asio/await_handler.h>

namespace weft::internal {

// Resolve; `held` is released when the lookup has ended, which may be after the call.
Result<std::vector<boost::asio::ip::tcp::endpoint>> ResolveHolding(const Context& ctx, std::string_view host, std::string_view service,
                                                                   std::shared_ptr<void> held);

}  // namespace weft::internal

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

#endif  // WEFT_CONCURRENCY_INTERNAL_ASIO_AWAIT_COMPLETION_H_
