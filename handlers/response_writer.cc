// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/response_writer.h>

#include <weft/handlers/internal/no_body.h>
#include <weft/handlers/server_side.h>
#include <weft/http/internal/content_length.h>
#include <weft/http/internal/copy_short.h>
#include <weft/http/status.h>

namespace weft {

// Where bytes go that have passed all filters.
class ResponseWriter::BehindFilters final : public BodyFilter::Output {
 public:
  explicit BehindFilters(ResponseWriter& w) : w_(w) {}
  // A filter may end a stream of its own (gzip's trailer) although nothing went in: without a body it has no place.
  Error Write(std::string_view data) override {
    return StatusAllowsBody(w_.status_) ? w_.WriteBehindFilters(data) : Error();
  }

 private:
  ResponseWriter& w_;
};

void ResponseWriter::Misused(const char* function) const {
  if (state_ == State::kEnded) internal::AbortMisuse(function, "used after its handler has returned");
  internal::AbortMisuse(function, "used from another loop, or by a fiber that does not belong to its request");
}

void ResponseWriter::CheckMayWrite(const char* function) const {
  Check(function);
  if (state_ == State::kInHook) internal::AbortMisuse(function, "a hook of OnHead must not write");
}

Fields& ResponseWriter::Header() {
  Check("ResponseWriter::Header");
  return header_;
}

Fields& ResponseWriter::Trailer() {
  Check("ResponseWriter::Trailer");
  return extras_.Use().trailer;
}

int ResponseWriter::Status() const {
  Check("ResponseWriter::Status");
  return status_ == 0 ? 200 : status_;
}

bool ResponseWriter::HeadSent() const {
  Check("ResponseWriter::HeadSent");
  return head_sent_;
}

Error ResponseWriter::Err() const {
  Check("ResponseWriter::Err");
  return failure_;
}

void ResponseWriter::WriteHeader(int status) {
  Check("ResponseWriter::WriteHeader");
  if (status < 100 || status > 999) {
    internal::AbortMisuse("ResponseWriter::WriteHeader", "the status is not in 100..999");
  }
  if (status >= 200 || status == 101) {
    if (status_ == 0) status_ = status;
    return;
  }
  CheckMayWrite("ResponseWriter::WriteHeader");
  if (state_ != State::kBuffering || failure_) return;
  static_cast<void>(Fail(sink_->SendInformational(status, header_)));
}

Error ResponseWriter::Write(std::string_view data) {
  CheckMayWrite("ResponseWriter::Write");
  if (failure_) return failure_;
  if (state_ == State::kHijacked) return Taken();
  if (status_ == 0) status_ = 200;
  if (data.empty()) return {};
  if (!StatusAllowsBody(status_)) [[unlikely]] return internal::NoBody(status_);
  return extras_.HasFilters() ? WriteThroughFilters(data) : WriteBehindFilters(data);
}

Error ResponseWriter::WriteThroughFilters(std::string_view data) {
  extras_.filters.Start(status_, header_);
  if (extras_.filters.Empty()) return WriteBehindFilters(data);
  BehindFilters out(*this);
  return Fail(extras_.filters.Write(data, out));
}

[[gnu::always_inline]] inline Error ResponseWriter::WriteBehindFilters(std::string_view data) {
  if (failure_) return failure_;
  if (MayHaveLength()) [[unlikely]] {
    if (Error err = CheckLength(data.size())) return err;
  }
  if (buffer_.empty()) buffer_ = sink_->Buffer();
  if (data.size() <= buffer_.size() - buffered_) [[likely]] {
    internal::CopyShort(buffer_.data() + buffered_, data.data(), data.size());
    buffered_ += data.size();
    written_ += data.size();
    return {};
  }
  if (Error err = BeginStreaming(data.size())) return err;
  written_ += data.size();
  return SendBuffered(data);
}

// The head goes out, if it is not out yet, because `more` bytes of body do not fit the buffer.
Error ResponseWriter::BeginStreaming(std::uint64_t more) {
  if (state_ != State::kBuffering) return {};
  if (Error err = BeginHead()) return err;
  if (Error err = SendHead()) return err;
  return CheckLength(more);  // a hook may have changed it
}

Error ResponseWriter::Flush() {
  CheckMayWrite("ResponseWriter::Flush");
  if (failure_) return failure_;
  if (state_ == State::kHijacked) return Taken();
  if (status_ == 0) status_ = 200;
  extras_.filters.Start(status_, header_);
  BehindFilters out(*this);
  if (Error err = Fail(extras_.filters.Flush(out))) return err;
  if (state_ == State::kBuffering) {
    if (Error err = BeginHead()) return err;
    if (Error err = SendHead()) return err;
  }
  if (Error err = buffered_ > 0 ? SendBuffered({}) : Error()) return err;
  if (Error err = Fail(sink_->Flush())) return err;
  if (buffered_ == 0 && !buffer_.empty() && !sink_->BufferIsUsed() && sink_->TakeBufferBack()) buffer_ = {};
  return {};
}

void ResponseWriter::OnHead(std::function<void()> hook) {
  Check("ResponseWriter::OnHead");
  if (state_ == State::kBuffering || state_ == State::kInHook) extras_.Use().hooks.push_back(std::move(hook));
}

void ResponseWriter::PushFilter(std::unique_ptr<BodyFilter> filter) {
  Check("ResponseWriter::PushFilter");
  if (state_ != State::kBuffering || extras_.filters.Started() || written_ > 0) {
    internal::AbortMisuse("ResponseWriter::PushFilter", "the body has begun: push filters before anything is written");
  }
  extras_.Use().filters.Push(std::move(filter));
}

// Once the head is out, declared_ holds it and the field is gone.
std::optional<std::uint64_t> ResponseWriter::HandlersLength() const {
  if (head_sent_) return declared_;
  return internal::ParseLength(header_.Get("Content-Length"));
}

Error ResponseWriter::CheckLength(std::uint64_t more) const {
  const std::optional<std::uint64_t> length = HandlersLength();
  if (!length || (written_ <= *length && more <= *length - written_)) return {};
  return Error::New("the body is longer than its Content-Length");
}

Error ResponseWriter::FinishFilters() {
  if (!extras_.HasFilters()) return {};
  extras_.filters.Start(status_, header_);
  BehindFilters out(*this);
  return Fail(extras_.filters.Finish(out));
}

}  // namespace weft
