// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/upgraded_wire.h>

#include <algorithm>

#include <weft/net/internal/socket.h>

namespace weft::internal {

Result<std::size_t> UpgradedWire::ReadStream(const Context& ctx, std::span<char> buffer) {
  CheckLoop();
  if (first_.empty()) return wire_->Read(ctx, buffer, TimePoint::max());
  const std::size_t size = first_.copy(buffer.data(), buffer.size());
  first_.erase(0, size);
  return size;
}

Error UpgradedWire::WriteStream(const Context& ctx, std::string_view data) {
  CheckLoop();
  iovec part = Part(data);
  return wire_->Write(ctx, &part, 1);
}

}  // namespace weft::internal
