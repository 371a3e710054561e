// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_HEALTH_H_
#define WEFT_HANDLERS_HEALTH_H_

// Moved; this line stays for one release.
#include <weft/handlers/debug/health.h>

#endif  // WEFT_HANDLERS_HEALTH_H_
