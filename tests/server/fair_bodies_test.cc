// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <weft/concurrency/event.h>

#include "server_kit.h"

namespace weft {
namespace {

// One request moves its body in many small pieces, all of which its socket has or takes at once, and tells how many it has moved when
// another request of the same loop comes to its turn.
int PiecesBeforeTheOther(const std::function<Error(ResponseWriter&, Request&, int&)>& move, std::string_view request) {
  int pieces = 0;
  int seen = -1;
  Virtually([&](const Context& ctx) {
    Event go;
    ServerOptions options;
    options.address = "127.0.0.1:0";  // these sockets take and give many small pieces at once
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      if (r.Path() == "/other") {
        seen = pieces;
        return {};
      }
      if (Error err = go.Wait(r.Ctx())) return err;
      return move(w, r, pieces);
    }, options);
    Client mover = site.Connect();
    Client other = site.Connect();
    mover.Send(request);
    (void)Sleep(ctx, std::chrono::milliseconds(1));

    go.Set();
    EXPECT_EQ(other.Get("/other").status, 200);

    EXPECT_EQ(mover.ReadResponse().status, 200);
  });
  return seen;
}

TEST(FairBodies, ReadingAnArrivedBodyLetsOthersRun) {
  const auto read = [](ResponseWriter&, Request& r, int& pieces) -> Error {
    for (char piece[20];; ++pieces) {
      const Result<std::size_t> n = r.Body().Read(piece);
      if (Error err = n.Err()) return err;
      if (*n == 0) return {};
    }
  };
  const std::string body(100'000, 'b');  // 5,000 pieces
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\n";

  // Up to 64 KiB come with the head, 3,277 pieces; they are here already.
  EXPECT_LE(PiecesBeforeTheOther(read, head + "Content-Length: 100000\r\n\r\n" + body), 4000);
  EXPECT_LE(PiecesBeforeTheOther(read, head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked(body, 100)), 4000);
}

TEST(FairBodies, WritingToAFastReaderLetsOthersRun) {
  const auto write = [](ResponseWriter& w, Request&, int& pieces) -> Error {
    for (; pieces < 5000; ++pieces) {
      if (Error err = w.Write("x")) return err;
      if (Error err = w.Flush()) return err;
    }
    return {};
  };

  EXPECT_LE(PiecesBeforeTheOther(write, kGet), 1000);
}

// Others have had their turn while it waited. Without this, a stream of events gave up its turn within each second event, and kept its buffer
// meanwhile.
TEST(FairBodies, AResponseThatWaitsBetweenPiecesKeepsItsTurnWithinOne) {
  std::vector<std::string> pieces;
  Virtually([&](const Context& ctx) {
    Site site(ctx, [&](ResponseWriter& w, Request& r) -> Error {
      for (int i = 0; i < 8; ++i) {
        if (Error err = Sleep(r.Ctx(), std::chrono::milliseconds(1))) return err;
        pieces.emplace_back(r.Path());
        if (Error err = w.Write("x")) return err;
        if (Error err = w.Flush()) return err;
        pieces.emplace_back(r.Path());
      }
      return {};
    });
    Client one = site.Connect();
    Client two = site.Connect();
    one.Send("GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
    two.Send("GET /two HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(one.ReadResponse().status, 200);
    EXPECT_EQ(two.ReadResponse().status, 200);
  });
  ASSERT_EQ(pieces.size(), 32u);
  for (std::size_t i = 0; i < pieces.size(); i += 2) EXPECT_EQ(pieces[i], pieces[i + 1]) << "within piece " << i / 2;
}

}  // namespace
}  // namespace weft
