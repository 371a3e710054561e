// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_MUX_H_
#define WEFT_HANDLERS_MUX_H_

// Moved; this line stays for one release.
#include <weft/handlers/routing/mux.h>

#endif  // WEFT_HANDLERS_MUX_H_
