// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_RECOVER_H_
#define WEFT_HANDLERS_RECOVER_H_

// Moved; this line stays for one release.
#include <weft/handlers/middleware/recover.h>

#endif  // WEFT_HANDLERS_RECOVER_H_
