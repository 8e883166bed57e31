// all errors
#include "testing.pb.h"

#include <stele/commands/command_bus.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

/// A whole aggregate; each of those below has one function in another form.
template <class Aggregate>
struct counter {
    static constexpr auto category = "counter";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string_view instance_id(const auto& command) { return command.counter(); }
    stele::decision<Aggregate> decide(const Increment&) const { return stele::no_change(); }
    void evolve(const Incremented&) {}
};

// error: `evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`
struct wrong_0 : counter<wrong_0> {
    counter evolve(const Incremented&) const { return *this; }
};
static_assert(stele::detail::check_aggregate<wrong_0>());

// error: `evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`
struct wrong_1 : counter<wrong_1> {
    void evolve(Incremented&) {}
};
static_assert(stele::detail::check_aggregate<wrong_1>());

// error: `evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`
struct wrong_2 : counter<wrong_2> {
    void evolve(Incremented&&) {}
};
static_assert(stele::detail::check_aggregate<wrong_2>());

// error: `evolve` changes the state and returns nothing: make it `void evolve(const Event& event);`
struct wrong_3 : counter<wrong_3> {
    void evolve(const Incremented&, const stele::recorded_event&) {}
};
static_assert(stele::detail::check_aggregate<wrong_3>());

// error: make `decide` of this command const
struct wrong_4 : counter<wrong_4> {
    stele::decision<wrong_4> decide(const Increment&) { return stele::no_change(); }
};
static_assert(stele::detail::check_aggregate<wrong_4>());

// error: `decide` of this command has another form: make it
struct wrong_5 : counter<wrong_5> {
    stele::decision<wrong_5> decide(Increment&) const { return stele::no_change(); }
};
static_assert(stele::detail::check_aggregate<wrong_5>());

// error: `decide` of this command has another form: make it
struct wrong_6 : counter<wrong_6> {
    bool decide(const Increment&) const { return true; }
};
static_assert(stele::detail::check_aggregate<wrong_6>());

// error: make `instance_id` a static function that takes the command by const reference and returns a text
struct wrong_7 : counter<wrong_7> {
    std::string instance_id(const Increment& command) const { return command.counter(); }
};
static_assert(stele::detail::check_aggregate<wrong_7>());

// error: make `instance_id` a static function that takes the command by const reference and returns a text
struct wrong_8 : counter<wrong_8> {
    static int instance_id(const Increment&) { return 1; }
};
static_assert(stele::detail::check_aggregate<wrong_8>());

// error: make `instance_id` a static function that takes the command by const reference and returns a text
struct wrong_9 : counter<wrong_9> {
    static std::string_view instance_id(Increment& command) { return command.counter(); }
};
static_assert(stele::detail::check_aggregate<wrong_9>());
