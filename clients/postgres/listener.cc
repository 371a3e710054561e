// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/postgres/listener.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>
#include <set>
#include <utility>

#include <weft/clients/postgres/failure.h>
#include <weft/clients/postgres/internal/pool_state.h>
#include <weft/clients/postgres/pool.h>
#include <weft/concurrency/internal/base/thread_mutex.h>
#include <weft/concurrency/wait_fd.h>
#include <weft/concurrency/watch.h>

namespace weft::postgres {
namespace internal {
namespace {

constexpr Duration kFirstPause = std::chrono::milliseconds(200), kLongestPause = std::chrono::seconds(5);
// After so long without a word the connection is tried: the other side may be gone without an end.
constexpr Duration kQuiet = std::chrono::seconds(30);
constexpr std::size_t kChannelBytesMax = 63;  // of any name in PostgreSQL; it would cut the rest off

// From half of it on.
Duration AtRandom(Duration most) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return most / 2 + Duration(std::uniform_int_distribution<std::int64_t>(0, most.count() / 2)(random));
}

}  // namespace

class ListenerState {
 public:
  using Sink = std::function<Error(const Notification&)>;
  explicit ListenerState(Shared& shared) : shared_(shared) {}
  ~ListenerState() {
    if (running_) weft::internal::AbortMisuse("postgres::~Listener", "its Run has not returned");
  }

  Error Run(const Context& ctx, const Sink& f) {
    Begin();
    const End end{*this};
    for (Duration pause{};;) {
      Result<std::unique_ptr<Connection>> connection = Connection::Open(ctx, shared_);
      Error err = connection.Err();
      if (!err) {
        const TimePoint begin = Now();
        err = Serve(ctx, **connection, f);
        if (stopped_ || Refused(err, **connection)) return err;
        if (Now() - begin >= kLongestPause) pause = {};
      } else if (!err.Is(kUnavailable)) {
        return err;  // trying again would not help
      }
      NothingHeard();
      if (Error done = ctx.Err()) return done;
      pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
      if (Error done = Sleep(ctx, AtRandom(pause))) return done;
    }
  }

  Error Change(const Context& ctx, std::string channel, bool add) {
    if (channel.empty() || channel.size() > kChannelBytesMax || channel.find('\0') != std::string::npos) {
      return Error::New("postgres: the name of a channel has 1 to 63 bytes, none of them zero");
    }
    WatchReader<std::uint64_t> known = known_.Reader();
    std::uint64_t mine = 0;
    {
      const std::lock_guard hold(lock_);
      add ? (void)wanted_.insert(std::move(channel)) : (void)wanted_.erase(channel);
      mine = ++version_;
      if (!listening_) return {};
      if (wait_ != nullptr) wait_->cancel();
    }
    for (;;) {
      const Result<std::uint64_t> version = known.Next(ctx);
      if (Error err = version.Err()) return err;
      if (*version >= mine) return {};
    }
  }

 private:
  struct End {
    ListenerState& state;
    ~End() {
      state.NothingHeard();
      state.running_ = false;
      --state.shared_.listeners;
    }
  };

  void Begin() {
    const std::lock_guard hold(lock_);
    if (running_) weft::internal::AbortMisuse("postgres::Listener::Run", "it is already running");
    running_ = true;
    ++shared_.listeners;
    stopped_ = false;
  }

  // Nobody has to wait until the server knows: the next connection begins with all of it.
  void NothingHeard() {
    const std::lock_guard hold(lock_);
    listening_ = false;
    known_.Set(version_);
  }

  // The server is there, and does not do it: on a standby there is no LISTEN. 53 and 57 are its own troubles, which pass.
  static bool Refused(const Error& err, const Connection& connection) {
    const Failure* said = connection.Lost() ? nullptr : err.As<Failure>();
    return said != nullptr && said->sqlstate.compare(0, 2, "53") != 0 && said->sqlstate.compare(0, 2, "57") != 0;
  }

  Error Serve(const Context& ctx, Connection& connection, const Sink& f) {
    std::set<std::string> heard;
    for (bool more = true;;) {
      if (Error err = Tell(ctx, connection, heard, more)) return err;
      // What was sent on a channel before the server knew of it is lost, too.
      if (std::exchange(more, false)) {
        if (Error err = Give(f, {.channel = {}, .payload = {}, .gap = true})) return err;
      }
      if (Error err = GiveAll(connection, f)) return err;
      if (Error err = AwaitMore(ctx, connection)) return err;
    }
  }

