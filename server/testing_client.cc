// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>

#include <weft/http/internal/text.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/connect.h>
#include <weft/net/internal/fd.h>
#include <weft/server/internal/test_wire.h>
#include <weft/server/testing.h>

namespace weft {
namespace {

using FieldList = std::vector<std::pair<std::string, std::string>>;

std::string_view Find(const FieldList& fields, std::string_view name) {
  for (const auto& [n, value] : fields) {
    if (internal::EqualsIgnoreCase(n, name)) return value;
  }
  return {};
}

// Shortened to what the message of a failed test can show.
std::string Shown(std::string_view text) {
  constexpr std::size_t kMax = 400;
  return "\"" + std::string(text.substr(0, kMax)) + (text.size() > kMax ? "...\"" : "\"");
}

// Whether one of these lines is a field of that name, which is in lower case.
bool HasField(std::string_view lines, std::string_view name) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n') + 1);
    if (line.empty()) return false;
    if (line.size() > name.size() && line[name.size()] == ':' && internal::EqualsIgnoreCase(line.substr(0, name.size()), name)) return true;
    lines.remove_prefix(line.size());
  }
  return false;
}

template <class T>
bool Parse(std::string_view text, T& number, int base) {
  const auto [stopped, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return code == std::errc() && stopped == text.data() + text.size();
}

// "HTTP/1.1 200 OK\r\n"
bool ParseStatusLine(std::string_view line, TestResponse& response) {
  if (line.size() < 14 || !(line.starts_with("HTTP/1.") || line.starts_with("HTTP/2.0")) || line[8] != ' ' || line[12] != ' ') return false;
  response.version = line.substr(0, 8);
  return Parse(line.substr(9, 3), response.status, 10);
}

}  // namespace

std::string_view TestResponse::Header(std::string_view name) const { return Find(header, name); }

bool TestResponse::Has(std::string_view name) const {
  return std::any_of(header.begin(), header.end(), [&](const auto& field) { return internal::EqualsIgnoreCase(field.first, name); });
}

TestClient::TestClient(std::unique_ptr<internal::TestWire> wire) : wire_(std::move(wire)) {}
TestClient::TestClient(TestClient&& other) noexcept = default;
TestClient& TestClient::operator=(TestClient&& other) noexcept = default;
TestClient::~TestClient() = default;

namespace {

std::string_view WithoutScheme(std::string_view bound) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (bound.starts_with(scheme)) return bound.substr(scheme.size());
  }
  return bound;
}

// "[::1]:8443": "::1"
std::string HostOf(std::string_view address) {
  std::string_view host = address.substr(0, address.rfind(':'));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return std::string(host);
}

Result<std::unique_ptr<internal::TestWire>> Open(const Context& ctx, std::string_view bound) {
  const Result<internal::SocketAddress> address = internal::ResolveAddress(bound);
  if (Error err = address.Err()) return err.Wrap("connect to " + std::string(bound));
  Result<internal::Fd> fd = internal::Connect(ctx, {&*address, 1}, {.holds_time = false});
  if (Error err = fd.Err()) return err;
  return std::make_unique<internal::TestWire>(*std::move(fd));
}

}  // namespace

Result<TestClient> TestClient::Dial(const Context& ctx, std::string_view bound) {
  Result<std::unique_ptr<internal::TestWire>> wire = Open(ctx, WithoutScheme(bound));
  if (Error err = wire.Err()) return err;
  return TestClient(*std::move(wire));
}

Result<TestClient> TestClient::DialTls(const Context& ctx, std::string_view bound, const TlsClientOptions& options) {
  const std::string_view address = WithoutScheme(bound);
  Result<std::unique_ptr<internal::TestWire>> wire = Open(ctx, address);
  if (Error err = wire.Err()) return err;
  if (Error err = (*wire)->StartTls(ctx, HostOf(address), options)) return err.Wrap("connect to " + std::string(bound));
  return TestClient(*std::move(wire));
}

Result<TestClient> TestClient::DialHttp2(const Context& ctx, std::string_view bound) {
  Result<std::unique_ptr<internal::TestWire>> wire = Open(ctx, WithoutScheme(bound));
  if (Error err = wire.Err()) return err;
  if (Error err = (*wire)->StartHttp2(ctx)) return err.Wrap("connect to " + std::string(bound));
  return TestClient(*std::move(wire));
}

Result<TestClient> TestClient::DialHttp2(const Context& ctx, std::string_view bound, const TlsClientOptions& tls) {
  const std::string_view address = WithoutScheme(bound);
  Result<std::unique_ptr<internal::TestWire>> wire = Open(ctx, address);
  if (Error err = wire.Err()) return err;
  Error err = (*wire)->StartTls(ctx, HostOf(address), tls, /*http2=*/true);
  if (!err) err = (*wire)->StartHttp2(ctx);
  if (err) return err.Wrap("connect to " + std::string(bound));
  return TestClient(*std::move(wire));
}

void TestClient::CloseSend() { wire_->CloseSend(); }
void TestClient::Close() { wire_->Close(); }
void TestClient::Reset() { wire_->Reset(); }
int TestClient::Descriptor() const { return wire_->Descriptor(); }
const TlsInfo* TestClient::Tls() const { return wire_->Tls(); }
bool TestClient::SawCloseNotify() const { return wire_->SawCloseNotify(); }

Error TestClient::Send(const Context& ctx, std::string_view bytes) { return wire_->Send(ctx, bytes); }

