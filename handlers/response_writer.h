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
#include <weft/handlers/internal/filter_chain.h>
#include <weft/http/fields.h>
#include <weft/net/make_stream.h>
#include <weft/net/stream.h>

namespace weft {

class ResponseSink;

// Builds the answer to a request.
//
// Nothing leaves for the client until the handler returns, the body grows beyond the buffer (4
// KiB), or Flush is called; until then everything can still be changed or taken back. An answer
// that fits the buffer gets its Content-Length by itself; a longer one is sent in chunks, unless
// the handler has set Content-Length. A handler that writes nothing answers 200 with an empty body.
//
// Write, Flush and WriteHeader(1xx) may suspend while the client takes its time. They stop when the
// client is gone, when it stalls for too long, or when the server's drain comes to its hard end,
// but not at the request's deadline, so that a handler can still say what went wrong. The first
// error stays: each later call returns it.
//
// It belongs to its request's fiber: any call after the handler has returned, from another loop, or
// from a fiber of another request aborts the process with the reason, because it could write into
// another user's answer. One fiber writes at a time. Go's http.ResponseWriter.
//
//   w.Header().Set("Content-Type", "application/json");
//   w.WriteHeader(201);
//   return w.Write(R"({"id":7})");
class ResponseWriter {
 public:
  // Servers and testing kits make writers and drive them through ResponseAccess
  // (handlers/access.h).
  ResponseWriter() = default;
  ResponseWriter(const ResponseWriter&) = delete;
  ResponseWriter& operator=(const ResponseWriter&) = delete;

  // The fields of the head. Changes count until the head is out (HeadSent). The server adds by
  // itself the fields that frame the body, Date, and a Content-Type told from the first bytes of
  // the body. A Date or Content-Type with an empty value stands for none: the answer goes without.
  Fields& Header() WEFT_LIFETIMEBOUND;
  // Fields that follow the body. They make an answer chunked, and are lost on a client that cannot
  // take them (HTTP/1.0). Most clients and proxies drop them, some put them among the header's, and
  // few lose the response (docs/clients.md): what every client must see belongs into the head or the body.
  Fields& Trailer() WEFT_LIFETIMEBOUND;

  // Chooses the status; without it, it is 200. The first choice counts, later ones do nothing. A
  // 1xx status other than 101 is an interim answer (103 Early Hints): it is sent at once, with the
  // fields so far, and is no choice. Send it only to clients that are known to understand it, such as
  // browsers that navigate (Sec-Fetch-Mode: navigate): Python's requests, Qt, reactor-netty and others
  // take it for the response and give each later request the response to the one before, and behind nginx 1.22
  // with proxy_http_version 1.1 the client gets none (docs/clients.md). 101, and 2xx as an answer to CONNECT, are for Hijack: without it
  // the request is answered 500 or 501. Aborts the process if `status` is not in 100..999.
  void WriteHeader(int status);

  // Takes the connection over as a stream of bytes, for as long as the handler runs; see Stream. What
  // comes first depends on the status that was chosen:
  //   101           the head of the answer, with the fields so far. It must have Upgrade, with protocols
  //                 that the client offers (Request::OffersUpgrade); Connection: Upgrade is added.
  //   2xx, CONNECT  the head of the answer; the tunnel begins behind it.
  //   none          nothing: the handler writes all there is, head included.
  // It makes the request long-lived (Request::LongLived). It may suspend, to send the head. Errors, of
  // which only the last ones leave nothing else to answer:
  //   the body has not been read to its end: its bytes would look like the stream's
  //   HttpError(426)  the client does not offer what Upgrade says
  //   kRefused        too many long-lived requests (answers 503)
  //   the answer has begun: another status was chosen, or something was written
  //   the first error in sending
  //
  // From here on Write and Flush fail with kClosed, the header no longer matters, an Error of the
  // handler is told to the observer and nothing is sent for it. When the handler returns, the server
  // closes the connection so that everything written arrives. Abort ends it with a reset.
  //
  //   w.Header().Set("Upgrade", "echo");
  //   w.WriteHeader(101);
  //   weft::Result<weft::Stream> stream = w.Hijack();
  //   if (weft::Error err = stream.Err()) return err;
  Result<Stream> Hijack();

  // Adds to the body. The bytes are copied or sent before it returns. Fails, and takes nothing of
  // `data`, if the status allows no body (101, 204, 304) or the handler's own Content-Length would
  // be exceeded. In an answer to HEAD the bytes are counted and not sent.
  Error Write(std::string_view data);

