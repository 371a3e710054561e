// SPDX-License-Identifier: Apache-2.0
#include <weft/net/dial.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <weft/concurrency/await.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/connect.h>
#include <weft/net/internal/socket.h>
#include <weft/net/internal/socket_transport.h>
#include <weft/net/make_stream.h>

namespace weft {
namespace {

Result<std::vector<internal::SocketAddress>> AddressesOf(const Context& ctx, const Address& address) {
  std::vector<internal::SocketAddress> addresses;
  if (address.IsUnix()) {
    Result<internal::SocketAddress> local = internal::ResolveAddress(address.Text());
    if (Error err = local.Err()) return err;
    addresses.push_back(*local);
    return addresses;
  }
  const auto endpoints = Resolve(ctx, address.host, std::to_string(address.port));
  if (Error err = endpoints.Err()) return err;
  for (const auto& endpoint : *endpoints) {
    internal::SocketAddress each;
    each.size = static_cast<socklen_t>(endpoint.size());
    std::memcpy(&each.local, endpoint.data(), endpoint.size());
    addresses.push_back(each);
  }
  return internal::InterleaveFamilies(addresses);
}

Result<Stream> Connected(const Context& ctx, const Address& address, const DialOptions& options) {
  const Result<std::vector<internal::SocketAddress>> addresses = AddressesOf(ctx, address);
  if (Error err = addresses.Err()) return err;
  Result<internal::Fd> fd = internal::Connect(ctx, *addresses, {.attempt_delay = options.attempt_delay});
  if (Error err = fd.Err()) return err;
  internal::Socket socket(std::move(*fd));
  if (!address.IsUnix() && options.probe_after != Duration::max()) socket.ProbePeer(options.probe_after);
  return MakeStream<internal::SocketTransport>(std::move(socket));
}

}  // namespace

Result<Stream> Dial(const Context& ctx, const Address& address, const DialOptions& options) {
  Result<Stream> stream = Connected(ctx, address, options);
  if (Error err = stream.Err()) return err.Wrap("dial " + address.Text());
  return stream;
}

Result<Stream> Dial(const Context& ctx, std::string_view address, const DialOptions& options) {
  const Result<Address> parsed = Address::Parse(address);
  if (Error err = parsed.Err()) return err.Wrap("dial");
  return Dial(ctx, *parsed, options);
}

}  // namespace weft
