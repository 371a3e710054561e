// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_HTTP2_H_
#define WEFT_BENCH_LOAD_HTTP2_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "load/options.h"

namespace weft::bench {

// The client's side of one connection of HTTP/2, as far as held connections need it: GETs whose fields are in the dynamic table of
// HPACK from the first one on, as those of browsers are, and small responses.
class Http2Client {
 public:
  explicit Http2Client(const Options& options) : options_(options) {}

  // The preface, SETTINGS, and what follows of it.
  std::string Hello() const;
  // The next request, on a stream of its own.
  std::string Request();

  // What came. False: a stream or the connection was broken off.
  bool Receive(std::string_view bytes);
  // Responses that are here whole.
  int Complete() const { return complete_; }
  // To be sent since: the acknowledgement of SETTINGS.
  std::string Owed();

 private:
  const Options& options_;
  std::uint32_t next_stream_ = 1;
  std::string in_;
  std::string owed_;
  int complete_ = 0;
};

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_HTTP2_H_