  // LISTEN and UNLISTEN, until the server knows what is wanted. `more`: set if there are channels that it did not know.
  Error Tell(const Context& ctx, Connection& connection, std::set<std::string>& heard, bool& more) {
    for (;;) {
      std::set<std::string> wanted;
      std::uint64_t version = 0;
      {
        const std::lock_guard hold(lock_);
        listening_ = true;
        if (told_ == version_ && heard == wanted_) return {};
        wanted = wanted_;
        version = version_;
      }
      for (const std::string& channel : wanted) {
        if (heard.count(channel) != 0) continue;
        if (Error err = Command(ctx, connection, "listen ", channel)) return err;
        more = true;
      }
      for (const std::string& channel : heard) {
        if (wanted.count(channel) != 0) continue;
        if (Error err = Command(ctx, connection, "unlisten ", channel)) return err;
      }
      heard = std::move(wanted);
      const std::lock_guard hold(lock_);
      told_ = version;
      known_.Set(version);
    }
  }

  static Error Command(const Context& ctx, Connection& connection, const std::string& sql, const std::string& channel) {
    struct Free {
      void operator()(char* text) const { PQfreemem(text); }
    };
    const std::unique_ptr<char, Free> name(PQescapeIdentifier(connection.OnWire().Raw(), channel.data(), channel.size()));
    if (name == nullptr) return Error::New("postgres: \"" + channel + "\" is not the name of a channel");
    return connection.Command(ctx, (sql + name.get()).c_str());
  }

  Error Give(const Sink& f, const Notification& notification) {
    Error err = f(notification);
    stopped_ = static_cast<bool>(err);
    return err;
  }

  Error GiveAll(Connection& connection, const Sink& f) {
    struct Free {
      void operator()(PGnotify* one) const { PQfreemem(one); }
    };
    while (const std::unique_ptr<PGnotify, Free> one{PQnotifies(connection.OnWire().Raw())}) {
      if (Error err = Give(f, {.channel = one->relname, .payload = one->extra, .gap = false})) return err;
    }
    return {};
  }

  // Until something is here, or another channel is wanted.
  Error AwaitMore(const Context& ctx, Connection& connection) {
    const CancelScope wait = WithTimeout(ctx, kQuiet);
    {
      const std::lock_guard hold(lock_);
      if (told_ != version_) return {};
      wait_ = &wait;
    }
    // Virtual time continues: nothing works for us meanwhile.
    const Error err = WaitFd(wait.ctx, connection.OnWire().Socket(), FdEvents::kRead, {.waits_for = "postgres to notify", .holds_time = false}).Err();
    {
      const std::lock_guard hold(lock_);
      wait_ = nullptr;
    }
    if (Error done = ctx.Err()) return done;
    if (err.Is(kDeadlineExceeded)) {
      const CancelScope soon = WithTimeout(ctx, shared_.options.connect_timeout);
      return connection.Command(soon.ctx, "select 1");
    }
    if (err) return err.Is(kCanceled) ? Error() : err;  // another channel is wanted
    if (!connection.OnWire().TakeInput() || connection.Lost()) return kUnavailable;
    return {};
  }

  Shared& shared_;
  bool running_ = false;
  bool stopped_ = false;  // by f
  Watch<std::uint64_t> known_{0};
  weft::internal::ThreadMutex lock_;
  std::set<std::string> wanted_ WEFT_GUARDED_BY(lock_);
  std::uint64_t version_ WEFT_GUARDED_BY(lock_) = 0;
  std::uint64_t told_ WEFT_GUARDED_BY(lock_) = 0;
  bool listening_ WEFT_GUARDED_BY(lock_) = false;
  const CancelScope* wait_ WEFT_GUARDED_BY(lock_) = nullptr;
};

}  // namespace internal

Listener::Listener(Pool& pool) : state_(std::make_unique<internal::ListenerState>(pool.state_->Common())) {}
Listener::~Listener() = default;

Error Listener::RunWith(const Context& ctx, const std::function<Error(const Notification&)>& f) { return state_->Run(ctx, f); }
Error Listener::Add(const Context& ctx, std::string channel) { return state_->Change(ctx, std::move(channel), true); }
Error Listener::Remove(const Context& ctx, std::string channel) { return state_->Change(ctx, std::move(channel), false); }

}  // namespace weft::postgres
