// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/generated_response.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <weft/http/internal/char_class.h>
#include <weft/http/internal/content_length.h>
#include <weft/http/internal/text.h>
#include <weft/http/status.h>

namespace weft::internal {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

Error Wrong(std::string what) { return Error::New("the response of a message_generator: " + std::move(what)); }

}  // namespace

Error CheckBeastStatus(unsigned status) {
  if (status >= 200 && status <= 999) return {};
  return Error::New("a function for FromBeast has responded " + std::to_string(status));
}

void TakeBackFields(Fields& fields, std::size_t count) {
  std::vector<std::pair<std::string, std::string>> kept;
  for (const Fields::Field& field : fields) {
    if (kept.size() == count) break;
    kept.emplace_back(field.name, field.value);
  }
  fields.Clear();
  for (const auto& [name, value] : kept) fields.Add(name, value);
}

Error GeneratedResponse::TakenBack(Error error) {
  if (!HeadDone()) TakeBackFields(fields_, fields_before_);
  return error;
}

Error GeneratedResponse::Put(std::string_view bytes) {
  switch (stage_) {
    case Stage::kBody: return PutBody(bytes);
    case Stage::kFields: return bytes == kLineEnd ? EndHead() : PutField(bytes);
    case Stage::kVersion: return PutVersion(bytes);
    case Stage::kReason:  // it is dropped, but Beast would let it end the line
      stage_ = Stage::kLineEnd;
      return AllAre(bytes, kValueChar) ? Error() : Wrong("a line feed in the reason, or another control byte");
    case Stage::kLineEnd: break;
  }
  stage_ = Stage::kFields;
  return bytes == kLineEnd ? Error() : Wrong("a status line in an unknown form");
}

// "HTTP/1.1 200 "
Error GeneratedResponse::PutVersion(std::string_view bytes) {
  stage_ = Stage::kReason;
  const std::string_view digits = bytes.substr(std::min<std::size_t>(bytes.size(), 9), 3);
  if (bytes.size() != 13 || !bytes.starts_with("HTTP/1.") || !AllAre(digits, kDigitChar)) return Wrong("not a status line of HTTP/1.1");
  status_ = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  return CheckBeastStatus(static_cast<unsigned>(status_));
}

// "Name: value\r\n"
Error GeneratedResponse::PutField(std::string_view bytes) {
  const std::size_t colon = bytes.find(':');
  if (!bytes.ends_with(kLineEnd) || colon == bytes.npos) return Wrong("a field in an unknown form");
  const std::string_view name = bytes.substr(0, colon);
  const std::string_view value = bytes.substr(colon + 1, bytes.size() - colon - 1 - kLineEnd.size());
  const bool wanted = IsForWriter(name, TrimBlanks(value));
  if (wrong_ != nullptr) return Wrong(wrong_);
  if (!wanted || fields_.Add(name, value)) return {};
  return Wrong(std::string(fields_.Refused()));
}

// False for fields that say how the message is framed, or whether the connection continues: weft sets these. These are noted.
bool GeneratedResponse::IsForWriter(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 7: return !EqualsIgnoreCase(name, "upgrade") && !EqualsIgnoreCase(name, "trailer");
    case 10:
      if (EqualsIgnoreCase(name, "connection")) return NoteOptions(value);
      return !EqualsIgnoreCase(name, "keep-alive");
    case 14:
      if (EqualsIgnoreCase(name, "content-length")) {
        const auto length = ParseLength(value);
        if (!length || has_length_) wrong_ = has_length_ ? "more than one Content-Length" : "a malformed Content-Length";
        has_length_ = true;
        left_ = length.value_or(0);
      }
      return true;
    case 16: return !EqualsIgnoreCase(name, "proxy-connection");
    case 17:
      if (!EqualsIgnoreCase(name, "transfer-encoding")) return true;
      if (chunked_ || !EqualsIgnoreCase(value, "chunked")) wrong_ = "an unknown transfer coding";
      chunked_ = true;
      return false;
    default: return true;
  }
}

bool GeneratedResponse::NoteOptions(std::string_view value) {
  ForEachElement(value, [this](std::string_view option) {
    close_ = close_ || EqualsIgnoreCase(option, "close");
    return true;
  });
  return false;
}

// RFC 9112 section 6.3.
Error GeneratedResponse::EndHead() {
  if (chunked_ && has_length_) return Wrong("Content-Length together with Transfer-Encoding");
  if (close_) fields_.Set("Connection", "close");
  w_.WriteHeader(status_);
  stage_ = Stage::kBody;
  body_ = chunked_ ? BodyKind::kChunked : has_length_ ? BodyKind::kLength : BodyKind::kUntilClose;
  body_done_ = !StatusAllowsBody(status_) || (body_ == BodyKind::kLength && left_ == 0);
  return {};
}

Error GeneratedResponse::PutBody(std::string_view bytes) {
  if (body_done_) return {};
  if (body_ == BodyKind::kUntilClose) return w_.Write(bytes);
  if (body_ == BodyKind::kChunked) return PutChunks(bytes);
  const std::string_view part = bytes.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size())));
  left_ -= part.size();
  body_done_ = left_ == 0;
  return w_.Write(part);
}

Error GeneratedResponse::PutChunks(std::string_view bytes) {
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

}  // namespace weft::internal
