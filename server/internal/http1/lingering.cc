// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/http1/lingering.h>

#include <cerrno>

namespace weft::internal::http1 {
namespace {

// How much is discarded in all of what a client still sends after its connection was closed, in turns of
// the loop's buffer.
constexpr std::int64_t kDiscardMax = 64 * 1024 * 1024;

}  // namespace

bool Lingering::Go(Client& client) {
  Shard& shard = client.shard();
  const bool aborting = client.state() == Client::State::kAborting;
  ssize_t got = 0;
  do {
    got = client.Discard(shard.read_buffer(), Shard::kReadBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return !WouldWait(errno);
  // What a layer holds is sent as events arrive, as the kernel would send the rest by itself.
  if (got == 0) return !aborting && !client.HoldsOutput();
  if (!aborting) {
    amount_ += got;
    if (amount_ >= kDiscardMax || shard.now() >= client.LingerEnd()) return true;
    if (!shard.draining()) shard.Place(Shard::List::kClosing, client, client.LingerEnd());
  }
  shard.Requeue(client);
  return false;
}

bool Lingering::Acknowledged(Client& client) {
  Shard& shard = client.shard();
  const std::int64_t untaken = client.UntakenBytes();
  const Duration stall = shard.options().write_stall_timeout;
  if (untaken + static_cast<std::int64_t>(shard.options().progress_bytes_min) <= amount_) {
    amount_ = untaken;
    client.BeginPeriod();
  }
  if (untaken == 0 || (stall != Duration::max() && shard.now() - client.WaitsSince() >= stall)) return true;
  shard.Place(Shard::List::kAborting, client);
  return false;
}

}  // namespace weft::internal::http1
