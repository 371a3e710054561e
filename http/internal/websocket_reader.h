// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HTTP_INTERNAL_WEBSOCKET_READER_H_
#define WEFT_HTTP_INTERNAL_WEBSOCKET_READER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <weft/http/internal/websocket_frames.h>

namespace weft::internal {

// Reads the frames of one side of a WebSocket (RFC 6455 section 5), from bytes in whatever pieces: finds messages and control frames, and what
// is malformed, as soon as it can be known. It waits for nothing; what has come of a message is here, and between two calls everything is whole.
class WebSocketReader {
 public:
  // Who sends: a client masks its frames, a server does not (RFC 6455 section 5.1).
  enum class From : std::uint8_t { kClient, kServer };
  enum class Found : std::uint8_t { kNothing, kMessage, kPing, kPong, kClose, kFailure };

  // `message_max`: bytes of a message, of all its frames.
  WebSocketReader(From from, std::uint64_t message_max) : masked_(from == From::kClient), message_max_(message_max) {}

  // Looks for the next message or control frame, and takes what it has read off `bytes`. kNothing: what is left, at most kLeftMax, is the start
  // of a head or of a control frame, and comes again at the next call with what follows. Changes the bytes of control frames. After kFailure:
  // kFailure again. Throws only for lack of memory, and may then be called again.
  Found Next(std::span<char>& bytes);
  static constexpr std::size_t kLeftMax = 2 + 4 + kControlPayloadMax - 1;

  // After kNothing: room for bytes that are awaited, all of them of a long payload, so that they need not be copied. Empty: fewer than kLong are
  // awaited. A length alone allocates no more than kRoomMax. Filled: so many bytes of it have come, as if they had been given to Next.
  std::span<char> Room();
  void Filled(std::size_t count);
  static constexpr std::size_t kLong = 1536;
  static constexpr std::size_t kRoomMax = 64 * 1024;

  // After kMessage.
  std::string TakeMessage();
  bool IsText() const { return text_; }
  // After kPing and kPong; after kClose: the reason, in UTF-8. Among the bytes that were given.
  std::string_view Payload() const { return payload_; }
  // After kClose; 1005: none was given.
  int CloseCode() const { return code_; }
  // After kFailure: the close code for it, and what it is.
  int FailureCode() const { return code_; }
  const char* Failure() const { return failure_; }

 private:
  struct Head;

  bool ReadHead(std::span<const char> bytes, Head& head);
  bool BeginFrame(const Head& head);
  Found ReadControl(const Head& head, std::span<char> payload);
  Found ReadClose();
  void TakePayload(std::size_t count);
  Found Fail(int code, const char* what);

  const bool masked_;
  bool text_ = false;
  bool in_frame_ = false;   // of a message
  bool last_ = false;       // that frame is its last
  bool continues_ = false;  // the message has more frames
  MaskKey key_{};           // for the next byte of the frame
  std::uint64_t awaited_ = 0;  // of the frame's payload
  const std::uint64_t message_max_;
  std::string message_;    // its first size_ bytes have come, the rest is room
  std::size_t size_ = 0;
  std::size_t checked_ = 0;  // of a text: whole characters
  std::string_view payload_;
  int code_ = 0;
  const char* failure_ = nullptr;
};

}  // namespace weft::internal

#endif  // WEFT_HTTP_INTERNAL_WEBSOCKET_READER_H_
