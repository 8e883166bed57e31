// Events that a process manager cannot take: every kind, policy, store and way to run.

#include "support/mover.hpp"
#include "support/stores.hpp"

#include <stele/memory.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace testing;

namespace {

template <class Process>
void check_parked(contract_store& store, const std::string& fault, bool in_background) {
    const bool is_mapped = std::ranges::find(faults_of_instance, fault) != faults_of_instance.end();
    Process::is_fixed = false;
    given(*store, fault);
    const auto status = run<Process>(*store, in_background);
    CHECK(status.state != stele::process_state::faulted);
    CHECK(status.dead_letters == (is_mapped ? 2 : 1));
    CHECK(status.last_error.contains("position 3"));
    CHECK(status.last_error.contains(is_mapped ? "the instance b" : "an unknown instance"));
    CHECK(put_by(*store, "a") == amounts{1, 4});
    const amounts sent = fault == "no target" ? amounts{2} : amounts{};  // the command before the bad one
    CHECK(put_by(*store, "b") == (is_mapped ? sent : amounts{3}));

    store.reopen();
    const auto letters = letters_of(*store);
    REQUIRE(letters.size() == status.dead_letters);
    CHECK(letters[0].position.value == 3);
    CHECK(letters[0].key == (is_mapped ? "b" : ""));
    CHECK(letters[0].stream == "note-1");
    CHECK(letters[0].type == "testing.MoneyTaken");
    CHECK(letters[0].attempts == (in_background ? 2 : 1));
    CHECK_FALSE(letters[0].error.empty());
    CHECK(letters[0].error.size() <= 4096);
    if (is_mapped) CHECK(letters[1].attempts == 0);

    CHECK(replay<Process>(*store).left == letters.size());  // nothing is mended yet
    CHECK(letters_of(*store)[0].attempts == letters[0].attempts + 1);
    CHECK(put_by(*store, "b") == (is_mapped ? sent : amounts{3}));

    Process::is_fixed = true;
    const bool is_lost = fault == unparseable;
    CHECK(replay<Process>(*store).applied == (is_lost ? 0 : letters.size()));
    const amounts all = is_lost ? amounts{3} : is_mapped ? amounts{2, 3} : amounts{3, 2};
    CHECK(put_by(*store, "b") == all);
    CHECK(replay<Process>(*store).applied == 0);
    run<Process>(*store, in_background);
    CHECK(put_by(*store, "b") == all);
    CHECK(put_by(*store, "a") == amounts{1, 4});
}

template <class Process>
void check_stopped(contract_store& store, const std::string& fault, bool in_background) {
    const bool is_mapped = std::ranges::find(faults_of_instance, fault) != faults_of_instance.end();
    Process::is_fixed = false;
    given(*store, fault);
    const auto status = run<Process>(*store, in_background);
    CHECK(status.state == stele::process_state::faulted);
    CHECK(status.position.value == 2);
    CHECK(status.attempts == (in_background ? 2 : 1));
    CHECK(status.dead_letters == 0);
    CHECK(status.last_error.contains("failed at position 3"));
    CHECK(status.last_error.contains("(instance b)") == is_mapped);
    CHECK(put_by(*store, "a") == amounts{1});

    store.reopen();
    Process::is_fixed = true;
    if (fault == unparseable) return;
    CHECK(run<Process>(*store, in_background).state != stele::process_state::faulted);
    CHECK(put_by(*store, "a") == amounts{1, 4});
    CHECK(put_by(*store, "b") == amounts{2, 3});
}

}  // namespace

TEST_CASE("the dead letter of a process fits into a store with low limits, whatever the names in it") {
    for (const auto event_bytes : std::vector<std::size_t>{650, 700, 1000, 2000, 100'000}) {
        CAPTURE(event_bytes);
        parking::is_fixed = false;
        stele::memory_store store{{.event_bytes = event_bytes}};
        const auto stream = "note-" + std::string(500, 'n');
        send(store, open_wallet("w"));
        for (const auto* const instance : {"a", "b"}) take(store, instance, 1, "a long text throws", stream);
        const auto status = run<parking>(store, false);
        CHECK(status.state != stele::process_state::faulted);
        const auto letters = letters_of(store);
        REQUIRE(letters.size() == 2);
        for (const auto& letter : letters) {
            CHECK_FALSE(letter.error.empty());
            CHECK(letter.error.size() <= 4096);
            CHECK(stream.starts_with(letter.stream));
        }
        CHECK(replay<parking>(store).left == 2);
    }
}

TEST_CASE("an event that a process cannot take: every kind, policy and way to run") {
    auto kinds = faults_of_mapping;
    kinds.insert(kinds.end(), faults_of_instance.begin(), faults_of_instance.end());
    for (const auto& configuration : store_configurations()) {
        for (const auto& fault : kinds) {
            for (const bool in_background : {false, true}) {
                CAPTURE(configuration.name);
                CAPTURE(fault);
                CAPTURE(in_background);
                contract_store parked{configuration};
                check_parked<parking>(parked, fault, in_background);
                contract_store stopped{configuration};
                check_stopped<stopping>(stopped, fault, in_background);
                // Without a word of the process: what Stele refuses can never be handled, what a handler throws may
                // pass.
                contract_store by_default{configuration};
                if (fault.ends_with("throws"))
                    check_stopped<undeclared>(by_default, fault, in_background);
                else
                    check_parked<undeclared>(by_default, fault, in_background);
            }
        }
    }
}
