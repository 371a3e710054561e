// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_UPGRADED_WIRE_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_UPGRADED_WIRE_H_

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/clients/http/internal/wire.h>
#include <weft/concurrency/loop.h>
#include <weft/net/stream_transport.h>

namespace weft::internal {

// A connection that has changed its protocol, under the Stream of ClientResponse::TakeStream.
class UpgradedWire final : public StreamTransport {
 public:
  UpgradedWire(std::unique_ptr<ClientWire> wire, std::string first) : wire_(std::move(wire)), first_(std::move(first)) {}
  ~UpgradedWire() = default;

  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override;
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override { return wire_->CloseWrite(); }
  void CloseStream() noexcept override {
    CheckLoop();
    wire_->Close();
  }

 private:
  // Its socket is watched by one loop.
  void CheckLoop() const {
    if (Loop::Current() != loop_) AbortMisuse("Stream", "one of ClientResponse::TakeStream belongs to the loop of its response: use it there");
  }

  std::unique_ptr<ClientWire> wire_;
  std::string first_;  // came with the head of the response
  Loop* loop_ = Loop::Current();
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_UPGRADED_WIRE_H_
