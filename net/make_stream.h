// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_MAKE_STREAM_H_
#define WEFT_NET_MAKE_STREAM_H_

#include <memory>
#include <utility>

#include <weft/net/internal/stream_state.h>
#include <weft/net/stream.h>
#include <weft/net/stream_loan.h>
#include <weft/net/stream_transport.h>

// Makes a Stream from a transport, for programs that bring their own kind of connection. To read
// and write, stream.h is enough.

namespace weft {

// Makes a Stream that owns its transport: a T that is constructed from `args`. The T is destroyed
// with the Stream, after CloseStream. Never suspends; what the constructor throws passes through.
//
//   std::atomic<std::uint64_t> sent{0};
//   weft::Result<weft::Stream> dialed = weft::Dial(ctx, "cache.internal:7000");
//   if (weft::Error err = dialed.Err()) return err;
//   weft::Stream stream = weft::MakeStream<Counted>(std::move(*dialed), sent);
//
// Counted is the example in stream_transport.h. What `args` refer to, here `sent`, must outlive the
// Stream.
template <class T, class... Args>
Stream MakeStream(Args&&... args) {
  return internal::StreamAccess::Make(
      std::make_shared<internal::OwnedStreamState<T>>(std::forward<Args>(args)...));
}

}  // namespace weft

#endif  // WEFT_NET_MAKE_STREAM_H_
