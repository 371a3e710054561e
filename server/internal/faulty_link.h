// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_FAULTY_LINK_H_
#define WEFT_SERVER_INTERNAL_FAULTY_LINK_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/watch.h>
#include <weft/net/internal/socket_transport.h>
#include <weft/net/stream.h>
#include <weft/net/stream_transport.h>

namespace weft::internal {

class FaultyLink;

// What is wrong with the network between a test and its server.
struct LinkFault {
  enum class Kind : std::uint8_t { kHealthy, kRefuse, kReset, kStall, kDelay };
  Kind kind = Kind::kHealthy;
  std::uint64_t after_bytes = 0;  // of kReset
  Duration by{};                  // of kDelay
};

// The network path to one server, and all connections over it. From any fiber.
struct LinkState {
  void Set(LinkFault fault);

  Watch<LinkFault> fault{LinkFault{}};
  ThreadMutex lock;  // for a moment
  std::vector<FaultyLink*> links WEFT_GUARDED_BY(lock);
};

// A connection to a test's server, with the current faults of its path.
class FaultyLink final : public StreamTransport {
 public:
  FaultyLink(Socket socket, std::shared_ptr<LinkState> state);
  ~FaultyLink();

  // Wakes its waiters.
  void Break() noexcept {
    broken_ = true;
    CloseStream();
  }

  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override { return transport_.CloseStreamWrite(); }
  void CloseStream() noexcept override {
    if (!closed_.exchange(true)) transport_.CloseStream();
  }

 private:
  Error WaitForTheWay(const Context& ctx);

  SocketTransport transport_;
  std::shared_ptr<LinkState> state_;
  std::atomic<bool> broken_{false};
  std::atomic<bool> closed_{false};
  std::string held_;  // has arrived, but may not be seen yet
  std::uint64_t received_ = 0;
  std::atomic<bool> asked_{false};  // something was written since the last read
};

// Connects to a test's server, or fails as the fault says.
Result<Stream> DialTestServer(const Context& ctx, const std::string& bound, const std::shared_ptr<LinkState>& state);

// A socket whose bytes two members of the group pass in both directions. Errors: the system's; the group's, if it starts no more members.
Result<Stream> Relayed(Group& group, Stream far);

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_FAULTY_LINK_H_
