// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/await.h>

namespace weft {

boost::asio::any_io_executor CurrentExecutor() { return internal::LoopContext("CurrentExecutor").get_executor(); }

}  // namespace weft
