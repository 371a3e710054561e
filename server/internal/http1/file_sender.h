// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_INTERNAL_HTTP1_FILE_SENDER_H_
#define WEFT_SERVER_INTERNAL_HTTP1_FILE_SENDER_H_

#include <weft/concurrency/error.h>
#include <weft/handlers/server_side.h>
#include <weft/net/internal/paced_io.h>

namespace weft::internal::http1 {

// Sends a part of a file from the page cache (sendfile), in turns, so that others of the loop are not kept
// waiting; the loop never waits for a disk. Advances `part` by what was taken. The caller has the turn to send.
// Suspends. Errors: PacedIo's, FileTooShort, or why the file cannot be read.
Error SendFilePart(PacedIo& io, FilePart& part);

}  // namespace weft::internal::http1

#endif  // WEFT_SERVER_INTERNAL_HTTP1_FILE_SENDER_H_
