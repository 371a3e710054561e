// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/test_http2.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <vector>

#include <weft/http/fields.h>
#include <weft/http/internal/http2/frame_writer.h>
#include <weft/http/internal/http2/response_fields.h>
#include <weft/http/internal/text.h>
#include <weft/http/status.h>

namespace weft::internal {
namespace {

using namespace http2;

constexpr std::size_t kFrameMax = 16384;
constexpr std::int32_t kWindow = 1 << 30;

std::uint32_t NumberAt(std::string_view bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4 && i < bytes.size(); ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = ToLower(c);
  return lower;
}

// Takes a line off, without its end.
std::string_view TakeLine(std::string_view& text) {
  const std::size_t end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(text.size(), end + 2));
  return line;
}

}  // namespace

TestHttp2::TestHttp2() {
  out_ = kPreface;
  std::string settings;
  AppendSetting(settings, 2, 0);        // no push
  AppendSetting(settings, 4, kWindow);  // takes all there is
  AppendFrame(out_, frame_type::kSettings, 0, 0, settings);
  AppendNumberFrame(out_, frame_type::kWindowUpdate, 0, kWindow);
}

// --- requests

void TestHttp2::Send(std::string_view text) {
  text_.Append(text);
  while (ReadSome()) {
  }
  SendBodies();
}

void TestHttp2::EndSend() {
  if (reading_ == Reading::kHead || streams_.empty()) return;
  AppendNumberFrame(out_, frame_type::kReset, streams_.back().id, 8);
}

// The next piece of the text. False: there is none.
bool TestHttp2::ReadSome() {
  const auto whole = [this](std::string_view end) {
    const std::size_t at = text_.View().find(end);
    return at == std::string_view::npos ? std::string() : text_.Take(at + end.size());
  };
  switch (reading_) {
    case Reading::kHead: {
      const std::string head = whole("\r\n\r\n");
      if (head.empty()) return false;
      BeginRequest(head);
      return true;
    }
    case Reading::kLength:
    case Reading::kChunk: {
      const std::size_t size = std::min<std::uint64_t>(left_, text_.View().size());
      if (size == 0 && left_ > 0) return false;
      streams_.back().body.Append(text_.Take(size));
      left_ -= size;
      if (left_ > 0) return false;
      if (reading_ == Reading::kLength) {
        streams_.back().body_ends = true;
        reading_ = Reading::kHead;
      } else {
        reading_ = Reading::kChunkSize;
      }
      return true;
    }
    case Reading::kChunkSize: {
      if (text_.View().starts_with("\r\n")) static_cast<void>(text_.Take(2));
      const std::string line = whole("\r\n");
      if (line.empty()) return false;
      left_ = 0;
      std::from_chars(line.data(), line.data() + line.size(), left_, 16);
      reading_ = left_ == 0 ? Reading::kTrailer : Reading::kChunk;
      return true;
    }
    case Reading::kTrailer: {
      const std::string line = whole("\r\n");
      if (line.empty()) return false;
      Stream& stream = streams_.back();
      if (line != "\r\n") {
        stream.trailer += line;
        return true;
      }
      stream.body_ends = true;
      reading_ = Reading::kHead;
      return true;
    }
    case Reading::kTunnel:
      if (text_.View().empty()) return false;
      streams_.back().body.Append(text_.Take(text_.View().size()));
      return true;
  }
  return false;
}

