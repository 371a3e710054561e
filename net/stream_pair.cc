// SPDX-License-Identifier: Apache-2.0
#include <weft/net/stream_pair.h>

#include <atomic>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

#include <weft/net/make_stream.h>
#include <weft/net/stream_transport.h>

namespace weft {
namespace {

class MemoryTransport final : public StreamTransport {
 public:
  explicit MemoryTransport(MemoryStream end) : end_(std::move(end)) {}
  ~MemoryTransport() = default;

  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override { return end_.Read(ctx, buffer); }
  Error WriteStream(const Context& ctx, std::string_view data) override {
    Error err = end_.Write(ctx, data);
    if (!err.Is(kClosed) || closed_) return err;
    return Error(std::make_error_code(std::errc::broken_pipe)).Wrap("write");
  }
  Error CloseStreamWrite() override {
    end_.CloseWrite();
    return {};
  }
  void CloseStream() noexcept override {
    closed_ = true;
    end_.Close();
  }

 private:
  MemoryStream end_;
  std::atomic<bool> closed_{false};
};

}  // namespace

Stream StreamOver(MemoryStream end) { return MakeStream<MemoryTransport>(std::move(end)); }

std::pair<Stream, Stream> StreamPair(const MemoryStreamOptions& options) {
  auto [a, b] = MemoryStreamPair(options);
  return {StreamOver(std::move(a)), StreamOver(std::move(b))};
}

}  // namespace weft
