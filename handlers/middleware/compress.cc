// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/middleware/compress.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <weft/concurrency/run.h>
#include <weft/handlers/body_filter.h>
#include <weft/handlers/middleware/internal/compress_rules.h>
#include <weft/handlers/middleware/internal/gzip_encoders.h>
#include <weft/http/content_coding.h>
#include <weft/http/media_type.h>

namespace weft {
namespace {

using internal::GzipEncoder;
using internal::Verdict;
using Then = GzipEncoder::Then;

constexpr std::size_t kSniffed = 512;
constexpr std::size_t kTurn =
    16 * 1024;  // bytes of body after which others of the loop go first: some 0.3 ms

// What all responses of one middleware share.
struct Shared {
  explicit Shared(CompressOptions given)
      : options(std::move(given)), encoders(options.level, options.states_max) {}
  const CompressOptions options;
  internal::GzipEncoders encoders;
};

bool WantsGzip(const Request& r) {
  return ChooseCoding(r.Header(), {"gzip"}) == "gzip";
}

class Compressor final : public BodyFilter {
 public:
  Compressor(Shared& shared, const Request& r)
      : shared_(shared), request_(r.Header()), wanted_(WantsGzip(r)) {}
  ~Compressor() override { shared_.encoders.GiveBack(std::move(encoder_)); }

  void Start(int status, Fields& header) override {
    header_ = &header;
    if (status == 304) internal::MarkNotModified(request_, header);
    declared_ = internal::DeclaredLength(header);
    verdict_ = internal::Judge(status, header, shared_.options.types);
    if (declared_ && *declared_ < shared_.options.size_min) verdict_ = Verdict::kNo;
    if (verdict_ == Verdict::kYes) AddVary(header, "Accept-Encoding");
    passes_ = verdict_ == Verdict::kNo || (verdict_ == Verdict::kYes && !wanted_);
  }
  bool PassesThrough() const override { return passes_; }

  Error Write(std::string_view data, Output& next) override {
    if (!decided_) {
      if (held_.size() + data.size() < shared_.options.size_min) {
        held_.append(data);
        return {};
      }
      if (!held_.empty()) {  // enough of it to detect the type
        held_.append(data.substr(0, kSniffed));
        data.remove_prefix(std::min(data.size(), kSniffed));
      }
      if (Error err = Decide(held_.empty() ? data : std::string_view(held_), next)) return err;
    }
    return encoder_ ? EncodeInTurns(data, next) : Pass(data, next);
  }

  // The head is sent next, so this is the last moment to decide.
  Error Flush(Output& next) override {
    if (!decided_) {
      if (Error err = Decide(held_, next)) return err;
    }
    return encoder_ && taken_ > 0 ? encoder_->Encode({}, Then::kFlush, next) : Error();
  }

  Error Finish(Output& next) override {
    if (!decided_) return Pass(std::exchange(held_, {}), next);
    if (!encoder_) return {};
    if (declared_ && taken_ != *declared_)
      return Error::New("the body is shorter than its Content-Length");
    const Error err = encoder_->Encode({}, Then::kEnd, next);
    shared_.encoders.GiveBack(std::move(encoder_));
    return err;
  }

 private:
  static Error Pass(std::string_view data, Output& next) {
    return data.empty() ? Error() : next.Write(data);
  }

  // Chooses by what is known, and sends what was held back.
  Error Decide(std::string_view first, Output& next) {
    decided_ = true;
    if (IsForGzip(first)) encoder_ = shared_.encoders.Take();
    if (encoder_) internal::MarkEncoded(*header_);
    const std::string held = std::exchange(held_, {});
    return encoder_ ? EncodeInTurns(held, next) : Pass(held, next);
  }

  // The server cannot detect the type from compressed bytes, so it is set here.
  bool IsForGzip(std::string_view first) {
    if (verdict_ == Verdict::kByContent) {
      if (first.empty()) return false;
      const std::string_view type = DetectContentType(first);
      if (!shared_.options.types(type)) return false;
      header_->Set("Content-Type", type);
      AddVary(*header_, "Accept-Encoding");
    }
    return wanted_;
  }

  Error EncodeInTurns(std::string_view data, Output& next) {
    if (declared_ && data.size() > *declared_ - taken_)
      return Error::New("the body is longer than its Content-Length");
    while (!data.empty()) {
      const std::size_t size = std::min(data.size(), kTurn - turn_);
      if (Error err = encoder_->Encode(data.substr(0, size), Then::kMore, next)) return err;
      data.remove_prefix(size);
      taken_ += size;
      turn_ += size;
      if (turn_ < kTurn) continue;
      turn_ = 0;
      Yield();
    }
    return {};
  }

  Shared& shared_;
  const Fields& request_;
  Fields* header_ = nullptr;
  const bool wanted_;
  bool passes_ = false;
  bool decided_ = false;
  Verdict verdict_ = Verdict::kNo;
  std::optional<std::uint64_t> declared_;
  std::uint64_t taken_ = 0;  // bytes of body that were encoded
  std::size_t turn_ = 0;     // of them, since others could go first
  std::string held_;         // until it is decided
  internal::GzipEncoders::Handle encoder_;
};

// Gives a response to HEAD the same head as the response to GET, as far as it is known without
// compressing. `length`: of the body. True if the length is not known.
bool MarkHead(ResponseWriter& w, const Request& r, const CompressOptions& options,
              std::uint64_t length) {
  Fields& header = w.Header();
  if (w.Status() == 304) internal::MarkNotModified(r.Header(), header);
  const Verdict verdict = internal::Judge(w.Status(), header, options.types);
  if (verdict == Verdict::kNo ||
      internal::DeclaredLength(header).value_or(length) < options.size_min)
    return false;
  if (verdict == Verdict::kYes) AddVary(header, "Accept-Encoding");
  if (!WantsGzip(r)) return false;
  if (verdict == Verdict::kYes) internal::MarkEncoded(header);
  return true;
}

Error ServeHead(const std::shared_ptr<Shared>& shared, const Handler& next, ResponseWriter& w,
                Request& r) {
  // A head that is sent while the handler runs belongs to a body that is flushed or large.
  const auto inside = std::make_shared<bool>(true);
  struct Leave {
    ~Leave() { *flag = false; }
    bool* flag;
  };
  w.OnHead([&w, &r, shared, inside] {
    if (*inside) static_cast<void>(MarkHead(w, r, shared->options, shared->options.size_min));
  });
  const Error err = [&] {
    const Leave leave{inside.get()};  // an exception leaves, too
    return next(w, r);
  }();
  if (err || w.HeadSent() || w.Hijacked() || !MarkHead(w, r, shared->options, w.BytesWritten()))
    return err;
  w.Header().Del("Content-Length");
  return w.Flush();  // a head without the length that the server would add
}

}  // namespace

Middleware Compress(CompressOptions options) {
  options.level = std::clamp(options.level, 1, 9);
  return [shared = std::make_shared<Shared>(std::move(options))](Handler next) -> Handler {
    return [shared, next = std::move(next)](ResponseWriter& w, Request& r) -> Error {
      if (r.Method() == "HEAD") return ServeHead(shared, next, w, r);
      w.PushFilter(std::make_unique<Compressor>(*shared, r));
      return next(w, r);
    };
  };
}

}  // namespace weft
