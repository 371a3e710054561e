// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_PAIR_H_
#define WEFT_NET_STREAM_PAIR_H_

#include <utility>

#include <weft/concurrency/memory_stream.h>
#include <weft/net/stream.h>

namespace weft {

// Two connected streams in memory (MemoryStreamPair), for tests of code that takes a Stream: no system below, also on virtual time. What a peer
// that has closed does not take fails with std::errc::broken_pipe.
//
//   auto [client, server] = weft::StreamPair();
std::pair<Stream, Stream> StreamPair(const MemoryStreamOptions& options = {});

// A Stream over one end, which it owns; the other end may stay a MemoryStream.
Stream StreamOver(MemoryStream end);

}  // namespace weft

#endif  // WEFT_NET_STREAM_PAIR_H_
