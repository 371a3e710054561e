// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/idle_executor.h>

namespace weft::internal {

boost::asio::io_context::executor_type IdleExecutor() {
  static auto* const context = new boost::asio::io_context;  // never destroyed: streams may outlive the statics of a program
  return context->get_executor();
}

}  // namespace weft::internal
