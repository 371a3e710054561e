// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/http_client.h>

#include <string>
#include <utility>

#include <weft/clients/http/internal/client_state.h>
#include <weft/clients/http/internal/exchange.h>
#include <weft/clients/http/internal/redirect.h>
#include <weft/clients/http/internal/send_request.h>

namespace weft {
namespace {

using internal::OutgoingRequest;

// The part of a request that is the same for all of its attempts.
OutgoingRequest Outgoing(const ClientRequest& request, const internal::HttpUrl& url, const HttpClientOptions& options) {
  OutgoingRequest out;
  out.method = request.Method();
  out.url = &url;
  out.fields = ClientRequestAccess::Header(request);
  out.trailers = ClientRequestAccess::Trailer(request);
  out.user_agent = options.user_agent;
  out.expect = ClientRequestAccess::Expect(request);
  out.without_slot = ClientRequestAccess::IsWithoutSlot(request);
  out.response_timeout = ClientRequestAccess::ResponseTimeout(request).value_or(options.response_timeout);
  out.on_interim = &ClientRequestAccess::OnInterim(request);
  if (BodyReader* reader = ClientRequestAccess::Reader(request)) {
    out.body = OutgoingRequest::Body::kReader;
    out.reader = reader;
    out.length = reader->Length();
  } else if (const std::optional<std::string>& body = ClientRequestAccess::Body(request)) {
    out.body = OutgoingRequest::Body::kWhole;
    out.whole = *body;
  }
  return out;
}

}  // namespace

HttpClient::HttpClient(HttpClientOptions options) : state_(std::make_unique<internal::ClientState>(std::move(options))) {}
HttpClient::~HttpClient() = default;

Result<ClientResponse> HttpClient::Do(const Context& ctx, const ClientRequest& request) {
  internal::LoopPart& part = state_->Part("HttpClient::Do");
  internal::HttpUrl url;
  if (Error err = part.urls().Read(request.Url(), url)) return err;
  OutgoingRequest out = Outgoing(request, url, state_->shared.options);
  if (Error err = CheckRequest(out)) return err;
  for (int redirects = 0;; ++redirects) {
    Result<ClientResponse> response = internal::SendRequest(ctx, part, out);
    if (!response.Ok() || redirects >= state_->shared.options.redirects_max) return response;
    internal::HttpUrl next;
    const internal::Redirect redirect = internal::JudgeRedirect(*response, out, next);
    if (redirect == internal::Redirect::kFinal) return response;
    if (Error err = internal::FollowRedirect(redirect, next, url, out)) return response;
  }
}

Result<ClientResponse> HttpClient::Get(const Context& ctx, std::string_view url) {
  internal::LoopPart& part = state_->Part("HttpClient::Get");
  if (state_->shared.options.redirects_max > 0) return Do(ctx, ClientRequest("GET", std::string(url)));
  internal::HttpUrl parsed;
  if (Error err = part.urls().Read(url, parsed)) return err;
  OutgoingRequest out;
  out.method = "GET";
  out.url = &parsed;
  out.user_agent = state_->shared.options.user_agent;
  out.response_timeout = state_->shared.options.response_timeout;
  return internal::SendRequest(ctx, part, out);
}

Result<ClientResponse> HttpClient::Post(const Context& ctx, std::string_view url, std::string_view content_type, std::string_view body) {
  ClientRequest request("POST", std::string(url));
  request.Header().Set("Content-Type", content_type);
  request.SetBody(std::string(body));
  return Do(ctx, request);
}

Result<ClientExchange> HttpClient::Open(const Context& ctx, ClientRequest request, std::optional<std::uint64_t> length) {
  internal::LoopPart& part = state_->Part("HttpClient::Open");
  internal::HttpUrl url;
  if (Error err = part.urls().Read(request.Url(), url)) return err;
  auto own = std::make_unique<ClientRequest>(std::move(request));
  OutgoingRequest out = Outgoing(*own, url, state_->shared.options);
  out.body = OutgoingRequest::Body::kByCaller;
  out.reader = nullptr;
  out.length = length;
  if (Error err = CheckRequest(out)) return err;
  return internal::OpenExchange(ctx, part, out, std::move(own));
}

Error HttpClient::Warm(const Context& ctx, std::string_view origin) {
  internal::LoopPart& part = state_->Part("HttpClient::Warm");
  internal::HttpUrl url;
  if (Error err = part.urls().Read(origin, url)) return err;
  return internal::WarmUp(ctx, part, url);
}

PoolStats HttpClient::Stats() const { return state_->shared.Stats(); }
const HttpClientOptions& HttpClient::Options() const { return state_->shared.options; }

}  // namespace weft
