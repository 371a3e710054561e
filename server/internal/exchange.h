// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_EXCHANGE_H_
#define WEFT_SERVER_INTERNAL_EXCHANGE_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <weft/concurrency/loop.h>
#include <weft/handlers/access.h>
#include <weft/handlers/server_side.h>
#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/request_framing.h>
#include <weft/http/internal/http1/response_framing.h>
#include <weft/net/internal/byte_buffer.h>
#include <weft/server/internal/connection.h>
#include <weft/server/internal/loop_server.h>
#include <weft/net/internal/progress.h>

namespace weft::internal {

// Serves requests of one connection, in a fiber, from the moment a head is whole until no whole request is left: calls the
// handler, gives it the body, frames and sends its answer. It owns all bytes that the handler sees. Exchanges belong to a loop
// and are used again and again; a warm one allocates nothing.
//
// Answers gather in held_ and leave together: when no whole request is left to answer, when much has gathered, and before anything
// waits (BeforePark), so that an answer that is ready waits for nobody who waits. The last ones may leave together with those of other
// connections (Batch).
class Exchange final : public FiberJob, private ResponseSink, private BodySource, private RequestHooks, private StreamTransport {
 public:
  explicit Exchange(LoopServer& server);

  // Takes over the connection: `bytes` begin with a whole head, which is copied with all that follows it, and was whole at `head_at`. On
  // the loop's stack; the fiber may run, end and give the connection back before this returns. False: there was no memory for it or its fiber.
  bool Serve(Connection& connection, std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) noexcept;

  // Takes over an idle connection only to send what is left of its answers, which are copied. As Serve else.
  bool SendRest(Connection& connection, std::string_view answers) noexcept;

  // Events of the connection while the exchange has it; on the loop's stack.
  void OnEvents(bool readable, bool writable);
  // Cancels the context of the request that is being served. Any stack of the loop.
  void Cancel(const Error& cause);
  bool Serving() const { return serving_; }
  // The drain's hard end, on the loop's stack: sends what can still be sent whole, which is a 503 where nothing of the present response is
  // out. False: what was sent of it is not whole, so the connection has to be reset.
  bool FinishForCut();
  bool FinishedForCut() const { return finished_for_cut_; }
  // For LoopServer, while responses are lent: sends what was held back before the present handler (on the thread beside the loops), and takes
  // note of it.
  void SendFromBeside() noexcept;
  void NoteSentFromBeside() noexcept;
  // Whether the answer was broken off, and whether it was the client who made that happen. Until Recycle.
  bool Aborted() const { return aborted_; }
  bool ClientFailed() const { return failed_ || gone_noted_; }
  // Lets go of large buffers before it waits for its next connection.
  void Recycle();
  std::string Name() const { return std::string(request_.Method()) + ' ' + std::string(request_.Target()); }
  const Request& request() const { return request_; }

  void Run() override;
  void Ended() noexcept override;
  void BeforePark() noexcept override;
  void BeforeYield() noexcept override { BeforePark(); }

 private:
  static constexpr std::size_t kBodyBuffer = 4096;
  static constexpr std::size_t kHeldMax = 64 * 1024;     // beyond it answers go out although more requests are here
  static constexpr Duration kHeldPatience = std::chrono::microseconds(50);  // and after so long, but for the handler that runs then
  static constexpr std::size_t kKeepBytes = 16 * 1024;   // buffers above it are not kept for the next connection
  static constexpr std::uint64_t kDrainBytes = 256 * 1024;  // of an unread body that is read to keep a connection
  static constexpr int kRequestsInARow = 16;
  static constexpr std::uint64_t kFileTurn = 1024 * 1024;  // of a file that is sent before others of the loop get their turn
  static constexpr int kPiecesInARow = 4;  // of bodies, read or written without a wait

  // exchange.cc: the life of a request.
  void Attach(Connection& connection);
  void ServeRequests();
  bool KeptByBatch();
  void ServeOne();
  void Respond(const Context& ctx);
  [[gnu::cold]] void LoseRequest() noexcept;
  void BeginRequest(const Context& ctx);
  void ReportOutcome(const Error& handlers, const Error& failure);
  bool NextRequest();
  void Refuse(const HeadResult& result);
  bool ClientHasLeft() const;
  void NoteClientGone();
  void LetOthersThrough();
  void LendHeld();
  // What is ready to be sent. It is lent while a handler runs, and comes back here.
  ByteBuffer& Held() {
    server_.TakeHeldBack();
    return held_;
  }

