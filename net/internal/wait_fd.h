// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_WAIT_FD_H_
#define WEFT_NET_INTERNAL_WAIT_FD_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft::internal {

enum class FdReady { kRead, kWrite };

// Waits until the descriptor can be read or written, as poll(2) would say, or until the context is done. In a fiber it parks; a
// plain thread blocks, and looks at its context now and then. It registers the descriptor for one wait only, which is simple and
// slow: it is for tests. `waits_for` is a literal, for the list of fibers.
Error WaitFd(const Context& ctx, int fd, FdReady ready, const char* waits_for);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_WAIT_FD_H_
