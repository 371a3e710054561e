// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_EXCHANGE_H_
#define WEFT_HANDLERS_EXCHANGE_H_

// Moved; this line stays for one release.
#include <weft/handlers/access.h>
#include <weft/handlers/server_side.h>

#endif  // WEFT_HANDLERS_EXCHANGE_H_
