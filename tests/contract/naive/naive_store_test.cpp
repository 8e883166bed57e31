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
    std::vector<play::stage> all = {
        {"memory", true},
        {"memory, tiny batches", true, batches},
        {"sqlite", false, {}},
        {"sqlite, normal", false, normal},
        {"sqlite, no idle readers", false, no_readers},
        {"sqlite, tiny batches", false, batches},
    };
    for (const auto events : tiny_merges()) {
        const auto name = ", merges of " + std::to_string(events);
        all.push_back({"sqlite, normal" + name, false, with_merges(normal, events)});
        all.push_back({"sqlite, tiny batches" + name, false, with_merges(batches, events)});
    }
    return all;
}

// How often each kind of operation is chosen.
std::vector<operation::kind> kinds() {
    using enum operation::kind;
    const std::pair<operation::kind, int> shares[] = {
        {append, 16},     {append_several, 6}, {append_async, 2}, {repeat, 6},   {truncate, 4},
        {erase, 2},       {tombstone, 1},      {read_stream, 10}, {read_all, 6}, {find_event, 4},
        {find_stream, 4}, {list_streams, 3},   {position_at, 2},  {reopen, 4},   {read_everything, 3},
        {back_up, 1},     {restore, 1},        {compact, 1},      {verify, 2},
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

}  // namespace

TEST_CASE("a store gives the answers of a naive one") {
    for (const auto& stage : stages()) {
        SUBCASE(stage.name.c_str()) {
            CHECK(rc::check(stage.name, [&] {
                const auto ids = *rc::gen::element(id_order::ascending, id_order::mostly_ascending, id_order::random);
                const auto operations = *any_operations();
                play all(stage, ids);
                try {
                    for (const auto& each : operations) all.perform(each);
                    all.check_everything();
                } catch (const std::exception& fault) {
                    RC_FAIL(fault.what());
                }
            }));
        }
    }
}
