// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_HTTP1_REFUSAL_H_
#define WEFT_HTTP_INTERNAL_HTTP1_REFUSAL_H_

namespace weft::internal {

// Why a message is not taken: the status of the response, and static text for the observer and the client. True if there is
// one.
struct Refusal {
  int status = 0;
  const char* reason = nullptr;

  constexpr explicit operator bool() const { return status != 0; }
};

// A line ends with CR LF and nothing else: a server that also takes a bare LF, or a CR inside a line, reads other
// lines than the proxy in front of it (RFC 9112 sections 2.2 and 11.2).
inline constexpr Refusal kBareLf{400, "bare LF"};
inline constexpr Refusal kBareCr{400, "bare CR"};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_HTTP1_REFUSAL_H_
