// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_PAIR_H_
#define WEFT_NET_STREAM_PAIR_H_

#include <utility>

#include <weft/concurrency/memory_stream.h>
#include <weft/net/stream.h>

namespace weft {

// Makes two connected streams in memory (MemoryStreamPair), for tests of code that takes a Stream.
// They use nothing of the operating system, and also work under virtual time. Writing to an end
// whose peer has closed fails with std::errc::broken_pipe.
//
//   auto [client, server] = weft::StreamPair();
std::pair<Stream, Stream> StreamPair(const MemoryStreamOptions& options = {});

// Makes a Stream over one end, which it owns. The other end may remain a MemoryStream.
Stream StreamOver(MemoryStream end);

}  // namespace weft

#endif  // WEFT_NET_STREAM_PAIR_H_
