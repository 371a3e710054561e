// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_PROXY_INTERNAL_TUNNEL_H_
#define WEFT_HANDLERS_PROXY_INTERNAL_TUNNEL_H_

#include <weft/concurrency/context.h>
#include <weft/net/stream.h>

namespace weft::internal {

// Passes bytes on in both directions until both sides have ended, each end to the other side. An Error of either, or the end of the context,
// ends both.
Error JoinStreams(const Context& ctx, Stream& one, Stream& other);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_PROXY_INTERNAL_TUNNEL_H_
