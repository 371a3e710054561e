// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_OUTCOME_H_
#define WEFT_HANDLERS_INTERNAL_OUTCOME_H_

#include <cstdint>

#include <weft/concurrency/error.h>
#include <weft/handlers/response_writer.h>

namespace weft::internal {

// What becomes of a request whose handler has returned, as far as the outermost middleware can know.
struct Outcome {
  int status = 0;           // kStatusClientGone if the client did not wait for it
  std::uint64_t bytes = 0;  // of the body, after all filters
  bool aborted = false;     // the response was broken off or never given
};

// `error` is what the handler has returned or thrown.
Outcome OutcomeOf(const ResponseWriter& w, const Error& error);

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_OUTCOME_H_
