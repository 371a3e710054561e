// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <weft/concurrency/group.h>
#include <weft/concurrency/memory_stream.h>

#include "hammer.h"

namespace weft::stress {
namespace {

// One writer and one reader on other loops, each giving up now and then.
class StreamHammer final : public Hammer {
 public:
  void Step(Worker& worker) override {
    auto [a, b] = MemoryStreamPair({.buffer_bytes = 1 + worker.random.Below(8)});
    std::string sent, got;
    Group group(worker.ctx, {.spread = true});
    group.Go([&, seed = worker.random.Below(1U << 30)](const Context& c) { Write(c, a, Random(seed, 0), sent); });
    group.Go([&, seed = worker.random.Below(1U << 30)](const Context& c) { Read(c, b, Random(seed, 1), got); });
    Expect(!group.Wait(), "stream: nobody fails");
    Expect(sent == got, "stream: what was written comes out, once and in order");
  }

  void Check() override {}

 private:
  static void Write(const Context& ctx, MemoryStream& stream, Random random, std::string& sent) {
    for (int i = 0; i < 8; ++i) {
      const CancelScope scope = WithTimeout(ctx, random.Short());
      std::string piece;
      for (unsigned n = random.Below(12); n > 0; --n) piece += static_cast<char>('a' + random.Below(26));
      std::size_t written = 0;
      (void)stream.Write(scope.ctx, piece, &written);
      sent += piece.substr(0, written);
    }
    stream.CloseWrite();
  }

  static void Read(const Context& ctx, MemoryStream& stream, Random random, std::string& got) {
    char piece[12];
    for (;;) {
      const CancelScope scope = WithTimeout(ctx, random.Short());
      const Result<std::size_t> n = stream.Read(scope.ctx, {piece, 1 + random.Below(12)});
      if (n.Ok() && *n == 0) return;
      if (n.Ok()) got.append(piece, *n);
    }
  }
};

}  // namespace

std::unique_ptr<Hammer> MakeStreamHammer() { return std::make_unique<StreamHammer>(); }

}  // namespace weft::stress
