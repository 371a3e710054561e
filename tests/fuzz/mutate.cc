// SPDX-License-Identifier: Apache-2.0
#include "mutate.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// libFuzzer's own mutator, where there is libFuzzer.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) __attribute__((weak));
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

namespace weft::fuzz {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLines[] = {
    "Host: a\r\n", "Host: b:80\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Content-Length: 5, 5\r\n",
    "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding:\tchunked\r\n", "Connection: close\r\n", "Connection: keep-alive\r\n", "Connection: upgrade, x\r\n",
    "Expect: 100-continue\r\n", "X: y\r\n", " folded\r\n", "\r\n", "0\r\n\r\n", "5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "0\r\nX: y\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    "GET http://a/b?c HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "CONNECT a:443 HTTP/1.1\r\n", "GET / HTTP/1.0\r\n",
};
constexpr std::string_view kWords[] = {
    "GET", "HEAD", "POST", "CONNECT", "OPTIONS", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "/", "*", "http://", "https://", "[::1]", "a:80",
    "%2e%2e", "%00", "%2F", "//", "/../", "?", "&", "=", "+", "chunked", "identity", "close", "keep-alive", "0", "5", "ffffffffffffffff",
    "7fffffffffffffff", "9223372036854775807", "9223372036854775808", "18446744073709551616", "\r\n", "\n", "\r", "\0"sv, "\t", " ", ":",
    ";", ",", "\x0B", "\x1E", "\x1F", "\x7F", "\x80", "\xFF", "content-length", "transfer-encoding", "host", "connection", "expect",
};

// The place behind a random end of line, or the begin.
std::size_t SomeLine(const std::string& message, Dice& dice) {
  if (message.empty()) return 0;
  const std::size_t end = message.rfind('\n', dice.Below(message.size()));
  return end == std::string::npos ? 0 : end + 1;
}

std::string LineAt(const std::string& message, std::size_t at) { return message.substr(at, message.find('\n', at) - at + 1); }

}  // namespace

void Mutate(std::string& message, Dice& dice) {
  const std::size_t at = message.empty() ? 0 : dice.Below(message.size());
  const std::size_t line = SomeLine(message, dice);
  switch (dice.Below(9)) {
    case 0: message.insert(line, kLines[dice.Below(std::size(kLines))]); break;
    case 1: message.insert(SomeLine(message, dice), LineAt(message, line)); break;
    case 2: message.erase(line, LineAt(message, line).size()); break;
    case 3: {
      const std::string moved = LineAt(message, line);
      message.erase(line, moved.size());
      message.insert(SomeLine(message, dice), moved);
      break;
    }
    case 4: message.insert(at, kWords[dice.Below(std::size(kWords))]); break;
    case 5: {
      const std::string_view word = kWords[dice.Below(std::size(kWords))];
      message.replace(at, std::min(message.size() - at, 1 + dice.Below(word.size())), word);
      break;
    }
    case 6: message.erase(at, 1 + dice.Below(4)); break;
    case 7:
      if (!message.empty()) message[at] = static_cast<char>(dice.Next());
      break;
    case 8: message.insert(at, message.substr(line, 1 + dice.Below(40))); break;
  }
}

}  // namespace weft::fuzz

// Called by libFuzzer in place of its own mutator, which gets every second turn.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed) {
  weft::fuzz::Dice dice(seed);
  if (LLVMFuzzerMutate != nullptr && dice.Below(2) == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::string message(reinterpret_cast<const char*>(data), size);
  for (std::size_t times = 1 + dice.Below(3); times > 0; --times) weft::fuzz::Mutate(message, dice);
  return message.copy(reinterpret_cast<char*>(data), max_size);
}
