// A store that nobody writes is read without locks once it was opened read-only. Whenever somebody begins to write
// meanwhile, before any single read of the file, the answer is that of one moment, and the next one has what is new.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/settings.hpp"
#include "support/in_child.hpp"
#include "support/stores.hpp"

#include <stele/eventstore/format.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/mman.h>

#include <atomic>
#include <new>
#include <optional>
#include <random>

using stele::expected_version;
using stele::stream_id;
namespace fs = std::filesystem;

namespace {

void append(stele::event_store& store, int count, const std::string& stream, std::size_t size = 900) {
    for (int i = 0; i < count; ++i)
        store
            .append(stream_id{stream}, expected_version::any(),
                    std::vector{make_event("test.Happened", std::string(size, 'x'))})
            .value();
}

constexpr auto fast = stele::durability::normal;

void make_store(const fs::path& file) {
    auto store = stele::sqlite_store::open(file, {.durability = fast});
    append(store, 20, "a-1");
    append(store, 20, "a-2");
    append(store, 3, "a-3", 20'000);
}

// What somebody else does with the store; the one who has it open afterwards.
struct deed {
    const char* name;
    std::function<std::optional<stele::sqlite_store>(const fs::path&)> run;
};

const std::vector<deed>& deeds() {
    static const std::vector<deed> all{
        {"appends and stays",
         [](const fs::path& file) {
             std::optional store{stele::sqlite_store::open(file, {.durability = fast})};
             append(*store, 5, "a-1");
             return store;
         }},
        {"appends and closes",
         [](const fs::path& file) {
             auto store = stele::sqlite_store::open(file, {.durability = fast});
             append(store, 5, "a-1");
             append(store, 1, "a-4", 50'000);
             return std::optional<stele::sqlite_store>{};
         }},
        {"removes, compacts and closes",
         [](const fs::path& file) {
             auto store = stele::sqlite_store::open(file, {.durability = fast});
             (void)store.truncate_stream(stream_id{"a-1"}, {15}).value();
             (void)store.delete_stream(stream_id{"a-3"}).value();
             store.compact();
             append(store, 2, "a-2");
             return std::optional<stele::sqlite_store>{};
         }},
    };
    return all;
}

// The answers to several questions; each is of one moment.
std::vector<std::string> answers(stele::event_store& store) {
    stele::all_read_options filtered;
    filtered.filter.categories = {"a"};
    filtered.filter.types = {"test.Happened"};
    std::vector<std::string> all;
    all.push_back(fmt::format("head {}", store.head()));
    all.push_back(fmt::format("{}", fmt::join(lines(store.read_all()), "\n")));
    all.push_back(fmt::format("{}", fmt::join(lines(store.read_stream(stream_id{"a-1"})), "\n")));
    all.push_back(fmt::format("{}", fmt::join(lines(store.read_all(filtered)), "\n")));
    all.push_back(fmt::format("version {}", store.stream_version(stream_id{"a-2"})));
    return all;
}

std::vector<std::string> answers_of_copy(stele::sqlite_store& store, const fs::path& copy) {
    store.backup(copy);
    auto copied = stele::sqlite_store::open(copy);
    return answers(copied);
}

// Opens a copy of the store read-only and asks it, while `deed` comes before the nth read. Returns whether it did.
bool interrupted(const fs::path& original, const deed& deed, std::uint64_t nth) {
    const temp_dir directory;
    const auto file = directory / "events.db";
    fs::copy_file(original, file);
    fault_vfs disk;
    std::optional<stele::sqlite_store> other;
    std::vector<std::string> before, during, of_copy;
    {
        auto store = stele::sqlite_store::open_read_only(file);
        before = answers(store);
    }
    disk.interrupt(disk_call::read, nth, [&] { other = deed.run(file); });
    auto store = stele::sqlite_store::open_read_only(file, {.connection = {.vfs = disk.name()}});
    during = answers(store);
    CHECK(store.verify().is_sound());
    of_copy = answers_of_copy(store, directory / "copy.db");
    const auto after = answers(store);
    if (!disk.struck()) return false;
    auto same = stele::sqlite_store::open(file);
    CHECK(after == answers(same));
    CHECK(after != before);
    bool is_new = false;
    for (std::size_t i = 0; i < during.size(); ++i) {
        CAPTURE(i);
        const bool is_old = during[i] == before[i] && !is_new;
        is_new = is_new || during[i] != before[i];
        CHECK((is_old || during[i] == after[i]));
    }
    CHECK((of_copy == after || (of_copy == before && !is_new)));
    return true;
}

}  // namespace

TEST_CASE("whatever somebody else does before any read of a read-only store, each answer is of one moment") {
    std::mt19937_64 random{run_seed()};
    const temp_dir directory;
    make_store(directory / "events.db");
    for (const auto& each : deeds()) {
        CAPTURE(each.name);
        std::uint64_t interruptions = 0;
        for (std::uint64_t nth = 1;; ++nth) {
            if (one_in() > 1 && random() % one_in() != 0 && nth < 100) continue;
            CAPTURE(nth);
            if (!interrupted(directory / "events.db", each, nth)) break;
            ++interruptions;
        }
        CHECK(interruptions > 0);
    }
}

TEST_CASE("whenever the one who writes closes the store, nothing is missing, and the reader makes no log") {
    for (const auto call : {disk_call::open, disk_call::read, disk_call::lock, disk_call::map}) {
        CAPTURE(to_string(call));
        for (std::uint64_t nth = 1;; ++nth) {
            CAPTURE(nth);
            const temp_dir directory;
            const auto file = directory / "events.db";
            std::optional writer{stele::sqlite_store::open(file, {.durability = fast})};
            append(*writer, 5, "a-1");
            const auto expected = answers(*writer);
            fault_vfs disk;
            disk.interrupt(call, nth, [&] { writer.reset(); });
            {
                auto store = stele::sqlite_store::open_read_only(file, {.connection = {.vfs = disk.name()}});
                CHECK(answers(store) == expected);
            }
            if (!disk.struck()) {
                CHECK(nth > 1);
                break;
            }
            // One that is left has content: the writer could not remove it.
            const auto log = file.string() + "-wal";
            CHECK((!fs::exists(log) || fs::file_size(log) > 0));
            CHECK(fs::exists(log) == fs::exists(file.string() + "-shm"));
        }
    }
}

TEST_CASE("while others open, append and close all the time, no acknowledged event is missing and nothing is torn") {
    const temp_dir directory;
    const auto file = directory / "events.db";
    {
        auto store = stele::sqlite_store::open(file);
    }
    auto* const shared = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared != MAP_FAILED);
    auto& acknowledged = *new (shared) std::atomic<std::uint64_t>{0};
    const auto rounds = environment_number("STELE_ROUNDS").value_or(150);
    CAPTURE(run_seed());
    {
        testing::child writer([&]() -> std::string {
            std::mt19937_64 random{run_seed()};
            for (std::uint64_t round = 0; round < rounds; ++round) {
                auto store = stele::sqlite_store::open(file, {.durability = fast});
                for (auto more = random() % 4; more > 0; --more) {
                    append(store, 1, "a-" + std::to_string(random() % 3), random() % 3000);
                    acknowledged = store.head().value;
                }
            }
            acknowledged = acknowledged + 1'000'000;
            return {};
        });
        auto store = stele::sqlite_store::open_read_only(file);
        for (bool done = false; !done;) {
            const auto least = acknowledged.load();
            done = least >= 1'000'000;
            const auto wanted = done ? least - 1'000'000 : least;
            CHECK(store.head().value >= wanted);
            std::uint64_t last = 0;
            for (const auto& event : store.read_all().events()) REQUIRE(event.position.value == ++last);
            CHECK(last >= wanted);
            CHECK(store.verify().is_sound());
        }
        CHECK(writer.answer().empty());
    }
    ::munmap(shared, 4096);
}
