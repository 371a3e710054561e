// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/multiplexer.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace weft::internal::http2 {
namespace {

// Once handlers have taken this long, responses that are ready do not wait for the next one.
constexpr Duration kPatience = std::chrono::microseconds(50);
// In a drain: until when a client that continues to send is served as before, and one that was active has time.
constexpr Duration kServesOn = std::chrono::seconds(1);
constexpr std::uint32_t kFirstWindow = 65535;

static_assert(static_cast<int>(Misbehaviour::kProtocolError) == static_cast<int>(Nuisance::kNothing));
static_assert(static_cast<int>(Misbehaviour::kResets) == static_cast<int>(Nuisance::kReset));
static_assert(static_cast<int>(Misbehaviour::kFieldList) == static_cast<int>(Nuisance::kFieldList));

}  // namespace

Multiplexer::Multiplexer(http1::Connection& under, LoopPart& part)
    : under_(under),
      part_(part),
      shard_(part.shard()),
      streams_(part, under, *this),
      wire_(under, part.frames()),
      budget_(shard_.options().misbehaviour_max),
      probe_(shard_.now()),
      owner_(shard_.parent_fiber(), &Multiplexer::NameOf, this) {}

Multiplexer::~Multiplexer() { shard_.loop().Disarm(look_); }

std::string Multiplexer::NameOf(const void* self) {
  return "HTTP/2 from " + static_cast<const Multiplexer*>(self)->under_.PeerName();
}

// --- calls from the loop

void Multiplexer::Begin(std::string_view first) noexcept {
  Enter([&] {
    const ServerOptions& options = shard_.options();
    session_ = Session::Server({.streams_max = options.streams_per_connection_max,
                                .stream_window = std::min(options.stream_window_bytes, kFirstWindow),
                                .connection_window = options.connection_window_bytes,
                                .field_list_max = options.head_bytes_max,
                                .extended_connect = options.http2_extended_connect},
                               *this);
    if (session_ == nullptr) throw std::bad_alloc();
    SendSoon();
    if (!first.empty()) Take(first);
    Read();
  });
}

void Multiplexer::OnEvents(WatchedSocket::Ready ready) noexcept {
  Enter([&] {
    if (under_.Broken()) return Lose(CloseReason::kClient);
    if (ready.writable) Send();
    Read();
  });
}

void Multiplexer::Resume() noexcept {
  Enter([this] { Read(); });
}

void Multiplexer::OnTask(LoopTask* task) {
  auto* its = static_cast<Task*>(task);
  its->posted = false;
  Multiplexer& self = *its->multiplexer;
  self.Enter([&self] {
    struct InTask {
      explicit InTask(bool& f) : flag(f) { flag = true; }
      ~InTask() { flag = false; }
      bool& flag;
    } const in_task(self.in_task_);
    self.Send();
    self.Read();  // which may have waited for room
  });
}

void Multiplexer::OnLook(LoopTimer* timer) {
  Multiplexer& self = *static_cast<Look*>(timer)->multiplexer;
  self.look_due_ = TimePoint::max();
  self.Enter([&self] { self.TakeALook(); });
}

// The only place where the connection ends.
void Multiplexer::Leave() noexcept {
  if (depth_ > 0) return;
  if (!streams_.Empty() || task_.posted) {
    ArmLook();
    return PlaceByLoad();
  }
  try {
    if (EndsNow()) return;
  } catch (const std::bad_alloc&) {  // the observer gets no report
    return;
  }
  ArmLook();
  PlaceByLoad();
}

// True: it has ended, and is destroyed.
bool Multiplexer::EndsNow() {
  if (lost_) {
    lingers_ ? under_.CloseGently() : under_.Close();
    return true;
  }
  if (over_ || ending_.Said() || input_ended_ || session_->PeerEnds()) {
    if (under_.Broken()) {
      under_.Close();
      return true;
    }
    if (wire_.Empty() && !under_.HoldsOutput()) {
      under_.CloseGently();
      return true;
    }
  }
  return false;
}

