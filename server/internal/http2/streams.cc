// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/streams.h>

#include <algorithm>
#include <utility>

namespace weft::internal::http2 {

Stream& Streams::Add() {
  std::unique_ptr<Stream> stream = part_.TakeStream();
  stream->Begin(owner_);
  stream->index = all_.size();
  all_.push_back(std::move(stream));
  begun_ = all_.back().get();
  head_due_ = After(shard_.options().header_timeout);
  return *begun_;
}

TimePoint Streams::After(Duration time) const {
  const TimePoint now = shard_.now();
  return time >= TimePoint::max() - now ? TimePoint::max() : now + time;
}

void Streams::Settle() {
  // A fiber that ends before its start returns calls back into this function. So the work is done below, not before the start.
  if (std::exchange(settling_, true)) return;
  try {
    int left = kStartsInATurn;
    do SeeToAll();
    while (left-- > 0 && TakeNextHead());
  } catch (const std::bad_alloc&) {
    settling_ = false;
    throw;
  }
  settling_ = false;
}

// False: there is none.
bool Streams::TakeNextHead() {
  while (HasHeads()) {
    Stream* const stream = heads_[next_head_++];
    if (stream == nullptr) continue;
    TakeHead(*stream);
    return true;
  }
  heads_.clear();
  next_head_ = 0;
  return false;
}

void Streams::SeeToAll() {
  for (;;) {
    if (!closed_.empty()) {
      Stream& stream = *closed_.back();
      closed_.pop_back();
      SeeTo(stream);
    } else if (!slots_.empty()) {
      Stream& stream = *slots_.back();
      slots_.pop_back();
      SeeToSlot(stream);
    } else {
      return;
    }
  }
}

void Streams::SeeTo(Stream& stream) {
  if (stream.EndedWell()) owner_.OnEndedWell();
  stream.LeaveQueue();
  stream.NoteGone();
  switch (stream.state()) {
    case Stream::State::kServed: return;  // until its handler has ended
    case Stream::State::kHead: std::replace(heads_.begin(), heads_.end(), &stream, static_cast<Stream*>(nullptr)); break;
    case Stream::State::kWaiting: waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &stream), waiting_.end()); break;
    case Stream::State::kQueued: slots_.erase(std::remove(slots_.begin(), slots_.end(), &stream), slots_.end()); break;
    case Stream::State::kEnding: break;
  }
  Release(stream);
}

void Streams::TakeHead(Stream& stream) {
  Refusal refusal = stream.CheckHead();
  if (refusal) shard_.observer().OnBadRequest({client_.PeerName(), refusal.status, refusal.reason});
  const Refusal owners = owner_.OnRequest(stream);
  if (!refusal) refusal = owners;
  // Clients use one connection for all hosts with its address, whatever its certificate was for.
  if (!refusal && !client_.ServesHost(stream.Host())) refusal = {421, "the certificate of this connection is for another host"};
  if (refusal) return Reject(stream, refusal, 0);
  if (HasRoom() && waiting_.empty()) return StartOrQueue(stream);
  stream.SetState(Stream::State::kWaiting);
  waiting_.push_back(&stream);
}

void Streams::Reject(Stream& stream, const Refusal& refusal, int retry_after) {
  stream.ReleaseSlot();
  stream.Refuse(refusal, retry_after);
  AfterResponse(stream);
}

void Streams::StartOrQueue(Stream& stream) {
  if (stream.AcquireSlot()) return StartNow(stream);
  if (!shard_.drain().TimeoutOver() && shard_.slots().MayQueue()) return stream.PutIntoQueue();
  Reject(stream, {503, "too many requests at once"}, /*retry_after=*/1);
}

void Streams::SeeToSlot(Stream& stream) {
  if (stream.HasSlot() && !shard_.drain().TimeoutOver()) return StartNow(stream);
  Reject(stream, {503, "too many requests at once"}, /*retry_after=*/1);
}

void Streams::StartNow(Stream& stream) {
  owner_.BeforeHandler();
  if (dropped_) return;  // the connection has ended in there, and the stream with it
  ++running_;
  if (stream.Start()) return;
  --running_;
  Reject(stream, {503, "no memory for the request"}, /*retry_after=*/1);
  client_.ReportOutOfMemory(503);
}

void Streams::StartWaiting() {
  if (std::exchange(starting_waiting_, true)) return;  // as above
  while (!waiting_.empty() && HasRoom() && !dropped_) {
    Stream& stream = *waiting_.front();
    waiting_.erase(waiting_.begin());
    StartOrQueue(stream);
  }
  starting_waiting_ = false;
}

