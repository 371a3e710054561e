// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <weft/concurrency/group.h>
#include <weft/concurrency/run.h>

int main() {
  weft::Error err = weft::Run(weft::Background(), [](const weft::Context& ctx) -> weft::Error {
    weft::Group group(ctx);
    group.Go("member", [](const weft::Context&) { std::puts("a fiber of an installed weft ran"); });
    if (weft::Error failed = group.Wait()) return failed;
    // Made in weft, looked for here.
    const weft::Error refused = weft::First<int>(ctx, {[](const weft::Context&) -> weft::Result<int> { return weft::kRefused; }}).Err();
    return refused.As<weft::AllFailed>() != nullptr ? weft::Error() : weft::Error::New("a type of weft's is another one here");
  });
  return err ? 1 : 0;
}
