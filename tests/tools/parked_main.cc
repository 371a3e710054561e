// SPDX-License-Identifier: Apache-2.0
//
// Parks some fibers in functions of known names, and traps: gdb_test.sh looks at them.
#include <csignal>
#include <cstddef>

#include <weft/concurrency/chan.h>
#include <weft/concurrency/debug.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

[[gnu::noinline]] weft::Error WaitsForAValue(const weft::Context& ctx, const weft::Chan<int>& chan) {
  weft::Error err = chan.Receive(ctx).Err();
  return err ? err : weft::Error();  // not a tail call: the function stays on the stack
}

[[gnu::noinline]] weft::Error WaitsForAnHour(const weft::Context& ctx) {
  weft::Error err = weft::Sleep(ctx, std::chrono::hours(1));
  return err ? err : weft::Error();
}

int main() {
  return weft::Run(weft::Background(), {.loops = 1}, [](const weft::Context& ctx) -> weft::Error {
           const weft::Chan<int> empty(1);
           weft::Group group(ctx);
           group.Go("reader", [&](const weft::Context& c) { return WaitsForAValue(c, empty); });
           group.Go("sleeper", [](const weft::Context& c) { return WaitsForAnHour(c); });
           const auto parked = [] {
             std::size_t count = 0;
             for (const weft::FiberInfo& fiber : weft::ListFibers()) count += fiber.waits_for.empty() ? 0U : 1U;
             return count;
           };
           while (parked() < 2) weft::Yield();
           std::raise(SIGTRAP);
           group.Cancel();
           return group.Wait();
         })
             ? 1
             : 0;
}
