// SPDX-License-Identifier: Apache-2.0

// The examples in the headers of net/. tests/headers_test.sh compares them line by line.
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/request.h>
#include <weft/net/address.h>
#include <weft/net/client_failure.h>
#include <weft/net/dial.h>
#include <weft/net/make_stream.h>
#include <weft/net/stream.h>
#include <weft/net/stream_loan.h>
#include <weft/net/stream_pair.h>
#include <weft/net/stream_transport.h>
#include <weft/net/tls.h>
#include <weft/server/options.h>

namespace address_h {

weft::Error Connect(const weft::Context& ctx) {
  weft::Result<weft::Address> upstream = weft::Address::Parse("[::1]:8443");
  if (weft::Error err = upstream.Err()) return err;
  weft::Result<weft::Stream> stream = weft::Dial(ctx, *upstream);
  return stream.Err();
}

}  // namespace address_h

namespace client_failure_h {

weft::Error SendAgain(const weft::Context& ctx) { return ctx.Err(); }

weft::Error AfterFailure(const weft::Context& ctx, const weft::Error& err) {
  if (const auto* failure = err.As<weft::ClientFailure>(); failure && !failure->processed) {
    return SendAgain(ctx);
  }
  return err;
}

}  // namespace client_failure_h

namespace dial_h {

weft::Result<weft::Stream> Connect(const weft::Context& ctx) {
  const weft::CancelScope limit = weft::WithTimeout(ctx, std::chrono::seconds(5));
  return weft::Dial(limit.ctx, "cache.internal:7000");
}

}  // namespace dial_h

namespace stream_h {

weft::Error Ping(const weft::Context& ctx) {
  weft::Result<weft::Stream> stream = weft::Dial(ctx, "cache.internal:7000");
  if (weft::Error err = stream.Err()) return err;
  if (weft::Error err = stream->Write(ctx, "ping\n")) return err;
  std::array<char, 4096> piece;
  return stream->Read(ctx, piece).Err();
}

}  // namespace stream_h

namespace stream_pair_h {

weft::Error Greet(const weft::Context& ctx) {
  auto [client, server] = weft::StreamPair();
  if (weft::Error err = client.Write(ctx, "hello")) return err;
  std::array<char, 16> piece;
  return server.Read(ctx, piece).Err();
}

}  // namespace stream_pair_h

namespace stream_transport_h {

class Counted final : public weft::StreamTransport {
 public:
  Counted(weft::Stream below, std::atomic<std::uint64_t>& sent)
      : below_(std::move(below)), sent_(sent) {}

  weft::Result<std::size_t> ReadStream(const weft::Context& ctx,
                                       std::span<char> buffer) override {
    return below_.Read(ctx, buffer);
  }
  weft::Error WriteStream(const weft::Context& ctx, std::string_view data) override {
    sent_ += data.size();
    return below_.Write(ctx, data);
  }
  weft::Error CloseStreamWrite() override { return below_.CloseWrite(); }
  void CloseStream() noexcept override { below_.Close(); }

 private:
  weft::Stream below_;
  std::atomic<std::uint64_t>& sent_;
};

}  // namespace stream_transport_h

namespace make_stream_h {

using stream_transport_h::Counted;

weft::Error Send(const weft::Context& ctx, std::string_view data) {
  std::atomic<std::uint64_t> sent{0};
  weft::Result<weft::Stream> dialed = weft::Dial(ctx, "cache.internal:7000");
  if (weft::Error err = dialed.Err()) return err;
  weft::Stream stream = weft::MakeStream<Counted>(std::move(*dialed), sent);
  return stream.Write(ctx, data);
}

}  // namespace make_stream_h

namespace stream_loan_h {

using Tunnel = std::function<weft::Error(weft::Stream)>;

weft::Error ServeTunnel(weft::StreamTransport& connection, const Tunnel& handler) {
  weft::StreamLoan loan;
  weft::Error err = handler(loan.Lend(connection, weft::CurrentScope()));
  loan.End();
  return err;
}

}  // namespace stream_loan_h

namespace tls_h {

void CountReload(const weft::Error&) {}

weft::Error Load(weft::ServerOptions& options) {
  weft::Result<weft::Tls> tls = weft::Tls::Load(
      {.certificates = {{.certificate_file = "fullchain.pem", .key_file = "privkey.pem"}}});
  if (weft::Error err = tls.Err()) return err;  // "certificate file fullchain.pem: expired ..."
  options.tls = *tls;                           // ServerOptions
  return {};
}

void Watch(weft::Group& group, const weft::Tls& tls) {
  group.Go("certificates", [&](const weft::Context& ctx) {
    return weft::ReloadOnChange(ctx, tls, std::chrono::minutes(1),
                                [](const weft::Error& err) { CountReload(err); });
  });
}

}  // namespace tls_h

namespace tls_info_h {

std::string Who(const weft::Request& r) {
  const weft::TlsInfo* tls = r.Tls();
  const bool known = tls != nullptr && tls->peer_certificate.has_value();
  const std::string who = known ? tls->peer_certificate->subject : "anybody";
  return who;
}

}  // namespace tls_info_h

namespace tls_options_h {

weft::Error Load() {
  weft::Result<weft::Tls> tls = weft::Tls::Load({
      .certificates = {{.certificate_file = "tls/fullchain.pem", .key_file = "tls/key.pem"}},
      .client_ca_file = "tls/clients.pem",
      .client_auth = weft::ClientAuth::kRequire,
  });
  return tls.Err();
}

std::string Trusted() {
  const weft::TlsClientOptions tls = {.ca_file = "tls/internal-ca.pem"};
  return tls.ca_file;
}

}  // namespace tls_options_h
