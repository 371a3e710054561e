// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_FUZZ_EXCHANGE_H_
#define WEFT_TESTS_FUZZ_EXCHANGE_H_

#include <string>
#include <string_view>

#include <weft/concurrency/context.h>
#include <weft/server/options.h>
#include <weft/server/testing.h>

namespace weft::fuzz {

// One connection of a client that sends the bytes as it likes, and returns what came until the server's end.
using Talk = std::string (*)(const Context& ctx, const TestServer& server, std::string_view bytes);

// The real server on virtual time, whose handler reads each body to the end. What it sees, and what the client gets, must be what
// the gate of fuzz_gate makes of the same bytes: no request more, none less, one response for each, and one more for a refusal,
// after which nothing is served.
void CheckExchange(std::string_view bytes, Talk talk, ServerOptions options = {});

}  // namespace weft::fuzz

#endif  // WEFT_TESTS_FUZZ_EXCHANGE_H_
