// A process that adds tags to stored events, while another thread appends and removes some, is killed at a random
// instant, again and again. What is said to be done is done: nothing is answered by a key before it is complete, and
// then every event is found.
//
// The instant is random, so a failure may not repeat with the same seed: STELE_SEED=N STELE_ROUNDS=N.

#include "faults/tools/run_and_kill.hpp"
#include "faults/tools/settings.hpp"
#include "support/temp_dir.hpp"
#include "values.pb.h"

#include <stele/codec.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <boost/hana/tuple.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>

namespace testing {

static auto tags_of(const Values& values) {
    constexpr stele::tag_key<"number"> number_tag;
    return number_tag(values.small());
}

}  // namespace testing

namespace {

constexpr int numbers = 7;

struct tagged_events {
    static constexpr auto events = boost::hana::tuple_t<testing::Values>;
};

stele::sqlite_store open(const std::filesystem::path& file) {
    return stele::sqlite_store::open(file,
                                     {.durability = stele::durability::normal, .limits = {.read_batch_events = 5}});
}

stele::event_data event(std::uint64_t n, bool has_tags) {
    testing::Values values;
    values.set_small(static_cast<std::int32_t>(n % numbers));
    auto data = stele::encode(values);
    if (!has_tags) data.tags = {};
    return data;
}

void append(stele::event_store& store, std::uint64_t n, bool has_tags) {
    if (!store.append(stele::stream_id{"values", std::to_string(n % 3)}, stele::expected_version::any(),
                      event(n, has_tags)))
        throw std::runtime_error("not appended");
}

[[noreturn]] void run_child(const std::filesystem::path& file, std::uint64_t seed, int pipe) {
    try {
        auto store = open(file);
        const std::jthread others([&](const std::stop_token& stop) {
            for (std::uint64_t n = seed; !stop.stop_requested(); ++n) {
                append(store, n, true);
                const stele::stream_id stream{"values", std::to_string(n % 3)};
                const auto first = store.find_stream(stream).first;
                if (n % 5 == 0 && first && !store.truncate_stream(stream, first->version.next())) ::_exit(1);
            }
        });
        while (true)
            stele::tag_stored_events<tagged_events>(store, {.again = true, .on_progress = [&](const auto&) {
                                                                if (::write(pipe, "x", 1) != 1) ::_exit(1);
                                                            }});
    } catch (...) {
        ::_exit(1);
    }
}

// What the store says of a tag, and what there is: an event that has it is one whose message names it.
void check_tag(stele::event_store& store, int number, std::uint64_t expected) {
    const auto tag = fmt::format("number:{}", number);
    std::uint64_t found = 0;
    for (const auto& each : store.read_all({.filter = {.tags = {tag}}}).events()) {
        testing::Values values;
        REQUIRE(values.ParseFromString(std::string{each.payload}));
        CHECK(values.small() == number);
        CHECK(each.tags == stele::tag_list{tag});
        ++found;
    }
    CHECK(found == expected);
}

// Returns whether the kill left a key that was not complete.
bool check_after_kill(const std::filesystem::path& file) {
    auto store = open(file);
    CHECK(store.verify().damage == std::vector<std::string>{});
    const auto status = store.tagging_status();
    const bool is_left = !status.empty() && !status.front().complete();
    if (is_left) {
        CHECK_THROWS_AS((void)store.count_events({.filter = {.tags = {"number:1"}}}), stele::error);
        // All up to where it is said to be have their tags.
        for (const auto& each :
             store.read_all({.up_to = status.front().up_to, .filter = {.categories = {"values"}}}).events())
            CHECK(each.tags.size() == 1);
    }
    CHECK(stele::tag_stored_events<tagged_events>(store).complete);
    std::map<int, std::uint64_t> expected;
    for (const auto& each : store.read_all({.filter = {.categories = {"values"}}}).events()) {
        testing::Values values;
        REQUIRE(values.ParseFromString(std::string{each.payload}));
        ++expected[values.small()];
    }
    for (int number = 0; number < numbers; ++number) check_tag(store, number, expected[number]);
    return is_left;
}

}  // namespace

TEST_CASE("a job that adds tags goes on where it was killed, and nobody is answered before its end") {
    const auto rounds = environment_number("STELE_ROUNDS").value_or(10);
    CAPTURE(run_seed());
    std::mt19937_64 random{run_seed()};
    std::uint64_t left = 0;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const temp_dir directory;
        const auto file = directory / "events.db";
        for (int kills = 0; kills < 3; ++kills) {
            {
                // A run that has nothing to add tells of no progress.
                auto store = open(file);
                for (std::uint64_t n = 0; n < 100; ++n) append(store, n, false);
            }
            const auto seed = random() % 1000;
            run_and_kill([&](int pipe) { run_child(file, seed, pipe); }, random() % 50,
                         std::chrono::microseconds{random() % 2000});
            left += check_after_kill(file) ? 1 : 0;
        }
    }
    MESSAGE(rounds << " rounds of 3 kills, " << left << " of them before the job was complete");
}
