// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_CONNECT_H_
#define WEFT_NET_INTERNAL_CONNECT_H_

#include <chrono>
#include <span>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/fd.h>

namespace weft::internal {

struct ConnectOptions {
  // If an attempt takes longer, the next one starts alongside it (RFC 8305 section 5).
  Duration attempt_delay = std::chrono::milliseconds(250);
  bool holds_time = true;  // as in FdWaitOptions
};

// Connects to one of the addresses, which are of one host, and returns a non-blocking descriptor that closes on exec; TCP_NODELAY is set on
// TCP. They are tried in order, the next one when one has failed or takes long; the first one to connect wins. Waits under `ctx`; a
// plain thread blocks. Errors: the context's; else that of the first address, which it names.
Result<Fd> Connect(const Context& ctx, std::span<const SocketAddress> addresses, const ConnectOptions& options = {});

// The addresses with alternating families, beginning with that of the first one (RFC 8305 section 4): if one family is broken, the other one
// is tried second.
std::vector<SocketAddress> InterleaveFamilies(std::span<const SocketAddress> addresses);

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_CONNECT_H_
