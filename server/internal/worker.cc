// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/worker.h>

#include <chrono>
#include <new>
#include <utility>

#include <weft/server/internal/http1/connection.h>
#include <weft/server/internal/http1/tls_connection.h>

namespace weft::internal {
namespace {

// A turn that has lasted this long may last forever.
constexpr Duration kHeldTurn = std::chrono::milliseconds(20);

}  // namespace

Error Worker::StartAccepting(Entrance& entrance) {
  acceptor_ = std::make_unique<Acceptor>(entrance, shard_.loop());
  return acceptor_->Start();
}

void Worker::Adopt(Fd fd, const Peer& peer) noexcept {
  try {
    std::unique_ptr<http1::Connection> connection;
    if (shard_.options().tls) {
      connection = std::make_unique<http1::TlsConnection>(shard_, std::move(fd), peer);
    } else {
      connection = std::make_unique<http1::Connection>(shard_, std::move(fd), peer);
    }
    static_cast<http1::Connection&>(shard_.Admit(std::move(connection))).Open();
  } catch (const std::bad_alloc&) {
    shard_.Unexpect();
    shard_.server().ConnectionClosed();
    shard_.ReportOutOfMemory({}, 0);
  }
}

void Worker::SendForHeldLoop() {
  if (shard_.loop().HeldFor() >= kHeldTurn) http1_.lending.SendWhatIsLent();
}

}  // namespace weft::internal
