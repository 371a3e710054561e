// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_INTERNAL_COMPLETION_H_
#define WEFT_HANDLERS_INTERNAL_COMPLETION_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>

namespace weft {
class Request;
}

namespace weft::internal {

// The outcome of a response that is complete or was broken off.
struct Outcome {
  int status = 0;           // kStatusClientGone if the client did not wait for it
  std::uint64_t bytes = 0;  // of the body, as passed on for sending: none for HEAD
  bool aborted = false;     // it was broken off, or never sent
  Error error;              // of the handler, or else why the response is not what it intended
};

// What a middleware leaves with the writer until the response is complete: until filters, errors and
// outer middleware have done their part (ResponseAccess::AtCompletion). It has the same form for all
// middleware, and is not a function with captures, so that a pooled writer keeps the memory.
struct AtCompletion {
  void (*call)(const AtCompletion& left, const Outcome& outcome);
  std::shared_ptr<void> owner;  // the middleware's data for `call`
  const Request* request;
  Context ctx;  // of the middleware: log lines from `call` have its ids
  std::chrono::system_clock::time_point arrived{};
  TimePoint start{};
  Duration took{};  // until the handler returned
  Error error;      // what the handler inside of the middleware returned or threw
};

}  // namespace weft::internal

#endif  // WEFT_HANDLERS_INTERNAL_COMPLETION_H_
