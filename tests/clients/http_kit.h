// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_HTTP_KIT_H_
#define WEFT_TESTS_CLIENTS_HTTP_KIT_H_

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weft/clients/http/client_request.h>
#include <weft/clients/http/http_client.h>
#include <weft/net/client_failure.h>
#include <weft/handlers/handler.h>
#include <weft/server/testing.h>

namespace weft {

// Of a server that listens in memory.
inline std::string UrlOf(std::string_view bound, std::string_view target) {
  if (bound.starts_with("unix:@")) return "http+unix://%40" + std::string(bound.substr(6)) + std::string(target);
  return std::string(bound) + std::string(target);
}
inline std::string UrlOf(const TestServer& server, std::string_view target) { return UrlOf(server.Bound(), target); }

inline Result<std::string> GetAll(const Context& ctx, HttpClient& client, std::string_view url) {
  Result<ClientResponse> response = client.Get(ctx, url);
  if (Error err = response.Err()) return err;
  return response->ReadAll(ctx);
}

// Options of a server on a port of its own.
inline ServerOptions OnLoopback() {
  ServerOptions options;
  options.address = "127.0.0.1:0";
  return options;
}

inline void ExpectFailure(const Error& err, ClientFailure::Kind kind, bool processed) {
  const ClientFailure* failure = err.As<ClientFailure>();
  ASSERT_NE(failure, nullptr) << err.Message();
  EXPECT_EQ(failure->kind, kind) << err.Message();
  EXPECT_EQ(failure->processed, processed) << err.Message();
}

// Responds with what it reads, while it reads.
inline Error EchoWhileReading(ResponseWriter& w, Request& r) {
  std::array<char, 1000> piece;
  for (;;) {
    const Result<std::size_t> got = r.Body().Read(piece);
    if (Error err = got.Err()) return err;
    if (*got == 0) return {};
    if (Error err = w.Write({piece.data(), *got})) return err;
    if (Error err = w.Flush()) return err;
  }
}

// A body in pieces, which can be read again.
class PiecesBody final : public BodyReader {
 public:
  explicit PiecesBody(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override {
    if (Error err = ctx.Err()) return err;
    if (at_ == pieces_.size()) return std::size_t{0};
    const std::size_t size = std::string_view(pieces_[at_]).substr(in_).copy(buffer.data(), buffer.size());
    in_ += size;
    if (in_ == pieces_[at_].size()) {
      ++at_;
      in_ = 0;
    }
    return size;
  }
  bool Rewind() override {
    at_ = in_ = 0;
    return true;
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
  std::size_t in_ = 0;
};

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_HTTP_KIT_H_
