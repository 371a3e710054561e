// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_RESPONSE_WRITER_H_
#define WEFT_HANDLERS_RESPONSE_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/body_filter.h>
#include <weft/handlers/internal/response_extras.h>
#include <weft/http/fields.h>
#include <weft/net/stream.h>

namespace weft {

class ResponseSink;

// Builds the response to a request (Go's http.ResponseWriter).
//
//   w.Header().Set("Content-Type", "application/json");
//   w.WriteHeader(201);
//   return w.Write(R"({"id":7})");
//
// Nothing is sent to the client until the handler returns, the body outgrows the buffer (4 KiB), or
// Flush is called; until then everything can still be changed or taken back. A response that fits
// into the buffer gets its Content-Length automatically. A longer one is sent in chunks, unless the
// handler has set Content-Length. A handler that writes nothing responds with 200 and an empty
// body.
//
// Write, Flush and WriteHeader(1xx) may suspend while the client is slow. They fail when the client
// is gone, when it stalls for too long, or when the server's drain closes it by force. They do not
// fail at the request's deadline, so that a handler can still say what went wrong. The first error
// stays: all later calls return it.
//
// It belongs to its request's fiber: a call after the handler has returned, from another loop, or
// from a fiber of another request aborts the process with the reason, because it could write into
// another user's response. One fiber at a time may write.
class ResponseWriter {
 public:
  // Servers and test kits make writers, and drive them through ResponseAccess (handlers/access.h).
  ResponseWriter() = default;
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  // The fields of the head. Changes count until the head was sent (HeadSent). The server adds the
  // fields that frame the body, Date, and a Content-Type guessed from the first bytes of the body.
  // If Date or Content-Type has an empty value, the response goes without it.
  Fields& Header() WEFT_LIFETIMEBOUND;
  // Fields after the body. They make a response chunked, and HTTP/1.0 clients do not get them. Most
  // clients and proxies drop them, some merge them with the header's, and a few lose the response
  // (docs/clients.md). What every client must see belongs in the head or the body.
  Fields& Trailer() WEFT_LIFETIMEBOUND;

  // Chooses the status; the default is 200. The first choice counts, later ones do nothing. A 1xx
  // status other than 101 is an interim response (103 Early Hints): it is sent at once, with the
  // fields so far, and is not a choice. Send it only to clients known to understand it, such as
  // browsers that navigate (Sec-Fetch-Mode: navigate). Python's requests, Qt, reactor-netty and
  // others take it for the response, and match each later request with the response to the one
  // before. With nginx 1.22 and proxy_http_version 1.1 the client gets none (docs/clients.md). 101,
  // and 2xx in response to CONNECT, are for Hijack; without it the response is 500 or 501. Aborts
  // the process if `status` is not in 100..999.
  void WriteHeader(int status);

  // Takes over the connection as a stream of bytes, for as long as the handler runs; see Stream.
  // The status that was chosen decides what is sent first:
  //   101           the head, with the fields so far. It must have Upgrade, with protocols that the
  //                 client offers (Request::OffersUpgrade); Connection: Upgrade is added.
  //   2xx, CONNECT  the head; the tunnel starts after it.
  //   none          nothing: the handler writes everything itself, including the head.
  // It makes the request long-lived (Request::LongLived). It may suspend, to send the head. Errors,
  // of which all but the last two still allow a response:
  //   the body was not read to its end: its bytes would look like the stream's
  //   HttpError(426)  the client does not offer what Upgrade says
  //   kRefused        too many long-lived requests (responds with 503)
  //   the response has started: another status was chosen, or something was written
  //   the first error in sending
  //
  // From now on Write and Flush fail with kClosed, the header has no effect, and an Error of the
  // handler is reported to the observer but not to the client. When the handler returns, the server
  // closes the connection so that everything written arrives. Abort ends it with a reset.
  //
  //   w.Header().Set("Upgrade", "echo");
  //   w.WriteHeader(101);
  //   weft::Result<weft::Stream> stream = w.Hijack();
  //   if (weft::Error err = stream.Err()) return err;
  Result<Stream> Hijack();

  // Adds to the body. The bytes are copied or sent before it returns. Fails, and takes nothing of
  // `data`, if the status allows no body (101, 204, 304) or the handler's own Content-Length would
  // be exceeded. In a response to HEAD the bytes are counted but not sent.
  Error Write(std::string_view data);

