// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_DIAL_H_
#define WEFT_NET_DIAL_H_

#include <chrono>
#include <string_view>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/net/address.h>
#include <weft/net/stream.h>

namespace weft {

struct DialOptions {
  // Where a name has several addresses: an attempt that takes longer gets the next one beside it, and the first that is connected
  // wins (RFC 8305). Shorter costs the server attempts that are thrown away.
  Duration attempt_delay = std::chrono::milliseconds(250);
  // The kernel asks a peer that has been silent for so long whether it is still there, and breaks the connection when it is not, some 30 s
  // later. Only on TCP. Duration::max(): never.
  Duration probe_after = std::chrono::seconds(60);
};

// Connects to a server (Go's net.Dialer), under a context that should have a deadline: without one the system decides how long an address
// that says nothing is worth waiting for, which is minutes.
//
//   const weft::CancelScope limit = weft::WithTimeout(ctx, std::chrono::seconds(5));
//   weft::Result<weft::Stream> stream = weft::Dial(limit.ctx, "cache.internal:7000");
//
// The context holds for the connect only, not for the stream. A name is looked up by Resolve, and its addresses are tried with their families
// in turn. Parks the fiber; a plain thread blocks, and cannot be woken from a look-up. Errors begin with "dial cache.internal:7000: " and are:
// the context's; those of Resolve; the system's, such as std::errc::connection_refused, of the first address. In RunTest, virtual time
// stands still during the connect and while the stream is waited for.
Result<Stream> Dial(const Context& ctx, const Address& address, const DialOptions& options = {});
Result<Stream> Dial(const Context& ctx, std::string_view address, const DialOptions& options = {});

}  // namespace weft

#endif  // WEFT_NET_DIAL_H_
