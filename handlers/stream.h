// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_STREAM_H_
#define WEFT_HANDLERS_STREAM_H_

// Moved; this line stays for one release.
#include <weft/net/stream.h>

#endif  // WEFT_HANDLERS_STREAM_H_
