// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_REFUSALS_H_
#define WEFT_SERVER_INTERNAL_REFUSALS_H_

#include <cstddef>
#include <functional>
#include <string_view>
#include <vector>

#include <weft/handlers/refusal_body.h>

namespace weft::internal {

// The responses by which a server rejects requests that no handler has seen: plain text that says why, or what
// ServerOptions::refusal makes of the status. Any thread.
class Refusals {
 public:
  // Calls the function once for each status that the server itself uses. A body without a valid Content-Type is left out.
  explicit Refusals(const std::function<RefusalBody(int status)>& make);

  // The body of such a response, for callers that frame it themselves.
  RefusalBody For(int status, std::string_view reason) const;

  // Writes a complete response that closes the connection, and returns its size. If that is above `capacity` the
  // content of `out` is undefined: call again with that much room.
  std::size_t Write(char* out, std::size_t capacity, int status, std::string_view reason, std::string_view date_line,
                    int retry_after, bool method_is_head) const;

 private:
  struct Row {
    int status;
    RefusalBody body;
  };
  std::vector<Row> rows_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_REFUSALS_H_
