// Truncated, damaged or incomplete files: each is refused by an error that names the file, or holds what it held
// before. Never a crash, never a silently missing event.

#include "faults/tools/fault_vfs.hpp"
#include "faults/tools/labelled.hpp"
#include "faults/tools/settings.hpp"
#include "support/temp_dir.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>

using stele::error_kind;
using stele::expected_version;
using stele::stream_id;

namespace {

constexpr std::size_t page_bytes = 4096;

// Appends enough to fill a few pages of every kind: leaves and inner pages of tables and indexes, overflow pages.
void fill(stele::event_store& store) {
    for (std::uint32_t n = 0; n < 60; ++n) {
        const auto events = make_labelled({0, 0, n}, {1, static_cast<std::uint8_t>(n % 20 == 0 ? 5 : 2), 0});
        REQUIRE(store.append(stream_id{"order", std::to_string(n % 7)}, expected_version::any(), events));
    }
}

// A store that is damaged repeatedly.
class damaged_store {
public:
    damaged_store() {
        auto store = stele::sqlite_store::open(file_, options_);
        fill(store);
        events_ = list(store);
    }

    // The content of the file when it is closed.
    const std::string& whole() {
        if (whole_.empty()) whole_ = read_image(file_).at(file_);
        return whole_;
    }

    // Opens a file with these bytes, reads all of it and appends. Returns what went wrong, or nothing. `exact`:
    // everything that can be read without an error must be as before the damage.
    std::string problem_with(std::string_view bytes, bool exact) {
        materialise({{file_, std::string(bytes)}}, file_);
        bool opened = false;
        try {
            auto store = stele::sqlite_store::open(file_, options_);
            opened = true;
            const auto found = list(store);
            if (exact && found != events_)
                return fmt::format("{} events were read without an error, {} are there", found.size(), events_.size());
            for (int i = 0; i < 7; ++i) read_stream(store, i);
            for (const auto order : {stele::direction::forward, stele::direction::backward})
                for (const auto& filter : filters_)
                    for (const auto& batch : store.read_all({.direction = order, .filter = filter})) (void)batch;
            const auto more = make_labelled({1, 0, 0}, {1, 2, 3});
            (void)store.append(stream_id{"order-1"}, expected_version::any(), more);
            (void)store.append(stream_id{"new-1"}, expected_version::any(), make_labelled({1, 0, 1}, {1}));
            (void)list(store);
        } catch (const stele::error& fault) {
            ++refused_;
            const std::string_view message = fault.what();
            const bool fits = fault.kind() == error_kind::corrupt || fault.kind() == error_kind::foreign_file ||
                              fault.kind() == error_kind::newer_format || fault.kind() == error_kind::io ||
                              fault.kind() == error_kind::closed;
            if (!fits || message.find(file_) == message.npos)
                return fmt::format("({}) {}", to_string(fault.kind()), message);
            if (!opened && read_image(file_).at(file_) != bytes) return "the file was refused, but has been changed";
        }
        return {};
    }

    [[nodiscard]] int refused() const { return refused_; }

private:
    static std::vector<std::string> list(stele::event_store& store) {
        std::vector<std::string> events;
        for (const auto& e : store.read_all().events())
            events.push_back(fmt::format("{} {}@{} {} {}", e.position.value, e.stream, e.version.value, e.id.str(),
                                         e.payload.size()));
        return events;
    }

    static void read_stream(stele::event_store& store, int number) {
        const stream_id stream{"order", std::to_string(number)};
        (void)store.stream_version(stream);
        for (const auto& batch : store.read_stream(stream)) (void)batch;
        for (const auto& batch : store.read_stream(stream, {.direction = stele::direction::backward})) (void)batch;
    }

