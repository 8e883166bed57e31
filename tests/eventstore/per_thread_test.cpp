// Objects of a thread, also while it ends.

#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/detail/per_thread.hpp>

#include <cstdlib>
#include <functional>
#include <thread>

namespace {

struct probe {
    probe() { ++alive; }
    probe(const probe&) = delete;
    probe& operator=(const probe&) = delete;
    ~probe() {
        --alive;
        is_alive = false;
    }
    bool is_alive = true;
    static inline thread_local int alive = 0;
};

using probe_of_thread = stele::detail::per_thread<probe>;

/// Calls a function when the thread ends, or the program.
struct at_end {
    std::function<void()> call;
    ~at_end() {
        if (call) call();
    }
};

bool appends(stele::sqlite_store& store, const std::string& stream) {
    return store.append(stele::stream_id{stream}, stele::expected_version::any(), make_events(1)).has_value();
}

}  // namespace

TEST_CASE("an object of a thread is one for each thread, and new after it was destroyed with the thread") {
    int alive_before_end = -1;
    bool works_after_end = false;
    std::thread{[&] {
        thread_local at_end last;  // destroyed after what is made later
        last.call = [&] {
            alive_before_end = probe::alive;
            works_after_end = probe_of_thread::get().is_alive && &probe_of_thread::get() == &probe_of_thread::get();
        };
        CHECK(&probe_of_thread::get() == &probe_of_thread::get());
        CHECK(probe::alive == 1);
    }}.join();
    CHECK(alive_before_end == 0);
    CHECK(works_after_end);
}

TEST_CASE("a store is used by the destructors of a thread and of the program") {
    const temp_dir directory;
    auto store = stele::sqlite_store::open(directory / "events.db");
    bool appended = false;
    std::thread{[&] {
        thread_local at_end last;
        last.call = [&] { appended = appends(store, "thread-2"); };
        CHECK(appends(store, "thread-1"));
    }}.join();
    CHECK(appended);

    const auto file = directory / "static.db";
    const auto answer = testing::in_child([&] {
        static auto& of_program = *new stele::sqlite_store{stele::sqlite_store::open(file)};
        static at_end last{[] { std::_Exit(appends(of_program, "program-2") ? 0 : 1); }};
        if (!appends(of_program, "program-1")) return std::string{"was not stored"};
        std::exit(1);
    });
    CHECK(answer == "");
    CHECK(stele::sqlite_store::open(file).head() == stele::position{2});
}
