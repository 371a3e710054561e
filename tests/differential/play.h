// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_DIFFERENTIAL_PLAY_H_
#define WEFT_TESTS_DIFFERENTIAL_PLAY_H_

#include <string>
#include <utility>
#include <vector>

#include "cases.h"

namespace weft::differential {

// One final response.
struct Response {
  int status = 0;
  std::string seen;  // X-Seen: "METHOD path size" of the request that a handler has taken; empty: the server's own response
  std::string edge;  // X-Edge: set by a proxy on what came from behind it
  std::vector<std::pair<std::string, std::string>> fields;  // names in small letters
  std::string body;

  std::string Field(const std::string& lower) const;
};

// What a server made of a stream.
struct Record {
  std::vector<Response> responses;
  int interim = 0;      // responses 1xx
  bool closed = false;  // by the server
  std::string junk;     // bytes that are not a response
};

// Sends `bytes` on connections of their own to the unix socket at `path`, all at the same time, and reads until each is closed or
// nothing has come from any of them for some time: what a server waits for cannot be waited for.
std::vector<Record> Play(const std::string& path, const std::vector<std::string>& streams);

// The streams of the cases, each with the request behind it that all should agree about.
std::vector<std::string> StreamsOf(const std::vector<Case>& cases);

// What is shown of a record: for each request that was taken the end of its path and the size of its body, then the status of a
// refusal, in parentheses if it came from behind a proxy, then "..." if the server waits. "a:5 after:0", "400", "a:5 ...".
std::string Short(const Record& record);

}  // namespace weft::differential

#endif  // WEFT_TESTS_DIFFERENTIAL_PLAY_H_
