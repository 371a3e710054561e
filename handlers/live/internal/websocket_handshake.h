// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_HANDSHAKE_H_
#define WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_HANDSHAKE_H_

#include <string>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/handlers/request.h>
#include <weft/handlers/response_writer.h>
#include <weft/http/fields.h>

namespace weft::internal {

// Whether it came by the extended CONNECT of HTTP/2 (RFC 8441), of which a handler sees an upgrade. There is no key then: that this is no
// request of HTTP/1.1 is known.
bool IsExtendedConnect(const Request& r);

// Whether the request opens a WebSocket (RFC 6455 section 4.2.1). An Error responds 426, with the fields that go with it, or 400.
Error CheckHandshake(ResponseWriter& w, const Request& r);

// 403 where a page of another origin has sent it. `origins`: see WebSocketOptions.
Error CheckOrigin(const Request& r, const std::vector<std::string>& origins);

// Takes the fields of the 101 out of a response that will be another one.
void TakeBackHandshake(Fields& response);

// The first of `protocols` that the client offers, or nothing.
std::string ChooseProtocol(const Request& r, const std::vector<std::string>& protocols);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_LIVE_INTERNAL_WEBSOCKET_HANDSHAKE_H_
