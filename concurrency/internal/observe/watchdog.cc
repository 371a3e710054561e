// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/internal/observe/watchdog.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include <weft/concurrency/internal/base/thread_signals.h>
#include <weft/concurrency/internal/base/to_stderr.h>
#include <weft/concurrency/internal/context/context_node.h>
#include <weft/concurrency/internal/observe/symbols.h>
#include <weft/concurrency/internal/observe/thread_stack.h>

namespace weft::internal {
namespace {

// A stall is reported again each time that it has lasted twice as long as at the last report.
constexpr Duration kReportEvery = std::chrono::seconds(10);

}  // namespace

// A sentinel, and the watch over its context: when that is done the sentinel is called at once.
struct Watchdog::Post : ContextWaiter {
  Post(Watchdog& w, LoopSentinel& s, const Context& c) : watchdog(w), sentinel(s), ctx(c), node(ContextAccess::Canceler(ctx)) {
    fire = [](ContextWaiter* waiter) {
      auto* post = static_cast<Post*>(waiter);
      post->watchdog.Wake();
    };
    if (node != nullptr && !node->Add(*this)) node = nullptr;  // done already: the first look finds it so
  }
  ~Post() {
    if (node != nullptr) node->Remove(*this);
  }

  Watchdog& watchdog;
  LoopSentinel& sentinel;
  const Context ctx;
  ContextNode* node;
  std::int64_t look_at_ns = 0;
};

Watchdog::Watchdog(Scheduler& scheduler, const RunOptions& options)
    : scheduler_(scheduler),
      limit_(options.stall_limit),
      report_(options.on_stall),
      leak_(scheduler, options),
      deadlock_(scheduler, options) {
  for (const Duration limit : {options.stall_limit, options.leak_limit, options.deadlock_limit}) {
    if (limit > Duration::zero() && (pause_ == Duration::zero() || limit / 4 < pause_)) pause_ = std::max(limit / 4, Duration(1));
  }
}

Watchdog::~Watchdog() { Stop(); }

void Watchdog::Start() {
  if (pause_ <= Duration::zero() || VirtualTime()) return;
  if (limit_ > Duration::zero()) {
    for (int i = 0; i < scheduler_.LoopCount(); ++i) seen_.push_back({&scheduler_.At(i), 0, 0, limit_});
  }
  std::lock_guard hold(lock_);
  StartThread();
}

void Watchdog::StartThread() {
  look_at_ns_ = pause_ > Duration::zero() ? RealNowNs() + pause_.count() : kNever;
  thread_ = std::thread([this] {
    const PipeSignalShield no_pipe_signal;
    Watch();
  });
}

void Watchdog::Stop() {
  std::thread thread;
  {
    std::lock_guard hold(lock_);
    stop_ = true;
    thread.swap(thread_);
  }
  changed_.notify_all();
  if (thread.joinable()) thread.join();
}

Error Watchdog::Add(LoopSentinel& sentinel, const Context& ctx) {
  if (VirtualTime()) return {};  // no loop is ever held there: time stands still meanwhile
  auto post = std::make_unique<Post>(*this, sentinel, ctx);
  {
    std::lock_guard hold(lock_);
    posts_.push_back(std::move(post));
    woken_ = true;
    try {
      if (!thread_.joinable() && !stop_) StartThread();
    } catch (const std::system_error& e) {
      post = std::move(posts_.back());
      posts_.pop_back();
      return Error(e.code()).Wrap("start the watchdog thread");
    }
  }
  changed_.notify_all();
  return {};
}

void Watchdog::Remove(LoopSentinel& sentinel) noexcept WEFT_NO_LOCK_ANALYSIS {
  std::unique_ptr<Post> removed;  // released outside of the lock: its context may have something to destroy
  std::unique_lock<std::mutex> hold(lock_);
  const auto at = std::find_if(posts_.begin(), posts_.end(), [&](const auto& post) { return &post->sentinel == &sentinel; });
  if (at == posts_.end()) return;
  changed_.wait(hold, [&]() WEFT_NO_LOCK_ANALYSIS { return called_ != at->get(); });
  const auto again = std::find_if(posts_.begin(), posts_.end(), [&](const auto& post) { return &post->sentinel == &sentinel; });
  removed = std::move(*again);
  posts_.erase(again);
  hold.unlock();
}

void Watchdog::Wake() noexcept {
  {
    std::lock_guard hold(lock_);
    woken_ = true;
  }
  changed_.notify_all();
}

std::int64_t Watchdog::NextLook(std::int64_t now_ns) const {
  std::int64_t next = look_at_ns_;
  for (const auto& post : posts_) {
    // An end by the deadline wakes no waiter.
    const std::int64_t deadline = post->node != nullptr ? post->node->DeadlineNs() : kNever;
    next = std::min({next, post->look_at_ns, deadline > now_ns ? deadline : kNever});
  }
  return next;
}

void Watchdog::Watch() WEFT_NO_LOCK_ANALYSIS {
  std::unique_lock<std::mutex> hold(lock_);
  while (!stop_) {
    const std::int64_t next = NextLook(RealNowNs());
    const auto ready = [this]() WEFT_NO_LOCK_ANALYSIS { return stop_ || woken_; };
    if (next == kNever) {
      changed_.wait(hold, ready);
    } else {
      changed_.wait_for(hold, Duration(std::max<std::int64_t>(next - RealNowNs(), 0)), ready);
    }
    if (stop_) return;
    CallSentinels(hold);
    if (RealNowNs() < look_at_ns_) continue;
    hold.unlock();
    Look();
    hold.lock();
    look_at_ns_ = RealNowNs() + pause_.count();
  }
}

// After a wake-up, which may be for any of them, all; else those whose time has come.
void Watchdog::CallSentinels(std::unique_lock<std::mutex>& hold) WEFT_NO_LOCK_ANALYSIS {
  const bool all = std::exchange(woken_, false);
  for (std::size_t i = 0; i < posts_.size() && !stop_; ++i) {
    Post& post = *posts_[i];
    const std::int64_t now = RealNowNs();
    const std::int64_t deadline = post.node != nullptr ? post.node->DeadlineNs() : kNever;
    if (!all && now < post.look_at_ns && now < deadline) continue;
    called_ = &post;
    hold.unlock();
    const Duration pause = LoopAccess::Look(post.sentinel);
    hold.lock();
    post.look_at_ns = AddNs(RealNowNs(), pause.count());
    called_ = nullptr;
    changed_.notify_all();
  }
}

void Watchdog::Look() {
  for (Seen& seen : seen_) LookAt(seen, RealNowNs());
  leak_.Look(RealNowNs());
  deadlock_.Look(RealNowNs());
}

void Watchdog::LookAt(Seen& seen, std::int64_t now_ns) {
  const std::uint64_t epoch = seen.loop->Epoch();
  if (!seen.loop->Running() || epoch != seen.epoch) {
    seen = {seen.loop, epoch, now_ns, limit_};
    return;
  }
  const Duration held(now_ns - seen.since_ns);
  if (held < seen.next) return;
  char name[48];
  if (!seen.loop->CopyRunningName(name, sizeof(name))) return;
  seen.next = held + std::min(std::max(held, limit_), kReportEvery);
  const std::string stack = StackOf(*seen.loop);
  if (seen.loop->Epoch() != epoch) return;  // it has just continued, and the stack may be another fiber's
  if (report_) {
    report_({name, held, stack});
    return;
  }
  ToStderr("weft: fiber \"" + std::string(name) + "\" has held its loop for " + std::to_string(held.count() / 1'000'000) +
           " ms without parking; long computations belong in Offload\n" + stack);
}

std::string Watchdog::StackOf(const LoopCore& loop) {
  const std::vector<std::uintptr_t> addresses = StackOfThread(loop.Thread());
  if (addresses.empty()) return {};
  if (symbols_ == nullptr) symbols_ = std::make_unique<Symbolizer>();
  std::vector<Frame> frames;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    // The first is an instruction, the others are where calls return to.
    frames.push_back(symbols_->Describe(addresses[i] + (i == 0 ? 1 : 0)));
  }
  return FormatFrames(frames);
}

}  // namespace weft::internal