void TestHttp2::BeginRequest(std::string_view head) {
  std::string_view rest = head;
  const std::string_view line = TakeLine(rest);
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  const std::string method(line.substr(0, first));
  const std::string target(line.substr(first + 1, last - first - 1));
  std::vector<std::pair<std::string, std::string>> list;
  list.emplace_back(":method", method);
  if (method == "CONNECT") {
    list.emplace_back(":authority", target);
  } else {
    list.emplace_back(":scheme", "http");
    list.emplace_back(":path", target);
  }
  bool body = false;
  while (!rest.empty()) {
    const std::string_view field = TakeLine(rest);
    if (field.empty()) break;
    const std::size_t colon = field.find(':');
    const std::string name = Lower(field.substr(0, colon));
    const std::string_view value = TrimBlanks(field.substr(colon + 1));
    if (name == "transfer-encoding") {
      body = true;
      reading_ = Reading::kChunkSize;
    }
    if (name == "content-length") {
      left_ = 0;
      std::from_chars(value.data(), value.data() + value.size(), left_);
      body = left_ > 0;
      if (body) reading_ = Reading::kLength;
    }
    if (name == "host") {
      if (method != "CONNECT") list.insert(list.begin() + 3, {":authority", std::string(value)});
    } else if (!IsConnectionField(name)) {
      list.emplace_back(name, value);
    }
  }
  if (method == "CONNECT") reading_ = Reading::kTunnel;
  const bool ends = !body && method != "CONNECT";
  std::vector<Fields::Field> fields;
  for (const auto& [name, value] : list) fields.push_back({name, value});
  std::string block;
  AppendFieldBlock(block, fields);
  std::uint8_t type = frame_type::kHeaders;
  for (std::string_view left = block; type == frame_type::kHeaders || !left.empty(); type = frame_type::kContinuation) {
    const std::string_view piece = left.substr(0, kFrameMax);
    left.remove_prefix(piece.size());
    std::uint8_t flags = left.empty() ? frame_flag::kEndHeaders : 0;
    if (ends && type == frame_type::kHeaders) flags |= frame_flag::kEndStream;
    AppendFrame(out_, type, flags, next_id_, piece);
  }
  Stream stream;
  stream.id = next_id_;
  stream.is_head = method == "HEAD";
  stream.window = first_window_;
  stream.body_ends = stream.end_sent = ends;
  streams_.push_back(std::move(stream));
  next_id_ += 2;
}

void TestHttp2::SendBodies() {
  for (Stream& stream : streams_) {
    while (!stream.end_sent && !stream.done) {
      const auto room = static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(window_, stream.window)));
      const std::size_t size = std::min({stream.body.View().size(), room, kFrameMax});
      const bool last = stream.body_ends && size == stream.body.View().size();
      if (size == 0 && !last) break;
      const bool trailer = last && !stream.trailer.empty();
      AppendFrame(out_, frame_type::kData, last && !trailer ? frame_flag::kEndStream : 0, stream.id, stream.body.Take(size));
      window_ -= static_cast<std::int64_t>(size);
      stream.window -= static_cast<std::int64_t>(size);
      stream.end_sent = last;
      if (!trailer) continue;
      std::vector<std::string> names;
      std::vector<Fields::Field> fields;
      std::string_view rest = stream.trailer;
      names.reserve(stream.trailer.size());
      while (!rest.empty()) {
        const std::string_view line = TakeLine(rest);
        const std::size_t colon = line.find(':');
        names.push_back(Lower(line.substr(0, colon)));
        fields.push_back({names.back(), TrimBlanks(line.substr(colon + 1))});
      }
      std::string block;
      AppendFieldBlock(block, fields);
      AppendFrame(out_, frame_type::kHeaders, frame_flag::kEndHeaders | frame_flag::kEndStream, stream.id, block);
    }
  }
}

std::string TestHttp2::ToSend() { return std::exchange(out_, {}); }

bool TestHttp2::AwaitsWindow() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const Stream& s) { return !s.body.View().empty() && !s.done; });
}

// --- responses

TestHttp2::Stream* TestHttp2::Find(std::uint32_t id) {
  for (Stream& stream : streams_) {
    if (stream.id == id) return &stream;
  }
  return nullptr;
}

void TestHttp2::Receive(std::string_view bytes) {
  in_ += bytes;
  std::size_t at = 0;
  while (in_.size() - at >= kFrameHeaderSize) {
    const FrameHeader header = FrameScanner::Parse(reinterpret_cast<const unsigned char*>(in_.data() + at));
    if (in_.size() - at < kFrameHeaderSize + header.length) break;
    OnFrame(header, std::string_view(in_).substr(at + kFrameHeaderSize, header.length));
    at += kFrameHeaderSize + header.length;
  }
  in_.erase(0, at);
  SendBodies();
}

