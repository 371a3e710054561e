// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_LOG_PATTERN_H_
#define WEFT_HANDLERS_LOG_PATTERN_H_

#include <string>

namespace spdlog {
class logger;
}

namespace weft {

// Gives a logger a pattern of spdlog with two additional flags:
//   %q   the id of the request (the middleware RequestId) whose fiber, Offload or AfterFunc has
//        written the line; "-" if there is none
//   %Q   the id of its trace (the middleware TraceContext), in the same way
// They work for lines of weft's log, and for those that handlers write to the logger themselves. An
// asynchronous logger of spdlog formats on a thread of its own, where both are "-"; weft's log does
// not need one to be fast. The formatter applies to the sinks that the logger has now. Do not call
// this while others use the logger.
//
//   auto logger = spdlog::stderr_color_mt("weft");
//   weft::SetLogPattern(*logger, "%Y-%m-%dT%H:%M:%S.%e %l %q %v");
void SetLogPattern(spdlog::logger& logger, std::string pattern);

}  // namespace weft

#endif  // WEFT_HANDLERS_LOG_PATTERN_H_
