#pragma once

#include "testing.pb.h"

#include <stele/aggregates/load.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/event_store.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace testing {

namespace hana = boost::hana;

/// A counter that cannot go below zero: the smallest aggregate with every kind of decision.
struct counter {
    static constexpr auto category = "counter";
    static constexpr auto events = hana::tuple_t<CounterOpened, Incremented, Decremented>;
    static constexpr auto commands = hana::tuple_t<OpenCounter, Increment, Decrement, Count>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }

    bool open = false;
    std::int64_t value = 0;

    stele::decision<counter> decide(const OpenCounter& command) const;
    stele::decision<counter> decide(const Increment& command) const;
    stele::decision<counter> decide(const Decrement& command) const;
    stele::decision<counter> decide(const Count& command) const;

    void evolve(const CounterOpened&) { open = true; }
    void evolve(const Incremented& event) { value += event.by(); }
    void evolve(const Decremented& event) { value -= event.by(); }
};

inline CounterOpened opened(const std::string& label = "") {
    CounterOpened event;
    event.set_label(label);
    return event;
}

inline Incremented incremented(std::int64_t by) {
    Incremented event;
    event.set_by(by);
    return event;
}

inline Decremented decremented(std::int64_t by) {
    Decremented event;
    event.set_by(by);
    return event;
}

inline OpenCounter open(const std::string& counter, const std::string& label = "") {
    OpenCounter command;
    command.set_counter(counter);
    command.set_label(label);
    return command;
}

inline Increment increment(const std::string& counter, std::int64_t by) {
    Increment command;
    command.set_counter(counter);
    command.set_by(by);
    return command;
}

inline Decrement decrement(const std::string& counter, std::int64_t by) {
    Decrement command;
    command.set_counter(counter);
    command.set_by(by);
    return command;
}

inline Count count(const std::string& counter, std::initializer_list<std::int64_t> steps) {
    Count command;
    command.set_counter(counter);
    for (const auto step : steps) command.add_steps(step);
    return command;
}

inline stele::decision<counter> counter::decide(const OpenCounter& command) const {
    if (open) return stele::reject("already_open", "the counter is open");
    return stele::accept(opened(command.label()));
}

inline stele::decision<counter> counter::decide(const Increment& command) const {
    if (!open) return stele::reject("not_open", "open the counter first");
    if (command.by() == 0) return stele::no_change();
    return stele::accept(incremented(command.by()));
}

inline stele::decision<counter> counter::decide(const Decrement& command) const {
    if (command.by() > value) return stele::reject("below_zero", "the value is {}, asked {}", value, command.by());
    return stele::accept(decremented(command.by()));
}

inline stele::decision<counter> counter::decide(const Count& command) const {
    stele::decision<counter> all = stele::no_change();
    for (const auto step : command.steps()) {
        if (step < 0)
            all.add(decremented(-step));
        else
            all.add(incremented(step));
    }
    return all;
}

}  // namespace testing
