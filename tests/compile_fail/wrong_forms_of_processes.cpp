// all errors
#include "testing.pb.h"

#include <stele/processes/process_runner.hpp>

namespace hana = boost::hana;
using testing::Increment;
using testing::Incremented;

/// A whole process; each of those below has one function in another form.
template <class Process>
struct echo {
    static constexpr auto name = "echo";
    static constexpr auto events = hana::tuple_t<Incremented>;
    static constexpr auto commands = hana::tuple_t<Increment>;
    static std::string instance_id(const Incremented&) { return "1"; }
    void evolve(const auto&) {}
    stele::reaction<Process> react(const auto&) const { return {}; }
};

// error: `instance_id` of this event has another form: make it `static std::string instance_id(const Event& event)`
struct wrong_0 : echo<wrong_0> {
    std::string instance_id(const Incremented&) const { return "1"; }
};
const auto use_0 = stele::detail::define_process<wrong_0>();

// error: `instance_id` of this event has another form: make it `static std::string instance_id(const Event& event)`
struct wrong_1 : echo<wrong_1> {
    static int instance_id(const Incremented&) { return 1; }
};
const auto use_1 = stele::detail::define_process<wrong_1>();

// error: `instance_id` of this event has another form: make it `static std::string instance_id(const Event& event)`
struct wrong_2 : echo<wrong_2> {
    static std::string instance_id(Incremented&) { return "1"; }
};
const auto use_2 = stele::detail::define_process<wrong_2>();

// error: `instance_id` of this event has another form: make it `static std::string instance_id(const Event& event)`, or
struct wrong_ids_0 : echo<wrong_ids_0> {
    static std::vector<int> instance_id(const Incremented&) { return {1}; }
};
const auto use_ids_0 = stele::detail::define_process<wrong_ids_0>();

// error: the list `starts` is empty, so no event could start an instance: name one
struct wrong_starts_0 : echo<wrong_starts_0> {
    static constexpr auto starts = hana::tuple_t<>;
};
const auto use_starts_0 = stele::detail::define_process<wrong_starts_0>();

// error: each event in `starts` must be in the `events` of the process
struct wrong_starts_1 : echo<wrong_starts_1> {
    static constexpr auto starts = hana::tuple_t<Incremented, testing::Decremented>;
};
const auto use_starts_1 = stele::detail::define_process<wrong_starts_1>();

// error: `evolve` of this event has another form: make it `void evolve(const Event& event);`
struct wrong_3 : echo<wrong_3> {
    void evolve(const stele::rejected<Increment>&) {}
    int evolve(const Incremented&) { return 1; }
};
const auto use_3 = stele::detail::define_process<wrong_3>();

// error: `evolve` of this event has another form: make it `void evolve(const Event& event);`
struct wrong_4 : echo<wrong_4> {
    void evolve(const stele::rejected<Increment>&) {}
    void evolve(Incremented&) {}
};
const auto use_4 = stele::detail::define_process<wrong_4>();

// error: `react` to this event has another form: make it `stele::reaction<Process> react(const Event& event) const;`
struct wrong_5 : echo<wrong_5> {
    stele::reaction<wrong_5> react(const stele::rejected<Increment>&) const { return {}; }
    stele::reaction<wrong_5> react(const Incremented&) { return {}; }
};
const auto use_5 = stele::detail::define_process<wrong_5>();

// error: `react` to this event has another form: make it `stele::reaction<Process> react(const Event& event) const;`
struct wrong_6 : echo<wrong_6> {
    stele::reaction<wrong_6> react(const stele::rejected<Increment>&) const { return {}; }
    stele::reaction<wrong_6> react(Incremented&) const { return {}; }
};
const auto use_6 = stele::detail::define_process<wrong_6>();

// error: `react` to this event has another form: make it `stele::reaction<Process> react(const Event& event) const;`
struct wrong_7 : echo<wrong_7> {
    stele::reaction<wrong_7> react(const stele::rejected<Increment>&) const { return {}; }
    void react(const Incremented&) const {}
};
const auto use_7 = stele::detail::define_process<wrong_7>();

// error: `evolve` of this rejected command has another form: make it `void evolve(const stele::rejected<Command>&
// rejected);`
struct wrong_8 : echo<wrong_8> {
    void evolve(const Incremented&) {}
    int evolve(const stele::rejected<Increment>&) { return 1; }
};
const auto use_8 = stele::detail::define_process<wrong_8>();

// error: `react` to this rejected command has another form: make it `stele::reaction<Process> react(const
// stele::rejected<Command>& rejected) const;`
struct wrong_9 : echo<wrong_9> {
    stele::reaction<wrong_9> react(const Incremented&) const { return {}; }
    stele::reaction<wrong_9> react(const stele::rejected<Increment>&) { return {}; }
};
const auto use_9 = stele::detail::define_process<wrong_9>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_fault_0 : echo<wrong_fault_0> {
    static constexpr auto on_fault = "stop";
};
const auto use_fault_0 = stele::detail::define_process<wrong_fault_0>();

// error: `on_fault` is stele::on_fault::stop or stele::on_fault::dead_letter: make it
struct wrong_fault_1 : echo<wrong_fault_1> {
    stele::on_fault on_fault = stele::on_fault::stop;
};
const auto use_fault_1 = stele::detail::define_process<wrong_fault_1>();
