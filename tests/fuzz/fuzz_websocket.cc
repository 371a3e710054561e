// SPDX-License-Identifier: Apache-2.0
//
// What weft itself reads and writes of WebSockets, without Beast (RFC 6455): close frames, and how much of a stream of frames may be passed on.
// The input is a code, a key and a reason; and, as a whole, such a stream. A close frame says what was asked for when it is read again, by
// rules; of a stream as much passes as a slow reading of all of it allows, however it is cut.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <weft/http/internal/websocket_close.h>
#include <weft/http/internal/websocket_frames.h>

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
  for (const bool masked : {false, true}) {
    const std::string frame = internal::CloseFrame(static_cast<int>(code), reason, masked ? std::optional(key) : std::nullopt);
    const std::optional<Close> close = ReadClose(frame, masked);
    FUZZ_CHECK(close && close->code == code && close->reason == internal::CutReason(reason), "a close frame says what was asked for");
    internal::WholeFrames frames;
    FUZZ_CHECK(frames.Count(frame) == frame.size(), "it is whole");
    for (std::size_t size = 0; size < frame.size(); ++size) {
      internal::WholeFrames partial;
      FUZZ_CHECK(partial.Count(std::string_view(frame).substr(0, size)) == 0, "and no part of it is");
    }
  }
}

// --- streams of frames

// How much of `bytes`, from the start of a stream, may be passed on.
std::size_t Passes(std::string_view bytes) {
  std::size_t at = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(at);
    if (rest.size() < 2) return at;
    const std::size_t more = (Byte(rest, 1) & 0x7f) == 126 ? 2 : (Byte(rest, 1) & 0x7f) == 127 ? 8 : 0;
    const std::size_t head = 2 + more + (Byte(rest, 1) >= 0x80 ? 4 : 0);
    if (rest.size() < head) return at;
    std::uint64_t length = more == 0 ? Byte(rest, 1) & 0x7f : 0;
    for (std::size_t i = 0; i < more; ++i) length = length * 256 + Byte(rest, 2 + i);
    const bool control = (Byte(rest, 0) >> 4) == 8 && (Byte(rest, 0) & 8) != 0 && more == 0;
    const bool whole = length <= rest.size() - head;
    if (!whole) return control ? at : bytes.size();
    at += head + static_cast<std::size_t>(length);
  }
}

void CheckStream(std::string_view bytes, Pieces::How how) {
  internal::WholeFrames frames;
  Pieces pieces(bytes, how);
  std::string held;
  std::size_t come = 0, passed = 0;
  for (std::string_view piece; pieces.Next(piece);) {
    come += piece.size();
    held.append(piece);
    const ExactCopy copy(held);
    const std::size_t count = frames.Count(copy.View());
    FUZZ_CHECK(count <= held.size(), "no more passes than is there");
    passed += count;
    held.erase(0, count);
    FUZZ_CHECK(held.size() <= 130, "a head and a control frame are short");
    FUZZ_CHECK(passed == Passes(bytes.substr(0, come)), "as much passes as may");
  }
}

void Play(std::string_view bytes) {
  CheckClose(bytes);
  for (const Pieces::How how : Pieces::kAll) {
    if (how == Pieces::How::kSingle && bytes.size() > 600) continue;  // it looks at all of them for each byte
    CheckStream(bytes, how);
  }
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weft::fuzz::Play({reinterpret_cast<const char*>(data), size});
  return 0;
}
