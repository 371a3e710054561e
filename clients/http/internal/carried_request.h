// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_INTERNAL_CARRIED_REQUEST_H_
#define WEFT_CLIENTS_HTTP_INTERNAL_CARRIED_REQUEST_H_

#include <functional>
#include <string>

#include <weft/clients/http/internal/url.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/result.h>
#include <weft/http/fields.h>
#include <weft/net/client_failure.h>

namespace weft::internal {

// The request of an exchange: what each protocol that may carry it must know, and how its failures name it.
struct CarriedRequest {
  HttpUrl url;
  std::string method;
  bool chunked = false;              // the length of its body is unknown
  const Fields* trailers = nullptr;  // after a chunked body
  const std::function<void(int, const Fields&)>* on_interim = nullptr;
  bool sent_any = false;             // the server may have seen something of it
  bool head_late = false;            // the server has had its time to respond

  void ReportInterim(int status, const Fields& fields) const {
    if (WantsInterims()) (*on_interim)(status, fields);
  }
  bool WantsInterims() const { return on_interim != nullptr && *on_interim; }

  Error Failure(ClientFailure::Kind kind, std::string detail, const Error& cause = {}) const;
  // The Error of a call under `ctx` whose connection has failed.
  Error Failed(const Context& ctx, const Error& error, const char* detail) const;
  Error SendHasFailed() const { return Failure(ClientFailure::kReset, "the request has failed before"); }
  Error ResponseHasFailed() const { return MakeClientFailure({ClientFailure::kReset, true, url.origin, "the response has already failed"}); }
};

}  // namespace weft::internal

#endif  // WEFT_CLIENTS_HTTP_INTERNAL_CARRIED_REQUEST_H_
