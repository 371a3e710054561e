// SPDX-License-Identifier: Apache-2.0
//
// A response that ends at any byte of its frames while the socket takes no more than 4 KiB: nothing is sent from memory that its writer
// has back, other streams go on, and no frame is out of step.
#include <sys/socket.h>

#include <algorithm>

#include "http2_kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kBody = 40'000;

char ByteAt(std::size_t at) { return static_cast<char>('a' + (at * 7 + at / 251) % 26); }
std::string Pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; ++at) text[at] = ByteAt(at);
  return text;
}

// All unix sockets of this process, which are those of the one connection: what either end has sent and the other one has not taken is
// bounded by that, as it would not be by TCP, whose small windows open by timers in real time.
void MakeSmall() {
  int made = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    int domain = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) continue;
    const int bytes = 2048;  // which the kernel doubles
    made += setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes) == 0 ? 1 : 0;
  }
  EXPECT_GE(made, 2);
}

// Its memory is gone, or holds something else, as soon as Write has returned.
Error WriteOnce(const std::function<Error(std::string_view)>& write) {
  auto piece = std::make_unique<std::string>(Pattern(kBody));
  const Error err = write(*piece);
  std::fill(piece->begin(), piece->end(), '!');
  return err;
}

Handler Handle() {
  return [](ResponseWriter& w, Request& r) -> Error {
    if (r.Method() != "CONNECT") {
      if (r.Path() == "/other") return w.Write(Pattern(5000));
      return WriteOnce([&](std::string_view piece) { return w.Write(piece); });
    }
    w.WriteHeader(200);
    Result<Stream> stream = w.Hijack();
    if (Error err = stream.Err()) return err;
    const CancelScope deadline = WithTimeout(r.Ctx(), seconds(1));
    return WriteOnce([&](std::string_view piece) { return stream->Write(deadline.ctx, piece); });
  };
}

// Exactly so much of what the server says, and no byte more out of the socket.
std::string Take(const Context& ctx, TestClient& client, std::size_t size) {
  std::string got(size, '\0');
  std::size_t at = 0;
  for (int tries = 0; at < size && tries < 100;) {
    const ssize_t more = recv(client.Descriptor(), got.data() + at, size - at, MSG_DONTWAIT);
    if (more > 0) {
      at += static_cast<std::size_t>(more);
      tries = 0;
    } else {
      ++tries;
      static_cast<void>(Sleep(ctx, milliseconds(1)));
    }
  }
  got.resize(at);
  return got;
}

enum class How { kReset, kDeadline, kWhole };

// Returns how much the server says in all when nothing is cut.
std::size_t Cut(How how, std::size_t at) {
  std::size_t said = 0;
  Virtually([&](const Context& ctx) {
    Site site(ctx, Handle(), Http2Options());
    RawHttp2 client(ctx, site);
    static_cast<void>(Sleep(ctx, milliseconds(1)));
    MakeSmall();
    client.Send(how == How::kDeadline ? h2::Headers(1, {{":method", "CONNECT"}, {":authority", "test:1"}}, false) : GetOf(1, "/"));
    client.PutBack(Take(ctx, client.raw(), at));
    if (how == How::kReset) client.Send(ResetOf(1));
    if (how == How::kDeadline) static_cast<void>(Sleep(ctx, seconds(2)));
    client.Send(GetOf(3, "/other"));
    std::size_t seen[4] = {};
    bool ended[4] = {};
    while (!ended[3] || (how == How::kWhole && !ended[1])) {
      const std::optional<h2::SeenFrame> frame = client.Next();
      ASSERT_TRUE(frame) << "cut at " << at << ": the connection has ended";
      said += h2::kFrameHeaderSize + frame->payload.size();
      const std::uint32_t stream = frame->header.stream;
      ASSERT_LE(stream, 3u) << "cut at " << at;
      ASSERT_NE(frame->header.type, h2::frame_type::kGoAway) << "cut at " << at;
      if (frame->header.type == h2::frame_type::kData) {
        for (const char byte : frame->payload) ASSERT_EQ(byte, ByteAt(seen[stream]++)) << "cut at " << at << ", stream " << stream;
      }
      if (frame->header.type <= h2::frame_type::kHeaders && (frame->header.flags & h2::frame_flag::kEndStream) != 0) ended[stream] = true;
    }
    EXPECT_EQ(seen[3], 5000u) << "cut at " << at;
    EXPECT_LE(seen[1], kBody);
    if (how == How::kWhole) {
      EXPECT_EQ(seen[1], kBody);
    }
  });
  return said;
}

// Each byte of the first frames, of a frame's end and the next one's begin; of the rest one in a hundred.
void CutEverywhere(How how) {
  const std::size_t all = Cut(How::kWhole, 0);
  ASSERT_GT(all, kBody + 5000);
  for (std::size_t at = 0; at < all - 5000 && !::testing::Test::HasFailure();) {
    Cut(how, at);
    const std::size_t in_frame = at % 16384;
    at += at < 300 || in_frame < 150 || in_frame > 16384 - 20 ? 1 : 101;
  }
}

TEST(Http2Cut, ByAResetAtEachByte) {
  NEEDS_HTTP2();
  CutEverywhere(How::kReset);
}

TEST(Http2Cut, ByADeadlineAtEachByte) {
  NEEDS_HTTP2();
  CutEverywhere(How::kDeadline);
}

}  // namespace
}  // namespace weft
