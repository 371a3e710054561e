// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_FAULT_PROXY_H_
#define WEFT_TESTS_CLIENTS_FAULT_PROXY_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

#include "tcp_kit.h"

namespace weft {

// What happens to a connection on its way.
struct Fault {
  enum class Kind {
    kNothing,
    kClose,      // both ends of it, in good order
    kReset,      // both ends of it
    kHalfClose,  // no more in this direction; the other one goes on
    kStop,       // the same, and nobody is told
  };
  enum class Way { kToServer, kToClient };

  Kind kind = Kind::kNothing;
  Way way = Way::kToClient;
  std::size_t after = 0;  // bytes of that way, counted from the first one of the connection
  std::size_t piece = std::numeric_limits<std::size_t>::max();  // so many are passed on at once
  Duration delay{};       // before each piece
  std::function<void()> when_hit = nullptr;
};

// Stands between a client and a server, over real TCP, and does to each connection what `plan` says of its number. In a fiber.
class FaultProxy {
 public:
  using Plan = std::function<Fault(int connection)>;

  FaultProxy(const Context& ctx, std::uint16_t server, Plan plan) : server_(server), plan_(std::move(plan)), group_(ctx) {
    group_.Go("fault proxy", [this](const Context& c) {
      for (int number = 0;; ++number) {
        const auto fd = listener_.Accept(c);
        if (!fd->IsOpen()) return;
        group_.Go("connection", [this, fd, fault = plan_(number)](const Context& member) {
          internal::Fd onward = ConnectTcp(server_);
          if (!onward.IsOpen()) return;
          Pass(member, std::move(*fd), std::move(onward), fault);
        });
      }
    });
  }
  ~FaultProxy() {
    group_.Cancel();
    static_cast<void>(group_.Wait());
  }
  std::string Url(const std::string& target = "/") const { return listener_.Url(target); }
  std::uint16_t Port() const { return listener_.Port(); }

 private:
  static void Pass(const Context& ctx, internal::Fd from_client, internal::Fd to_server, const Fault& fault) {
    TcpConnection client(std::move(from_client));
    TcpConnection server(std::move(to_server));
    Group ways(ctx);
    const auto end = [&](Fault::Kind kind) {
      if (kind == Fault::Kind::kReset) {
        client.Reset();
        server.Reset();
      }
      ways.Cancel();
    };
    // Of the way that breaks by itself, and not because the other one has ended.
    const auto broken = [&](const Context& c) {
      if (!c.Err()) end(Fault::Kind::kReset);
    };
    ways.Go("to the server", [&](const Context& c) { PassOn(c, client, server, fault, Fault::Way::kToServer, end, broken); });
    ways.Go("to the client", [&](const Context& c) { PassOn(c, server, client, fault, Fault::Way::kToClient, end, broken); });
    static_cast<void>(ways.Wait());
    if (!ctx.Err()) return;
    // The test is over: thousands of ports need not stay in TIME_WAIT.
    client.Reset();
    server.Reset();
  }

  template <class End, class Broken>
  static void PassOn(const Context& ctx, TcpConnection& from, TcpConnection& to, const Fault& fault, Fault::Way way, End end, Broken broken) {
    const bool is_hit = fault.kind != Fault::Kind::kNothing && fault.way == way;
    std::array<char, 16 * 1024> buffer;
    std::size_t passed = 0;
    while (!is_hit || passed < fault.after) {
      const std::size_t most = is_hit ? std::min(buffer.size(), fault.after - passed) : buffer.size();
      const Result<std::size_t> got = from.stream.Read(ctx, std::span(buffer).first(std::min(most, fault.piece)));
      if (!got.Ok()) return broken(ctx);
      if (*got == 0) {
        static_cast<void>(to.stream.CloseWrite());
        return;
      }
      if (fault.delay > Duration::zero() && Sleep(ctx, fault.delay)) return;
      if (to.stream.Write(ctx, {buffer.data(), *got})) return broken(ctx);
      passed += *got;
    }
    if (fault.when_hit) fault.when_hit();
    if (fault.kind == Fault::Kind::kHalfClose) {
      static_cast<void>(to.stream.CloseWrite());
    } else if (fault.kind == Fault::Kind::kStop) {
      static_cast<void>(SleepUntilDone(ctx));
    } else {
      end(fault.kind);
    }
  }

  static Error SleepUntilDone(const Context& ctx) {
    for (;;) {
      if (Error err = Sleep(ctx, std::chrono::hours(1))) return err;
    }
  }

  const std::uint16_t server_;
  const Plan plan_;
  TcpListener listener_;
  Group group_;
};

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_FAULT_PROXY_H_
