// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_TLS_TLS_STATE_H_
#define WEFT_NET_INTERNAL_TLS_TLS_STATE_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/net/internal/tls/pem_source.h>
#include <weft/net/internal/tls/server_contexts.h>
#include <weft/net/tls_options.h>

namespace weft::internal {

// What the copies of a Tls share.
struct TlsState {
  // Fixed from the start.
  TlsServerOptions options;
  std::vector<std::string> self_signed;  // the names, if the certificate is made here

  ThreadMutex reload;  // one Reload at a time
  std::vector<FileStamp> stamps WEFT_GUARDED_BY(reload);  // of the files, taken before they were last read

  mutable ThreadMutex lock;  // for as long as a pointer is copied
  std::shared_ptr<const ServerContexts> current WEFT_GUARDED_BY(lock);
  Error outcome WEFT_GUARDED_BY(lock);  // of the last time that they were built

  std::shared_ptr<const ServerContexts> Current() const {
    const std::lock_guard guard(lock);
    return current;
  }
};

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_TLS_TLS_STATE_H_
