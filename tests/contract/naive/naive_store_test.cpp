// Every store in every configuration against a naive one: random calls, reopened, backed up and restored, by two stores
// on one file and a third that only reads. A failure prints the calls, as few as show it, and how to repeat it.

#include "contract/naive/play.hpp"
#include "support/merge_events.hpp"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <ostream>

void showValue(const operation& one, std::ostream& out);
void showValue(const operation& one, std::ostream& out) {
    out << static_cast<int>(one.what) << '/' << one.seed;
}

namespace {

std::vector<play::stage> stages() {
    using stele::durability;
    const stele::store_limits tiny{.read_batch_events = 3, .read_batch_bytes = 64};
    const stele::sqlite_options normal{.durability = durability::normal};
    auto batches = normal;
    batches.limits = tiny;
    auto no_readers = normal;
    no_readers.idle_readers = 0;
    return {
        {"memory", true},
        {"memory, tiny batches", true, batches},
        {"sqlite", false, {}},
        {"sqlite, normal", false, normal},
        {"sqlite, no idle readers", false, no_readers},
        {"sqlite, tiny batches", false, batches},
    };
}

std::vector<play::stage> stages_with_merges() {
    std::vector<play::stage> all;
    for (const auto events : tiny_merges())
        for (const auto& each : stages())
            if (!each.in_memory && each.options.durability == stele::durability::normal)
                all.push_back(
                    {each.name + ", merges of " + std::to_string(events), false, with_merges(each.options, events)});
    return all;
}

// How often each kind of operation is chosen.
std::vector<operation::kind> kinds() {
    using enum operation::kind;
    const std::pair<operation::kind, int> shares[] = {
        {append, 16},      {append_several, 6}, {append_async, 2}, {repeat, 6},   {truncate, 4},
        {erase, 2},        {tombstone, 1},      {read_stream, 10}, {read_all, 6}, {find_event, 4},
        {find_stream, 4},  {list_streams, 3},   {position_at, 2},  {reopen, 4},   {read_everything, 3},
        {back_up, 1},      {restore, 1},        {compact, 1},      {verify, 2},   {add_tags, 6},
        {step_tagging, 2},
    };
    std::vector<operation::kind> all;
    for (const auto& [kind, share] : shares) all.insert(all.end(), static_cast<std::size_t>(share), kind);
    return all;
}

rc::Gen<std::vector<operation>> any_operations() {
    const auto one = rc::gen::map(rc::gen::pair(rc::gen::noShrink(rc::gen::elementOf(kinds())),
                                                rc::gen::noShrink(rc::gen::arbitrary<std::uint32_t>())),
                                  [](const auto& pair) { return operation{pair.first, pair.second}; });
    return rc::gen::container<std::vector<operation>>(one);
}

// Without shrinking what is chosen: a failure is shown with fewer operations in the same place.
void check_any_of(const std::string& name, const std::vector<play::stage>& all) {
    CHECK(rc::check(name, [&] {
        const auto stage = *rc::gen::noShrink(rc::gen::inRange<std::size_t>(0, all.size()));
        const auto ids =
            *rc::gen::noShrink(rc::gen::element(id_order::ascending, id_order::mostly_ascending, id_order::random));
        const auto operations = *any_operations();
        play one(all[stage], ids);
        try {
            for (const auto& each : operations) one.perform(each);
            one.check_everything();
        } catch (const std::exception& fault) {
            RC_FAIL(all[stage].name + ": " + fault.what());
        }
    }));
}

}  // namespace

TEST_CASE("a store gives the answers of a naive one") {
    check_any_of("any store", stages());
}

TEST_CASE("a store that merges after few events gives the answers of a naive one") {
    if (const auto merging = stages_with_merges(); !merging.empty()) check_any_of("a store that merges", merging);
}
