// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "kit.h"

namespace weft {
namespace {

using std::chrono::milliseconds;

struct Endless {
  const char* name;
  std::string begin;
  std::string again;  // without end
  int status;
};

std::string Repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

const std::string kChunkedPost = "POST /sink-long HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::vector<Endless> AllEndless() {
  return {
      {"Fields", "GET / HTTP/1.1\r\nHost: h\r\n", "X: y\r\n", 431},
      {"FieldValue", "GET / HTTP/1.1\r\nHost: h\r\nX: ", "y", 431},
      {"FieldName", "GET / HTTP/1.1\r\nHost: h\r\n", "X", 431},
      {"Target", "GET /", "a", 414},
      {"Method", "", "A", 501},
      {"EmptyLines", "", "\r\n", 400},
      {"ChunkExtension", kChunkedPost + "1;", "e", 400},
      {"ChunkExtensions", kChunkedPost, "1;e=f\r\nx\r\n", 400},
      {"ChunkSizeDigits", kChunkedPost, "0", 400},
      {"ChunksOfOneByte", kChunkedPost, "1\r\nx\r\n", 413},
      {"TrailerFields", kChunkedPost + "0\r\n", "X: y\r\n", 431},
      {"TrailerValue", kChunkedPost + "0\r\nX: ", "y", 431},
      {"Body", "POST /sink-long HTTP/1.1\r\nHost: h\r\nContent-Length: 900000000000\r\n\r\n", "x", 413},
      {"UnreadBody", "POST /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 900000000000\r\n\r\n", "x", 200},
      {"UnreadChunks", "POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 200},
      {"UnreadExtensions", "POST /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", "1;e=f\r\nx\r\n", 200},
  };
}

// The client goes on sending as fast as it can, whatever the server says, until the connection is broken. It must have seen the whole
// answer before that.
void SendForEver(const Context& ctx, const Target& target, const Endless& input) {
  const std::string piece = Repeat(input.again, static_cast<int>(16 * 1024 / input.again.size()));
  TestClient client = Dial(ctx, target);
  Group sender(ctx);
  sender.Go("sender", [&](const Context& c) {
    if (client.Send(c, input.begin)) return;
    SendUntilRefused(c, client, [&] { return piece; }, ~std::uint64_t{0});
  });
  const Result<TestResponse> answer = client.ReadResponse(ctx);
  EXPECT_TRUE(answer.Ok()) << input.name << ": " << answer.Err().Message();
  if (answer.Ok()) {
    EXPECT_EQ(answer->status, input.status) << input.name;
  }
  EXPECT_EQ(ReadUntilEnd(ctx, client), "") << input.name;
  EXPECT_FALSE(sender.Wait());
}

TEST(EndlessInput, IsRejectedWithAResponseThatArrives) {
  const std::vector<Endless> inputs = AllEndless();
  const int count = static_cast<int>(inputs.size()) * (kSanitized ? 1 : 4);
  Withstand({}, [&](const Context& ctx, const Target& target) {
    const std::int64_t before = target.Measure().memory_bytes;
    std::atomic<std::int64_t> most{0};
    AtOnce(ctx, count, [&](const Context& c, int i) {
      SendForEver(c, target, inputs[static_cast<std::size_t>(i) % inputs.size()]);
      most = std::max(most.load(), target.Measure().memory_bytes);
    });
    const std::int64_t each = (most - before) / count;
    std::printf("  %ld KiB of the server for each\n", static_cast<long>(each / 1024));
    if (!kSanitized) {
      EXPECT_LE(each, 200 * 1024);
    }
  });
}

TEST(EmptyLines, AreRejectedOneByOneToo) {
  Withstand({}, [](const Context& ctx, const Target& target) {
    AtOnce(ctx, Many(100), [&](const Context& c, int i) {
      TestClient client = Dial(c, target);
      if (i % 2 == 0) {
        EXPECT_EQ(client.Get(c, "/")->body, "hello");
      }
      const int at_once = 1;
      setsockopt(client.Descriptor(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof(at_once));
      std::string said;
      int lines = 0;
      for (; lines < 100 && said.empty() && !client.Send(c, "\r\n"); ++lines) {
        const CancelScope scope = WithTimeout(c, milliseconds(10));
        const Result<std::string> some = client.ReadSome(scope.ctx);
        if (some.Ok()) said = *some;
      }
      EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ")) << said;
      EXPECT_LE(lines, 10);
    });
  });
}

}  // namespace
}  // namespace weft
