// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/beast_exchange.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <boost/beast/http/rfc7230.hpp>

#include <weft/handlers/handler.h>
#include <weft/http/internal/http1/chunked_decoder.h>
#include <weft/http/internal/http1/received_response.h>
#include <weft/http/internal/http1/response_parser.h>
#include <weft/http/internal/text.h>

namespace weft::internal {
namespace {

namespace http = boost::beast::http;

std::string_view View(boost::beast::string_view text) { return {text.data(), text.size()}; }
boost::beast::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// What says how a message is framed, or how a connection goes on: weft's own affair.
bool IsOfTheConnection(http::field name) {
  return name == http::field::connection || name == http::field::transfer_encoding || name == http::field::keep_alive ||
         name == http::field::proxy_connection || name == http::field::upgrade || name == http::field::trailer;
}

// Leaves the first `count` fields: the response to an Error is another one, and has what middleware has set.
void TakeBack(Fields& fields, std::size_t count) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (const Fields::Field& field : fields) {
    if (kept.size() == count) break;
    kept.emplace_back(field.name, field.value);
  }
  fields.Clear();
  for (const auto& [name, value] : kept) fields.Add(name, value);
}

// The same of a field whose name is text, told by its size first.
bool IsOfTheConnection(std::string_view name) {
  switch (name.size()) {
    case 7: return EqualsIgnoreCase(name, "upgrade") || EqualsIgnoreCase(name, "trailer");
    case 10: return EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "keep-alive");
    case 16: return EqualsIgnoreCase(name, "proxy-connection");
    case 17: return EqualsIgnoreCase(name, "transfer-encoding");
    default: return false;
  }
}

Error CheckStatus(unsigned status) {
  if (status >= 200 && status <= 999) return {};
  return Error::New("a function for FromBeast has responded " + std::to_string(status));
}

// The bytes of a message_generator, on their way to a ResponseWriter. They are read by weft's own parser: Beast's makes a message of them, with an
// allocation for each field.
class GeneratedResponse {
 public:
  explicit GeneratedResponse(ResponseWriter& w) : w_(w) {}

  Error Put(std::string_view bytes) {
    if (head_done_) return PutBody(bytes);
    // A generator gives field by field, as they are: input of a user in a value must not become a field of its own.
    if (bytes.find('\n') < bytes.size() - 1) return Error::New("the response of a message_generator: a line feed in a field");
    if (bytes.ends_with('\n') && !MayEndALine(bytes)) return Error::New("the response of a message_generator: a line feed in the reason");
    if (head_.empty()) head_.reserve(kUsualHead);
    head_.append(bytes);
    if (!head_.ends_with("\r\n\r\n")) return {};  // a generator gives its end by itself: one look at the whole is enough
    const ResponseResult result = ParseResponseHead(head_, kNoLimits, parsed_);
    if (result.verdict == ResponseResult::Verdict::kNeedMore) return {};
    if (result.verdict != ResponseResult::Verdict::kDone) return Error::New("the response of a message_generator: " + std::string(result.reason));
    head_done_ = true;
    if (Error err = Fill()) return err;
    return PutBody(std::string_view(head_).substr(result.consumed));
  }
  bool HeadDone() const { return head_done_; }
  bool Done() const { return head_done_ && (framing_.kind == BodyKind::kNone || body_done_); }

 private:
  static constexpr std::size_t kUsualHead = 512;
  static constexpr ResponseLimits kNoLimits{.head_bytes = std::numeric_limits<std::uint32_t>::max(), .fields = std::numeric_limits<std::uint32_t>::max()};

