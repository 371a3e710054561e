// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/incoming_body.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include <weft/net/internal/tls/session.h>

namespace weft::internal {

void IncomingBody::Begin(const ReceivedFraming& framing, std::string_view first) {
  framing_ = framing;
  left_ = framing.length;
  pending_ = first;
  at_end_ = framing.kind == BodyKind::kNone;
  excess_ = false;
  if (framing.kind == BodyKind::kChunked) decoder_ = ChunkedDecoder();
}

void IncomingBody::Reset() {
  pending_ = {};
  raw_.Recycle(kRoom);
  if (trailers_.Size() != 0) trailers_.Clear();
  at_end_ = true;
  excess_ = false;
}

std::uint64_t IncomingBody::BytesLeft() const {
  if (at_end_) return 0;
  return framing_.kind == BodyKind::kLength ? left_ : std::numeric_limits<std::uint64_t>::max();
}

std::size_t IncomingBody::TakePending(std::span<char> buffer) {
  const std::size_t size = std::min(buffer.size(), pending_.size());
  std::memcpy(buffer.data(), pending_.data(), size);
  pending_.remove_prefix(size);
  return size;
}

Result<std::size_t> IncomingBody::ReadRaw(ClientWire& wire, const Context& ctx, std::span<char> buffer) {
  if (pending_.empty()) {
    if (buffer.size() >= kSmall && !LooksBeyond(wire)) return wire.Read(ctx, buffer, TimePoint::max());
    raw_.Clear();
    const Result<std::size_t> got = wire.Read(ctx, {raw_.Reserve(kRoom), kRoom}, TimePoint::max());
    if (!got.Ok() || *got == 0) return got;
    raw_.Grow(*got);
    pending_ = raw_.View();
  }
  return TakePending(buffer);
}

std::size_t IncomingBody::Decode(std::string_view raw, char* out, const char*& wrong) {
  std::size_t size = 0;
  while (!raw.empty()) {
    const ChunkedDecoder::Step step = decoder_.Next(raw);
    if (step.state == ChunkedDecoder::State::kData) {
      std::memmove(out + size, step.data.data(), step.data.size());
      size += step.data.size();
    }
    raw.remove_prefix(step.consumed);
    if (step.state == ChunkedDecoder::State::kBad) {
      wrong = step.reason;
      break;
    }
    if (step.state == ChunkedDecoder::State::kDone) {
      at_end_ = true;
      excess_ = !raw.empty();
      decoder_.CopyTrailersTo(trailers_);
      break;
    }
    if (step.state == ChunkedDecoder::State::kNeedMore) break;
  }
  return size;
}

Result<std::size_t> IncomingBody::Read(ClientWire& wire, const Context& ctx, std::span<char> buffer, const char*& wrong) {
  while (!at_end_) {
    if (framing_.kind == BodyKind::kLength) {
      const bool is_far = left_ >= kRoom && !wire.SeesItsEnd();
      buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), is_far ? left_ - 1 : left_));
    }
    const Result<std::size_t> got = ReadRaw(wire, ctx, buffer);
    if (!got.Ok()) return got;
    if (framing_.kind == BodyKind::kUntilClose) {
      // Anyone on the network path can send a FIN (RFC 9112 section 9.8).
      if (TlsSession* const tls = wire.Tls(); *got == 0 && tls != nullptr && tls->Ended() != TlsSession::PeerEnd::kCloseNotify) {
        wrong = kCutShort;
        return got;
      }
      at_end_ = *got == 0;
      return got;
    }
    if (*got == 0) {
      wrong = kCutShort;
      return got;
    }
    if (framing_.kind == BodyKind::kLength) {
      left_ -= *got;
      at_end_ = left_ == 0;
      return got;
    }
    const std::size_t size = Decode({buffer.data(), *got}, buffer.data(), wrong);
    if (size > 0 || wrong != nullptr) return size;
  }
  return std::size_t{0};
}

// Reads of a done context fail, so this asks the wire for what is there.
bool IncomingBody::DrainAtOnce(ClientWire& wire, std::size_t most) noexcept try {
  if (framing_.kind == BodyKind::kUntilClose) return false;
  if (framing_.kind == BodyKind::kLength && left_ > most) return false;
  for (std::size_t drained = 0; !at_end_ && drained <= most;) {
    if (pending_.empty()) {
      raw_.Clear();
      const std::size_t got = wire.ReadAtOnce({raw_.Reserve(kRoom), kRoom});
      if (got == 0) return false;
      raw_.Grow(got);
      pending_ = raw_.View();
    }
    drained += pending_.size();
    if (framing_.kind == BodyKind::kLength) {
      const std::size_t size = std::min<std::uint64_t>(pending_.size(), left_);
      pending_.remove_prefix(size);
      left_ -= size;
      at_end_ = left_ == 0;
      continue;
    }
    const char* wrong = nullptr;
    raw_.Assign(std::string(pending_));
    pending_ = {};
    static_cast<void>(Decode(raw_.View(), raw_.data(), wrong));
    if (wrong != nullptr) return false;
  }
  return at_end_;
} catch (const std::bad_alloc&) {
  return false;
}

}  // namespace weft::internal
