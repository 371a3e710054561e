// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/testing.h>

#include <algorithm>
#include <array>
#include <exception>
#include <limits>

#include <weft/concurrency/loop.h>
#include <weft/concurrency/scope.h>
#include <weft/handlers/access.h>
#include <weft/handlers/server_side.h>
#include <weft/http/status.h>

namespace weft {
namespace {

void Copy(const Fields& from, Fields& to) {
  for (const auto& [name, value] : from) to.Add(name, value);
}

// Splits a target into the parts that a server hands over.
RequestHead ParseTarget(std::string_view method, std::string_view target, std::string_view host) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.host = host;
  std::string_view rest = target;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos && rest.front() != '/') {
    rest.remove_prefix(scheme + 3);
    head.host = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(head.host.size());
    if (rest.empty() || rest.front() != '/') head.raw_path = "/";
  } else if (method == "CONNECT") {
    head.host = target;
    return head;
  }
  const std::size_t question = std::min(rest.find('?'), rest.size());
  if (question > 0) head.raw_path = rest.substr(0, question);
  if (question < rest.size()) head.raw_query = rest.substr(question + 1);
  return head;
}

}  // namespace

// The server's side of one request, played from the builder, and the client's side, kept for the
// test.
class Recorder::Exchange final : public ResponseSink, public BodySource, public RequestHooks, public StreamTransport {
 public:
  void Serve(const Handler& handler, const RequestBuilder& builder);

  // ResponseSink
  std::span<char> Buffer() override { return buffer_; }

  Error SendWhole(int status, Fields& header, std::string_view body) override {
    if (Error err = SendHead(status, header, Length(status, body.size()))) return err;
    return head_only_ ? Error() : Take(body);
  }

  Error SendHead(int status, Fields& header, std::optional<std::uint64_t> length) override {
    status_ = status;
    Copy(header, header_);
    if (length) header_.Set("Content-Length", std::to_string(*length));
    return {};
  }

  Error SendBody(std::string_view first, std::string_view second) override {
    if (Error err = Take(first)) return err;
    return Take(second);
  }

  Error Flush() override {
    ++flushes_;
    return {};
  }

  Error SendEnd(std::string_view rest, Fields& trailer) override {
    if (Error err = Take(rest)) return err;
    Copy(trailer, trailer_);
    return {};
  }

  Error SendInformational(int status, Fields& header) override {
    Informational interim{status, {}};
    for (const auto& [name, value] : header) interim.header.emplace_back(name, value);
    interim_.push_back(std::move(interim));
    return {};
  }

  void Abort() noexcept override { aborted_ = true; }

  Error MayHijack(int status, Fields& header) override;
  Result<StreamTransport*> Hijack(int status, Fields& header) override;

  // StreamTransport
  const Context* StreamContext() const override { return &request_.Ctx(); }
  Result<std::size_t> ReadStream(const Context& ctx, std::span<char> buffer) override { return stream_.Read(ctx, buffer); }
  Error WriteStream(const Context& ctx, std::string_view data) override;
  Error CloseStreamWrite() override {
    stream_.CloseWrite();
    return {};
  }
  void CloseStream() noexcept override { stream_.Close(); }

  // BodySource
  Result<std::size_t> Read(const Context&, std::span<char> buffer) override {
    while (piece_ < builder_->body_.size()) {
      const std::string_view left = std::string_view(builder_->body_[piece_]).substr(piece_used_);
      if (!left.empty()) {
        const std::size_t n = left.copy(buffer.data(), buffer.size());
        piece_used_ += n;
        // A declared length marks the end by itself.
        body_ended_ = builder_->body_declared_ && n == left.size() && !builder_->body_error_;
        return n;
      }
      ++piece_;
      piece_used_ = 0;
    }
    if (builder_->body_error_) return builder_->body_error_;
    body_ended_ = true;
    Fields& trailer = RequestAccess::Trailer(request_);
    if (trailer.Size() == 0) {
      for (const auto& [name, value] : builder_->trailer_) trailer.AddBorrowed(name, value);
    }
    return std::size_t{0};
  }

  std::optional<std::uint64_t> Declared() const override {
    if (!builder_->body_declared_) return std::nullopt;
    return builder_->body_.empty() ? 0 : builder_->body_.front().size();
  }

  // RequestHooks
  std::string Peer() const override { return builder_->peer_; }
  bool LongLived() override { return long_lived_ = true; }
  void ContextChanged() override {}

  Error outcome_;
  int status_ = 0;
  int flushes_ = 0;
  bool aborted_ = false;
  bool long_lived_ = false;
  bool hijacked_ = false;
  std::optional<MemoryStream> offered_;  // for the next Serve
  Fields header_;
  Fields trailer_;
  std::string body_;
  std::vector<Informational> interim_;
  std::uint64_t fail_after_ = std::numeric_limits<std::uint64_t>::max();
  Error send_error_;