  // Adds a part of an open file to the body: `length` bytes from `offset` on. Where possible the
  // kernel passes them from the page cache to the socket (sendfile), without a copy through this
  // process; body filters see them like written bytes. It may be mixed with calls of Write, and
  // follows the rules of Write: suspension, stalling clients, the length, HEAD, the first error
  // that stays. Set Content-Length if the response is just this file: otherwise a file that does
  // not fit into the buffer is sent as a chunk. However long the file is, the loop serves others in
  // between, and while the disk is read.
  //
  // The descriptor belongs to the caller: it must be open for reading until the call returns, and
  // may be shared with other requests. Its own position is neither used nor changed. When the call
  // returns, all bytes have been passed on, but the network may still read them from the page
  // cache. So replace a file that is being served by rename; do not write into it.
  //
  // If the file ends before the part does, or cannot be read, that is an error, and never a
  // response that looks complete. Before the head was sent, the response fails unless Restart
  // replaces it (returning the error responds with 500); later, the connection is broken. A part
  // beyond the range of off_t fails with std::errc::invalid_argument and takes nothing. Go's
  // io.Copy from a file to an http.ResponseWriter.
  //
  //   w.Header().Set("Content-Length", std::to_string(size));
  //   return w.SendFile(fd, 0, size);
  Error SendFile(int fd, std::uint64_t offset, std::uint64_t length);

  // Sends the head and everything written so far.
  Error Flush();

  // The status of the response so far: 200 until another one is chosen. After a Hijack without a
  // choice 101, or 200 for CONNECT.
  int Status() const;
  // Bytes of the body so far, after all filters, including those that a response to HEAD leaves
  // out. After Hijack: bytes that its stream has written.
  std::uint64_t BytesWritten() const;
  // Whether the head was sent, so that status and fields can no longer change. True after Hijack.
  bool HeadSent() const;
  // Whether the connection was taken over.
  bool Hijacked() const;
  // The first error in sending; kClosed after Abort.
  Error Err() const;

  // Calls `hook` once, just before the head is built: the last moment to change the header. The
  // hook that was added last runs first, so that the outermost middleware has the last word. A hook
  // must not write. A hook that is added after the head was sent is not called. Hijack calls the
  // hooks if it sends a head.
  void OnHead(std::function<void()> hook);

  // Puts a filter between the handler and the framing. It does not apply to a hijacked stream.
  // Aborts the process if the body has started.
  void PushFilter(std::unique_ptr<BodyFilter> filter);

  // Discards the response so far, so that it can be replaced: the status, the body, the filters,
  // the trailer, and the header fields that describe a body (Content-Type and similar ones,
  // digests, ETag, Last-Modified, Cache-Control, Expires). Other fields and the hooks stay. Returns
  // false, and does nothing, if the head was sent or the response has failed.
  bool Restart();

  // Breaks off the response: the client sees that its connection failed, and not a response that
  // looks complete.
  void Abort();

 private:
  friend class ResponseAccess;
  class BehindFilters;
  enum class State : std::uint8_t {
    kEnded, kBuffering, kInHook, kStreaming, kFinished, kHijacked, kAborted
  };

  void Check(const char* function) const {
    if (state_ == State::kEnded || CurrentScope() != scope_) Misused(function);
  }
  [[noreturn, gnu::cold]] void Misused(const char* function) const;
  void CheckMayWrite(const char* function) const;
  Error Fail(Error error) {
    if (error && !failure_) failure_ = error;
    return error;
  }
  std::optional<std::uint64_t> HandlersLength() const;
  bool MayHaveLength() const { return head_sent_ || header_.Has("Content-Length"); }
  Error WriteThroughFilters(std::string_view data);
  Error WriteBehindFilters(std::string_view data);
  Error BeginStreaming(std::uint64_t more);
  Error WriteFileThroughFilters(int fd, std::uint64_t offset, std::uint64_t length);
  Error BufferFile(int fd, std::uint64_t offset, std::uint64_t length);
  Error FileFailed(Error error);
  Error FinishFilters();
  bool PromisesOtherProtocol() const { return status_ == 101 || (connect_ && status_ / 100 == 2); }
  Error BeginHead();
  void RunHooks();
  Error CheckLength(std::uint64_t more) const;
  Error SendHead();
  Error SendBuffered(std::string_view more);
  Error Finish();
  Error FinishBuffered();
  Error FinishDescribed(bool has_body);
  Error FinishWhole();
  Error FinishStreaming();
  static Error Taken();
  void End();

  ResponseSink* sink_ = nullptr;
  Scope scope_;
  State state_ = State::kEnded;
  bool head_only_ = false;        // the method is HEAD
  bool connect_ = false;          // the method is CONNECT
  bool head_sent_ = false;
  bool file_failed_ = false;      // a part of the body is missing
  int status_ = 0;                // 0: not chosen
  std::span<char> buffer_;  // the sink's; empty until the first Write, or if it was taken back
  std::size_t buffered_ = 0;
  std::uint64_t written_ = 0;             // buffered or sent
  std::optional<std::uint64_t> declared_;  // the handler's Content-Length, once the head is out
  Error failure_;
  Fields header_;
  internal::ResponseExtras extras_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_RESPONSE_WRITER_H_
