// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_ACCESS_LOG_H_
#define WEFT_HANDLERS_ACCESS_LOG_H_

// Moved; this line stays for one release.
#include <weft/handlers/middleware/access_log.h>

#endif  // WEFT_HANDLERS_ACCESS_LOG_H_