void Multiplexer::PlaceByLoad() noexcept {
  List list = List::kIdle;
  if (!streams_.Empty()) {
    list = List::kBusy;
  } else if (ending_.Begun() || over_ || shard_.draining()) {
    list = List::kQuiet;
  } else if (!settings_came_) {
    list = List::kHeader;
  }
  if (std::exchange(list_, list) == list) return;
  switch (list) {
    case List::kIdle:
      under_.BeginPeriod();
      return shard_.Place(Shard::List::kIdle, under_);
    case List::kBusy: return shard_.PlaceBusy(under_);
    case List::kQuiet: return shard_.Place(Shard::List::kQuiet, under_);
    case List::kHeader: return shard_.Place(Shard::List::kHeader, under_);
  }
}

// --- reading

// A client that takes no responses sends no requests either.
bool Multiplexer::MayRead() {
  return !lost_ && !over_ && !input_ended_ && !(ending_.Said() && streams_.Empty()) && !streams_.HasHeads() && wire_.Unsent(*session_) < kUnsentMax;
}

void Multiplexer::Read() {
  for (int i = 0; i < kReadsInARow && under_.MayHaveInput() && MayRead(); ++i) {
    bool more = false;
    const ssize_t got = under_.Read(shard_.read_buffer(), Shard::kReadBytes, more);
    if (got < 0 && WouldWait(errno)) return under_.NoteDrained();
    if (got < 0) return Lose(CloseReason::kClient);
    if (got == 0) return ClientEnded();
    under_.NoteRead(more);
    probe_.NoteHeard(shard_.now());
    Take({shard_.read_buffer(), static_cast<std::size_t>(got)});
    streams_.Settle();
  }
  if (under_.MayHaveInput() && MayRead()) shard_.Requeue(under_);
}

void Multiplexer::Take(std::string_view bytes) {
  const bool goes_on = session_->Receive(bytes);
  SendSoon();
  if (!goes_on && session_->Failure() == ErrorCode::kEnhanceYourCalm && misbehaved_ == Nuisance::kNothing) {
    misbehaved_ = Nuisance::kControlFrame;  // acknowledgements that it does not take
  }
  if (misbehaved_ != Nuisance::kNothing) return Misbehaves(misbehaved_);
  if (!goes_on) FailProtocol();
}

// Nothing is done for a client that has disconnected; one that has only closed its side is served if the options say so.
void Multiplexer::ClientEnded() {
  if (!shard_.options().half_closed_clients) return Lose(CloseReason::kClient);
  under_.SetCloseReason(CloseReason::kClient);
  input_ended_ = true;
  streams_.EndBodies();
}

void Multiplexer::NoteUnread(std::size_t bytes) {
  unread_ += bytes;
  owed_ += bytes;
  // Returned on receipt, so that no stream waits for the handler of another one; but within a bound.
  if (unread_ < shard_.options().connection_window_bytes) session_->GiveBackConnection(std::exchange(owed_, 0));
}

void Multiplexer::NoteRead(std::size_t bytes) {
  unread_ -= bytes;
  if (owed_ == 0 || lost_ || unread_ >= shard_.options().connection_window_bytes) return;
  session_->GiveBackConnection(std::exchange(owed_, 0));
  SendSoon();
}

void Multiplexer::OnNuisance(Nuisance what) {
  const std::uint32_t tokens = what == Nuisance::kStreamError ? 2 : 1;
  const bool at_once = what == Nuisance::kOverhead || what == Nuisance::kFieldList;
  if (at_once || !budget_.Spend(tokens, shard_.now().time_since_epoch())) misbehaved_ = what;
}

// --- streams

Refusal Multiplexer::OnRequest(const Stream&) {
  if (!under_.CountRequest()) {
    under_.SetCloseReason(CloseReason::kComplete);
    ending_.Begin(shard_.now());
  }
  // A client that never stops sending would keep the drain from ending.
  if (shard_.draining() && !ServesOn()) {
    under_.SetCloseReason(CloseReason::kDrain);
    ending_.Begin(shard_.now());
  }
  return {};
}

void Multiplexer::BeforeHandler() {
  if (ready_since_ != TimePoint::max() && Now() - ready_since_ > kPatience) Send();
}

void Multiplexer::OnResponse() {
  ending_.NoteResponse();
  SendSoon();
}

void Multiplexer::NoteSlot(Stream& stream) noexcept {
  try {
    streams_.NoteSlot(stream);
  } catch (const std::bad_alloc&) {
    under_.SetBroken();
  }
  shard_.Requeue(under_);
}

