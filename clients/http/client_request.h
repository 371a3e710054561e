// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_CLIENTS_HTTP_CLIENT_REQUEST_H_
#define WEFT_CLIENTS_HTTP_CLIENT_REQUEST_H_

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/concurrency/context.h>
#include <weft/concurrency/copy.h>
#include <weft/concurrency/result.h>
#include <weft/http/fields.h>

namespace weft {

// Where the body of a request comes from, piece by piece.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // At least one byte and at most as many as fit; 0 at the end. An Error ends the exchange, and the call returns it as it is: it
  // is the caller's own. The context is done also when the response is there before the body is sent.
  virtual Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) = 0;
  // How many bytes there are, if that is known: Content-Length. Fewer or more are an Error.
  virtual std::optional<std::uint64_t> Length() const { return std::nullopt; }
  // Back to the start, to send it once more. False: that cannot be done, and so neither can a retry nor a redirect that keeps the body.
  virtual bool Rewind() { return false; }
};

// What HttpClient sends: a method, a URL, fields and maybe a body. It may be sent any number of times, one after the other.
//
//   weft::ClientRequest request("POST", "https://users.internal/u");
//   request.Header().Set("Content-Type", "application/json");
//   request.SetBody(R"({"name":"anna"})");
//   weft::Result<weft::ClientResponse> response = client.Do(ctx, request);
//
// Host, Content-Length and Transfer-Encoding are the client's business; a Host of one's own replaces the URL's. "Connection:
// close" is honoured. With Upgrade the option that belongs to it is added.
class ClientRequest {
 public:
  // The URL is looked at by Do, which reports what is wrong with it: "http://host:port/path?query", "https://...", or, for a unix
  // socket, "http+unix://%2Frun%2Fapp.sock/path".
  ClientRequest(std::string method, std::string url) : method_(std::move(method)), url_(std::move(url)) {}
  ClientRequest(ClientRequest&&) = default;
  ClientRequest& operator=(ClientRequest&&) = default;

  const std::string& Method() const { return method_; }
  const std::string& Url() const { return url_; }

  Fields& Header() WEFT_LIFETIMEBOUND { return Made(header_); }
  // After a body in chunks, as a reader without a length is sent.
  Fields& Trailer() WEFT_LIFETIMEBOUND { return Made(trailer_); }

  void SetBody(std::string body) {
    body_ = std::move(body);
    reader_ = nullptr;
  }
  // It is read by the fiber that calls Do, and never after Do has returned. It outlives Do.
  void SetBody(BodyReader& reader) { reader_ = &reader; }
  // The same with any other Reader: the Body of a request, a ClientResponse, a Stream.
  template <Reader R>
    requires(!std::derived_from<R, BodyReader>)
  void SetBody(R& reader, std::optional<std::uint64_t> length = std::nullopt);

  // Sends "Expect: 100-continue" and waits for so long before it sends the body all the same (RFC 9110 section 10.1.1): for large ones
  // that the server may reject.
  void ExpectContinue(Duration wait = std::chrono::seconds(1)) { expect_ = wait; }
  // In place of HttpClientOptions::response_timeout.
  void ResponseTimeout(Duration limit) { response_timeout_ = limit; }
  // Called in the fiber that waits for the response, for each interim response (1xx) but 100 that comes before it, such as 103.
  void OnInterim(std::function<void(int status, const Fields& fields)> call) { on_interim_ = std::move(call); }

 private:
  friend struct ClientRequestAccess;
  static Fields& Made(std::unique_ptr<Fields>& fields) {
    if (fields == nullptr) fields = std::make_unique<Fields>();
    return *fields;
  }

  std::string method_;
  std::string url_;
  std::unique_ptr<Fields> header_;
  std::unique_ptr<Fields> trailer_;
  std::optional<std::string> body_;
  BodyReader* reader_ = nullptr;
  std::unique_ptr<BodyReader> adapter_;
  bool without_slot_ = false;
  std::optional<Duration> expect_;
  std::optional<Duration> response_timeout_;
  std::function<void(int, const Fields&)> on_interim_;
};

namespace internal {

// Any Reader as a BodyReader.
template <Reader R>
class ReaderBody final : public BodyReader {
 public:
  ReaderBody(R& reader, std::optional<std::uint64_t> length) : reader_(reader), length_(length) {}
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override { return reader_.Read(ctx, buffer); }
  std::optional<std::uint64_t> Length() const override { return length_; }

 private:
  R& reader_;
  std::optional<std::uint64_t> length_;
};

}  // namespace internal

template <Reader R>
  requires(!std::derived_from<R, BodyReader>)
void ClientRequest::SetBody(R& reader, std::optional<std::uint64_t> length) {
  adapter_ = std::make_unique<internal::ReaderBody<R>>(reader, length);
  reader_ = adapter_.get();
}

// The way of weft's own code to what a request holds.
struct ClientRequestAccess {
  static const Fields* Header(const ClientRequest& r) { return r.header_.get(); }
  static const Fields* Trailer(const ClientRequest& r) { return r.trailer_.get(); }
  static const std::optional<std::string>& Body(const ClientRequest& r) { return r.body_; }
  static BodyReader* Reader(const ClientRequest& r) { return r.reader_; }
  // For checks, which must not wait behind what they are about.
  static void WithoutSlot(ClientRequest& r) { r.without_slot_ = true; }
  static bool IsWithoutSlot(const ClientRequest& r) { return r.without_slot_; }
  static std::optional<Duration> Expect(const ClientRequest& r) { return r.expect_; }
  static std::optional<Duration> ResponseTimeout(const ClientRequest& r) { return r.response_timeout_; }
  static const std::function<void(int, const Fields&)>& OnInterim(const ClientRequest& r) { return r.on_interim_; }
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_CLIENT_REQUEST_H_
