// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_EXAMPLES_SERVICE_CERTIFICATES_H_
#define WEFT_EXAMPLES_SERVICE_CERTIFICATES_H_

#include <weft/concurrency/context.h>
#include <weft/concurrency/error.h>
#include <weft/concurrency/signals.h>
#include <weft/net/tls.h>

// Reads certificates, keys and ticket keys anew at each of these signals, until the context is done, and returns its error. Where
// anything is wrong with the files everything stays as it was, and the log says what is wrong. For a thread of its own: it reads files.
weft::Error ReloadOnSignal(const weft::Context& ctx, weft::Signals& signals, weft::Tls tls);

#endif  // WEFT_EXAMPLES_SERVICE_CERTIFICATES_H_
