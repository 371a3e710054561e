// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <weft/http/internal/http2/session.h>
#include <weft/server/options.h>

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Refusal(const std::function<void(ServerOptions&)>& change) {
  ServerOptions options;
  change(options);
  return options.Validate().Message();
}

TEST(ServerOptions, DefaultsAreSafeAndValid) {
  const ServerOptions options;

  EXPECT_FALSE(options.Validate());
  EXPECT_EQ(options.header_timeout, seconds(10));
  EXPECT_EQ(options.body_stall_timeout, seconds(30));
  EXPECT_EQ(options.write_stall_timeout, seconds(30));
  EXPECT_EQ(options.progress_bytes_min, 1024u);
  EXPECT_EQ(options.idle_timeout, seconds(75));
  EXPECT_EQ(options.request_timeout, seconds(60));
  EXPECT_EQ(options.head_bytes_max, 64u * 1024);
  EXPECT_EQ(options.fields_max, 128u);
  EXPECT_EQ(options.body_bytes_max, 1024u * 1024);
  EXPECT_EQ(options.lame_duck, seconds(0));
  EXPECT_EQ(options.drain_timeout, seconds(20));
  EXPECT_EQ(options.cancel_grace, seconds(1));
  EXPECT_EQ(options.first_byte_grace, milliseconds(100));
}

TEST(ServerOptions, CanBeNamedOneByOne) {
  const ServerOptions options{.address = "127.0.0.1:0", .loops = 2, .idle_timeout = kUnlimited, .drain_timeout = seconds(1)};

  EXPECT_FALSE(options.Validate());
  EXPECT_TRUE(options.idle_timeout == kUnlimited);
}

TEST(ServerOptions, KUnlimitedRemovesLimits) {
  EXPECT_EQ(Refusal([](ServerOptions& o) {
              o.header_timeout = o.body_stall_timeout = kUnlimited;
              o.write_stall_timeout = o.idle_timeout = o.request_timeout = o.drain_timeout = kUnlimited;
              o.body_bytes_max = o.connections_max = o.requests_max = o.queued_requests_max = kUnlimited;
              o.requests_per_connection_max = kUnlimited;
              o.target_bytes_max = kUnlimited;
            }),
            "");
}

