// SPDX-License-Identifier: Apache-2.0
//
// Sessions of HTTP/2, which take whatever comes from the network. The first byte of the input says what the rest is: bytes after
// the preface, frames that are well-formed and come in any order, or the fields of one request.
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/http2/frame_writer.h>
#include <weft/http/internal/http2/request_fields.h>
#include <weft/http/internal/http2/session.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using namespace internal::http2;

constexpr std::uint32_t kWindow = 65535;

// Checks for each stream what RFC 9113 section 5.1 lets come in which order; it shares no code with the session.
class Watched final : public SessionStream {
 public:
  explicit Watched(std::string& log) : log_(log) {}
  bool OnField(std::string_view name, std::string_view value) override {
    FUZZ_CHECK(!closed_ && !ended_, "no field after the end");
    bytes_ += name.size() + value.size();
    return bytes_ < 100'000;
  }
  void OnHead() override {
    FUZZ_CHECK(!head_ && !closed_, "one head");
    FUZZ_CHECK(Id() % 2 == 1, "of a client");
    head_ = true;
    Note("head");
  }
  void OnData(std::string_view bytes) override {
    FUZZ_CHECK(head_ && !ended_ && !closed_, "data between head and end");
    came_ += bytes.size();
    FUZZ_CHECK(came_ <= kWindow, "no more than the window");
    for (const char byte : bytes) Note({&byte, 1});  // in whatever pieces
  }
  void OnEnd() override {
    FUZZ_CHECK(head_ && !ended_ && !closed_, "one end, after the head");
    ended_ = true;
    Note("end");
  }
  void OnClosed(ErrorCode code, bool) override {
    FUZZ_CHECK(!closed_, "closed once");
    closed_ = true;
    Note("closed " + std::to_string(static_cast<unsigned>(code)));
  }
  Piece NextBody(std::size_t most) override {
    FUZZ_CHECK(!closed_, "nothing is asked of a closed stream");
    const std::size_t size = std::min(most, left_);
    return {size, size == left_};
  }
  void TakeBody(std::size_t size, FrameBuffer& out) override {
    FUZZ_CHECK(size <= left_, "no more than there is");
    left_ -= size;
    out.Lend({kBody, size});
  }
  std::span<const Fields::Field> TrailerFields() override { return {}; }

  bool MayRespond() const { return head_ && !closed_ && !responded_; }
  void SetResponded(std::size_t body) {
    responded_ = true;
    left_ = body;
  }
  static constexpr char kBody[20'001] = {};

 private:
  void Note(std::string_view what) { log_.append(std::to_string(Id())).append(" ").append(what).append("\n"); }
  std::string& log_;
  std::size_t bytes_ = 0, came_ = 0, left_ = 0;
  bool head_ = false, ended_ = false, closed_ = false, responded_ = false;
};

class Player final : private Session::Owner {
 public:
  Player() : session(Session::Server({.streams_max = 20}, *this)) {}

