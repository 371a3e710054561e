// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_OUTGOING_REQUEST_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_OUTGOING_REQUEST_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include <weft/clients/http/client_request.h>
#include <weft/clients/http/internal/url.h>
#include <weft/net/internal/byte_buffer.h>

namespace weft::internal {

// A request on its way, as one attempt sends it. Nothing is owned.
struct OutgoingRequest {
  enum class Body : std::uint8_t {
    kWithout,
    kWhole,     // `whole`
    kReader,    // `reader`
    kByCaller,  // which writes it as the exchange proceeds (HttpClient::Open)
  };

  std::string_view method;
  const HttpUrl* url = nullptr;
  const Fields* fields = nullptr;      // the caller's
  const Fields* propagated = nullptr;  // of the context
  const Fields* trailers = nullptr;
  std::string_view user_agent;
  Body body = Body::kWithout;
  std::string_view whole;
  BodyReader* reader = nullptr;
  std::optional<std::uint64_t> length;  // of a body that is streamed; none: chunks
  std::optional<Duration> expect;       // how long to wait for 100
  Duration response_timeout{};
  bool without_slot = false;            // not counted among the requests that an origin gets at once
  bool without_credentials = false;     // after a redirect to another origin
  const std::function<void(int, const Fields&)>* on_interim = nullptr;

  bool IsStreamed() const { return body == Body::kReader || body == Body::kByCaller; }
  bool IsChunked() const { return IsStreamed() && !length; }
};

// Whether a request with these fields requests the end of its connection.
bool RequestsClose(const Fields* fields);

// Whether it may be sent again although the server may have acted on it: the method has no side effects (RFC 9110 section 9.2.1), or a
// field lets the server recognize the repetition.
bool MayBeRepeated(const OutgoingRequest& request);

// Empty if method and fields may be sent.
Error CheckRequest(const OutgoingRequest& request);

// Whether it is about its connection, as only HTTP/1.1 has it: an upgrade, a tunnel, an end.
bool NeedsHttp1(const OutgoingRequest& request);

// The value of its Host or :authority.
std::string_view HostOf(const OutgoingRequest& request);
// The value of its Content-Length, if it has one.
std::optional<std::uint64_t> AnnouncedLength(const OutgoingRequest& request);

// Appends the head (RFC 9112 section 3).
void WriteRequestHead(ByteBuffer& out, const OutgoingRequest& request);

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_OUTGOING_REQUEST_H_
