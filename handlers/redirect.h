// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_REDIRECT_H_
#define WEFT_HANDLERS_REDIRECT_H_

// Moved; this line stays for one release.
#include <weft/handlers/routing/redirect.h>

#endif  // WEFT_HANDLERS_REDIRECT_H_
