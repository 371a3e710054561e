// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/client_response.h>

#include <algorithm>
#include <limits>

#include <weft/clients/http/internal/exchange.h>
#include <weft/clients/http/internal/upgraded_wire.h>
#include <weft/net/client_failure.h>
#include <weft/net/make_stream.h>

namespace weft {

ClientResponse::ClientResponse(internal::Exchange& exchange) : exchange_(&exchange) { exchange.Acquire(); }

ClientResponse& ClientResponse::operator=(ClientResponse&& other) noexcept {
  if (this == &other) return *this;
  End();
  exchange_ = std::exchange(other.exchange_, nullptr);
  return *this;
}

ClientResponse::~ClientResponse() { End(); }

void ClientResponse::End() noexcept {
  if (exchange_ == nullptr) return;
  Use("~ClientResponse").Release();
  exchange_ = nullptr;
}

internal::Exchange& ClientResponse::Use(const char* function) const {
  if (exchange_ == nullptr) internal::AbortMisuse(function, "the response was moved from");
  if (Loop::Current() != &exchange_->loop()) {
    internal::AbortMisuse(function, "a response belongs to the loop on which it was made: read it there, and pass on its contents");
  }
  return *exchange_;
}

int ClientResponse::Status() const { return Use("ClientResponse::Status").status(); }
std::pair<int, int> ClientResponse::Version() const { return Use("ClientResponse::Version").version(); }
const Fields& ClientResponse::Header() const { return Use("ClientResponse::Header").header(); }
const Fields& ClientResponse::Trailer() const { return Use("ClientResponse::Trailer").trailer(); }
std::string ClientResponse::Url() const { return Use("ClientResponse::Url").url().Text(); }

std::optional<std::uint64_t> ClientResponse::ContentLength() const {
  const std::uint64_t left = Use("ClientResponse::ContentLength").BytesLeft();
  if (left == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
  return left;
}

const TlsInfo* ClientResponse::Tls() const {
  internal::ClientWire* const wire = Use("ClientResponse::Tls").wire();
  internal::TlsSession* const session = wire != nullptr ? wire->Tls() : nullptr;
  return session != nullptr ? &session->Info() : nullptr;
}

Result<std::size_t> ClientResponse::Read(const Context& ctx, std::span<char> buffer) {
  return Use("ClientResponse::Read").Read(ctx, buffer);
}

Result<std::string> ClientResponse::ReadAll(const Context& ctx, std::uint64_t max) {
  internal::Exchange& exchange = Use("ClientResponse::ReadAll");
  const auto too_large = [&] {
    return exchange.FailWith(ClientFailure::kTooLarge, "the body of the response has more than " + std::to_string(max) + " bytes");
  };
  constexpr std::size_t kStep = 16 * 1024;
  std::string all;
  std::size_t step = kStep;
  if (const std::optional<std::uint64_t> length = ContentLength()) {
    if (*length > max) return too_large();
    if (*length == 0) {
      if (Error err = exchange.ReadEnd(ctx)) return err;
      return all;
    }
    step = static_cast<std::size_t>(*length);
    if (step <= kStep) {
      // One piece, mostly.
      all.resize(step);
      std::size_t size = 0;
      while (size < step) {
        const Result<std::size_t> got = exchange.Read(ctx, {all.data() + size, step - size});
        if (Error err = got.Err()) return err;
        if (*got == 0) break;
        size += *got;
      }
      all.resize(size);
      if (Error err = exchange.ReadEnd(ctx)) return err;
      return all;
    }
    constexpr std::size_t kBelieved = 1024 * 1024;
    all.reserve(std::min(step, kBelieved));
  }
  // An announced length is not trusted before the bytes have arrived.
  for (std::size_t size = 0;;) {
    if (all.size() < size + kStep) all.resize(size + kStep);
    const Result<std::size_t> got = exchange.Read(ctx, {all.data() + size, all.size() - size});
    if (Error err = got.Err()) return err;
    size += *got;
    if (size > max) return too_large();
    if (*got == 0) {
      all.resize(size);
      return all;
    }
  }
}

Error ClientResponse::ExpectSuccess() const {
  internal::Exchange& exchange = Use("ClientResponse::ExpectSuccess");
  if (exchange.status() / 100 == 2) return {};
  return MakeClientFailure({ClientFailure::kStatus, true, exchange.url().origin,
                            std::string(exchange.method()) + " " + exchange.url().Shown() + ": " + std::to_string(exchange.status())});
}

Result<Stream> ClientResponse::TakeStream() {
  internal::Exchange& exchange = Use("ClientResponse::TakeStream");
  if (!exchange.IsTunnel() || exchange.wire() == nullptr) {
    return MakeClientFailure({ClientFailure::kStatus, true, exchange.url().origin,
                              std::to_string(exchange.status()) + ": the server has not changed the protocol"});
  }
  // A fiber that still writes the body would write it in between the stream's bytes.
  if (!exchange.Sent()) {
    return MakeClientFailure({ClientFailure::kStatus, true, exchange.url().origin, "the request was not sent completely, so the protocol cannot change"});
  }
  std::string first;
  std::unique_ptr<internal::ClientWire> wire = exchange.TakeWire(first);
  return MakeStream<internal::UpgradedWire>(std::move(wire), std::move(first));
}

void ClientResponseAccess::LeaveLimits(ClientResponse& response) { response.Use("ClientResponse").LeaveLimits(); }

// --- ClientExchange

ClientExchange::ClientExchange(internal::Exchange& exchange, Duration response_timeout)
    : exchange_(&exchange), response_timeout_(response_timeout) {
  exchange.Acquire();
}

ClientExchange::~ClientExchange() {
  if (exchange_ != nullptr) Use("~ClientExchange").Release();
}

internal::Exchange& ClientExchange::Use(const char* function) const {
  if (exchange_ == nullptr) internal::AbortMisuse(function, "the exchange was moved from");
  if (Loop::Current() != &exchange_->loop()) {
    internal::AbortMisuse(function, "an exchange belongs to the loop on which it was opened");
  }
  return *exchange_;
}

Error ClientExchange::Write(const Context& ctx, std::string_view data) {
  internal::Exchange& exchange = Use("ClientExchange::Write");
  if (exchange.Sent()) return Error::New("the body of the request has ended");
  if (exchange.SendBroken()) return exchange.SendHasFailed();
  if (Error err = ctx.Err()) return err;
  return exchange.SendPiece(ctx, data);
}

Fields& ClientExchange::Trailer() { return Use("ClientExchange::Trailer").OwnRequest()->Trailer(); }

Error ClientExchange::CloseWrite(const Context& ctx) {
  internal::Exchange& exchange = Use("ClientExchange::CloseWrite");
  if (exchange.Sent()) return {};
  if (exchange.SendBroken()) return exchange.SendHasFailed();
  if (Error err = ctx.Err()) return err;
  return exchange.EndBody(ctx);
}

Result<ClientResponse> ClientExchange::Head(const Context& ctx) {
  internal::Exchange& exchange = Use("ClientExchange::Head");
  if (exchange.HeadIsHere()) internal::AbortMisuse("ClientExchange::Head", "called twice: the exchange has its response already");
  if (exchange.Broken()) return exchange.FailWith(ClientFailure::kReset, "the response has already failed");
  if (Error err = ctx.Err()) return err;
  if (Error err = exchange.ReadHeadAfterBody(ctx, response_timeout_)) return err;
  return ClientResponse(exchange);
}

}  // namespace weft
