// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_BEAST_H_
#define WEFT_HANDLERS_BEAST_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/system/system_error.hpp>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/mutex.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/internal/beast_exchange.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>
#include <weft/net/stream.h>

// The bridge to Beast, for services that were written for it. Their handlers remain as they are,
// and their session loops of async_read and async_write are no longer needed (docs/live.md). Apart
// from weft/concurrency/await.h this is the only public header that includes Asio or Beast. It
// takes seconds to compile.

namespace weft {

// Makes a Handler from a function in Beast's terms, from a request to a response, as Beast's own
// example servers write it.
//
//   http::message_generator HandleRequest(http::request<http::string_body>&& request);
//   http::response<http::string_body> Health(const http::request<http::string_body>& request);
//
//   mux.Handle("/", weft::FromBeast(HandleRequest));
//   mux.Handle("GET /health", weft::FromBeast(Health));
//   mux.Handle("POST /upload", weft::FromBeast<http::vector_body<char>>(Upload));
//
// The function runs in the request's fiber, so it may block in all calls of weft; CurrentContext()
// is the request's context. The request is read completely first, within
// ServerOptions::body_bytes_max. What fails there gets its 400, 408 or 413, as in any handler. The
// fields and the target are unchanged. The version is 1.1 if the request came over HTTP/2. Trailers
// are dropped.
//
// Of the response, the status, the fields and the body are used. weft frames it, so
// Transfer-Encoding, Keep-Alive and the reason phrase are dropped, and Connection is passed on only
// as "close". A http::response<http::file_body> goes from the page cache to the socket. An
// exception counts as one of the handler's. A response that would hand over the connection (101) is
// an error; use ResponseWriter::Hijack and BeastStream. So is one with a field that cannot be sent,
// such as a line feed in its value.
template <class Body = boost::beast::http::string_body, class F>
Handler FromBeast(F f) {
  return [f = std::move(f)](ResponseWriter& w, Request& r) -> Error {
    boost::beast::http::request<Body> request;
    if (Error err = internal::ReadBeastRequest(r, request)) return err;
    return internal::WriteBeastResponse(w, f(std::move(request)));
  };
}

// Makes a Stream usable by the synchronous calls of Beast and Asio: it is a SyncReadStream and a
// SyncWriteStream. The calls park the fiber, under one context; when that is done they fail with
// its error. All functions of Beast that take such a stream work: http::read, http::write, and
// websocket::stream<BeastStream> with its accept, handshake, read, write and close. The
// asynchronous calls do not work, and a fiber does not need them.
//
//   weft::Result<weft::Stream> stream = w.Hijack();
//   if (weft::Error err = stream.Err()) return err;
//   websocket::stream<weft::BeastStream> socket(weft::BeastStream(*std::move(stream), r.Ctx()));
//   socket.accept(request);
//   beast::flat_buffer message;
//   socket.read(message);                 // waits for the client; throws, or takes an error_code
//
// One fiber may read while another one writes; each write_some writes everything before the next
// one starts. Beast's synchronous websocket calls need more than that: a read may write a pong, and
// both change the stream, so only one fiber at a time may be in them. For WebSockets without this
// restriction there is weft/handlers/live/websocket.h.
//
// Beast's timeouts for asynchronous calls (stream_base::timeout) have no effect here. Deadlines are
// those of the context.
class BeastStream {
 public:
  // The calls wait under `ctx`, until SetContext.
  BeastStream(Stream stream, Context ctx) noexcept
      : stream_(std::move(stream)), ctx_(std::move(ctx)) {}
  BeastStream(BeastStream&& other) noexcept;
  BeastStream(const BeastStream&) = delete;
  BeastStream& operator=(const BeastStream&) = delete;

  void SetContext(Context ctx) { ctx_ = std::move(ctx); }
  const Context& Ctx() const noexcept { return ctx_; }
  Stream& Underlying() noexcept { return stream_; }
  // Why the last call failed. It says more than the error_code: a context's error has its cause.
  const Error& LastError() const noexcept { return failure_; }

  // Belongs to an io_context that is never run. Beast builds timers on it that it never starts.
  using executor_type = boost::asio::io_context::executor_type;
  executor_type get_executor() noexcept;

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, boost::beast::error_code& ec) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) {
        return ReadInto({static_cast<char*>(buffer.data()), buffer.size()}, ec);
      }
    }
    ec = {};
    return 0;
  }
  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t n = read_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec, "read_some");
    return n;
  }

  // Writes everything, unless it fails.
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, boost::beast::error_code& ec) {
    const Turn turn(*this, ec);
    if (ec) return 0;
    std::size_t size = 0;
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::const_buffer buffer(*it);
      size += buffer.size();
      if (!Gather({static_cast<const char*>(buffer.data()), buffer.size()}, ec)) return 0;
    }
    return WriteGathered(ec) ? size : 0;
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers) {
    boost::beast::error_code ec;
    const std::size_t n = write_some(buffers, ec);
    if (ec) throw boost::system::system_error(ec, "write_some");
    return n;
  }

 private:
  class Turn {
   public:
    Turn(BeastStream& stream, boost::beast::error_code& ec)
        : stream_(stream), held_(stream.TakeTurn(ec)) {}
    ~Turn() {
      if (held_) stream_.turn_.unlock();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    BeastStream& stream_;
    const bool held_;
  };

  bool TakeTurn(boost::beast::error_code& ec);
  std::size_t ReadInto(std::span<char> buffer, boost::beast::error_code& ec);
  bool Gather(std::string_view bytes, boost::beast::error_code& ec);
  bool WriteGathered(boost::beast::error_code& ec);
  bool Note(const Error& err, boost::beast::error_code& ec);

  Stream stream_;
  Context ctx_;
  Mutex turn_;
  std::string gathered_;  // under turn_: small buffers that are sent together
  Error failure_;
};

// Called by websocket::stream at the end of a connection.
void teardown(boost::beast::role_type role, BeastStream& stream, boost::beast::error_code& ec);

}  // namespace weft

#endif  // WEFT_HANDLERS_BEAST_H_
