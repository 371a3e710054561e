// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/http1_carrier.h>

#include <algorithm>
#include <array>
#include <string>

#include <weft/http/internal/http1/response_head_writer.h>
#include <weft/http/internal/text.h>
#include <weft/net/internal/socket.h>

namespace weft::internal {

void Http1Carrier::Reset() noexcept {
  body_.Reset();
  head_.Reset();
  in_.Recycle(kBufferKept);
  out_.Recycle(kBufferKept);
  unsent_head_ = 0;
  unsent_body_ = {};
  interims_ = 0;
  wants_upgrade_ = close_after_ = continued_ = has_verdict_ = received_any_ = head_done_ = broken_ = false;
}

// --- sending

Error Http1Carrier::SendHead(const Context& ctx, const OutgoingRequest& request) {
  close_after_ = RequestsClose(request.fields);
  wants_upgrade_ = request.fields != nullptr && request.fields->Has("Upgrade");
  out_.Clear();
  WriteRequestHead(out_, request);
  unsent_head_ = 0;
  const bool holds_body = request.expect.has_value();
  unsent_body_ = request.body == OutgoingRequest::Body::kWhole ? request.whole : std::string_view();
  std::array<iovec, 2> parts{Part(out_.View()), Part(unsent_body_)};
  const Result<std::size_t> sent = wire_->WriteAtOnce(parts.data(), unsent_body_.empty() || holds_body ? 1 : 2);
  if (Error err = sent.Err()) return request_.Failed(ctx, err, "send the request");
  request_.sent_any = *sent > 0;
  unsent_head_ = std::min(*sent, out_.size());
  unsent_body_.remove_prefix(*sent - unsent_head_);
  // The head is sent in any case: what follows may wait for something.
  if (unsent_head_ == out_.size()) return {};
  if (!holds_body && !unsent_body_.empty()) return {};
  std::string_view held;
  std::swap(held, unsent_body_);
  Error err = SendUnsent(ctx);
  unsent_body_ = held;
  return err;
}

Error Http1Carrier::SendUnsent(const Context& ctx) {
  std::array<iovec, 2> parts{Part(out_.View().substr(unsent_head_)), Part(unsent_body_)};
  request_.sent_any = true;
  unsent_head_ = out_.size();
  unsent_body_ = {};
  const std::size_t first = parts[0].iov_len == 0 ? 1 : 0;
  const std::size_t count = (parts[1].iov_len == 0 ? 1u : 2u) - first;
  return WriteOut(ctx, parts.data() + first, count, "send the request");
}

Error Http1Carrier::WriteOut(const Context& ctx, iovec* parts, std::size_t count, const char* detail) {
  if (Error err = wire_->Write(ctx, parts, count)) return request_.Failed(ctx, err, detail);
  return {};
}

Error Http1Carrier::SendPiece(const Context& ctx, std::string_view data) {
  request_.sent_any = true;
  if (!request_.chunked) {
    iovec part = Part(data);
    return WriteOut(ctx, &part, 1, "send the body");
  }
  char header[kChunkHeaderMax];
  char* const end = header + sizeof(header);
  char* const begin = WriteChunkHeaderBefore(end, data.size());
  std::array<iovec, 3> parts{iovec{begin, static_cast<std::size_t>(end - begin)}, Part(data), Part(kChunkEnd)};
  return WriteOut(ctx, parts.data(), parts.size(), "send the body");
}

Error Http1Carrier::SendEnd(const Context& ctx) {
  if (!request_.chunked) return {};
  std::string last(kLastChunk);
  if (request_.trailers != nullptr) {
    last.resize(WriteLastChunk(nullptr, 0, *request_.trailers));
    WriteLastChunk(last.data(), last.size(), *request_.trailers);
  }
  iovec part = Part(last);
  return WriteOut(ctx, &part, 1, "send the body");
}

// --- receiving

Error Http1Carrier::FailWith(ClientFailure::Kind kind, const char* detail) {
  broken_ = true;
  return request_.Failure(kind, detail);
}

Error Http1Carrier::FillHead(const Context& ctx, TimePoint until) {
  wire_->AwaitHead(in_.empty());
  const Result<std::size_t> got = wire_->Read(ctx, {in_.Reserve(kHeadRoom), kHeadRoom}, until);
  wire_->AwaitHead(false);
  if (Error err = got.Err()) return err;
  if (*got == 0) return kClosed;
  received_any_ = true;
  in_.Grow(*got);
  return {};
}

Error Http1Carrier::ReadHead(const Context& ctx, TimePoint until, Fields& header) {
  for (;;) {
    if (!in_.empty()) {
      const ResponseResult result = ParseResponseHead(in_.View(), limits_, head_);
      switch (result.verdict) {
        case ResponseResult::Verdict::kNeedMore:
          break;
        case ResponseResult::Verdict::kBad:
          return FailWith(ClientFailure::kMalformed, result.reason);
        case ResponseResult::Verdict::kTooLarge:
          return FailWith(ClientFailure::kTooLarge, result.reason);
        case ResponseResult::Verdict::kDone:
          if (head_.status >= 200 || head_.status == 101) return TakeFinal(result, header);
          if (Error err = TakeInterim(result)) return err;
          continue;
      }
    }
    if (Error err = FillHead(ctx, until)) {
      broken_ = true;
      if (!err.Is(kClosed)) return request_.Failed(ctx, err, "wait for the response");
      return request_.Failure(ClientFailure::kEnded, received_any_ ? "within the head of the response" : "before the response");
    }
  }
}

Error Http1Carrier::TakeInterim(const ResponseResult& result) {
  if (++interims_ > kInterimsMax) return FailWith(ClientFailure::kMalformed, "too many interim responses");
  if (head_.status == 100) {
    continued_ = true;
  } else if (request_.WantsInterims()) {
    Fields fields;
    head_.AppendFieldsTo(fields, in_.data());
    request_.ReportInterim(head_.status, fields);
  }
  in_.EraseFront(result.consumed);
  head_.Reset();
  return {};
}

Error Http1Carrier::TakeFinal(const ResponseResult& result, Fields& header) {
  if (head_.status == 101 && !(wants_upgrade_ && head_.connection_upgrade && head_.has_upgrade)) {
    return FailWith(ClientFailure::kMalformed, "101 to a request that has not asked for it");
  }
  head_.AppendFieldsTo(header, in_.data());
  framing_ = FrameReceived(head_, {.head = request_.method == "HEAD", .connect = request_.method == "CONNECT"});
  body_.Begin(framing_, in_.View().substr(result.consumed));
  wire_->CountEachByte(EqualsIgnoreCase(header.Get("Content-Type").substr(0, 17), "text/event-stream"));
  head_done_ = true;
  return {};
}

Error Http1Carrier::WaitForContinue(const Context& ctx, TimePoint until) {
  for (;;) {
    if (!in_.empty()) {
      const ResponseResult result = ParseResponseHead(in_.View(), limits_, head_);
      if (result.verdict == ResponseResult::Verdict::kDone && head_.status < 200 && head_.status != 101) {
        if (Error err = TakeInterim(result)) return err;
        if (continued_) return {};
        continue;
      }
      if (result.verdict != ResponseResult::Verdict::kNeedMore) {  // ReadHead takes it
        head_.Reset();
        has_verdict_ = true;
        return {};
      }
    }
    if (Error err = FillHead(ctx, until)) {
      if (!ctx.Err() && err.Is(kTimeout)) return {};
      broken_ = true;
      if (!err.Is(kClosed)) return request_.Failed(ctx, err, "wait for 100 Continue");
      return request_.Failure(ClientFailure::kEnded, "before the response");
    }
  }
}

Result<std::size_t> Http1Carrier::Read(const Context& ctx, std::span<char> buffer, const char* detail) {
  if (buffer.empty() || body_.AtEnd()) return std::size_t{0};
  if (broken_ || wire_ == nullptr) return request_.ResponseHasFailed();
  if (Error err = ctx.Err()) return err;
  const char* wrong = nullptr;
  Result<std::size_t> got = body_.Read(*wire_, ctx, buffer, wrong);
  if (Error err = got.Err()) {
    // A caller may try again with another context: nothing of the body is lost.
    if (Error ended = ctx.Err()) return ended;
    broken_ = true;
    return request_.Failed(ctx, err, detail);
  }
  if (wrong != nullptr) {
    return FailWith(wrong == IncomingBody::kCutShort ? ClientFailure::kEnded : ClientFailure::kMalformed, wrong);
  }
  return got;
}

}  // namespace weft::internal