void Multiplexer::OnFiberEnded(Stream& stream) noexcept {
  Enter([&] { streams_.FiberEnded(stream); });
}

// --- sending

void Multiplexer::SendSoon() noexcept {
  if (task_.posted) return;
  task_.posted = true;
  if (ready_since_ == TimePoint::max()) ready_since_ = Now();
  // A task that posts itself at the end of a turn would hold that turn: others come first.
  if (in_task_ || !shard_.loop().RunAfterEvents(task_)) shard_.loop().Post(task_);
}

// This may run in a fiber, so what follows from it is done at the end of the turn.
void Multiplexer::SendNow() {
  try {
    Send();
  } catch (const std::bad_alloc&) {
    under_.ReportOutOfMemory(0);
    Lose(CloseReason::kOverload);
  }
  SendSoon();
}

void Multiplexer::Send() {
  if (lost_) return;
  ready_since_ = TimePoint::max();
  switch (wire_.Send(*session_)) {
    case Wire::Sent::kAll:
    case Wire::Sent::kBlocked: break;
    case Wire::Sent::kMore: SendSoon(); break;
    case Wire::Sent::kBroken: return Lose(CloseReason::kClient);
  }
  if (session_->Failed()) FailProtocol();
}

// Wire decides what to do about bytes that the socket does not take.
bool Multiplexer::WaitsForOthers(const SessionStream& stream, std::uint64_t written_before) {
  if (!session_->WindowOpen(stream)) return false;
  const std::uint64_t written = session_->BodiesWritten() - written_before;
  return wire_.Blocked() || (written > 0 && written >= shard_.options().progress_bytes_min);
}

void Multiplexer::ArmLook() {
  if (lost_) return;
  TimePoint when = std::min(wire_.LookAt(), streams_.LookAt());
  if (!streams_.Empty() && !over_) when = std::min(when, ending_.GoesOnAt());
  if (Probes()) when = std::min(when, probe_.DueAt(shard_.options().probe_after));
  if (when >= look_due_) return;  // what is due later is done when the timer fires
  look_due_ = std::max(when, shard_.now() + Duration(1));
  shard_.loop().Arm(look_, look_due_);
}

void Multiplexer::TakeALook() {
  if (lost_) return;
  if (wire_.Blocked() && wire_.LookAt() <= shard_.now() && !wire_.TakesEnough()) {
    shard_.observer().OnTimedOut({under_.PeerName(), TimeoutKind::kWriteStall, shard_.options().write_stall_timeout});
    stalled_ = true;
    under_.ResetAtEnd();
    return Lose(CloseReason::kTimedOut);
  }
  if (Probes() && probe_.DueAt(shard_.options().probe_after) <= shard_.now()) Probe();
  if (lost_) return;
  streams_.TakeALook();
  SendSoon();
}

// Wire ends a client that does not read. A client that has closed its side cannot reply. In a drain everything ends anyway.
bool Multiplexer::Probes() const { return !streams_.Empty() && !wire_.Blocked() && !input_ended_ && !shard_.draining() && !over_; }

void Multiplexer::Probe() {
  under_.SetMayHaveInput(true);  // the loop may have been held: what came in time counts
  Read();
  if (lost_) return;
  switch (probe_.Next(shard_.options().probe_after, shard_.now())) {
    case PeerProbe::Step::kNothing: return;
    case PeerProbe::Step::kAsk: taken_when_asked_ = wire_.Taken(); return session_->Ping();
    case PeerProbe::Step::kGone:
      // The PING may be in the kernel, after megabytes that a slow client is still taking.
      if (const std::int64_t taken = wire_.Taken(); taken > taken_when_asked_) {
        taken_when_asked_ = taken;
        return;
      }
      shard_.observer().OnTimedOut({under_.PeerName(), TimeoutKind::kProbe, PeerProbe::kPatience});
      under_.ResetAtEnd();
      return Lose(CloseReason::kTimedOut);
  }
}

void Multiplexer::OnHeadTimeout() {
  shard_.observer().OnTimedOut({under_.PeerName(), TimeoutKind::kHeader, shard_.options().header_timeout});
  session_->Terminate(ErrorCode::kEnhanceYourCalm);
  SayWhyAndEnd(CloseReason::kTimedOut);
}

// --- ending

