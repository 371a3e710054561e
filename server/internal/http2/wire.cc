// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http2/wire.h>

#include <cerrno>
#include <new>
#include <utility>

#include <weft/net/internal/socket.h>

namespace weft::internal::http2 {
namespace {

constexpr std::size_t kParts = 64;

}  // namespace

Wire::Sent Wire::Send(Session& session) {
  if (client_.Broken()) return Sent::kBroken;
  const bool borrows = out_.Empty();
  if (borrows) std::swap(out_, shared_);
  try {
    const Sent sent = SendPieces(session);
    out_.Settle();
    if (!out_.Empty()) return sent;
    std::swap(out_, shared_);
    if (!borrows) out_ = FrameBuffer();
    return sent;
  } catch (const std::bad_alloc&) {
    // A frame may be incomplete, and what is lent belongs to fibers that continue.
    out_.Clear();
    client_.SetBroken();
    throw;
  }
}

Wire::Sent Wire::SendPieces(Session& session) {
  for (std::size_t in_turn = 0; in_turn < kTurn;) {
    if (out_.Size() < kGather && session.HasOutput() && !session.Write(out_, kGather)) throw std::bad_alloc();
    if (out_.Empty() && client_.HoldsOutput()) {  // encrypted, and not taken
      Block();
      return Sent::kBlocked;
    }
    if (out_.Empty()) {
      blocked_ = false;
      return Sent::kAll;
    }
    iovec parts[kParts];
    std::size_t count = 0;
    std::size_t size = 0;
    out_.ForEachPiece(kParts, [&](std::string_view piece) {
      parts[count++] = Part(piece);
      size += piece.size();
    });
    const ssize_t sent = client_.SendParts(parts, count, 0);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && !WouldWait(errno)) {
      client_.SetBroken();
      return Sent::kBroken;
    }
    if (sent > 0) {
      const auto taken = static_cast<std::size_t>(sent);
      out_.Consume(taken);
      moved_ += taken;
      sent_ += taken;
      in_turn += taken;
      if (taken == size || client_.TakesMore()) continue;
    }
    Block();
    return client_.Broken() ? Sent::kBroken : Sent::kBlocked;
  }
  return Sent::kMore;
}

void Wire::Block() {
  client_.WatchWritable(client_.shard().loop());
  if (blocked_) return;
  blocked_ = true;
  moved_ = 0;
  untaken_ = client_.UntakenBytes();
  const Duration stall = client_.shard().options().write_stall_timeout;
  const TimePoint now = client_.shard().now();
  look_at_ = stall >= TimePoint::max() - now ? TimePoint::max() : now + stall;
}

// As for an HTTP/1.1 response (PacedIo::PeerTakesEnough): the kernel may hold what a slow client needs minutes for.
bool Wire::TakesEnough() {
  const std::int64_t taken = untaken_ + static_cast<std::int64_t>(moved_) - client_.UntakenBytes();
  if (taken < static_cast<std::int64_t>(client_.shard().options().progress_bytes_min)) return false;
  blocked_ = false;
  Block();
  return true;
}

}  // namespace weft::internal::http2
