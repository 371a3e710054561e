// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_SESSION_H_
#define WEFT_SERVER_INTERNAL_HTTP1_SESSION_H_

#include <cstddef>
#include <string>
#include <string_view>

#include <weft/concurrency/loop.h>
#include <weft/http/internal/http1/head_parser.h>
#include <weft/http/internal/http1/keep_alive.h>
#include <weft/net/internal/paced_io.h>
#include <weft/server/internal/http1/batch.h>
#include <weft/server/internal/http1/client.h>
#include <weft/server/internal/http1/lending.h>
#include <weft/server/internal/http1/outgoing.h>
#include <weft/server/internal/http1/request_body.h>
#include <weft/server/internal/http1/request_bytes.h>
#include <weft/server/internal/http1/response_framer.h>
#include <weft/server/internal/http1/upgraded_stream.h>
#include <weft/server/internal/request/request_run.h>
#include <weft/server/internal/shard/shard.h>

namespace weft::internal::http1 {

// Serves requests of one connection, in a fiber, from the moment a head is complete until no complete request is
// left: parses the heads of those that are pipelined, runs them one after the other, and gives the connection
// back. It owns all bytes that handlers see. Sessions belong to a loop and are reused; a warm one
// allocates nothing.
class Session final : public FiberJob,
                      private PacedIo::Owner,
                      private RequestBody::Owner,
                      private ResponseFramer::Owner,
                      private RequestRun::Owner {
 public:
  Session(Shard& shard, Batch& batch, Lending& lending);

  // Takes over the connection: `bytes` begin with a complete head, which is copied with everything that follows it,
  // and was complete at `head_at`. On the loop's stack; the fiber may run, end and give the connection back before
  // this returns. False: there was no memory for it or its fiber.
  bool Serve(Client& client, std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) noexcept;

  // Takes over an idle connection only to send what is left of its responses, which is copied. Otherwise as Serve.
  bool SendRest(Client& client, std::string_view responses) noexcept;

  // The socket's events while the session has it; on the loop's stack.
  void OnEvents(WatchedSocket::Ready ready);
  // The drain's last step, on the loop's stack: sends what can still be sent completely, which is a 503 if nothing of
  // the current response was sent. False: what was sent of it is incomplete, so the connection must be reset.
  bool FinishByForce();
  const LiveRequest& request() const { return run_; }
  // Frees large buffers before it waits for its next connection.
  void Recycle() {
    bytes_.Recycle(kKeepBytes);
    out_.Recycle(kKeepBytes);
  }

  void Run() override;
  void Ended() noexcept override;
  void BeforePark() noexcept override;
  void BeforeYield() noexcept override { BeforePark(); }

 private:
  static constexpr std::size_t kHeldMax = 64 * 1024;    // beyond it, responses are sent although more requests are there
  static constexpr std::size_t kKeepBytes = 16 * 1024;  // larger buffers are not kept for the next connection
  static constexpr int kRequestsInARow = 16;

  inline bool Start(std::string_view name) noexcept;
  void Attach(Client& client);
  void ServeRequests();
  bool KeptByBatch();
  void ServeOne();
  void Respond();
  RequestHead MakeRequest();
  bool NextRequest();
  void Refuse(const HeadResult& result);
  [[gnu::cold]] void Lose() noexcept;
  bool ClientHasLeft() const;

  // PacedIo::Owner
  bool HoldsOutput() override { return !out_.Bytes().empty(); }
  Error SendHeld() override { return out_.Send(); }
  void OnPeerGone() noexcept override { run_.NoteClientGone(); }
  void OnReadStalled(Duration period) override;
  void OnWriteStalled(Duration period) override;
  // RequestBody::Owner
  Error SendContinue() override;
  void OnMalformedBody(int status, const char* reason) override;
  // ResponseFramer::Owner
  bool AnotherRequestIsHere() override;
  Error MayHijack(int status, Fields& header) override;
  Result<StreamTransport*> Hijack(int status, Fields& header) override;
  void OnAbort() noexcept override;
  // RequestRun::Owner
  std::string PeerName() const override { return client_->PeerName(); }
  const TlsInfo* Tls() const override { return client_->Tls(); }
  void FillHeader(Fields& header) override { head_.AppendFieldsTo(header, bytes_.Head()); }
  void OnLongLived() override;

  Shard& shard_;
  Batch& batch_;
  Client* client_ = nullptr;
  KeepAliveFacts facts_;
  bool only_sends_ = false;  // what is left of responses of another session
  bool read_ahead_ = false;  // in a drain: what follows the current request was checked

  Head head_;  // of the current request, or as far as the next one is parsed
  TimePoint head_at_;
  RequestBytes bytes_;
  PacedIo io_;
  Outgoing out_;
  RequestRun run_;
  RequestBody body_;
  ResponseFramer framer_;
  UpgradedStream stream_;
};

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_SESSION_H_
