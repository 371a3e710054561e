// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_SERVER_HTTP2_KIT_H_
#define WEFT_TESTS_SERVER_HTTP2_KIT_H_

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../http/http2_play.h"
#include "server_kit.h"

namespace weft {

namespace h2 = internal::http2;

inline ServerOptions Http2Options(ServerOptions options = {}) {
  options.http2_cleartext = true;
  return options;
}

// A client that writes its frames itself, and sees those of the server.
class RawHttp2 {
 public:
  explicit RawHttp2(const Context& ctx, const Site& site, std::string_view settings = h2::Settings())
      : ctx_(ctx), client_(*TestClient::Dial(ctx, site.server().Bound())) {
    Send(std::string(h2::kPreface).append(settings));
  }
  RawHttp2(const Context& ctx, TestClient client) : ctx_(ctx), client_(std::move(client)) { Send(h2::Hello()); }

  void Send(std::string_view bytes) {
    const Error err = client_.Send(ctx_, bytes);
    EXPECT_FALSE(err) << err.Message();
  }
  // What a test has taken out of the socket itself.
  void PutBack(std::string_view bytes) { read_.insert(0, bytes); }
  // The next frame; nothing at the end of the connection.
  std::optional<h2::SeenFrame> Next() {
    while (read_.size() < h2::kFrameHeaderSize || read_.size() < h2::kFrameHeaderSize + Header().length) {
      const Result<std::string> more = client_.ReadSome(ctx_);
      if (more.Err() || more->empty()) return std::nullopt;
      read_ += *more;
    }
    h2::SeenFrame frame;
    frame.header = Header();
    frame.payload = read_.substr(h2::kFrameHeaderSize, frame.header.length);
    read_.erase(0, h2::kFrameHeaderSize + frame.header.length);
    return frame;
  }
  // Passes over frames up to the next one of this type; of this stream, unless it is 0.
  std::optional<h2::SeenFrame> Until(std::uint8_t type, std::uint32_t stream = 0) {
    while (std::optional<h2::SeenFrame> frame = Next()) {
      if (frame->header.type == h2::frame_type::kHeaders) Decode(*frame);
      if (frame->header.type == type && (stream == 0 || frame->header.stream == stream)) return frame;
    }
    return std::nullopt;
  }
  // Until the response of this stream has ended, or was reset. Windows are opened as it comes.
  struct Response {
    int status = 0;
    h2::FieldDecoder::List fields;
    std::string body;
    bool ended = false;
    std::optional<std::uint32_t> reset;
    std::string_view Header(std::string_view name) const {
      for (const auto& [n, value] : fields) {
        if (n == name) return value;
      }
      return {};
    }
  };
  Response Await(std::uint32_t stream) {
    for (;;) {
      Response& response = responses_[stream];
      if (response.ended || response.reset) return response;
      const std::optional<h2::SeenFrame> frame = Next();
      if (!frame) return response;
      Note(*frame);
    }
  }
  // Frames up to the end of the connection, by what they are: "GOAWAY 2147483647 0", "PING", "HEADERS 1", ...
  std::vector<std::string> Rest() {
    std::vector<std::string> rest;
    while (std::optional<h2::SeenFrame> frame = Next()) {
      Note(*frame);
      rest.push_back(Describe(*frame));
    }
    return rest;
  }
  // A field block, of each HEADERS in turn: what they say depends on those before.
  h2::FieldDecoder::List Decode(const h2::SeenFrame& frame) {
    h2::FieldDecoder::List list;
    EXPECT_TRUE(decoder_.Decode(frame.payload, list));
    return list;
  }
  void Pong(const h2::SeenFrame& ping) { Send(h2::Frame(h2::frame_type::kPing, h2::frame_flag::kAck, 0, ping.payload)); }
  // What comes instead is there for Next.
  bool SilentFor(Duration time) {
    if (!read_.empty()) return false;
    const CancelScope scope = WithTimeout(ctx_, time);
    const Result<std::string> more = client_.ReadSome(scope.ctx);
    if (more.Ok()) read_ += *more;
    return more.Err().Is(kDeadlineExceeded);
  }
  TestClient& raw() { return client_; }

  static std::string Describe(const h2::SeenFrame& frame) {
    const auto stream = " " + std::to_string(frame.header.stream);
    switch (frame.header.type) {
      case h2::frame_type::kData: return "DATA" + stream;
      case h2::frame_type::kHeaders: return "HEADERS" + stream;
      case h2::frame_type::kReset: return "RST_STREAM" + stream + " " + std::to_string(frame.Number());
      case h2::frame_type::kSettings: return frame.header.flags != 0 ? "SETTINGS ACK" : "SETTINGS";
      case h2::frame_type::kPing: return frame.header.flags != 0 ? "PING ACK" : "PING";
      case h2::frame_type::kGoAway: return "GOAWAY " + std::to_string(frame.Number()) + " " + std::to_string(frame.Number(4));
      case h2::frame_type::kWindowUpdate: return "WINDOW_UPDATE" + stream;
      default: return "frame " + std::to_string(frame.header.type);
    }
  }

 private:
  h2::FrameHeader Header() const { return h2::FrameScanner::Parse(reinterpret_cast<const unsigned char*>(read_.data())); }
  void Note(const h2::SeenFrame& frame) {
    Response& response = responses_[frame.header.stream];
    const bool end = (frame.header.flags & h2::frame_flag::kEndStream) != 0;
    if (frame.header.type == h2::frame_type::kHeaders) {
      for (auto& [name, value] : Decode(frame)) {
        if (name == ":status") {
          response.status = std::atoi(value.c_str());
          if (response.status >= 200) continue;
          break;
        }
        response.fields.emplace_back(name, value);
      }
      response.ended = response.ended || end;
    } else if (frame.header.type == h2::frame_type::kData) {
      response.body += frame.payload;
      response.ended = response.ended || end;
      if (frame.header.length > 0) {
        std::string windows = h2::NumberFrame(h2::frame_type::kWindowUpdate, 0, frame.header.length);
        if (!end) windows += h2::NumberFrame(h2::frame_type::kWindowUpdate, frame.header.stream, frame.header.length);
        static_cast<void>(client_.Send(ctx_, windows));
      }
    } else if (frame.header.type == h2::frame_type::kReset) {
      response.reset = frame.Number();
    }
  }

  const Context ctx_;
  TestClient client_;
  std::string read_;
  h2::FieldDecoder decoder_;
  std::map<std::uint32_t, Response> responses_;
};

inline std::string HeadersOf(std::uint32_t stream, std::string_view method, std::string_view path, std::vector<Fields::Field> more = {},
                             bool end = true) {
  std::vector<Fields::Field> fields{{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "test"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return h2::Headers(stream, fields, end);
}
inline std::string GetOf(std::uint32_t stream, std::string_view path) { return HeadersOf(stream, "GET", path); }
inline std::string PostOf(std::uint32_t stream, std::string_view path, std::vector<Fields::Field> more = {}) {
  return HeadersOf(stream, "POST", path, std::move(more), /*end=*/false);
}
inline std::string ResetOf(std::uint32_t stream, std::uint32_t code = 8) {
  return h2::NumberFrame(h2::frame_type::kReset, stream, code);
}

#define NEEDS_HTTP2() if (!h2::SessionsExist()) GTEST_SKIP() << "built without HTTP/2"

}  // namespace weft

#endif  // WEFT_TESTS_SERVER_HTTP2_KIT_H_
