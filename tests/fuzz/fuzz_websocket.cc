// SPDX-License-Identifier: Apache-2.0
//
// What is read and written of a WebSocket (RFC 6455). The input is a code, a key and a reason; and, as a whole, a stream of frames of either side. A
// frame is read as it was written, whether by rules or by the reader. In a stream the reader finds what Beast's does, however it is cut; with the
// differences that are listed at CompareWithBeast.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <weft/http/internal/websocket_close.h>
#include <weft/http/internal/websocket_frames.h>
#include <weft/http/internal/websocket_key.h>
#include <weft/http/internal/websocket_reader.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

unsigned Byte(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

// --- close frames

// Bytes of the character of UTF-8 at the start of `text` (RFC 3629 section 4); 0: there is none.
std::size_t CharacterSize(std::string_view text) {
  struct Form {
    unsigned first_low, first_high, second_low, second_high;
    std::size_t size;
  };
  constexpr Form kForms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
                             {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
                             {0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (const Form& form : kForms) {
    if (text.size() < form.size || Byte(text, 0) < form.first_low || Byte(text, 0) > form.first_high) continue;
    if (form.size > 1 && (Byte(text, 1) < form.second_low || Byte(text, 1) > form.second_high)) return 0;
    for (std::size_t i = 2; i < form.size; ++i) {
      if (Byte(text, i) < 0x80 || Byte(text, i) > 0xbf) return 0;
    }
    return form.size;
  }
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = CharacterSize(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void CheckCut(std::string_view reason) {
  const std::string_view cut = internal::CutReason(reason);
  FUZZ_CHECK(cut.size() <= 123 && cut == reason.substr(0, cut.size()), "what is cut is a beginning that fits");
  if (reason.size() <= 123) FUZZ_CHECK(cut == reason, "what fits is not cut");
  if (!IsUtf8(reason)) return;
  FUZZ_CHECK(IsUtf8(cut), "no character is cut");
  if (cut.size() < reason.size()) FUZZ_CHECK(cut.size() + CharacterSize(reason.substr(cut.size())) > 123, "no more would fit");
}

struct Close {
  unsigned code = 0;
  std::string reason;
};

// One whole frame that is a close frame with a code (RFC 6455 sections 5.2 and 5.5.1).
std::optional<Close> ReadClose(std::string_view frame, bool masked) {
  if (frame.size() < 2 || Byte(frame, 0) != 0x88 || (Byte(frame, 1) >= 0x80) != masked) return std::nullopt;
  const std::size_t length = Byte(frame, 1) & 0x7f, head = masked ? 6 : 2;
  if (length < 2 || length > 125 || frame.size() != head + length) return std::nullopt;
  std::string payload;
  for (std::size_t i = 0; i < length; ++i) payload.push_back(static_cast<char>(Byte(frame, head + i) ^ (masked ? Byte(frame, 2 + i % 4) : 0)));
  return Close{Byte(payload, 0) * 256 + Byte(payload, 1), payload.substr(2)};
}

void CheckClose(std::string_view bytes) {
  if (bytes.size() < 6) return;
  const unsigned code = Byte(bytes, 0) * 256 + Byte(bytes, 1);
  const bool registered = code == 1000 || code == 1001 || code == 1002 || code == 1003 || (code >= 1007 && code < 1014);
  FUZZ_CHECK(internal::MayBeCloseCode(static_cast<int>(code)) == (registered || code / 1000 == 3 || code / 1000 == 4), "the codes of IANA's registry, without that for gateways");
  std::array<unsigned char, 4> key;
  for (std::size_t i = 0; i < 4; ++i) key[i] = static_cast<unsigned char>(bytes[2 + i]);
  const std::string_view reason = bytes.substr(6);
  CheckCut(reason);
  const std::string payload = internal::ClosePayload(static_cast<int>(code), reason);
  for (const bool masked : {false, true}) {
    const internal::FrameBytes frame(internal::FrameKind::kClose, true, payload, masked ? std::optional(key) : std::nullopt);
    const std::optional<Close> close = ReadClose(frame.View(), masked);
    FUZZ_CHECK(close && close->code == code && close->reason == internal::CutReason(reason), "a close frame says what was asked for");
  }
}

// --- streams of frames

using internal::WebSocketReader;

// What was found, one after the other, up to a close frame or a failure.
using Finds = std::vector<std::string>;

class Reading {
 public:
  Reading(WebSocketReader::From from, std::uint64_t message_max) : reader_(from, message_max) {}

  void Add(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
      const std::span<char> room = held_.empty() ? reader_.Room() : std::span<char>();
      FUZZ_CHECK(room.size() <= WebSocketReader::kRoomMax, "room for what was announced is limited");
      const std::size_t direct = bytes.copy(room.data(), room.size());
      if (direct > 0) reader_.Filled(direct);
      if (direct == 0) held_.append(bytes);
      bytes.remove_prefix(direct == 0 ? bytes.size() : direct);
      ReadHeld();
    }
  }
  const Finds& Found() const { return finds_; }
  const WebSocketReader& Reader() const { return reader_; }

 private:
  void ReadHeld() {
    const ExactCopy copy(held_);
    std::span<char> unread(const_cast<char*>(copy.View().data()), held_.size());
    for (bool more = true; more && !ended_;) more = Note(reader_.Next(unread), copy.View());
    if (ended_) return;
    FUZZ_CHECK(unread.size() <= WebSocketReader::kLeftMax, "what is left is short");
    held_ = std::string(held_, held_.size() - unread.size());
  }
  bool Note(WebSocketReader::Found found, std::string_view bytes) {
    switch (found) {
      case WebSocketReader::Found::kNothing: return false;
      case WebSocketReader::Found::kMessage:
        finds_.push_back((reader_.IsText() ? "text " : "binary ") + reader_.TakeMessage());
        if (reader_.IsText()) FUZZ_CHECK(IsUtf8(std::string_view(finds_.back()).substr(5)), "a text is UTF-8");
        return true;
      case WebSocketReader::Found::kFailure:
        finds_.push_back("failure " + std::to_string(reader_.FailureCode()));
        ended_ = true;
        return false;
      case WebSocketReader::Found::kPing: finds_.push_back("ping "); break;
      case WebSocketReader::Found::kPong: finds_.push_back("pong "); break;
      case WebSocketReader::Found::kClose:
        finds_.push_back("close " + std::to_string(reader_.CloseCode()) + " ");
        ended_ = true;
        break;
    }
    FUZZ_CHECK(IsInside(reader_.Payload(), bytes), "the payload of a control frame is where it was");
    finds_.back().append(reader_.Payload());
    return true;
  }

  WebSocketReader reader_;
  std::string held_;
  Finds finds_;
  bool ended_ = false;
};

// A stream in memory for Beast: a handshake that succeeds, and then the bytes.
class BeastWire {
 public:
  struct State {
    std::string to_read;
    std::string written;
    bool reply = false;  // to the handshake of a client
  };
  explicit BeastWire(State& state) : state_(&state) {}

  using executor_type = boost::asio::io_context::executor_type;
  executor_type get_executor() noexcept {
    static boost::asio::io_context idle;
    return idle.get_executor();
  }

  template <class MutableBuffers>
  std::size_t read_some(const MutableBuffers& buffers, boost::beast::error_code& ec) {
    std::string& bytes = state_->to_read;
    if (std::exchange(state_->reply, false)) {
      constexpr std::string_view kName = "Sec-WebSocket-Key: ";
      const std::string key = state_->written.substr(state_->written.find(kName) + kName.size(), 24);
      bytes = "HTTP/1.1 101 \r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + internal::WebSocketAccept(key) + "\r\n\r\n";
    }
    const std::size_t count = boost::asio::buffer_copy(buffers, boost::asio::buffer(bytes));
    bytes.erase(0, count);
    ec = {};
    if (count == 0) ec = boost::asio::error::eof;
    return count;
  }
  template <class ConstBuffers>
  std::size_t write_some(const ConstBuffers& buffers, boost::beast::error_code& ec) {
    ec = {};
    const std::size_t size = boost::asio::buffer_size(buffers);
    std::string bytes(size, '\0');
    boost::asio::buffer_copy(boost::asio::buffer(bytes), buffers);
    state_->written += bytes;
    return size;
  }
  // Beast asks for them, and does not call them.
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::beast::error_code ec;
    return read_some(buffers, ec);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::beast::error_code ec;
    return write_some(buffers, ec);
  }

 private:
  State* state_;
};

void teardown(boost::beast::role_type, BeastWire&, boost::beast::error_code& ec) { ec = {}; }

// The same by Beast.
Finds FoundByBeast(std::string_view bytes, WebSocketReader::From from, std::uint64_t message_max) {
  namespace http = boost::beast::http;
  namespace websocket = boost::beast::websocket;
  BeastWire::State wire;
  websocket::stream<BeastWire, false> stream{BeastWire(wire)};
  stream.read_message_max(message_max);
  boost::beast::error_code ec;
  if (from == WebSocketReader::From::kClient) {
    http::request<http::empty_body> request{http::verb::get, "/", 11};
    request.set(http::field::host, "h");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::connection, "upgrade");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "AAAAAAAAAAAAAAAAAAAAAA==");
    stream.accept(request, ec);
  } else {
    wire.reply = true;
    stream.handshake("h", "/", ec);
  }
  FUZZ_CHECK(!ec, "Beast's handshake succeeds");
  wire.to_read = bytes;

  Finds finds;
  stream.control_callback([&](websocket::frame_type type, boost::beast::string_view payload) {
    if (type == websocket::frame_type::close) return;
    finds.push_back(type == websocket::frame_type::ping ? "ping " : "pong ");
    finds.back().append(payload.data(), payload.size());
  });
  std::string message;
  while (!ec) {
    char piece[100];
    message.append(piece, stream.read_some(boost::asio::buffer(piece), ec));
    if (ec || !stream.is_message_done()) continue;
    // Beast does not look at the end of a text whose last frame is empty.
    if (stream.got_text() && !IsUtf8(message)) {
      ec = websocket::error::bad_frame_payload;
      break;
    }
    finds.push_back((stream.got_text() ? "text " : "binary ") + message);
    message.clear();
  }
  if (ec == boost::asio::error::eof) return finds;
  if (ec == websocket::error::closed) {
    const websocket::close_reason& reason = stream.reason();
    const int code = reason.code == websocket::close_code::none ? 1005 : reason.code;
    finds.push_back("close " + std::to_string(code) + " " + std::string(reason.reason.data(), reason.reason.size()));
  } else {
    const bool large = ec == websocket::error::message_too_big, invalid = ec == websocket::error::bad_frame_payload;
    finds.push_back(large ? "failure 1009" : invalid ? "failure 1007" : "failure 1002");
  }
  return finds;
}

// Beast takes a length whose highest bit is set for a very large message, and not for a malformed one (RFC 6455 section 5.2).
void CompareWithBeast(Finds ours, const Finds& beast, const WebSocketReader& reader) {
  if (reader.Failure() != nullptr && std::string_view(reader.Failure()) == "a length is negative") ours.back() = "failure 1009";
  FUZZ_CHECK(ours == beast, "the reader finds what Beast finds");
}

void CheckStream(std::string_view bytes) {
  constexpr std::uint64_t kLimits[] = {5, 1000, 100'000};
  const std::uint64_t message_max = kLimits[Dice(bytes).Below(std::size(kLimits))];
  for (const WebSocketReader::From from : {WebSocketReader::From::kClient, WebSocketReader::From::kServer}) {
    Reading whole(from, message_max);
    whole.Add(bytes);
    CompareWithBeast(whole.Found(), FoundByBeast(bytes, from, message_max), whole.Reader());
    for (const Pieces::How how : Pieces::kAll) {
      Reading reading(from, message_max);
      Pieces pieces(bytes, how);
      for (std::string_view piece; pieces.Next(piece);) reading.Add(piece);
      FUZZ_CHECK(reading.Found() == whole.Found(), "pieces change nothing");
    }
  }
}

// --- frames that are written

void CheckWritten(std::string_view payload) {
  payload = payload.substr(0, 65535);
  const std::uint64_t bits = Dice(payload).Next();
  const internal::MaskKey key{static_cast<unsigned char>(bits), static_cast<unsigned char>(bits >> 8), static_cast<unsigned char>(bits >> 16),
                              static_cast<unsigned char>(bits >> 24)};
  for (const bool masked : {false, true}) {
    const internal::FrameBytes frame(internal::FrameKind::kBinary, true, payload, masked ? std::optional(key) : std::nullopt);
    Reading reading(masked ? WebSocketReader::From::kClient : WebSocketReader::From::kServer, 65535);
    reading.Add(frame.View());
    FUZZ_CHECK(reading.Found() == Finds{std::string("binary ").append(payload)}, "a frame is read as it was written");
  }
}

void Play(std::string_view bytes) {
  CheckClose(bytes);
  CheckStream(bytes);
  CheckWritten(bytes);
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
