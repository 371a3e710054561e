// SPDX-License-Identifier: Apache-2.0
//
// A program that does a little of everything on many stacks, deep and shallow, also with exceptions: tools that watch memory must
// have nothing to say about it. valgrind_test.sh runs it under valgrind; here it is also compiled under AddressSanitizer alone,
// with a weft that knows nothing of that.
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/offload.h>
#include <weft/concurrency/run.h>
#include <weft/concurrency/select.h>

namespace {

[[gnu::noinline]] int Deep(const weft::Context& ctx, int depth) {
  char text[512];
  std::memset(text, depth, sizeof(text));
  if (depth % 16 == 0) weft::Yield();
  const int below = depth == 0 ? 0 : Deep(ctx, depth - 1);
  return below + text[depth % 512];
}

// Throws from below, parks in the handler, and leaves by an exception too.
[[gnu::noinline]] void Throws(int depth) {
  std::string on_the_way(100, 'x');
  char text[256];
  std::memset(text, depth, sizeof(text));
  if (depth == 0) throw std::runtime_error(on_the_way);
  try {
    Throws(depth - 1);
  } catch (const std::exception&) {
    weft::Yield();
    if (text[0] % 2 == 0) throw;
    throw std::logic_error("another");
  }
}

weft::Error Member(const weft::Context& ctx, const weft::Chan<int>& there, const weft::Chan<int>& back) {
  for (int i = 0; i < 20; ++i) {
    weft::Result<int> got = there.Receive(ctx);
    if (weft::Error err = got.Err()) return err;
    const int sum = *got + Deep(ctx, 64);
    try {
      Throws(8);
    } catch (const std::exception&) {
    }
    weft::Result<std::size_t> sent = weft::Select(ctx, weft::OnSend(back, sum), weft::OnAfter(std::chrono::hours(1)));
    if (weft::Error err = sent.Err()) return err;
  }
  return weft::Offload(ctx, [] { std::this_thread::yield(); });
}

weft::Error Work(const weft::Context& ctx) {
  const weft::Chan<int> there(0), back(2);
  weft::Group group(ctx, {.spread = true});
  for (int i = 0; i < 8; ++i) {
    group.Go([&](const weft::Context& c) { return Member(c, there, back); });
  }
  group.Go("throws", [](const weft::Context&) {
    try {
      Throws(9);
    } catch (const std::exception&) {
    }
  });
  for (int i = 0; i < 8 * 20; ++i) {
    if (weft::Error err = there.Send(ctx, i)) return err;
    if (weft::Error err = back.Receive(ctx).Err()) return err;
  }
  if (weft::Error err = group.Wait()) return err;
  weft::Group fails(ctx);
  fails.Go([](const weft::Context&) { Throws(4); });
  return fails.Wait().Exception() ? weft::Error() : weft::Error::New("an exception is lost");
}

}  // namespace

int main() {
  for (int loops : {1, 2}) {
    weft::RunOptions options;
    options.loops = loops;
    if (weft::Error err = weft::Run(weft::Background(), options, Work)) {
      std::fprintf(stderr, "%s\n", err.Message().c_str());
      return 1;
    }
  }
}
