// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_RESPONSE_FRAMER_H_
#define WEFT_SERVER_INTERNAL_HTTP1_RESPONSE_FRAMER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/concurrency/result.h>
#include <weft/handlers/request.h>
#include <weft/handlers/server_side.h>
#include <weft/http/fields.h>
#include <weft/http/internal/http1/keep_alive.h>
#include <weft/http/internal/http1/request_head.h>
#include <weft/http/internal/http1/response_framing.h>
#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/net/internal/paced_io.h>
#include <weft/server/internal/http1/outgoing.h>
#include <weft/server/internal/http1/request_body.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http1 {

// Turns the calls of a ResponseWriter into the bytes of HTTP/1.1: heads, lengths, chunks, trailers. It writes
// into Outgoing; a body that is written in pieces is sent piece by piece, without a copy.
class ResponseFramer final : public ResponseSink {
 public:
  class Owner {
   public:
    // In a drain: whether a complete request has arrived after the current one.
    virtual bool AnotherRequestIsHere() = 0;
    virtual Error MayHijack(int status, Fields& header) = 0;
    virtual Result<StreamTransport*> Hijack(int status, Fields& header) = 0;
    virtual void OnAbort() noexcept = 0;

   protected:
    ~Owner() = default;
  };

  ResponseFramer(Shard& shard, PacedIo& io, Outgoing& out, RequestBody& body, const Request& request, KeepAliveFacts& facts,
                 Owner& owner)
      : shard_(shard), io_(io), out_(out), body_(body), request_(request), facts_(facts), owner_(owner) {}

  // For a new connection.
  void Reset() { aborted_ = complete_ = false; }
  // The response to a request with this head begins.
  void Begin(const Head& head);
  // The response is complete, here or on its way.
  void NoteComplete() { complete_ = true; }
  bool Complete() const { return complete_; }
  // It was broken off: what was sent of it must not look complete.
  void NoteAborted() { aborted_ = true;
    facts_.Note(KeepAliveFacts::kAborted); }
  bool Aborted() const { return aborted_; }
  void DropBuffer() { body_buffer_.reset(); }

  // A response of the server's own, after those that wait.
  void WriteRefusal(int status, std::string_view reason, bool method_is_head);
  // There was no memory for the request or its response: it becomes a 503 if nothing of it was sent, else it is
  // broken off. Returns the status that the client gets, or 0.
  int Lose(bool hijacked) noexcept;
  // By force, before anything of it was sent: it becomes a 503.
  void ReplaceByRefusal(std::string_view reason);
  // The head of a response after which the connection is the handler's: without framing, because what follows is
  // not HTTP.
  void WriteUpgradeHead(int status, Fields& header);

  std::span<char> Buffer() override;
  bool TakeBufferBack() noexcept override;
  Error SendWhole(int status, Fields& header, std::string_view body) override;
  Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) override;
  Error SendBody(std::string_view first, std::string_view second) override;
  Error SendFile(std::string_view first, FilePart& part) override;
  Error Flush() override;
  Error SendEnd(std::string_view rest, Fields& trailer) override;
  Error SendInformational(int status, Fields& header) override;
  Error MayHijack(int status, Fields& header) override { return owner_.MayHijack(status, header); }
  Result<StreamTransport*> Hijack(int status, Fields& header) override { return owner_.Hijack(status, header); }
  void Abort() noexcept override;

 private:
  // Where Buffer begins.
  char* BufferData() const { return body_buffer_.get() + Shard::kBodyFraming; }
  // A chunk whose data is in the buffer, with its framing around it.
  std::string_view ChunkInBuffer(std::string_view data);
  void NoteBodyFacts(bool response_goes_on);
  inline ResponseFacts FactsOf(int status, bool response_goes_on);
  inline void WriteHead(int status, Fields& header, const ResponseFacts& facts, std::string_view body);
  inline void WriteHeadBytes(const ResponseHead& head);
  void WriteChunkHeader(std::uint64_t size);
  void AddTypeOf(std::string_view body);
  Error AddTypeOf(const FilePart& part);
  Error SendBeforeFile(std::string_view first, const FilePart& part);

  Shard& shard_;
  PacedIo& io_;
  Outgoing& out_;
  RequestBody& body_;
  const Request& request_;
  KeepAliveFacts& facts_;
  Owner& owner_;

  // Of the request.
  bool method_is_head_ = false;
  bool method_is_connect_ = false;
  std::uint8_t version_minor_ = 1;

  bool complete_ = false;
  bool aborted_ = false;
  ResponseFraming framing_;
  std::unique_ptr<char[]> body_buffer_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_RESPONSE_FRAMER_H_
