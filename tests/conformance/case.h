// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CONFORMANCE_CASE_H_
#define WEFT_TESTS_CONFORMANCE_CASE_H_

#include <string>
#include <string_view>
#include <vector>

#include <weft/server/options.h>

namespace weft::conformance {

// A response that has to come.
struct Expected {
  int status = 0;
  bool no_body = false;  // "200h": the response to HEAD, whose length tells of a body that does not follow
  bool cut = false;      // "200cut": the connection ends within it
};

// What a client does when it has sent the bytes of a case.
enum class Afterwards {
  kGoesOn,    // it may send a further request: the probe
  kHalfClose,  // it closes its sending side
  kSilence,   // it sends nothing more, and leaves the connection open
};

// Bytes that a client sends, and what has to come of them.
struct Case {
  std::string title;
  std::string rule;  // "RFC 9112 section 5.1"
  std::string bytes;
  Afterwards afterwards = Afterwards::kGoesOn;
  std::vector<Expected> responses;
  bool closes = false;  // nothing behind the bytes may be taken for a request, and the server ends the connection
  std::string reason;   // why it is refused, as the last response says
  std::vector<std::string> shows;  // what the responses hold
  std::vector<std::string> hides;  // what they must not hold
  int line = 0;
};

// The cases of one file, and the server for them.
struct Table {
  std::string name;   // "chunked_coding"
  std::string about;  // "Chunked coding"
  bool mux = false;   // served by a Mux and not by the laboratory
  ServerOptions options;
  std::vector<Case> cases;
};

// Reads a table. Its lines:
//
//   about Fields              the heading in the docs
//   serve mux                 which handler, if not the laboratory (lab.h)
//   limit head=1024           head, target, fields, body, requests; or half_closed=1
//
//   = whitespace before the colon (RFC 9112 section 5.1)     begins a case
//   > GET / HTTP/1.1          bytes that the client sends, and CR LF
//   >> hello                  bytes without it
//   half-close                afterwards; or: silence
//   < 200 400 close bare LF   the responses in order; "close", the reason
//   + Allow: GET              the responses hold this
//   - HTTP/1.0                the responses do not hold this
//
// "\r", "\n", "\t", "\0", "\\", "\x7F" stand for bytes, "\*300(ab)" for 300 times "ab". Lines that begin with '#' are
// comments. Throws std::runtime_error with file and line on anything else.
Table ReadTable(const std::string& path);

// All tables of the folder, by name.
std::vector<Table> ReadTables(const std::string& folder);

// What the escapes stand for.
std::string Unescape(std::string_view text);

}  // namespace weft::conformance

#endif  // WEFT_TESTS_CONFORMANCE_CASE_H_