// Appends to read_ what arrives next, or notes the end.
Error TestClient::Fill(const Context& ctx) {
  constexpr std::size_t kPiece = 64 * 1024;
  if (ended_) return {};
  const std::size_t before = read_.size();
  read_.resize(before + kPiece);
  const Result<std::size_t> got = wire_->Receive(ctx, {read_.data() + before, kPiece});
  read_.resize(before + (got.Ok() ? *got : 0));
  if (Error err = got.Err()) return err;
  ended_ = *got == 0;
  return {};
}

Result<std::string> TestClient::ReadSome(const Context& ctx) {
  if (read_.empty()) {
    if (Error err = Fill(ctx)) return err;
  }
  return std::exchange(read_, {});
}

Result<std::string> TestClient::Take(std::size_t bytes) {
  std::string taken = read_.substr(0, bytes);
  read_.erase(0, bytes);
  return taken;
}

Result<std::string> TestClient::ReadUntil(const Context& ctx, std::string_view text) {
  for (std::size_t from = 0;;) {
    const std::size_t at = read_.find(text, from);
    if (at != std::string::npos) return Take(at + text.size());
    from = read_.size() - std::min(read_.size(), text.size());
    if (ended_) return kClosed.Wrap("the server closed the connection after " + Shown(read_));
    if (Error err = Fill(ctx)) return err.Wrap("after " + Shown(read_));
  }
}

Result<std::string> TestClient::ReadCount(const Context& ctx, std::size_t bytes) {
  while (read_.size() < bytes) {
    if (ended_) return kClosed.Wrap("the server closed the connection after " + Shown(read_));
    if (Error err = Fill(ctx)) return err.Wrap("after " + Shown(read_));
  }
  return Take(bytes);
}

Result<std::string> TestClient::ReadToEnd(const Context& ctx) {
  while (!ended_) {
    if (Error err = Fill(ctx)) return err.Wrap("after " + Shown(read_));
  }
  return std::exchange(read_, {});
}

// Reads field lines up to and including the empty line.
Error TestClient::ReadFields(const Context& ctx, FieldList& fields) {
  for (;;) {
    Result<std::string> line = ReadUntil(ctx, "\r\n");
    if (Error err = line.Err()) return err;
    line->resize(line->size() - 2);
    if (line->empty()) return {};
    const std::size_t colon = line->find(": ");
    if (colon == std::string::npos) return kMalformed.Wrap("field line " + Shown(*line));
    fields.emplace_back(line->substr(0, colon), line->substr(colon + 2));
  }
}

Error TestClient::ReadChunks(const Context& ctx, TestResponse& response) {
  for (;;) {
    Result<std::string> line = ReadUntil(ctx, "\r\n");
    if (Error err = line.Err()) return err;
    std::size_t size = 0;
    if (!Parse(std::string_view(*line).substr(0, line->size() - 2), size, 16)) {
      return kMalformed.Wrap("size of a chunk " + Shown(*line));
    }
    if (size == 0) return ReadFields(ctx, response.trailer);
    Result<std::string> data = ReadCount(ctx, size + 2);
    if (Error err = data.Err()) return err;
    if (!data->ends_with("\r\n")) return kMalformed.Wrap("end of a chunk");
    response.body.append(*data, 0, size);
  }
}

Result<TestResponse> TestClient::ReadResponse(const Context& ctx, std::string_view method) {
  TestResponse response;
  Result<std::string> line = ReadUntil(ctx, "\r\n");
  if (Error err = line.Err()) return err.Wrap("status line");
  if (!ParseStatusLine(*line, response)) return kMalformed.Wrap("status line " + Shown(*line));
  if (Error err = ReadFields(ctx, response.header)) return err.Wrap("head");
  if (method == "HEAD" || response.status < 200 || response.status == 204 || response.status == 304) return response;
  if (method == "CONNECT" && response.status / 100 == 2) return response;
  Error err;
  if (internal::EqualsIgnoreCase(response.Header("Transfer-Encoding"), "chunked")) {
    err = ReadChunks(ctx, response);
  } else {
    Result<std::string> body = std::string();
    if (response.Has("Content-Length")) {
      std::size_t length = 0;
      if (!Parse(response.Header("Content-Length"), length, 10)) return kMalformed.Wrap("Content-Length");
      body = ReadCount(ctx, length);
    } else {
      body = ReadToEnd(ctx);
    }
    err = body.Err();
    if (!err) response.body = *std::move(body);
  }
  if (err) return err.Wrap("body");
  return response;
}

Result<TestResponse> TestClient::Get(const Context& ctx, std::string_view target, std::string_view fields) {
  return Do(ctx, "GET", target, fields);
}

Result<TestResponse> TestClient::Post(const Context& ctx, std::string_view target, std::string_view body,
                                    std::string_view fields) {
  std::string all = "Content-Length: " + std::to_string(body.size()) + "\r\n";
  all += fields;
  return Do(ctx, "POST", target, all, body);
}

Result<TestResponse> TestClient::Do(const Context& ctx, std::string_view method, std::string_view target,
                                  std::string_view fields, std::string_view body) {
  std::string request;
  request.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
  request.append(fields);
  if (!body.empty() && !HasField(fields, "content-length") && !HasField(fields, "transfer-encoding")) {
    request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  }
  request.append("\r\n").append(body);
  if (Error err = Send(ctx, request)) return err;
  for (;;) {
    Result<TestResponse> response = ReadResponse(ctx, method);
    if (response.Err() || response->status >= 200 || response->status == 101) return response;
  }
}

}  // namespace weft
