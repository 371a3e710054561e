// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_TRANSPORT_H_
#define WEFT_NET_STREAM_TRANSPORT_H_

#include <cstddef>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft {

// The connection under a Stream (stream.h), for those who bring one of their own kind (make_stream.h). One call of ReadStream at a time, beside one of WriteStream or CloseStreamWrite; under a lent Stream two of
// the latter may come at once, on the loop of its scope.
class StreamTransport {
 public:
  // What Stream::Read waits under if its caller gives it no context. Null: CurrentContext(), and then Stream::Write is under that, too;
  // otherwise under none.
  virtual const Context* StreamContext() const { return nullptr; }
  // Into a buffer that is not empty; otherwise as Stream::Read, Write, CloseWrite and Close say. Nothing but ReadStream and CloseStream is
  // called after an error in sending or CloseStreamWrite, and nothing after CloseStream, which comes once.
  virtual Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) = 0;
  // Waits until nothing else is being written, where two writes may come at once; before each WriteStream. An error is the
  // context's, and changes nothing.
  virtual Error WaitToWrite(const Context& ctx) {
    static_cast<void>(ctx);
    return {};
  }
  virtual Error WriteStream(const Context& ctx, std::string_view data) = 0;
  virtual Error CloseStreamWrite() = 0;
  virtual void CloseStream() noexcept = 0;

 protected:
  ~StreamTransport() = default;
};

}  // namespace weft

#endif  // WEFT_NET_STREAM_TRANSPORT_H_
