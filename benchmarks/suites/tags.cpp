#include "benchmarks/filler.hpp"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t stream_count = 10'000;
constexpr std::size_t course_count = 1000;
constexpr std::size_t student_count = 10'000;
constexpr std::size_t event_count = 5'000'000;
constexpr std::size_t events_per_append = 100;

/// Gives events two tags each, of those that there are.
class tagger {
public:
    [[nodiscard]] stele::tag_list next() {
        return {fmt::format("course:c{}", random_() % course_count),
                fmt::format("student:s{}", random_() % student_count)};
    }
    void tag(batch& what) {
        for (auto& each : what.events) each.tags = next();
    }

private:
    std::mt19937_64 random_{11};
};

struct side {
    stele::sqlite_store store;
    workload data{stream_count};
};

contender appender(const char* name, side& into, tagger* tags) {
    const auto turn = [&into, tags](benchmark::State& state) {
        auto batches = into.data.batches(static_cast<std::size_t>(state.max_iterations), events_per_append);
        if (tags != nullptr)
            for (auto& each : batches) tags->tag(each);
        auto next = batches.begin();
        for (auto _ : state) append(into.store, *next++);
        state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(events_per_append));
    };
    return {name, turn, 20};
}

double microseconds_of_append(side& into, tagger& tags, bool with_condition) {
    auto what = into.data.batches(1, 1).front();
    tags.tag(what);
    std::vector<stele::append_condition> conditions;
    if (with_condition) conditions.emplace_back(stele::no_event{{.tags = what.events.front().tags}, into.store.head()});
    const auto begin = std::chrono::steady_clock::now();
    const auto done =
        into.store.append(what.stream, stele::expected_version::exactly(what.after), what.events, conditions);
    const auto taken = std::chrono::steady_clock::now() - begin;
    if (!done) throw std::runtime_error(done.error().message());
    return std::chrono::duration<double, std::micro>(taken).count();
}

}  // namespace

void measure_tags(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    const stele::sqlite_options options{.durability = stele::durability::normal};
    side tagged{stele::sqlite_store::open(directory / "tagged.db", options)};
    side plain{stele::sqlite_store::open(directory / "plain.db", options)};
    tagger tags;
    const auto figures =
        alternate({appender("tagged", tagged, &tags), appender("untagged", plain, nullptr)}, wanted.turns());
    out.add(comparison{"append_tags2_over_untagged", "events/s", "2 tags each", figures[0], "no tags", figures[1]});
    out.add("append_tags2_events_per_s", spread_of(figures[0]).median);
}

// What a condition adds to an append of one event, where neither waits for a sync.
void measure_condition(const settings& wanted, report& out) {
    const scratch_directory directory(wanted.directory);
    side all{stele::sqlite_store::open(directory / "events.db", {.durability = stele::durability::normal})};
    tagger tags;
    filler into(all.store);
    for (std::size_t i = 0; i < wanted.amount(event_count); ++i) {
        auto next = all.data.batches(1, 1);
        tags.tag(next.front());
        into.add(std::move(next.front()));
    }
    into.finish();

    std::vector<double> with;
    std::vector<double> without;
    for (std::size_t i = 0; i < wanted.amount(4000); ++i) {
        with.push_back(microseconds_of_append(all, tags, true));
        without.push_back(microseconds_of_append(all, tags, false));
    }
    const auto check = spread_of(with).median - spread_of(without).median;
    out.add_row("condition_check_p50_us", std::max(check, 0.01), "us");  // zero is no figure
    out.add("append_with_condition_p50_us", spread_of(with).median);
}

}  // namespace bench