 private:
  static std::optional<std::uint64_t> Length(int status, std::size_t size) {
    return StatusAllowsBody(status) ? std::optional<std::uint64_t>(size) : std::nullopt;
  }

  Error Take(std::string_view data) {
    const std::uint64_t room = fail_after_ - std::min<std::uint64_t>(fail_after_, body_.size());
    body_.append(data.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(room, data.size()))));
    return data.size() > room ? send_error_ : Error();
  }

  void Forget();
  void BeginRequest(const Context& ctx);

  const RequestBuilder* builder_ = nullptr;  // while it serves
  Request request_;
  ResponseWriter writer_;
  bool head_only_ = false;
  std::size_t piece_ = 0;
  std::size_t piece_used_ = 0;
  bool body_ended_ = false;
  MemoryStream stream_;
  std::array<char, 4096> buffer_;
};

void Recorder::Exchange::Forget() {
  outcome_ = Error();
  status_ = 0;
  flushes_ = 0;
  aborted_ = false;
  long_lived_ = false;
  hijacked_ = false;
  header_.Clear();
  trailer_.Clear();
  body_.clear();
  interim_.clear();
  piece_ = 0;
  piece_used_ = 0;
}

void Recorder::Exchange::BeginRequest(const Context& ctx) {
  RequestHead head = ParseTarget(builder_->method_, builder_->target_, builder_->host_);
  head.version_major = builder_->version_major_;
  head.version_minor = builder_->version_minor_;
  head.secure = builder_->secure_;
  Fields& header = RequestAccess::Header(request_);
  for (const auto& [name, value] : builder_->header_) header.AddBorrowed(name, value);
  const bool has_body = !builder_->body_.empty() || builder_->body_error_;
  body_ended_ = !has_body;
  RequestAccess::Begin(request_, head, ctx, builder_->draining_, has_body ? this : nullptr, builder_->body_limit_,
                       this);
}

void Recorder::Exchange::Serve(const Handler& handler, const RequestBuilder& builder) {
  Forget();
  builder_ = &builder;
  const ScopedWork work;
  const CancelScope scope = WithCancel(builder.ctx_ ? *builder.ctx_ : CurrentContext());
  BeginRequest(scope.ctx);
  const ScopedContext current(request_.Ctx());
  head_only_ = request_.Method() == "HEAD";
  ResponseAccess::Begin(writer_, *this, head_only_, request_.Method() == "CONNECT");
  outcome_ = ResponseAccess::Complete(writer_, CallHandler(handler, writer_, request_));
  ResponseAccess::End(writer_);
  RequestAccess::End(request_);
  builder_ = nullptr;
  offered_.reset();
  stream_ = MemoryStream();
}

Error Recorder::Exchange::MayHijack(int status, Fields& header) {
  if (!offered_) return Error::New("Hijack: this Recorder has no stream; call ClientStream before Serve");
  return RequestAccess::PrepareHijack(request_, status, header, body_ended_);
}

Result<StreamTransport*> Recorder::Exchange::Hijack(int status, Fields& header) {
  long_lived_ = hijacked_ = true;
  status_ = status;
  if (status != 0) Copy(header, header_);
  stream_ = *std::exchange(offered_, std::nullopt);
  return static_cast<StreamTransport*>(this);
}

Error Recorder::Exchange::WriteStream(const Context& ctx, std::string_view data) {
  const Error err = stream_.Write(ctx, data);
  return err.Is(kClosed) ? kClientGone : err;
}

Recorder::Recorder() : exchange_(std::make_unique<Exchange>()) {}
Recorder::~Recorder() = default;

void Recorder::Serve(const Handler& handler, const RequestBuilder& request) { exchange_->Serve(handler, request); }

Error Recorder::Err() const { return exchange_->outcome_; }
int Recorder::Status() const { return exchange_->status_; }
const Fields& Recorder::Header() const { return exchange_->header_; }
const std::string& Recorder::Body() const { return exchange_->body_; }
const Fields& Recorder::Trailer() const { return exchange_->trailer_; }
const std::vector<Recorder::Informational>& Recorder::Interim() const { return exchange_->interim_; }
bool Recorder::Aborted() const { return exchange_->aborted_; }
int Recorder::Flushes() const { return exchange_->flushes_; }
bool Recorder::LongLived() const { return exchange_->long_lived_; }
bool Recorder::Hijacked() const { return exchange_->hijacked_; }

MemoryStream Recorder::ClientStream(MemoryStreamOptions options) {
  auto [client, server] = MemoryStreamPair(options);
  exchange_->offered_ = std::move(server);
  return std::move(client);
}

void Recorder::FailAfter(std::uint64_t bytes, Error error) {
  exchange_->fail_after_ = bytes;
  exchange_->send_error_ = std::move(error);
}

}  // namespace weft