void Streams::FiberEnded(Stream& stream) {
  --running_;
  if (!stream.Closed()) {
    AfterResponse(stream);
  } else {
    ++ending_;
    // A stream that was closed a moment ago, perhaps by what its own handler has sent, is not handled yet.
    if (std::find(closed_.begin(), closed_.end(), &stream) == closed_.end()) Release(stream);
  }
  StartWaiting();
}

// The rest of the request's body is discarded for a while: with a reset right after the response, many clients lose
// the response.
void Streams::AfterResponse(Stream& stream) {
  ++ending_;
  stream.SetState(Stream::State::kEnding);
  stream.DiscardBody();
  stream.taken_before = stream.BytesTaken();
  stream.written_before = owner_.session().BodiesWritten();
  owner_.OnResponse();
}

void Streams::Release(Stream& stream) noexcept {
  if (stream.state() == Stream::State::kEnding && ending_ > 0) --ending_;
  if (begun_ == &stream) begun_ = nullptr;
  stream.DropUnread();
  stream.LeaveQueue();
  stream.ReleaseSlot();
  owner_.session().Forget(stream);
  const std::size_t at = stream.index;
  std::unique_ptr<Stream> owned = std::move(all_[at]);
  if (at + 1 < all_.size()) {
    all_[at] = std::move(all_.back());
    all_[at]->index = at;
  }
  all_.pop_back();
  part_.GiveBack(std::move(owned));
}

void Streams::DropAll() noexcept {
  dropped_ = true;
  heads_.clear();
  next_head_ = 0;
  closed_.clear();
  waiting_.clear();
  // First for all of them: a slot that one releases must not go to another one that is about to end as well.
  for (const auto& stream : all_) stream->LeaveQueue();
  slots_.clear();
  for (std::size_t i = all_.size(); i-- > 0;) {
    Stream& stream = *all_[i];
    stream.LeaveQueue();
    stream.NoteGone();
    if (stream.state() != Stream::State::kServed) Release(stream);
  }
}

void Streams::EndBodies() noexcept {
  for (std::size_t i = all_.size(); i-- > 0;) {
    Stream& stream = *all_[i];
    // A stream with a response waits for the rest of it, and lingers for a body no longer than any other.
    if (stream.BodyEnded() || stream.Closed() || stream.state() == Stream::State::kEnding) continue;
    stream.NoteGone();
    if (stream.state() == Stream::State::kHead && !stream.HeadComplete()) Release(stream);
  }
}

void Streams::FinishByForce() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    Stream& stream = *all_[i];
    if (stream.Closed() || stream.state() == Stream::State::kHead) continue;
    if (stream.state() == Stream::State::kServed) {
      shard_.server().NoteForced(stream.request().Name() + " from " + client_.PeerName());
    }
    stream.FinishByForce();
  }
}

Duration Streams::LingerTime() const {
  const Duration most = shard_.options().linger_timeout;
  return shard_.draining() ? std::min(most, ShardDrain::kLinger) : most;
}

void Streams::BeginDrain() {
  for (const auto& stream : all_) {
    if (stream->lingers) stream->ends_by = std::min(stream->ends_by, After(LingerTime()));
  }
}

TimePoint Streams::LookAt() {
  TimePoint when = AwaitsHead() ? head_due_ : TimePoint::max();
  if (ending_ == 0) return when;
  for (const auto& stream : all_) {
    if (stream->state() != Stream::State::kEnding || stream->Closed()) continue;
    if (stream->ResponseFramed() && !std::exchange(stream->lingers, true)) {
      stream->ends_by = std::min(stream->ends_by, After(LingerTime()));
    } else if (stream->ends_by == TimePoint::max()) {
      stream->ends_by = After(shard_.options().write_stall_timeout);
    }
    when = std::min(when, stream->ends_by);
  }
  return when;
}

void Streams::TakeALook() {
  const TimePoint now = shard_.now();
  if (AwaitsHead() && head_due_ <= now) return owner_.OnHeadTimeout();
  for (const auto& stream : all_) {
    if (stream->state() != Stream::State::kEnding || stream->Closed() || stream->ends_by > now) continue;
    stream->ends_by = TimePoint::max();
    const std::uint64_t taken = stream->BytesTaken() - std::exchange(stream->taken_before, stream->BytesTaken());
    const std::uint64_t before = std::exchange(stream->written_before, owner_.session().BodiesWritten());
    if (stream->ResponseFramed()) {
      owner_.session().Reset(*stream, ErrorCode::kNoError);  // the response was sent long ago
    } else if (taken < shard_.options().progress_bytes_min && !owner_.WaitsForOthers(*stream, before)) {
      shard_.observer().OnTimedOut({client_.PeerName(), TimeoutKind::kWriteStall, shard_.options().write_stall_timeout});
      owner_.session().Reset(*stream, ErrorCode::kInternalError);
    }
  }
}

}  // namespace weft::internal::http2
