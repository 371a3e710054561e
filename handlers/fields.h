// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_HANDLERS_FIELDS_H_
#define WEFT_HANDLERS_FIELDS_H_

// Moved; this line stays for one release.
#include <weft/http/fields.h>

#endif  // WEFT_HANDLERS_FIELDS_H_