void Multiplexer::Lose(CloseReason reason) noexcept {
  under_.SetCloseReason(reason);
  if (!lingers_) under_.SetBroken();
  lost_ = true;
  streams_.DropAll();
}

void Multiplexer::Misbehaves(Nuisance what) {
  if (over_) return;
  shard_.observer().OnPeerMisbehaved({under_.PeerName(), static_cast<Misbehaviour>(what)});
  session_->Terminate(ErrorCode::kEnhanceYourCalm);
  SayWhyAndEnd(CloseReason::kMisbehaved);
}

void Multiplexer::FailProtocol() {
  if (over_) return;
  shard_.observer().OnPeerMisbehaved({under_.PeerName(), Misbehaviour::kProtocolError});
  SayWhyAndEnd(CloseReason::kBadRequest);
}

// What is queued says why (GOAWAY); everything else ends.
void Multiplexer::SayWhyAndEnd(CloseReason reason) {
  under_.SetCloseReason(reason);
  over_ = true;
  Send();
  streams_.DropAll();
}

bool Multiplexer::ServesOn() { return shard_.now() - shard_.drain().BeganAt() < kServesOn; }

void Multiplexer::GoOnEnding() {
  if (lost_ || over_) return;
  switch (ending_.Next(!streams_.Empty(), shard_.now())) {
    case Ending::Step::kNothing: return;
    case Ending::Step::kAnnounce: session_->AnnounceEnd(); break;
    case Ending::Step::kPing: session_->Ping(); break;
    case Ending::Step::kSayEnd: session_->SayEnd(ErrorCode::kNoError); break;
  }
  SendSoon();
}

void Multiplexer::OnTimeout() noexcept {
  Enter([this] {
    const List list = std::exchange(list_, List::kBusy);  // it is placed anew
    if (list == List::kQuiet) {
      ending_.NoteLook();
      if (ending_.Begun()) return;
      under_.SetCloseReason(CloseReason::kDrain);
      return ending_.Begin(shard_.now());
    }
    under_.SetMayHaveInput(true);  // the loop may have been held: what came in time counts
    Read();
    if (!streams_.Empty() || lost_ || over_) return;
    const bool idle = list == List::kIdle;
    if (!idle && settings_came_) return;
    shard_.observer().OnTimedOut({under_.PeerName(), idle ? TimeoutKind::kIdle : TimeoutKind::kHeader,
                                  idle ? shard_.options().idle_timeout : shard_.options().header_timeout});
    under_.SetCloseReason(CloseReason::kTimedOut);
    if (idle) return ending_.Begin(shard_.now());
    session_->Terminate(ErrorCode::kSettingsTimeout);
    SayWhyAndEnd(CloseReason::kTimedOut);
  });
}

void Multiplexer::Evict() noexcept {
  Enter([this] {
    if (!streams_.Empty()) return;
    if (under_.HasInput()) {
      under_.SetMayHaveInput(true);  // it has just spoken
      return Read();
    }
    session_->SayEnd(ErrorCode::kNoError);
    Send();
    under_.ReportEvicted(/*idle=*/settings_came_);
    Lose(CloseReason::kEvicted);
  });
}

void Multiplexer::BeginDrain() noexcept {
  Enter([this] {
    streams_.BeginDrain();
    if (!streams_.Empty() || ending_.Begun()) return;
    under_.SetMayHaveInput(true);
    Read();
    // A client that was active a moment ago is most likely about to send, so it gets some time, in kQuiet.
    const bool recent = shard_.drain().BeganAt() - under_.WaitsSince() <= kServesOn && ServesOn();
    if (!streams_.Empty() || (recent && settings_came_)) return;
    under_.SetCloseReason(CloseReason::kDrain);
    ending_.Begin(shard_.now());
  });
}

// Requests without a response get a 503, incomplete responses are broken off, and nothing is waited for.
void Multiplexer::ForceClose() noexcept {
  Enter([this] {
    if (lost_) return;
    streams_.FinishByForce();
    session_->SayEnd(ErrorCode::kNoError);
    Send();
    if (lost_) return;
    // Waits only for a client that is still sending, so that the kernel's reset does not destroy what was sent.
    lingers_ = under_.ShutWrite() && under_.Discard(shard_.read_buffer(), Shard::kReadBytes) > 0;
    Lose(CloseReason::kForced);
  });
}

}  // namespace weft::internal::http2