  // False: it has failed.
  bool Feed(std::string_view bytes) {
    const ExactCopy copy(bytes);
    return session->Receive(copy.View());
  }
  // Frames that are complete, and no more than was asked for but for the last one.
  void Write() {
    for (int i = 0; i < 100; ++i) {
      FrameBuffer out;
      FUZZ_CHECK(session->Write(out, 30'000), "there is memory");
      if (out.Empty()) return;
      FUZZ_CHECK(out.Size() < 30'000 + 17'000, "bounded");
      std::string all;
      out.ForEachPiece(10'000, [&all](std::string_view piece) { all += piece; });
      std::size_t at = 0;
      while (at < all.size()) {
        FUZZ_CHECK(all.size() - at >= kFrameHeaderSize, "a whole frame header");
        at += kFrameHeaderSize + FrameScanner::Parse(reinterpret_cast<const unsigned char*>(all.data() + at)).length;
      }
      FUZZ_CHECK(at == all.size(), "whole frames");
    }
  }

  std::string Seen() const { return log + "\nfailure " + std::to_string(static_cast<std::uint32_t>(session->Failure())); }

  std::string log;
  std::vector<std::unique_ptr<Watched>> streams;
  std::unique_ptr<Session> session;

 private:
  SessionStream* OnStream() override {
    streams.push_back(std::make_unique<Watched>(log));
    return streams.back().get();
  }
  void OnSettings() override {}
  void OnPingAnswered() override {}
  void OnNuisance(Nuisance) override {}
};

std::string Hello() {
  std::string hello(kPreface);
  AppendFrame(hello, frame_type::kSettings, 0, 0, {});
  return hello;
}

// Frames in any order, responses between them.
void CheckFrames(std::string_view text) {
  Dice dice(text);
  Player player;
  bool good = player.Feed(Hello());
  const std::vector<Fields::Field> head{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}};
  const std::vector<Fields::Field> trailer{{"x", "y"}};
  const std::vector<Fields::Field> status{{":status", "200"}};
  std::uint32_t next = 1;
  for (const char op : text) {
    if (!good) break;
    std::string frame;
    const std::uint32_t stream = dice.Below(8) == 0 ? static_cast<std::uint32_t>(dice.Below(50)) : next - 2 * static_cast<std::uint32_t>(dice.Below(next / 2 + 1));
    std::string block;
    switch (static_cast<unsigned char>(op) % 14) {
      case 0:
      case 1:
        AppendFieldBlock(block, head);
        AppendFrame(frame, frame_type::kHeaders, static_cast<std::uint8_t>(frame_flag::kEndHeaders | dice.Below(2)), next, block);
        next += 2;
        break;
      case 2:
        AppendFieldBlock(block, trailer);
        AppendFrame(frame, frame_type::kHeaders, frame_flag::kEndHeaders | frame_flag::kEndStream, stream, block);
        break;
      case 3:
      case 4:
        AppendFrame(frame, frame_type::kData, static_cast<std::uint8_t>(dice.Below(2)), stream, std::string(dice.Below(20'000), 'd').substr(0, 16'384));
        break;
      case 5: AppendNumberFrame(frame, frame_type::kReset, stream, static_cast<std::uint32_t>(dice.Below(14))); break;
      case 6: AppendNumberFrame(frame, frame_type::kWindowUpdate, dice.Below(2) != 0 ? stream : 0, static_cast<std::uint32_t>(dice.Below(1 << 20))); break;
      case 7:
        AppendSetting(block, static_cast<std::uint16_t>(dice.Below(10)), static_cast<std::uint32_t>(dice.Below(1 << 18)));
        AppendFrame(frame, frame_type::kSettings, 0, 0, block);
        break;
      case 8: AppendFrame(frame, frame_type::kPing, static_cast<std::uint8_t>(dice.Below(2)), 0, "12345678"); break;
      case 9:
      case 10:
        for (const auto& one : player.streams) {
          if (!one->MayRespond()) continue;
          const std::size_t size = dice.Below(20'000);
          one->SetResponded(size);
          static_cast<void>(player.session->Respond(*one, status, size > 0));
          break;
        }
        break;
      case 11: player.Write(); break;
      case 12:
        if (!player.streams.empty()) {
          Watched& one = *player.streams[dice.Below(player.streams.size())];
          player.session->Reset(one, static_cast<ErrorCode>(dice.Below(14)));
        }
        break;
      default:
        if (dice.Below(16) == 0) player.session->AnnounceEnd();
        if (dice.Below(32) == 0) player.session->SayEnd(ErrorCode::kNoError);
        break;
    }
    if (!frame.empty()) good = player.Feed(frame);
    if (player.session->Failed()) good = false;
  }
  player.Write();
}

// What Check lets through has the shape that handlers count on.
void CheckFields(std::string_view text) {
  Dice dice(text);
  const internal::HeadLimits limits{.head_bytes = 1000, .target_bytes = 100, .fields = 8};
  RequestFields head;
  head.Begin();
  constexpr std::string_view kNames[] = {":method", ":scheme", ":path", ":authority", ":protocol", "host", "cookie", "content-length", "expect", "x"};
  while (!text.empty()) {
    const std::string_view name = kNames[static_cast<unsigned char>(text.front()) % 10];
    text.remove_prefix(1);
    const std::string_view value = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), value.size() + 1));
    if (!head.Add(name, value, limits)) return;
  }
  const bool extended = dice.Below(2) != 0;
  if (head.Check(limits, extended)) return;
  FUZZ_CHECK(internal::IsToken(head.Method()), "a method is a token");
  FUZZ_CHECK(head.IsConnect() || head.Target() == "*" || head.Target().starts_with('/'), "a target is a path");
  FUZZ_CHECK(head.Target().size() <= limits.target_bytes || head.IsConnect(), "no longer than is allowed");
  FUZZ_CHECK(internal::AllAre(head.RawPath(), internal::kTargetChar), "of good bytes");
  FUZZ_CHECK(extended || head.Protocol().empty(), "no upgrade where none is offered");
  Fields fields;
  head.AppendTo(fields);
  FUZZ_CHECK(fields.Has("host"), "there is a Host");
  FUZZ_CHECK(fields.Values("host").size() == 1, "and one");
  FUZZ_CHECK(fields.Values("cookie").size() <= 1, "cookies in one piece");
  for (const auto& [name, value] : fields) FUZZ_CHECK(!name.starts_with(':'), "pseudo-fields are none");
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  if (size == 0 || size > 10'000) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0: CheckPieces<Player>(Hello() + std::string(rest)); break;
    case 1: CheckFrames(rest); break;
    default: CheckFields(rest); break;
  }
  return 0;
}
