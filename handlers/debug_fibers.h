// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_DEBUG_FIBERS_H_
#define WEFT_HANDLERS_DEBUG_FIBERS_H_

// Moved; this line stays for one release.
#include <weft/handlers/debug/debug_fibers.h>

#endif  // WEFT_HANDLERS_DEBUG_FIBERS_H_
