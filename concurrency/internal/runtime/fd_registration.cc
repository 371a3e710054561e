// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/runtime/fd_registration.h>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <utility>

#include <weft/concurrency/internal/runtime/park.h>

namespace weft::internal {

namespace {
constexpr const char* kClosed = "the descriptor was closed while it was waited for, or before FdWaiter::Forget: call that first";
}

// Those of one loop, so that they end with it.
struct LoopRegistrations : LoopLocal {
  static LoopRegistrations& Of(LoopCore& loop) {
    static constexpr char kOwner = 0;
    for (LoopLocal* local = loop.locals(); local != nullptr; local = local->next) {
      if (local->owner == &kOwner) return *static_cast<LoopRegistrations*>(local);
    }
    auto* made = new LoopRegistrations;
    made->owner = &kOwner;
    made->end = &OnLoopEnd;
    made->next = loop.locals();
    loop.locals() = made;
    return *made;
  }
  static void OnLoopEnd(LoopLocal* local) {
    auto* self = static_cast<LoopRegistrations*>(local);
    LoopLocal** at = &CurrentLoop()->locals();
    while (*at != self) at = &(*at)->next;
    *at = self->next;
    while (FdRegistration* entry = self->all.PopFront()) entry->OnLoopEnd();
    delete self;
  }

  List<FdRegistration> all;
};

FdRegistration::FdRegistration(LoopCore& loop, int fd, bool room) noexcept : LoopTask(&OnTask), core_(loop), fd_(fd), room_(room) {}

FdRegistration::~FdRegistration() {
  if (duplicate_) close(fd_);
}

FdRegistration* FdRegistration::Make(int fd, FdEvents events, Error& failure) noexcept {
  LoopCore& loop = *CurrentLoop();
  try {
    LoopRegistrations& all = LoopRegistrations::Of(loop);
    std::unique_ptr<FdRegistration> entry(new FdRegistration(loop, fd, Includes(events, FdEvents::kWrite)));
    failure = entry->Register(fd);
    if (failure) return nullptr;
    all.all.PushBack(*entry);
    return entry.release();
  } catch (const std::bad_alloc&) {
    failure = ErrorAccess::NoMemory();
    return nullptr;
  }
}

epoll_event FdRegistration::Entry() noexcept {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLET;
  if (room_) event.events |= EPOLLOUT;
  event.data.ptr = static_cast<FdWatch*>(this);
  return event;
}

Error FdRegistration::Register(int fd) noexcept {
  epoll_event event = Entry();
  if (epoll_ctl(core_.poller().EpollFd(), EPOLL_CTL_ADD, fd_, &event) == 0) return {};
  if (errno == EEXIST) {
    // Other code watches it on this loop. An epoll set takes a descriptor only once, but also each duplicate of it.
    fd_ = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    duplicate_ = fd_ >= 0;
    if (duplicate_ && epoll_ctl(core_.poller().EpollFd(), EPOLL_CTL_ADD, fd_, &event) == 0) return {};
  }
  return std::error_code(errno, std::system_category());
}

// Whatever the descriptor is ready for at that moment is reported again. False: it was closed.
bool FdRegistration::WatchRoom(bool room) noexcept {
  room_ = room;
  epoll_event event = Entry();
  return epoll_ctl(core_.poller().EpollFd(), EPOLL_CTL_MOD, fd_, &event) == 0;
}

void FdRegistration::Deregister() noexcept {
  if (epoll_ctl(core_.poller().EpollFd(), EPOLL_CTL_DEL, fd_, nullptr) == 0) return;
  AbortMisuse("FdWaiter, WaitFd", kClosed);
}

// On the loop's thread.
void FdRegistration::LeaveLoop() noexcept {
  Unlink();
  core_.poller().ForgetEvents(*this);
}

void FdRegistration::End(FdRegistration* entry) noexcept {
  if (CurrentLoop() == &entry->core_ && entry->alive_) {  // no other thread changes it here
    entry->Deregister();
    entry->LeaveLoop();
    delete entry;
    return;
  }
  {
    std::lock_guard hold(entry->lock_);
    if (entry->alive_) {
      entry->Deregister();
      entry->given_up_ = true;
      LoopCore& loop = entry->core_;
      loop.PostPinned(*entry);
      return;
    }
  }
  delete entry;
}

const LoopCore* FdRegistration::Home() noexcept {
  std::lock_guard hold(lock_);
  return alive_ ? &core_ : nullptr;
}

// On the loop, after another loop or thread has taken it out of the set.
void FdRegistration::OnTask(LoopTask* task) noexcept {
  auto* entry = static_cast<FdRegistration*>(task);
  { std::lock_guard out_of_the_lock(entry->lock_); }
  entry->LeaveLoop();
  delete entry;
}

void FdRegistration::OnLoopEnd() noexcept {
  {
    std::lock_guard hold(lock_);
    alive_ = false;
    if (!given_up_) return;
  }
  delete this;
}

// If another thread has taken it out of the set meanwhile, another entry may have the number of the descriptor.
void FdRegistration::IgnoreRoom() noexcept {
  std::lock_guard hold(lock_);
  if (!given_up_) WatchRoom(false);
}

void FdRegistration::OnFdEvents(std::uint32_t events) noexcept {
  if (events == EPOLLOUT && writer_ == nullptr) return IgnoreRoom();
  if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) end_seen_ = true;
  // An end or an error concerns both directions. A waiter for both is woken once.
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0 && reader_ != nullptr) reader_->Wake();
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0 && writer_ != nullptr) writer_->Wake();
}

bool FdRegistration::Park(const Context& ctx, FdEvents events, const FdWaitOptions& options) noexcept {
  const bool reads = Includes(events, FdEvents::kRead);
  const bool writes = Includes(events, FdEvents::kWrite);
  if ((reads && reader_ != nullptr) || (writes && writer_ != nullptr)) {
    AbortMisuse("FdWaiter::Wait", "another fiber waits for the same direction of this descriptor");
  }
  if (reads && std::exchange(end_seen_, false)) return true;
  if (writes && !room_ && !WatchRoom(true)) AbortMisuse("FdWaiter, WaitFd", kClosed);
  Parker parker(options.waits_for, true);  // no event may be handed out between the caller's check and the next lines
  if (reads) reader_ = &parker;
  if (writes) writer_ = &parker;
  core_.poller().CountWatches(1);
  if (options.holds_time) core_.AddOperation(1);
  const bool woken = parker.Park(ctx) == Parker::kWoken;
  if (options.holds_time) core_.AddOperation(-1);
  core_.poller().CountWatches(-1);
  if (reads) reader_ = nullptr;
  if (writes) writer_ = nullptr;
  return woken;
}

}  // namespace weft::internal
