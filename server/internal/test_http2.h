// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_TEST_HTTP2_H_
#define WEFT_SERVER_INTERNAL_TEST_HTTP2_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include <weft/http/internal/http2/field_decoder.h>
#include <weft/http/internal/http2/frame_scanner.h>

namespace weft::internal {

// Bytes that are taken off the front. What is left is moved only when half of them are gone.
class TestBytes {
 public:
  std::string_view View() const { return std::string_view(all_).substr(at_); }
  void Append(std::string_view more) { all_ += more; }
  std::string Take(std::size_t size) {
    std::string taken(View().substr(0, size));
    at_ += taken.size();
    if (at_ > all_.size() / 2) {
      all_.erase(0, at_);
      at_ = 0;
    }
    return taken;
  }

 private:
  std::string all_;
  std::size_t at_ = 0;
};

// The client's side of a connection of HTTP/2 for a TestClient, without a socket. What the test says in the words of HTTP/1.1
// becomes frames, each request a stream; what the server says becomes the text of responses again, in the order of the requests, with
// "HTTP/2.0" in the status line. So the same test runs over both.
//
//   text Send ─► frames ─► ToSend        what has come ─► Receive ─► text Take
class TestHttp2 {
 public:
  TestHttp2();
  TestHttp2(const TestHttp2&) = delete;
  TestHttp2& operator=(const TestHttp2&) = delete;

  // More of the text of requests, in any pieces.
  void Send(std::string_view text);
  // The client says no more: the request under way is cut.
  void EndSend();
  void Receive(std::string_view bytes);

  // Frames that are ready; and whether more would be, had the server opened its windows.
  std::string ToSend();
  bool AwaitsWindow() const;
  // Text of responses that has come; empty: none yet, or Ended.
  std::string Take();
  // No more will come: the response under way was reset, or the server has said the end.
  bool Ended() const { return ended_; }
  // Why: the code of RST_STREAM or GOAWAY.
  std::uint32_t Code() const { return code_; }

 private:
  struct Stream {
    std::uint32_t id = 0;
    bool is_head = false;
    TestBytes body;               // to be sent
    bool body_ends = false;
    bool end_sent = false;
    std::int64_t window = 0;
    std::string text;             // of its response
    bool head_seen = false;
    bool chunked = false;
    bool done = false;
    std::string trailer;
  };
  enum class Reading : std::uint8_t { kHead, kLength, kChunkSize, kChunk, kTrailer, kTunnel };

  bool ReadSome();
  void BeginRequest(std::string_view head);
  void SendBodies();
  void OnFrame(const http2::FrameHeader& header, std::string_view payload);
  void OnSettings(std::string_view payload);
  void OnHeaders(Stream& stream, bool end);
  void OnData(Stream& stream, const http2::FrameHeader& header, std::string_view payload);
  void EndResponse(Stream& stream);
  void OnReset(Stream& stream, std::uint32_t code);
  Stream* Find(std::uint32_t id);

  TestBytes text_;  // of requests, not read yet
  Reading reading_ = Reading::kHead;
  std::uint64_t left_ = 0;  // of a length or a chunk
  std::string out_;
  std::string in_;     // a frame that is not whole
  std::string block_;  // of fields
  std::uint32_t block_stream_ = 0;
  bool block_ends_stream_ = false;
  std::deque<Stream> streams_;
  std::uint32_t next_id_ = 1;
  std::int64_t window_ = 65535;
  std::int64_t first_window_ = 65535;
  std::uint32_t last_taken_ = 0x7FFFFFFF;
  bool ended_ = false;
  std::uint32_t code_ = 0;
  http2::FieldDecoder decoder_;
};

}  // namespace weft::internal

#endif  // WEFT_SERVER_INTERNAL_TEST_HTTP2_H_
