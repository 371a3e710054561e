// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/proxy/internal/tunnel.h>

#include <weft/concurrency/copy.h>
#include <weft/concurrency/group.h>

namespace weft::internal {
namespace {

Error OneWay(const Context& ctx, Stream& from, Stream& to) {
  if (Error err = Copy(ctx, from, to).Err()) return err;
  return to.CloseWrite();
}

}  // namespace

Error JoinStreams(const Context& ctx, Stream& one, Stream& other) {
  Group both(ctx);
  both.Go("tunnel back", [&](const Context& c) { return OneWay(c, other, one); });
  if (Error err = OneWay(both.Ctx(), one, other)) both.Cancel(err);
  return both.Wait();
}

}  // namespace weft::internal
