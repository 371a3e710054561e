// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/handler.h>

#include <weft/http/status.h>

namespace weft {

Handler Chain(Handler handler, std::vector<Middleware> middleware) {
  for (std::size_t i = middleware.size(); i > 0; --i) handler = middleware[i - 1](std::move(handler));
  return handler;
}

Error HttpError(int status, std::string public_text) {
  if (status < 400 || status > 599) internal::AbortMisuse("HttpError", "the status of an error must be in 400..599");
  std::string message = std::to_string(status);
  if (const std::string_view phrase = ReasonPhrase(status); !phrase.empty()) message.append(" ").append(phrase);
  if (!public_text.empty()) message.append(": ").append(public_text);
  return Error::With(std::move(message), HttpStatus{status, std::move(public_text)});
}

}  // namespace weft
