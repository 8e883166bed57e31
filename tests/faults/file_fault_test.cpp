// Every call of the library, with its n-th question about a file failing, whoever asks: the library, SQLite or the
// standard library. For each n until none is left to fail, and with each of the reasons that there are.
//
// The call returns, or throws a stele::error and nothing else, in time. What threw did not happen, what returned did,
// once; and afterwards the same call works. To repeat one fault: STELE_FAULT=N and STELE_SEED, as a failure prints
// them. STELE_ALL_FAULTS=1 tests each n with each reason instead of a sample.

#include "faults/tools/every_call.hpp"
#include "faults/tools/failing_calls.hpp"
#include "faults/tools/settings.hpp"
#include "support/board.hpp"

#include <stele/projections/generations/read_model_diff.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>
#include <typeinfo>

using namespace every_call;

namespace {

constexpr std::array reasons{EIO, EACCES, ENOSPC, EMFILE, ENAMETOOLONG, ELOOP};

/// A store and what works on it. A fault of the disk may close the store, which is opened again then.
struct place {
    place() { open(); }
    void open() {
        on_it.reset(), store.reset();
        store = open_sqlite(file(), {.durability = stele::durability::normal});
        try {
            on_it.emplace(*store);
        } catch (const stele::error& refusal) {
            if (refusal.kind() != stele::error_kind::needs_projection) throw;
            stele::inline_projections{dynamic_cast<stele::sqlite_store&>(*store)}.add<labels>();
            on_it.emplace(*store);
        }
    }
    [[nodiscard]] std::filesystem::path file() const { return directory / "events.db"; }

    temp_dir directory;
    std::unique_ptr<stele::event_store> store;
    std::optional<world> on_it;
};
const place* here = nullptr;

std::int64_t rows_in(stele::read_model& db, const std::string& table) {
    return std::get<0>(db.query_one<std::int64_t>("SELECT count(*) FROM " + table).value());
}

std::vector<call> calls_on_files() {
    return {
        {"query a read model",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<totals>(), runner.add<labels>();
             runner.catch_up();
             auto db = stele::read_model::open_read_only(w.directory / "read" / "totals.db");
             db.attach(w.directory / "read" / "labels.db", "labels");
             if (db.checkpoint() != w.store.head() || rows_in(db, "totals") == 0 || rows_in(db, "labels.labels") == 0)
                 throw std::logic_error("rows are missing");
             return 0;
         }},
        {"the life of a generation",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<totals>();
             runner.catch_up();
             if (runner.rebuild<totals>({.swap = false}) != stele::rebuild_result::waiting)
                 throw std::logic_error("no generation waits");
             if (!runner.diff<totals>().none()) throw std::logic_error("the generations differ");
             runner.swap_in<totals>();
             runner.rollback<totals>();
             runner.discard<totals>();
             return 0;
         }},
        {"compare read models",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read"};
             runner.add<totals>();
             runner.catch_up();
             const auto file = w.directory / "read" / "totals.db";
             if (!stele::diff_read_models(file, file).none()) throw std::logic_error("it differs from itself");
             return 0;
         }},
        {"a projection in memory with snapshots",
         [](world& w) {
             stele::projection_runner runner{w.store, w.directory / "read", {.first_backoff = 1ms}};
             runner.add<board>();
             runner.catch_up();
             runner.take_snapshot<board>();
             if (runner.query<board>([](const board& b) { return b.positions.empty(); }))
                 throw std::logic_error("events are missing");
             return 0;
         }},
        {"verify",
         [](world& w) {
             if (!w.sqlite->verify().is_sound()) throw std::logic_error("damage is found");
             return 0;
         }},
        {"open the same store",
         [](world&) {
             auto second = stele::sqlite_store::open(here->file());
             return second.append(stream, any, two_events()) ? 2 : 0;
         }},
        {"query an inline read model",
         [](world& w) {
             stele::inline_projections applied{*w.sqlite};
             if (applied.status().empty()) applied.add<labels>();
             auto db = stele::read_model::open_read_only(here->file());
             if (db.checkpoint() > w.store.head()) throw std::logic_error("it is ahead of the store");
             return rows_in(db, "labels") > 0 ? 0 : throw std::logic_error("rows are missing");
         }},
    };
}

/// What a call has done.
struct result {
    std::uint64_t appended = 0;
    bool struck = false;
    std::string thrown;
};

result perform(place& p, const call& each, std::uint64_t nth, int reason) {
    result done;
    failing_calls::fail(failing_calls::resource::file, nth, reason);
    try {
        done.appended = each.perform(*p.on_it);
        done.struck = failing_calls::heal();
    } catch (const stele::error& fault) {
        done.struck = failing_calls::heal(), done.thrown = fault.what();
    } catch (const std::exception& other) {
        done.struck = failing_calls::heal(), done.thrown = other.what();
        FAIL_CHECK((std::string{"not a stele::error: "} + typeid(other).name() + " " + other.what()));
    }
    return done;
}

/// Whether the store takes appends. One that met a fault while it wrote says `closed` until it is opened again.
bool takes_appends(stele::event_store& store) {
    try {
        return store.append(stream, any, two_events()).has_value();
    } catch (const stele::error& refusal) {
        CHECK_MESSAGE(refusal.kind() == stele::error_kind::closed, refusal.what());
        return false;
    }
}

/// Performs the call with a fault, and again without; whether the fault came.
bool check(place& p, const call& each, std::uint64_t nth, int reason) {
    INFO(std::string{each.name} << ": STELE_FAULT=" << nth << " STELE_SEED=" << run_seed() << " "
                                << std::string{std::strerror(reason)});
    watching->begins(each.name, nth);
    const auto before = p.store->head();
    acknowledged = 0;
    const auto done = perform(p, each, nth, reason);
    INFO(done.thrown);
    CHECK((done.struck || done.thrown.empty()));
    const auto more = p.store->head().value - before.value;
    if (const auto known = done.appended + acknowledged; takes_appends(*p.store)) {
        if (!each.has_parts) CHECK(more == known);
    } else {
        p.open();
        CHECK(p.store->head().value - before.value >= known);
        CHECK(takes_appends(*p.store));
    }
    const auto again = perform(p, each, 0, 0);
    CHECK_MESSAGE(again.thrown.empty(), "afterwards: " << again.thrown);
    return done.struck;
}

void check_all(const std::vector<call>& calls) {
    const bool all = environment_number("STELE_ALL_FAULTS").has_value();
    const auto only = environment_number("STELE_FAULT");
    for (const auto& each : calls) {
        place p;
        here = &p;
        std::mt19937_64 random{run_seed()};
        check(p, each, 1'000'000'000, EIO);  // what is made once is there
        const auto any_fault = [&](std::uint64_t n) {
            if (!all && !only) return check(p, each, n, reasons.at(random() % reasons.size()));
            bool struck = false;
            for (const auto reason : reasons) struck = check(p, each, n, reason) || struck;
            return struck;
        };
        if (only)
            any_fault(*only);
        else
            for (std::uint64_t n = 1; any_fault(n);) n += all ? 1 : 1 + random() % (1 + n / 16);
    }
}

}  // namespace

TEST_CASE("a call about a file that fails is a stele::error, and nothing has happened") {
    SUBCASE("calls of the store") {
        check_all(store_calls());
    }
    SUBCASE("calls of what stands on it") {
        check_all(calls_above());
    }
    SUBCASE("calls that are about files") {
        check_all(calls_on_files());
    }
}

static const bool is_prepared = [] {
    if (std::filesystem::exists("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);  // syncs cost nothing there
    watch();
    return true;
}();
