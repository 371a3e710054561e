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

// The source of a request's body, piece by piece. To send a file, a Stream or the Body of another
// request, SetBody takes any Reader; this is for sources that know their length or can start again.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  // Returns at least one byte and at most as many as fit; 0 at the end. An Error ends the exchange,
  // and the call returns it unchanged, because it is the caller's own. The context is also done if
  // the response arrives before the body was sent.
  virtual Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) = 0;
  // The number of bytes, if it is known: Content-Length. Fewer or more bytes are an Error.
  virtual std::optional<std::uint64_t> Length() const { return std::nullopt; }
  // Goes back to the start, to send the body once more. False: that is not possible, and so neither
  // is a retry, nor a redirect that keeps the body.
  virtual bool Rewind() { return false; }
};

// A request of an HttpClient: a method, a URL, fields and maybe a body. It may be sent any number
// of times, one after the other.
//
//   weft::ClientRequest request("POST", "https://users.internal/u");
//   request.Header().Set("Content-Type", "application/json");
//   request.SetBody(R"({"name":"anna"})");
//   weft::Result<weft::ClientResponse> response = client.Do(ctx, request);
//
// The client sets Host, Content-Length and Transfer-Encoding; a Host of your own replaces that of
// the URL. "Connection: close" is honored. With Upgrade the client adds the connection option that
// belongs to it.
class ClientRequest {
 public:
  // Do checks the URL, and reports what is wrong with it: "http://host:port/path?query",
  // "https://...", or, for a Unix-domain socket, "http+unix://%2Frun%2Fapp.sock/path".
  ClientRequest(std::string method, std::string url)
      : method_(std::move(method)), url_(std::move(url)) {}
  ClientRequest(ClientRequest&&) = default;
  ClientRequest& operator=(ClientRequest&&) = default;

  const std::string& Method() const { return method_; }
  const std::string& Url() const { return url_; }

  // The fields that are sent. Do rejects the request if Set or Add has rejected one of them
  // (Fields::Refused).
  Fields& Header() WEFT_LIFETIMEBOUND { return Made(header_); }
  // Sent after a body in chunks, such as that of a reader without a length.
  Fields& Trailer() WEFT_LIFETIMEBOUND { return Made(trailer_); }

  // The bytes themselves, which can be sent again. Replaces a body that was set before.
  void SetBody(std::string body) {
    body_ = std::move(body);
    reader_ = nullptr;
  }
  // The fiber that calls Do reads it, and never after Do has returned. It must outlive Do.
  void SetBody(BodyReader& reader) { reader_ = &reader; }
  // The same with any other Reader: the Body of a request, a ClientResponse, a Stream.
  template <Reader R>
    requires(!std::derived_from<R, BodyReader>)
  void SetBody(R& reader, std::optional<std::uint64_t> length = std::nullopt);

  // Sends "Expect: 100-continue", and waits for up to this long before it sends the body anyway
  // (RFC 9110 section 10.1.1). For large bodies that the server may reject.
  void ExpectContinue(Duration wait = std::chrono::seconds(1)) { expect_ = wait; }
  // Replaces HttpClientOptions::response_timeout.
  void ResponseTimeout(Duration limit) { response_timeout_ = limit; }
  // Called for each interim response (1xx) other than 100 before the response, such as 103, in the
  // fiber that waits for the response.
  void OnInterim(std::function<void(int status, const Fields& fields)> call) {
    on_interim_ = std::move(call);
  }

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

// Makes a BodyReader from any Reader.
template <Reader R>
class ReaderBody final : public BodyReader {
 public:
  ReaderBody(R& reader, std::optional<std::uint64_t> length) : reader_(reader), length_(length) {}
  Result<std::size_t> Read(const Context& ctx, std::span<char> buffer) override {
    return reader_.Read(ctx, buffer);
  }
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

// Gives weft's own code access to the contents of a request.
struct ClientRequestAccess {
  static const Fields* Header(const ClientRequest& r) { return r.header_.get(); }
  static const Fields* Trailer(const ClientRequest& r) { return r.trailer_.get(); }
  static const std::optional<std::string>& Body(const ClientRequest& r) { return r.body_; }
  static BodyReader* Reader(const ClientRequest& r) { return r.reader_; }
  // For checks, which must not queue after the requests that they are about.
  static void WithoutSlot(ClientRequest& r) { r.without_slot_ = true; }
  static bool IsWithoutSlot(const ClientRequest& r) { return r.without_slot_; }
  static std::optional<Duration> Expect(const ClientRequest& r) { return r.expect_; }
  static std::optional<Duration> ResponseTimeout(const ClientRequest& r) {
    return r.response_timeout_;
  }
  static const std::function<void(int, const Fields&)>& OnInterim(const ClientRequest& r) {
    return r.on_interim_;
  }
};

}  // namespace weft

#endif  // WEFT_CLIENTS_HTTP_CLIENT_REQUEST_H_
