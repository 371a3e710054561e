// SPDX-License-Identifier: Apache-2.0

// The examples in some headers of handlers/. tests/headers_test.sh compares them line by line.
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <weft/concurrency/context.h>
#include <weft/handlers/access.h>
#include <weft/handlers/handler.h>
#include <weft/handlers/middleware/authenticated_user.h>
#include <weft/handlers/middleware/constant_time.h>
#include <weft/handlers/refusal_body.h>
#include <weft/handlers/server_side.h>
#include <weft/server/options.h>

namespace authenticated_user_h {

weft::Error WhoAmI(weft::ResponseWriter& w, weft::Request& r) {
  return w.Write(weft::UserOf(r.Ctx()));
}

weft::Middleware OfCertificates() {
  weft::Middleware certificates = [](weft::Handler next) -> weft::Handler {
    return [next](weft::ResponseWriter& w, weft::Request& r) -> weft::Error {
      const weft::TlsInfo* tls = r.Tls();
      if (tls == nullptr || !tls->peer_certificate) return weft::HttpError(403);
      const std::string& subject = tls->peer_certificate->subject;
      weft::RequestAccess::SetUser(r, subject);
      const weft::RequestContextScope use = r.Use(weft::WithUser(r.Ctx(), subject));
      return next(w, r);
    };
  };
  return certificates;
}

}  // namespace authenticated_user_h

namespace constant_time_h {

std::string Sign(const std::string& body) { return body; }

weft::Error Receive(weft::ResponseWriter&, weft::Request& r) {
  weft::Result<std::string> body = r.Body().ReadAll();
  if (weft::Error err = body.Err()) return err;
  if (!weft::EqualInConstantTime(r.Header().Get("X-Signature"), Sign(*body))) {
    return weft::HttpError(401, "the signature is not valid");
  }
  return {};
}

}  // namespace constant_time_h

namespace refusal_body_h {

void Set(weft::ServerOptions& options) {
  options.refusal = [](int status) {
    return weft::RefusalBody{"text/plain", "rejected: " + std::to_string(status) + "\n"};
  };
}

}  // namespace refusal_body_h

namespace server_side_h {

class TextBody final : public weft::BodySource {
 public:
  explicit TextBody(std::string_view text) : left_(text) {}

  weft::Result<std::size_t> Read(const weft::Context&, std::span<char> buffer) override {
    const std::size_t n = left_.copy(buffer.data(), buffer.size());
    left_.remove_prefix(n);
    return n;
  }
  std::optional<std::uint64_t> Declared() const override { return std::nullopt; }

 private:
  std::string_view left_;
};

}  // namespace server_side_h
