// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/http1/framing.h>

#include <limits>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/text.h>

namespace weft::internal {

RequestFraming FrameRequest(const Head& head) {
  RequestFraming framing;
  if (head.chunked) {
    framing.kind = BodyKind::kChunked;
  } else if (head.content_length != 0) {
    framing.kind = BodyKind::kLength;
    framing.length = head.content_length;
  }
  framing.expects_continue = head.expect_continue && framing.kind != BodyKind::kNone;
  return framing;
}

bool ClientKeepsAlive(const Head& head) {
  if (head.connection_close) return false;
  return head.version_minor >= 1 || head.connection_keep_alive;
}

ResponseFraming FrameResponse(const ResponseFacts& facts) {
  ResponseFraming framing;
  framing.keep_alive = facts.keep_alive;
  // RFC 9110 sections 8.6 and 9.3.6: no Content-Length in 1xx, 204, and 2xx to CONNECT; what follows the last is a
  // tunnel.
  const bool tunnel = facts.connect_request && facts.status / 100 == 2;
  if (facts.status < 200 || facts.status == 204 || tunnel) return framing;

  // RFC 9110 section 15.3.6: 205 has no body, and the client shall see that at once.
  if (facts.status == 205) {
    framing.send_length = true;
    return framing;
  }
  // What HEAD and 304 tell about a length is what 200 to GET would have told, or nothing (RFC 9110 section 8.6). A
  // handler that wrote nothing to HEAD may have saved itself the work, so an empty body is no knowledge.
  if (facts.status == 304 || facts.head_request) {
    if (facts.declared_length) {
      framing.send_length = true;
      framing.length = *facts.declared_length;
    } else if (facts.status != 304 && facts.complete && facts.body_bytes != 0) {
      framing.send_length = true;
      framing.length = facts.body_bytes;
    }
    return framing;
  }

  framing.send_body = true;
  if (facts.declared_length || facts.complete) {
    framing.kind = BodyKind::kLength;
    framing.send_length = true;
    framing.length = facts.declared_length ? *facts.declared_length : facts.body_bytes;
  } else if (facts.version_minor >= 1) {
    framing.kind = BodyKind::kChunked;
  } else {
    framing.kind = BodyKind::kUntilClose;  // RFC 9112 section 6.3, rule 8
    framing.keep_alive = false;
  }
  return framing;
}

bool WantsClose(const Fields& fields) {
  for (const auto& [name, value] : fields) {
    if (name.size() != 10 || !EqualsIgnoreCase(name, "connection")) continue;
    const bool without_close =
        ForEachElement(value, [](std::string_view option) { return !EqualsIgnoreCase(option, "close"); });
    if (!without_close) return true;
  }
  return false;
}

std::optional<std::uint64_t> ParseLength(std::string_view digits) {
  // One below the type's range keeps the largest value free to mean "no limit", and 2^63 out of signed sums.
  constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
  if (digits.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : digits) {
    if (!Is(c, kDigitChar)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMax - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

}  // namespace weft::internal
