// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/event.h>

namespace weft {

void Event::Set() { queue_.SetToZero(); }
bool Event::IsSet() const { return queue_.Zero(); }
Error Event::Wait(const Context& ctx) { return queue_.Wait(ctx, "event"); }

}  // namespace weft
