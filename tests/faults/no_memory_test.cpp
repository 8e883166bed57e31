// Every call of the library, with its n-th allocation or its n-th thread failing, for each n until none is left to
// fail.
//
// The call returns or throws, in time. What threw did not happen, what returned did, once; and the same objects go on.
// To repeat one fault: STELE_FAULT=N, as a failure prints it. STELE_ALL_FAULTS=1 tests each n instead of a sample.

#include "faults/tools/every_call.hpp"
#include "faults/tools/failing_calls.hpp"
#include "faults/tools/settings.hpp"

#include <random>

using namespace every_call;
using failing_calls::resource;

namespace {

/// Performs the call with a fault; whether the fault came.
bool check(world& w, const call& each, resource what, std::uint64_t nth) {
    watching->begins(each.name, nth);
    const auto before = w.store.head();
    acknowledged = 0;
    std::uint64_t appended = 0;
    std::string thrown;
    bool struck = false;
    const auto ends = [&] { struck = failing_calls::heal(); };
    failing_calls::fail(what, nth);
    try {
        appended = each.perform(w);
        ends();
    } catch (const stele::error& fault) {
        ends(), thrown = fault.what();
    } catch (const std::bad_alloc& fault) {
        ends(), thrown = fault.what();
    } catch (const std::system_error& fault) {  // the test's own threads
        ends(), thrown = fault.what();
    }
    INFO(std::string{each.name} << ": STELE_FAULT=" << nth << " " << (what == resource::memory ? "memory " : "thread ")
                                << thrown);
    CHECK((struck || thrown.empty()));
    if (!each.has_parts) CHECK(w.store.head().value - before.value == appended + acknowledged);
    // And it goes on.
    const auto after = w.store.head();
    const auto written = w.store.append(stream, any, two_events());
    REQUIRE(written);
    CHECK(written->position.value == after.value + 2);
    CHECK(w.store.append_async(stream, any, two_events()).get());
    CHECK(w.store.stream_version(stream).value == written->version.value + 2);
    return struck;
}

void check_all(stele::event_store& store, const std::vector<call>& calls) {
    const bool all = environment_number("STELE_ALL_FAULTS").has_value();
    const auto only = environment_number("STELE_FAULT");
    for (const auto& each : calls) {
        for (const auto what : {resource::memory, resource::thread}) {
            world w{store};
            check(w, each, what, 1'000'000'000);  // what is made once is there
            if (only) {
                check(w, each, what, *only);
                continue;
            }
            std::mt19937_64 random{run_seed()};
            // Every one of the first, then some of the others.
            for (std::uint64_t n = 1; check(w, each, what, n);) n += all || n < 8 ? 1 : 1 + random() % (n / 2);
        }
    }
}

}  // namespace

TEST_CASE("a call without memory or threads throws, and nothing has happened") {
    const temp_dir directory;
    std::unique_ptr<stele::event_store> store;
    SUBCASE("in memory") {
        store = std::make_unique<stele::memory_store>();
    }
    SUBCASE("in a file") {
        store = open_sqlite(directory / "events.db", {.durability = stele::durability::normal});
    }
    SUBCASE("in a file, a connection for each read") {
        store = open_sqlite(directory / "events.db", {.durability = stele::durability::normal, .idle_readers = 0});
    }
    check_all(*store, store_calls());
    check_all(*store, calls_above());
}

static const bool is_prepared = [] {
    failing_calls::install();
    watch();
    return true;
}();