TEST(ServerOptions, RefusesNonsenseInOneClearLine) {
  struct Case {
    std::function<void(ServerOptions&)> change;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {[](ServerOptions& o) { o.address = "8080"; },
       "ServerOptions: address \"8080\": no port; expected HOST:PORT, :PORT, [IPV6]:PORT, unix:PATH, unix:@NAME or systemd:NAME"},
      {[](ServerOptions& o) { o.listener = -2; }, "ServerOptions: listener is -2; it must be a descriptor, or -1"},
      {[](ServerOptions& o) {
         o.address = "unix:/run/app.sock";
         o.reuse_port = true;
       },
       "ServerOptions: reuse_port is true; it must be false: it applies only to a TCP socket that the server makes"},
      {[](ServerOptions& o) {
         o.listener = 5;
         o.reuse_port = true;
       },
       "ServerOptions: reuse_port is true; it must be false: it applies only to a TCP socket that the server makes"},
      {[](ServerOptions& o) {
         o.address = "unix:/run/app.sock";
         o.unix_mode = 660;
       },
       "ServerOptions: unix_mode is 01224; it must be from 01 to 0777, with the leading 0 of octal numbers, or 0"},
      {[](ServerOptions& o) { o.unix_mode = 0660; },
       "ServerOptions: unix_mode is 0660; it must be 0: it applies only to the file of a unix socket that the server makes"},
      {[](ServerOptions& o) {
         o.address = "unix:@abstract";
         o.unix_mode = 0660;
       },
       "ServerOptions: unix_mode is 0660; it must be 0: it applies only to the file of a unix socket that the server makes"},
      {[](ServerOptions& o) {
         o.address = "systemd:";
         o.unix_mode = 0660;
       },
       "ServerOptions: unix_mode is 0660; it must be 0: it applies only to the file of a unix socket that the server makes"},
      {[](ServerOptions& o) { o.proxy_protocol_from = {"127.0.0.1", "10.0.0.0/40"}; },
       "ServerOptions: proxy_protocol_from: \"10.0.0.0/40\": the prefix must be a number from 0 to 32"},
      {[](ServerOptions& o) { o.loops = -1; }, "ServerOptions: loops is -1; it must be from 0 to 1024"},
      {[](ServerOptions& o) { o.stack_bytes = 100; }, "ServerOptions: stack_bytes is 100; it must be from 16384 to 1073741824"},
      {[](ServerOptions& o) { o.backlog = 0; }, "ServerOptions: backlog is 0; it must be from 1 to 2147483647"},
      {[](ServerOptions& o) { o.header_timeout = seconds(0); }, "ServerOptions: header_timeout is 0 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.body_stall_timeout = seconds(-1); },
       "ServerOptions: body_stall_timeout is -1 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.body_stall_timeout = seconds(0); },
       "ServerOptions: body_stall_timeout is 0 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.write_stall_timeout = seconds(0); },
       "ServerOptions: write_stall_timeout is 0 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.idle_timeout = milliseconds(-5); },
       "ServerOptions: idle_timeout is -0.005 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.request_timeout = seconds(0); },
       "ServerOptions: request_timeout is 0 s; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.head_bytes_max = 10; },
       "ServerOptions: head_bytes_max is 10; it must be from 1024 to 16777216"},
      {[](ServerOptions& o) { o.head_bytes_max = kUnlimited; },
       "ServerOptions: head_bytes_max is kUnlimited; it must be from 1024 to 16777216"},
      {[](ServerOptions& o) { o.target_bytes_max = 0; },
       "ServerOptions: target_bytes_max is 0; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.progress_bytes_min = 0; },
       "ServerOptions: progress_bytes_min is 0; it must be from 1 to 16777216"},
      {[](ServerOptions& o) { o.fields_max = kUnlimited; }, "ServerOptions: fields_max is kUnlimited; it must be from 1 to 65536"},
      {[](ServerOptions& o) { o.requests_per_connection_max = 0; },
       "ServerOptions: requests_per_connection_max is 0; it must be above zero or kUnlimited"},
      {[](ServerOptions& o) { o.lame_duck = seconds(-1); }, "ServerOptions: lame_duck is -1 s; it must be zero or more"},
      {[](ServerOptions& o) { o.lame_duck = kUnlimited; }, "ServerOptions: lame_duck is kUnlimited; it must be a finite time"},
      {[](ServerOptions& o) { o.first_byte_grace = kUnlimited; },
       "ServerOptions: first_byte_grace is kUnlimited; it must be a finite time"},
      {[](ServerOptions& o) { o.drain_timeout = seconds(-1); },
       "ServerOptions: drain_timeout is -1 s; it must be zero or more, or kUnlimited"},
      {[](ServerOptions& o) { o.cancel_grace = kUnlimited; }, "ServerOptions: cancel_grace is kUnlimited; it must be a finite time"},
  };
  for (const Case& c : cases) EXPECT_EQ(Refusal(c.change), c.expected);
}

TEST(ServerOptions, TakesEachKindOfSocket) {
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.address = "systemd:"; }), "");
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.address = "systemd:web"; }), "");
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.reuse_port = true; }), "");
  EXPECT_EQ(Refusal([](ServerOptions& o) {
              o.address = "not looked at";
              o.listener = 5;
            }),
            "");
  EXPECT_EQ(Refusal([](ServerOptions& o) {
              o.address = "unix:/run/app.sock";
              o.unix_mode = 0660;
            }),
            "");
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.proxy_protocol_from = {"127.0.0.1", "10.0.0.0/8", "fd00::/8", "unix"}; }), "");
}

TEST(ServerOptions, NamesTheFirstFieldOnly) {
  EXPECT_EQ(Refusal([](ServerOptions& o) {
              o.loops = -1;
              o.idle_timeout = seconds(-1);
            }),
            "ServerOptions: loops is -1; it must be from 0 to 1024");
}

TEST(ServerOptions, Http2InPlainTextNeedsABuildThatHasHttp2) {
  const std::string expected = internal::http2::SessionsExist()
                                   ? ""
                                   : "ServerOptions: http2_cleartext is true; it must be false: weft was built without HTTP/2 (WEFT_HTTP2=OFF)";
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.http2_cleartext = true; }), expected);
  EXPECT_EQ(Refusal([](ServerOptions& o) { o.http2 = o.http2_extended_connect = true; }), "") << "they say what may be spoken";
}

}  // namespace
}  // namespace weft
