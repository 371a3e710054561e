// SPDX-License-Identifier: Apache-2.0
#include <weft/http/internal/websocket_reader.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include <weft/http/internal/utf8.h>
#include <weft/http/internal/websocket_close.h>

namespace weft::internal {
namespace {

constexpr int kProtocolError = 1002;
constexpr int kInvalidText = 1007;
constexpr int kTooBig = 1009;
constexpr int kNoCode = 1005;

constexpr std::uint64_t kLengthMax = std::numeric_limits<std::int64_t>::max();  // the highest bit is 0

unsigned Byte(std::span<const char> bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

}  // namespace

struct WebSocketReader::Head {
  FrameKind kind;
  bool last;
  std::uint64_t payload;
  MaskKey key{};
  std::size_t size;
};

WebSocketReader::Found WebSocketReader::Next(std::span<char>& bytes) {
  if (failure_ != nullptr) return Found::kFailure;
  for (;;) {
    if (in_frame_) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(awaited_, bytes.size()));
      if (count > 0) {
        if (message_.size() > size_) message_.resize(size_);
        message_.append(bytes.data(), count);
        bytes = bytes.subspan(count);
        TakePayload(count);
      }
      if (failure_ != nullptr) return Found::kFailure;
      if (awaited_ > 0) return Found::kNothing;
      in_frame_ = false;
      if (last_) return text_ && checked_ != size_ ? Fail(kInvalidText, "a text ends within a character") : Found::kMessage;
    }
    Head head;
    if (!ReadHead(bytes, head)) return failure_ != nullptr ? Found::kFailure : Found::kNothing;
    if (IsControl(head.kind)) {
      const std::size_t whole = head.size + static_cast<std::size_t>(head.payload);
      if (bytes.size() < whole) return Found::kNothing;
      const std::span<char> payload = bytes.subspan(head.size, whole - head.size);
      bytes = bytes.subspan(whole);
      return ReadControl(head, payload);
    }
    if (!BeginFrame(head)) return Found::kFailure;
    bytes = bytes.subspan(head.size);
  }
}

// False: it is not whole, or malformed.
bool WebSocketReader::ReadHead(std::span<const char> bytes, Head& head) {
  if (bytes.size() < 2) return false;
  const unsigned first = Byte(bytes, 0), length = Byte(bytes, 1) & 0x7f;
  const bool masked = (Byte(bytes, 1) & 0x80) != 0;
  const std::size_t more = length < 126 ? 0 : length == 126 ? 2 : 8;
  head.size = 2 + more + (masked ? head.key.size() : 0);
  if (bytes.size() < head.size) return false;
  head.kind = FrameKind{static_cast<std::uint8_t>(first & 0x0f)};
  head.last = (first & 0x80) != 0;
  head.payload = more == 0 ? length : 0;
  for (std::size_t i = 0; i < more; ++i) head.payload = head.payload << 8 | Byte(bytes, 2 + i);
  if (masked) std::memcpy(head.key.data(), bytes.data() + head.size - head.key.size(), head.key.size());

  const auto fail = [this](const char* what) {
    static_cast<void>(Fail(kProtocolError, what));
    return false;
  };
  if ((first & 0x70) != 0) return fail("a reserved bit is set");
  if (masked != masked_) return fail(masked ? "a frame of a server is masked" : "a frame of a client is not masked");
  if (more > 0 && head.payload < (more == 2 ? 126 : 65536)) return fail("a length is not in its shortest form");
  switch (head.kind) {
    case FrameKind::kText:
    case FrameKind::kBinary: return continues_ ? fail("a message starts within another one") : true;
    case FrameKind::kContinuation: return continues_ ? true : fail("a continuation without a message");
    case FrameKind::kClose:
    case FrameKind::kPing:
    case FrameKind::kPong:
      if (!head.last) return fail("a control frame in fragments");
      return head.payload > kControlPayloadMax ? fail("a control frame is too long") : true;
  }
  return fail("an unknown opcode");
}

// Of a message. False: its length is not accepted.
bool WebSocketReader::BeginFrame(const Head& head) {
  if (head.payload > kLengthMax) {
    static_cast<void>(Fail(kProtocolError, "a length is negative"));
    return false;
  }
  if (head.kind != FrameKind::kContinuation) {
    text_ = head.kind == FrameKind::kText;
    size_ = checked_ = 0;
  }
  if (head.payload > message_max_ - size_) {
    static_cast<void>(Fail(kTooBig, "a message is too large"));
    return false;
  }
  in_frame_ = true;
  last_ = head.last;
  continues_ = !head.last;
  awaited_ = head.payload;
  key_ = head.key;
  return true;
}

WebSocketReader::Found WebSocketReader::ReadControl(const Head& head, std::span<char> payload) {
  if (masked_) ApplyMask(head.key, payload);
  payload_ = {payload.data(), payload.size()};
  if (head.kind == FrameKind::kClose) return ReadClose();
  return head.kind == FrameKind::kPing ? Found::kPing : Found::kPong;
}

// RFC 6455 section 5.5.1.
WebSocketReader::Found WebSocketReader::ReadClose() {
  code_ = kNoCode;
  if (payload_.empty()) return Found::kClose;
  if (payload_.size() == 1) return Fail(kProtocolError, "a close frame of one byte");
  code_ = static_cast<int>(Byte(payload_, 0) << 8 | Byte(payload_, 1));
  payload_.remove_prefix(2);
  if (!MayArriveAsCloseCode(code_)) return Fail(kProtocolError, "a close code that must not be sent");
  return IsUtf8(payload_) ? Found::kClose : Fail(kProtocolError, "a close reason is not UTF-8");
}

std::span<char> WebSocketReader::Room() {
  if (!in_frame_ || awaited_ < kLong) return {};
  // What is there is used up first, however little of it each read fills.
  if (message_.size() - size_ < kLong) message_.resize(size_ + static_cast<std::size_t>(std::min<std::uint64_t>(awaited_, kRoomMax)));
  return {message_.data() + size_, static_cast<std::size_t>(std::min<std::uint64_t>(awaited_, message_.size() - size_))};
}

void WebSocketReader::Filled(std::size_t count) { TakePayload(count); }

// The bytes after the first size_ of the message are the next ones of the frame.
void WebSocketReader::TakePayload(std::size_t count) {
  const bool ascii = masked_ && ApplyMask(key_, {message_.data() + size_, count});
  key_ = KeyAfter(key_, count);
  awaited_ -= count;
  const std::size_t before = std::exchange(size_, size_ + count);
  if (!text_) return;
  if (ascii && checked_ == before) {
    checked_ = size_;
    return;
  }
  const std::string_view rest(message_.data() + checked_, size_ - checked_);
  const std::size_t whole = Utf8Prefix(rest);
  checked_ += whole;
  if (whole < rest.size() && !MayBecomeUtf8(rest.substr(whole))) static_cast<void>(Fail(kInvalidText, "a text is not UTF-8"));
}

std::string WebSocketReader::TakeMessage() {
  if (message_.size() > size_) message_.resize(size_);
  size_ = checked_ = 0;
  std::string taken = std::move(message_);
  message_.clear();
  return taken;
}

WebSocketReader::Found WebSocketReader::Fail(int code, const char* what) {
  code_ = code;
  failure_ = what;
  return Found::kFailure;
}

}  // namespace weft::internal
