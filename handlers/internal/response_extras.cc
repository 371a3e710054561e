// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/response_extras.h>

namespace weft::internal {

void ResponseExtras::Drop() {
  if (stream.Lent()) stream.End();
  trailer.Clear();
  hooks.clear();
  filters.Clear();
  if (after_handler) after_handler = nullptr;
  at_completion.clear();
  used_ = false;
}

}  // namespace weft::internal
