// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HTTP_HTTP2_FLOODS_H_
#define WEFT_TESTS_HTTP_HTTP2_FLOODS_H_

#include <string>
#include <string_view>
#include <vector>

#include "http2_play.h"

namespace weft::internal::http2 {

// What is cheap to send, over and over, and how its connection has to end (RFC 9113 section 10.5). "/park" is a handler that waits.
struct Flood {
  const char* name;
  std::string begin;  // once, after the preface and SETTINGS
  std::string again;  // over and over; kNextStream in it stands for one more stream each time
  const char* event;  // what the observer hears: how "misbehaved: ..." begins
  ErrorCode goaway;
};

inline constexpr std::uint32_t kNextStream = 0x1001;

inline std::string FloodGet(std::uint32_t stream) {
  return Headers(stream, {{":method", "GET"}, {":scheme", "http"}, {":path", "/park"}, {":authority", "test"}});
}
inline std::string FloodPost(std::uint32_t stream, std::vector<Fields::Field> more = {}) {
  std::vector<Fields::Field> fields{{":method", "POST"}, {":scheme", "http"}, {":path", "/park"}, {":authority", "test"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Headers(stream, fields, /*end=*/false);
}

inline std::vector<Flood> AllFloods() {
  const std::vector<Fields::Field> malformed{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"connection", "x"}};
  const std::string padded(1 + 255, '\0');
  std::string overhead;
  for (int i = 0; i < 8; ++i) overhead += Frame(frame_type::kData, frame_flag::kPadded, 1, "\xFF" "x" + padded.substr(1));
  return {
      {"RapidReset", "", FloodGet(kNextStream) + NumberFrame(frame_type::kReset, kNextStream, 8), "resets", ErrorCode::kEnhanceYourCalm},
      {"MalformedRequests", "", Headers(kNextStream, malformed), "malformed requests", ErrorCode::kEnhanceYourCalm},
      {"ResetsThatItProvokes", "", FloodGet(kNextStream) + NumberFrame(frame_type::kWindowUpdate, kNextStream, 0x7FFFFFFF), "",
       ErrorCode::kEnhanceYourCalm},
      {"BodiesOfAnotherLength", "", FloodPost(kNextStream, {{"content-length", "1"}}) + Data(kNextStream, "xy"), "malformed requests",
       ErrorCode::kEnhanceYourCalm},
      {"RefusedStreams", "", FloodGet(kNextStream), "refused streams", ErrorCode::kEnhanceYourCalm},
      {"Pings", "", Frame(frame_type::kPing, 0, 0, "12345678"), "control frames", ErrorCode::kEnhanceYourCalm},
      {"Pongs", "", Frame(frame_type::kPing, frame_flag::kAck, 0, "12345678"), "control frames", ErrorCode::kEnhanceYourCalm},
      {"Settings", "", Settings({{4, 1000}}), "control frames", ErrorCode::kEnhanceYourCalm},
      {"UnknownFrames", "", Frame(0x77, 0, 0, "x"), "control frames", ErrorCode::kEnhanceYourCalm},
      {"EmptyData", FloodPost(1), Data(1, ""), "empty DATA", ErrorCode::kEnhanceYourCalm},
      {"PaddingAlone", FloodPost(1), Frame(frame_type::kData, frame_flag::kPadded, 1, "\xFF" + padded.substr(1)), "empty DATA",
       ErrorCode::kEnhanceYourCalm},
      {"Padding", FloodPost(1), overhead, "overhead", ErrorCode::kEnhanceYourCalm},
      {"Priorities", "", Frame(frame_type::kPriority, 0, 3, std::string("\0\0\0\0\x10", 5)), "priorities", ErrorCode::kEnhanceYourCalm},
      {"WindowUpdates", "", NumberFrame(frame_type::kWindowUpdate, 0, 1), "window updates", ErrorCode::kEnhanceYourCalm},
      {"Continuations", Frame(frame_type::kHeaders, 0, 1, Block(GetFields())), Frame(frame_type::kContinuation, 0, 1, ""), "",
       ErrorCode::kProtocolError},
      {"FieldsWithoutEnd", Frame(frame_type::kHeaders, 1, 1, Block(GetFields())),
       Frame(frame_type::kContinuation, 0, 1, Block({{"a", std::string(8000, 'x')}})), "", ErrorCode::kProtocolError},
  };
}

// What it sends in this round, from 0.
inline std::string RoundOf(const Flood& flood, int round) {
  std::string bytes = flood.again;
  for (std::size_t at = 0; at + kFrameHeaderSize <= bytes.size();) {
    const FrameHeader header = FrameScanner::Parse(reinterpret_cast<const unsigned char*>(bytes.data() + at));
    if (header.stream == kNextStream) {
      const std::uint32_t id = 3 + 2 * static_cast<std::uint32_t>(round);
      for (int i = 0; i < 4; ++i) bytes[at + 5 + static_cast<std::size_t>(i)] = static_cast<char>(id >> (24 - 8 * i) & 0xFF);
    }
    at += kFrameHeaderSize + header.length;
  }
  return bytes;
}

// The error of the last GOAWAY among the frames of a server, of which the last one may be cut; 99: there is none.
inline std::uint32_t GoAwayOf(std::string_view seen) {
  std::uint32_t code = 99;
  while (seen.size() >= kFrameHeaderSize) {
    const FrameHeader header = FrameScanner::Parse(reinterpret_cast<const unsigned char*>(seen.data()));
    const std::string_view payload = seen.substr(kFrameHeaderSize, header.length);
    if (header.type == frame_type::kGoAway) code = SeenFrame{header, std::string(payload)}.Number(4);
    seen.remove_prefix(std::min(seen.size(), kFrameHeaderSize + header.length));
  }
  return code;
}

}  // namespace weft::internal::http2

#endif  // WEFT_TESTS_HTTP_HTTP2_FLOODS_H_