void TestHttp2::OnFrame(const FrameHeader& header, std::string_view payload) {
  Stream* const stream = Find(header.stream);
  switch (header.type) {
    case frame_type::kSettings:
      if ((header.flags & frame_flag::kAck) == 0) OnSettings(payload);
      return;
    case frame_type::kPing:
      if ((header.flags & frame_flag::kAck) == 0) AppendFrame(out_, frame_type::kPing, frame_flag::kAck, 0, payload);
      return;
    case frame_type::kWindowUpdate: {
      const auto more = static_cast<std::int64_t>(NumberAt(payload, 0));
      if (header.stream == 0) window_ += more;
      if (stream != nullptr) stream->window += more;
      return;
    }
    case frame_type::kGoAway:
      last_taken_ = NumberAt(payload, 0);
      code_ = NumberAt(payload, 4);
      if (code_ != 0) ended_ = true;
      return;
    case frame_type::kReset:
      if (stream != nullptr) OnReset(*stream, NumberAt(payload, 0));
      return;
    case frame_type::kHeaders:
      block_ = payload;
      block_ends_stream_ = (header.flags & frame_flag::kEndStream) != 0;
      break;
    case frame_type::kContinuation: block_ += payload; break;
    case frame_type::kData:
      if (stream != nullptr) OnData(*stream, header, payload);
      return;
    default: return;
  }
  if ((header.flags & frame_flag::kEndHeaders) == 0) return;
  if (stream != nullptr) return OnHeaders(*stream, block_ends_stream_);
  FieldDecoder::List unused;
  static_cast<void>(decoder_.Decode(block_, unused));
}

void TestHttp2::OnSettings(std::string_view payload) {
  for (std::size_t at = 0; at + 6 <= payload.size(); at += 6) {
    const unsigned id = static_cast<unsigned char>(payload[at]) * 256U + static_cast<unsigned char>(payload[at + 1]);
    if (id != 4) continue;
    const auto window = static_cast<std::int64_t>(NumberAt(payload, at + 2));
    for (Stream& stream : streams_) stream.window += window - first_window_;
    first_window_ = window;
  }
  AppendFrame(out_, frame_type::kSettings, frame_flag::kAck, 0, {});
}

void TestHttp2::OnHeaders(Stream& stream, bool end) {
  FieldDecoder::List fields;
  if (!decoder_.Decode(block_, fields)) {
    ended_ = true;
    return;
  }
  if (stream.head_seen) {
    if (stream.chunked) {
      stream.text += "0\r\n";
      for (const auto& [name, value] : fields) stream.text.append(name).append(": ").append(value).append("\r\n");
      stream.text += "\r\n";
      stream.chunked = false;
    }
    return EndResponse(stream);
  }
  int status = 0;
  bool length = false;
  std::string lines;
  for (const auto& [name, value] : fields) {
    if (name == ":status") {
      std::from_chars(value.data(), value.data() + value.size(), status);
      continue;
    }
    length = length || name == "content-length";
    lines.append(name).append(": ").append(value).append("\r\n");
  }
  const bool interim = status < 200;
  const bool body = !interim && !stream.is_head && status != 204 && status != 304;
  if (body && !length && end) lines += "content-length: 0\r\n";
  if (body && !length && !end && reading_ != Reading::kTunnel) {
    stream.chunked = true;
    lines += "transfer-encoding: chunked\r\n";
  }
  stream.text.append("HTTP/2.0 ").append(std::to_string(status)).append(" ").append(ReasonPhrase(status)).append("\r\n").append(lines).append("\r\n");
  stream.head_seen = !interim;
  if (end) EndResponse(stream);
}

void TestHttp2::OnData(Stream& stream, const FrameHeader& header, std::string_view payload) {
  if (!payload.empty()) {
    AppendNumberFrame(out_, frame_type::kWindowUpdate, 0, static_cast<std::uint32_t>(payload.size()));
    if ((header.flags & frame_flag::kEndStream) == 0) {
      AppendNumberFrame(out_, frame_type::kWindowUpdate, stream.id, static_cast<std::uint32_t>(payload.size()));
    }
    char size[24];
    if (stream.chunked) {
      std::snprintf(size, sizeof size, "%zx\r\n", payload.size());
      stream.text.append(size).append(payload).append("\r\n");
    } else {
      stream.text += payload;
    }
  }
  if ((header.flags & frame_flag::kEndStream) != 0) EndResponse(stream);
}

void TestHttp2::EndResponse(Stream& stream) {
  if (stream.chunked) stream.text += "0\r\n\r\n";
  stream.chunked = false;
  stream.done = true;
}

// After a complete response it only stops the request.
void TestHttp2::OnReset(Stream& stream, std::uint32_t code) {
  if (stream.done) return;
  code_ = code;
  stream.done = true;
  ended_ = true;
}

std::string TestHttp2::Take() {
  std::string text;
  while (!streams_.empty()) {
    Stream& first = streams_.front();
    text += std::exchange(first.text, {});
    if (!first.done || (&first == &streams_.back() && reading_ != Reading::kHead)) break;
    if (!first.end_sent && !first.body_ends) break;
    streams_.pop_front();
  }
  return text;
}

}  // namespace weft::internal
