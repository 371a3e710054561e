// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_FUZZ_GATE_H_
#define WEFT_TESTS_FUZZ_GATE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/http1/head_parser.h>

namespace weft::fuzz {

// One request as it came out of a stream.
struct Seen {
  std::string method;
  std::string target;
  std::string body;
  bool expects_continue = false;

  friend bool operator==(const Seen&, const Seen&) = default;
};

// All of them, and what ended the reading.
struct Stream {
  enum class End : std::uint8_t {
    kWaits,    // for more bytes
    kRefused,  // a head or a body
    kClosed,   // behind CONNECT, or a request that the client did not want to be followed
  };
  End end = End::kWaits;
  bool in_body = false;  // refused or waiting within the body of a request, which is not in the list
  Seen begun = {};       // that request, with the body so far
  std::vector<Seen> requests = {};

  friend bool operator==(const Stream&, const Stream&) = default;
};

// Takes requests off a stream as the server does: head, framing, body, next. The pieces may come as they like: Feed is called with each.
class Gate {
 public:
  explicit Gate(const internal::HeadLimits& limits);
  ~Gate();

  void Feed(std::string_view piece);
  const Stream& Result() const { return stream_; }

 private:
  struct State;
  bool Step();
  bool ReadHead();
  bool ReadBody();

  const internal::HeadLimits limits_;
  State* state_;
  std::string waiting_;  // came, but is not part of a whole head or a body yet
  Stream stream_;
};

// The same by the oracle, from all bytes at once.
Stream JudgeStream(std::string_view bytes, const internal::HeadLimits& limits);

}  // namespace weft::fuzz

#endif  // WEFT_TESTS_FUZZ_GATE_H_
