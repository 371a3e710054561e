// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_STREAM_TRANSPORT_H_
#define WEFT_NET_STREAM_TRANSPORT_H_

#include <cstddef>
#include <span>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>

namespace weft {

// The connection below a Stream (stream.h), for programs that bring their own kind (make_stream.h).
// This one counts what is sent over another stream:
//
//   class Counted final : public weft::StreamTransport {
//    public:
//     Counted(weft::Stream below, std::atomic<std::uint64_t>& sent)
//         : below_(std::move(below)), sent_(sent) {}
//
//     weft::Result<std::size_t> ReadStream(const weft::Context& ctx,
//                                          std::span<char> buffer) override {
//       return below_.Read(ctx, buffer);
//     }
//     weft::Error WriteStream(const weft::Context& ctx, std::string_view data) override {
//       sent_ += data.size();
//       return below_.Write(ctx, data);
//     }
//     weft::Error CloseStreamWrite() override { return below_.CloseWrite(); }
//     void CloseStream() noexcept override { below_.Close(); }
//
//    private:
//     weft::Stream below_;
//     std::atomic<std::uint64_t>& sent_;
//   };
//
// The Stream owns its transport (MakeStream), unless a server has lent it (StreamLoan). At most one
// call of ReadStream runs at a time, next to at most one of WriteStream or CloseStreamWrite. Below
// a lent Stream two of the latter may run at once, on the loop of its scope. All of them except
// CloseStream may suspend. An error that one of them returns is what the Stream returns.
class StreamTransport {
 public:
  // The context under which Stream::Read waits if its caller passes none. Null: CurrentContext(),
  // and then Stream::Write is under it too; otherwise Stream::Write is under no context.
  virtual const Context* StreamContext() const { return nullptr; }
  // Reads into a buffer that is not empty. Otherwise these functions do what Stream::Read, Write,
  // CloseWrite and Close say. After an error in sending, or after CloseStreamWrite, only ReadStream
  // and CloseStream are called; after CloseStream, which is called once, nothing is.
  virtual Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) = 0;
  // Called before each WriteStream. Where two writes may run at once, it waits until nothing else
  // is being written. An error is the context's, and changes nothing.
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