  // The end of the status line comes by itself, after a reason, which is input as well.
  bool MayEndALine(std::string_view bytes) const {
    if (head_.find('\n') != head_.npos) return true;
    return bytes == "\r\n" && head_.size() > std::string_view("HTTP/1.1 200 ").size();
  }
  Error Fill() {
    if (Error err = CheckStatus(static_cast<unsigned>(parsed_.status))) return err;
    framing_ = FrameReceived(parsed_, {});
    left_ = framing_.length;
    for (const HeadFacts::FieldSpan& field : parsed_.fields) {
      const std::string_view name(head_.data() + field.name_begin, field.name_size);
      if (!IsOfTheConnection(name)) w_.Header().Add(name, {head_.data() + field.value_begin, field.value_size});
    }
    if (parsed_.connection_close) w_.Header().Set("Connection", "close");
    w_.WriteHeader(parsed_.status);
    return {};
  }
  Error PutBody(std::string_view bytes) {
    switch (framing_.kind) {
      case BodyKind::kNone: return {};
      case BodyKind::kUntilClose: return bytes.empty() ? Error() : w_.Write(bytes);
      case BodyKind::kChunked: return PutChunks(bytes);
      case BodyKind::kLength: break;
    }
    const std::string_view part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
    left_ -= part.size();
    body_done_ = left_ == 0;
    return part.empty() ? Error() : w_.Write(part);
  }
  Error PutChunks(std::string_view bytes) {
    while (!body_done_) {
      const ChunkedDecoder::Step step = chunks_.Next(bytes);
      bytes.remove_prefix(step.consumed);
      switch (step.state) {
        case ChunkedDecoder::State::kNeedMore: return {};
        case ChunkedDecoder::State::kBad: return Error::New("the chunks of a message_generator: " + std::string(step.reason));
        case ChunkedDecoder::State::kDone: body_done_ = true; break;
        case ChunkedDecoder::State::kData:
          if (Error err = w_.Write(step.data)) return err;
          break;
      }
    }
    return {};
  }

  ResponseWriter& w_;
  std::string head_;  // what has come of it, and of the body with it
  ReceivedResponse parsed_;
  ReceivedFraming framing_;
  ChunkedDecoder chunks_;
  std::uint64_t left_ = 0;
  bool head_done_ = false;
  bool body_done_ = false;
};

}  // namespace

void FillBeastRequest(const Request& r, http::request_header<>& header) {
  header.method_string(View(r.Method()));
  header.target(View(r.Target()));
  const auto [major, minor] = r.Version();
  header.version(major == 1 ? 10 + static_cast<unsigned>(minor) : 11);
  for (const Fields::Field& field : r.Header()) header.insert(View(field.name), View(field.value));
  if (header.find(http::field::host) == header.end() && !r.Host().empty()) header.set(http::field::host, View(r.Host()));
}

Error BeastBodyError(const boost::beast::error_code& ec) {
  if (ec == http::error::unexpected_body) return HttpError(400, "this takes no body");
  if (ec == http::error::buffer_overflow || ec == http::error::body_limit) return HttpError(413);
  return Error(ec).Wrap("the body of the request");
}

Error FillFromBeast(ResponseWriter& w, unsigned status, const http::fields& fields) {
  if (Error err = CheckStatus(status)) return err;
  const std::size_t before = w.Header().Size();
  for (const auto& field : fields) {
    if (IsOfTheConnection(field.name()) || w.Header().Add(View(field.name_string()), View(field.value()))) continue;
    Error failure = Error::New("the response of a function for FromBeast: " + std::string(w.Header().Refused()));
    TakeBack(w.Header(), before);
    return failure;
  }
  if (http::token_list(fields[http::field::connection]).exists("close")) w.Header().Set("Connection", "close");
  w.WriteHeader(static_cast<int>(status));
  return {};
}

Error WriteBeastResponse(ResponseWriter& w, http::message_generator&& response) {
  GeneratedResponse generated(w);
  while (!response.is_done() && !generated.Done()) {
    boost::beast::error_code ec;
    const auto buffers = response.prepare(ec);
    if (ec) return Error(ec).Wrap("a message_generator");
    std::size_t size = 0;
    for (const boost::asio::const_buffer& buffer : buffers) {
      size += buffer.size();
      if (buffer.size() == 0) continue;
      if (Error err = generated.Put({static_cast<const char*>(buffer.data()), buffer.size()})) return err;
    }
    response.consume(size);
  }
  return generated.HeadDone() ? Error() : Error::New("a message_generator without a response");
}

}  // namespace weft::internal
