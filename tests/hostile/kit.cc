// SPDX-License-Identifier: Apache-2.0
#include "kit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <weft/concurrency/run.h>

namespace weft {
namespace {

using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

double Percentile(std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

// After a round: nobody is served but the polite client, and its connection is the only one.
void ExpectAllGone(const Target& target, int descriptors_before, int round) {
  constexpr int kOfOthers = 2;  // the polite client's, and the one that asks for the statistics
  EXPECT_TRUE(target.Eventually([&] { return target.Stat("running") == 0; }))
      << "round " << round << ": " << target.Stat("running") << " handlers still run";
  EXPECT_TRUE(target.Eventually([&] { return target.Measure().descriptors <= descriptors_before + kOfOthers; }))
      << "round " << round << ": " << target.Measure().descriptors << " descriptors, before " << descriptors_before;
}

std::vector<std::string> WithTls(std::vector<std::string> arguments) {
  if (OverTls()) arguments.emplace_back(kWithTls);
  return arguments;
}

}  // namespace

bool OverTls() { return std::getenv("WEFT_TEST_TLS") != nullptr; }

const TlsClientOptions& ClientTls() {
  static const TlsClientOptions options{.server_name = "test", .insecure_skip_verify = true};
  return options;
}

Target::Target(const std::vector<std::string>& arguments) : process_(WEFT_HOSTILE_SERVER, WithTls(arguments)) {
  const std::string line = process_.Line();
  constexpr std::string_view kBegin = "listening on ";
  EXPECT_TRUE(line.starts_with(kBegin)) << line;
  if (line.size() > kBegin.size()) bound_ = line.substr(kBegin.size());
}

Usage Target::Measure() const {
  const std::filesystem::path folder = "/proc/" + std::to_string(process_.Id());
  Usage usage;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder / "fd", error), end; at != end; at.increment(error)) ++usage.descriptors;
  std::ifstream status(folder / "status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) usage.memory_bytes = std::stoll(line.substr(6)) * 1024;
  }
  return usage;
}

std::int64_t Target::Untaken() const {
  char here[8];
  std::snprintf(here, sizeof(here), ":%04X", static_cast<unsigned>(std::stoi(bound_.substr(bound_.rfind(':') + 1))));
  std::int64_t sum = 0;
  std::ifstream table("/proc/net/tcp");
  // "  0: 0100007F:1F90 0100007F:C350 01 00001000:00000000 ...": the one who listens, the other one, state, queues
  std::string number, local, remote, state, queues, rest;
  while (table >> number >> local >> remote >> state >> queues && std::getline(table, rest)) {
    if (local.ends_with(here) && state != "0A") sum += std::stoll(queues, nullptr, 16);
  }
  return sum;
}

long Target::Stat(std::string_view name) const {
  Result<TestClient> client = TryDial(Background(), bound_);
  if (!client.Ok()) return -1;
  const Result<TestResponse> answer = client->Get(Background(), "/stats", "Connection: close\r\n");
  if (!answer.Ok()) return -1;
  const std::size_t at = answer->body.find(std::string(name) + " ");
  return at == std::string::npos ? -1 : std::stol(answer->body.substr(at + name.size() + 1));
}

bool Target::Eventually(const std::function<bool()>& holds) const {
  const Steady::time_point end = Steady::now() + seconds(20);
  while (!holds()) {
    if (Steady::now() > end) return false;
    static_cast<void>(Stat("running"));
  }
  return true;
}

int Target::Stop() {
  process_.Signal(SIGTERM);
  const int code = process_.Wait();
  const std::string said = process_.Errors();
  EXPECT_EQ(said, "");
  return code;
}

PoliteClient::PoliteClient(std::string bound, bool forgiving, bool http2)
    : bound_(std::move(bound)), forgiving_(forgiving), http2_(http2) {
  thread_ = std::thread([this] { AskUntilStopped(); });
}

PoliteClient::~PoliteClient() { static_cast<void>(Stop()); }

PoliteClient::Report PoliteClient::Stop() {
  stop_.store(true);
  if (thread_.joinable()) thread_.join();
  connection_.clear();
  std::sort(took_ms_.begin(), took_ms_.end());
  report_.p50_ms = Percentile(took_ms_, 0.5);
  report_.p99_ms = Percentile(took_ms_, 0.99);
  return report_;
}

void PoliteClient::AskUntilStopped() {
  for (int i = 1; !stop_.load(); ++i) {
    const Steady::time_point begin = Steady::now();
    const bool fresh = connection_.empty();
    const bool answered = Ask(forgiving_ && !fresh) || (forgiving_ && !fresh && Ask(false));
    if (answered) ++report_.answered;
    took_ms_.push_back(std::chrono::duration<double, std::milli>(Steady::now() - begin).count());
    if (i % 20 == 0) connection_.clear();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // its pace
  }
}

bool PoliteClient::Ask(bool may_fail) {
  const auto fail = [&](const std::string& why) {
    connection_.clear();
    if (may_fail) return false;
    if (report_.failed++ == 0) report_.failure = why;
    return false;
  };
  const CancelScope limit = WithTimeout(Background(), seconds(30));
  if (connection_.empty()) {
    Result<TestClient> client = http2_ ? TryDialHttp2(limit.ctx, bound_) : TryDial(limit.ctx, bound_);
    if (!client.Ok()) return fail(client.Err().Message());
    connection_.push_back(*std::move(client));
  }
  const Result<TestResponse> answer = connection_.front().Get(limit.ctx, "/");
  if (!answer.Ok()) return fail(answer.Err().Message());
  return answer->status == 200 && answer->body == "hello" ? true : fail("status " + std::to_string(answer->status));
}

