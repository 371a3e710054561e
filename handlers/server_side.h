// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_SERVER_SIDE_H_
#define WEFT_HANDLERS_SERVER_SIDE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/http/fields.h>
#include <weft/net/stream_transport.h>
#include <weft/net/tls_info.h>

// What a server, or a testing kit, gives to a Request and a ResponseWriter: the bytes of the body, a way out for the response, and what they
// ask for beside. access.h says how the two are driven. Handlers and middleware never need this header.

namespace weft {

// Where the bytes of a request body come from.
class BodySource {
 public:
  // Reads at least one byte into `buffer`, which is not empty; 0 at the end, when the trailer is in
  // place (RequestAccess::Trailer). Waits under `ctx`. Errors are those of Body.
  virtual Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) = 0;

  // The length that was declared, if one was.
  virtual std::optional<std::uint64_t> Declared() const = 0;

 protected:
  ~BodySource() = default;
};

// What a Request asks of its server besides what it was filled with.
class RequestHooks {
 public:
  virtual std::string Peer() const = 0;
  // What its connection has agreed on; null: it is not over TLS.
  virtual const TlsInfo* Tls() const { return nullptr; }
  // The handler has called LongLived, for the first time or after a refusal. False: as many as are allowed are at it, and nothing
  // changes. The server may give the request another context by RequestAccess::SetContext.
  virtual bool LongLived() = 0;
  // Request::Ctx() has become another one, by Request::Use or at the end of its guard.
  virtual void ContextChanged() = 0;

 protected:
  ~RequestHooks() = default;
};

// The head of a request but for its fields. All views stay valid until RequestAccess::End.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view raw_path;  // "/..." or "*"; empty for CONNECT
  std::string_view raw_query;
  std::string_view host;
  int version_major = 1;
  int version_minor = 1;
  bool secure = false;
};

// A part of an open file that is to be sent. Who takes bytes from its front moves it on.
struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  void Advance(std::uint64_t bytes) {
    offset += bytes;
    length -= bytes;
  }
};

// What sending a part of a file fails with when the file ends before the part does.
Error FileTooShort();

// What a ResponseWriter sends through: the framing of one HTTP version. The writer keeps the order
// of calls
//   SendInformational*  ( SendWhole | SendHead ( SendBody | SendFile )* SendEnd | MayHijack Hijack )
// with Flush in between and Abort in place of any of the rest, and calls nothing after SendWhole,
// SendEnd or Abort, and nothing but Abort after Hijack. After an error it calls nothing but Abort;
// one of MayHijack changes nothing, the answer can still be given.
//
// The header comes without Content-Length: the length is handed over beside it. No length means
// that it is not known; an answer whose status allows no body (StatusAllowsBody) is then sent
// without any framing field, as is one to HEAD. All other fields of framing and connection
// (Transfer-Encoding, Connection, Date) are the sink's affair, also where the handler has set them.
// Views are valid during the call only. All calls may suspend but Buffer and Abort.
class ResponseSink {
 public:
  // The memory in which the writer gathers the body; valid until SendWhole, SendEnd or Abort, or until it is taken back.
  // SendWhole, SendBody and SendEnd may get views into it.
  virtual std::span<char> Buffer() = 0;
  // After a Flush, with nothing in it, and nobody who uses it: what is to come may be long in coming. True: it is taken back, and Buffer
  // is asked again.
  virtual bool TakeBufferBack() noexcept { return false; }

  // A fiber has a view into the buffer, or fills it, and may park meanwhile. Two of a request may write at once, against the rules: the
  // bytes of one response never become another one's.
  class BufferUse {
   public:
    explicit BufferUse(ResponseSink& sink) : uses_(sink.buffer_uses_) { ++uses_; }
    ~BufferUse() { --uses_; }
    BufferUse(const BufferUse&) = delete;
    BufferUse& operator=(const BufferUse&) = delete;

   private:
    int& uses_;
  };
  bool BufferIsUsed() const { return buffer_uses_ > 0; }

  // The whole answer. The length is that of `body`. For HEAD the body states its length and must
  // not be sent.
  virtual Error SendWhole(int status, Fields& header, std::string_view body) = 0;

  // The head of an answer that goes on. It may be held back until the next call.
  virtual Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) = 0;

  // A part of the body, `first` followed by `second`; not both are empty. Never called for HEAD.
  virtual Error SendBody(std::string_view first, std::string_view second) = 0;

  // A part of the body: `first`, which may be empty, followed by a part of a file, which is not.
  // Moves `part` on by what was taken; all of it unless an error comes back. Never called for HEAD.
  // A file that is too short, or that cannot be read, is an error; `first` may have been sent then.
  // The default reads the file piece by piece and calls SendBody.
  virtual Error SendFile(std::string_view first, FilePart& part);

  // Lets nothing be held back.
  virtual Error Flush() = 0;

  // The last part of the body (it may be empty), its end, and the trailer.
  virtual Error SendEnd(std::string_view rest, Fields& trailer) = 0;

  // An interim answer (1xx but 101), at once. The header is the one of the final answer so far;
  // fields of framing in it are left out.
  virtual Error SendInformational(int status, Fields& header) = 0;

  // Whether the connection may be handed over now. The status is 101 or, to CONNECT, 2xx: what Hijack shall send; or 0. It may add
  // fields that such an answer needs.
  virtual Error MayHijack(int status, Fields& header) {
    static_cast<void>(status);
    static_cast<void>(header);
    return Error::New("Hijack: not possible here");
  }

  // Hands the connection over, behind a head of this status, unless it is 0. The transport lives until ResponseAccess::End.
  virtual Result<StreamTransport*> Hijack(int status, Fields& header) { return MayHijack(status, header); }

  // Breaks the answer off: what was sent must not look whole. For a connection that was handed over: it ends with a reset.
  virtual void Abort() noexcept = 0;

 protected:
  ~ResponseSink() = default;

 private:
  int buffer_uses_ = 0;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_SERVER_SIDE_H_
