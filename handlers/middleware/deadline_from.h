// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MIDDLEWARE_DEADLINE_FROM_H_
#define WEFT_HANDLERS_MIDDLEWARE_DEADLINE_FROM_H_

#include <chrono>
#include <string>

#include <weft/concurrency/clock.h>
#include <weft/handlers/handler.h>

namespace weft {

// Takes the deadline from the caller: a field with whole milliseconds, as HttpClient sends it with
// Propagate::deadline_field. So no work is done for a caller that has given up. It can only
// shorten: the context ends after that time, after `max` if that is less, or at the deadline that
// it already has. A request without the field is unchanged. One with anything other than 1 to 18
// digits gets 400. A handler that returns its context's error responds with 504. As with Timeout, a
// long-lived request keeps this deadline. Throws std::invalid_argument if `field` is not a valid
// name.
//
//   mux.Use(weft::DeadlineFrom("X-Request-Timeout-Ms"));
Middleware DeadlineFrom(std::string field, Duration max = std::chrono::seconds(60));

}  // namespace weft

#endif  // WEFT_HANDLERS_MIDDLEWARE_DEADLINE_FROM_H_
