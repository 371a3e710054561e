// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/connect.h>

#include <chrono>
#include <string>
#include <vector>

#include "stream_kit.h"

namespace weft {
namespace {

using namespace weft::testing;
using namespace std::chrono_literals;
using internal::SocketAddress;

// A port that nobody listens on: it was just given back.
SocketAddress RefusingAddress() {
  Listening listening;
  const SocketAddress address = listening.Bound();
  listening.Close();
  return address;
}

// Of several addresses: where the connection has come to, or the error.
std::string ConnectedTo(const Context& ctx, const std::vector<SocketAddress>& addresses, Duration attempt_delay) {
  const Result<internal::Fd> fd = internal::Connect(ctx, addresses, {.attempt_delay = attempt_delay});
  if (!fd.Ok()) return fd.Err().Message();
  SocketAddress there;
  there.size = sizeof(there.local);
  EXPECT_EQ(getpeername(fd->Get(), &there.any, &there.size), 0);
  return internal::FormatPeer(there);
}

TEST(Connect, TakesTheNextAddressAtOnceWhereOneFails) {
  const auto play = [](const Context& ctx) {
    const Listening good;
    const SocketAddress refusing = RefusingAddress();
    EXPECT_EQ(ConnectedTo(ctx, {refusing, good.Bound()}, 1h), good.Text());
    EXPECT_EQ(ConnectedTo(ctx, {refusing, refusing, good.Bound()}, 1h), good.Text());
  };
  InFiber(play);
  play(Background());
}

TEST(Connect, TriesTheNextAddressWhileOneIsSilent) {
  const auto play = [](const Context& ctx) {
    const Deaf deaf;
    const Deaf deafer;
    const Listening good;
    EXPECT_EQ(ConnectedTo(ctx, {deaf.listening().Bound(), good.Bound()}, 1ms), good.Text());
    EXPECT_EQ(ConnectedTo(ctx, {deaf.listening().Bound(), deafer.listening().Bound(), RefusingAddress(), good.Bound()}, 1ms), good.Text());
    const CancelScope scope = WithTimeout(ctx, 10ms);
    EXPECT_EQ(ConnectedTo(scope.ctx, {deaf.listening().Bound(), deafer.listening().Bound()}, 1ms), "deadline exceeded");
  };
  InFiber(play);
  play(Background());
}

TEST(Connect, ReportsTheFirstAddressWhereAllFail) {
  InFiber([](const Context& ctx) {
    const SocketAddress first = RefusingAddress();
    EXPECT_EQ(ConnectedTo(ctx, {first, RefusingAddress()}, 1h), "connect to " + internal::FormatPeer(first) + ": Connection refused");
    EXPECT_EQ(ConnectedTo(ctx, {}, 1h), "connect: there is no address");
  });
}

TEST(Connect, TakesFamiliesInTurn) {
  const auto of = [](int family, int number) {
    SocketAddress address;
    address.any.sa_family = static_cast<sa_family_t>(family);
    address.v4.sin_port = static_cast<in_port_t>(number);
    address.size = sizeof(address.v6);
    return address;
  };
  const auto names = [](const std::vector<SocketAddress>& all) {
    std::string text;
    for (const SocketAddress& each : all) text += (each.Family() == AF_INET ? 'v' : 'V') + std::to_string(each.v4.sin_port);
    return text;
  };
  const std::vector<SocketAddress> mixed{of(AF_INET6, 1), of(AF_INET6, 2), of(AF_INET6, 3), of(AF_INET, 4), of(AF_INET, 5)};
  EXPECT_EQ(names(internal::InterleaveFamilies(mixed)), "V1v4V2v5V3");
  const std::vector<SocketAddress> one{of(AF_INET, 1), of(AF_INET, 2)};
  EXPECT_EQ(names(internal::InterleaveFamilies(one)), "v1v2");
  EXPECT_EQ(names(internal::InterleaveFamilies({})), "");
}

}  // namespace
}  // namespace weft
