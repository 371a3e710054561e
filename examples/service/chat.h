// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_CHAT_H_
#define WEFT_EXAMPLES_SERVICE_CHAT_H_

#include <weft/handlers/routing/mux.h>

// GET /api/chat: a WebSocket. What one client sends, as text of at most 2,000 bytes, all get, itself included.
void AddChatRoute(weft::Mux& mux);

#endif  // WEFT_EXAMPLES_SERVICE_CHAT_H_
