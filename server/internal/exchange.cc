// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/exchange.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <weft/concurrency/run.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/error_status.h>

namespace weft::internal {
namespace {

// "GET /path", cut to what a fiber's name keeps.
std::string_view FiberName(std::string_view method, std::string_view target, std::span<char> out) {
  const std::size_t m = std::min(method.size(), out.size() - 1);
  std::memcpy(out.data(), method.data(), m);
  out[m] = ' ';
  const std::size_t t = std::min(target.size(), out.size() - m - 1);
  std::memcpy(out.data() + m + 1, target.data(), t);
  return {out.data(), m + 1 + t};
}

bool AssignIfThereIsMemory(ByteBuffer& buffer, std::string_view bytes) noexcept {
  try {
    buffer.Assign(bytes);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

Exchange::Exchange(LoopServer& server) : server_(server), context_(server.shared().values) {}

void Exchange::Attach(Connection& connection) {
  connection_ = &connection;
  only_sends_ = false;
  keep_alive_ = true;
  aborted_ = false;
  failed_ = false;
  transmitting_ = false;
  hijacked_ = false;
  stream_closed_ = false;
  read_ahead_ = false;
  answered_ = false;
  begun_out_ = false;
  finished_for_cut_ = false;
  gone_noted_ = false;
  sniff_at_ = 0;
  held_since_ = TimePoint::min();
  write_progress_.Restart();
}

bool Exchange::Serve(Connection& connection, std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) noexcept {
  Attach(connection);
  head_at_ = head_at;
  if (!AssignIfThereIsMemory(in_, bytes)) return false;
  at_ = 0;
  next_ = head_size;
  std::swap(head_, head);
  char name[47];
  FiberOptions options;
  options.name = FiberName(head_.method.In(in_.data()), head_.target.In(in_.data()), name);
  options.parent = server_.parent_fiber();
  return !server_.loop().Start(*this, options);
}

bool Exchange::SendRest(Connection& connection, std::string_view answers) noexcept {
  Attach(connection);
  only_sends_ = true;
  if (!AssignIfThereIsMemory(Held(), answers)) return false;
  answer_ = {};
  in_.Clear();
  at_ = 0;
  head_.Reset();
  FiberOptions options;
  options.name = "rest of an answer";
  options.parent = server_.parent_fiber();
  return !server_.loop().Start(*this, options);
}

void Exchange::Run() {
  try {
    if (!only_sends_) ServeRequests();
    if (KeptByBatch()) return Held().Clear();
  } catch (const std::bad_alloc&) {
    LoseRequest();
  }
  try {
    (void)SendHeld();
  } catch (const std::bad_alloc&) {
    LoseRequest();
    failed_ = true;
  }
}

// Answers that nothing has to wait for, nor to follow, may leave together with those of others. In a drain what follows is the end.
bool Exchange::KeptByBatch() {
  return keep_alive_ && !only_sends_ && !Held().empty() && !failed_ && !transmitting_ && at_ == in_.size() && connection_->MayAnswerLater() &&
         !server_.draining() && server_.batch().Keep(*connection_, Held().View());
}

void Exchange::ServeRequests() {
  for (int in_a_row = 1;; ++in_a_row) {
    ServeOne();
    if (!keep_alive_ || !NextRequest()) break;
    if (in_a_row % kRequestsInARow == 0) {
      if (SendHeld()) break;
      Yield();
    }
    char name[47];
    SetFiberName(FiberName(head_.method.In(in_.data() + at_), head_.target.In(in_.data() + at_), name));
  }
}

// On the loop's stack, when nothing of the fiber is left.
void Exchange::Ended() noexcept {
  Connection& connection = *std::exchange(connection_, nullptr);
  // Views into in_ are copied by the connection before the exchange is used again.
  const std::string_view leftover(in_.data() + at_, in_.size() - at_);
  if (failed_) connection.SetBroken();
  connection.ExchangeEnded(*this, keep_alive_, leftover, head_);
}

void Exchange::Recycle() {
  // A buffer that one large request made grow does not stay for ever.
  in_.Recycle(kKeepBytes);
  Held().Recycle(kKeepBytes);
  ahead_.Recycle(kKeepBytes);
}

void Exchange::ServeOne() {
  server_.batch().BeforeHandler();
  ScopedWork work;
  answer_begin_ = Held().size();
  answer_ = {};
  answered_ = false;
  begun_out_ = false;
  sniff_at_ = 0;
  const ServerOptions& options = server_.options();
  const bool ends = options.request_timeout < TimePoint::max() - head_at_;
  const TimePoint deadline = ends ? head_at_ + options.request_timeout : TimePoint::max();
  const Context& ctx = context_.Begin(deadline, server_.shared().request_deadline);
  ScopedContext current(ctx);
  serving_ = true;
  gone_noted_ = false;
  try {
    Respond(ctx);
  } catch (const std::bad_alloc&) {
    LoseRequest();
  }
  ResponseAccess::End(writer_);
  serving_ = false;
  // The request lets go of its context first: one that nobody else holds needs no cancel.
  RequestAccess::End(request_);
  context_.End(server_.shared().handler_returned);
  if (std::exchange(long_lived_, false)) server_.GiveLongLivedPlaceBack();
}

// From the framing to the end of the request's body.
void Exchange::Respond(const Context& ctx) {
  framing_ = FrameRequest(head_);
  body_left_ = framing_.length;
  body_ended_ = framing_.kind == BodyKind::kNone;
  body_failed_ = false;
  continue_sent_ = false;
  if (!body_ended_) body_progress_.Restart();
  if (framing_.kind == BodyKind::kChunked) decoder_ = ChunkedDecoder();
  // Behind a CONNECT that is refused there may be bytes of its tunnel already: they must not be taken for requests.
  if (!connection_->CountRequest() || !ClientKeepsAlive(head_) || head_.is_connect) keep_alive_ = false;
  if (server_.patience_over()) context_.Cancel(kServerClosing);
  BeginRequest(ctx);
  ResponseAccess::Begin(writer_, *this, head_.is_head, head_.is_connect);
  LendHeld();
  const Error handlers = CallHandler(server_.shared().handler, writer_, request_);
  server_.TakeHeldBack();
  const Error failure = ResponseAccess::Complete(writer_, handlers);
  answered_ = true;
  if (failure) ReportOutcome(handlers, failure);
  if (context_.Done() && ctx.Cause().Is(server_.shared().request_deadline)) {
    server_.observer().OnTimedOut({connection_->PeerName(), TimeoutKind::kRequest, server_.options().request_timeout});
  }
  if (framing_.kind != BodyKind::kNone && RequestAccess::BodyError(request_).Is(kTooLarge)) {
    server_.observer().OnLimitReached({connection_->PeerName(), LimitKind::kBodyBytes, RequestAccess::BodyLimit(request_)});
  }
  if (ResponseAccess::Aborted(writer_)) aborted_ = true;
  if (!body_ended_ && keep_alive_ && !aborted_) DrainBody();
}

// There was no memory for something that the server itself needed. It costs this request, or its response, and the connection; responses
// before it that are whole still go out.
void Exchange::LoseRequest() noexcept {
  server_.TakeHeldBack();
  keep_alive_ = false;
  int status = 0;
  if (!answered_ && !only_sends_ && !aborted_) {
    Held().Truncate(std::min(answer_begin_, Held().size()));
    sniff_at_ = 0;
    aborted_ = true;
    if (!begun_out_ && !hijacked_) {
      try {
        HoldRefusal(503, "no memory for the request");
        status = 503;
        aborted_ = false;
      } catch (const std::bad_alloc&) {  // then the connection ends without
      }
    }
    answered_ = true;
  }
  connection_->Because(status != 0 ? CloseReason::kOverload : CloseReason::kAborted);
  connection_->TellOutOfMemory(status);
}

// The caller's place among the requests in flight becomes free. Without a place among the long-lived ones it keeps that and its deadline.
bool Exchange::LongLived() {
  if (long_lived_) return true;
  if (!server_.TakeLongLivedPlace()) {
    server_.observer().OnLimitReached({connection_->PeerName(), LimitKind::kLongLivedRequests, server_.long_lived_max()});
    return false;
  }
  long_lived_ = true;
  context_.DropDeadline();
  connection_->GivePlaceBack();
  connection_->ProbeClient();
  return true;
}

// Responses before this one must not wait for the handler that runs now, should it compute for long: it cannot be asked. They wait for
// quick ones only, and what waits is lent to the thread that sends it if this one is not.
void Exchange::LendHeld() {
  if (Held().empty()) {
    held_since_ = TimePoint::min();
  } else if (const TimePoint now = Now(); held_since_ == TimePoint::min()) {
    held_since_ = now;
  } else if (now - held_since_ > kHeldPatience) {
    SendHeldWithoutWaiting();
    held_since_ = now;
  }
  server_.LendHeld(held_.empty() ? nullptr : this);
}

void Exchange::BeginRequest(const Context& ctx) {
  const char* base = in_.data() + at_;
  head_.AppendFieldsTo(RequestAccess::Header(request_), base);
  RequestHead head;
  head.method = head_.method.In(base);
  head.target = head_.target.In(base);
  if (head_.form != TargetForm::kAuthority) head.raw_path = head_.PathIn(base);
  head.raw_query = head_.query.In(base);
  head.host = head_.host.In(base);
  head.version_minor = head_.version_minor;
  BodySource* body = body_ended_ ? nullptr : this;
  RequestAccess::Begin(request_, head, ctx, server_.drain().Draining(), body, server_.options().body_bytes_max, this);
}

void Exchange::ReportOutcome(const Error& handlers, const Error& failure) {
  if (ResponseAccess::Aborted(writer_) || hijacked_) {
    server_.observer().OnAnswerAborted(
        {connection_->PeerName(), request_.Method(), request_.Target(), writer_.BytesWritten(), failure});
  } else if (const int status = StatusOf(failure); status >= 500 && (handlers || status != 501)) {
    // Whoever sends a CONNECT to a handler that says yes to everything gets a 501, which is nobody's failure.
    server_.observer().OnHandlerFailed({connection_->PeerName(), request_.Method(), request_.Target(), status, failure});
  }
}

// Looks for a whole request behind the one that was served. False: there is none (yet); head_ knows how far that is parsed.
bool Exchange::NextRequest() {
  if (!ahead_.empty()) {
    in_.Swap(ahead_);
    ahead_.Clear();
    next_ = 0;
  }
  at_ = next_;
  head_.Reset();
  if (at_ == in_.size() || connection_->broken()) return false;
  if (Held().size() > kHeldMax && SendHeld()) return false;
  const HeadResult result = ParseHead({in_.data() + at_, in_.size() - at_}, server_.shared().limits, head_);
  switch (result.verdict) {
    case HeadResult::Verdict::kDone:
      next_ = at_ + result.consumed;
      head_at_ = server_.now();
      connection_->EnsurePlace();
      return true;
    case HeadResult::Verdict::kBad: Refuse(result); return false;
    case HeadResult::Verdict::kNeedMore:
      if (result.consumed > 0) head_.DropEmptyLines();
      at_ += result.consumed;
      return false;
  }
  return false;
}

void Exchange::Refuse(const HeadResult& result) {
  HoldRefusal(result.status, result.reason);
  server_.observer().OnBadRequest({connection_->PeerName(), result.status, result.reason});
  connection_->Because(CloseReason::kBadRequest);
  keep_alive_ = false;
}

void Exchange::OnEvents(bool readable, bool writable) {
  if (ClientHasLeft()) NoteClientGone();
  if (readable) readable_.Notify();
  if (!writable) return;
  if (!transmitting_ && !Held().empty()) SendHeldWithoutWaiting();
  writable_.Notify();
}

// Who has closed its sending side may still listen to a stream, and nobody can tell: a write finds out.
bool Exchange::ClientHasLeft() const {
  return connection_->broken() || (connection_->fin() && !hijacked_ && !server_.options().half_closed_clients);
}

void Exchange::NoteClientGone() {
  if (gone_noted_ || !serving_) return;
  gone_noted_ = true;
  context_.Cancel(kClientGone);
}

// A body that moves as fast as its handler never makes it wait. The other connections of the loop get their turn all the same; it
// looks for their events after a good number of such turns, so these come often.
void Exchange::LetOthersThrough() {
  if (++pieces_ < kPiecesInARow) return;
  pieces_ = 0;
  Yield();
}

void Exchange::Cancel(const Error& cause) {
  if (serving_) context_.Cancel(cause);
}

// What the handler holds back must not wait with it: neither finished answers, nor the news that the client has left, which may have
// come together with the request.
void Exchange::BeforePark() noexcept {
  server_.TakeHeldBack();
  if (transmitting_) return;
  if (!Held().empty()) SendHeldWithoutWaiting();
  if (ClientHasLeft()) NoteClientGone();
}

}  // namespace weft::internal
