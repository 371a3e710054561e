// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/stream_response.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

#include <weft/concurrency/run.h>

#include <weft/http/internal/http2/response_fields.h>
#include <weft/http/internal/sniff.h>

namespace weft::internal::http2 {
namespace {

// "Date: Sun, ... GMT\r\n" without its name and its end.
std::string_view DateOf(std::string_view line) { return line.substr(6, line.size() - 8); }

}  // namespace

void StreamResponse::Begin(StreamHost& host, bool method_is_head, bool method_is_connect) {
  host_ = &host;
  method_is_head_ = method_is_head;
  method_is_connect_ = method_is_connect;
  head_sent_ = has_body_ = last_ = framed_ = closed_ = aborted_ = false;
  held_status_ = 0;
  framing_ = {};
  first_ = second_ = {};
  held_.reset();
  trailer_.clear();
  taken_total_ = 0;
  progress_.Restart();
}

void StreamResponse::Recycle() {
  held_.reset();
  large_.reset();
  first_ = second_ = {};
  trailer_.clear();
}

// --- the session's side

SessionStream::Piece StreamResponse::NextBody(std::size_t most) const {
  const std::size_t size = std::min(Pending(), most);
  return {size, last_ && size == Pending()};
}

void StreamResponse::TakeBody(std::size_t size, FrameBuffer& out) {
  progress_.Moved(size);
  taken_total_ += size;
  for (std::string_view* part : {&first_, &second_}) {
    const std::size_t here = std::min(size, part->size());
    if (here == 0) continue;
    out.Lend(part->substr(0, here));
    part->remove_prefix(here);
    size -= here;
  }
  if (Pending() > 0) return;
  framed_ = last_;
  taken_.Notify();
}

void StreamResponse::NoteClosed() {
  closed_ = true;
  first_ = second_ = {};
  taken_.Notify();
}

// --- heads

Error StreamResponse::Gone() const {
  if (closed_) return owner_.WhyClosed();
  return aborted_ ? Error(kClosed) : Error();
}

std::span<char> StreamResponse::Buffer() {
  if (buffer_ == nullptr) buffer_ = shard_.TakeBodyBuffer();
  return {buffer_.get(), Shard::kBodyBytes};
}

bool StreamResponse::TakeBufferBack() noexcept {
  if (Pending() > 0) return false;
  shard_.GiveBodyBuffer(std::move(buffer_));
  return true;
}

Error StreamResponse::SubmitHead(int status, const Fields& header, std::string_view content_type, bool body) {
  ResponseBlock block;
  block.status = status;
  block.fields = &header;
  if (framing_.send_length) block.content_length = framing_.length;
  block.date = DateOf(shard_.DateLine());
  block.content_type = content_type;
  head_sent_ = true;
  has_body_ = body;
  held_status_ = 0;
  if (!body) last_ = framed_ = true;
  if (!host_->session().Respond(stream_, host_->fields().Of(block), body)) return kClientGone;
  host_->SendSoon();
  return {};
}

// Sends the head that was held, with the type that the first bytes of the body determine.
Error StreamResponse::SubmitHeld(std::string_view body) {
  if (held_status_ == 0) return {};
  const std::unique_ptr<Fields> header = std::move(held_);
  return SubmitHead(held_status_, *header, body.empty() ? std::string_view() : SniffContentType(body), /*body=*/true);
}

Error StreamResponse::SendHead(int status, Fields& header, std::optional<std::uint64_t> length) {
  if (Error err = Gone()) return err;
  ResponseFacts facts;
  facts.status = status;
  facts.head_request = method_is_head_;
  facts.connect_request = method_is_connect_;
  facts.declared_length = length;
  framing_ = FrameResponse(facts);
  if (!framing_.send_body || header.Has("Content-Type") || header.Has("Content-Encoding")) {
    return SubmitHead(status, header, {}, framing_.send_body);
  }
  held_ = std::make_unique<Fields>();
  for (const Fields::Field& field : header) held_->Add(field.name, field.value);
  held_status_ = status;
  return {};
}

Error StreamResponse::SendInformational(int status, Fields& header) {
  if (Error err = Gone()) return err;
  if (status == 100) owner_.OnContinueSent();
  ResponseBlock block;
  block.status = status;
  block.fields = &header;
  if (!host_->session().Inform(stream_, host_->fields().Of(block))) return kClientGone;
  host_->SendNow();
  return Gone();
}

// --- bodies

// The end of a response need not be waited for: it stays in the buffer.
std::string_view StreamResponse::InBuffer(std::string_view bytes) {
  if (bytes.empty()) return {};
  const std::span<char> buffer = Buffer();
  if (bytes.data() >= buffer.data() && bytes.data() < buffer.data() + buffer.size()) return bytes;
  if (bytes.size() > buffer.size()) {  // a long body for a rejection
    large_.reset(new char[bytes.size()]);
    std::memcpy(large_.get(), bytes.data(), bytes.size());
    return {large_.get(), bytes.size()};
  }
  std::memcpy(buffer.data(), bytes.data(), bytes.size());
  return {buffer.data(), bytes.size()};
}

void StreamResponse::Finish(std::string_view rest) {
  first_ = InBuffer(rest);
  last_ = true;
  host_->session().ResumeBody(stream_);
  host_->SendSoon();
}

Error StreamResponse::SendWhole(int status, Fields& header, std::string_view body) {
  if (Error err = Gone()) return err;
  ResponseFacts facts;
  facts.status = status;
  facts.head_request = method_is_head_;
  facts.connect_request = method_is_connect_;
  facts.complete = true;
  facts.body_bytes = body.size();
  framing_ = FrameResponse(facts);
  const bool has_body = framing_.send_body && !body.empty();
  if (has_body) {
    first_ = InBuffer(body);
    last_ = true;
  }
  const bool typed = body.empty() || header.Has("Content-Type") || header.Has("Content-Encoding");
  return SubmitHead(status, header, typed ? std::string_view() : SniffContentType(body), has_body);
}

Error StreamResponse::SendBody(std::string_view first, std::string_view second) {
  if (Error err = Gone()) return err;
  if (Error err = SubmitHeld(first.empty() ? second : first)) return err;
  first_ = first;
  second_ = second;
  host_->session().ResumeBody(stream_);
  host_->SendSoon();
  return WaitUntilTaken(nullptr);
}

// Waits until all that is pending was framed. Whatever ends the wait, the caller's memory is not used after it.
Error StreamResponse::WaitUntilTaken(const Context* ctx) {
  struct Forget {
    explicit Forget(StreamResponse& f) : framer(f) {}
    ~Forget() { framer.first_ = framer.second_ = {}; }
    StreamResponse& framer;
  } const forget(*this);
  const FiberTurn::Hold hold(turn_);
  std::uint64_t written = host_->session().BodiesWritten();
  while (Pending() > 0) {
    if (Error err = Gone()) return err;
    const TimePoint until = progress_.WaitUntil(Now(), shard_.options().write_stall_timeout, shard_.options().progress_bytes_min);
    const LoopSignal::Outcome outcome =
        taken_.Wait(ctx != nullptr ? *ctx : Background(), "client to take the response", until);
    progress_.Waited(shard_.now());
    if (Pending() == 0) break;
    if (outcome == LoopSignal::Outcome::kContextDone) return ctx->Err();
    if (outcome != LoopSignal::Outcome::kTimedOut) continue;
    if (host_->WaitsForOthers(stream_, std::exchange(written, host_->session().BodiesWritten()))) {
      progress_.Restart();
      continue;
    }
    owner_.OnWriteStalled();
    return kTimeout;
  }
  return Gone();
}

Error StreamResponse::Flush() {
  if (Error err = Gone()) return err;
  if (Error err = SubmitHeld({})) return err;
  host_->SendNow();
  Yield();  // it never waits, so others of the loop must get their turn
  return framed_ && !aborted_ ? Error() : Gone();  // a complete one may have ended its stream
}

Error StreamResponse::SendEnd(std::string_view rest, Fields& trailer) {
  if (framed_ && !aborted_) return {};
  if (Error err = Gone()) return err;
  if (Error err = SubmitHeld(rest)) return err;
  if (!has_body_) return {};
  if (trailer.Size() > 0) {
    held_ = std::make_unique<Fields>();
    for (const Fields::Field& field : host_->fields().OfTrailer(trailer)) held_->Add(field.name, field.value);
    trailer_.assign(held_->begin(), held_->end());
  }
  Finish(rest);
  return {};
}

void StreamResponse::Abort() noexcept { Break(ErrorCode::kInternalError); }

void StreamResponse::Break(ErrorCode code) noexcept {
  aborted_ = true;
  first_ = second_ = {};
  taken_.Notify();
  if (closed_) return;
  try {
    host_->session().Reset(stream_, code);
    host_->SendSoon();
  } catch (const std::bad_alloc&) {  // then all of the connection is
    host_->client().SetBroken();
    host_->SendSoon();
  }
}

// --- the server's own

void StreamResponse::Refuse(int status, std::string_view reason, int retry_after) {
  const RefusalBody text = shard_.server().refusals.For(status, reason);
  shard_.observer().OnRequestRefused({status, reason});
  Fields header;
  header.Set("content-type", text.content_type);
  if (retry_after > 0) header.Set("retry-after", std::to_string(retry_after));
  held_status_ = 0;
  static_cast<void>(SendWhole(status, header, text.text));
}

int StreamResponse::Lose() noexcept {
  try {
    if (!head_sent_ && !closed_ && !aborted_) {
      first_ = second_ = {};
      Refuse(503, "no memory for the request", 0);
      return 503;
    }
  } catch (const std::bad_alloc&) {  // then the stream ends without
  }
  if (!closed_ && !last_) Abort();
  return 0;
}

// --- tunnels

Error StreamResponse::SendTunnelHead(int status, Fields& header) {
  framing_ = {};
  if (Error err = SubmitHead(status, header, {}, /*body=*/true)) return err;
  host_->SendNow();
  return Gone();
}

Error StreamResponse::Write(const Context* ctx, std::string_view data) {
  if (Error err = Gone()) return err;
  if (last_) return kClosed;
  if (data.empty()) return {};
  first_ = data;
  host_->session().ResumeBody(stream_);
  host_->SendSoon();
  return WaitUntilTaken(ctx);
}

Error StreamResponse::EndTunnel() {
  if (Error err = Gone()) return err;
  if (last_) return kClosed;
  Finish({});
  return {};
}

void StreamResponse::CloseTunnel() noexcept {
  if (Pending() > 0) return Break(ErrorCode::kCancel);
  try {
    static_cast<void>(EndTunnel());
  } catch (const std::bad_alloc&) {
    Abort();
  }
}

}  // namespace weft::internal::http2
