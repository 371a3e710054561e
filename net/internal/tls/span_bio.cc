// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/tls/span_bio.h>

#include <new>
#include <string_view>

#include <weft/net/internal/tls/openssl.h>

namespace weft::internal {
namespace {

int Read(BIO* bio, char* to, int size) {
  auto* const span = static_cast<SpanBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (span->TooManyIdle() || span->stopped) return -1;
  try {
    const std::size_t count = span->reader.Read(to, static_cast<std::size_t>(size));
    if (count != 0) return static_cast<int>(count);
  } catch (const std::bad_alloc&) {  // which must not pass through C; without a request to retry it is a failure
    return -1;
  }
  BIO_set_retry_read(bio);
  return -1;
}

int Write(BIO* bio, const char* bytes, int size) {
  auto* const span = static_cast<SpanBio*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  try {
    span->out->Append({bytes, static_cast<std::size_t>(size)});
    return size;
  } catch (const std::bad_alloc&) {
    return -1;
  }
}

long Control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* MakeMethod() {
  BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weft span");
  if (method == nullptr) return nullptr;
  BIO_meth_set_read(method, &Read);
  BIO_meth_set_write(method, &Write);
  BIO_meth_set_ctrl(method, &Control);
  return method;
}

}  // namespace

bio_st* SpanBio::Make() {
  static BIO_METHOD* const method = MakeMethod();
  BIO* const bio = method != nullptr ? BIO_new(method) : nullptr;
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

}  // namespace weft::internal
