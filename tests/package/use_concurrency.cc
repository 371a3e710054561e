// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

int main() {
  weft::Error err = weft::Run(weft::Background(), [](const weft::Context& ctx) {
    weft::Group group(ctx);
    group.Go("member", [](const weft::Context&) { std::puts("a fiber of an installed weft ran"); });
    return group.Wait();
  });
  return err ? 1 : 0;
}
