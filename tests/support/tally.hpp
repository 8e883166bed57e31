#pragma once

#include "support/counter.hpp"

#include <stele/aggregates/snapshot.hpp>
#include <stele/codec/codec.hpp>

namespace testing {

/// The parts of a tally that a test can vary.
struct tally_rules {
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented>;
    static constexpr auto policy = stele::snapshot_every(5);
    static constexpr int fold_version = 1;
    using snapshot_type = TallySnapshot;
};

/// The faults that a test switches on, for each kind of tally and all threads.
struct tally_faults {
    bool snapshot_throws = false;
    bool restore_throws = false;
    bool forgets_steps = false;
    std::int64_t factor = 1;  // another factor acts as another `evolve`
};

/// An aggregate with snapshots: a sum, and the number of steps. Tallies with different rules share their streams.
template <class Rules = tally_rules>
struct tally {
    static constexpr auto category = "tally";
    static constexpr auto events = Rules::events;
    static constexpr auto commands = hana::tuple_t<OpenCounter, Increment, Count>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    using snapshot_type = typename Rules::snapshot_type;
    static constexpr auto snapshot_policy = Rules::policy;
    static constexpr int fold_version = Rules::fold_version;
    static inline tally_faults faults;

    std::int64_t value = 0;
    std::int64_t steps = 0;
    std::string label;

    stele::decision<tally> decide(const OpenCounter& command) const { return stele::accept(opened(command.label())); }
    stele::decision<tally> decide(const Increment& command) const {
        if (command.by() == 0) return stele::no_change();
        if (command.by() < 0) return stele::reject("negative", "a tally counts up");
        return stele::accept(incremented(command.by()));
    }
    stele::decision<tally> decide(const Count& command) const {
        stele::decision<tally> all = stele::no_change();
        for (const auto step : command.steps()) all.add(incremented(step));
        return all;
    }

    void evolve(const CounterOpened& event) { label = event.label(); }
    void evolve(const Decremented&) {}
    void evolve(const Incremented& event) {
        value += event.by() * faults.factor;
        ++steps;
    }

    snapshot_type snapshot() const {
        if (faults.snapshot_throws) throw std::runtime_error("cannot take it");
        snapshot_type saved;
        saved.set_value(value);
        if (!faults.forgets_steps) saved.set_steps(steps);
        saved.set_label(label);
        return saved;
    }
    void restore(const snapshot_type& saved) {
        value = saved.value();
        steps = saved.steps();
        label = saved.label();
        if (faults.restore_throws) throw std::runtime_error("cannot restore it");
    }

    friend bool operator==(const tally&, const tally&) = default;
};

}  // namespace testing
