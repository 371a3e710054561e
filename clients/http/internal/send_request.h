// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_SEND_REQUEST_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_SEND_REQUEST_H_

#include <memory>

#include <weft/clients/http/client_response.h>
#include <weft/clients/http/internal/loop_part.h>
#include <weft/clients/http/internal/outgoing_request.h>

namespace weft::internal {

// Sends a request, once more on a new connection if the first one had ended meanwhile, and returns when the head of the response has arrived.
Result<ClientResponse> SendRequest(const Context& ctx, LoopPart& part, OutgoingRequest request);

// Sends the head of a request whose body the caller writes. `own`: what the request points into.
Result<ClientExchange> OpenExchange(const Context& ctx, LoopPart& part, OutgoingRequest request, std::unique_ptr<ClientRequest> own);

// Makes sure that there is a connection.
Error WarmUp(const Context& ctx, LoopPart& part, const HttpUrl& url);

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_SEND_REQUEST_H_
