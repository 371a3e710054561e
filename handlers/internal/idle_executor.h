// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_IDLE_EXECUTOR_H_
#define WEFT_HANDLERS_INTERNAL_IDLE_EXECUTOR_H_

#include <boost/asio/io_context.hpp>

namespace weft::internal {

// The executor of an io_context that is never run, one for the process: Beast's streams build timers on it, which their
// synchronous calls never start. A loop's executor (CurrentExecutor) would cost each turn of the loop two system calls.
boost::asio::io_context::executor_type IdleExecutor();

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_IDLE_EXECUTOR_H_
