// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_FRAME_STREAM_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_FRAME_STREAM_H_

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/system/system_error.hpp>

#include <weft/handlers/internal/idle_executor.h>
#include <weft/http/internal/websocket_frames.h>

namespace weft::internal {

// What Beast's WebSocket stands on: bytes come and go by way of its owner, which knows what a wait may be interrupted by. Each write_some
// has a whole frame, as long as frames with their heads are no longer than 64 KiB, which is what net::write passes on at once.
class FrameStream {
 public:
  class Owner {
   public:
    // May throw: Beast's state is then what it was before its call.
    virtual std::size_t ReadBytes(std::span<char> buffer, boost::beast::error_code& ec) = 0;
    virtual void WriteFrame(std::string_view frame, boost::beast::error_code& ec) = 0;

   protected:
    ~Owner() = default;
  };

  explicit FrameStream(Owner& owner) noexcept : owner_(&owner) {}

  using executor_type = boost::asio::io_context::executor_type;
  executor_type get_executor() noexcept { return IdleExecutor(); }

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, boost::beast::error_code& ec) {
    ec = {};
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) return owner_->ReadBytes({static_cast<char*>(buffer.data()), buffer.size()}, ec);
    }
    return 0;
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t n = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return n;
  }

  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, boost::beast::error_code& ec) {
    ec = {};
    const std::size_t size = boost::asio::buffer_size(buffers);
    char small[kSmall];
    std::string large;
    char* at = small;
    if (size > kSmall) {
      large.resize(size);
      at = large.data();
    }
    boost::asio::buffer_copy(boost::asio::buffer(at, size), buffers);
    owner_->WriteFrame({at, size}, ec);
    return ec ? 0 : size;
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t n = write_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec);
    return n;
  }

 private:
  static constexpr std::size_t kSmall = 512;  // on the stack of a fiber, of which a parked one keeps what it has touched

  Owner* owner_;
};

// The most payload that a server puts into one frame, so that pings and pongs may be sent between two frames of a message.
inline constexpr std::size_t kServerFrame = 60 * 1024;

// Writes a message of a server. Its frames are not masked, so they are heads and bytes; through Beast they take four times as many instructions.
inline void WriteServerMessage(FrameStream& to, std::string_view data, bool text, boost::beast::error_code& ec) {
  FrameKind kind = text ? FrameKind::kText : FrameKind::kBinary;
  do {
    const std::string_view payload = data.substr(0, kServerFrame);
    data.remove_prefix(payload.size());
    char head[kFrameHeadMax];
    const std::size_t size = WriteFrameHead(kind, data.empty(), payload.size(), head);
    to.write_some(std::array{boost::asio::buffer(std::as_const(head), size), boost::asio::buffer(payload)}, ec);
    kind = FrameKind::kContinuation;
  } while (!data.empty() && !ec);
}

// The connection ends with its handler, or with the WebSocket.
inline void teardown(boost::beast::role_type, FrameStream&, boost::beast::error_code& ec) { ec = {}; }

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_FRAME_STREAM_H_
