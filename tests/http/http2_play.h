// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_HTTP_HTTP2_PLAY_H_
#define WEFT_TESTS_HTTP_HTTP2_PLAY_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <weft/http/internal/http2/field_decoder.h>
#include <weft/http/internal/http2/frame_writer.h>
#include <weft/http/internal/http2/session.h>

namespace weft::internal::http2 {

// What a client writes.

inline std::string Frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = {}) {
  std::string out;
  AppendFrame(out, type, flags, stream, payload);
  return out;
}
inline std::string NumberFrame(std::uint8_t type, std::uint32_t stream, std::uint32_t number) {
  std::string out;
  AppendNumberFrame(out, type, stream, number);
  return out;
}
inline std::string Block(const std::vector<Fields::Field>& fields) {
  std::string out;
  AppendFieldBlock(out, fields);
  return out;
}
inline const std::vector<Fields::Field>& GetFields() {
  static const std::vector<Fields::Field> fields{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}};
  return fields;
}
inline std::string Headers(std::uint32_t stream, const std::vector<Fields::Field>& fields, bool end = true) {
  return Frame(frame_type::kHeaders, frame_flag::kEndHeaders | (end ? frame_flag::kEndStream : 0), stream, Block(fields));
}
inline std::string Get(std::uint32_t stream) { return Headers(stream, GetFields()); }
inline std::string Post(std::uint32_t stream, std::vector<Fields::Field> more = {}) {
  std::vector<Fields::Field> fields{{":method", "POST"}, {":scheme", "http"}, {":path", "/"}, {":authority", "test"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Headers(stream, fields, /*end=*/false);
}
inline std::string Data(std::uint32_t stream, std::string_view bytes, bool end = false) {
  return Frame(frame_type::kData, end ? frame_flag::kEndStream : 0, stream, bytes);
}
inline std::string Settings(const std::vector<std::pair<int, std::uint32_t>>& entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) AppendSetting(payload, static_cast<std::uint16_t>(id), value);
  return Frame(frame_type::kSettings, 0, 0, payload);
}
inline std::string Hello() { return std::string(kPreface) + Settings(); }

// What a server has written.
struct SeenFrame {
  FrameHeader header;
  std::string payload;
  std::uint32_t Number(std::size_t at = 0) const {
    std::uint32_t number = 0;
    for (std::size_t i = at; i < at + 4 && i < payload.size(); ++i) number = number << 8 | static_cast<unsigned char>(payload[i]);
    return number;
  }
};
inline std::vector<SeenFrame> FramesOf(std::string_view bytes) {
  std::vector<SeenFrame> frames;
  while (bytes.size() >= kFrameHeaderSize) {
    SeenFrame frame;
    frame.header = FrameScanner::Parse(reinterpret_cast<const unsigned char*>(bytes.data()));
    bytes.remove_prefix(kFrameHeaderSize);
    EXPECT_LE(frame.header.length, bytes.size()) << "a frame is cut";
    frame.payload = bytes.substr(0, frame.header.length);
    bytes.remove_prefix(std::min<std::size_t>(bytes.size(), frame.header.length));
    frames.push_back(std::move(frame));
  }
  EXPECT_TRUE(bytes.empty());
  return frames;
}

// A session, and an owner that keeps what it reports.
class Play : private Session::Owner {
 public:
  struct Stream final : SessionStream {
    bool OnField(std::string_view name, std::string_view value) override {
      fields.emplace_back(name, value);
      return fields.size() <= most_fields;
    }
    void OnHead() override { head = true; }
    void OnData(std::string_view bytes) override { data += bytes; }
    void OnEnd() override { end = true; }
    void OnClosed(ErrorCode c, bool by) override {
      closed = true;
      code = c;
      by_peer = by;
    }
    Piece NextBody(std::size_t most) override {
      const std::size_t size = std::min(most, body.size() - sent);
      return {size, last && sent + size == body.size()};
    }
    void TakeBody(std::size_t size, FrameBuffer& out) override {
      out.Lend(std::string_view(body).substr(sent, size));
      sent += size;
    }
    std::span<const Fields::Field> TrailerFields() override { return trailer; }

    std::vector<std::pair<std::string, std::string>> fields;
    std::size_t most_fields = 1000;
    std::string data;
    bool head = false, end = false, closed = false, by_peer = false;
    ErrorCode code = ErrorCode::kNoError;
    std::string body;
    std::size_t sent = 0;
    bool last = false;
    std::vector<Fields::Field> trailer;
  };

  explicit Play(const SessionSettings& settings = {}) : session(Session::Server(settings, *this)) {}

  // Gives it bytes; false once the connection has failed.
  bool Send(std::string_view bytes) { return good = session->Receive(bytes) && good; }
  // What it writes then.
  std::vector<SeenFrame> Written(std::size_t most = 1 << 20) {
    FrameBuffer out;
    EXPECT_TRUE(session->Write(out, most));
    good = good && !session->Failed();
    std::string all;
    out.ForEachPiece(100000, [&all](std::string_view piece) { all += piece; });
    return FramesOf(all);
  }
  Stream& At(std::size_t index) { return *streams.at(index); }
  void Respond(Stream& stream, std::string body, bool last = true, int status = 200) {
    stream.body = std::move(body);
    stream.last = last;
    const std::string text = std::to_string(status);
    const std::vector<Fields::Field> fields{{":status", text}};
    EXPECT_TRUE(session->Respond(stream, fields, !stream.body.empty() || !last));
  }
  // Of the GOAWAY that it has written last; 99: none.
  static std::uint32_t GoAwayCode(const std::vector<SeenFrame>& frames) {
    std::uint32_t code = 99;
    for (const SeenFrame& frame : frames) {
      if (frame.header.type == frame_type::kGoAway) code = frame.Number(4);
    }
    return code;
  }
  static std::uint32_t ResetCode(const std::vector<SeenFrame>& frames) {
    for (const SeenFrame& frame : frames) {
      if (frame.header.type == frame_type::kReset) return frame.Number();
    }
    return 99;
  }

  std::vector<std::unique_ptr<Stream>> streams;
  std::map<Nuisance, int> nuisances;
  int settings_seen = 0;
  int pongs = 0;
  bool refuse_all = false;
  bool good = true;
  std::unique_ptr<Session> session;

 private:
  SessionStream* OnStream() override {
    if (refuse_all) return nullptr;
    streams.push_back(std::make_unique<Stream>());
    return streams.back().get();
  }
  void OnSettings() override { ++settings_seen; }
  void OnPingAnswered() override { ++pongs; }
  void OnNuisance(Nuisance what) override { ++nuisances[what]; }
};

}  // namespace weft::internal::http2

#endif  // WEFT_TESTS_HTTP_HTTP2_PLAY_H_
