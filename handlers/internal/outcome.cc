// SPDX-License-Identifier: Apache-2.0
#include <weft/handlers/internal/outcome.h>

#include <weft/handlers/error_status.h>

namespace weft::internal {

Outcome OutcomeOf(const ResponseWriter& w, const Error& error) {
  if (!error || w.HeadSent()) return {w.Status(), w.BytesWritten(), w.Err() || error};
  // The error's response will take the place of what was written so far.
  const int status = StatusOf(error);
  return {status, 0, w.Err() || status == kStatusClientGone};
}

}  // namespace weft::internal
