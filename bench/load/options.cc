// SPDX-License-Identifier: Apache-2.0
#include "load/options.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

#include "common/address.h"

namespace weft::bench {
namespace {

constexpr const char* kUsage =
    "usage: load --address HOST:PORT [--connections 32] [--seconds 3 | --requests N] [--warmup 0.5] [--pipeline 1]\n"
    "            [--path /] [--body BYTES | --json FILE] [--beside FOLDER [--evict]] [--spin] [--tls] [--pid PID,PID]\n"
    "       load --address HOST:PORT --in-step ROUNDS --pid PID [--connections 32] [--pipeline 1] [--path /] [--body BYTES]\n"
    "       load --address HOST:PORT --handshakes RATE [--seconds 3] [--path /] [--pid PID,PID]\n"
    "       load --address HOST:PORT --paced RATE [--seconds 3] [--warmup 0.5] [--path /] [--tls]\n"
    "       load --address HOST:PORT --open RATE [--connections 32] [--other-share PERCENT --other-path PATH] [--seconds 3] [--path /]\n"
    "       load --address HOST:PORT --idle N,N [--exchanges 1] [--tls] [--http2] [--wait] [--pid PID,PID]\n"
    "       load --address HOST:PORT --park N,N --path /sleep/60000 [--http2 [--exchanges 1]] [--tls] [--wait] [--pid PID,PID]\n"
    "       load --free-port\n"
    "The first form keeps each connection busy and prints what it counted. --in-step stops the\n"
    "server, sends on every connection and lets it go on, ROUNDS times: the same work each time. --handshakes opens RATE\n"
    "connections a second, each with a full TLS handshake and one request, however many are in progress; --paced sends RATE\n"
    "requests a second on a kept one. --open holds a rate at random moments over all connections, or with 0 finds out\n"
    "what they can do. --idle opens connections up to each N, takes\n"
    "as many answers on each as --exchanges says and holds them; --park sends one request on each, or so many over HTTP/2, and\n"
    "expects no answer; both report the memory of\n"
    "the given processes after each step, and --wait holds the last one until stdin ends. --free-port prints a port that\n"
    "is free now. --json sends the text of a file; --beside asks for the files of a folder on one more connection, which\n"
    "is not counted, and --evict drops each of them from the page cache before.\n";

[[noreturn]] void Refuse(const std::string& what) {
  std::fprintf(stderr, "load: %s\n%s", what.c_str(), kUsage);
  std::exit(2);
}

std::string ReadFile(std::string_view name) {
  std::ifstream file{std::string(name)};
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.empty()) Refuse(std::string(name) + ": nothing to read");
  return text;
}

template <class T>
T Number(std::string_view flag, std::string_view text, T least) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least) {
    Refuse(std::string(flag) + ": no usable number: '" + std::string(text) + "'");
  }
  return value;
}

template <class T>
std::vector<T> Numbers(std::string_view flag, std::string_view text) {
  std::vector<T> values;
  while (true) {
    const std::size_t comma = text.find(',');
    values.push_back(Number<T>(flag, text.substr(0, comma), 1));
    if (comma == std::string_view::npos) return values;
    text.remove_prefix(comma + 1);
  }
}

void ApplyFlag(Options& options, std::string_view flag, std::string_view value) {
  if (flag == "--address") {
    options.address = ParseAddress(value);
    options.host = value;
  } else if (flag == "--path") {
    options.path = value;
  } else if (flag == "--connections") {
    options.connections = Number<int>(flag, value, 1);
  } else if (flag == "--pipeline") {
    options.pipeline = Number<int>(flag, value, 1);
  } else if (flag == "--body") {
    options.body.assign(Number<std::size_t>(flag, value, 1), 'x');
  } else if (flag == "--json") {
    options.body = ReadFile(value);
    options.body_type = "application/json";
  } else if (flag == "--beside") {
    options.beside = value;
  } else if (flag == "--requests") {
    options.requests = Number<std::uint64_t>(flag, value, 1);
  } else if (flag == "--in-step") {
    options.mode = Mode::kInStep;
    options.requests = Number<std::uint64_t>(flag, value, 1);
  } else if (flag == "--exchanges") {
    options.exchanges = Number<int>(flag, value, 1);
  } else if (flag == "--seconds") {
    options.seconds = std::chrono::duration<double>(Number<double>(flag, value, 0.01));
  } else if (flag == "--warmup") {
    options.warmup = std::chrono::duration<double>(Number<double>(flag, value, 0));
  } else if (flag == "--pid") {
    options.processes = Numbers<pid_t>(flag, value);
  } else if (flag == "--handshakes") {
    options.mode = Mode::kHandshakes;
    options.handshakes = Number<int>(flag, value, 1);
  } else if (flag == "--paced") {
    options.mode = Mode::kPaced;
    options.paced = Number<int>(flag, value, 1);
  } else if (flag == "--open") {
    options.mode = Mode::kOpenLoop;
    options.open = Number<double>(flag, value, 0);
  } else if (flag == "--other-share") {
    options.other_share = Number<double>(flag, value, 0);
  } else if (flag == "--other-path") {
    options.other_path = value;
  } else if (flag == "--idle" || flag == "--park") {
    options.mode = flag == "--idle" ? Mode::kIdle : Mode::kPark;
    options.steps = Numbers<int>(flag, value);
  } else {
    Refuse("unknown flag '" + std::string(flag) + "'");
  }
}

}  // namespace

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--tls") {
      options.tls = true;
    } else if (flag == "--http2") {
      options.http2 = true;
    } else if (flag == "--spin") {
      options.spin = true;
    } else if (flag == "--evict") {
      options.evict = true;
    } else if (flag == "--wait") {
      options.wait = true;
    } else if (flag == "--free-port") {
      options.mode = Mode::kFreePort;
    } else if (i + 1 < argc) {
      ApplyFlag(options, flag, argv[++i]);
    } else {
      Refuse(std::string(flag) + " is unknown or lacks its value");
    }
  }
  if (options.mode != Mode::kFreePort && options.host.empty()) Refuse("--address is missing");
  return options;
}

std::string BuildRequest(const Options& options) {
  std::string request = options.body.empty() ? "GET " : "POST ";
  request += options.path + " HTTP/1.1\r\nHost: " + options.host + "\r\nUser-Agent: load\r\nAccept: */*\r\n";
  if (!options.body.empty()) {
    request += "Content-Type: " + options.body_type + "\r\nContent-Length: " + std::to_string(options.body.size()) + "\r\n";
  }
  return request + "\r\n" + options.body;
}

}  // namespace weft::bench
