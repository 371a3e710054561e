// SPDX-License-Identifier: Apache-2.0
//
// What a server sends to a client of HTTP/2. The first byte of the input says what the rest is: bytes, or frames that are well-formed and
// come in any order. There are always three requests: a GET, a HEAD, and a POST whose body has not ended.
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weft/clients/http/internal/http2/client_stream.h>
#include <weft/clients/http/internal/url.h>
#include <weft/http/internal/http2/frame_writer.h>
#include <weft/http/internal/http2/session.h>

#include "fuzz.h"

namespace weft::fuzz {
namespace {

using namespace internal::http2;

constexpr std::uint32_t kHeadMax = 2000;

// A connection without a socket.
class Player final : public ClientStreamHost, private Session::Owner {
 public:
  Player() : session_(Session::Client({.stream_window = 20'000, .connection_window = 65'535, .field_list_max = kHeadMax}, *this)) {
    static_cast<void>(internal::ParseHttpUrl("https://a/", url_));
    for (std::size_t i = 0; i < kMethods.size(); ++i) {
      internal::OutgoingRequest request;
      request.method = kMethods[i];
      request.url = &url_;
      if (request.method == "POST") request.body = internal::OutgoingRequest::Body::kByCaller;
      streams_.push_back(std::make_unique<ClientStream>(kHeadMax));
      streams_[i]->Join(*this);
      FUZZ_CHECK(streams_[i]->Send(request, {}, request.IsStreamed()) == ClientStream::Outcome::kDone, "it is sent");
    }
    Write();
  }
  ~Player() {
    for (const auto& stream : streams_) stream->Reset();
  }

  bool Feed(std::string_view bytes) {
    const ExactCopy copy(bytes);
    const bool good = session_->Receive(copy.View());
    if (received_ > 0) session_->GiveBackConnection(std::exchange(received_, 0));
    return good;
  }
  void Write() {
    for (FrameBuffer out;; out.Clear()) {
      FUZZ_CHECK(session_->Write(out, 30'000), "there is memory");
      if (out.Empty()) return;
    }
  }
  // What the callers would see.
  std::string Seen() {
    std::string all;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      ClientStream& stream = *streams_[i];
      all += "\n" + std::to_string(stream.status()) + (stream.HeadIsHere() ? " head" : "") + (stream.Continued() ? " 100" : "");
      while (const auto interim = stream.TakeInterim()) all += " " + std::to_string(interim->status);
      if (stream.failure()) {
        all += std::string(" ") + stream.failure()->detail;
        FUZZ_CHECK(!stream.failure()->elsewhere || !stream.failure()->processed, "what was processed goes nowhere else");
      }
      if (stream.AtEnd()) FUZZ_CHECK(stream.HeadIsHere() && stream.status() >= 200, "an end has a head");
      const auto length = stream.length();
      std::size_t body = 0;
      std::array<char, 1000> piece;
      // Only what is there: nobody can wait here.
      for (std::size_t size = 1; size > 0 && (stream.HasBytes() || stream.AtEnd());) {
        FUZZ_CHECK(stream.Read(Background(), piece, size) == ClientStream::Outcome::kDone, "what is there can be read");
        body += size;
      }
      FUZZ_CHECK(body == 0 || kMethods[i] != "HEAD", "no body to HEAD");
      if (stream.AtEnd() && length && kMethods[i] != "HEAD" && stream.status() != 304 && stream.status() != 204) {
        FUZZ_CHECK(body == *length, "as long as it was announced");
      }
      for (std::size_t f = 0; f < stream.head().Size() && stream.HeadIsHere(); ++f) all += " " + std::string(stream.head().At(f).name);
      // How much comes before the byte that breaks a rule is up to the pieces.
      if (stream.AtEnd() || (!stream.failure() && !session_->Failed())) all += " " + std::to_string(body);
    }
    return all;
  }
  Session& session() { return *session_; }

 private:
  static constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "POST"};

