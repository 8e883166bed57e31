// Whatever writes takes turns within a process, and each wait for a turn ends after the busy timeout.

#include "support/errors.hpp"
#include "support/in_child.hpp"
#include "support/projections.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/sqlite/detail/append_participant.hpp>
#include <stele/projections/inline/inline_projections.hpp>

#include <atomic>
#include <functional>
#include <future>
#include <thread>

using namespace std::chrono_literals;
using namespace testing;
using stele::expected_version;
using stele::sqlite_store;
using stele::stream_id;

namespace {

// Holds the turn of a store from when it is made until let_go().
class occupant {
public:
    enum class by : std::uint8_t { commit, exclusive_call };

    occupant(const std::filesystem::path& file, by how, bool has_inline)
        : store{sqlite_store::open(file, {.connection = {.busy_timeout = 50ms}, .now = [this] { return now(); }})} {
        if (has_inline) stele::inline_projections{store}.add<labels>();
        thread_ = std::thread{[this, how] {
            is_last = true;
            if (how == by::commit)
                (void)store.append(stream_id{"one"}, expected_version::any(), make_events(1)).value();
            else
                store.append_host().transact([this](auto&, auto&, auto&) { wait(); });
        }};
        is_held_.wait(false);
    }
    occupant(const occupant&) = delete;
    occupant& operator=(const occupant&) = delete;
    ~occupant() { let_go(); }

    void let_go() {
        is_free_ = true;
        is_free_.notify_all();
        if (thread_.joinable()) thread_.join();
    }

    sqlite_store store;

private:
    void wait() {
        is_held_ = true;
        is_held_.notify_all();
        is_free_.wait(false);
    }
    stele::timestamp now() {
        if (is_last) wait();
        return stele::system_time();
    }

    static inline thread_local bool is_last = false;
    std::atomic<bool> is_held_ = false, is_free_ = false;
    std::thread thread_;
};

const std::vector<std::pair<std::string, std::function<void(sqlite_store&)>>> calls{
    {"append", [](auto& store) { (void)store.append(stream_id{"a"}, expected_version::any(), make_events(1)); }},
    {"document",
     [](auto& store) {
         const std::vector one{stele::document_write{"kind", "key", "value"}};
         (void)store.append({}, one);
     }},
    {"append_async",
     [](auto& store) {
         // So many may be in flight that none of them is lost sight of; one more has no room.
         for (int i = 0; i < 100'000; ++i)
             (void)store.append_async(stream_id{"a"}, expected_version::any(), make_events(1));
     }},
    {"truncate", [](auto& store) { (void)store.truncate_stream(stream_id{"a"}, {1}); }},
    {"compact", [](auto& store) { store.compact(); }},
    {"add", [](auto& store) { stele::inline_projections{store}.template add<totals>(); }},
    {"rebuild", [](auto& store) { stele::inline_projections{store}.template rebuild<totals>(); }},
    {"remove", [](auto& store) { stele::inline_projections{store}.remove("totals"); }},
    {"status", [](auto& store) { (void)stele::inline_projections{store}.status(); }},
};

std::string kind_thrown_by(const std::function<void()>& call) {
    try {
        call();
    } catch (const stele::error& fault) {
        const std::string text = fault.what();
        return std::string{to_string(fault.kind())} + (text.find("try again") == text.npos ? ": " + text : "");
    }
    return "nothing";
}

// On a machine with much to do, what goes on in the store may last longer than the timeout of these tests.
void until_not_busy(const std::function<void()>& call) {
    while (true) try {
            return call();
        } catch (const stele::error& fault) {
            if (fault.kind() != stele::error_kind::busy) throw;
        }
}

}  // namespace

TEST_CASE("whatever needs a turn gets `busy` if another one lasts, be that a commit or an exclusive call") {
    for (const auto how : {occupant::by::commit, occupant::by::exclusive_call})
        for (const bool has_inline : {false, true})
            for (const auto& [name, call] : calls) {
                CAPTURE(static_cast<int>(how));
                CAPTURE(has_inline);
                CAPTURE(name);
                const temp_dir directory;
                CHECK(in_child([&, &made = call] {
                          occupant held{directory / "events.db", how, has_inline};
                          auto told = kind_thrown_by([&] { made(held.store); });
                          held.let_go();
                          until_not_busy([&] {
                              (void)held.store.append(stream_id{"b"}, expected_version::any(), make_events(1)).value();
                          });
                          until_not_busy([&] { held.store.compact(); });
                          return told;
                      }) == "busy");
                auto store = sqlite_store::open(directory / "events.db");
                CHECK(store.stream_version(stream_id{"b"}).value == 1);
                CHECK(store.verify().is_sound());
            }
}

TEST_CASE("who does not wait for other processes waits for the threads of its own") {
    const temp_dir directory;
    auto store = sqlite_store::open(directory / "events.db", {.connection = {.busy_timeout = 0ms}});
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 20; ++n)
                    CHECK(kind_thrown_by([&] {
                              (void)store.append(stream_id{"a"}, expected_version::any(), make_events(1)).value();
                          }) == "nothing");
            });
    }
    CHECK(store.head().value == 160);
}

TEST_CASE("those behind a call that did not wait to the end have their turns") {
    const temp_dir directory;
    CHECK(in_child([&] {
              occupant held{directory / "events.db", occupant::by::exclusive_call, false};
              std::string told = kind_thrown_by([&] { held.store.compact(); });
              std::vector<std::future<stele::append_outcome>> appends;
              while (appends.size() < 100)
                  appends.push_back(held.store.append_async(stream_id{"a"}, expected_version::any(), make_events(1)));
              held.let_go();
              for (auto& each : appends) (void)each.get().value();
              until_not_busy([&] { held.store.compact(); });
              return told + " " + std::to_string(held.store.head().value);
          }) == "busy 100");
}
