// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/session.h>

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <weft/concurrency/run.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/handler.h>
#include <weft/http/internal/copy_short.h>

namespace weft::internal::http1 {
namespace {

constexpr std::size_t kFiberName = FiberOptions::kNameMax;

// "GET /path", cut to the length of a fiber's name, and without the query, which may contain secrets. A Mux names
// the fiber by its pattern.
std::string_view MadeFiberName(const Head& head, const char* base, std::span<char, kFiberName> out) {
  const std::string_view method = head.method.In(base);
  const std::string_view target = head.form == TargetForm::kAuthority ? head.target.In(base) : head.PathIn(base);
  const std::size_t m = std::min(method.size(), out.size() - 1);
  CopyShort(out.data(), method.data(), m);
  out[m] = ' ';
  const std::size_t t = std::min(target.size(), out.size() - m - 1);
  CopyShort(out.data() + m + 1, target.data(), t);
  return {out.data(), m + 1 + t};
}

inline std::string_view FiberName(const Head& head, const char* base, std::span<char, kFiberName> out) {
  if (head.form != TargetForm::kOrigin) [[unlikely]] return MadeFiberName(head, base, out);
  // As it stands there.
  const std::size_t size = head.path.begin + head.path.size - head.method.begin;
  return {base + head.method.begin, std::min(size, out.size())};
}

}  // namespace

Session::Session(Shard& shard, Batch& batch, Lending& lending)
    : shard_(shard),
      batch_(batch),
      io_(shard.loop(), shard.options().write_stall_timeout, shard.options().progress_bytes_min, *this),
      out_(io_, lending, facts_),
      run_(shard, *this),
      body_(shard, bytes_, io_, facts_, *this),
      framer_(shard, io_, out_, body_, run_.request(), facts_, *this),
      stream_(io_, out_, bytes_, run_) {}

void Session::Attach(Client& client) {
  client_ = &client;
  facts_ = {};
  only_sends_ = false;
  read_ahead_ = false;
  io_.Attach(client);
  out_.Attach();
  run_.ForgetClient();
  framer_.Reset();
  stream_.Reset();
}

[[gnu::always_inline]] inline bool Session::Start(std::string_view name) noexcept {
  FiberOptions options;
  options.name = name;
  options.parent = shard_.parent_fiber();
  shard_.requests().Add(run_);
  if (!shard_.loop().Start(*this, options)) return true;
  shard_.requests().Remove(run_);
  return false;
}

bool Session::Serve(Client& client, std::string_view bytes, std::size_t head_size, Head& head, TimePoint head_at) noexcept {
  Attach(client);
  head_at_ = head_at;
  try {
    bytes_.Assign(bytes, head_size);
  } catch (const std::bad_alloc&) {
    return false;
  }
  head_.TakeFrom(head);
  char name[kFiberName];
  return Start(FiberName(head_, bytes_.Head(), name));
}

bool Session::SendRest(Client& client, std::string_view responses) noexcept {
  Attach(client);
  only_sends_ = true;
  try {
    out_.Bytes().Assign(responses);
  } catch (const std::bad_alloc&) {
    return false;
  }
  bytes_.Clear();
  head_.Reset();
  return Start("rest of a response");
}

void Session::Run() {
  try {
    if (!only_sends_) ServeRequests();
    if (KeptByBatch()) return out_.Bytes().Clear();
  } catch (const std::bad_alloc&) {
    Lose();
  }
  try {
    if (!out_.Send() && client_->HoldsOutput()) static_cast<void>(out_.WaitUntilSent());
  } catch (const std::bad_alloc&) {
    Lose();
    client_->SetBroken();
    io_.NoteFailure();
  }
}

// The batch may send the last responses together with those of others if no fiber has to wait for that, and nothing
// has to follow them. In a drain, the end of the connection follows.
bool Session::KeptByBatch() {
  return KeepsAlive(facts_) && !only_sends_ && !out_.Bytes().empty() && !io_.Failed() && !io_.turn().Taken() &&
         bytes_.Unparsed().empty() && client_->MayRespondLater() && !shard_.draining() &&
         batch_.Keep(*client_, out_.Bytes().View());
}

void Session::ServeRequests() {
  for (int in_a_row = 1;; ++in_a_row) {
    ServeOne();
    if (!KeepsAlive(facts_) || !NextRequest()) break;
    if (in_a_row % kRequestsInARow == 0) {
      if (out_.Send()) break;
      Yield();
    }
    char name[kFiberName];
    SetFiberName(FiberName(head_, bytes_.Head(), name));
  }
}

// On the loop's stack, once the fiber has ended completely.
void Session::Ended() noexcept {
  shard_.requests().Remove(run_);
  Client& client = *std::exchange(client_, nullptr);
  if (io_.Failed()) client.SetBroken();
  Client::SessionOutcome outcome;
  outcome.keep_alive = KeepsAlive(facts_);
  outcome.aborted = framer_.Aborted();
  outcome.client_failed = io_.Failed() || run_.ClientGone();
  outcome.finished = out_.Finished();
  outcome.leftover = bytes_.Unparsed();
  client.SessionEnded(outcome, head_);
}

void Session::ServeOne() {
  batch_.BeforeHandler();
  const ScopedWork work;
  framer_.Begin(head_);
  const ScopedContext current(run_.Begin(head_at_));
  try {
    Respond();
  } catch (const std::bad_alloc&) {
    Lose();
  }
  run_.End();
}

// From the framing to the end of the request's body.
void Session::Respond() {
  body_.Begin(head_, run_.Trailer());
  if (!client_->CountRequest()) facts_.Note(KeepAliveFacts::kLimitReached);
  if (!ClientKeepsAlive(head_)) facts_.Note(KeepAliveFacts::kClientCloses);
  // After a rejected CONNECT there may already be bytes for its tunnel, which must not be taken for requests.
  if (head_.is_connect) facts_.Note(KeepAliveFacts::kConnect);
  run_.Start(MakeRequest(), body_.Ended() ? nullptr : &body_, framer_, head_.is_head, head_.is_connect);
  run_.FillHeaderLater();
  out_.Lend(batch_.Kept());
  const Error handlers = run_.CallHandler();
  out_.Bytes();  // no longer lent
  const Error failure = run_.Complete(handlers);
  framer_.NoteComplete();
  run_.Report(handlers, failure, stream_.TakenOver());
  if (run_.ResponseAborted()) framer_.NoteAborted();
  if (body_.Ended() || !KeepsAlive(facts_)) return;
  if (!body_.WorthReading()) {
    facts_.Note(KeepAliveFacts::kBodyUnusable);  // whatever the head has announced
  } else if (!out_.Send()) {
    body_.Drain();
  }
}

RequestHead Session::MakeRequest() {
  const char* base = bytes_.Head();
  return {.method = head_.method.In(base),
          .target = head_.target.In(base),
          .raw_path = head_.form != TargetForm::kAuthority ? head_.PathIn(base) : std::string_view(),
          .raw_query = head_.query.In(base),
          .host = head_.host.In(base),
          .version_minor = head_.version_minor,
          .secure = client_->Layered(),
          .path_may_be_escaped = head_.path_escaped};
}

// There was no memory for something that the server itself needed. That costs this request, or its response, and
// the connection; complete responses before it are still sent.
void Session::Lose() noexcept {
  facts_.Note(KeepAliveFacts::kFailed);
  int status = 0;
  if (!framer_.Complete() && !only_sends_ && !framer_.Aborted()) status = framer_.Lose(stream_.TakenOver());
  client_->SetCloseReason(status != 0 ? CloseReason::kOverload : CloseReason::kAborted);
  client_->ReportOutOfMemory(status);
}

// Looks for a complete request after the one that was served. False: there is none (yet); head_ holds how far it
// was parsed.
bool Session::NextRequest() {
  const std::string_view rest = bytes_.Advance();
  if (rest.empty()) {
    head_.empty_lines = 0;  // the rest of it is no longer needed, and is replaced completely
    return false;
  }
  head_.Reset();
  if (client_->Broken()) return false;
  if (out_.Bytes().size() > kHeldMax && out_.Send()) return false;
  const HeadResult result = ParseHead(rest, shard_.server().limits, head_);
  switch (result.verdict) {
    case HeadResult::Verdict::kDone:
      bytes_.SetHeadSize(result.consumed);
      head_at_ = shard_.now();
      client_->EnsureSlot();
      return true;
    case HeadResult::Verdict::kBad: Refuse(result); return false;
    case HeadResult::Verdict::kNeedMore:
      if (result.consumed > 0) head_.DropEmptyLines();
      bytes_.SkipUnparsed(result.consumed);
      return false;
  }
  return false;
}

void Session::Refuse(const HeadResult& result) {
  framer_.WriteRefusal(result.status, result.reason, head_.is_head);
  shard_.observer().OnBadRequest({client_->PeerName(), result.status, result.reason});
  client_->SetCloseReason(CloseReason::kBadRequest);
  facts_.Note(KeepAliveFacts::kRefused);
}

void Session::OnEvents(WatchedSocket::Ready ready) {
  if (ClientHasLeft()) run_.NoteClientGone();
  if (ready.writable && !io_.turn().Taken() && !out_.Bytes().empty()) out_.SendAtOnce();
  io_.Notify(ready);
}

// A client that has closed its sending side may still read a stream; only a write can find out.
bool Session::ClientHasLeft() const {
  return client_->Broken() || (client_->HalfClosed() && !stream_.TakenOver() && !shard_.options().half_closed_clients);
}

bool Session::FinishByForce() {
  if (stream_.TakenOver() || io_.turn().Taken() || framer_.Aborted()) return false;
  if (run_.HasHandler() && !framer_.Complete()) {
    if (out_.Begun()) return false;
    framer_.ReplaceByRefusal("the server is closing");
  }
  out_.SendAtOnce();
  facts_.Note(KeepAliveFacts::kFailed);
  if (out_.Bytes().empty() && !client_->HoldsOutput()) out_.Finish();
  return out_.Finished();
}

// While the handler waits, nothing else may: neither finished responses, nor the news that the client has
// disconnected, which may have arrived together with the request.
void Session::BeforePark() noexcept {
  io_.BeforePark();
  ByteBuffer& held = out_.Bytes();
  if (io_.turn().Taken()) return;
  if (!held.empty()) out_.SendAtOnce();
  if (ClientHasLeft()) run_.NoteClientGone();
}

void Session::OnReadStalled(Duration period) {
  shard_.observer().OnTimedOut({client_->PeerName(), TimeoutKind::kBodyStall, period, run_.Id()});
  client_->SetCloseReason(CloseReason::kTimedOut);
}

void Session::OnWriteStalled(Duration period) {
  shard_.observer().OnTimedOut({client_->PeerName(), TimeoutKind::kWriteStall, period, run_.Id()});
  client_->SetCloseReason(CloseReason::kTimedOut);
  run_.Cancel(kTimeout);
}

Error Session::SendContinue() {
  io_.WaitForTurn();
  if (run_.HeadSent()) return {};
  out_.Bytes().Append(kContinue);
  out_.NoteInterim();
  return out_.Send();
}

void Session::OnMalformedBody(int status, const char* reason) {
  shard_.observer().OnBadRequest({client_->PeerName(), status, reason, run_.Id()});
  client_->SetCloseReason(CloseReason::kBadRequest);
}

// It was sent before its client could know of the drain, so it is served, too, if it is complete as far as its head
// tells. This is checked once for each connection, so a client that never stops is stopped.
bool Session::AnotherRequestIsHere() {
  if (!body_.Ended()) return false;
  if (!std::exchange(read_ahead_, true)) {
    char* room = bytes_.MakeRoomAhead(Shard::kReadBytes);
    bool more = false;
    const ssize_t got = client_->Read(room, Shard::kReadBytes, more);
    if (got > 0) bytes_.GrowAhead(static_cast<std::size_t>(got));
  }
  const std::string_view rest = bytes_.Rest();
  Head head;
  return !rest.empty() && ParseHead(rest, shard_.server().limits, head).verdict == HeadResult::Verdict::kDone;
}

Error Session::MayHijack(int status, Fields& header) {
  if (Error err = run_.PrepareHijack(status, header, body_.Ended())) return err;
  return run_.LongLived() ? Error() : kRefused.Wrap("Hijack: too many long-lived requests");
}

Result<StreamTransport*> Session::Hijack(int status, Fields& header) {
  io_.WaitForTurn();
  facts_.Note(KeepAliveFacts::kUpgraded);
  stream_.TakeOver();
  if (status != 0) framer_.WriteUpgradeHead(status, header);
  if (Error err = out_.Send()) return err;
  // Streams are many and long-lived, so they give up the buffers of responses.
  out_.Recycle(0);
  framer_.DropBuffer();
  return static_cast<StreamTransport*>(&stream_);
}

void Session::OnAbort() noexcept {
  if (stream_.TakenOver()) io_.Close();
}

void Session::OnLongLived() {
  client_->ReleaseSlot();
  client_->Probe();
}

}  // namespace weft::internal::http1
