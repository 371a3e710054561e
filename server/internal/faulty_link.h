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

// What is wrong with the way to a server of a test.
struct LinkFault {
  enum class Kind : std::uint8_t { kHealthy, kRefuse, kReset, kStall, kDelay };
  Kind kind = Kind::kHealthy;
  std::uint64_t after_bytes = 0;  // of kReset
  Duration by{};                  // of kDelay
};

// The way to one server, and all connections on it. From any fiber.
struct LinkState {
  void Set(LinkFault fault);

  Watch<LinkFault> fault{LinkFault{}};
  ThreadMutex lock;  // for a moment
  std::vector<FaultyLink*> links WEFT_GUARDED_BY(lock);
};

// A connection to a server of a test, with the faults of its way at this moment.
class FaultyLink final : public StreamTransport {
 public:
  FaultyLink(Socket socket, std::shared_ptr<LinkState> state);
  ~FaultyLink();

  // Its waiters are woken.
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
  std::string held_;  // came, but may not be seen yet
  std::uint64_t received_ = 0;
  std::atomic<bool> asked_{false};  // something was written since the last read
};

// Connects to a server of a test, or does not.
Result<Stream> DialTestServer(const Context& ctx, const std::string& bound, const std::shared_ptr<LinkState>& state);

// A socket, to and from which two members of the group pass everything. Errors: the system's; the group's, which takes no more.
Result<Stream> Relayed(Group& group, Stream far);

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_FAULTY_LINK_H_
