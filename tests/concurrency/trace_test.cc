// SPDX-License-Identifier: Apache-2.0
#include <weft/concurrency/trace.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <weft/concurrency/debug.h>
#include <weft/concurrency/event.h>
#include <weft/concurrency/group.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/mutex.h>
#include <weft/concurrency/offload.h>

#include "kit.h"

namespace weft {
namespace {

using namespace weft::testing;

struct Slice {
  std::string name, category, then, waits_for, by, fiber;
  int track = 0;
  long long from = 0, to = 0;  // nanoseconds
};
struct Point {
  int track = 0;
  long long at = 0;
};

// A trace as a viewer reads it.
struct Picture {
  std::vector<Slice> slices;
  std::map<std::string, std::vector<Point>> begins, ends;  // of arrows, by id
  std::map<int, std::string> tracks;
  int instants = 0;

  const Slice* Find(std::string_view name) const {
    const auto at = std::find_if(slices.begin(), slices.end(), [&](const Slice& s) { return s.name == name; });
    return at == slices.end() ? nullptr : &*at;
  }
  long Count(std::string_view category) const {
    return std::count_if(slices.begin(), slices.end(), [&](const Slice& s) { return s.category == category; });
  }
};

long long Ns(std::string microseconds) {
  EXPECT_EQ(microseconds.size() - microseconds.find('.'), 4U) << microseconds;
  microseconds.erase(microseconds.find('.'), 1);
  return std::atoll(microseconds.c_str());
}

void ReadEvent(const boost::property_tree::ptree& event, Picture& out) {
  const std::string phase = event.get<std::string>("ph");
  const int track = event.get<int>("tid");
  if (phase == "M") {
    if (event.get<std::string>("name") == "thread_name") out.tracks[track] = event.get<std::string>("args.name");
    return;
  }
  const long long at = Ns(event.get<std::string>("ts"));
  if (phase == "X") {
    out.slices.push_back({event.get<std::string>("name"), event.get<std::string>("cat"), event.get<std::string>("args.then", ""),
                          event.get<std::string>("args.for", ""), event.get<std::string>("args.by", ""),
                          event.get<std::string>("args.fiber"), track, at, at + Ns(event.get<std::string>("dur"))});
  } else if (phase == "s") {
    out.begins[event.get<std::string>("id")].push_back({track, at});
  } else if (phase == "f") {
    out.ends[event.get<std::string>("id")].push_back({track, at});
  } else {
    EXPECT_EQ(phase, "i");
    ++out.instants;
  }
}

// Slices of a track lie one after the other or one in the other.
void ExpectSlicesNest(const Picture& picture) {
  std::map<int, std::vector<const Slice*>> by_track;
  for (const Slice& slice : picture.slices) by_track[slice.track].push_back(&slice);
  for (auto& [track, slices] : by_track) {
    EXPECT_EQ(picture.tracks.count(track), 1U) << "a track without a name";
    std::sort(slices.begin(), slices.end(), [](const Slice* a, const Slice* b) {
      if (a->from != b->from) return a->from < b->from;
      if (a->to != b->to) return a->to > b->to;
      return a->category != "wake" && b->category == "wake";
    });
    std::vector<const Slice*> open;
    for (const Slice* slice : slices) {
      EXPECT_LE(slice->from, slice->to) << slice->name;
      while (!open.empty() && open.back()->to <= slice->from) open.pop_back();
      if (open.empty()) {
        open.push_back(slice);
        continue;
      }
      EXPECT_LE(slice->to, open.back()->to) << slice->name << " overlaps " << open.back()->name;
      EXPECT_EQ(slice->category, "wake") << slice->name << " runs within " << open.back()->name;
      open.push_back(slice);
    }
  }
}

void ExpectArrowsLeadFromWakeUpsToRuns(const Picture& picture) {
  EXPECT_EQ(picture.begins.size(), picture.ends.size());
  std::map<std::pair<int, long long>, int> wakes, runs;
  for (const Slice& slice : picture.slices) ++(slice.category == "wake" ? wakes : runs)[{slice.track, slice.from}];
  for (const auto& [id, begin] : picture.begins) {
    const auto end = picture.ends.find(id);
    ASSERT_NE(end, picture.ends.end()) << id;
    ASSERT_EQ(begin.size() + end->second.size(), 2U) << id;
    EXPECT_LE(begin[0].at, end->second[0].at) << "back in time";
    EXPECT_EQ(wakes.count({begin[0].track, begin[0].at}), 1U);
    EXPECT_EQ(runs.count({end->second[0].track, end->second[0].at}), 1U);
  }
}

Picture Parse(const std::string& json) {
  std::istringstream in(json);
  boost::property_tree::ptree tree;
  Picture out;
  try {
    boost::property_tree::read_json(in, tree);
    for (const auto& [key, event] : tree.get_child("traceEvents")) ReadEvent(event, out);
  } catch (const std::exception& e) {
    ADD_FAILURE() << e.what() << " in\n" << json.substr(0, 2000);
  }
  ExpectSlicesNest(out);
  ExpectArrowsLeadFromWakeUpsToRuns(out);
  return out;
}

Trace Stop() {
  Result<Trace> trace = StopTrace();
  EXPECT_TRUE(trace.Ok()) << trace.Err().Message();
  return *trace;
}

TEST(Trace, ShowsWhoRanWaitedAndWokeWhom) {
  EXPECT_FALSE(StartTrace());
  std::string setter_id;
  Virtually([&](const Context& ctx) {
    Event event;
    Group group(ctx);
    group.Go("waiter", [&](const Context& c) { return event.Wait(c); });
    group.Go("setter", [&](const Context& c) {
      setter_id = std::to_string(CurrentFiberId());
      EXPECT_FALSE(Sleep(c, 1s));
      event.Set();
      Yield();
    });
    EXPECT_FALSE(group.Wait());
  });
  const Trace trace = Stop();
  const Picture picture = Parse(trace.ToJson());

  EXPECT_EQ(trace.Lost(), 0U);
  ASSERT_NE(picture.Find("waiter"), nullptr) << trace.ToJson();
  EXPECT_EQ(picture.Find("waiter")->then, "waits");
  EXPECT_EQ(picture.Find("waiter")->waits_for, "event");
  EXPECT_EQ(picture.Find("setter")->waits_for, "sleep");
  ASSERT_NE(picture.Find("wake waiter"), nullptr);
  EXPECT_EQ(picture.Find("wake waiter")->by, setter_id);
  EXPECT_EQ(picture.Find("wake setter")->by, "0") << "by the loop";
  EXPECT_GE(picture.instants, 1) << "the group cancels its context";
  std::map<std::string, int> thens;
  for (const Slice& slice : picture.slices) ++thens[slice.then];
  EXPECT_EQ(thens["ends"], 3);
  EXPECT_EQ(thens["yields"], 1);
  EXPECT_EQ(picture.Count("wake"), static_cast<long>(picture.begins.size())) << "each start and wake-up has its run";
  EXPECT_EQ(picture.tracks.begin()->second.find("loop 0 (thread "), 0U);
}

TEST(Trace, ShowsThreadsOfOffload) {
  EXPECT_FALSE(StartTrace());
  OnLoops(1, [](const Context& ctx) {
    EXPECT_FALSE(Offload(ctx, [] {
      while (ListFibers().at(0).waits_for != "offload") std::this_thread::yield();
    }));
  });
  const Picture picture = Parse(Stop().ToJson());

  const Slice* offload = picture.Find("offload main");
  ASSERT_NE(offload, nullptr);
  EXPECT_EQ(picture.tracks.at(offload->track).find("offload (thread "), 0U);
  EXPECT_EQ(picture.Find("main")->waits_for, "offload");
  EXPECT_NE(picture.Find("main")->track, offload->track);
}

void Work(const Context& ctx, const std::atomic<bool>& stop) {
  Mutex mutex;
  Group group(ctx, {.spread = true});
  for (int i = 0; i < 8; ++i) {
    group.Go("worker", [&, i](const Context& c) {
      while (!stop) {
        if (i % 4 == 0) {
          Group inner(c);
          inner.Go("inner", [](const Context&) { Yield(); });
          EXPECT_FALSE(inner.Wait());
        }
        const std::lock_guard hold(mutex);
        Yield();
      }
    });
  }
  EXPECT_FALSE(group.Wait());
}

TEST(Trace, StartsAndStopsAtAnyTimeUnderLoad) {
  std::atomic<bool> stop{false};
  std::uint64_t events = 0;
  std::thread tracer([&] {
    // Small rings: read while they are overwritten. The first rounds may be over before a loop has run.
    for (int i = 0; i < Rounds(200) || events == 0; ++i) {
      EXPECT_FALSE(StartTrace({.events_per_thread = 64}));
      const TimePoint end = Now() + 200us;
      while (Now() < end) std::this_thread::yield();
      const Trace trace = Stop();
      events += trace.Events();
      Parse(trace.ToJson());
    }
    stop = true;
  });
  OnLoops(2, [&](const Context& ctx) { Work(ctx, stop); });
  tracer.join();
  EXPECT_GT(events, 0U);
}

TEST(Trace, HoldsARunOfTwoLoopsWhole) {
  std::atomic<bool> stop{false};
  EXPECT_FALSE(StartTrace({.events_per_thread = 1 << 20}));
  OnLoops(2, [&](const Context& ctx) {
    Group group(ctx);
    group.Go("timer", [&](const Context& c) {
      EXPECT_FALSE(Sleep(c, 5ms));
      stop = true;
    });
    Work(ctx, stop);
  });
  const Trace trace = Stop();
  const Picture picture = Parse(trace.ToJson());

  EXPECT_EQ(trace.Lost(), 0U);
  EXPECT_EQ(picture.tracks.size(), 2U);
  EXPECT_EQ(picture.Count("wake"), static_cast<long>(picture.begins.size())) << "each start and wake-up has its run";
}

TEST(Trace, OverwritesTheOldestAndCountsThem) {
  EXPECT_FALSE(StartTrace({.events_per_thread = 10}));
  Virtually([](const Context&) {
    for (int i = 0; i < 100; ++i) Yield();
  });
  const Trace trace = Stop();
  const Picture picture = Parse(trace.ToJson());

  EXPECT_LE(trace.Events(), 16U) << "rounded up";
  EXPECT_GE(trace.Events(), 15U);
  EXPECT_GE(trace.Events() + trace.Lost(), 200U);
  EXPECT_EQ(picture.slices.back().then, "ends") << "the newest are there";
}

TEST(Trace, IsOneAtATime) {
  EXPECT_TRUE(StopTrace().Err().Is(std::errc::operation_not_permitted));
  EXPECT_FALSE(StartTrace());
  EXPECT_TRUE(StartTrace().Is(std::errc::device_or_resource_busy));
  const Trace trace = Stop();
  EXPECT_EQ(trace.Events(), 0U);
  Parse(trace.ToJson());
}

TEST(Trace, RecordsNothingAfterItsEnd) {
  EXPECT_FALSE(StartTrace());
  Virtually([](const Context&) {
    (void)Stop();
    EXPECT_FALSE(StartTrace());
    SetFiberName("second");
    Yield();
    (void)Stop();
    Yield();
    EXPECT_FALSE(StartTrace());
    SetFiberName("third");
  });
  const Picture picture = Parse(Stop().ToJson());
  EXPECT_EQ(picture.Find("second"), nullptr);
  ASSERT_NE(picture.Find("third"), nullptr) << "a run that began before the trace";
}

TEST(Trace, CutsAndQuotesNames) {
  EXPECT_FALSE(StartTrace());
  Virtually([](const Context&) {
    SetFiberName("\"quoted\\\n\x01\xc3\xa4 and much longer than an event can hold");
    Yield();
  });
  const Picture picture = Parse(Stop().ToJson());
  EXPECT_NE(picture.Find("\"quoted\\???? and much longer th"), nullptr);
}

TEST(Trace, IsWrittenToAFile) {
  EXPECT_FALSE(StartTrace());
  Virtually([](const Context&) { Yield(); });
  const Trace trace = Stop();
  char path[] = "/tmp/weft-trace-XXXXXX";
  const int fd = mkstemp(path);
  ASSERT_GE(fd, 0);
  EXPECT_FALSE(trace.WriteJson(path));
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), trace.ToJson());
  close(fd);
  unlink(path);
  EXPECT_TRUE(trace.WriteJson("/nowhere/trace.json").Is(std::errc::no_such_file_or_directory));
}

}  // namespace
}  // namespace weft