  // exchange_send.cc
  std::span<char> Buffer() override;
  Error SendWhole(int status, Fields& header, std::string_view body) override;
  Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) override;
  Error SendBody(std::string_view first, std::string_view second) override;
  Error SendFile(std::string_view first, FilePart& part) override;
  Error Flush() override;
  Error SendEnd(std::string_view rest, Fields& trailer) override;
  Error SendInformational(int status, Fields& header) override;
  void Abort() noexcept override;
  void HoldHeadBytes(const ResponseHead& head);
  void HoldHead(int status, Fields& header, const ResponseFacts& facts, std::string_view content_type);
  void HoldContentType(std::string_view body);
  bool MayKeepAlive(bool answer_goes_on);
  ResponseFacts FactsOf(int status, bool answer_goes_on);
  bool AnotherIsHere();
  void WaitForTurn();
  Error SendHeld();
  Error Transmit(iovec* parts, std::size_t count);
  Error SendParts(iovec* parts, std::size_t count, int flags);
  void EndTransmission(const Error& err);
  Error SocketBroke();
  Error WhyNoMore() const;
  Error WaitWritable();
  bool ClientTakesEnough();
  void SendHeldWithoutWaiting() noexcept;
  void NoteSent(std::size_t bytes) noexcept;
  void HoldRefusal(int status, std::string_view reason);

  // exchange_file.cc
  Error HoldContentTypeOf(const FilePart& part);
  Error SendBeforeFile(std::string_view first, const FilePart& part);
  Error TransmitFile(FilePart& part);
  Error TransmitByReading(FilePart& part);
  Error WhyNotSent(int number, const FilePart& part);
  Error LetOthersGo();

  // exchange_body.cc
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override;
  std::optional<std::uint64_t> Declared() const override;
  Result<std::size_t> ReadLength(const Context& ctx, std::span<char> buffer);
  Result<std::size_t> ReadChunked(const Context& ctx, std::span<char> buffer);
  Result<std::size_t> Decode(std::string_view& raw, std::span<char> buffer);
  Result<std::size_t> ReceiveBody(const Context& ctx, std::span<char> buffer);
  Result<std::size_t> Receive(const Context& ctx, std::span<char> buffer, const char* waits_for, Duration stall);
  void NoteStalled(Duration stall);
  Error SendContinue();
  bool BodyWorthReading() const;
  void DrainBody();

  // exchange_stream.cc: a connection that the handler has taken over.
  Error MayHijack(int status, Fields& header) override;
  Result<StreamTransport*> Hijack(int status, Fields& header) override;
  const Context& StreamContext() const override { return request_.Ctx(); }
  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WriteStream(std::string_view data) override;
  Error CloseStreamWrite() override;
  void CloseStream() noexcept override;
  void WaitForStreamTurn(const char* function);
  void WakeStream() noexcept;

  // RequestHooks
  std::string Peer() const override { return connection_->PeerName(); }
  bool LongLived() override;
  void ContextChanged() override {}

  LoopServer& server_;
  Connection* connection_ = nullptr;
  bool keep_alive_ = false;
  bool only_sends_ = false;     // what is left of answers of another exchange
  bool serving_ = false;        // between the begin and the end of one request
  bool gone_noted_ = false;     // its context was canceled because the client left
  bool aborted_ = false;        // the answer was broken off
  bool failed_ = false;         // the connection takes no more bytes
  bool transmitting_ = false;   // some fiber of the request is sending held_
  std::uint8_t pieces_ = 0;     // since others were let through
  bool long_lived_ = false;     // the request is counted among the long-lived ones
  bool hijacked_ = false;       // the handler has taken the connection over
  bool stream_closed_ = false;  // and has closed it
  bool read_ahead_ = false;     // in a drain: what came behind the present request was looked at
  bool answered_ = false;       // the response of the present request is whole, here or on its way
  bool begun_out_ = false;      // some of it was sent
  bool finished_for_cut_ = false;  // the hard end of the drain has said the last word

  // The bytes of the requests: [0, at_) are served, head_ speaks of what begins at at_.
  ByteBuffer in_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;  // begin of what follows the head: body or next request
  Head head_;
  TimePoint head_at_;  // when it was whole

  Request request_;
  ResponseWriter writer_;
  ReusableContext context_;

  // Body of the request.
  RequestFraming framing_;
  std::uint64_t body_left_ = 0;
  bool body_ended_ = true;
  bool body_failed_ = false;
  bool continue_sent_ = false;
  ChunkedDecoder decoder_;
  Progress body_progress_;
  ByteBuffer ahead_;  // read from the socket, but behind the body
  std::string_view behind_;  // of a hijacked connection: what came behind the request and was not read yet

  // The answer.
  ByteBuffer held_;                    // bytes that are ready to be sent; by Held() only
  TimePoint held_since_;               // before which handler they were held back first
  std::size_t sent_from_beside_ = 0;   // of held_
  std::size_t answer_begin_ = 0;       // where in held_ the present answer begins
  std::unique_ptr<char[]> body_buffer_;
  ResponseFraming answer_;
  Progress write_progress_;
  std::int64_t untaken_ = 0;           // what the socket held when the period of write_progress_ began
  std::size_t sniff_at_ = 0;           // where in held_ a Content-Type is still missing; 0: nowhere

  LoopSignal readable_;
  LoopSignal writable_;
  LoopSignal turn_;  // to send
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_EXCHANGE_H_
