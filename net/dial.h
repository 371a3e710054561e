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
  // If a name has several addresses, an attempt that takes longer than this is joined by one to the
  // next address, and the first one to connect wins (RFC 8305). A shorter delay costs the server
  // attempts that are thrown away.
  Duration attempt_delay = std::chrono::milliseconds(250);
  // After this much silence the kernel asks the peer whether it is still there, and breaks the
  // connection about 30 s later if it is not. Only for TCP. Duration::max(): never.
  Duration probe_after = std::chrono::seconds(60);
};

// Connects to a server (Go's net.Dialer). The context should have a deadline. Without one the
// system decides how long to wait for an address that does not respond, and that is minutes.
//
//   weft::Result<weft::Stream> Connect(const weft::Context& ctx) {
//     const weft::CancelScope limit = weft::WithTimeout(ctx, std::chrono::seconds(5));
//     return weft::Dial(limit.ctx, "cache.internal:7000");
//   }
//
// The context applies to the connect only, not to the stream. A name is looked up by Resolve, and
// its addresses are tried with the two families in turn. Parks the fiber. A plain thread blocks,
// and cannot be woken from a lookup.
//
// Error messages start with "dial cache.internal:7000: ". The errors are the context's, those of
// Resolve, and those of the system for the first address, such as std::errc::connection_refused. In
// RunTest, virtual time stands still during the connect and while a fiber waits for the stream.
Result<Stream> Dial(const Context& ctx, const Address& address, const DialOptions& options = {});
Result<Stream> Dial(const Context& ctx, std::string_view address, const DialOptions& options = {});

}  // namespace weft

#endif  // WEFT_NET_DIAL_H_
