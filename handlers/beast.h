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

// The bridge to Beast, for services that were written for it: their handlers go on as they are, and their sessions' loops of async_read and async_write
// go away (docs/live.md). With weft/concurrency/await.h the only public header that includes Asio or Beast: it takes seconds to compile.

namespace weft {

// Makes a Handler of a function in Beast's terms: from a request to a response, the form that Beast's own servers give it.
//
//   http::message_generator HandleRequest(http::request<http::string_body>&& request);
//   http::response<http::string_body> Health(const http::request<http::string_body>& request);
//
//   mux.Handle("/", weft::FromBeast(HandleRequest));
//   mux.Handle("GET /health", weft::FromBeast(Health));
//   mux.Handle("POST /upload", weft::FromBeast<http::vector_body<char>>(Upload));
//
// The function runs in the request's fiber, so it may block in all calls of weft; CurrentContext() is that of the request. The request is read
// whole before, within ServerOptions::body_bytes_max: what fails there gets its 400, 408 or 413 as in any handler. It has the fields as they
// came, the target as it came, and the version 1.1 where the request came over HTTP/2; trailers are left out.
//
// The response's status, fields and body are what counts: weft frames it, so Transfer-Encoding, Keep-Alive and the reason phrase are not passed on, and
// Connection only as "close". A http::response<http::file_body> goes from the page cache to the socket. An exception out of the function is one of the
// handler's. A response by which the connection would change hands (101) is an error: see ResponseWriter::Hijack and BeastStream.
template <class Body = boost::beast::http::string_body, class F>
Handler FromBeast(F f) {
  return [f = std::move(f)](ResponseWriter& w, Request& r) -> Error {
    boost::beast::http::request<Body> request;
    if (Error err = internal::ReadBeastRequest(r, request)) return err;
    return internal::WriteBeastResponse(w, f(std::move(request)));
  };
}

// A Stream as Beast's and Asio's synchronous calls want it: SyncReadStream and SyncWriteStream. They park the fiber, under one context: when that is done
// they fail with its error. The functions of Beast that take such a stream work on it: http::read, http::write, and
// websocket::stream<BeastStream> with its accept, handshake, read, write and close. Its asynchronous calls do not: in a fiber there is no need for them.
//
//   weft::Result<weft::Stream> stream = w.Hijack();
//   if (weft::Error err = stream.Err()) return err;
//   websocket::stream<weft::BeastStream> socket(weft::BeastStream(*std::move(stream), r.Ctx()));
//   socket.accept(request);
//   beast::flat_buffer message;
//   socket.read(message);                       // waits for the client; throws, or takes an error_code
//
// One fiber may read while another one writes; each write_some takes all it is given before the next one's turn. Beast's synchronous
// websocket calls need more: read may write a pong, and both change the stream, so two fibers must not be in them at the same time. For
// WebSockets of one's own there is weft/handlers/live/websocket.h, where they may.
//
// Timeouts that Beast has for asynchronous calls (stream_base::timeout) do nothing here: deadlines are the context's.
class BeastStream {
 public:
  // `ctx` is what its calls wait under, until SetContext.
  BeastStream(Stream stream, Context ctx) noexcept : stream_(std::move(stream)), ctx_(std::move(ctx)) {}
  BeastStream(BeastStream&& other) noexcept;
  BeastStream(const BeastStream&) = delete;
  BeastStream& operator=(const BeastStream&) = delete;

  void SetContext(Context ctx) { ctx_ = std::move(ctx); }
  const Context& Ctx() const noexcept { return ctx_; }
  Stream& Underlying() noexcept { return stream_; }
  // Why the last call failed, which says more than its error_code: a context's error has its cause.
  const Error& LastError() const noexcept { return failure_; }

  // Of an io_context that nobody runs: Beast builds timers on it that it never starts.
  using executor_type = boost::asio::io_context::executor_type;
  executor_type get_executor() noexcept;

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, boost::beast::error_code& ec) {
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::mutable_buffer buffer(*it);
      if (buffer.size() > 0) return ReadInto({static_cast<char*>(buffer.data()), buffer.size()}, ec);
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

  // All of it: a part only if it fails.
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, boost::beast::error_code& ec) {
    const Turn turn(*this, ec);
    if (ec) return 0;
    std::size_t size = 0;
    for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers); ++it) {
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
    Turn(BeastStream& stream, boost::beast::error_code& ec) : stream_(stream), held_(stream.TakeTurn(ec)) {}
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
  std::string gathered_;  // under turn_: small buffers that leave together
  Error failure_;
};

// What websocket::stream calls at the end of a connection.
void teardown(boost::beast::role_type role, BeastStream& stream, boost::beast::error_code& ec);

}  // namespace weft

#endif  // WEFT_HANDLERS_BEAST_H_
