// SPDX-License-Identifier: Apache-2.0
#include "load/http2.h"

#include <utility>

namespace weft::bench {
namespace {

constexpr std::size_t kHeader = 9;
constexpr unsigned char kHeaders = 1, kReset = 3, kSettings = 4, kGoAway = 7;
constexpr unsigned char kEndStream = 1, kAck = 1, kEndHeaders = 4;

void AppendFrame(std::string& out, unsigned char type, unsigned char flags, std::uint32_t stream, std::string_view payload) {
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift & 0xFF);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xFF);
  out += payload;
}

// RFC 7541 section 5.2, without Huffman's code; of less than 127 bytes.
void AppendText(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size());
  out += text;
}

}  // namespace

std::string Http2Client::Hello() const {
  std::string hello = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  AppendFrame(hello, kSettings, 0, 0, {});
  return hello;
}

// RFC 7541 section 6. The path is not kept; :authority, user-agent and accept are, by the first request.
std::string Http2Client::Request() {
  std::string block = options_.tls ? "\x82\x87\x04" : "\x82\x86\x04";
  AppendText(block, options_.path);
  if (next_stream_ == 1) {
    AppendText(block += '\x41', options_.host);
    AppendText(block += '\x7A', "load");
    AppendText(block += '\x53', "*/*");
  } else {
    block += "\xC0\xBF\xBE";
  }
  std::string frame;
  AppendFrame(frame, kHeaders, kEndHeaders | kEndStream, next_stream_, block);
  next_stream_ += 2;
  return frame;
}

bool Http2Client::Receive(std::string_view bytes) {
  in_ += bytes;
  std::size_t at = 0;
  while (in_.size() - at >= kHeader) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in_[at + i]); };
    const std::size_t size = std::size_t{byte(0)} << 16 | std::size_t{byte(1)} << 8 | byte(2);
    if (in_.size() - at < kHeader + size) break;
    const unsigned char type = byte(3);
    if (type == kReset || type == kGoAway) return false;
    if (type == kSettings && (byte(4) & kAck) == 0) AppendFrame(owed_, kSettings, kAck, 0, {});
    if (type <= kHeaders && (byte(4) & kEndStream) != 0) ++complete_;
    at += kHeader + size;
  }
  in_.erase(0, at);
  return true;
}

std::string Http2Client::Owed() { return std::exchange(owed_, {}); }

}  // namespace weft::bench
