// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>

#include <weft/concurrency/await.h>
#include <weft/concurrency/internal/runtime/scheduler.h>
#include <weft/concurrency/internal/runtime/wait_list.h>

namespace weft {
namespace internal {
namespace {

using Endpoint = boost::asio::ip::tcp::endpoint;
using Endpoints = std::vector<Endpoint>;

// Asio's codes for the errors of getaddrinfo, so that callers can compare with them.
Error AddressInfoError(int code) {
  switch (code) {
    case EAI_NONAME: return boost::asio::error::host_not_found;
    case EAI_AGAIN: return boost::asio::error::host_not_found_try_again;
    case EAI_FAIL: return boost::asio::error::no_recovery;
    case EAI_SERVICE: return boost::asio::error::service_not_found;
    case EAI_MEMORY: return std::errc::not_enough_memory;
    case EAI_SYSTEM: return std::error_code(errno, std::system_category());
    default: return Error::New(gai_strerror(code));
  }
}

Error Named(const Error& error, std::string_view host, std::string_view service) {
  std::string what = "resolve host \"";
  what.append(host).append("\", service \"").append(service).append("\"");
  return error.Wrap(what);
}

bool ParsePort(std::string_view service, unsigned short& port) {
  const char* end = service.data() + service.size();
  const auto [at, failed] = std::from_chars(service.data(), end, port);
  return failed == std::errc() && at == end;
}

// A name of a service has a letter (RFC 6335 section 5.1). glibc takes "65536" and "-1" for ports, modulo 65536.
bool MayBeName(std::string_view service) {
  return service.find_first_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != service.npos;
}

// Blocks. Throws only for lack of memory.
Result<Endpoints> LookUp(const std::string& host, const std::string& service) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  unsigned short port = 0;
  if (ParsePort(service, port)) hints.ai_flags |= AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code = getaddrinfo(host.c_str(), service.c_str(), &hints, &found)) {
    return Named(AddressInfoError(code), host, service);
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  Endpoints endpoints;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    Endpoint endpoint;
    if (at->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), at->ai_addr, at->ai_addrlen);
    endpoint.resize(at->ai_addrlen);
    endpoints.push_back(endpoint);
  }
  if (endpoints.empty()) return Named(boost::asio::error::host_not_found, host, service);
  return endpoints;
}

// On the heap: the pool's thread continues to use it when the caller has given up. The last of the two deletes it.
struct LookUpJob : OffloadJob {
  LookUpJob(std::string_view h, std::string_view s, std::shared_ptr<void> kept) : host(h), service(s), held(std::move(kept)), result(kCanceled) {
    run = &Run;
    end = &End;
  }

  static void Run(OffloadJob* job) {
    auto* self = static_cast<LookUpJob*>(job);
    self->result = LookUp(self->host, self->service);
  }
  static void End(OffloadJob* job) {
    auto* self = static_cast<LookUpJob*>(job);
    {
      std::lock_guard hold(self->lock);
      if (!self->abandoned) {
        self->ended = true;
        if (self->waiter != nullptr) self->waiter->Wake();
        return;
      }
    }
    delete self;
  }

  const std::string host;
  const std::string service;
  const std::shared_ptr<void> held;
  Result<Endpoints> result;  // the thread's until it has ended
  SmallLock lock;
  bool ended WEFT_GUARDED_BY(lock) = false;
  bool abandoned WEFT_GUARDED_BY(lock) = false;
  Parker* waiter WEFT_GUARDED_BY(lock) = nullptr;
};

// True when the job has ended. False: the context is done, and the job belongs to its thread or was deleted.
bool WaitForLookUp(const Context& ctx, OffloadPool& pool, std::unique_ptr<LookUpJob>& job) {
  if (WaitInPlace(job->lock, job->waiter, "resolve", ctx, [&]() WEFT_REQUIRES(job->lock) { return job->ended; })) return true;
  if (pool.Remove(*job)) return false;
  std::lock_guard hold(job->lock);
  if (job->ended) return true;
  job->abandoned = true;
  (void)job.release();
  return false;
}

}  // namespace
}  // namespace internal

Result<std::vector<boost::asio::ip::tcp::endpoint>> Resolve(const Context& ctx, std::string_view host, std::string_view service) {
  return internal::ResolveHolding(ctx, host, service, nullptr);
}

Result<std::vector<boost::asio::ip::tcp::endpoint>> internal::ResolveHolding(const Context& ctx, std::string_view host, std::string_view service,
                                                                             std::shared_ptr<void> held) {
  internal::CheckMayBlock("Resolve");
  if (Error err = ctx.Err()) return err;
  if (host.empty()) return internal::Named(Error::New("the host is empty"), host, service);
  if (service.empty()) return internal::Named(Error::New("the service is empty"), host, service);
  if (host.find('\0') != host.npos || service.find('\0') != service.npos) {
    return internal::Named(Error::New("a zero byte in a name"), host.substr(0, host.find('\0')), service.substr(0, service.find('\0')));
  }
  unsigned short port = 0;
  const bool numeric_port = internal::ParsePort(service, port);
  if (!numeric_port && !internal::MayBeName(service)) {
    return internal::Named(boost::asio::error::service_not_found, host, service);
  }
  boost::system::error_code not_numeric;
  const auto address = boost::asio::ip::make_address(std::string(host), not_numeric);
  if (!not_numeric && numeric_port) return internal::Endpoints{{address, port}};

  internal::LoopCore* loop = internal::CurrentLoop();
  if (loop == nullptr) return internal::LookUp(std::string(host), std::string(service));
  auto job = std::make_unique<internal::LookUpJob>(host, service, std::move(held));
  internal::OffloadPool& pool = loop->scheduler().pool();
  if (Error err = pool.Add(*job)) return internal::Named(err, host, service);
  if (!internal::WaitForLookUp(ctx, pool, job)) return ctx.Err();
  return std::move(job->result);
}

}  // namespace weft
