// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/reverse_proxy.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <weft/clients/http/http_client.h>
#include <weft/concurrency/group.h>
#include <weft/handlers/middleware/internal/random_hex.h>
#include <weft/handlers/proxy/internal/passed_fields.h>
#include <weft/handlers/proxy/internal/tunnel.h>
#include <weft/http/internal/text.h>
#include <weft/http/internal/websocket_key.h>
#include <weft/net/client_failure.h>

namespace weft {
namespace {

// One request through the proxy.
class Passage {
 public:
  Passage(UpstreamPool& pool, const ProxyOptions& options, ResponseWriter& w, Request& r) : pool_(pool), options_(options), w_(w), r_(r) {}

  Error Serve() {
    if (r_.Method() == "CONNECT") return HttpError(405);
    if (!r_.RawPath().starts_with('/')) return HttpError(400);
    // 0: there is none. In HTTP/2 a body needs no field that says so.
    if (r_.Body().Declared() != 0u) return ServeWithBody();
    for (const std::string& protocol : options_.upgrades) {
      if (r_.OffersUpgrade(protocol)) upgrade_ = protocol;
    }
    return ServeWithoutBody();
  }

 private:
  std::string UrlAt(const UpstreamLease& upstream) const {
    std::string_view path = r_.RawPath();
    const std::string_view prefix = options_.strip_prefix;
    if (!prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/' || prefix.ends_with('/'))) {
      path.remove_prefix(prefix.ends_with('/') ? prefix.size() - 1 : prefix.size());
    }
    std::string url = upstream.Address();
    if (path.empty()) url += '/';
    url += path;
    if (r_.Target().find('?') != std::string_view::npos) url.append("?").append(r_.RawQuery());
    return url;
  }

  ClientRequest MakeRequest(const UpstreamLease& upstream) {
    ClientRequest request(std::string(r_.Method()), UrlAt(upstream));
    Fields& fields = request.Header();
    internal::PassRequestFields(r_, fields);
    if (options_.keep_host) {
      fields.Set("Host", r_.Host());
    } else if (!pool_.Options().server_name.empty()) {
      fields.Set("Host", pool_.Options().server_name);
    }
    if (!upgrade_.empty()) OfferUpgrade(fields);
    request.ResponseTimeout(options_.response_timeout);
    request.OnInterim([this](int status, const Fields& interim) { PassInterim(status, interim); });
    return request;
  }

  // A WebSocket that comes by extended CONNECT has no key (RFC 8441 section 5), and the upstream's HTTP/1.1 needs one.
  void OfferUpgrade(Fields& fields) {
    fields.Set("Upgrade", upgrade_);
    if (r_.Version().first < 2 || !internal::EqualsIgnoreCase(upgrade_, "websocket")) return;
    std::array<unsigned char, 16> random;
    const std::array<std::uint64_t, 2> bits{internal::RandomBits(), internal::RandomBits()};
    std::memcpy(random.data(), bits.data(), random.size());
    key_ = internal::WebSocketKey(random);
    fields.Set("Sec-WebSocket-Key", key_);
  }

  // Many clients take an interim response for the final one (docs/clients.md); browsers that navigate do not.
  void PassInterim(int status, const Fields& interim) {
    if (status != 103 || r_.Header().Get("Sec-Fetch-Mode") != "navigate" || w_.HeadSent()) return;
    Fields& fields = w_.Header();
    // Those of the middleware around the proxy are for the final response, too.
    const std::vector<Fields::Field> ours(fields.begin(), fields.end());
    internal::PassFields(interim, fields);
    w_.WriteHeader(status);
    for (const auto& [name, value] : interim) fields.Del(name);
    for (const auto& [name, value] : ours) {
      if (interim.Has(name)) fields.Add(name, value);
    }
  }

  bool MayAskAnother(const Error& error, bool without_effects) const {
    const ClientFailure* failure = error.As<ClientFailure>();
    if (failure == nullptr || r_.Ctx().Err()) return false;
    return !failure->processed || without_effects;
  }

