// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_STATUS_H_
#define WEFT_HANDLERS_STATUS_H_

// Moved; this line stays for one release.
#include <weft/http/status.h>

#endif  // WEFT_HANDLERS_STATUS_H_