  // Adds a part of an open file to the body: `length` bytes from `offset` on. Where it can, the
  // server lets the kernel hand them from the page cache to the socket (sendfile), so that nothing
  // is copied through this process; body filters see them like bytes that were written. It may
  // stand between calls of Write, and the rules of Write hold for it: suspension, stalling clients,
  // the length, HEAD, the first error that stays. Set Content-Length for an answer that is known to
  // be this file alone: without it a file that does not fit the buffer is sent as a chunk. The loop
  // serves others in between, however long the file is, and while the disk is read.
  //
  // The descriptor stays the caller's: it is open for reading until the call returns, may be shared
  // with other requests, and its own position is neither used nor moved. All bytes have been handed
  // over when the call returns, but the network may still read them from the page cache: replace a
  // file that is being served by rename, do not write into it.
  //
  // A file that ends before the part does, or cannot be read, is an error, and never an answer that
  // looks whole: while the head is not out, this answer fails unless Restart gives another one
  // (returning the error answers 500); later the connection is broken off. A part above the range
  // of off_t fails with std::errc::invalid_argument and takes nothing. Go's io.Copy from a file to
  // an http.ResponseWriter.
  //
  //   w.Header().Set("Content-Length", std::to_string(size));
  //   return w.SendFile(fd, 0, size);
  Error SendFile(int fd, std::uint64_t offset, std::uint64_t length);

  // Sends the head and everything written so far.
  Error Flush();

  // The status of the answer so far: 200 until another one is chosen; after a Hijack without a
  // choice 101, to CONNECT 200.
  int Status() const;
  // Bytes of the body so far, behind all filters; also those that an answer to HEAD leaves out. After
  // Hijack: bytes that its stream has written.
  std::uint64_t BytesWritten() const;
  // Whether the head is out, so that status and fields can no longer be changed. True after Hijack.
  bool HeadSent() const;
  // Whether the connection was taken over.
  bool Hijacked() const;
  // The first error in sending; kClosed after Abort.
  Error Err() const;

  // Calls `hook` once, just before the head is built: the last moment to change the header. The
  // hook that was added last runs first, so that the outermost middleware has the last word. A hook
  // must not write. After the head is out a new hook is not called any more. Before Hijack it is called
  // if that sends a head.
  void OnHead(std::function<void()> hook);

  // Puts a filter between the handler and the framing. A hijacked stream passes it by. Aborts the
  // process if the body has begun.
  void PushFilter(std::unique_ptr<BodyFilter> filter);

  // Takes the answer so far back, to give another one in its place: the status, the body, the
  // filters, the trailer and the header fields that describe a body (Content-Type and its kin,
  // ETag, Last-Modified, Cache-Control) are gone; other fields and the hooks stay. False, and
  // nothing happens, if the head is out or the answer has failed.
  bool Restart();

  // Breaks the answer off: the client sees that its connection failed, not an answer that looks
  // whole.
  void Abort();

 private:
  friend class ResponseAccess;
  class BehindFilters;
  enum class State : std::uint8_t { kEnded, kBuffering, kInHook, kStreaming, kFinished, kHijacked, kAborted };

  void Check(const char* function) const;
  void CheckMayWrite(const char* function) const;
  Error Fail(Error error);
  std::optional<std::uint64_t> HandlersLength() const;
  Error WriteThroughFilters(std::string_view data);
  Error WriteBehindFilters(std::string_view data);
  Error TakesBody() const;
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
  Error FinishStreaming();
  static Error Taken();
  void Begin(ResponseSink& sink, bool head_only, bool connect);
  void End();

  ResponseSink* sink_ = nullptr;
  Scope scope_;
  State state_ = State::kEnded;
  bool head_only_ = false;        // the request is HEAD
  bool connect_ = false;          // the request is CONNECT
  bool head_sent_ = false;
  bool file_failed_ = false;      // a part of the body is missing
  int status_ = 0;                // 0: not chosen
  std::span<char> buffer_;        // the sink's; empty until the first Write, and after a Flush if it was taken back
  std::size_t buffered_ = 0;
  std::uint64_t written_ = 0;             // buffered or sent
  std::optional<std::uint64_t> declared_;  // the handler's Content-Length, once the head is out
  Error failure_;
  Fields header_;
  Fields trailer_;
  std::vector<std::function<void()>> hooks_;
  internal::FilterChain filters_;
  StreamLoan stream_;  // after Hijack
  std::function<void(const Error&)> after_handler_;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_RESPONSE_WRITER_H_