  // What a failure says about the upstream; what is ours, such as kBusy, says nothing.
  void Judge(UpstreamLease& upstream, const Error& error) const {
    const ClientFailure* failure = error.As<ClientFailure>();
    if (failure != nullptr && failure->kind != ClientFailure::kBusy) upstream.Failed();
  }

  Error ServeWithoutBody() {
    const CancelScope all_tries = WithTimeout(r_.Ctx(), options_.response_timeout, kUpstreamTimeout);
    const bool without_effects = r_.Method() == "GET" || r_.Method() == "HEAD" || r_.Method() == "OPTIONS";
    for (int tries = 0;; ++tries) {
      Result<UpstreamLease> upstream = pool_.Acquire(tried_);
      if (Error err = upstream.Err()) return err;
      Result<ClientResponse> response = [&] {
        if (options_.try_timeout == kUnlimited) return pool_.Client().Do(all_tries.ctx, MakeRequest(*upstream));
        const CancelScope one = WithTimeout(all_tries.ctx, options_.try_timeout, kUpstreamTimeout);
        return pool_.Client().Do(one.ctx, MakeRequest(*upstream));
      }();
      if (response.Ok()) return Respond(*upstream, *std::move(response));
      Error err = Late(response.Err(), *upstream);
      Judge(*upstream, err);
      if (tries >= options_.retries_max || all_tries.ctx.Err() || !MayAskAnother(err, without_effects)) return err;
      tried_.push_back(upstream->Address());
    }
  }

  // A limit of ours that has passed is the upstream's fault, unlike that of the request.
  Error Late(const Error& error, const UpstreamLease& upstream) const {
    if (r_.Ctx().Err() || error.As<ClientFailure>() != nullptr || !error.Is(kUpstreamTimeout)) return error;
    return MakeClientFailure({ClientFailure::kTimedOut, true, upstream.Address(), "no response within the timeout of the proxy"});
  }

  // The request's deadline is for those that respond at once: an upload takes as long as the client sends.
  Error ServeWithBody() {
    if (!r_.LongLived()) return HttpError(503);
    r_.Body().SetLimit(options_.body_bytes_max);
    const std::optional<std::uint64_t> length = r_.Body().Declared();
    for (int tries = 0;; ++tries) {
      Result<UpstreamLease> upstream = pool_.Acquire(tried_);
      if (Error err = upstream.Err()) return err;
      Result<ClientExchange> exchange = pool_.Client().Open(r_.Ctx(), MakeRequest(*upstream), length);
      if (exchange.Ok()) return PassBoth(*upstream, *exchange);
      Error err = exchange.Err();
      Judge(*upstream, err);
      if (tries >= options_.retries_max || !MayAskAnother(err, false)) return err;
      tried_.push_back(upstream->Address());
    }
  }

  // Both ways at once: an upstream may respond while it still reads.
  Error PassBoth(UpstreamLease& upstream, ClientExchange& exchange) {
    Error of_client;
    Group sending(r_.Ctx());
    sending.Go("request body", [&](const Context& c) { of_client = PassBody(c, exchange, sending); });
    Result<ClientResponse> response = exchange.Head(sending.Ctx());
    const Error of_upstream = response.Err();
    Error err = of_upstream;
    if (!err) err = Respond(upstream, *std::move(response));
    // A complete final response ends the upload.
    sending.Cancel();
    static_cast<void>(sending.Wait());
    if (of_client) return of_client;
    if (of_upstream) Judge(upstream, of_upstream);
    return err;
  }

  // An Error of the client's side ends the exchange; one of the upstream's is what Head reports.
  Error PassBody(const Context& ctx, ClientExchange& exchange, Group& sending) {
    const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
    for (;;) {
      const Result<std::size_t> got = r_.Body().Read(ctx, {piece.get(), kPiece});
      if (Error err = got.Err()) {
        if (ctx.Err() && !r_.Ctx().Err()) return {};
        sending.Cancel(err);
        return err;
      }
      if (*got == 0) break;
      if (exchange.Write(ctx, {piece.get(), *got})) return {};
    }
    internal::PassRequestTrailers(r_.Trailer(), exchange.Trailer());
    static_cast<void>(exchange.CloseWrite(ctx));
    return {};
  }

