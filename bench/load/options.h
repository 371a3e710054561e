// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_BENCH_LOAD_OPTIONS_H_
#define WEFT_BENCH_LOAD_OPTIONS_H_

#include <netinet/in.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace weft::bench {

enum class Mode { kClosedLoop, kInStep, kHandshakes, kPaced, kOpenLoop, kIdle, kPark, kFreePort };

// What the command line asks for. Every field has the value that the usage text names as its default.
struct Options {
  Mode mode = Mode::kClosedLoop;
  sockaddr_in address{};
  std::string host;  // the value of the Host field: the address as it was given
  std::string path = "/";
  int connections = 32;
  int pipeline = 1;
  std::string body;             // not empty: the requests are POSTs with it
  std::string body_type = "text/plain";
  std::string beside;           // a folder whose files one more connection asks for; empty: none
  bool evict = false;           // ... each of which is dropped from the page cache before
  std::uint64_t requests = 0;   // above 0 the window ends after that many answers instead of after a time; in step: rounds
  std::chrono::duration<double> seconds{3};
  std::chrono::duration<double> warmup{0.5};
  int handshakes = 0;           // a second
  int paced = 0;                // requests a second
  double open = 0;              // the same, of the open loop; 0: as many as the connections can
  double other_share = 0;       // percent of them that ask for `other_path`
  std::string other_path = "/";
  bool tls = false;             // speak TLS 1.3
  bool http2 = false;           // idle and park: HTTP/2, in plain text by prior knowledge
  int exchanges = 1;            // idle: responses that each connection takes, one after another; park, of HTTP/2: requests on each
  bool spin = false;            // poll without sleeping, so that the server never pays for waking the load
  std::vector<int> steps;       // idle and park: how many connections to hold, one after another
  bool wait = false;            // idle and park: hold the last step until stdin ends
  std::vector<pid_t> processes; // the server's: their CPU time and memory are reported
};

// Reads the command line, or prints what is wrong and how to call the program and ends the process with code 2.
Options ParseOptions(int argc, char** argv);

// Returns the bytes of one request as the options describe it.
std::string BuildRequest(const Options& options);

}  // namespace weft::bench

#endif  // WEFT_BENCH_LOAD_OPTIONS_H_