    fault_vfs vfs_;
    temp_dir directory_;
    std::string file_ = directory_ / "events.db";
    stele::sqlite_options options_{.connection = {.vfs = vfs_.name()}};
    std::vector<std::string> events_;
    const std::array<stele::event_query, 2> filters_{stele::event_query{.categories = {"order"}},
                                                     {.types = {"test.Kind1", "test.Kind2"}}};
    std::string whole_;
    int refused_ = 0;
};

class problem_list {
public:
    void add(const std::string& where, const std::string& problem) {
        if (!problem.empty()) problems_.push_back(fmt::format("{}: {}", where, problem));
    }
    void report() const {
        for (std::size_t i = 0; i < std::min<std::size_t>(problems_.size(), 8); ++i) MESSAGE(problems_[i]);
        CHECK(problems_.size() == 0);
    }

private:
    std::vector<std::string> problems_;
};

}  // namespace

TEST_CASE("a truncated file is refused") {
    damaged_store store;
    const auto& whole = store.whole();
    problem_list problems;
    std::vector<std::size_t> sizes{1, 16, 50, 99, 100, 104, 105, 511, 512, 4095};
    for (auto size = page_bytes; size < whole.size(); size += page_bytes) sizes.insert(sizes.end(), {size, size + 1});
    for (const auto size : sizes)
        problems.add(fmt::format("{} of {} bytes", size, whole.size()),
                     store.problem_with(std::string_view(whole).substr(0, size), true));
    problems.report();
    CHECK(store.refused() == static_cast<int>(sizes.size()));
}

TEST_CASE("a file with other table definitions is refused, whichever byte has changed") {
    damaged_store store;
    const auto& whole = store.whole();
    problem_list problems;
    int changed = 0;
    for (const auto* const table : {"streams", "types", "events", "type_blocks", "documents"}) {
        const auto begin = whole.find(fmt::format("CREATE TABLE {} (", table));
        const auto end = whole.find(") STRICT", begin);
        REQUIRE(end < page_bytes);
        for (auto at = begin; at < end; at += one_in()) {
            auto bytes = whole;
            bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
            problems.add(fmt::format("byte {}, of {}", at, table), store.problem_with(bytes, true));
            ++changed;
        }
    }
    problems.report();
    CHECK(store.refused() == changed);
}

TEST_CASE("each page may be damaged") {
    using damage = std::function<void(std::span<char> page, std::mt19937_64 & random)>;
    damage harm;
    bool exact = true;
    SUBCASE("zeroed") {
        harm = [](auto page, auto&) { std::ranges::fill(page, '\0'); };
    }
    SUBCASE("random bytes") {
        harm = [](auto page, auto& random) {
            std::ranges::generate(page, [&] { return static_cast<char>(random()); });
        };
    }
    SUBCASE("a random page header") {
        harm = [](auto page, auto& random) {
            std::ranges::generate(page.first(12), [&] { return static_cast<char>(random()); });
        };
    }
    SUBCASE("another page's content") {
        harm = [](auto page, auto&) { std::ranges::rotate(page, page.begin() + page_bytes / 2); };
    }
    // A changed bit in a payload cannot be detected: the file has no checksums. There may be none.
    SUBCASE("one bit") {
        exact = false;
        harm = [](auto page, auto& random) { page[random() % page.size()] ^= static_cast<char>(1 << random() % 8); };
    }
    if (!harm) return;
    damaged_store store;
    const auto& whole = store.whole();
    problem_list problems;
    for (std::size_t page = 0; page < whole.size() / page_bytes; ++page) {
        for (unsigned time = 0; time < 3; ++time) {
            std::mt19937_64 random{run_seed() + page * 16 + time};
            auto bytes = whole;
            harm(std::span(bytes).subspan(page * page_bytes, page_bytes), random);
            problems.add(fmt::format("STELE_SEED={} page {}, time {}", run_seed(), page + 1, time),
                         store.problem_with(bytes, exact));
        }
    }
    problems.report();
    if (exact) CHECK(store.refused() > 0);
    MESSAGE(store.refused() << " of " << whole.size() / page_bytes * 3 << " were refused");
}