  Error Respond(UpstreamLease& upstream, ClientResponse response) {
    upstream.Succeeded();
    if (response.Status() == 101) return PassUpgrade(std::move(response));
    // What follows has no deadline, only stalls; what is small will hardly need that. Where there are too many such requests it keeps the
    // one it has.
    const bool small = response.ContentLength().value_or(kPiece) <= kSmall;
    if (!small) static_cast<void>(r_.LongLived());
    internal::PassFields(response.Header(), w_.Header());
    const std::string_view length = response.Header().Get("Content-Length");
    if (!length.empty() && response.Status() != 204) w_.Header().Set("Content-Length", length);
    w_.WriteHeader(response.Status());
    const bool events = internal::EqualsIgnoreCase(response.Header().Get("Content-Type").substr(0, 17), "text/event-stream");
    if (events) ClientResponseAccess::LeaveLimits(response);
    const bool at_once = events || !response.ContentLength();
    if (response.ContentLength() != 0u) {
      if (Error err = small ? PassSmallBody(response) : PassResponseBody(response, at_once)) return err;
    }
    internal::PassFields(response.Trailer(), w_.Trailer());
    return {};
  }

  Error PassSmallBody(ClientResponse& response) {
    char piece[kSmall];
    return PassPieces(response, piece, false);
  }

  // Without a length it is unknown when the next piece comes, so none is held back.
  Error PassResponseBody(ClientResponse& response, bool at_once) {
    const auto piece = std::make_unique_for_overwrite<char[]>(kPiece);
    return PassPieces(response, {piece.get(), kPiece}, at_once);
  }

  Error PassPieces(ClientResponse& response, std::span<char> piece, bool at_once) {
    for (;;) {
      const Result<std::size_t> got = response.Read(r_.Ctx(), piece);
      if (Error err = got.Err()) {
        if (w_.HeadSent()) w_.Abort();
        return err;
      }
      if (*got == 0) return {};
      if (Error err = w_.Write({piece.data(), *got})) return err;
      if (!at_once) continue;
      if (Error err = w_.Flush()) return err;
    }
  }

  Error PassUpgrade(ClientResponse response) {
    if (!key_.empty() && response.Header().Get("Sec-WebSocket-Accept") != internal::WebSocketAccept(key_)) {
      return MakeClientFailure({ClientFailure::kMalformed, true, response.Url(), "the Sec-WebSocket-Accept does not match the key"});
    }
    Result<Stream> upstream = response.TakeStream();
    if (Error err = upstream.Err()) return err;
    internal::PassFields(response.Header(), w_.Header());
    if (!key_.empty()) w_.Header().Del("Sec-WebSocket-Accept");  // it belongs to the key, which is not the client's
    w_.Header().Set("Upgrade", response.Header().Get("Upgrade"));
    w_.WriteHeader(101);
    Result<Stream> client = w_.Hijack();
    if (Error err = client.Err()) return err;
    return internal::JoinStreams(r_.Ctx(), *client, *upstream);
  }

  static constexpr std::size_t kPiece = 32 * 1024;
  static constexpr std::size_t kSmall = 8 * 1024;

  UpstreamPool& pool_;
  const ProxyOptions& options_;
  ResponseWriter& w_;
  Request& r_;
  std::string_view upgrade_;
  std::string key_;  // ours, for an upgrade that came without one
  std::vector<std::string> tried_;
};

}  // namespace

Handler ReverseProxy(UpstreamPool& pool, ProxyOptions options) {
  return [&pool, options = std::move(options)](ResponseWriter& w, Request& r) { return Passage(pool, options, w, r).Serve(); };
}

}  // namespace weft
