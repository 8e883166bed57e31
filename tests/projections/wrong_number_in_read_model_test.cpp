// Every number in a read model's file and in the names of its files, set to wrong values: an error or a right result,
// and a rebuild puts it right.

#include "support/projections.hpp"
#include "support/run_sql.hpp"
#include "support/stores.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <fmt/format.h>

#include <limits>

using namespace testing;
using stele::error_kind;

namespace {

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t limit = std::int64_t{1} << 62;

template <class Work>
void allow_fault(const Work& work) {
    try {
        work();
    } catch (const stele::error& fault) {
        INFO(std::string{fault.what()});
        CHECK(fault.kind() != error_kind::invalid_argument);
        CHECK(fault.kind() != error_kind::handler_failed);
    }
}

}  // namespace

TEST_CASE("a wrong number in a read model") {
    stele::memory_store store;
    append_some(store, 100);
    const temp_dir directory;
    {
        stele::projection_runner runner{store, directory.path};
        runner.add<totals>();
        runner.catch_up();
    }
    const auto expected = rows_of_totals(directory.path);
    for (const auto* const column : {"version", "checkpoint", "witness_position", "witness_recorded_at", "seen",
                                     "applied", "ignored", "dead_lettered", "complete"})
        for (const auto value : {least, std::int64_t{-1}, std::int64_t{0}, limit, limit + 1, greatest - 1, greatest}) {
            INFO(column << " = " << value);
            run_sql(std::filesystem::canonical(directory / "totals.db"),
                    fmt::format("PRAGMA ignore_check_constraints = ON; UPDATE stele_projection SET {} = {}", column,
                                value));
            allow_fault([&] {
                stele::projection_runner runner{store, directory.path};
                runner.add<totals>();
                allow_fault([&] { runner.catch_up(); });
                allow_fault([&] { (void)runner.status(); });
                allow_fault([&] { (void)runner.dead_letters<totals>(); });
                runner.rebuild<totals>();
                CHECK(rows_of_totals(directory.path) == expected);
            });
            std::filesystem::remove_all(directory.path);
            std::filesystem::create_directories(directory.path);
            stele::projection_runner runner{store, directory.path};
            runner.add<totals>();
            runner.catch_up();
        }
}

TEST_CASE("a wrong number in a dead letter") {
    stele::memory_store store;
    append_some(store, 20);
    const temp_dir directory;
    stele::projection_runner runner{store, directory.path};
    runner.add<totals>();
    runner.catch_up();
    const auto file = std::filesystem::canonical(directory / "totals.db");
    for (const auto* const column : {"position", "attempts", "failed_at"})
        for (const auto value : {least, std::int64_t{-1}, std::int64_t{0}, limit, limit + 1, greatest}) {
            INFO(column << " = " << value);
            run_sql(file,
                    "INSERT INTO stele_dead_letters VALUES (1, 'k', 'counter-1', 'testing.Incremented', 1, 'e', 0)");
            run_sql(file, fmt::format("UPDATE stele_dead_letters SET {} = {}", column, value));
            allow_fault([&] {
                for (const auto& letter : runner.dead_letters<totals>()) {
                    CHECK(letter.position.value <= static_cast<std::uint64_t>(limit));
                    CHECK(letter.attempts <= static_cast<std::uint64_t>(limit));
                }
            });
            allow_fault([&] { (void)runner.dead_letters<totals>(stele::position::max()); });
            allow_fault([&] { (void)runner.dead_letters<totals>({std::numeric_limits<std::uint64_t>::max()}); });
            run_sql(file, "DELETE FROM stele_dead_letters");
        }
}

TEST_CASE("a wrong number in the record of an inline projection") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    for (const auto* const column : {"version", "checkpoint", "seen", "applied", "ignored"})
        for (const auto value : {least, std::int64_t{-1}, limit + 1, greatest}) {
            INFO(column << " = " << value);
            for (const auto* const suffix : {"", "-wal", "-shm", "-lock"})
                std::filesystem::remove(file.string() + suffix);
            {
                auto store = stele::sqlite_store::open(file);
                stele::inline_projections applied{store};
                applied.add<totals>();
                append_some(store, 20);
            }
            run_sql(file, fmt::format("PRAGMA ignore_check_constraints = ON; UPDATE stele_inline SET {} = {}", column,
                                      value));
            allow_fault([&] {
                auto store = stele::sqlite_store::open(file);
                stele::inline_projections applied{store};
                allow_fault([&] { applied.add<totals>(); });
                allow_fault([&] { (void)applied.status(); });
                (void)store.append(stele::stream_id{"counter-1"}, stele::expected_version::any(),
                                   stele::encode(incremented(1)));
            });
        }
}

TEST_CASE("a file with a generation number that is never given is none of the read model") {
    stele::memory_store store;
    append_some(store, 20);
    const temp_dir directory;
    for (const auto* const number : {"18446744073709551615", "9223372036854775807", "4611686018427387905"}) {
        run_sql(directory / fmt::format("totals.{}.db", number), "CREATE TABLE mine (x)");
        stele::projection_runner runner{store, directory.path};
        runner.add<totals>();
        runner.catch_up();
        runner.rebuild<totals>();
        CHECK(rows_of_totals(directory.path) == fresh_replay(store));
        CHECK(std::filesystem::exists(directory / fmt::format("totals.{}.db", number)));
    }
    std::filesystem::remove(directory / "totals.db");
    std::filesystem::create_symlink("totals.18446744073709551615.db", directory / "totals.db");
    const auto failure = error_of([&] {
        stele::projection_runner runner{store, directory.path};
        runner.add<totals>();
        runner.catch_up();
    });
    CHECK(failure.kind == error_kind::foreign_file);
    CHECK(failure.says("which is not a generation of this read model"));
}