void Withstand(const Attack& attack, const std::function<void(const Context&, const Target&)>& round) {
  Target target(attack.arguments);
  ASSERT_NE(target.Bound(), "");
  ASSERT_TRUE(target.Eventually([&] { return target.Stat("running") == 0; }));
  const int descriptors = target.Measure().descriptors;
  std::int64_t after_first = 0;
  PoliteClient polite(target.Bound(), attack.forgiving, attack.http2);
  RunOptions one_loop;
  one_loop.loops = 1;
  one_loop.stall_limit = one_loop.deadlock_limit = Duration::zero();  // an attacker may block, and wait for the other process
  for (int i = 1; i <= attack.rounds; ++i) {
    const Error err = Run(Background(), one_loop, [&](const Context& ctx) { round(ctx, target); });
    EXPECT_FALSE(err) << err.Message();
    ExpectAllGone(target, descriptors + attack.descriptors_once, i);
    if (i == 1) after_first = target.Measure().memory_bytes;
  }
  const std::int64_t growth = target.Measure().memory_bytes - after_first;
  const PoliteClient::Report report = polite.Stop();
  std::printf("  polite client: %d answers, p50 %.2f ms, p99 %.2f ms; server's memory grew by %ld KiB after the first round\n",
              report.answered, report.p50_ms, report.p99_ms, static_cast<long>(growth / 1024));
  EXPECT_EQ(report.failed, 0) << report.failure;
  EXPECT_GT(report.answered, 0);
  EXPECT_LE(report.p99_ms, attack.p99_max_ms);
  if (!kSanitized) {
    EXPECT_LE(growth, attack.growth_max);
  }
  const Steady::time_point begin = Steady::now();
  EXPECT_EQ(target.Stop(), 0);
  EXPECT_LE(Steady::now() - begin, seconds(5));
}

void AtOnce(const Context& ctx, int count, const std::function<void(const Context&, int)>& one) {
  Group group(ctx);
  for (int i = 0; i < count; ++i) {
    group.Go("attacker", [&one, i](const Context& c) { one(c, i); });
  }
  const Error err = group.Wait();
  EXPECT_FALSE(err) << err.Message();
}

Result<TestClient> TryDial(const Context& ctx, const std::string& bound) {
  if (!bound.starts_with("https:")) return TestClient::Dial(ctx, bound);
  return TestClient::DialTls(ctx, bound, ClientTls());
}

Result<TestClient> TryDialHttp2(const Context& ctx, const std::string& bound) {
  return bound.starts_with("https:") ? TestClient::DialHttp2(ctx, bound, ClientTls()) : TestClient::DialHttp2(ctx, bound);
}

TestClient Dial(const Context& ctx, const Target& target) {
  Result<TestClient> client = TryDial(ctx, target.Bound());
  EXPECT_TRUE(client.Ok()) << client.Err().Message();
  if (!client.Ok()) std::abort();
  return *std::move(client);
}

int ConnectBare(const Target& target, const Bare& how) {
  const std::string& bound = target.Bound();
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(bound.substr(bound.rfind(':') + 1))));
  sockaddr_in from = to;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + static_cast<unsigned>(how.from));
  from.sin_port = 0;
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); };
  set(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  if (how.receive_buffer != 0) set(SOL_SOCKET, SO_RCVBUF, how.receive_buffer);
  if (how.segment != 0) set(IPPROTO_TCP, TCP_MAXSEG, how.segment);
  if (bind(fd, reinterpret_cast<sockaddr*>(&from), sizeof(from)) != 0 || connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) {
    ADD_FAILURE() << "connect: errno " << errno;
  }
  return fd;
}

void CloseBare(int fd, bool by_reset) {
  const linger at_once{1, 0};
  if (by_reset) setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(fd);
}

std::string ReadUntilEnd(const Context& ctx, TestClient& client) {
  std::string all;
  for (;;) {
    const Result<std::string> some = client.ReadSome(ctx);
    if (!some.Ok() || some->empty()) return all;
    all += *some;
  }
}

std::string Trickle(const Context& ctx, TestClient& client, std::string_view bytes, char filler, Duration pause) {
  for (std::size_t i = 0;; ++i) {
    const char byte = i < bytes.size() ? bytes[i] : filler;
    if (client.Send(ctx, {&byte, 1})) break;
    const CancelScope scope = WithTimeout(ctx, pause);
    const Result<std::string> some = client.ReadSome(scope.ctx);
    if (some.Ok()) return *some + (some->empty() ? std::string() : ReadUntilEnd(ctx, client));
    if (!some.Err().Is(kDeadlineExceeded)) break;
  }
  return ReadUntilEnd(ctx, client);
}

bool BrokenWithoutReading(const Context& ctx, TestClient& client) {
  // Readiness to read says nothing: there is something to read all the time. An error is told whatever one asks for.
  const TimePoint end = Now() + seconds(20);
  while (Now() < end) {
    pollfd watched{client.Descriptor(), 0, 0};
    if (poll(&watched, 1, 0) > 0) return true;
    if (Sleep(ctx, std::chrono::milliseconds(10))) break;
  }
  return false;
}

std::uint64_t SendUntilRefused(const Context& ctx, TestClient& client, const std::function<std::string()>& piece, std::uint64_t most) {
  std::uint64_t sent = 0;
  while (sent < most) {
    const std::string bytes = piece();
    if (client.Send(ctx, bytes)) break;
    sent += bytes.size();
    Yield();  // to whoever reads what the server says: where it takes all as fast as it comes, no call parks
  }
  return sent;
}

}  // namespace weft