  void Add(ClientStream&) override {}
  void Remove(ClientStream& stream) noexcept override { session_->Forget(stream); }
  bool Open(ClientStream& stream, std::span<const Fields::Field> fields, bool body) override { return session_->Request(stream, fields, body); }
  void Resume(ClientStream& stream) override { session_->ResumeBody(stream); }
  void StopBody(ClientStream& stream) noexcept override { session_->Reset(stream, ErrorCode::kCancel); }
  void GiveBack(ClientStream& stream, std::size_t size) noexcept override { session_->GiveBackStream(stream, size); }
  void CountReceived(std::size_t size) noexcept override { received_ += size; }
  void ReadNow() noexcept override {}
  LoopSignal::Outcome WaitFor(LoopSignal&, const Context&, const char*, TimePoint) override { std::abort(); }
  bool Gathers() const override { return false; }
  internal::ClientWire& wire() override { std::abort(); }
  const internal::ClientWire::Pace& pace() const override { return pace_; }
  std::uint64_t sent() const override { return 0; }

  SessionStream* OnStream() override { std::abort(); }
  void OnSettings() override {}
  void OnPingAnswered() override {}
  void OnNuisance(Nuisance) override {}

  internal::HttpUrl url_;
  internal::ClientWire::Pace pace_;
  std::unique_ptr<Session> session_;
  std::vector<std::unique_ptr<ClientStream>> streams_;
  std::size_t received_ = 0;
};

std::string Hello() {
  std::string hello;
  AppendFrame(hello, frame_type::kSettings, 0, 0, {});
  AppendFrame(hello, frame_type::kSettings, frame_flag::kAck, 0, {});
  return hello;
}

std::string BlockOf(Dice& dice) {
  static constexpr std::string_view kStatus[] = {"200", "204", "304", "100", "103", "101", "404", "2x0"};
  std::string block;
  std::vector<Fields::Field> fields;
  if (dice.Below(8) != 0) fields.push_back({":status", kStatus[dice.Below(8)]});
  if (dice.Below(4) == 0) fields.push_back({"content-length", dice.Below(2) == 0 ? "0" : "100"});
  if (dice.Below(4) == 0) fields.push_back({"x", "y"});
  if (dice.Below(32) == 0) fields.push_back({"connection", "close"});
  AppendFieldBlock(block, fields);
  return block;
}

// Frames in any order.
void CheckFrames(std::string_view text) {
  Dice dice(text);
  Player player;
  bool good = player.Feed(Hello());
  for (const char op : text) {
    if (!good) break;
    std::string frame;
    std::string payload;
    const auto stream = static_cast<std::uint32_t>(dice.Below(16) == 0 ? dice.Below(9) : 1 + 2 * dice.Below(3));
    switch (static_cast<unsigned char>(op) % 10) {
      case 0:
      case 1:
      case 2: AppendFrame(frame, frame_type::kHeaders, static_cast<std::uint8_t>(frame_flag::kEndHeaders | dice.Below(2)), stream, BlockOf(dice)); break;
      case 3:
      case 4: AppendFrame(frame, frame_type::kData, static_cast<std::uint8_t>(dice.Below(2)), stream, std::string(dice.Below(2) == 0 ? 100 : dice.Below(5'000), 'd')); break;
      case 5: AppendNumberFrame(frame, frame_type::kReset, stream, static_cast<std::uint32_t>(dice.Below(14))); break;
      case 6: AppendNumberFrame(frame, frame_type::kWindowUpdate, stream, static_cast<std::uint32_t>(dice.Below(1 << 20))); break;
      case 7:
        AppendSetting(payload, static_cast<std::uint16_t>(dice.Below(7)), static_cast<std::uint32_t>(dice.Below(1 << 18)));
        AppendFrame(frame, frame_type::kSettings, 0, 0, payload);
        break;
      case 8:
        payload = std::string("\0\0\0", 3) + static_cast<char>(dice.Below(7)) + std::string("\0\0\0\0", 4);
        AppendFrame(frame, frame_type::kGoAway, 0, 0, payload);
        break;
      default: player.Write(); break;
    }
    if (!frame.empty()) good = player.Feed(frame);
    good = good && !player.session().Failed();
  }
  player.Write();
  static_cast<void>(player.Seen());
}

}  // namespace
}  // namespace weft::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weft::fuzz;
  if (size == 0 || size > 10'000) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    CheckPieces<Player>(Hello() + std::string(rest));
  } else {
    CheckFrames(rest);
  }
  return 0;
}
