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

// What a server, or a test kit, provides for a Request and a ResponseWriter: the bytes of the body,
// a way to send the response, and functions that they call. access.h says how the two are driven,
// and which thread calls. The server owns all objects and keeps them until RequestAccess::End and
// ResponseAccess::End. Recorder (testing.h) implements all of them. Handlers and middleware never
// need this header.

namespace weft {

// The source of the bytes of a request body. This one has them in memory:
//
//   class TextBody final : public weft::BodySource {
//    public:
//     explicit TextBody(std::string_view text) : left_(text) {}
//
//     weft::Result<std::size_t> Read(const weft::Context&, std::span<char> buffer) override {
//       const std::size_t n = left_.copy(buffer.data(), buffer.size());
//       left_.remove_prefix(n);
//       return n;
//     }
//     std::optional<std::uint64_t> Declared() const override { return std::nullopt; }
//
//    private:
//     std::string_view left_;
//   };
class BodySource {
 public:
  // Reads at least one byte into `buffer`, which is not empty. Returns 0 at the end, when the
  // trailer is in place (RequestAccess::Trailer). Waits under `ctx`. Errors are those of Body.
  virtual Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) = 0;

  // The declared length, if there is one.
  virtual std::optional<std::uint64_t> Declared() const = 0;

 protected:
  ~BodySource() = default;
};

// What a Request asks its server, in addition to what it was filled with.
class RequestHooks {
 public:
  virtual std::string Peer() const = 0;
  // What its connection has negotiated; null: it does not use TLS.
  virtual const TlsInfo* Tls() const { return nullptr; }
  // The handler has called LongLived, for the first time or after a refusal. False: there are
  // already as many as allowed, and nothing changes. The server may give the request another
  // context by RequestAccess::SetContext.
  virtual bool LongLived() = 0;
  // Adds the fields of the head, if RequestAccess::FillHeaderLater was called.
  virtual void FillHeader(Fields& header) { static_cast<void>(header); }
  // Request::Ctx() has changed, by Request::Use or at the end of its guard.
  virtual void ContextChanged() = 0;

 protected:
  ~RequestHooks() = default;
};

// The head of a request without its fields. All views must be valid until RequestAccess::End.
struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view raw_path;  // "/..." or "*"; empty for CONNECT
  std::string_view raw_query;
  std::string_view host;
  int version_major = 1;
  int version_minor = 1;
  bool secure = false;
  bool path_may_be_escaped = true;  // false: raw_path holds no '%'
};

// A part of an open file that is to be sent. Advance removes bytes from its front.
struct FilePart {
  int fd = -1;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  void Advance(std::uint64_t bytes) {
    offset += bytes;
    length -= bytes;
  }
};

// The error for a file that ends before the part does.
Error FileTooShort();

// Where a ResponseWriter sends: the framing of one HTTP version. The writer calls in this order
//   SendInformational*
//   ( SendWhole | SendHead ( SendBody | SendFile )* SendEnd | MayHijack Hijack )
// with Flush in between and Abort instead of any of the rest. It calls nothing after SendWhole,
// SendEnd or Abort, and only Abort after Hijack. After an error it calls only Abort. An error of
// MayHijack changes nothing: a response can still be sent.
//
// The header comes without Content-Length; the length is passed next to it. No length means that it
// is not known. A response whose status allows no body (StatusAllowsBody) is then sent without any
// framing field, and so is a response to HEAD. All other fields of framing and connection
// (Transfer-Encoding, Connection, Date) are up to the sink, even if the handler has set them. Views
// are valid during the call only. All calls except Buffer and Abort may suspend.
class ResponseSink {
 public:
  // The memory in which the writer collects the body. It is valid until SendWhole, SendEnd or
  // Abort, or until it is taken back. SendWhole, SendBody and SendEnd may get views into it.
  virtual std::span<char> Buffer() = 0;
  // Called after a Flush, when the buffer is empty and unused, because the next bytes may take
  // long. True: it is taken back, and Buffer is called again when needed.
  virtual bool TakeBufferBack() noexcept { return false; }

  // While one exists, a fiber has a view into the buffer, or fills it, and may park. Two fibers of
  // a request may write at once, against the rules; even then the bytes of one response never end
  // up in another one.
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

  // The whole response. The length is that of `body`. For HEAD the body only defines the length,
  // and must not be sent.
  virtual Error SendWhole(int status, Fields& header, std::string_view body) = 0;

  // The head of a response whose body follows. It may be held back until the next call.
  virtual Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) = 0;

  // A part of the body: `first` followed by `second`. At least one of them is not empty. Never
  // called for HEAD.
  virtual Error SendBody(std::string_view first, std::string_view second) = 0;

  // A part of the body: `first`, which may be empty, followed by a part of a file, which is not.
  // Advances `part` by what was taken, which is all of it unless there is an error. Never called
  // for HEAD. A file that is too short, or cannot be read, is an error; `first` may have been sent
  // by then. The default reads the file piece by piece and calls SendBody.
  virtual Error SendFile(std::string_view first, FilePart& part);

  // Sends everything that is held back.
  virtual Error Flush() = 0;

  // The last part of the body (it may be empty), its end, and the trailer.
  virtual Error SendEnd(std::string_view rest, Fields& trailer) = 0;

  // Sends an interim response (1xx except 101) at once. The header is the one of the final response
  // so far; framing fields in it are left out.
  virtual Error SendInformational(int status, Fields& header) = 0;

  // Whether the connection may be handed over now. The status is the one that Hijack would send:
  // 101, 2xx for CONNECT, or 0 for none. It may add fields that such a response needs.
  virtual Error MayHijack(int status, Fields& header) {
    static_cast<void>(status);
    static_cast<void>(header);
    return Error::New("Hijack: not possible here");
  }

  // Hands over the connection, after a head with this status unless it is 0. The transport lives
  // until ResponseAccess::End.
  virtual Result<StreamTransport*> Hijack(int status, Fields& header) {
    return MayHijack(status, header);
  }

  // Breaks off the response: what was sent must not look complete. A connection that was handed
  // over ends with a reset.
  virtual void Abort() noexcept = 0;

 protected:
  ~ResponseSink() = default;

 private:
  int buffer_uses_ = 0;
};

}  // namespace weft

#endif  // WEFT_HANDLERS_SERVER_SIDE_H_
