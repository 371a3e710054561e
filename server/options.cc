// SPDX-License-Identifier: Apache-2.0
#include <weft/server/options.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include <weft/http/internal/http2/session.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/trusted_peers.h>

namespace weft {
namespace {

std::string Format(Duration duration) {
  char text[48];
  const double seconds = std::chrono::duration<double>(duration).count();
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

Error Nonsense(std::string_view field, const std::string& value, std::string_view rule) {
  std::string message = "ServerOptions: ";
  message.append(field).append(" is ").append(value).append("; it must be ").append(rule);
  return Error::New(std::move(message));
}

// Keeps the first failure only: one clear line helps more than a list.
class Checks {
 public:
  void Timeout(std::string_view field, Duration value) {
    if (value <= Duration::zero()) Fail(field, Format(value), "above zero or kUnlimited");
  }
  void Grace(std::string_view field, Duration value, bool may_be_none) {
    if (value < Duration::zero()) Fail(field, Format(value), may_be_none ? "zero or more, or kUnlimited" : "zero or more");
    if (!may_be_none && value == kUnlimited) Fail(field, "kUnlimited", "a finite time");
  }
  void Range(std::string_view field, std::uint64_t value, std::uint64_t low, std::uint64_t high) {
    if (value >= low && value <= high) return;
    const bool none = value == std::numeric_limits<std::uint32_t>::max() || value == kUnlimited;
    Fail(field, none ? "kUnlimited" : std::to_string(value), "from " + std::to_string(low) + " to " + std::to_string(high));
  }
  void Positive(std::string_view field, std::uint64_t value) {
    if (value == 0) Fail(field, "0", "above zero or kUnlimited");
  }
  void Signed(std::string_view field, int value, int low, int high) {
    if (value >= low && value <= high) return;
    Fail(field, std::to_string(value), "from " + std::to_string(low) + " to " + std::to_string(high));
  }
  Error Failure() const { return failure_; }

 private:
  void Fail(std::string_view field, const std::string& value, std::string_view rule) {
    if (!failure_) failure_ = Nonsense(field, value, rule);
  }

  Error failure_;
};

std::string Octal(std::uint32_t mode) {
  char text[16];
  std::snprintf(text, sizeof text, "%#o", mode);
  return text;
}

// The kind of listener, and the options that apply to it.
Error CheckSocket(const ServerOptions& options) {
  using Kind = internal::ParsedAddress::Kind;
  if (options.listener < -1) return Nonsense("listener", std::to_string(options.listener), "a descriptor, or -1");
  Kind kind = Kind::kSystemd;  // a socket that exists already, like one that is passed in
  bool abstract = false;
  if (options.listener < 0) {
    const Result<internal::ParsedAddress> parsed = internal::ParseAddress(options.address);
    if (Error err = parsed.Err()) return err.Wrap("ServerOptions");
    kind = parsed->kind;
    abstract = parsed->path.starts_with('@');
  }
  if (options.reuse_port && kind != Kind::kTcp) {
    return Nonsense("reuse_port", "true", "false: it applies only to a TCP socket that the server makes");
  }
  if (options.unix_mode > 0777) {
    return Nonsense("unix_mode", Octal(options.unix_mode), "from 01 to 0777, with the leading 0 of octal numbers, or 0");
  }
  if (options.unix_mode != 0 && (kind != Kind::kUnix || abstract)) {
    return Nonsense("unix_mode", Octal(options.unix_mode), "0: it applies only to the file of a unix socket that the server makes");
  }
  return internal::TrustedPeers::Parse(options.proxy_protocol_from).Err().Wrap("ServerOptions: proxy_protocol_from");
}

}  // namespace

Error ServerOptions::Validate() const {
  if (Error err = CheckSocket(*this)) return err;
  Checks checks;
  checks.Signed("loops", loops, 0, 1024);
  checks.Range("stack_bytes", stack_bytes, 16 * 1024, std::uint64_t{1} << 30);
  checks.Signed("backlog", backlog, 1, std::numeric_limits<int>::max());
  checks.Timeout("handshake_timeout", handshake_timeout);
  checks.Timeout("header_timeout", header_timeout);
  checks.Timeout("body_stall_timeout", body_stall_timeout);
  checks.Timeout("write_stall_timeout", write_stall_timeout);
  checks.Range("progress_bytes_min", progress_bytes_min, 1, 16 * 1024 * 1024);
  checks.Timeout("linger_timeout", linger_timeout);
  checks.Timeout("probe_after", probe_after);
  checks.Timeout("idle_timeout", idle_timeout);
  checks.Timeout("request_timeout", request_timeout);
  checks.Range("head_bytes_max", head_bytes_max, 1024, 16 * 1024 * 1024);
  checks.Positive("target_bytes_max", target_bytes_max);
  checks.Range("fields_max", fields_max, 1, 65536);
  checks.Positive("requests_per_connection_max", requests_per_connection_max);
  checks.Range("streams_per_connection_max", streams_per_connection_max, 1, 65536);
  checks.Range("stream_window_bytes", stream_window_bytes, 1024, std::uint64_t{1} << 30);
  checks.Range("connection_window_bytes", connection_window_bytes, 64 * 1024, std::uint64_t{1} << 30);
  checks.Range("misbehaviour_max", misbehaviour_max, 10, 1000000);
  if (http2_cleartext && !internal::http2::SessionsExist()) {
    return Nonsense("http2_cleartext", "true", "false: weft was built without HTTP/2 (WEFT_HTTP2=OFF)");
  }
  checks.Grace("lame_duck", lame_duck, false);
  checks.Grace("first_byte_grace", first_byte_grace, false);
  checks.Grace("drain_timeout", drain_timeout, true);
  checks.Grace("cancel_grace", cancel_grace, false);
  if (std::count(observers.begin(), observers.end(), nullptr) != 0) return Nonsense("observers", "a list with a null pointer in it", "without null pointers");
  return checks.Failure();
}

}  // namespace weft
